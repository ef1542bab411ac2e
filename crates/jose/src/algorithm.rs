//! The algorithms that exist for us. What is not here cannot be asked for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// JWS algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 9864 section 2.2). `none` and `HS*` have no variant on purpose.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum Algorithm {
    /// ECDSA, P-256, SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// ECDSA, P-384, SHA-384. Clients may sign with it; we do not.
    #[serde(rename = "ES384")]
    Es384,
    /// EdDSA with Ed25519, by the name that says so. Clients may sign with it; we do not.
    #[serde(rename = "Ed25519")]
    Ed25519,
    /// The same by the older name, which says it only together with the key. Ed448 is none of ours.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// RSASSA-PKCS1-v1_5, SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PSS, SHA-256, 32 bytes of salt.
    #[serde(rename = "PS256")]
    Ps256,
}

impl Algorithm {
    /// Every algorithm, in order of preference.
    pub const ALL: [Self; 6] = [
        Self::Es256,
        Self::Es384,
        Self::Ed25519,
        Self::EdDsa,
        Self::Ps256,
        Self::Rs256,
    ];

    /// The value of `alg`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Ed25519 => "Ed25519",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }

    /// Reads a value of `alg`, case-sensitively (RFC 7515 section 4.1.1).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
