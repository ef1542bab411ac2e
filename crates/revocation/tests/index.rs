//! The index against a plain map, deliveries that must not replace it, and what it covers.

#![allow(clippy::unwrap_used, reason = "a test's own helpers")]

use std::collections::BTreeMap;

use domain::{RevocationGeneration, Timestamp};
use pki::{Crl, RevocationReason as Read, SerialNumber, TrustAnchor};
use proptest::prelude::*;
use revocation::{Coverage, Reason, RevocationIndex, Status};
use sim::Simulation;
use sim::authority::{Authority, CaKind, Hierarchy, distribution_point_name};
use sim::crl::{CrlFacts, Entry, RevocationReason, crl};
use sim::keys::KeyCache;

const NEVER: RevocationGeneration = RevocationGeneration(0);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_795_000_000 + seconds)
}

fn authority(hierarchy: Hierarchy, generation: u8) -> Authority {
    let world = Simulation::in_memory("index", KeyCache::shared());
    world
        .authority(hierarchy, CaKind::UserAuthentication, generation)
        .unwrap()
}

fn anchors() -> Vec<TrustAnchor> {
    [
        (Hierarchy::Test, 2),
        (Hierarchy::Test, 3),
        (Hierarchy::Foreign, 3),
    ]
    .into_iter()
    .map(|(hierarchy, generation)| {
        TrustAnchor::from_der(&authority(hierarchy, generation).certificate).unwrap()
    })
    .collect()
}

fn facts(number: u64, made: i64) -> CrlFacts {
    CrlFacts {
        number,
        this_update: at(made),
        next_update: Some(at(made + 86_400)),
        distribution_point: None,
    }
}

fn list(facts: &CrlFacts, entries: &[Entry]) -> Vec<u8> {
    crl(&authority(Hierarchy::Test, 3), facts, entries).unwrap()
}

fn entry(serial: u64, reason: RevocationReason, revoked: i64) -> Entry {
    Entry {
        serial,
        at: at(revoked),
        reason,
    }
}

fn build(
    lists: &[&[u8]],
    last: RevocationGeneration,
    in_use: Option<&RevocationIndex>,
) -> Result<RevocationIndex, Reason> {
    let anchors = anchors();
    let verified: Vec<Crl<'_>> = lists
        .iter()
        .map(|der| Crl::verify(der, &anchors).unwrap())
        .collect();
    RevocationIndex::build(&verified, last, in_use)
}

fn lookup(index: &RevocationIndex, serial: u64) -> Status {
    index.lookup(&SerialNumber::from_bytes(&serial.to_be_bytes()).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn answers_are_those_of_a_plain_map(
        revoked in proptest::collection::vec(
            (prop_oneof![1_u64..300, Just(u64::from(u32::MAX)), Just(u64::MAX), any::<u64>()], 0_usize..7, 0_i64..9),
            0..60,
        ),
        others in proptest::collection::vec(any::<u64>(), 20),
    ) {
        let entries: Vec<Entry> = revoked
            .iter()
            .filter(|(serial, ..)| *serial != 0)
            .map(|(serial, reason, day)| {
                entry(*serial, *RevocationReason::ALL.get(*reason).unwrap(), -86_400 * day)
            })
            .collect();
        let mut model: BTreeMap<u64, Timestamp> = BTreeMap::new();
        for entry in &entries {
            let earliest = model.entry(entry.serial).or_insert(entry.at);
            *earliest = entry.at.min(*earliest);
        }
        let index = build(&[&list(&facts(1, 0), &entries)], NEVER, None).unwrap();
        prop_assert_eq!(index.len(), model.len());
        for serial in (1..300).chain(others).chain(model.keys().copied()).chain([u64::MAX]).filter(|s| *s != 0) {
            match (model.get(&serial), lookup(&index, serial)) {
                (None, Status::Good) => {}
                (Some(earliest), Status::Revoked { reason, at }) => {
                    prop_assert_eq!(*earliest, at);
                    let listed = entries.iter().any(|entry| {
                        entry.serial == serial && entry.at == at && entry.reason.code() == reason.code()
                    });
                    prop_assert!(listed);
                }
                (expected, told) => prop_assert!(false, "{expected:?} but {told:?}"),
            }
        }
    }
}

#[test]
fn serial_numbers_longer_than_eight_bytes_are_exact_too() {
    let index = build(
        &[&list(&facts(1, 0), &[entry(7, RevocationReason::Superseded, 0)])],
        NEVER,
        None,
    )
    .unwrap();
    let long = |last: u8| SerialNumber::from_bytes(&[&[1; 18][..], &[0, last]].concat()).unwrap();
    assert_eq!(
        index.lookup(&long(7)),
        Status::Good,
        "the low bytes alone do not decide"
    );
    assert!(matches!(
        lookup(&index, 7),
        Status::Revoked {
            reason: Read::Superseded,
            ..
        }
    ));
}

#[test]
fn generations_rise_and_go_on_after_a_restart() {
    let der = list(&facts(1, 0), &[]);
    let first = build(&[&der], NEVER, None).unwrap();
    assert_eq!(first.generation(), RevocationGeneration(1));
    assert!(first.is_empty());
    let second = build(&[&der], NEVER, Some(&first)).unwrap();
    assert_eq!(second.generation(), RevocationGeneration(2));
    let after_restart = build(&[&der], RevocationGeneration(41), None).unwrap();
    assert_eq!(after_restart.generation(), RevocationGeneration(42));
    let both = build(&[&der], RevocationGeneration(1), Some(&after_restart)).unwrap();
    assert_eq!(both.generation(), RevocationGeneration(43));
}

#[test]
fn an_older_list_does_not_replace_a_newer_one() {
    let in_use = build(&[&list(&facts(5, 1000), &[])], NEVER, None).unwrap();
    for (number, made, accepted) in [
        (5, 1000, true),
        (6, 1001, true),
        (6, 1000, true),
        (4, 1001, false),
        (6, 999, false),
        (4, 999, false),
    ] {
        let outcome = build(&[&list(&facts(number, made), &[])], NEVER, Some(&in_use));
        if accepted {
            assert!(outcome.is_ok(), "number {number}, made {made}");
        } else {
            let reason = Reason::Older {
                in_use: at(1000),
                offered: at(made),
            };
            assert_eq!(outcome.unwrap_err(), reason, "number {number}, made {made}");
        }
    }
}

#[test]
fn an_old_list_of_another_key_does_not_come_back() {
    let by_second =
        |number: u64, made: i64| crl(&authority(Hierarchy::Test, 2), &facts(number, made), &[]).unwrap();
    let in_use = build(&[&list(&facts(5, 1000), &[])], NEVER, None).unwrap();
    let refused = build(&[&by_second(99, 999)], NEVER, Some(&in_use)).unwrap_err();
    assert_eq!(
        refused,
        Reason::Older {
            in_use: at(1000),
            offered: at(999)
        }
    );
    assert!(
        build(&[&by_second(1, 1001)], NEVER, Some(&in_use)).is_ok(),
        "a new key may count anew"
    );
}

#[test]
fn nothing_and_mixtures_are_no_delivery() {
    assert_eq!(build(&[], NEVER, None).unwrap_err(), Reason::NoLists);
    let ours = list(&facts(1, 0), &[]);
    let foreign = crl(&authority(Hierarchy::Foreign, 3), &facts(1, 0), &[]).unwrap();
    assert_eq!(
        build(&[&ours, &foreign], NEVER, None).unwrap_err(),
        Reason::DifferentIssuers
    );
    let in_use = build(&[&ours], NEVER, None).unwrap();
    assert_eq!(
        build(&[&foreign], NEVER, Some(&in_use)).unwrap_err(),
        Reason::DifferentIssuers
    );
}

#[test]
fn partial_lists_cover_their_points_and_the_oldest_date_counts() {
    let point =
        |area: &str| distribution_point_name(Hierarchy::Test, CaKind::UserAuthentication, "Tokyo-to", area);
    let general_name = |area: &str| {
        let name = point(area);
        let mut der = vec![0xa4, 0x81, u8::try_from(name.len()).unwrap()];
        der.extend_from_slice(&name);
        der
    };
    let part = |area: &str, made: i64| CrlFacts {
        distribution_point: Some(point(area)),
        ..facts(1, made)
    };
    let kiyose = list(
        &part("Kiyose-shi", 0),
        &[entry(1, RevocationReason::KeyCompromise, 0)],
    );
    let mito = list(
        &part("Mito-shi", 500),
        &[entry(2, RevocationReason::Superseded, 0)],
    );
    let index = build(&[&kiyose, &mito], NEVER, None).unwrap();
    assert_eq!(index.len(), 2);
    let dates = |made: i64| {
        Some(Coverage {
            this_update: at(made),
            next_update: Some(at(made + 86_400)),
        })
    };
    assert_eq!(index.coverage(&[general_name("Kiyose-shi")]), dates(0));
    assert_eq!(index.coverage(&[general_name("Mito-shi")]), dates(500));
    assert_eq!(index.coverage(&[general_name("Kobe-shi")]), None);
    assert_eq!(index.coverage(&[]), None);
    assert_eq!(index.oldest_coverage(), dates(0));

    // Two generations may each publish a whole list: both must be fresh.
    let older_key = crl(&authority(Hierarchy::Test, 2), &facts(1, 100), &[]).unwrap();
    let index = build(&[&list(&facts(9, 300), &[]), &older_key], NEVER, None).unwrap();
    assert_eq!(index.coverage(&[]), dates(100));
    let next = crl(&authority(Hierarchy::Test, 2), &facts(2, 400), &[]).unwrap();
    assert!(
        build(&[&list(&facts(10, 400), &[]), &next], NEVER, Some(&index)).is_ok(),
        "each key has its numbers"
    );
    // A part is compared with the part of the same points only.
    let parts = build(&[&kiyose, &mito], NEVER, None).unwrap();
    assert!(
        build(
            &[&kiyose, &list(&part("Mito-shi", 600), &[])],
            NEVER,
            Some(&parts)
        )
        .is_ok()
    );
    assert!(build(&[&list(&part("Kiyose-shi", -1), &[]), &mito], NEVER, Some(&parts)).is_err());
}

#[test]
fn a_bad_entry_refuses_the_whole_delivery() {
    // A list whose second entry has serial number 0: made whole, then its bytes altered and signed again.
    let signer = authority(Hierarchy::Test, 3);
    let entries = [
        entry(0x11, RevocationReason::Superseded, 0),
        entry(0x22, RevocationReason::Superseded, 0),
    ];
    let der = list(&facts(1, 0), &entries);
    let anchors = anchors();
    let tbs_length = usize::from(u16::from_be_bytes([*der.get(6).unwrap(), *der.get(7).unwrap()]));
    let mut tbs = der.get(4..8 + tbs_length).unwrap().to_vec();
    let place = tbs.windows(3).position(|window| window == [2, 1, 0x22]).unwrap();
    *tbs.get_mut(place + 2).unwrap() = 0;
    let der = signer.sign_structure(&tbs).unwrap();
    let verified = [Crl::verify(&der, &anchors).unwrap()];
    let refused = RevocationIndex::build(&verified, NEVER, None).unwrap_err();
    assert_eq!(refused, Reason::Entry(pki::Reason::SerialNumber));
}
