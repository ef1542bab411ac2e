//! Whatever is delivered in whatever order, the index says what a plain map says.

use std::collections::{BTreeMap, BTreeSet};

use pki::{RevocationReason as Read, SerialNumber};
use proptest::prelude::*;
use revocation::{NationalIndex, Status};
use sim::crl::{CrlFacts, Entry, RevocationReason, crl};

use crate::world::{World, at, authority, facts, municipality, newly, serial, standing};

/// Serial numbers of every kind: dense, at the borders of spans and blocks, beyond 32 bits.
fn serials() -> impl Strategy<Value = u64> {
    prop_oneof![
        8 => 1..4000_u64,
        2 => 65_000..66_000_u64,
        2 => (1..40_u64).prop_map(|block| block * 496),
        1 => (1..40_u64).prop_map(|span| span * 65_536),
        1 => u64::from(u32::MAX) - 3..u64::from(u32::MAX) + 3,
        1 => any::<u64>().prop_map(|number| number.max(1)),
    ]
}

fn reasons() -> impl Strategy<Value = RevocationReason> {
    proptest::sample::select(RevocationReason::ALL.to_vec())
}

fn revocations() -> impl Strategy<Value = BTreeMap<u64, (i64, RevocationReason)>> {
    proptest::collection::btree_map(serials(), (-1_000_000..0_i64, reasons()), 0..3000)
}

/// Which of two lists names it: the first, the second, or both.
fn sides() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(0..3_u8, 64)
}

fn read(reason: RevocationReason) -> Read {
    Read::from_code(reason.code()).unwrap()
}

fn entries(of: &BTreeMap<u64, (i64, RevocationReason)>, keep: impl Fn(usize) -> bool) -> Vec<Entry> {
    let mut entries: Vec<Entry> = of
        .iter()
        .enumerate()
        .filter(|(place, _)| keep(*place))
        .map(|(_, (serial, (seconds, reason)))| Entry {
            serial: *serial,
            at: at(*seconds),
            reason: *reason,
        })
        .collect();
    // As if by date.
    entries.sort_by_key(|entry| entry.at);
    entries
}

fn holds(index: &NationalIndex, model: &BTreeMap<u64, (i64, RevocationReason)>, others: &[u64]) {
    assert_eq!(index.len(), u64::try_from(model.len()).unwrap());
    for (number, (seconds, reason)) in model {
        let revoked = Status::Revoked {
            reason: read(*reason),
            at: at(*seconds),
        };
        assert_eq!(standing(index, *number), revoked, "{number}");
        assert_eq!(index.reason(&serial(*number)).unwrap(), Some(read(*reason)));
    }
    let near = model
        .keys()
        .flat_map(|number| [number.wrapping_sub(1), number.wrapping_add(1)]);
    for number in near.chain(others.iter().copied()).filter(|number| *number > 0) {
        if !model.contains_key(&number) {
            assert_eq!(standing(index, number), Status::Good, "{number}");
            assert_eq!(index.reason(&serial(number)).unwrap(), None);
        }
    }
    // Longer than anything listed.
    assert_eq!(
        index
            .lookup(&SerialNumber::from_bytes(&[1; 20]).unwrap())
            .unwrap(),
        Status::Good
    );
}

fn listed(name: &str, number: u64, made: i64, entries: &[Entry]) -> Vec<u8> {
    let facts = CrlFacts {
        distribution_point: Some(municipality(name)),
        ..facts(number, made)
    };
    crl(authority(3), &facts, entries).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn two_deliveries_of_two_lists_say_what_a_map_says(
        first in revocations(),
        second in revocations(),
        sides in sides(),
        others in proptest::collection::vec(any::<u64>(), 20),
        threads in 1..3_usize,
    ) {
        let mut world = World::new();
        world.terms.threads = threads;
        world.terms.missing_at_least = u64::MAX;
        let side = |place: usize| sides[place % sides.len()];
        let names = |of: &BTreeMap<u64, _>, number, made| {
            let of = of.clone();
            [
                listed("A", number, made, &entries(&of, |place| side(place) != 1)),
                listed("B", number, made, &entries(&of, |place| side(place) != 0)),
            ]
        };
        let [a, b] = names(&first, 1, 0);
        let taken = world.take(&[&a, &b]).unwrap();
        holds(&taken.index, &first, &others);
        let both = first.keys().enumerate().filter(|(place, _)| side(*place) == 2).count();
        prop_assert_eq!(taken.report.repeated, u64::try_from(both).unwrap());
        prop_assert_eq!(taken.report.newly_revoked, u64::try_from(first.len()).unwrap());

        // What was said of a certificate before stands, unless the new lists say something else of it.
        let [a, b] = names(&second, 2, 10);
        let next = world.take(&[&a, &b]).unwrap();
        let mut model = first.clone();
        model.extend(second.clone());
        holds(&next.index, &model, &others);
        let fresh: Vec<u64> = second.keys().filter(|number| !first.contains_key(number)).copied().collect();
        prop_assert_eq!(&newly(&next.index, &taken.index), &fresh);
        prop_assert_eq!(next.report.newly_revoked, u64::try_from(fresh.len()).unwrap());
        let gone = first.keys().filter(|number| !second.contains_key(number)).count();
        prop_assert_eq!(next.report.missing, u64::try_from(gone).unwrap());
        prop_assert_eq!(next.report.retained, u64::try_from(gone).unwrap());

        // The old one answers as before, and a process that starts now finds the new one.
        holds(&taken.index, &first, &others);
        holds(&world.current(), &model, &others);

        // A list that does not come leaves what it said in use.
        let third = listed("A", 3, 20, &[]);
        let last = world.take(&[&third]).unwrap();
        holds(&last.index, &model, &others);
        prop_assert_eq!(last.index.parts().count(), 2);
    }
}

#[test]
fn a_dense_nation_is_answered_exactly() {
    let until = at(-10);
    let nation = sim::national_crl::Nation::new(120_000, 400_000, sim::national_crl::Order::Scattered, until);
    let mut der = Vec::new();
    sim::national_crl::write_crl(authority(3), &facts(1, 0), nation.clone(), &mut der).unwrap();
    for threads in [1, 2] {
        let mut world = World::new();
        world.terms.threads = threads;
        let taken = world.take(&[&der]).unwrap();
        let model: BTreeMap<u64, Entry> = nation.clone().map(|entry| (entry.serial, entry)).collect();
        assert_eq!(taken.index.len(), 120_000);
        for number in 1..=400_100_u64 {
            let expected = model.get(&number).map_or(Status::Good, |entry| Status::Revoked {
                reason: read(entry.reason),
                at: entry.at,
            });
            assert_eq!(standing(&taken.index, number), expected, "{number}");
        }
    }
}

#[test]
fn serial_numbers_of_any_length_are_kept_apart() {
    // Of 5 to 8 bytes here; the simulation's lists end there, and the index compares 20 bytes of each.
    let numbers: BTreeSet<u64> = (0..64)
        .flat_map(|bit| [1_u64 << bit, (1_u64 << bit) + 1, (1_u64 << bit).wrapping_sub(1)])
        .filter(|number| *number > 0)
        .collect();
    let listed: Vec<Entry> = numbers
        .iter()
        .step_by(2)
        .map(|number| Entry {
            serial: *number,
            at: at(-5),
            reason: RevocationReason::CertificateHold,
        })
        .collect();
    let world = World::new();
    let der = crl(authority(3), &facts(1, 0), &listed).unwrap();
    let index = world.take(&[&der]).unwrap().index;
    for (place, number) in numbers.iter().enumerate() {
        assert_eq!(
            standing(&index, *number) != Status::Good,
            place % 2 == 0,
            "{number}"
        );
    }
}
