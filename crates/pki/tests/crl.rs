//! Revocation lists: what is read, what is refused.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's own helpers"
)]

use domain::Timestamp;
use pki::{Crl, CrlNumber, CrlScope, Oid, Reason, RevocationReason, TrustAnchor};
use sim::Simulation;
use sim::authority::{Authority, CaKind, Hierarchy};
use sim::crl::{CrlFacts, Entry, crl};
use sim::keys::KeyCache;

fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-21T00:00:00Z").unwrap()
}

fn authority(hierarchy: Hierarchy, generation: u8) -> Authority {
    let world = Simulation::in_memory("pki lists", KeyCache::shared());
    world
        .authority(hierarchy, CaKind::UserAuthentication, generation)
        .unwrap()
}

fn anchors() -> Vec<TrustAnchor> {
    (1..=3)
        .map(|generation| TrustAnchor::from_der(&authority(Hierarchy::Test, generation).certificate).unwrap())
        .collect()
}

fn facts() -> CrlFacts {
    CrlFacts {
        number: 7,
        this_update: now(),
        next_update: Some(now().plus_seconds(86_400)),
        distribution_point: None,
    }
}

fn entries() -> Vec<Entry> {
    sim::crl::RevocationReason::ALL
        .into_iter()
        .zip([1_u64, 127, 128, 0x0996_EEF3, 0xffff_ffff, 0x1_0000_0000, u64::MAX])
        .map(|(reason, serial)| Entry {
            serial,
            at: now().plus_seconds(-5),
            reason,
        })
        .collect()
}

/// Tag, short or one-byte length, content.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    let mut out = if length < 0x80 {
        vec![tag, length]
    } else {
        vec![tag, 0x81, length]
    };
    out.extend_from_slice(content);
    out
}

fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let flag: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    tlv(0x30, &[&tlv(6, oid), flag, &tlv(4, value)].concat())
}

/// A list with hand-made entries and extensions, truly signed.
fn hand_made(entries: &[u8], extensions: &[u8]) -> Vec<u8> {
    let signer = authority(Hierarchy::Test, 3);
    let algorithm = tlv(
        0x30,
        &[
            &tlv(6, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11])[..],
            &[5, 0],
        ]
        .concat(),
    );
    let content = [
        &[2, 1, 1][..],
        &algorithm,
        &signer.name,
        &tlv(0x17, b"261121000000Z"),
        &tlv(0x30, entries),
        &tlv(0xa0, &tlv(0x30, extensions)),
    ]
    .concat();
    let tbs = match u16::try_from(content.len()).unwrap().to_be_bytes() {
        [0, _] => tlv(0x30, &content),
        [high, low] => [&[0x30, 0x82, high, low][..], &content].concat(),
    };
    signer.sign_structure(&tbs).unwrap()
}

#[test]
fn header_and_entries_are_read() {
    let anchors = anchors();
    for generation in [2, 3] {
        let signer = authority(Hierarchy::Test, generation);
        let der = crl(&signer, &facts(), &entries()).unwrap();
        let list = Crl::verify(&der, &anchors).unwrap();
        assert_eq!(
            list.issuer_key_hash(),
            signer.key_hash(),
            "any generation may sign"
        );
        assert_eq!(list.issuer(), anchors[0].name());
        assert_eq!(list.this_update(), now());
        assert_eq!(list.next_update(), Some(now().plus_seconds(86_400)));
        assert_eq!(list.number(), Some(CrlNumber::from(7)));
        assert_eq!(list.scope(), &CrlScope::Whole);
        let read: Vec<_> = list.entries().map(Result::unwrap).collect();
        assert_eq!(read.len(), 7);
        for (entry, made) in read.iter().zip(entries()) {
            let mut serial = [0; 8];
            serial[8 - entry.serial.len()..].copy_from_slice(entry.serial);
            assert_eq!(u64::from_be_bytes(serial), made.serial);
            assert_ne!(entry.serial[0], 0, "no leading zeros");
            assert_eq!(entry.revoked_at, made.at);
            assert_eq!(entry.reason.code(), made.reason.code());
        }
    }
}

#[test]
fn an_empty_list_and_one_without_next_update_are_lists() {
    let signer = authority(Hierarchy::Test, 3);
    let der = crl(
        &signer,
        &CrlFacts {
            next_update: None,
            ..facts()
        },
        &[],
    )
    .unwrap();
    let anchors = anchors();
    let list = Crl::verify(&der, &anchors).unwrap();
    assert_eq!(list.next_update(), None);
    assert_eq!(list.entries().count(), 0);
}

#[test]
fn numbers_compare_as_numbers() {
    let numbers = [0, 1, 127, 128, 255, 256, 65_535, u64::MAX].map(CrlNumber::from);
    assert!(numbers.is_sorted());
    assert!(numbers.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn only_a_pinned_key_of_the_issuer_counts() {
    let signer = authority(Hierarchy::Test, 3);
    let der = crl(&signer, &facts(), &entries()).unwrap();
    let anchors = anchors();
    assert_eq!(
        Crl::verify(&der, &anchors[..2]).unwrap_err(),
        Reason::NoIssuerKeyVerifies { tried: 2 }
    );
    let foreign = crl(&authority(Hierarchy::Foreign, 3), &facts(), &entries()).unwrap();
    assert_eq!(
        Crl::verify(&foreign, &anchors).unwrap_err(),
        Reason::UnknownIssuer
    );
    for place in (0..der.len()).step_by(5) {
        let mut changed = der.clone();
        changed[place] ^= 4;
        assert!(Crl::verify(&changed, &anchors).is_err(), "byte {place}");
    }
    for length in 0..der.len() {
        assert!(Crl::verify(&der[..length], &anchors).is_err());
    }
}

#[test]
fn a_distribution_point_limits_what_a_list_covers() {
    let point = |area: &str| {
        sim::authority::distribution_point_name(Hierarchy::Test, CaKind::UserAuthentication, "Tokyo-to", area)
    };
    let signer = authority(Hierarchy::Test, 3);
    let partial = CrlFacts {
        distribution_point: Some(point("Kiyose-shi")),
        ..facts()
    };
    let der = crl(&signer, &partial, &entries()).unwrap();
    let anchors = anchors();
    let list = Crl::verify(&der, &anchors).unwrap();
    let as_general_name = |name: &[u8]| tlv(0xa4, name);
    assert_eq!(
        *list.scope(),
        CrlScope::Points(vec![as_general_name(&point("Kiyose-shi"))])
    );
    assert!(list.scope().covers(&[as_general_name(&point("Kiyose-shi"))]));
    assert!(!list.scope().covers(&[as_general_name(&point("Mito-shi"))]));
    assert!(
        !list.scope().covers(&[]),
        "a certificate without points is covered by whole lists only"
    );
    assert!(CrlScope::Whole.covers(&[]));
}

#[test]
fn lists_of_another_kind_are_refused() {
    let anchors = anchors();
    let point = Oid::new("2.5.29.28").unwrap();
    let idp = |content: &[u8]| extension(&[0x55, 0x1d, 0x1c], true, &tlv(0x30, content));
    let harmless = idp(&[0x81, 1, 0xff]);
    assert!(
        Crl::verify(&hand_made(&[], &harmless), &anchors).is_ok(),
        "onlyContainsUserCerts"
    );
    let unsupported = |oid| Reason::UnsupportedExtension { oid };
    for (what, extensions, reason) in [
        ("only authorities", idp(&[0x82, 1, 0xff]), unsupported(point)),
        ("some reasons", idp(&[0x83, 2, 0, 0x40]), unsupported(point)),
        ("indirect", idp(&[0x84, 1, 0xff]), unsupported(point)),
        ("only attributes", idp(&[0x85, 1, 0xff]), unsupported(point)),
        ("relative name", idp(&[0xa0, 2, 0xa1, 0]), unsupported(point)),
        (
            "wrong order",
            idp(&[0x84, 1, 0, 0x81, 1, 0]),
            Reason::MalformedExtension { oid: point },
        ),
        (
            "delta",
            extension(&[0x55, 0x1d, 0x1b], true, &[2, 1, 1]),
            unsupported(Oid::new("2.5.29.27").unwrap()),
        ),
        (
            "unknown",
            extension(&[0x2a, 0x03], true, &[5, 0]),
            unsupported(Oid::new("1.2.3").unwrap()),
        ),
        (
            "number twice",
            extension(&[0x55, 0x1d, 0x14], false, &[2, 1, 1]).repeat(2),
            Reason::DuplicateExtension {
                oid: Oid::new("2.5.29.20").unwrap(),
            },
        ),
        (
            "negative number",
            extension(&[0x55, 0x1d, 0x14], false, &[2, 1, 0x80]),
            Reason::MalformedExtension {
                oid: Oid::new("2.5.29.20").unwrap(),
            },
        ),
    ] {
        assert_eq!(
            Crl::verify(&hand_made(&[], &extensions), &anchors).unwrap_err(),
            reason,
            "{what}"
        );
    }
}

#[test]
fn entries_of_another_kind_end_the_walk() {
    let anchors = anchors();
    let time = tlv(0x17, b"261120000000Z");
    let entry = |serial: &[u8], extensions: &[u8]| {
        let optional = if extensions.is_empty() {
            Vec::new()
        } else {
            tlv(0x30, extensions)
        };
        tlv(0x30, &[&tlv(2, serial)[..], &time, &optional].concat())
    };
    let reason_code = |code: u8| extension(&[0x55, 0x1d, 0x15], false, &[0x0a, 1, code]);
    let reason_oid = Oid::new("2.5.29.21").unwrap();
    let good = entry(&[5], &reason_code(4));
    for (what, bad, reason) in [
        ("serial 0", entry(&[0], &[]), Reason::SerialNumber),
        ("negative serial", entry(&[0x80], &[]), Reason::SerialNumber),
        ("21 bytes of serial", entry(&[1; 21], &[]), Reason::SerialNumber),
        (
            "removeFromCRL",
            entry(&[6], &reason_code(8)),
            Reason::MalformedExtension { oid: reason_oid },
        ),
        (
            "unknown reason",
            entry(&[6], &reason_code(11)),
            Reason::MalformedExtension { oid: reason_oid },
        ),
        (
            "two reasons",
            entry(&[6], &reason_code(1).repeat(2)),
            Reason::DuplicateExtension { oid: reason_oid },
        ),
        (
            "certificateIssuer",
            entry(&[6], &extension(&[0x55, 0x1d, 0x1d], true, &[0x30, 0])),
            Reason::UnsupportedExtension {
                oid: Oid::new("2.5.29.29").unwrap(),
            },
        ),
        (
            "too many extensions",
            entry(&[6], &extension(&[0x2a, 3], false, &[]).repeat(9)),
            Reason::TooManyExtensions { limit: 8 },
        ),
        ("no date", tlv(0x30, &tlv(2, &[6])), Reason::Truncated),
        (
            "more",
            tlv(0x30, &[&tlv(2, &[6])[..], &time, &[5, 0]].concat()),
            Reason::TrailingBytes,
        ),
    ] {
        let listed = [&good[..], &bad, &good].concat();
        let der = hand_made(&listed, &extension(&[0x55, 0x1d, 0x14], false, &[2, 1, 1]));
        let list = Crl::verify(&der, &anchors).unwrap();
        let mut walk = list.entries();
        assert_eq!(walk.next().unwrap().unwrap().reason, RevocationReason::Superseded);
        assert_eq!(walk.next().unwrap().err().unwrap(), reason, "{what}");
        assert!(walk.next().is_none(), "{what}");
    }
}
