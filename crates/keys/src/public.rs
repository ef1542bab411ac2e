//! The public part of a key: DER `SubjectPublicKeyInfo` and the numbers that a JWK shows.

use std::fmt;

use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode as _, Reader as _, SliceReader};
use jose::PublicKey;
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::{KeyId, SigningAlgorithm};

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const PRIME256V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// A public key of ours in both forms that are published.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicPart {
    spki_der: Vec<u8>,
    key: PublicKey,
}

/// A `SubjectPublicKeyInfo` that is none of P-256 or RSA, or malformed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PublicPartError {
    /// Not DER, or something follows it.
    Malformed,
    /// Another kind of key.
    Kind,
}

impl fmt::Display for PublicPartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a DER SubjectPublicKeyInfo",
            Self::Kind => "neither a P-256 nor an RSA key",
        })
    }
}

impl std::error::Error for PublicPartError {}

impl PublicPart {
    /// Reads a DER `SubjectPublicKeyInfo` (RFC 5280 section 4.1, RFC 5480, RFC 3279 section 2.3.1).
    pub fn from_spki(spki_der: &[u8]) -> Result<Self, PublicPartError> {
        let info = SubjectPublicKeyInfoRef::from_der(spki_der).map_err(|_| PublicPartError::Malformed)?;
        let bits = info
            .subject_public_key
            .as_bytes()
            .ok_or(PublicPartError::Malformed)?;
        let key = if info.algorithm.oid == EC_PUBLIC_KEY {
            let curve = info
                .algorithm
                .parameters_oid()
                .map_err(|_| PublicPartError::Malformed)?;
            if curve != PRIME256V1 {
                return Err(PublicPartError::Kind);
            }
            p256(bits)?
        } else if info.algorithm.oid == RSA_ENCRYPTION {
            rsa(bits).map_err(|_| PublicPartError::Malformed)?
        } else {
            return Err(PublicPartError::Kind);
        };
        Ok(Self {
            spki_der: spki_der.to_vec(),
            key,
        })
    }

    /// DER `SubjectPublicKeyInfo`.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki_der
    }

    /// The numbers (`x` and `y`, or `n` and `e`).
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The identifier of the key.
    pub fn id(&self) -> KeyId {
        KeyId::of_spki(&self.spki_der)
    }

    /// Whether a key of this kind can be used with the algorithm.
    pub fn fits(&self, algorithm: SigningAlgorithm) -> bool {
        matches!(
            (&self.key, algorithm),
            (PublicKey::P256 { .. }, SigningAlgorithm::Es256)
                | (
                    PublicKey::Rsa { .. },
                    SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256
                )
        )
    }
}

/// SEC 1 section 2.3.4, uncompressed form only.
fn p256(point: &[u8]) -> Result<PublicKey, PublicPartError> {
    let (prefix, coordinates) = point.split_at_checked(1).ok_or(PublicPartError::Malformed)?;
    let (x, y) = coordinates
        .split_at_checked(32)
        .ok_or(PublicPartError::Malformed)?;
    if prefix != [4] {
        return Err(PublicPartError::Malformed);
    }
    Ok(PublicKey::P256 {
        x: x.try_into().map_err(|_| PublicPartError::Malformed)?,
        y: y.try_into().map_err(|_| PublicPartError::Malformed)?,
    })
}

/// `RSAPublicKey` of RFC 8017 appendix A.1.1.
fn rsa(der: &[u8]) -> der::Result<PublicKey> {
    let mut reader = SliceReader::new(der)?;
    let key = reader.sequence(|inner| {
        let n = inner.decode::<UintRef<'_>>()?.as_bytes().to_vec();
        let e = inner.decode::<UintRef<'_>>()?.as_bytes().to_vec();
        Ok::<_, der::Error>(PublicKey::Rsa { n, e })
    })?;
    reader.finish()?;
    Ok(key)
}
