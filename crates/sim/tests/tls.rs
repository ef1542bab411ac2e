//! A card at the client side of a TLS handshake, against a server that verifies possession with `pki`: what each kind of
//! middleware answers in each version, and what is refused.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's own helpers")]

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use domain::{Entropy, Timestamp};
use pki::{PublicKey, TlsVersion, verify_possession};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    ServerConfig, ServerConnection, SignatureScheme, SupportedProtocolVersion,
};
use sim::card::{Card, CardSigning};
use sim::fault::Fault;
use sim::keys::{KeyAlgorithm, KeyCache, Seed};
use sim::server_certificate::ServerAuthority;
use sim::tls::{CardResolver, RSA_PKCS1_SHA256_LEGACY};
use sim::{CardRequest, Simulation};

struct Zero;

impl Entropy for Zero {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

/// Accepts any certificate whose key's possession is proven, and remembers by which scheme.
#[derive(Debug)]
struct Verifier {
    schemes: Vec<SignatureScheme>,
    used: AtomicU16,
}

impl Verifier {
    fn verify(
        &self,
        version: TlsVersion,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.used.store(signed.scheme.into(), Ordering::Relaxed);
        PublicKey::of_certificate(certificate)
            .and_then(|key| {
                verify_possession(&key, version, signed.scheme.into(), message, signed.signature())
            })
            .map(|()| HandshakeSignatureValid::assertion())
            .map_err(|reason| Error::General(reason.to_string()))
    }
}

impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify(TlsVersion::Tls12, message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify(TlsVersion::Tls13, message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}

/// `Ok(Some(scheme))` after a handshake with a certificate, `Ok(None)` after one without.
fn handshake(
    version: &'static SupportedProtocolVersion,
    schemes: &[SignatureScheme],
    resolver: CardResolver,
) -> Result<Option<u16>, Error> {
    let now = Timestamp::from_seconds(i64::try_from(UnixTime::now().as_secs()).unwrap());
    let authority = ServerAuthority::generate(&Seed::from_text("tls test"), now).unwrap();
    let server = authority.issue(&["k7q2m.card.idp.localhost"]).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Arc::new(Verifier {
        schemes: schemes.to_vec(),
        used: AtomicU16::new(0),
    });
    let shared: Arc<dyn ClientCertVerifier> = verifier.clone();
    let server_config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(shared)
        .with_single_cert(
            vec![server.certificate.clone().into()],
            PrivateKeyDer::Pkcs8(server.key.pkcs8().unwrap().into()),
        )
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate().to_vec().into()).unwrap();
    let client_config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(resolver));
    let name = "k7q2m.card.idp.localhost".try_into().unwrap();
    let mut client = ClientConnection::new(Arc::new(client_config), name).unwrap();
    let mut server = ServerConnection::new(Arc::new(server_config)).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            server.read_tls(&mut rest).unwrap();
            server.process_new_packets()?;
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
            client.process_new_packets()?;
        }
    }
    Ok(server
        .peer_certificates()
        .map(|_| verifier.used.load(Ordering::Relaxed)))
}

fn card(algorithm: KeyAlgorithm, signing: CardSigning, fault: Option<Fault>) -> Card {
    let mut world = Simulation::in_memory("tls cards", KeyCache::shared());
    let request = CardRequest {
        algorithm,
        signing: Some(signing),
        fault,
        ..CardRequest::default()
    };
    let now = Timestamp::from_seconds(1_795_000_000);
    world.make_card(&request, now).unwrap().card().unwrap()
}

fn resolver(card: Card) -> CardResolver {
    CardResolver::new(Arc::new(Mutex::new(card)), "1234", &Zero)
}

fn all() -> Vec<SignatureScheme> {
    vec![
        SignatureScheme::ECDSA_NISTP384_SHA384,
        SignatureScheme::RSA_PSS_SHA256,
        RSA_PKCS1_SHA256_LEGACY,
        SignatureScheme::RSA_PKCS1_SHA256,
    ]
}

#[test]
fn each_middleware_answers_as_it_can_in_each_version() {
    for (algorithm, signing, in_12, in_13) in [
        (KeyAlgorithm::Rsa2048, CardSigning::Pkcs1, 0x0401, 0x0420),
        (KeyAlgorithm::Rsa1024, CardSigning::Pkcs1, 0x0401, 0x0420),
        (KeyAlgorithm::Rsa2048, CardSigning::Pss, 0x0804, 0x0804),
        (KeyAlgorithm::P384, CardSigning::Ecdsa, 0x0503, 0x0503),
    ] {
        let card = card(algorithm, signing, None);
        assert_eq!(
            handshake(&TLS12, &all(), resolver(card.clone())),
            Ok(Some(in_12)),
            "{signing:?} in 1.2"
        );
        assert_eq!(
            handshake(&TLS13, &all(), resolver(card)),
            Ok(Some(in_13)),
            "{signing:?} in 1.3"
        );
    }
}

#[test]
fn a_pkcs1_card_sends_nothing_where_1_3_does_not_offer_0x0420() {
    let without = [SignatureScheme::RSA_PSS_SHA256, SignatureScheme::RSA_PKCS1_SHA256];
    let card = card(KeyAlgorithm::Rsa2048, CardSigning::Pkcs1, None);
    assert_eq!(handshake(&TLS13, &without, resolver(card.clone())), Ok(None));
    assert_eq!(handshake(&TLS12, &without, resolver(card)), Ok(Some(0x0401)));
}

#[test]
fn possession_is_proven_even_by_certificates_that_will_be_refused() {
    for fault in Fault::ALL {
        let card = card(KeyAlgorithm::Rsa2048, CardSigning::Pkcs1, Some(fault));
        for version in [&TLS12, &TLS13] {
            let outcome = handshake(version, &all(), resolver(card.clone()));
            assert!(
                matches!(outcome, Ok(Some(0x0401 | 0x0420))),
                "{fault:?}: {outcome:?}"
            );
        }
    }
}

#[test]
fn a_certificate_without_its_key_and_a_wrong_pin_get_nowhere() {
    let victim = card(KeyAlgorithm::Rsa2048, CardSigning::Pkcs1, None);
    let other_key = card(KeyAlgorithm::Rsa1024, CardSigning::Pkcs1, None);
    for version in [&TLS12, &TLS13] {
        let stolen = resolver(other_key.clone()).with_certificate_of(victim.certificate());
        assert!(handshake(version, &all(), stolen).is_err());
        let guessed = CardResolver::new(Arc::new(Mutex::new(victim.clone())), "0000", &Zero);
        let refused = handshake(version, &all(), guessed).unwrap_err();
        assert_eq!(refused, Error::General("card: wrong PIN, 2 tries left".into()));
    }
}
