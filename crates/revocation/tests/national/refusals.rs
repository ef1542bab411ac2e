//! Deliveries that must not be taken in. The index in use stays, on disk and in memory.

use revocation::{NationalIndex, Refusal, Terms};
use sim::Simulation;
use sim::authority::{CaKind, Hierarchy};
use sim::crl::{RevocationReason, crl};
use sim::keys::KeyCache;

use crate::world::{
    DAY, NEVER, World, anchors, at, authority, entries, entry, facts, list, partition, revoked,
};

/// Refused, and nothing has changed.
fn refused(world: &World, lists: &[&[u8]]) -> Refusal {
    let before = world.shelf.current().unwrap().map(|index| index.generation());
    let files = world.files();
    let refusal = world.take(lists).unwrap_err();
    let after = world.shelf.current().unwrap().map(|index| index.generation());
    assert_eq!(before, after);
    if before.is_some() {
        assert_eq!(world.files(), files);
    }
    refusal
}

fn with(first: &[u8]) -> World {
    let world = World::new();
    world.take(&[first]).unwrap();
    world
}

#[test]
fn an_older_list_is_refused_also_after_a_restart() {
    let world = with(&list(5, 100, &entries(3, 1)));
    let older = |offered: i64| Refusal::Older {
        in_use: at(100),
        offered: at(offered),
    };
    assert_eq!(
        refused(&world, &[&list(4, 200, &entries(3, 1))]),
        older(200),
        "lower number"
    );
    assert_eq!(
        refused(&world, &[&list(6, 99, &entries(3, 1))]),
        older(99),
        "earlier date"
    );
    let other_key = crl(authority(2), &facts(9, 99), &entries(3, 1)).unwrap();
    assert_eq!(
        refused(&world, &[&other_key]),
        older(99),
        "another key, earlier date"
    );
    // Nothing of the process survives but the directory.
    let restarted = World {
        shelf: revocation::Shelf::open(world.place.path()).unwrap(),
        ..world
    };
    assert_eq!(refused(&restarted, &[&list(4, 200, &entries(3, 1))]), older(200));
    restarted.take(&[&list(6, 100, &entries(3, 1))]).unwrap();
}

#[test]
fn a_number_that_says_two_things_is_refused() {
    let world = with(&list(5, 100, &entries(3, 1)));
    let reused = |offered: i64| Refusal::NumberReused {
        in_use: at(100),
        offered: at(offered),
    };
    assert_eq!(refused(&world, &[&list(5, 200, &entries(3, 1))]), reused(200));
    assert_eq!(refused(&world, &[&list(5, 100, &entries(4, 1))]), reused(100));
}

#[test]
fn a_list_from_the_future_is_refused_and_so_is_ours_when_our_clock_goes_back() {
    let mut world = World::new();
    let (offered, skew) = (at(DAY + 301), world.terms.clock_skew_seconds);
    assert_eq!(skew, 300);
    let future = list(1, DAY + 301, &[]);
    assert_eq!(
        refused(&world, &[&future]),
        Refusal::FromTheFuture {
            offered,
            now: at(DAY)
        }
    );
    world.take(&[&list(1, DAY + 300, &[])]).unwrap();
    world.now = at(-DAY);
    let refusal = refused(&world, &[&list(2, DAY + 301, &[])]);
    assert!(matches!(refusal, Refusal::FromTheFuture { .. }) && refusal.is_alarm());
}

#[test]
fn lists_of_others_are_refused() {
    let world = with(&list(1, 0, &entries(3, 1)));
    let simulation = Simulation::in_memory("index", KeyCache::shared());
    let signing = simulation
        .authority(Hierarchy::Test, CaKind::DigitalSignature, 3)
        .unwrap();
    let theirs = crl(&signing, &facts(2, 10), &entries(3, 1)).unwrap();
    let unknown = Refusal::List {
        place: 0,
        reason: pki::Reason::UnknownIssuer,
    };
    assert_eq!(refused(&world, &[&theirs]), unknown);
    // A generation that is not pinned has the same name.
    let unpinned = crl(authority(1), &facts(2, 10), &entries(3, 1)).unwrap();
    let nobody = Refusal::List {
        place: 1,
        reason: pki::Reason::NoIssuerKeyVerifies { tried: 2 },
    };
    assert_eq!(
        refused(&world, &[&list(2, 10, &entries(3, 1)), &unpinned]),
        nobody
    );
    // Pinned, but not of this directory.
    let mut both = anchors();
    both.push(pki::TrustAnchor::from_der(&signing.certificate).unwrap());
    let mut ingest = world.shelf.ingest(&world.terms, both, NEVER, world.now).unwrap();
    assert_eq!(ingest.add(&mut theirs.as_slice()), Err(Refusal::DifferentIssuers));
    assert_eq!(ingest.add(&mut list(2, 10, &[]).as_slice()), Err(Refusal::Broken));
    assert_eq!(ingest.finish(&mut |_| false).err(), Some(Refusal::Broken));
}

#[test]
fn a_delivery_is_taken_in_whole_or_not_at_all() {
    let world = with(&partition("A", 1, 0, &entries(3, 1)));
    assert_eq!(refused(&world, &[]), Refusal::NoLists);
    let good = partition("A", 2, 10, &entries(4, 1));
    let mut bad = partition("B", 1, 10, &entries(4, 1));
    let last = bad.len() - 1;
    bad[last] ^= 1;
    let reason = pki::Reason::NoIssuerKeyVerifies { tried: 2 };
    assert_eq!(
        refused(&world, &[&good, &bad]),
        Refusal::List { place: 1, reason }
    );
    assert_eq!(refused(&world, &[&good, &good]), Refusal::TwiceInDelivery);
    assert!(!revoked(&world.current(), 4));
}

#[test]
fn two_statements_about_one_certificate_are_refused() {
    let world = World::new();
    let one = entry(7, RevocationReason::Superseded, -10);
    for other in [
        entry(7, RevocationReason::KeyCompromise, -10),
        entry(7, RevocationReason::Superseded, -11),
    ] {
        for number in [7, 7 << 40] {
            let (one, other) = (
                sim::crl::Entry {
                    serial: number,
                    ..one
                },
                sim::crl::Entry {
                    serial: number,
                    ..other
                },
            );
            let contradiction = Refusal::Contradiction { serials: 1 };
            assert_eq!(refused(&world, &[&list(1, 0, &[one, other])]), contradiction);
            let lists = [partition("A", 1, 0, &[one]), partition("B", 1, 0, &[other])];
            assert_eq!(refused(&world, &[&lists[0], &lists[1]]), contradiction);
        }
    }
    let same = world.take(&[&list(1, 0, &[one, one])]).unwrap();
    assert_eq!((same.report.repeated, same.report.revoked), (1, 1));
}

#[test]
fn a_shrunken_list_is_refused_list_by_list() {
    let mut world = World::new();
    world.terms = Terms {
        missing_at_least: 3,
        missing_per_mille: 10,
        ..world.terms
    };
    let (big, small) = (entries(5000, 1), entries(20, 10_000));
    world
        .take(&[&partition("A", 1, 0, &big), &partition("B", 1, 0, &small)])
        .unwrap();
    let next = |a: usize, b: usize| {
        [
            partition("A", 2, 10, &big[a..]),
            partition("B", 2, 10, &small[b..]),
        ]
    };
    let [a, b] = next(51, 0);
    let shrunken = |missing, listed, allowed| Refusal::Shrunken {
        missing,
        listed,
        allowed,
    };
    assert_eq!(refused(&world, &[&a, &b]), shrunken(51, 5000, 50));
    let [a, b] = next(0, 4);
    assert_eq!(
        refused(&world, &[&a, &b]),
        shrunken(4, 20, 3),
        "a municipality does not vanish among others"
    );
    let [a, b] = next(50, 3);
    let taken = world.take(&[&a, &b]).unwrap();
    assert_eq!((taken.report.missing, taken.report.retained), (53, 53));
    // What moved from one list to another is not missing.
    let moved = [
        partition("A", 3, 20, &big[100..]),
        partition("B", 3, 20, &[&small[3..], &big[50..100]].concat()),
    ];
    assert_eq!(world.take(&[&moved[0], &moved[1]]).unwrap().report.missing, 0);
}

#[test]
fn taking_back_a_revocation_of_a_valid_certificate_is_refused() {
    let mut world = World::new();
    world.terms.missing_at_least = 10;
    let long = entry(1 << 50, RevocationReason::CertificateHold, -5);
    let all = [entries(5, 1), vec![long]].concat();
    world.take(&[&list(1, 0, &all)]).unwrap();
    let next = list(2, 10, &all[2..5]);
    for (known, serials) in [(vec![1_u64, 2, 3], 2), (vec![1 << 50], 1)] {
        let mut asked = Vec::new();
        let refusal = world
            .take_knowing(&[&next], &mut |serial| {
                let number = serial.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
                asked.push(number);
                known.contains(&number)
            })
            .unwrap_err();
        assert_eq!(refusal, Refusal::Unrevoked { serials });
        assert!(refusal.is_alarm());
        assert_eq!(asked, [1, 2, 1 << 50], "about what is missing, and nothing else");
    }
    assert_eq!(world.current().generation().0, 1);
    let taken = world.take(&[&next]).unwrap();
    assert!(revoked(&taken.index, 1) && revoked(&taken.index, 1 << 50));
}

#[test]
fn bounds_hold() {
    let mut world = World::new();
    let der = list(1, 0, &entries(50, 1));
    let long: Vec<_> = (0..5)
        .map(|n| entry((1 << 33) + n, RevocationReason::Superseded, -1))
        .collect();
    let cases: [(Terms, Vec<u8>, Refusal); 4] = [
        (
            Terms {
                max_entries: 49,
                ..world.terms.clone()
            },
            der.clone(),
            Refusal::TooManyEntries { limit: 49 },
        ),
        (
            Terms {
                max_list_bytes: 1000,
                ..world.terms.clone()
            },
            der.clone(),
            Refusal::List {
                place: 0,
                reason: pki::Reason::TooLarge { limit: 1000 },
            },
        ),
        (
            Terms {
                max_lists: 0,
                ..world.terms.clone()
            },
            der.clone(),
            Refusal::TooManyLists { limit: 0 },
        ),
        (
            Terms {
                max_long_serials: 4,
                ..world.terms.clone()
            },
            list(1, 0, &long),
            Refusal::TooManyLongSerials { limit: 4 },
        ),
    ];
    for (terms, der, refusal) in cases {
        world.terms = terms;
        assert_eq!(refused(&world, &[&der]), refusal);
    }
    // The bound on entries is on all lists together.
    world.terms = Terms {
        max_entries: 9,
        ..crate::world::terms()
    };
    let [a, b] = [
        partition("A", 1, 0, &entries(5, 1)),
        partition("B", 1, 0, &entries(5, 10)),
    ];
    assert_eq!(refused(&world, &[&a, &b]), Refusal::TooManyEntries { limit: 9 });
    // And the bound on lists counts those that stay in use.
    world.terms = Terms {
        max_lists: 1,
        ..crate::world::terms()
    };
    world.take(&[&a]).unwrap();
    assert_eq!(refused(&world, &[&b]), Refusal::TooManyLists { limit: 1 });
}

#[test]
fn dates_that_do_not_fit_are_refused_and_not_bent() {
    let world = World::new();
    let last = domain::Timestamp::parse_rfc3339("2086-02-06T06:28:15Z").unwrap();
    let of = |at| {
        let entry = sim::crl::Entry {
            serial: 3,
            at,
            reason: RevocationReason::Superseded,
        };
        list(1, 0, &[entry])
    };
    assert_eq!(
        refused(&world, &[&of(last.plus_seconds(1))]),
        Refusal::DateOutOfRange { place: 0 }
    );
    let index: NationalIndex = world.take(&[&of(last)]).unwrap().index;
    let revoked = revocation::Status::Revoked {
        reason: pki::RevocationReason::Superseded,
        at: last,
    };
    assert_eq!(crate::world::standing(&index, 3), revoked);
}
