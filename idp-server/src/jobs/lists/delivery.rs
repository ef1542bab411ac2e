//! A directory of lists as one delivery: which files, whose they are, and whether they are the ones that were looked at before.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use jpki::{CaKind, JpkiConfig};
use pki::{CrlLimits, EntrySink, RevocationReason, StreamRefusal, StreamedCrl, TrustAnchor};

use crate::secret::hash_of;

/// The files of a directory, in the order of names.
pub struct Delivery {
    /// Every `*.crl`.
    pub files: Vec<PathBuf>,
    /// Names, sizes and times of change, digested: equal for every process that looks at the same files.
    pub stamp: String,
}

impl Delivery {
    /// Looks at a directory. One without lists is no delivery.
    pub fn of(directory: &Path) -> io::Result<Option<Self>> {
        let mut seen = Vec::new();
        let entries = match std::fs::read_dir(directory) {
            Ok(entries) => entries,
            // Nothing was delivered yet, or the next delivery is taking the place of this one.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            if path.extension().is_none_or(|extension| extension != "crl") {
                continue;
            }
            let metadata = entry.metadata()?;
            let changed = metadata
                .modified()?
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            seen.push((path, changed.as_nanos(), metadata.len()));
        }
        if seen.is_empty() {
            return Ok(None);
        }
        seen.sort();
        let text = format!("{seen:?}");
        Ok(Some(Self {
            stamp: hash_of(&[text.as_bytes()]).0,
            files: seen.into_iter().map(|(path, _, _)| path).collect(),
        }))
    }

    /// The files of one authority. A file that names an issuer whom nobody pinned belongs to the 利用者証明用 authority's
    /// delivery, which is refused for it: somebody put it there.
    pub fn files_of(&self, kind: CaKind, profile: &JpkiConfig) -> Vec<&Path> {
        let signing: Vec<TrustAnchor> = profile.anchors(CaKind::DigitalSignature).cloned().collect();
        self.files
            .iter()
            .filter(|path| {
                let of_signing = names_issuer(path, &signing);
                of_signing == (kind == CaKind::DigitalSignature)
            })
            .map(PathBuf::as_path)
            .collect()
    }
}

/// Whether a list names one of these as its issuer: its beginning says so, and nothing of it is believed here.
fn names_issuer(path: &Path, anchors: &[TrustAnchor]) -> bool {
    let Ok(mut file) = File::open(path) else {
        return false;
    };
    let limits = CrlLimits {
        max_bytes: u64::MAX,
        max_entries: u64::MAX,
        digest_on_own_thread: false,
    };
    match StreamedCrl::read(&mut file, anchors, &limits, &mut AtTheFirstEntry) {
        Ok(_) | Err(StreamRefusal::Sink(())) => true,
        // An unknown issuer, or nothing that can be read as a list.
        Err(StreamRefusal::List(_) | StreamRefusal::Source(_)) => false,
    }
}

/// Takes nothing.
struct AtTheFirstEntry;

impl EntrySink for AtTheFirstEntry {
    type Refusal = ();

    fn short(&mut self, _: u32, _: i64, _: RevocationReason) -> Result<(), ()> {
        Err(())
    }

    fn long(&mut self, _: &[u8], _: i64, _: RevocationReason) -> Result<(), ()> {
        Err(())
    }
}
