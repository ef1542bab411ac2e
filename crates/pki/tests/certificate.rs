//! Certificates of the simulated JPKI as the parser sees them, paths, and every way of not being a certificate.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's own helpers"
)]

use domain::Timestamp;
use pki::{
    Certificate, KeyKind, MAX_CERTIFICATE_BYTES, Name, Oid, PublicKey, Reason, TrustAnchor, VerifiedPath,
};
use proptest::prelude::*;
use sim::authority::{Authority, CaKind, Hierarchy};
use sim::fault::Fault;
use sim::keys::{KeyAlgorithm, KeyCache};
use sim::record::CardRecord;
use sim::{CardRequest, Simulation};

fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-21T09:00:00+09:00").unwrap()
}

fn world() -> Simulation {
    Simulation::in_memory("pki tests", KeyCache::shared())
}

fn card(request: &CardRequest) -> CardRecord {
    world().make_card(request, now()).unwrap()
}

fn authority(generation: u8) -> Authority {
    world()
        .authority(Hierarchy::Test, CaKind::UserAuthentication, generation)
        .unwrap()
}

fn oid(text: &str) -> Oid {
    Oid::new(text).unwrap()
}

#[test]
fn every_field_of_a_card_is_read() {
    let record = card(&CardRequest::default());
    let certificate = Certificate::parse(&record.certificate.0).unwrap();
    assert_eq!(certificate.der(), record.certificate.0);
    assert_eq!(
        certificate.serial().expose_bytes(),
        &record.serial.to_be_bytes()[4..]
    );
    assert_eq!(certificate.not_before(), record.not_before);
    assert_eq!(certificate.not_after(), record.not_after);
    assert_eq!(certificate.public_key().kind(), KeyKind::Rsa { bits: 2048 });
    let subject = certificate.subject().attributes().unwrap();
    assert_eq!(
        subject,
        [
            (oid("2.5.4.6"), "JP".into()),
            (oid("2.5.4.3"), record.common_name)
        ]
    );
    let extensions = certificate.extensions();
    let usage = extensions.key_usage.unwrap();
    assert!(usage.digital_signature());
    assert!(!usage.non_repudiation() && !usage.key_cert_sign() && !usage.crl_sign());
    assert_eq!(
        extensions.extended_key_usage,
        Some(vec![oid("1.3.6.1.5.5.7.3.2")])
    );
    assert_eq!(extensions.basic_constraints, None);
    let policies = extensions.policies.as_ref().unwrap();
    assert!(policies.critical);
    assert_eq!(policies.policies.len(), 1);
    assert_eq!(policies.policies[0].oid, oid("1.2.392.200149.8.5.1.0.30"));
    assert_eq!(policies.policies[0].qualifiers, [oid("1.3.6.1.5.5.7.2.1")]);
    assert_eq!(extensions.access.len(), 1);
    assert_eq!(extensions.access[0].uri, "http://ocspauthnorm.jpki.invalid");
    let area = &record.municipality;
    let point = sim::authority::distribution_point_name(
        Hierarchy::Test,
        CaKind::UserAuthentication,
        &area.prefecture,
        &area.name,
    );
    assert_eq!(extensions.distribution_points.len(), 1);
    let general_name = &extensions.distribution_points[0];
    assert_eq!(general_name[0], 0xa4);
    assert!(general_name.ends_with(&point) && general_name.len() <= point.len() + 4);
    let key_id = extensions.authority_key_id.as_ref().unwrap();
    assert!(key_id.names_certificate);
    let issuer = Certificate::parse(&record.issuer.0).unwrap();
    assert_eq!(key_id.key_id, issuer.extensions().subject_key_id);
    assert_eq!(extensions.unknown_critical, []);
    assert_eq!(extensions.present.len(), 8);
}

#[test]
fn keys_of_every_kind_are_read_also_from_certificates_that_are_not() {
    for (request, kind) in [
        (CardRequest::default(), KeyKind::Rsa { bits: 2048 }),
        (
            CardRequest {
                algorithm: KeyAlgorithm::P384,
                ..CardRequest::default()
            },
            KeyKind::P384,
        ),
        (
            CardRequest {
                algorithm: KeyAlgorithm::P256,
                ..CardRequest::default()
            },
            KeyKind::P256,
        ),
        (
            CardRequest::with_fault(Fault::WeakKey),
            KeyKind::Rsa { bits: 1024 },
        ),
        (
            CardRequest::with_fault(Fault::MangledExtension),
            KeyKind::Rsa { bits: 2048 },
        ),
        (
            CardRequest::with_fault(Fault::DuplicateExtension),
            KeyKind::Rsa { bits: 2048 },
        ),
    ] {
        let record = card(&request);
        let key = PublicKey::of_certificate(&record.certificate.0).unwrap();
        assert_eq!(key.kind(), kind);
        assert_eq!(key.spki(), record.card().unwrap().key().spki());
        assert_eq!(format!("{key:?}"), format!("PublicKey({kind:?})"));
    }
}

#[test]
fn the_signature_chooses_among_authorities_of_one_name() {
    let anchors: Vec<TrustAnchor> = (1..=3)
        .map(|generation| TrustAnchor::from_der(&authority(generation).certificate).unwrap())
        .collect();
    assert_eq!(anchors[0].name(), anchors[1].name());
    assert_eq!(anchors[1].name(), anchors[2].name());
    for generation in 1..=3_u8 {
        let record = card(&CardRequest {
            generation,
            ..CardRequest::default()
        });
        let certificate = Certificate::parse(&record.certificate.0).unwrap();
        let reversed: Vec<&TrustAnchor> = anchors.iter().rev().collect();
        for order in [anchors.iter().collect::<Vec<_>>(), reversed] {
            let path = VerifiedPath::verify(&certificate, order).unwrap();
            assert_eq!(path.anchor().key_hash(), authority(generation).key_hash());
            assert_eq!(path.certificate(), &certificate);
        }
        let others = anchors
            .iter()
            .filter(|anchor| anchor.key_hash() != authority(generation).key_hash());
        let refused = VerifiedPath::verify(&certificate, others).unwrap_err();
        assert_eq!(refused, Reason::NoIssuerKeyVerifies { tried: 2 });
    }
    let foreign = card(&CardRequest::with_fault(Fault::ForeignAuthority));
    let foreign = Certificate::parse(&foreign.certificate.0).unwrap();
    assert_eq!(
        VerifiedPath::verify(&foreign, &anchors).unwrap_err(),
        Reason::UnknownIssuer
    );
}

#[test]
fn a_changed_bit_anywhere_in_what_is_signed_breaks_the_path() {
    let anchor = TrustAnchor::from_der(&authority(3).certificate).unwrap();
    let der = card(&CardRequest::default()).certificate.0;
    for place in (0..der.len()).step_by(7) {
        let mut changed = der.clone();
        changed[place] ^= 1;
        if let Ok(certificate) = Certificate::parse(&changed) {
            assert!(
                VerifiedPath::verify(&certificate, [&anchor]).is_err(),
                "byte {place}"
            );
        }
    }
}

#[test]
fn only_self_signed_authorities_are_pinned() {
    let record = card(&CardRequest::default());
    assert_eq!(
        TrustAnchor::from_der(&record.certificate.0).unwrap_err(),
        Reason::NotAnAuthority
    );
    let pretender = card(&CardRequest::with_fault(Fault::AuthorityCertificate));
    assert_eq!(
        TrustAnchor::from_der(&pretender.certificate.0).unwrap_err(),
        Reason::NotAnAuthority
    );
    let mut forged = authority(3).certificate;
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(TrustAnchor::from_der(&forged).unwrap_err(), Reason::BadSignature);
}

/// Replaces bytes that occur once.
fn replaced(der: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> = (0..der.len())
        .filter(|place| der[*place..].starts_with(from))
        .collect();
    assert_eq!(places.len(), 1, "{from:02x?}");
    let mut out = der.to_vec();
    out[places[0]..places[0] + to.len()].copy_from_slice(to);
    out
}

#[test]
fn what_is_no_certificate_is_refused_with_its_reason() {
    let record = card(&CardRequest::default());
    let der = &record.certificate.0;
    let serial = &record.serial.to_be_bytes()[4..];
    let serial_field = [&[2, 4][..], serial].concat();
    let trailing = [der.as_slice(), &[0]].concat();
    let version = replaced(der, &[0xa0, 3, 2, 1, 2], &[0xa0, 3, 2, 1, 1]);
    let zero_serial = replaced(der, &serial_field, &[2, 4, 0, 0, 0, 0]);
    let negative_serial = replaced(der, &serial_field, &[2, 4, 0x80, 0, 0, 0]);
    let no_month = replaced(der, b"261121000000Z", b"261321000000Z");
    let key_usage = [0x06, 3, 0x55, 0x1d, 0x0f];
    let twice = replaced(der, &key_usage, &[0x06, 3, 0x55, 0x1d, 0x25]);
    let mangled = replaced(der, &[3, 2, 7, 0x80], &[3, 2, 9, 0x80]);
    for (what, bytes, reason) in [
        ("nothing", &[][..], Reason::Truncated),
        ("half", &der[..der.len() / 2], Reason::Truncated),
        ("one byte more", &trailing, Reason::TrailingBytes),
        ("version 2", &version, Reason::Version),
        ("serial 0", &zero_serial, Reason::SerialNumber),
        ("serial below 0", &negative_serial, Reason::SerialNumber),
        ("month 13", &no_month, Reason::Time),
        (
            "extKeyUsage twice",
            &twice,
            Reason::MalformedExtension {
                oid: oid("2.5.29.37"),
            },
        ),
        (
            "9 unused bits",
            &mangled,
            Reason::MalformedExtension {
                oid: oid("2.5.29.15"),
            },
        ),
        (
            "too much",
            &vec![0x30; MAX_CERTIFICATE_BYTES + 1],
            Reason::TooLarge {
                limit: MAX_CERTIFICATE_BYTES,
            },
        ),
    ] {
        assert_eq!(Certificate::parse(bytes).unwrap_err(), reason, "{what}");
    }
    let duplicate = card(&CardRequest::with_fault(Fault::DuplicateExtension))
        .certificate
        .0;
    let reason = Reason::DuplicateExtension {
        oid: oid("2.5.29.14"),
    };
    assert_eq!(Certificate::parse(&duplicate).unwrap_err(), reason);
}

#[test]
fn the_algorithm_inside_must_be_the_one_outside() {
    let der = card(&CardRequest::default()).certificate.0;
    // sha256WithRSAEncryption occurs inside first, then outside; sha512WithRSAEncryption in its place inside.
    let algorithm = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
    let place = der
        .windows(algorithm.len())
        .position(|window| window == algorithm)
        .unwrap();
    let mut changed = der.clone();
    changed[place + 8] = 13;
    assert_eq!(
        Certificate::parse(&changed).unwrap_err(),
        Reason::AlgorithmsDiffer
    );
}

#[test]
fn names_differ_when_their_bytes_do() {
    let utf8 = Name::from_der(&sim::authority::ca_name(
        Hierarchy::Test,
        CaKind::UserAuthentication,
    ))
    .unwrap();
    let units: Vec<_> = utf8
        .attributes()
        .unwrap()
        .into_iter()
        .filter(|(kind, _)| *kind == oid("2.5.4.11"))
        .collect();
    assert_eq!(units.len(), 2, "two OU RDNs, neither lost");
    assert_ne!(units[0].1, units[1].1);
    // The same text as PrintableString is another name here: JPKI issues byte-identical names.
    let mut printable = utf8.as_der().to_vec();
    let organization = printable
        .windows(9)
        .position(|window| window == b"JPKI-TEST")
        .unwrap();
    printable[organization - 2] = 0x13;
    let printable = Name::from_der(&printable).unwrap();
    assert_eq!(printable.attributes().unwrap(), utf8.attributes().unwrap());
    assert_ne!(printable, utf8);
    assert_eq!(format!("{utf8:?}"), "Name(***)");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Certificate::parse(&bytes);
        let _ = PublicKey::of_certificate(&bytes);
        let _ = PublicKey::from_spki(&bytes);
        let _ = Name::from_der(&bytes);
    }
}

#[test]
fn no_mutation_makes_the_parser_panic() {
    let sources = [
        card(&CardRequest::default()).certificate.0,
        card(&CardRequest {
            algorithm: KeyAlgorithm::P384,
            ..CardRequest::default()
        })
        .certificate
        .0,
        card(&CardRequest::with_fault(Fault::SigningCertificate))
            .certificate
            .0,
        authority(3).certificate,
    ];
    let mut read = 0;
    for der in &sources {
        for place in 0..der.len() {
            for value in [0x00, 0x01, 0x30, 0x7f, 0x80, 0x81, 0x84, 0xa0, 0xff] {
                let mut changed = der.clone();
                changed[place] = value;
                read += usize::from(Certificate::parse(&changed).is_ok());
                let _ = PublicKey::of_certificate(&changed);
            }
            let _ = Certificate::parse(&der[..place]);
            let mut shorter = der.clone();
            shorter.remove(place);
            assert!(
                Certificate::parse(&shorter).is_err(),
                "a certificate that lost byte {place}"
            );
        }
    }
    assert!(
        read > 0,
        "mutations in signatures, keys and texts leave it readable"
    );
}
