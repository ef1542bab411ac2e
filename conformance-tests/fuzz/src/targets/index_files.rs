//! The files of the revocation index, as a disk or a hand might have left them.

use std::path::PathBuf;
use std::sync::OnceLock;

use domain::{RevocationGeneration, Timestamp};
use pki::{SerialNumber, TrustAnchor};
use revocation::{Shelf, Status, Terms};
use sim::Simulation;
use sim::authority::{CaKind, Hierarchy};
use sim::crl::{CrlFacts, Entry, RevocationReason, crl};
use sim::keys::KeyCache;

/// Revoked in the genuine index.
const REVOKED: [u64; 3] = [5, 160_000_000, u64::MAX];

fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_219_200)
}

/// The genuine files: names and contents, the manifest among them.
fn genuine() -> &'static [(PathBuf, Vec<u8>)] {
    static FILES: OnceLock<Vec<(PathBuf, Vec<u8>)>> = OnceLock::new();
    FILES.get_or_init(|| {
        let world = Simulation::in_memory("fuzz", KeyCache::shared());
        let authority = world
            .authority(Hierarchy::Test, CaKind::UserAuthentication, 3)
            .unwrap();
        let facts = CrlFacts {
            number: 7,
            this_update: now(),
            next_update: Some(now().plus_seconds(86_400)),
            distribution_point: None,
        };
        let entries = REVOKED.map(|serial| Entry {
            serial,
            at: now(),
            reason: RevocationReason::Superseded,
        });
        let list = crl(&authority, &facts, &entries).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let anchor = TrustAnchor::from_der(&authority.certificate).unwrap();
        let terms = Terms {
            threads: 1,
            ..Terms::default()
        };
        let shelf = Shelf::open(folder.path()).unwrap();
        let mut ingest = shelf
            .ingest(&terms, vec![anchor], RevocationGeneration::default(), now())
            .unwrap();
        ingest.add(&mut list.as_slice()).unwrap();
        ingest.finish(&mut |_| false).unwrap();
        let mut files: Vec<(PathBuf, Vec<u8>)> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.file_type().unwrap().is_file())
            .map(|entry| (entry.file_name().into(), std::fs::read(entry.path()).unwrap()))
            .filter(|(_, bytes)| !bytes.is_empty())
            .collect();
        files.sort();
        files
    })
}

/// The first byte says which file is replaced by the rest. An index that was damaged may refuse to answer, but nobody whom it revoked
/// is good by it; the manifest, which vouches for the others, is the operator's to guard.
pub(crate) fn index_file(bytes: &[u8]) {
    let Some((which, damaged)) = bytes.split_first() else {
        return;
    };
    let files = genuine();
    let which = usize::from(*which) % files.len();
    let folder = tempfile::tempdir().unwrap();
    for (place, (name, content)) in files.iter().enumerate() {
        let content = if place == which {
            damaged
        } else {
            content.as_slice()
        };
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let manifest = files[which].0.to_string_lossy().contains("manifest");
    if let Ok(Some(index)) = Shelf::open(folder.path()).and_then(|shelf| shelf.current()) {
        for serial in REVOKED {
            let serial = SerialNumber::from_bytes(&serial.to_be_bytes()).unwrap();
            let answer = index.lookup(&serial);
            assert!(
                manifest || !matches!(answer, Ok(Status::Good)),
                "revoked, and good by a damaged file"
            );
            let _ = index.reason(&serial);
        }
        let _ = (index.len(), index.parts().count(), index.oldest_coverage());
    }
}

pub(crate) fn index_files() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for (place, (_, content)) in genuine().iter().enumerate() {
        let mut seed = vec![place as u8];
        seed.extend_from_slice(content);
        all.push(seed);
    }
    all
}
