//! A directory of lists as one delivery: which files, whose they are, and whether they are the ones that were looked at before.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use jpki::{CaKind, JpkiConfig};
use pki::{CrlLimits, EntrySink, Reason, RevocationReason, StreamRefusal, StreamedCrl, TrustAnchor};

use crate::secret::hash_of;

/// The lists of one authority, in the order of names.
pub struct Delivery {
    /// Every `*.crl`.
    pub files: Vec<PathBuf>,
    /// Names, sizes and times of change of everything that was looked at, digested: equal for every process that looks at the same
    /// files.
    pub stamp: String,
}

impl Delivery {
    /// Looks at a directory for the lists of one authority. What lies in the authority's own directory in it (`user-authentication`,
    /// `digital-signature`) is its delivery whatever it says, so that a damaged list concerns nobody else; what lies beside them belongs to
    /// the 署名用 authority where its beginning names it, and else to the 利用者証明用 authority, whose delivery is refused for a list
    /// of anybody else: somebody put it there. Without any file there is no delivery.
    pub fn of(directory: &Path, kind: CaKind, profile: &JpkiConfig) -> io::Result<Option<Self>> {
        let own = lists_in(&directory.join(kind.as_str()))?;
        let beside = lists_in(directory)?;
        if own.is_empty() && beside.is_empty() {
            return Ok(None);
        }
        let stamp = hash_of(&[format!("{own:?} {beside:?}").as_bytes()]).0;
        let path = |(path, _, _): Seen| path;
        let ours =
            |path: &PathBuf| is_of_signing_authority(path, profile) == (kind == CaKind::DigitalSignature);
        let files = own.into_iter().map(path);
        Ok(Some(Self {
            files: files.chain(beside.into_iter().map(path).filter(ours)).collect(),
            stamp,
        }))
    }
}

/// A file, when it was changed, how long it is.
type Seen = (PathBuf, u128, u64);

fn lists_in(directory: &Path) -> io::Result<Vec<Seen>> {
    let mut seen = Vec::new();
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        // Nothing was delivered yet, or the next delivery is taking the place of this one.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(seen),
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
    seen.sort();
    Ok(seen)
}

/// Whether a list's beginning names the 署名用 authority as its issuer; nothing of it is believed here. What is wrong with the rest of
/// it makes no difference.
fn is_of_signing_authority(path: &Path, profile: &JpkiConfig) -> bool {
    let is_foreign = |kind| {
        let anchors: Vec<TrustAnchor> = profile.anchors(kind).cloned().collect();
        names_another_issuer(path, &anchors)
    };
    // Where not even the beginning can be read, it names nobody, and no other either.
    !is_foreign(CaKind::DigitalSignature) && is_foreign(CaKind::UserAuthentication)
}

fn names_another_issuer(path: &Path, anchors: &[TrustAnchor]) -> bool {
    let limits = CrlLimits {
        max_bytes: u64::MAX,
        max_entries: u64::MAX,
        digest_on_own_thread: false,
    };
    File::open(path).is_ok_and(|mut file| {
        let read = StreamedCrl::read(&mut file, anchors, &limits, &mut AtTheFirstEntry);
        matches!(read, Err(StreamRefusal::List(Reason::UnknownIssuer)))
    })
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
