//! A card at the client side of rustls.
//!
//! rustls' own `with_client_auth_cert` refuses certificates with critical certificatePolicies, so the card answers
//! through a resolver of its own. Which signature schemes it answers with is what its middleware can do:
//! PKCS#1 v1.5 only (0x0401 in TLS 1.2; 0x0420 of RFC 9963 in TLS 1.3, when the server offers it), PSS, or ECDSA.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use domain::Entropy;
use rand_chacha_03::ChaCha20Rng;
use rand_chacha_03::rand_core::SeedableRng as _;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};

use crate::SimError;
use crate::card::{Card, CardSigning};
use crate::keys::{sha256, sha256_digest_info};

/// `rsa_pkcs1_sha256_legacy` (RFC 9963 section 2).
pub const RSA_PKCS1_SHA256_LEGACY: SignatureScheme = SignatureScheme::Unknown(0x0420);

/// A card in its reader, shared by the connections that use it.
pub type SharedCard = Arc<Mutex<Card>>;

/// Answers certificate requests with one card; the PIN is typed for each signature.
#[derive(Clone)]
pub struct CardResolver {
    key: Arc<CertifiedKey>,
}

impl CardResolver {
    /// A card, the PIN that the person will type, and chance for the salts of PSS.
    pub fn new(card: SharedCard, pin: &str, entropy: &dyn Entropy) -> Self {
        let chance = Arc::new(Mutex::new(ChaCha20Rng::from_seed(entropy.array())));
        let (certificate, signing) = {
            let card = card.lock().unwrap_or_else(PoisonError::into_inner);
            (CertificateDer::from(card.certificate().to_vec()), card.signing())
        };
        let key = CardKey {
            card,
            pin: pin.to_owned(),
            signing,
            chance,
        };
        Self {
            key: Arc::new(CertifiedKey::new(vec![certificate], Arc::new(key))),
        }
    }

    /// Only the certificate of the card is right: signatures come from another card's key. What a thief does who read
    /// the certificate, which needs no PIN.
    #[must_use]
    pub fn with_certificate_of(mut self, certificate: &[u8]) -> Self {
        let certificate = CertificateDer::from(certificate.to_vec());
        self.key = Arc::new(CertifiedKey::new(vec![certificate], Arc::clone(&self.key.key)));
        self
    }
}

impl fmt::Debug for CardResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardResolver(..)")
    }
}

impl ResolvesClientCert for CardResolver {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.key.key.choose_scheme(schemes)?;
        Some(Arc::clone(&self.key))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[derive(Clone)]
struct CardKey {
    card: SharedCard,
    pin: String,
    signing: CardSigning,
    chance: Arc<Mutex<ChaCha20Rng>>,
}

impl fmt::Debug for CardKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardKey(..)")
    }
}

impl CardKey {
    /// What the card can answer with, best first. rustls removes 0x0401 from what a TLS 1.3 server offers.
    fn schemes(&self) -> &'static [SignatureScheme] {
        match self.signing {
            CardSigning::Pkcs1 => &[SignatureScheme::RSA_PKCS1_SHA256, RSA_PKCS1_SHA256_LEGACY],
            CardSigning::Pss => &[
                SignatureScheme::RSA_PSS_SHA256,
                SignatureScheme::RSA_PKCS1_SHA256,
                RSA_PKCS1_SHA256_LEGACY,
            ],
            CardSigning::Ecdsa => &[SignatureScheme::ECDSA_NISTP384_SHA384],
        }
    }
}

impl SigningKey for CardKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = *self.schemes().iter().find(|scheme| offered.contains(scheme))?;
        Some(Box::new(CardSignature {
            key: self.clone(),
            scheme,
        }))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.signing {
            CardSigning::Pkcs1 | CardSigning::Pss => SignatureAlgorithm::RSA,
            CardSigning::Ecdsa => SignatureAlgorithm::ECDSA,
        }
    }
}

#[derive(Debug)]
struct CardSignature {
    key: CardKey,
    scheme: SignatureScheme,
}

impl CardSignature {
    fn sign_on_card(&self, message: &[u8]) -> Result<Vec<u8>, SimError> {
        let mut card = self.key.card.lock().unwrap_or_else(PoisonError::into_inner);
        let pin = &self.key.pin;
        match self.scheme {
            SignatureScheme::RSA_PSS_SHA256 => {
                let mut chance = self.key.chance.lock().unwrap_or_else(PoisonError::into_inner);
                card.sign_pss(pin, &sha256(message), &mut chance)
            }
            SignatureScheme::ECDSA_NISTP384_SHA384 => card.sign_ecdsa(pin, message),
            _ => card.sign_pkcs1v15(pin, &sha256_digest_info(message)),
        }
    }
}

impl Signer for CardSignature {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        self.sign_on_card(message)
            .map_err(|e| rustls::Error::General(e.to_string()))
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}
