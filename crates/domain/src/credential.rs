//! Credentials: the certificates by which an account signs in, known by digest only.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AccountId, CredentialId, Timestamp};

/// What carries the key.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CardKind {
    /// 利用者証明用電子証明書 on the plastic My Number Card.
    UserAuthenticationCard,
}

/// Keyed digest over (CA kind, issuer key hash, serial): finds a certificate without keeping its serial.
///
/// The key lives outside the database; `key_version` tells which key, for rotation.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct CertificateDigest {
    /// Which digest key made it.
    pub key_version: u32,
    /// HMAC-SHA-256 in lower-case hexadecimal (64 characters).
    pub value: String,
}

/// A serial number sealed with AES-256-GCM under a key outside the database, with its owner as associated data.
///
/// Opened only for status and predecessor questions; each opening is audited. `Debug` shows nothing of it.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
pub struct SealedSerial {
    /// Which sealing key made it.
    pub key_version: u32,
    /// 12 bytes of nonce, the ciphertext, 16 bytes of tag; base64url without padding.
    pub sealed: String,
}

impl fmt::Debug for SealedSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SealedSerial {{ key_version: {}, sealed: *** }}",
            self.key_version
        )
    }
}

/// Where a credential stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialState {
    /// May sign in, while the certificate itself holds.
    Active,
    /// A newer certificate of the same person took its place.
    Superseded,
}

impl CredentialState {
    /// The spelling in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Superseded => "superseded",
        }
    }
}

/// One certificate bound to one account.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Credential {
    /// Its own identifier.
    pub id: CredentialId,
    /// Whose.
    pub account: AccountId,
    /// What carries the key.
    pub kind: CardKind,
    /// Unique over the platform.
    pub digest: CertificateDigest,
    /// The serial, for status questions.
    pub serial: SealedSerial,
    /// Hex SHA-256 of the issuing CA's public key (SPKI): which generation signed.
    pub issuer_key_hash: String,
    /// Where it stands.
    pub state: CredentialState,
    /// End of the certificate's validity.
    pub not_after: Timestamp,
    /// First seen.
    pub created_at: Timestamp,
}
