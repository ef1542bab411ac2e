//! The serial vault: certificates are found by a keyed digest, serials are sealed to their owner. The keys live outside
//! the database, in the key directory.

use domain::{AccountId, AttemptId, CertificateDigest, SealedPoints, SealedSerial};
use keys::{CertificateKind, SealingKeys};
pub use keys::{Owner, SealingFault as VaultFault};
use zeroize::Zeroizing;

/// Sealed distribution points are a multiple of so many bytes long,
const STEP: usize = 256;
/// and no longer than this.
const MOST: usize = 1024;

/// The vault. Each opening is audited by whoever opens.
#[derive(Debug)]
pub struct Vault(SealingKeys);

impl Vault {
    /// A vault with these keys.
    pub fn new(keys: SealingKeys) -> Self {
        Self(keys)
    }

    /// The digests of a certificate of the 利用者証明用 CA, newest key version first. `issuer_key_hash` is the hex SHA-256 of the
    /// issuer's SPKI; one that is no such hash names nothing, and matches nothing.
    pub fn digests(&self, issuer_key_hash: &str, serial: &[u8]) -> Vec<CertificateDigest> {
        match from_hex(issuer_key_hash) {
            Some(issuer) => self
                .0
                .digests(CertificateKind::UserAuthentication, &issuer, serial),
            None => Vec::new(),
        }
    }

    /// The digests of a certificate of either CA.
    pub fn digests_of(
        &self,
        kind: jpki::CaKind,
        issuer_key_hash: &str,
        serial: &[u8],
    ) -> Vec<CertificateDigest> {
        let kind = match kind {
            jpki::CaKind::UserAuthentication => CertificateKind::UserAuthentication,
            jpki::CaKind::DigitalSignature => CertificateKind::Signature,
        };
        from_hex(issuer_key_hash)
            .map(|issuer| self.0.digests(kind, &issuer, serial))
            .unwrap_or_default()
    }

    /// A keyed digest of 基本4情報: the same items give the same one.
    pub fn items_digest(&self, items: &[u8]) -> Option<String> {
        self.0.items_digest(items)
    }

    /// Keyed stamps of a text for a purpose, the current key's first.
    pub fn stamps(&self, purpose: &str, text: &[u8]) -> Vec<String> {
        self.0.stamps(purpose, text)
    }

    /// Seals a serial to its owner.
    pub fn seal(&self, serial: &[u8], owner: Owner<'_>) -> Result<SealedSerial, VaultFault> {
        self.0.seal(serial, owner)
    }

    /// Seals distribution points to an account or attempt. All that fit into [`MOST`] bytes have one of few lengths, so that the length
    /// does not tell the municipality; more are not kept.
    pub fn seal_points(&self, points: &[Vec<u8>], owner: &str) -> Result<Option<SealedPoints>, VaultFault> {
        let mut text = Zeroizing::new(Vec::with_capacity(MOST));
        for point in points {
            let Ok(length) = u16::try_from(point.len()) else {
                return Ok(None);
            };
            text.extend_from_slice(&length.to_be_bytes());
            text.extend_from_slice(point);
        }
        // A length of zero ends them: no point is empty.
        let whole = (text.len() + 2).next_multiple_of(STEP);
        if whole > MOST || points.iter().any(Vec::is_empty) {
            return Ok(None);
        }
        text.resize(whole, 0);
        let sealed = self.0.seal(&text, Owner::Points(owner))?;
        Ok(Some(SealedPoints(format!(
            "{}.{}",
            sealed.key_version, sealed.sealed
        ))))
    }

    /// Seals an attempt's distribution points to the account that it turned out to be of.
    pub fn points_of_account(
        &self,
        points: Option<&SealedPoints>,
        attempt: &AttemptId,
        account: &AccountId,
    ) -> Result<Option<SealedPoints>, VaultFault> {
        match points {
            None => Ok(None),
            Some(points) => {
                let points = self.open_points(points, attempt.as_str())?;
                self.seal_points(&points, account.as_str())
            }
        }
    }

    /// Opens distribution points of this owner. No serial number is among them, and they leave the process in no form.
    pub fn open_points(&self, points: &SealedPoints, owner: &str) -> Result<Vec<Vec<u8>>, VaultFault> {
        let (version, sealed) = points.0.split_once('.').ok_or(VaultFault::Forged)?;
        let sealed = SealedSerial {
            key_version: version.parse().map_err(|_| VaultFault::Forged)?,
            sealed: sealed.to_owned(),
        };
        let text = self.0.open(&sealed, Owner::Points(owner))?;
        let (mut rest, mut found) = (text.as_slice(), Vec::new());
        while let Some((length, behind)) = rest.split_first_chunk::<2>() {
            let (point, behind) = behind
                .split_at_checked(usize::from(u16::from_be_bytes(*length)))
                .ok_or(VaultFault::Forged)?;
            if point.is_empty() {
                return Ok(found);
            }
            found.push(point.to_vec());
            rest = behind;
        }
        Err(VaultFault::Forged)
    }

    /// Opens a serial of this owner.
    pub fn open(&self, sealed: &SealedSerial, owner: Owner<'_>) -> Result<Zeroizing<Vec<u8>>, VaultFault> {
        self.0.open(sealed, owner)
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_come_back_to_their_owner_and_their_length_tells_nothing() {
        let place = tempfile::tempdir().unwrap();
        let vault = Vault::new(keys::file::init_sealing_keys(&place.path().join("sealing.json")).unwrap());
        let (short, long) = (vec![vec![0xa4; 40]], vec![vec![0xa4; 90], vec![0x86; 60]]);
        let seal = |points: &[Vec<u8>]| vault.seal_points(points, "acc_1").unwrap();
        for points in [Vec::new(), short.clone(), long.clone(), vec![vec![1; 1022 - 2]]] {
            let sealed = seal(&points).unwrap();
            assert_eq!(vault.open_points(&sealed, "acc_1"), Ok(points));
            assert_eq!(vault.open_points(&sealed, "acc_2"), Err(VaultFault::Forged));
            assert!(!format!("{sealed:?}").contains(&sealed.0));
        }
        let lengths = [&short, &long].map(|points| seal(points).unwrap().0.len());
        assert_eq!(lengths[0], lengths[1]);
        assert_ne!(
            seal(&short),
            seal(&short),
            "the same points are not told to be the same"
        );
        // More than is kept, and what would read as the end.
        for points in [vec![vec![1; 1021]], vec![Vec::new()], vec![vec![1; 70_000]]] {
            assert_eq!(seal(&points), None);
        }
        // A serial number is no list of points.
        let account = format!("acc_{}", "0".repeat(32)).parse().unwrap();
        let serial = vault.seal(&[0, 0], Owner::Account(&account)).unwrap();
        let as_points = SealedPoints(format!("{}.{}", serial.key_version, serial.sealed));
        assert_eq!(
            vault.open_points(&as_points, account.as_str()),
            Err(VaultFault::Forged)
        );
    }
}
