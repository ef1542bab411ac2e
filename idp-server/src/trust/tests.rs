//! What is in force when indexes come, go, come back, and cannot be read.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use domain::{RevocationGeneration, Timestamp};
use jpki::{CaKind, JpkiConfig, PinnedCa};
use pki::{SerialNumber, TrustAnchor};
use revocation::{Freshness, NationalIndex, Status, Terms};
use sim::Simulation;
use sim::authority::{Authority, Hierarchy};
use sim::crl::{CrlFacts, Entry, RevocationReason, crl};
use sim::keys::KeyCache;
use tempfile::TempDir;

use super::{Generations, Shelves, Trust};

const KINDS: [CaKind; 2] = [CaKind::UserAuthentication, CaKind::DigitalSignature];
const DAY: i64 = 86_400;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_795_000_000 + seconds)
}

fn authority(kind: CaKind) -> Authority {
    let kind = match kind {
        CaKind::UserAuthentication => sim::authority::CaKind::UserAuthentication,
        CaKind::DigitalSignature => sim::authority::CaKind::DigitalSignature,
    };
    Simulation::in_memory("trust", KeyCache::shared())
        .authority(Hierarchy::Test, kind, 3)
        .unwrap()
}

struct Place {
    directory: TempDir,
    trust: ArcSwap<Trust>,
    shelves: Shelves,
}

impl Place {
    fn new(last: Generations) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let pinned = KINDS
            .iter()
            .map(|kind| PinnedCa::from_der(*kind, "third", &authority(*kind).certificate).unwrap())
            .collect();
        let profile = Arc::new(JpkiConfig::new(jpki::Mode::Test, pinned));
        Self {
            shelves: Shelves::open(directory.path()).unwrap(),
            directory,
            trust: ArcSwap::from_pointee(Trust::over(profile, last)),
        }
    }

    /// Another process takes in a list of a day, revoking serial numbers 1 to `revoked`.
    fn take(&self, kind: CaKind, number: u64, revoked: u64) -> RevocationGeneration {
        let made = at(i64::try_from(number).unwrap());
        let facts = CrlFacts {
            number,
            this_update: made,
            next_update: Some(made.plus_seconds(DAY)),
            distribution_point: None,
        };
        let entry = |serial| Entry {
            serial,
            at: at(-5),
            reason: RevocationReason::Superseded,
        };
        let authority = authority(kind);
        let list = crl(&authority, &facts, &(1..=revoked).map(entry).collect::<Vec<_>>()).unwrap();
        let anchors = vec![TrustAnchor::from_der(&authority.certificate).unwrap()];
        let last = self.trust.load().generation_of(kind);
        let terms = Terms::default();
        let shelf = self.shelves.shelf(kind).unwrap();
        let mut ingest = shelf.ingest(&terms, anchors, last, at(DAY / 2)).unwrap();
        ingest.add(&mut list.as_slice()).unwrap();
        ingest.finish(&mut |_| false).unwrap().index.generation()
    }

    fn look(&self) -> Arc<Trust> {
        self.shelves.catch_up(&self.trust);
        self.trust.load_full()
    }

    fn of(&self, kind: CaKind) -> PathBuf {
        self.directory.path().join(kind.as_str())
    }

    fn manifest(&self, kind: CaKind) -> PathBuf {
        self.of(kind).join("manifest")
    }

    /// A copy of an authority's files as they are now.
    fn backup(&self, kind: CaKind) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_files(&self.of(kind), copy.path());
        copy
    }

    fn put_back(&self, kind: CaKind, copy: &TempDir) {
        for file in fs::read_dir(self.of(kind)).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
        copy_files(copy.path(), &self.of(kind));
    }
}

fn copy_files(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

fn is_revoked(trust: &Trust, kind: CaKind, serial: u64) -> bool {
    let serial = SerialNumber::from_bytes(&serial.to_be_bytes()).unwrap();
    trust.index(kind).unwrap().lookup(&serial).unwrap() != Status::Good
}

fn in_use(trust: &Trust, kind: CaKind) -> Option<u64> {
    trust.index(kind).map(|index| NationalIndex::generation(index).0)
}

#[test]
fn a_directory_that_was_put_back_is_no_index_of_either_authority() {
    for kind in KINDS {
        let before = Place::new(Generations::default());
        before.take(kind, 1, 1);
        let backup = before.backup(kind);
        before.take(kind, 2, 2);
        let last = Generations {
            authentication: before.trust.load().generation_of(CaKind::UserAuthentication),
            signing: before.trust.load().generation_of(CaKind::DigitalSignature),
        };
        assert_eq!(last, Generations::default(), "nobody looked yet");
        assert_eq!(in_use(&before.look(), kind), Some(2));
        // A new process, whose Ledger remembers generation 2, over the files of generation 1.
        let remembered = before.trust.load().generation_of(kind);
        let last = match kind {
            CaKind::UserAuthentication => Generations {
                authentication: remembered,
                ..Generations::default()
            },
            CaKind::DigitalSignature => Generations {
                signing: remembered,
                ..Generations::default()
            },
        };
        let after = Place::new(last);
        after.put_back(kind, &backup);
        let trust = after.look();
        assert_eq!(in_use(&trust, kind), None, "{kind:?}");
        assert_eq!(trust.freshness_of(kind, at(10)), Freshness::Missing);
        // The lists that are in that index already make it an index again, under a generation that nobody has seen.
        assert_eq!(after.take(kind, 1, 1).0, 3);
        let trust = after.look();
        assert_eq!(in_use(&trust, kind), Some(3));
        assert_eq!(trust.freshness_of(kind, at(10)), Freshness::Fresh);
    }
}

#[test]
fn an_index_that_was_lost_comes_back_under_a_generation_that_nobody_has_seen() {
    for kind in KINDS {
        let place = Place::new(Generations::default());
        place.take(kind, 1, 1);
        place.take(kind, 2, 1);
        assert_eq!(in_use(&place.look(), kind), Some(2));
        for file in fs::read_dir(place.of(kind)).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
        place.look();
        place.take(kind, 2, 1);
        assert_eq!(in_use(&place.look(), kind), Some(3), "{kind:?}");
    }
}

#[test]
fn what_cannot_be_read_is_not_called_current() {
    for kind in KINDS {
        let place = Place::new(Generations::default());
        place.take(kind, 1, 1);
        assert_eq!(place.look().freshness_of(kind, at(10)), Freshness::Fresh);
        place.take(kind, 2, 2);
        let whole = fs::read(place.manifest(kind)).unwrap();
        fs::write(place.manifest(kind), &whole[..whole.len() - 1]).unwrap();
        let trust = place.look();
        // What is in use goes on revoking, and is good for nothing else; the other authority's is not concerned.
        assert_eq!(trust.freshness_of(kind, at(10)), Freshness::Refuse, "{kind:?}");
        assert!(trust.fault(kind).is_some());
        assert!(is_revoked(&trust, kind, 1));
        for other in KINDS.into_iter().filter(|other| *other != kind) {
            assert!(trust.fault(other).is_none());
        }
        // However often it is looked at.
        assert_eq!(place.look().freshness_of(kind, at(10)), Freshness::Refuse);
        fs::write(place.manifest(kind), &whole).unwrap();
        let trust = place.look();
        assert_eq!(trust.freshness_of(kind, at(10)), Freshness::Fresh);
        assert!(trust.fault(kind).is_none());
        assert!(is_revoked(&trust, kind, 2));
    }
}

#[test]
fn files_that_the_manifest_names_and_nobody_can_open_are_a_fault() {
    let kind = CaKind::UserAuthentication;
    let place = Place::new(Generations::default());
    place.take(kind, 1, 1);
    place.look();
    place.take(kind, 2, 2);
    let entries = place.of(kind).join("entries-2");
    let kept = fs::read(&entries).unwrap();
    fs::remove_file(&entries).unwrap();
    assert_eq!(place.look().freshness(at(10)), Freshness::Refuse);
    fs::write(&entries, kept).unwrap();
    assert_eq!(place.look().freshness(at(10)), Freshness::Fresh);
}

#[test]
fn after_a_fault_only_what_is_not_less_than_before_is_current_again() {
    let kind = CaKind::UserAuthentication;
    let place = Place::new(Generations::default());
    place.take(kind, 1, 1);
    let first = place.backup(kind);
    place.look();
    place.take(kind, 2, 2);
    let second = place.backup(kind);
    place.look();
    fs::write(place.manifest(kind), b"damaged").unwrap();
    assert_eq!(place.look().freshness(at(10)), Freshness::Refuse);
    // Somebody repairs it with files from before.
    place.put_back(kind, &first);
    let trust = place.look();
    assert_eq!(trust.freshness(at(10)), Freshness::Refuse);
    assert!(is_revoked(&trust, kind, 2));
    // The right ones, which are those in use here: nothing new, and current again.
    place.put_back(kind, &second);
    let trust = place.look();
    assert_eq!(trust.freshness(at(10)), Freshness::Fresh);
    assert_eq!(in_use(&trust, kind), Some(2));
}
