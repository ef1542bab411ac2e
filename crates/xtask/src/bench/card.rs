//! The key of a simulated card, signing through the constant-time provider: the card of `sim` is slow on purpose of being simple,
//! and the client must not be what is measured.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use conformance_tests::Platform;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};
use sim::CardRequest;
use sim::tls::RSA_PKCS1_SHA256_LEGACY;

use crate::Failure;

/// Answers certificate requests as today's cards do: PKCS#1 v1.5, in TLS 1.3 by the code point of RFC 9963.
#[derive(Debug)]
pub(crate) struct FastCard(Arc<CertifiedKey>);

impl FastCard {
    /// A new card of the platform's world.
    pub(crate) fn new(platform: &Platform) -> Result<Self, Failure> {
        let (_, card) = platform.card(&CardRequest::default());
        let card = card.lock().map_err(|_| "a poisoned card")?;
        let key = RsaKeyPair::from_pkcs8(&card.key().pkcs8()?)?;
        let certificate = CertificateDer::from(card.certificate().to_vec());
        Ok(Self(Arc::new(CertifiedKey::new(
            vec![certificate],
            Arc::new(FastKey(Arc::new(key))),
        ))))
    }
}

impl ResolvesClientCert for FastCard {
    fn resolve(&self, _hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.key.choose_scheme(schemes).map(|_| Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[derive(Clone, Debug)]
struct FastKey(Arc<RsaKeyPair>);

impl SigningKey for FastKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        [SignatureScheme::RSA_PKCS1_SHA256, RSA_PKCS1_SHA256_LEGACY]
            .into_iter()
            .find(|scheme| offered.contains(scheme))
            .map(|scheme| -> Box<dyn Signer> {
                Box::new(FastSignature {
                    key: self.clone(),
                    scheme,
                })
            })
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RSA
    }
}

#[derive(Debug)]
struct FastSignature {
    key: FastKey,
    scheme: SignatureScheme,
}

impl Signer for FastSignature {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let mut signature = vec![0; self.key.0.public_modulus_len()];
        self.key
            .0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| rustls::Error::General("the card does not sign".to_owned()))?;
        Ok(signature)
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}
