//! Where every process finds the indexes: one directory per authority, looked at before anything is issued.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use jpki::CaKind;
use revocation::{Shelf, Watcher};
use tokio::sync::Notify;

use super::{Trust, TrustError};

/// The indexes on disk, shared with every process that has the same directory.
pub struct Shelves {
    shelves: Vec<Held>,
    /// Told whenever this process began to use another index of the 利用者証明用 CA.
    pub swapped: Notify,
}

struct Held {
    kind: CaKind,
    shelf: Shelf,
    watcher: Mutex<Watcher>,
}

impl Shelves {
    /// Opens the directory, or makes it.
    pub fn open(directory: &Path) -> Result<Self, TrustError> {
        let open = |kind: CaKind| {
            let shelf = Shelf::open(&directory.join(kind.as_str())).map_err(TrustError::Index)?;
            let watcher = Mutex::new(shelf.watcher());
            Ok(Held { kind, shelf, watcher })
        };
        Ok(Self {
            shelves: [CaKind::UserAuthentication, CaKind::DigitalSignature]
                .into_iter()
                .map(open)
                .collect::<Result<_, _>>()?,
            swapped: Notify::new(),
        })
    }

    /// The shelf of an authority.
    pub fn shelf(&self, kind: CaKind) -> Option<&Shelf> {
        self.shelves
            .iter()
            .find(|held| held.kind == kind)
            .map(|held| &held.shelf)
    }

    /// Takes over what any process has put in use since the last look: two system calls when nothing happened, so this is done
    /// before anything is issued. Where that cannot be read, what is in use here may have been replaced: it goes on revoking, and
    /// nothing is called good by it until a look succeeds.
    pub fn catch_up(&self, trust: &ArcSwap<Trust>) {
        for held in &self.shelves {
            held.look(trust, &self.swapped);
        }
    }
}

impl Held {
    fn look(&self, trust: &ArcSwap<Trust>, swapped: &Notify) {
        let (kind, ca) = (self.kind, self.kind.as_str());
        // Under the lock, so that whoever looks next finds in use what was found.
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        let known = trust.load().fault(kind).cloned();
        match watcher.look() {
            Ok(found) => {
                if let Some(index) = &found {
                    trust.rcu(|held| Arc::new(held.with_index(kind, index.clone())));
                }
                if known.is_some() {
                    let generation = watcher.generation();
                    trust.rcu(|held| Arc::new(held.after_look(kind, Ok(generation))));
                    tracing::info!(ca, "the revocation index can be read again");
                }
                if let Some(index) = found {
                    tracing::info!(revocation.generation = %index.generation(), ca, "new revocation data is in use here");
                    if kind == CaKind::UserAuthentication {
                        swapped.notify_one();
                    }
                }
            }
            Err(fault) => {
                metrics::counter!("revocation_index_faults_total", "ca" => ca).increment(1);
                // Once for each reason: every request looks.
                if known.as_ref() != Some(&fault) {
                    tracing::error!(error = %fault, ca, "the revocation index cannot be read; nothing is called good by the one before it");
                    trust.rcu(|held| Arc::new(held.after_look(kind, Err(fault.clone()))));
                }
            }
        }
    }
}
