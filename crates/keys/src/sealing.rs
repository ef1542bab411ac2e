//! The keys of the serial vault: certificates are found by a keyed digest, serials are kept sealed.
//!
//! Serials are dense and guessable, so a plain hash of one would be an index to it; the keys therefore live outside the
//! database. Each version holds two independent 256-bit keys. The highest version writes, all versions read.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use domain::{AccountId, AttemptId, CertificateDigest, SealedSerial};
use zeroize::Zeroizing;

/// Which CA issued the certificate. Part of the digest, because the CAs number independently of one another.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum CertificateKind {
    /// 利用者証明用電子証明書
    UserAuthentication,
    /// 署名用電子証明書
    Signature,
}

impl CertificateKind {
    const fn tag(self) -> u8 {
        match self {
            Self::UserAuthentication => 1,
            Self::Signature => 2,
        }
    }
}

/// What the vault cannot do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SealingFault {
    /// No key at all, or the same version twice.
    Versions,
    /// The value was made with a key that is not here.
    UnknownVersion(u32),
    /// Changed, truncated, of another account, or not ours.
    Forged,
    /// The provider failed.
    Failed,
}

impl fmt::Display for SealingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Versions => f.write_str("no sealing key, or a version twice"),
            Self::UnknownVersion(version) => write!(f, "sealing key version {version} is not here"),
            Self::Forged => f.write_str("the sealed value is not what this platform sealed for this account"),
            Self::Failed => f.write_str("the crypto provider failed"),
        }
    }
}

impl std::error::Error for SealingFault {}

struct Version {
    number: u32,
    digest: hmac::Key,
    sealing: RandomizedNonceKey,
}

/// Whose a sealed serial is: the associated data of the seal, so that a seal moved elsewhere does not open.
#[derive(Clone, Copy, Debug)]
pub enum Owner<'a> {
    /// The account that the certificate is bound to.
    Account(&'a AccountId),
    /// The try at the certificate door, before any account is known.
    Attempt(&'a AttemptId),
    /// The account whose 基本4情報 are sealed: no serial opens as items, and no items as a serial.
    Items(&'a AccountId),
    /// A record of a register, by register and key (`status_watch/…`).
    Record(&'a str),
    /// The account or attempt whose certificate's distribution points are sealed: no serial opens as points, and no points as a serial.
    Points(&'a str),
}

impl Owner<'_> {
    fn as_str(&self) -> &str {
        match self {
            Self::Account(id) | Self::Items(id) => id.as_str(),
            Self::Attempt(id) => id.as_str(),
            Self::Record(name) | Self::Points(name) => name,
        }
    }
}

/// Every version of the vault's keys.
pub struct SealingKeys {
    /// Highest version first.
    versions: Vec<Version>,
}

impl fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions: Vec<_> = self.versions.iter().map(|version| version.number).collect();
        write!(f, "SealingKeys {{ versions: {versions:?}, keys: *** }}")
    }
}

/// Raw key material of one version, cleared when dropped.
pub(crate) struct RawVersion {
    pub(crate) version: u32,
    pub(crate) digest: Zeroizing<[u8; 32]>,
    pub(crate) sealing: Zeroizing<[u8; 32]>,
}

impl SealingKeys {
    pub(crate) fn from_raw(raw: &[RawVersion]) -> Result<Self, SealingFault> {
        let mut versions = Vec::with_capacity(raw.len());
        for one in raw {
            versions.push(Version {
                number: one.version,
                digest: hmac::Key::new(hmac::HMAC_SHA256, one.digest.as_slice()),
                sealing: RandomizedNonceKey::new(&AES_256_GCM, one.sealing.as_slice())
                    .map_err(|_| SealingFault::Failed)?,
            });
        }
        versions.sort_by_key(|version| std::cmp::Reverse(version.number));
        let repeated = versions
            .iter()
            .zip(versions.iter().skip(1))
            .any(|(left, right)| left.number == right.number);
        if versions.is_empty() || repeated {
            return Err(SealingFault::Versions);
        }
        Ok(Self { versions })
    }

    /// The version that writes.
    pub fn current_version(&self) -> u32 {
        self.versions.first().map_or(0, |version| version.number)
    }

    /// Digests under which a certificate may be known, the current version's first: look up all, write the first.
    ///
    /// `issuer_key_sha256` is SHA-256 over the issuing CA's DER `SubjectPublicKeyInfo`; `serial` is the unsigned big-endian
    /// serial number, leading zeros ignored.
    pub fn digests(
        &self,
        kind: CertificateKind,
        issuer_key_sha256: &[u8; 32],
        serial: &[u8],
    ) -> Vec<CertificateDigest> {
        // Fixed lengths before the only variable part: no two certificates share an encoding.
        let mut name = Zeroizing::new(Vec::with_capacity(64));
        name.extend_from_slice(b"gap certificate digest 1\0");
        name.push(kind.tag());
        name.extend_from_slice(issuer_key_sha256);
        name.extend(serial.iter().skip_while(|byte| **byte == 0));
        self.versions
            .iter()
            .map(|version| CertificateDigest {
                key_version: version.number,
                value: hex(hmac::sign(&version.digest, &name).as_ref()),
            })
            .collect()
    }

    /// The digest under the current version.
    pub fn digest(
        &self,
        kind: CertificateKind,
        issuer_key_sha256: &[u8; 32],
        serial: &[u8],
    ) -> CertificateDigest {
        let mut all = self.digests(kind, issuer_key_sha256, serial);
        all.truncate(1);
        // There is always a version (`from_raw`).
        all.pop().unwrap_or(CertificateDigest {
            key_version: 0,
            value: String::new(),
        })
    }

    /// A keyed digest of what is held of a person, under the current version: finds the same items again without keeping them.
    pub fn items_digest(&self, items: &[u8]) -> Option<String> {
        let version = self.versions.first()?;
        let mut text = Zeroizing::new(b"gap items digest 1\0".to_vec());
        text.extend_from_slice(items);
        Some(format!(
            "{}:{}",
            version.number,
            hex(hmac::sign(&version.digest, &text).as_ref())
        ))
    }

    /// Keyed stamps of a text for a purpose, the current version's first: whoever holds the keys knows them again, nobody else can make
    /// them. 128 bits, base64url.
    pub fn stamps(&self, purpose: &str, text: &[u8]) -> Vec<String> {
        let mut message = format!("gap stamp 1\0{purpose}\0").into_bytes();
        message.extend_from_slice(text);
        self.versions
            .iter()
            .map(|version| {
                let stamp = hmac::sign(&version.digest, &message);
                jose::encode_base64url(stamp.as_ref().get(..16).unwrap_or_default())
            })
            .collect()
    }

    /// Seals a serial for its owner with the current version.
    pub fn seal(&self, serial: &[u8], owner: Owner<'_>) -> Result<SealedSerial, SealingFault> {
        let version = self.versions.first().ok_or(SealingFault::Versions)?;
        let mut text = serial.to_vec();
        let nonce = version
            .sealing
            .seal_in_place_append_tag(associated(version.number, owner), &mut text)
            .map_err(|_| SealingFault::Failed)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.extend_from_slice(&text);
        Ok(SealedSerial {
            key_version: version.number,
            sealed: jose::encode_base64url(sealed),
        })
    }

    /// Opens a sealed serial of this owner. The caller audits each opening.
    pub fn open(&self, sealed: &SealedSerial, owner: Owner<'_>) -> Result<Zeroizing<Vec<u8>>, SealingFault> {
        let version = self
            .versions
            .iter()
            .find(|version| version.number == sealed.key_version)
            .ok_or(SealingFault::UnknownVersion(sealed.key_version))?;
        let mut bytes = jose::decode_base64url(&sealed.sealed).ok_or(SealingFault::Forged)?;
        let (nonce, text) = bytes.split_at_mut_checked(12).ok_or(SealingFault::Forged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealingFault::Forged)?;
        let serial = version
            .sealing
            .open_in_place(nonce, associated(version.number, owner), text)
            .map(|serial| Zeroizing::new(serial.to_vec()))
            .map_err(|_| SealingFault::Forged);
        zeroize::Zeroize::zeroize(&mut bytes);
        serial
    }
}

fn associated(version: u32, owner: Owner<'_>) -> Aad<Vec<u8>> {
    let mut text = match owner {
        Owner::Items(_) => b"gap sealed items 1\0".to_vec(),
        Owner::Points(_) => b"gap sealed points 1\0".to_vec(),
        Owner::Account(_) | Owner::Attempt(_) | Owner::Record(_) => b"gap sealed serial 1\0".to_vec(),
    };
    text.extend_from_slice(&version.to_be_bytes());
    // The prefixes of identifiers keep accounts and attempts apart; names of records have a slash, which no identifier has.
    text.extend_from_slice(owner.as_str().as_bytes());
    Aad::from(text)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(64), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests;
