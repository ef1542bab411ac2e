//! What is in force when indexes come, go, come back, and cannot be read.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use domain::{Credential, RevocationGeneration, Timestamp};
use jpki::{CaKind, JpkiConfig, PinnedCa};
use login::Refusal;
use pki::{SerialNumber, TrustAnchor};
use revocation::{Freshness, NationalIndex, Status, Terms};
use sim::Simulation;
use sim::authority::{Authority, Hierarchy};
use sim::crl::{CrlFacts, Entry, RevocationReason, crl};
use sim::keys::KeyCache;
use tempfile::TempDir;

use super::{Covered, Generations, Shelves, Trust};

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

    /// Partitions with the second of their thisUpdate, each valid for a day.
    fn take_partitions(&self, number: u64, partitions: &[(&str, i64)], now: Timestamp) {
        let kind = CaKind::UserAuthentication;
        let authority = authority(kind);
        let anchors = vec![TrustAnchor::from_der(&authority.certificate).unwrap()];
        let terms = Terms::default();
        let last = self.trust.load().generation_of(kind);
        let shelf = self.shelves.shelf(kind).unwrap();
        let mut ingest = shelf.ingest(&terms, anchors, last, now).unwrap();
        for (name, made) in partitions {
            let facts = CrlFacts {
                number,
                this_update: at(*made),
                next_update: Some(at(made + DAY)),
                distribution_point: Some(municipality(name)),
            };
            ingest
                .add(&mut crl(&authority, &facts, &[]).unwrap().as_slice())
                .unwrap();
        }
        ingest.finish(&mut |_| false).unwrap();
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

fn municipality(name: &str) -> Vec<u8> {
    let kind = sim::authority::CaKind::UserAuthentication;
    sim::authority::distribution_point_name(Hierarchy::Test, kind, "Tokyo-to", name)
}

/// What a session knows whose certificate has this distribution point (a directoryName).
fn covered(name: &str) -> Covered {
    let name = municipality(name);
    let point = [&[0xa4, 0x81, u8::try_from(name.len()).unwrap()][..], &name].concat();
    Covered {
        issuer_key_hash: anchor_key(),
        points: Some(vec![point]),
    }
}

fn anchor_key() -> String {
    let authority = authority(CaKind::UserAuthentication);
    TrustAnchor::from_der(&authority.certificate)
        .unwrap()
        .key_hash()
        .to_owned()
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

#[test]
fn a_session_is_judged_by_the_list_that_covers_its_certificate() {
    let place = Place::new(Generations::default());
    place.take_partitions(1, &[("Kiyose-shi", 0), ("Mito-shi", 0)], at(10));
    // The next day's list of the one does not come.
    let now = at(DAY + 4000);
    place.take_partitions(2, &[("Mito-shi", DAY)], now);
    let trust = place.look();
    let unknown = Covered {
        issuer_key_hash: anchor_key(),
        points: None,
    };
    let no_points = Covered {
        issuer_key_hash: anchor_key(),
        points: Some(Vec::new()),
    };
    for (whom, expected) in [
        (covered("Mito-shi"), Freshness::Fresh),
        (covered("Kiyose-shi"), Freshness::Refuse),
        (covered("Kobe-shi"), Freshness::Missing),
        (no_points, Freshness::Missing),
        // The strict rule for whom nobody knows it of.
        (unknown, Freshness::Refuse),
    ] {
        assert_eq!(trust.freshness_about(&whom, now), expected);
        let serial = 7_u64.to_be_bytes();
        let asked = trust.status(&credential(now), &serial, &whom, now);
        let told = match expected {
            Freshness::Fresh | Freshness::StaleAllowed { .. } => Ok(()),
            Freshness::Refuse => Err(Refusal::CrlStale),
            Freshness::Missing => Err(Refusal::CrlMissing),
        };
        assert_eq!(asked, told);
    }
    assert_eq!(trust.freshness(now), Freshness::Refuse, "alarms see the late one");
    assert_eq!(
        trust.newest_freshness(now),
        Freshness::Fresh,
        "and somebody can sign in"
    );
}

#[test]
fn an_index_that_was_lost_and_came_back_without_a_partition_calls_nobody_of_it_good() {
    let place = Place::new(Generations::default());
    place.take_partitions(1, &[("Kiyose-shi", 0), ("Mito-shi", 0)], at(10));
    assert!(
        place
            .look()
            .freshness_about(&covered("Kiyose-shi"), at(10))
            .is_usable()
    );
    for file in fs::read_dir(place.of(CaKind::UserAuthentication)).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    place.look();
    place.take_partitions(1, &[("Mito-shi", 0)], at(20));
    let trust = place.look();
    let asked = |name| trust.status(&credential(at(20)), &[7], &covered(name), at(20));
    assert_eq!(asked("Kiyose-shi"), Err(Refusal::CrlMissing));
    assert_eq!(asked("Mito-shi"), Ok(()));
}

fn credential(now: Timestamp) -> Credential {
    let value = "00".repeat(32);
    serde_json::from_value(serde_json::json!({
        "id": format!("crd_{}", "0".repeat(32)),
        "account": format!("acc_{}", "0".repeat(32)),
        "kind": "user_authentication_card",
        "digest": { "key_version": 1, "value": value },
        "serial": { "key_version": 1, "sealed": "" },
        "issuer_key_hash": anchor_key(),
        "state": "active",
        "not_after": now.plus_seconds(DAY),
        "created_at": now,
    }))
    .unwrap()
}
