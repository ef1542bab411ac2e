//! JSON Web Keys (RFC 7517), public ones only.

mod read;
mod set;
mod signature;

use serde_json::{Map, Value, json};

pub use self::set::JwkSet;
use crate::{Algorithm, Reason, base64url, digest};

/// The key itself.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum PublicKey {
    /// `kty` EC, `crv` P-256: affine coordinates, big-endian.
    P256 {
        /// `x`
        x: [u8; 32],
        /// `y`
        y: [u8; 32],
    },
    /// `kty` EC, `crv` P-384: affine coordinates, big-endian.
    P384 {
        /// `x`
        x: [u8; 48],
        /// `y`
        y: [u8; 48],
    },
    /// `kty` OKP, `crv` Ed25519 (RFC 8037 section 2).
    Ed25519 {
        /// The encoded point.
        x: [u8; 32],
    },
    /// `kty` RSA: big-endian without leading zeros.
    Rsa {
        /// Modulus.
        n: Vec<u8>,
        /// Public exponent.
        e: Vec<u8>,
    },
}

/// One public signature key with what is said about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Jwk {
    key: PublicKey,
    kid: Option<String>,
    algorithm: Option<Algorithm>,
}

impl Jwk {
    /// A key of ours, for publication. Refuses weak keys, points off the curve, and an algorithm that does not fit.
    pub fn new(key: PublicKey, kid: String, algorithm: Algorithm) -> Result<Self, Reason> {
        let jwk = Self {
            key,
            kid: Some(kid),
            algorithm: Some(algorithm),
        };
        signature::check_key(&jwk.key)?;
        if jwk.fits(algorithm) {
            Ok(jwk)
        } else {
            Err(Reason::KeyMember("alg"))
        }
    }

    /// One public key from outside. `None`: a key that is not ours to use (another type, encryption, another algorithm).
    pub(crate) fn read(members: &Map<String, Value>) -> Result<Option<Self>, Reason> {
        read::jwk(members)
    }

    /// The key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// `kid`.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// `alg`.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// Whether the key may verify signatures of this algorithm: type and curve fit, and its `alg`, if any, is this one.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        let by_type = matches!(
            (&self.key, algorithm),
            (PublicKey::P256 { .. }, Algorithm::Es256)
                | (PublicKey::P384 { .. }, Algorithm::Es384)
                | (PublicKey::Ed25519 { .. }, Algorithm::Ed25519 | Algorithm::EdDsa)
                | (PublicKey::Rsa { .. }, Algorithm::Rs256 | Algorithm::Ps256)
        );
        by_type && self.algorithm.is_none_or(|own| own == algorithm)
    }

    /// The JWK as published: key members, `use`, `kid`, `alg`.
    pub fn to_json(&self) -> Value {
        let mut members = self.key.required_members();
        members.insert("use".to_owned(), json!("sig"));
        if let Some(kid) = &self.kid {
            members.insert("kid".to_owned(), json!(kid));
        }
        if let Some(algorithm) = self.algorithm {
            members.insert("alg".to_owned(), json!(algorithm.name()));
        }
        Value::Object(members)
    }

    /// RFC 7638 thumbprint with SHA-256, base64url.
    pub fn thumbprint(&self) -> String {
        self.key.thumbprint()
    }
}

impl PublicKey {
    /// RFC 7638 thumbprint with SHA-256, base64url: the required members in lexicographic order without white space.
    pub fn thumbprint(&self) -> String {
        let members = self.required_members();
        let mut names: Vec<_> = members.keys().collect();
        names.sort_unstable();
        let mut canonical = String::from("{");
        for (place, name) in names.into_iter().enumerate() {
            if place > 0 {
                canonical.push(',');
            }
            // Names and values are base64url or fixed words: nothing needs escaping.
            let value = members.get(name).and_then(Value::as_str).unwrap_or_default();
            for piece in ["\"", name, "\":\"", value, "\""] {
                canonical.push_str(piece);
            }
        }
        canonical.push('}');
        base64url::encode(digest::sha256(canonical.as_bytes()))
    }

    fn required_members(&self) -> Map<String, Value> {
        let members = match self {
            Self::P256 { x, y } => vec![
                ("kty", "EC".to_owned()),
                ("crv", "P-256".to_owned()),
                ("x", base64url::encode(x)),
                ("y", base64url::encode(y)),
            ],
            Self::P384 { x, y } => vec![
                ("kty", "EC".to_owned()),
                ("crv", "P-384".to_owned()),
                ("x", base64url::encode(x)),
                ("y", base64url::encode(y)),
            ],
            Self::Ed25519 { x } => vec![
                ("kty", "OKP".to_owned()),
                ("crv", "Ed25519".to_owned()),
                ("x", base64url::encode(x)),
            ],
            Self::Rsa { n, e } => vec![
                ("kty", "RSA".to_owned()),
                ("n", base64url::encode(n)),
                ("e", base64url::encode(e)),
            ],
        };
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::String(value)))
            .collect()
    }
}

#[cfg(test)]
mod tests;
