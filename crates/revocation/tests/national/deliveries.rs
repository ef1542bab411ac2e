//! What a delivery does: to the lists in use, to the files, to readers.

use domain::RevocationGeneration;
use revocation::{Coverage, Freshness, FreshnessPolicy, NationalIndex, Refusal, Terms, freshness};
use sim::crl::{CrlFacts, RevocationReason};

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

/// What a clock that jumps does to an index in use: a day's list is taken in under the wrong time and under the right one again.
#[test]
fn a_clock_that_jumps_forgets_nothing_and_calls_nothing_current() {
    let mut world = World::new();
    world.terms.missing_at_least = 10;
    let reason = RevocationReason::KeyCompromise;
    let all = [
        entry(1, reason, -DAY),
        entry(2, reason, -DAY),
        entry(1 << 40, reason, -DAY),
    ];
    let judged = |world: &World| {
        let current = world.current();
        freshness(
            current.coverage(&[], &authority(3).key_hash()),
            &FreshnessPolicy::default(),
            world.now,
        )
    };
    world.now = at(10);
    world.take(&[&list(1, 0, &all)]).unwrap();
    // The next day's list names the first only: the others are retained.
    world.now = at(DAY + 10);
    world.take(&[&list(2, DAY, &all[..1])]).unwrap();
    assert_eq!(judged(&world), Freshness::Fresh);
    // The clock runs ahead by thirty years; the day's lists come as ever, also one without nextUpdate.
    let years = 30 * 366 * DAY;
    world.now = at(2 * DAY + years);
    assert_eq!(judged(&world), Freshness::Refuse);
    let taken = world.take(&[&list(3, 2 * DAY, &all[..1])]).unwrap();
    assert_eq!((taken.report.retained, taken.report.forgotten), (2, 0));
    let undated = CrlFacts {
        next_update: None,
        ..facts(4, 2 * DAY + 1)
    };
    let undated = sim::crl::crl(authority(3), &undated, &all[..1]).unwrap();
    assert_eq!(world.take(&[&undated]).unwrap().report.forgotten, 0);
    // Nor does a nextUpdate of the far future vouch for a clock that is there.
    let endless = CrlFacts {
        next_update: Some(at(2 * years)),
        ..facts(5, 2 * DAY + 2)
    };
    let endless = sim::crl::crl(authority(3), &endless, &all[..1]).unwrap();
    assert_eq!(world.take(&[&endless]).unwrap().report.forgotten, 0);
    // It is set back too far: today's lists are of the future, and so are those in use.
    world.now = at(-years);
    assert_eq!(judged(&world), Freshness::Refuse);
    let refusal = world.take(&[&list(6, 3 * DAY, &all[..1])]).unwrap_err();
    assert!(refusal.is_alarm(), "{refusal}");
    // And it is right again.
    world.now = at(3 * DAY + 10);
    let taken = world.take(&[&list(6, 3 * DAY, &all[..1])]).unwrap();
    assert_eq!(judged(&world), Freshness::Fresh);
    for serial in [1, 2, 1 << 40] {
        assert!(revoked(&taken.index, serial), "{serial}");
    }
    assert_eq!(taken.report.retained, 2);
}

#[test]
fn the_list_of_an_unpinned_key_covers_nobody_and_takes_nothing_back() {
    let mut world = World::new();
    world.now = at(10);
    let old = sim::crl::crl(authority(2), &facts(1, 0), &entries(3, 1)).unwrap();
    world.take(&[&old, &list(1, 0, &entries(3, 10))]).unwrap();
    let key = authority(2).key_hash();
    assert_eq!(world.current().parts().count(), 2);
    // The key is pinned no more; the same delivery of the other key comes again.
    let left = anchors()
        .into_iter()
        .filter(|anchor| anchor.key_hash() != key)
        .collect();
    let mut ingest = world.shelf.ingest(&world.terms, left, NEVER, world.now).unwrap();
    ingest.add(&mut list(1, 0, &entries(3, 10)).as_slice()).unwrap();
    let taken = ingest.finish(&mut |_| false).unwrap();
    assert!(taken.changed, "it is not the same index");
    let keys: Vec<_> = taken
        .index
        .parts()
        .map(|part| part.issuer_key_hash.to_owned())
        .collect();
    assert_eq!(keys, [authority(3).key_hash()]);
    for serial in [1, 2, 3, 10, 20, 30] {
        assert!(revoked(&taken.index, serial), "{serial}");
    }
    assert_eq!(taken.report.retained, 3);
}

#[test]
fn an_index_from_before_the_one_in_use_is_built_anew() {
    let world = World::new();
    let list = list(1, 0, &entries(3, 1));
    world.take(&[&list]).unwrap();
    // The directory was put back: elsewhere it is remembered that generation 7 was in use. Nothing in the lists is new.
    let mut ingest = world
        .shelf
        .ingest(&world.terms, anchors(), RevocationGeneration(7), world.now)
        .unwrap();
    ingest.add(&mut list.as_slice()).unwrap();
    let taken = ingest.finish(&mut |_| false).unwrap();
    assert!(taken.changed);
    assert_eq!(taken.index.generation().0, 8);
    assert_eq!(world.current().generation().0, 8);
}

#[test]
fn a_retired_list_covers_nobody_and_takes_nothing_back() {
    let mut world = World::new();
    world.now = at(10);
    let a = partition("A", 1, 0, &entries(3, 1));
    let b = partition("B", 1, 0, &entries(3, 10));
    world.take(&[&a, &b]).unwrap();
    let id = |index: &NationalIndex, name: &str| {
        let part = index.parts().find(|part| part.scope.covers(&[point(name)]));
        part.map(|part| part.id())
    };
    let of_a = id(&world.current(), "A").unwrap();
    let retire = |world: &World, ids: &[&str]| {
        let mut ingest = world.shelf.ingest(&world.terms, anchors(), NEVER, world.now)?;
        for id in ids {
            ingest.retire(id)?;
        }
        ingest.finish(&mut |_| false)
    };
    // Within its dates it is in use, whoever says otherwise.
    assert_eq!(
        retire(&world, &[&of_a]).unwrap_err(),
        Refusal::StillCurrent { next_update: at(DAY) }
    );
    // B comes again, A no more.
    world.now = at(3 * DAY);
    let index = world
        .take(&[&partition("B", 2, 3 * DAY, &entries(3, 10))])
        .unwrap()
        .index;
    assert_eq!(
        id(&index, "A").as_deref(),
        Some(of_a.as_str()),
        "the name is the same from day to day"
    );
    assert_eq!(index.oldest_coverage().unwrap().this_update, at(0));
    assert_eq!(
        retire(&world, &["0123456789abcdef"]).unwrap_err(),
        Refusal::NoSuchList
    );
    let taken = retire(&world, &[&of_a]).unwrap();
    assert!(taken.changed);
    assert_eq!(taken.index.parts().count(), 1);
    assert_eq!(taken.index.oldest_coverage().unwrap().this_update, at(3 * DAY));
    let key = authority(3).key_hash();
    assert_eq!(taken.index.coverage(&[point("A")], &key), None);
    for serial in [1, 2, 3, 10, 20, 30] {
        assert!(revoked(&taken.index, serial), "{serial}");
    }
    assert_eq!(taken.index.generation().0, 3);
    assert_eq!(world.current().parts().count(), 1);
    // The last one stays, however old.
    world.now = at(9 * DAY);
    let of_b = id(&world.current(), "B").unwrap();
    assert_eq!(retire(&world, &[&of_b]).unwrap_err(), Refusal::LastList);
    // A list of the scope that comes after all is in use again.
    let again = partition("A", 2, 9 * DAY, &entries(3, 1));
    assert_eq!(world.take(&[&again]).unwrap().report.newly_revoked, 0);
    assert_eq!(id(&world.current(), "A"), Some(of_a));
}
