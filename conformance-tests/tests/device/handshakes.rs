//! What a card signs in a TLS handshake is no challenge, and a challenge's signature is no `CertificateVerify`: recorded from
//! real handshakes with the certificate door.

use std::sync::{Arc, Mutex};

use conformance_tests::{Browser, RelyingParty};
use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};
use sim::CardRequest;
use sim::tls::SharedCard;

use crate::reader::{Api, Given, platform, proof, refused, sign, transaction};

/// What the card was asked to sign, and the answer.
type Recorded = Arc<Mutex<Vec<(Vec<u8>, Vec<u8>)>>>;

/// A card that writes down what it is asked to sign, and may answer with a signature over something else.
#[derive(Clone, Debug)]
struct Recorder {
    key: Arc<CertifiedKey>,
}

#[derive(Clone)]
struct RecordedKey {
    card: SharedCard,
    seen: Recorded,
    instead: Option<Vec<u8>>,
}

impl std::fmt::Debug for RecordedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecordedKey")
    }
}

impl Recorder {
    fn new(card: &SharedCard, seen: &Recorded, instead: Option<Vec<u8>>) -> Self {
        let certificate = CertificateDer::from(card.lock().unwrap().certificate().to_vec());
        let key = RecordedKey {
            card: Arc::clone(card),
            seen: Arc::clone(seen),
            instead,
        };
        Self {
            key: Arc::new(CertifiedKey::new(vec![certificate], Arc::new(key))),
        }
    }
}

impl ResolvesClientCert for Recorder {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.key))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl SigningKey for RecordedKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        [
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::Unknown(0x0420),
        ]
        .into_iter()
        .find(|scheme| offered.contains(scheme))
        .map(|scheme| -> Box<dyn Signer> { Box::new(RecordedSignature(self.clone(), scheme)) })
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RSA
    }
}

#[derive(Debug)]
struct RecordedSignature(RecordedKey, SignatureScheme);

impl Signer for RecordedSignature {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let octets = self.0.instead.as_deref().unwrap_or(message);
        let (_, signature) = sign(&self.0.card, octets);
        self.0
            .seen
            .lock()
            .unwrap()
            .push((message.to_vec(), signature.clone()));
        Ok(signature)
    }

    fn scheme(&self) -> SignatureScheme {
        self.1
    }
}

#[tokio::test]
async fn a_handshakes_signature_is_no_proof_and_a_proofs_no_handshake() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-hello", "2");
    let (_, card) = platform.card(&CardRequest::default());
    let certificate = card.lock().unwrap().certificate().to_vec();
    let versions: [(&[&rustls::SupportedProtocolVersion], &[u8]); 2] = [
        (&[&rustls::version::TLS13], &[0x20; 64]),
        (&[&rustls::version::TLS12], &[0x01]),
    ];
    for (version, begins) in versions {
        let seen = Recorded::default();
        let browser = Browser::with_resolver(
            &platform.ca_pem,
            Arc::new(Recorder::new(&card, &seen, None)),
            version,
        );
        rp.sign_in(&browser, "&prompt=login").await;
        let (message, signature) = seen.lock().unwrap().pop().expect("the card was asked");
        assert!(message.starts_with(begins), "{:02x?}", &message[..8]);
        assert!(!message.starts_with(b"GAP-IDP"));
        // The handshake's signature, brought as a proof.
        let device = platform.bare_browser();
        let api = Api::new(&platform, &device);
        let given = Given::of(&api.begin(&transaction(&device, &rp, "").await).await);
        let answer = api
            .prove(&given, &proof(&certificate, "rsa-pkcs1-sha256", &signature))
            .await;
        refused(&answer, 422, "signature");
        // The challenge's signature, brought as CertificateVerify.
        let seen = Recorded::default();
        let forger = Browser::with_resolver(
            &platform.ca_pem,
            Arc::new(Recorder::new(&card, &seen, Some(given.challenge.clone()))),
            version,
        );
        let page = forger.get(&rp.request("&prompt=login")).await;
        assert!(
            forger.try_submit(&page.form("/card")).await.is_err(),
            "the handshake must break"
        );
        assert!(!seen.lock().unwrap().is_empty(), "the card was asked");
        assert!(!forger.everything_seen().contains("__Host-session"));
    }
}
