//! The serial vault: certificates are found by a keyed digest, serials are sealed to their owner. The keys live outside
//! the database, in the key directory.

use domain::{CertificateDigest, SealedSerial};
use keys::{CertificateKind, SealingKeys};
pub use keys::{Owner, SealingFault as VaultFault};
use zeroize::Zeroizing;

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
