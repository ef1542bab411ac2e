//! A simulated authority, its lists, and a shelf to keep them on.

use std::sync::OnceLock;

use domain::{RevocationGeneration, Timestamp};
use pki::{SerialNumber, TrustAnchor};
use revocation::{NationalIndex, Refusal, Shelf, Status, Taken, Terms};
use sim::Simulation;
use sim::authority::{Authority, CaKind, Hierarchy, distribution_point_name};
use sim::crl::{CrlFacts, Entry, RevocationReason, crl};
use sim::keys::KeyCache;
use tempfile::TempDir;

pub(crate) const NEVER: RevocationGeneration = RevocationGeneration(0);

/// A day; lists are made at its beginning.
pub(crate) const DAY: i64 = 86_400;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_795_000_000 + seconds)
}

pub(crate) fn authority(generation: u8) -> &'static Authority {
    static ALL: OnceLock<Vec<Authority>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let world = Simulation::in_memory("index", KeyCache::shared());
        (1..=3)
            .map(|generation| {
                world
                    .authority(Hierarchy::Test, CaKind::UserAuthentication, generation)
                    .unwrap()
            })
            .collect()
    });
    all.get(usize::from(generation) - 1).unwrap()
}

/// Generations 2 and 3 are pinned.
pub(crate) fn anchors() -> Vec<TrustAnchor> {
    [2, 3]
        .into_iter()
        .map(|generation| TrustAnchor::from_der(&authority(generation).certificate).unwrap())
        .collect()
}

pub(crate) fn municipality(name: &str) -> Vec<u8> {
    distribution_point_name(Hierarchy::Test, CaKind::UserAuthentication, "Tokyo-to", name)
}

/// As certificates carry it: a directoryName.
pub(crate) fn point(name: &str) -> Vec<u8> {
    let name = municipality(name);
    let length = u8::try_from(name.len()).unwrap();
    [&[0xa4, 0x81, length][..], &name].concat()
}

pub(crate) fn facts(number: u64, made: i64) -> CrlFacts {
    CrlFacts {
        number,
        this_update: at(made),
        next_update: Some(at(made + DAY)),
        distribution_point: None,
    }
}

pub(crate) fn list(number: u64, made: i64, entries: &[Entry]) -> Vec<u8> {
    crl(authority(3), &facts(number, made), entries).unwrap()
}

pub(crate) fn partition(name: &str, number: u64, made: i64, entries: &[Entry]) -> Vec<u8> {
    let facts = CrlFacts {
        distribution_point: Some(municipality(name)),
        ..facts(number, made)
    };
    crl(authority(3), &facts, entries).unwrap()
}

pub(crate) fn entry(serial: u64, reason: RevocationReason, revoked: i64) -> Entry {
    Entry {
        serial,
        at: at(revoked),
        reason,
    }
}

/// So many entries with serial numbers that a step apart.
pub(crate) fn entries(count: u64, step: u64) -> Vec<Entry> {
    (1..=count)
        .map(|place| {
            entry(
                place * step,
                RevocationReason::Superseded,
                -i64::try_from(place).unwrap(),
            )
        })
        .collect()
}

pub(crate) fn serial(number: u64) -> SerialNumber {
    SerialNumber::from_bytes(&number.to_be_bytes()).unwrap()
}

pub(crate) fn standing(index: &NationalIndex, number: u64) -> Status {
    index.lookup(&serial(number)).unwrap()
}

pub(crate) fn revoked(index: &NationalIndex, number: u64) -> bool {
    standing(index, number) != Status::Good
}

pub(crate) fn newly(now: &NationalIndex, before: &NationalIndex) -> Vec<u64> {
    now.newly_revoked(before)
        .map(|serial| {
            let serial = serial.unwrap();
            serial
                .expose_bytes()
                .iter()
                .fold(0, |number, byte| number << 8 | u64::from(*byte))
        })
        .collect()
}

/// Small lists: nothing needs a second thread, and one missing certificate is one too many unless a test says otherwise.
pub(crate) fn terms() -> Terms {
    Terms {
        missing_at_least: 1,
        missing_per_mille: 0,
        threads: 1,
        ..Terms::default()
    }
}

pub(crate) struct World {
    pub(crate) place: TempDir,
    pub(crate) shelf: Shelf,
    pub(crate) terms: Terms,
    pub(crate) now: Timestamp,
}

impl World {
    pub(crate) fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        Self {
            shelf: Shelf::open(place.path()).unwrap(),
            place,
            terms: terms(),
            now: at(DAY),
        }
    }

    pub(crate) fn take(&self, lists: &[&[u8]]) -> Result<Taken, Refusal> {
        self.take_knowing(lists, &mut |_| false)
    }

    pub(crate) fn take_knowing(
        &self,
        lists: &[&[u8]],
        known_unexpired: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<Taken, Refusal> {
        let mut ingest = self.shelf.ingest(&self.terms, anchors(), NEVER, self.now)?;
        for list in lists {
            ingest.add(&mut &**list)?;
        }
        ingest.finish(known_unexpired)
    }

    pub(crate) fn current(&self) -> NationalIndex {
        self.shelf.current().unwrap().unwrap()
    }

    pub(crate) fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.place.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}
