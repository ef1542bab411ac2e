//! A signer whose keys came from files: each is imported once (importing costs more than signing).

use std::collections::HashMap;
use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair,
};
use zeroize::Zeroizing;

use crate::{KeyId, PublicPart, Signer, SignerFault, SigningAlgorithm};

/// A private key as the provider holds it.
pub(super) enum Private {
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl Private {
    /// A fresh key for the algorithm: P-256, or RSA with 2048 bits.
    pub(super) fn generate(algorithm: SigningAlgorithm) -> Option<Self> {
        match algorithm {
            SigningAlgorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                .ok()
                .map(Self::P256),
            SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => {
                RsaKeyPair::generate(KeySize::Rsa2048).ok().map(Self::Rsa)
            }
        }
    }

    /// Reads PKCS#8 (RFC 5958), DER.
    pub(super) fn from_pkcs8(der: &[u8], algorithm: SigningAlgorithm) -> Option<Self> {
        match algorithm {
            SigningAlgorithm::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
                .ok()
                .map(Self::P256),
            SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => {
                RsaKeyPair::from_pkcs8(der).ok().map(Self::Rsa)
            }
        }
    }

    pub(super) fn to_pkcs8(&self) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::P256(pair) => pair
                .to_pkcs8v1()
                .ok()
                .map(|document| Zeroizing::new(document.as_ref().to_vec())),
            Self::Rsa(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
                Some(Zeroizing::new(der.as_ref().to_vec()))
            }
        }
    }

    pub(super) fn public(&self) -> Option<PublicPart> {
        let spki: PublicKeyX509Der<'_> = match self {
            Self::P256(pair) => pair.public_key().as_der().ok()?,
            Self::Rsa(pair) => pair.public_key().as_der().ok()?,
        };
        PublicPart::from_spki(spki.as_ref()).ok()
    }

    fn sign(&self, algorithm: SigningAlgorithm, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::P256(pair) => pair
                .sign(&random, message)
                .ok()
                .map(|signature| signature.as_ref().to_vec()),
            Self::Rsa(pair) => {
                let padding: &'static dyn RsaEncoding = match algorithm {
                    SigningAlgorithm::Ps256 => &RSA_PSS_SHA256,
                    SigningAlgorithm::Rs256 | SigningAlgorithm::Es256 => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature).ok()?;
                Some(signature)
            }
        }
    }
}

/// Keys from files, each bound to its one algorithm.
#[derive(Default)]
pub struct FileSigner {
    keys: HashMap<KeyId, (SigningAlgorithm, Private)>,
}

impl FileSigner {
    pub(super) fn hold(&mut self, id: KeyId, algorithm: SigningAlgorithm, private: Private) {
        self.keys.insert(id, (algorithm, private));
    }

    /// How many keys are held.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl fmt::Debug for FileSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileSigner {{ keys: {}, private: *** }}", self.keys.len())
    }
}

impl Signer for FileSigner {
    fn sign(&self, key: &KeyId, algorithm: SigningAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignerFault> {
        let (own, private) = self
            .keys
            .get(key)
            .ok_or_else(|| SignerFault::UnknownKey(key.clone()))?;
        if *own != algorithm {
            return Err(SignerFault::WrongAlgorithm {
                key: key.clone(),
                asked: algorithm,
            });
        }
        private
            .sign(algorithm, message)
            .ok_or_else(|| SignerFault::Failed(key.clone()))
    }
}
