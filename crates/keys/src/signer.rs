//! The port: somebody who holds private keys and signs.

use std::fmt;
use std::str::FromStr;

use domain::IdTokenAlgorithm;
use serde::{Deserialize, Serialize};

/// Names a key everywhere: in the directory, in `kid`, in logs. `key_` and the first 128 bits of SHA-256 over the DER
/// `SubjectPublicKeyInfo` in hexadecimal, so that a key has one name in every signer.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(String);

/// A text is no key identifier.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyIdError;

impl fmt::Display for KeyIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not key_ and 32 lower-case hexadecimal characters")
    }
}

impl std::error::Error for KeyIdError {}

impl KeyId {
    const PREFIX: &'static str = "key_";

    /// The identifier of the key with this DER `SubjectPublicKeyInfo`.
    pub fn of_spki(spki_der: &[u8]) -> Self {
        let hex = jose::digest::sha256_hex(spki_der);
        Self(format!("{}{}", Self::PREFIX, hex.get(..32).unwrap_or(&hex)))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        let rest = text.strip_prefix(Self::PREFIX).ok_or(KeyIdError)?;
        let hex = rest.len() == 32
            && rest
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if hex {
            Ok(Self(text.to_owned()))
        } else {
            Err(KeyIdError)
        }
    }
}

impl TryFrom<String> for KeyId {
    type Error = KeyIdError;

    fn try_from(text: String) -> Result<Self, KeyIdError> {
        text.parse()
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> String {
        id.0
    }
}

/// What a key is used with. A key has exactly one (RFC 8725 section 3.1).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum SigningAlgorithm {
    /// ECDSA, P-256, SHA-256; the signature is the fixed-length `r || s`, 64 bytes.
    #[serde(rename = "ES256")]
    Es256,
    /// RSASSA-PKCS1-v1_5, SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PSS, SHA-256, MGF1 with SHA-256, 32 bytes of salt.
    #[serde(rename = "PS256")]
    Ps256,
}

impl SigningAlgorithm {
    /// The JWS name of it.
    pub const fn jose(self) -> jose::Algorithm {
        match self {
            Self::Es256 => jose::Algorithm::Es256,
            Self::Rs256 => jose::Algorithm::Rs256,
            Self::Ps256 => jose::Algorithm::Ps256,
        }
    }
}

impl From<IdTokenAlgorithm> for SigningAlgorithm {
    fn from(algorithm: IdTokenAlgorithm) -> Self {
        match algorithm {
            IdTokenAlgorithm::Es256 => Self::Es256,
            IdTokenAlgorithm::Rs256 => Self::Rs256,
            IdTokenAlgorithm::Ps256 => Self::Ps256,
        }
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.jose().name())
    }
}

/// Why a signature could not be made. All of them are faults of ours, none is the caller's input.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SignerFault {
    /// This signer does not hold the key.
    UnknownKey(KeyId),
    /// The key is for another algorithm.
    WrongAlgorithm {
        /// The key.
        key: KeyId,
        /// What was asked.
        asked: SigningAlgorithm,
    },
    /// The device cannot be reached or refuses to work now; trying again may help.
    Unavailable(String),
    /// The provider failed.
    Failed(KeyId),
}

impl fmt::Display for SignerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey(key) => write!(f, "the signer does not hold {key}"),
            Self::WrongAlgorithm { key, asked } => write!(f, "{key} is not for {asked}"),
            Self::Unavailable(why) => write!(f, "the signer is unavailable: {why}"),
            Self::Failed(key) => write!(f, "signing with {key} failed"),
        }
    }
}

impl std::error::Error for SignerFault {}

/// Somebody who holds private keys.
///
/// Synchronous on purpose: a file signer takes tens of microseconds to a fraction of a millisecond, and callers of a device
/// that takes longer move the call to a blocking thread.
pub trait Signer: Send + Sync {
    /// Signs `message` (the message itself, not its digest). ECDSA signatures are the fixed-length `r || s` that JWS
    /// (RFC 7518 section 3.4) and XML Signature 1.1 (section 6.4.3) both want; X.509 wants DER and converts.
    fn sign(&self, key: &KeyId, algorithm: SigningAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignerFault>;
}
