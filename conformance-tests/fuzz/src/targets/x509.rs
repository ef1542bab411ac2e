//! Certificates, keys and lists.

use domain::Timestamp;
use jpki::{JpkiConfig, Mode, PinnedCa};
use pki::{Certificate, Crl, MAX_CERTIFICATE_BYTES, PublicKey, TrustAnchor};
use sim::authority::{CaKind, Hierarchy};
use sim::keys::KeyCache;
use sim::{CardRequest, Simulation};

fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_219_200)
}

fn world() -> Simulation {
    Simulation::in_memory("fuzz", KeyCache::shared())
}

pub(crate) fn anchor_der() -> &'static [u8] {
    static DER: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    DER.get_or_init(|| {
        let world = world();
        let authority = world
            .authority(Hierarchy::Test, CaKind::UserAuthentication, 3)
            .unwrap();
        authority.certificate.clone()
    })
}

/// What is accepted is what was given, within bounds, and reads the same again. Without a revocation index nobody is good, whatever the
/// bytes.
pub(crate) fn certificate(bytes: &[u8]) {
    profile(bytes);
    if let Ok(certificate) = Certificate::parse(bytes) {
        assert_eq!(certificate.der(), bytes);
        assert!(bytes.len() <= MAX_CERTIFICATE_BYTES);
        assert!(!certificate.serial().expose_bytes().is_empty());
        assert_eq!(Certificate::parse(certificate.der()).as_ref(), Ok(&certificate));
        let lenient =
            PublicKey::of_certificate(bytes).expect("the lenient reader reads what the strict one does");
        assert_eq!(&lenient, certificate.public_key());
        let _ = certificate.subject().attributes();
        let _ = TrustAnchor::from_der(bytes);
    } else {
        let _ = PublicKey::of_certificate(bytes);
    }
}

fn profile(bytes: &[u8]) {
    static CONFIG: std::sync::OnceLock<JpkiConfig> = std::sync::OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let ca = PinnedCa::from_der(jpki::CaKind::UserAuthentication, "generation 3", anchor_der()).unwrap();
        JpkiConfig::new(Mode::Test, vec![ca])
    });
    let evaluation = jpki::evaluate(bytes, config, None, now());
    assert!(evaluation.verdict.is_err());
    assert!(!evaluation.trace.is_empty());
}

/// Both readers read the same list, the one in memory and the stream.
pub(crate) fn revocation_list(bytes: &[u8]) {
    super::paths::streamed_list(bytes);
    let anchor = TrustAnchor::from_der(anchor_der()).unwrap();
    if let Ok(list) = Crl::verify(bytes, [&anchor]) {
        // Every entry takes at least nine bytes of the list: no small input has many.
        let entries = list.entries().take_while(Result::is_ok).count();
        assert!(entries <= bytes.len() / 9);
    }
}

pub(crate) fn public_key(bytes: &[u8]) {
    if let Ok(key) = PublicKey::from_spki(bytes) {
        assert_eq!(key.spki(), bytes);
    }
}

pub(crate) fn certificates() -> Vec<Vec<u8>> {
    let mut world = world();
    let mut all = vec![anchor_der().to_vec()];
    for _ in 0..2 {
        all.push(
            world
                .make_card(&CardRequest::default(), now())
                .unwrap()
                .certificate
                .0,
        );
    }
    all
}

pub(crate) fn public_keys() -> Vec<Vec<u8>> {
    certificates()
        .iter()
        .map(|der| Certificate::parse(der).unwrap().public_key().spki().to_vec())
        .collect()
}

pub(crate) fn revocation_lists() -> Vec<Vec<u8>> {
    let authority = world()
        .authority(Hierarchy::Test, CaKind::UserAuthentication, 3)
        .unwrap();
    let facts = sim::crl::CrlFacts {
        number: 7,
        this_update: now(),
        next_update: Some(now().plus_seconds(86_400)),
        distribution_point: None,
    };
    let entry = |serial, reason| sim::crl::Entry {
        serial,
        at: now(),
        reason,
    };
    let entries = [
        entry(1, sim::crl::RevocationReason::Unspecified),
        entry(160_000_000, sim::crl::RevocationReason::KeyCompromise),
    ];
    [&entries[..], &[]]
        .into_iter()
        .map(|entries| sim::crl::crl(&authority, &facts, entries).unwrap())
        .collect()
}
