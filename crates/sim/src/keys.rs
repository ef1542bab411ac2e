//! Keys from a seed: the same seed and label give the same key on every machine.
//!
//! RSA primes are slow to find, so found keys are kept in a folder of the caller's choice. Nothing here protects
//! anybody: these are keys of simulated authorities and cards.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest;
use p256::ecdsa::signature::Signer as _;
use rand_chacha_03::ChaCha20Rng;
use rand_chacha_03::rand_core::{RngCore as _, SeedableRng as _};
use rsa::pkcs1::EncodeRsaPublicKey as _;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use rsa::traits::PublicKeyParts as _;
use rsa::{Pkcs1v15Sign, Pss, RsaPrivateKey};

use crate::SimError;
use crate::asn1;

const RSA_ENCRYPTION: asn1::Oid = asn1::Oid::new_unwrap("1.2.840.113549.1.1.1");
const SHA256_WITH_RSA: asn1::Oid = asn1::Oid::new_unwrap("1.2.840.113549.1.1.11");
const EC_PUBLIC_KEY: asn1::Oid = asn1::Oid::new_unwrap("1.2.840.10045.2.1");
const P256_CURVE: asn1::Oid = asn1::Oid::new_unwrap("1.2.840.10045.3.1.7");
const P384_CURVE: asn1::Oid = asn1::Oid::new_unwrap("1.3.132.0.34");
const ECDSA_SHA256: asn1::Oid = asn1::Oid::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: asn1::Oid = asn1::Oid::new_unwrap("1.2.840.10045.4.3.3");
const SHA256_DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

/// Where all chance of a simulation comes from.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Seed([u8; 32]);

impl Seed {
    /// A seed from any text.
    pub fn from_text(text: &str) -> Self {
        Self(sha256(text.as_bytes()))
    }

    /// An independent stream of chance for one purpose.
    pub fn stream(&self, label: &str) -> ChaCha20Rng {
        let mut material = self.0.to_vec();
        material.extend_from_slice(label.as_bytes());
        ChaCha20Rng::from_seed(sha256(&material))
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// The DigestInfo of SHA-256 over a message (RFC 8017 section 9.2), which a card signs.
pub fn sha256_digest_info(message: &[u8]) -> Vec<u8> {
    sha256_digest_info_of(&sha256(message))
}

/// The same, of a message whose SHA-256 is at hand.
pub(crate) fn sha256_digest_info_of(digest: &[u8; 32]) -> Vec<u8> {
    let mut info = SHA256_DIGEST_INFO.to_vec();
    info.extend_from_slice(digest);
    info
}

/// Which kind of key.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, PartialEq, serde::Deserialize, serde::Serialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub enum KeyAlgorithm {
    /// RSA, 2048 bits: the cards of today.
    #[default]
    Rsa2048,
    /// RSA, 1024 bits: to be refused as weak.
    Rsa1024,
    /// ECDSA on P-384: the next card.
    P384,
    /// ECDSA on P-256: TLS servers.
    P256,
}

/// A simulated private key.
#[derive(Clone)]
pub enum PrivateKey {
    /// RSA of any size.
    Rsa(Box<RsaPrivateKey>),
    /// ECDSA on P-384.
    P384(Box<p384::ecdsa::SigningKey>),
    /// ECDSA on P-256.
    P256(Box<p256::ecdsa::SigningKey>),
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa(_) => "PrivateKey::Rsa(..)",
            Self::P384(_) => "PrivateKey::P384(..)",
            Self::P256(_) => "PrivateKey::P256(..)",
        })
    }
}

impl PrivateKey {
    /// SubjectPublicKeyInfo.
    pub fn spki(&self) -> Vec<u8> {
        let algorithm = match self {
            Self::Rsa(_) => asn1::algorithm(RSA_ENCRYPTION, Some(asn1::null())),
            Self::P384(_) => asn1::algorithm(EC_PUBLIC_KEY, Some(asn1::oid(P384_CURVE))),
            Self::P256(_) => asn1::algorithm(EC_PUBLIC_KEY, Some(asn1::oid(P256_CURVE))),
        };
        asn1::sequence(&[algorithm, asn1::bit_string(0, &self.public_bytes())])
    }

    /// The content of the SPKI's BIT STRING.
    pub(crate) fn public_bytes(&self) -> Vec<u8> {
        match self {
            Self::Rsa(key) => key
                .to_public_key()
                .to_pkcs1_der()
                .map(|document| document.as_bytes().to_vec())
                .unwrap_or_default(),
            Self::P384(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
        }
    }

    /// Method 1 of RFC 5280 section 4.2.1.2: SHA-1 of the public key bits.
    pub(crate) fn key_identifier(&self) -> Vec<u8> {
        digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &self.public_bytes())
            .as_ref()
            .to_vec()
    }

    /// Unencrypted PKCS#8.
    pub fn pkcs8(&self) -> Result<Vec<u8>, SimError> {
        let failed = |e: &dyn fmt::Display| SimError::Key(e.to_string());
        match self {
            Self::Rsa(key) => key
                .to_pkcs8_der()
                .map(|d| d.as_bytes().to_vec())
                .map_err(|e| failed(&e)),
            Self::P384(key) => {
                use p384::pkcs8::EncodePrivateKey as _;
                key.to_pkcs8_der()
                    .map(|d| d.as_bytes().to_vec())
                    .map_err(|e| failed(&e))
            }
            Self::P256(key) => {
                use p256::pkcs8::EncodePrivateKey as _;
                key.to_pkcs8_der()
                    .map(|d| d.as_bytes().to_vec())
                    .map_err(|e| failed(&e))
            }
        }
    }

    /// Reads what [`Self::pkcs8`] wrote.
    pub fn from_pkcs8(algorithm: KeyAlgorithm, der: &[u8]) -> Result<Self, SimError> {
        let failed = |e: &dyn fmt::Display| SimError::Key(e.to_string());
        match algorithm {
            KeyAlgorithm::Rsa1024 | KeyAlgorithm::Rsa2048 => RsaPrivateKey::from_pkcs8_der(der)
                .map(|key| Self::Rsa(Box::new(key)))
                .map_err(|e| failed(&e)),
            KeyAlgorithm::P384 => {
                use p384::pkcs8::DecodePrivateKey as _;
                p384::ecdsa::SigningKey::from_pkcs8_der(der)
                    .map(|key| Self::P384(Box::new(key)))
                    .map_err(|e| failed(&e))
            }
            KeyAlgorithm::P256 => {
                use p256::pkcs8::DecodePrivateKey as _;
                p256::ecdsa::SigningKey::from_pkcs8_der(der)
                    .map(|key| Self::P256(Box::new(key)))
                    .map_err(|e| failed(&e))
            }
        }
    }

    /// The AlgorithmIdentifier with which this key signs certificates and lists.
    pub(crate) fn signature_algorithm(&self) -> Vec<u8> {
        match self {
            Self::Rsa(_) => asn1::algorithm(SHA256_WITH_RSA, Some(asn1::null())),
            Self::P384(_) => asn1::algorithm(ECDSA_SHA384, None),
            Self::P256(_) => asn1::algorithm(ECDSA_SHA256, None),
        }
    }

    /// Signs a certificate or a list: SHA-256 with PKCS#1 v1.5, or ECDSA (RFC 6979) with the curve's own hash.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SimError> {
        match self {
            Self::Rsa(_) => self.sign_pkcs1v15(&sha256_digest_info(message)),
            Self::P384(key) => {
                let signature: p384::ecdsa::DerSignature =
                    key.try_sign(message).map_err(|e| SimError::Key(e.to_string()))?;
                Ok(signature.as_bytes().to_vec())
            }
            Self::P256(key) => {
                let signature: p256::ecdsa::DerSignature =
                    key.try_sign(message).map_err(|e| SimError::Key(e.to_string()))?;
                Ok(signature.as_bytes().to_vec())
            }
        }
    }

    /// Pads whatever is given with PKCS#1 v1.5 type 1 and signs, as the card's command `80 2A 00 80` does.
    pub(crate) fn sign_pkcs1v15(&self, digest_info: &[u8]) -> Result<Vec<u8>, SimError> {
        let Self::Rsa(key) = self else {
            return Err(SimError::Key("not an RSA key".into()));
        };
        key.sign(Pkcs1v15Sign::new_unprefixed(), digest_info)
            .map_err(|e| SimError::Key(e.to_string()))
    }

    /// RSASSA-PSS with SHA-256 over a digest, salt of 32 bytes from `chance`.
    pub(crate) fn sign_pss_sha256(
        &self,
        digest: &[u8; 32],
        chance: &mut ChaCha20Rng,
    ) -> Result<Vec<u8>, SimError> {
        let Self::Rsa(key) = self else {
            return Err(SimError::Key("not an RSA key".into()));
        };
        key.sign_with_rng(chance, Pss::new::<rsa::sha2::Sha256>(), digest)
            .map_err(|e| SimError::Key(e.to_string()))
    }

    /// Length of the RSA modulus or of the curve's field, in bits.
    pub fn bits(&self) -> usize {
        match self {
            Self::Rsa(key) => key.n().bits(),
            Self::P384(_) => 384,
            Self::P256(_) => 256,
        }
    }
}

/// Keeps RSA keys that were found once, by seed and label, so that the next run need not search.
#[derive(Clone, Debug)]
pub struct KeyCache {
    folder: PathBuf,
}

impl KeyCache {
    /// Keeps keys in a folder (made when first needed).
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The folder that every test and tool shares: `$GAP_SIM_KEYS`, else `gap-sim-keys` under the user's cache folder,
    /// else under the system's temporary folder.
    pub fn shared() -> Self {
        let from = |name: &str| {
            std::env::var_os(name)
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        };
        let folder = from("GAP_SIM_KEYS")
            .or_else(|| from("XDG_CACHE_HOME").map(|p| p.join("gap-sim-keys")))
            .or_else(|| from("HOME").map(|p| p.join(".cache").join("gap-sim-keys")))
            .unwrap_or_else(|| std::env::temp_dir().join("gap-sim-keys"));
        Self::new(folder)
    }

    /// The key of a label.
    pub fn key(&self, seed: &Seed, label: &str, algorithm: KeyAlgorithm) -> Result<PrivateKey, SimError> {
        match algorithm {
            KeyAlgorithm::Rsa1024 => self.rsa(seed, label, algorithm, 1024),
            KeyAlgorithm::Rsa2048 => self.rsa(seed, label, algorithm, 2048),
            KeyAlgorithm::P384 => {
                let mut chance = seed.stream(&format!("p384 {label}"));
                loop {
                    let mut scalar = [0; 48];
                    chance.fill_bytes(&mut scalar);
                    if let Ok(key) = p384::ecdsa::SigningKey::from_slice(&scalar) {
                        return Ok(PrivateKey::P384(Box::new(key)));
                    }
                }
            }
            KeyAlgorithm::P256 => {
                let mut chance = seed.stream(&format!("p256 {label}"));
                loop {
                    let mut scalar = [0; 32];
                    chance.fill_bytes(&mut scalar);
                    if let Ok(key) = p256::ecdsa::SigningKey::from_slice(&scalar) {
                        return Ok(PrivateKey::P256(Box::new(key)));
                    }
                }
            }
        }
    }

    fn rsa(
        &self,
        seed: &Seed,
        label: &str,
        algorithm: KeyAlgorithm,
        bits: usize,
    ) -> Result<PrivateKey, SimError> {
        let mut chance = seed.stream(&format!("rsa{bits} {label}"));
        let mut name = [0; 16];
        seed.stream(&format!("file name of rsa{bits} {label}"))
            .fill_bytes(&mut name);
        let path = self.folder.join(format!("{}.der", hex(&name)));
        if let Ok(found) = fs::read(&path)
            && let Ok(key) = PrivateKey::from_pkcs8(algorithm, &found)
        {
            return Ok(key);
        }
        let key = RsaPrivateKey::new(&mut chance, bits).map_err(|e| SimError::Key(e.to_string()))?;
        let key = PrivateKey::Rsa(Box::new(key));
        fs::create_dir_all(&self.folder).map_err(SimError::io(&self.folder))?;
        write_whole(&path, &key.pkcs8()?)?;
        Ok(key)
    }
}

/// Makes the name of each half-written file unique within the process.
static WRITES: AtomicU64 = AtomicU64::new(0);

/// Writes a file so that a reader sees the old content or the new one, never half of it.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> Result<(), SimError> {
    let turn = WRITES.fetch_add(1, Ordering::Relaxed);
    let beside = path.with_extension(format!("{}-{turn}.new", std::process::id()));
    fs::write(&beside, content).map_err(SimError::io(&beside))?;
    fs::rename(&beside, path).map_err(SimError::io(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_key_without_the_cache() {
        let first = tempfile::tempdir().unwrap();
        let second = tempfile::tempdir().unwrap();
        for algorithm in [KeyAlgorithm::Rsa1024, KeyAlgorithm::P384, KeyAlgorithm::P256] {
            let make = |folder: &Path, seed: &str| {
                KeyCache::new(folder)
                    .key(&Seed::from_text(seed), "a label", algorithm)
                    .unwrap()
                    .spki()
            };
            assert_eq!(make(first.path(), "seed"), make(second.path(), "seed"));
            assert_eq!(
                make(first.path(), "seed"),
                make(first.path(), "seed"),
                "from the cache"
            );
            assert_ne!(make(first.path(), "seed"), make(first.path(), "another"));
        }
    }
}
