//! What a delivery does: to the lists in use, to the files, to readers.

use domain::RevocationGeneration;
use revocation::{Coverage, Freshness, FreshnessPolicy, NationalIndex, Terms, freshness};
use sim::crl::RevocationReason;

use crate::world::{
    DAY, NEVER, World, anchors, at, authority, entries, entry, facts, list, newly, partition, point, revoked,
};

const KEPT: [&str; 4] = ["dates-N", "entries-N", "manifest", "writer.lock"];

fn kept(generation: u64) -> Vec<String> {
    KEPT.iter()
        .map(|name| name.replace('N', &generation.to_string()))
        .collect()
}

#[test]
fn readers_see_the_old_index_or_the_new_one() {
    let world = World::new();
    let mut watcher = world.shelf.watcher();
    assert!(watcher.look().unwrap().is_none());
    assert!(world.shelf.current().unwrap().is_none());

    world.take(&[&list(1, 0, &entries(10, 1))]).unwrap();
    let first = watcher.look().unwrap().unwrap();
    assert!(watcher.look().unwrap().is_none());
    assert_eq!(world.files(), kept(1));

    world.take(&[&list(2, 10, &entries(20, 1))]).unwrap();
    // Its files are gone, and it answers all the same.
    assert_eq!(world.files(), kept(2));
    assert!(revoked(&first, 10) && !revoked(&first, 20));
    let second = watcher.look().unwrap().unwrap();
    assert!(revoked(&second, 20));
    assert_eq!(newly(&second, &first), (11..=20).collect::<Vec<u64>>());
    assert_eq!(newly(&first, &second), Vec::<u64>::new());
    assert_eq!(
        (first.generation(), second.generation()),
        (RevocationGeneration(1), RevocationGeneration(2))
    );
}

#[test]
fn the_generation_never_falls() {
    let world = World::new();
    let lists = [list(1, 0, &entries(1, 1)), list(2, 10, &entries(2, 1))];
    let mut generations = Vec::new();
    for (list, last) in lists.iter().zip([41, 7]) {
        let mut ingest = world
            .shelf
            .ingest(&world.terms, anchors(), RevocationGeneration(last), world.now)
            .unwrap();
        ingest.add(&mut list.as_slice()).unwrap();
        generations.push(ingest.finish(&mut |_| false).unwrap().index.generation().0);
    }
    assert_eq!(generations, [42, 43]);
    assert_eq!(world.current().generation().0, 43);
}

#[test]
fn the_same_delivery_again_changes_nothing() {
    let world = World::new();
    let [a, b] = [
        partition("A", 1, 0, &entries(5, 1)),
        partition("B", 1, 0, &entries(5, 7)),
    ];
    assert!(world.take(&[&a, &b]).unwrap().changed);
    for lists in [&[&a[..], &b][..], &[&b]] {
        let again = world.take(lists).unwrap();
        assert!(!again.changed);
        assert_eq!(again.index.generation().0, 1);
        assert_eq!(again.report.revoked, 10);
    }
    assert_eq!(world.files(), kept(1));
    let newer = partition("B", 2, 10, &entries(6, 7));
    assert!(world.take(&[&a, &newer]).unwrap().changed);
}

#[test]
fn one_writer_at_a_time() {
    let world = World::new();
    let first = world
        .shelf
        .ingest(&world.terms, anchors(), NEVER, world.now)
        .unwrap();
    let busy = world.shelf.ingest(&world.terms, anchors(), NEVER, world.now);
    assert_eq!(busy.err(), Some(revocation::Refusal::Busy));
    drop(first);
    assert_eq!(
        world.files(),
        ["writer.lock"],
        "a delivery that was dropped leaves nothing"
    );
    world.take(&[&list(1, 0, &[])]).unwrap();
}

#[test]
fn each_certificate_is_judged_by_the_list_that_covers_it() {
    let mut world = World::new();
    let a = partition("A", 1, 0, &entries(3, 1));
    let b = partition("B", 1, 0, &entries(3, 10));
    world.take(&[&a, &b]).unwrap();
    // Only A comes again, the next day.
    world.now = at(DAY + 10);
    let index = world
        .take(&[&partition("A", 2, DAY, &entries(4, 1))])
        .unwrap()
        .index;
    let key = authority(3).key_hash();
    let policy = FreshnessPolicy {
        stale_tolerance_seconds: 5,
        ..FreshnessPolicy::default()
    };
    let judged = |index: &NationalIndex, points: &[Vec<u8>]| {
        freshness(index.coverage(points, &key), &policy, world.now)
    };
    assert_eq!(judged(&index, &[point("A")]), Freshness::Fresh);
    assert_eq!(judged(&index, &[point("B")]), Freshness::Refuse);
    assert_eq!(judged(&index, &[point("C")]), Freshness::Missing);
    assert_eq!(judged(&index, &[]), Freshness::Missing);
    // Any list of a certificate's points will do, the freshest first.
    assert_eq!(judged(&index, &[point("B"), point("A")]), Freshness::Fresh);
    let oldest = index.oldest_coverage().unwrap();
    assert_eq!(oldest.this_update, at(0));
    assert_eq!(index.parts().count(), 2);
    assert!(revoked(&index, 30), "B still says what it said");
}

#[test]
fn the_list_of_the_same_key_decides_where_there_is_one() {
    let mut world = World::new();
    world.now = at(DAY + 10);
    let of = |generation, number, made, count| {
        sim::crl::crl(authority(generation), &facts(number, made), &entries(count, 1)).unwrap()
    };
    world.take(&[&of(2, 9, 0, 2), &of(3, 1, 0, 3)]).unwrap();
    let index = world.take(&[&of(3, 2, DAY, 4)]).unwrap().index;
    let made = |key: &str| {
        index
            .coverage(&[], key)
            .map(|coverage: Coverage| coverage.this_update)
    };
    assert_eq!(made(&authority(3).key_hash()), Some(at(DAY)));
    assert_eq!(made(&authority(2).key_hash()), Some(at(0)));
    assert_eq!(
        made(&authority(1).key_hash()),
        Some(at(DAY)),
        "no list of its own: any of the name"
    );
}

#[test]
fn what_disappears_stays_revoked_until_its_certificate_must_have_expired() {
    let mut world = World::new();
    world.terms = Terms {
        missing_at_least: 10,
        retention_seconds: 1000,
        ..world.terms
    };
    world.now = at(100);
    let reason = RevocationReason::CertificateHold;
    let all = [
        entry(1, reason, -800),
        entry(2, reason, -100),
        entry(3, reason, 0),
        entry(1 << 40, reason, -800),
    ];
    world.take(&[&list(1, 0, &all)]).unwrap();
    world.now = at(150);
    let taken = world.take(&[&list(2, 10, &all[2..3])]).unwrap();
    assert_eq!(
        (
            taken.report.missing,
            taken.report.retained,
            taken.report.forgotten
        ),
        (3, 3, 0)
    );
    assert!(revoked(&taken.index, 1) && revoked(&taken.index, 2) && revoked(&taken.index, 1 << 40));
    // Nothing is missing for a second time; what was revoked longer ago than the retention is let go.
    world.now = at(201);
    let taken = world.take(&[&list(3, 20, &all[2..3])]).unwrap();
    assert_eq!(
        (
            taken.report.missing,
            taken.report.retained,
            taken.report.forgotten
        ),
        (0, 1, 2)
    );
    assert!(!revoked(&taken.index, 1) && revoked(&taken.index, 2) && !revoked(&taken.index, 1 << 40));
    // What is listed is revoked however long ago, and what comes back is listed again.
    world.now = at(5000);
    let taken = world.take(&[&list(4, 30, &all[1..])]).unwrap();
    assert_eq!((taken.report.missing, taken.report.retained), (0, 0));
    assert_eq!(
        taken.report.newly_revoked, 1,
        "what was let go and is named again is news"
    );
    assert!(revoked(&taken.index, 2) && revoked(&taken.index, 3) && revoked(&taken.index, 1 << 40));
}

#[test]
fn a_list_that_is_kept_no_longer_leaves_what_it_said() {
    let mut world = World::new();
    world.terms.retention_seconds = 1000;
    world.now = at(0);
    world
        .take(&[&partition(
            "A",
            1,
            0,
            &[entry(5, RevocationReason::Superseded, 0)],
        )])
        .unwrap();
    world.now = at(1000);
    let taken = world.take(&[&partition("B", 1, 900, &[])]).unwrap();
    assert_eq!(taken.index.parts().count(), 2);
    world.now = at(1001);
    let taken = world.take(&[&partition("B", 2, 950, &[])]).unwrap();
    assert_eq!(taken.index.parts().count(), 1);
    assert_eq!(taken.report.forgotten, 1, "revoked longer ago than the retention");
}
