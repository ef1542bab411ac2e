//! Where every process finds the indexes: one directory per authority, looked at before anything is issued.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use jpki::CaKind;
use revocation::{Fault, Shelf, Watcher};
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
    /// before anything is issued. What cannot be read leaves in use what is in use.
    pub fn catch_up(&self, trust: &ArcSwap<Trust>) {
        for held in &self.shelves {
            if let Err(fault) = held.look(trust, &self.swapped) {
                metrics::counter!("revocation_index_faults_total", "ca" => held.kind.as_str()).increment(1);
                tracing::error!(error = %fault, ca = held.kind.as_str(), "the revocation index cannot be read; what is in use stays in use");
            }
        }
    }
}

impl Held {
    fn look(&self, trust: &ArcSwap<Trust>, swapped: &Notify) -> Result<(), Fault> {
        let found = {
            let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
            let found = watcher.look()?;
            if let Some(index) = &found {
                // Under the lock, so that whoever looks next finds it in use.
                trust.rcu(|held| Arc::new(held.with_index(self.kind, index.clone())));
            }
            found
        };
        if let Some(index) = found {
            let generation = index.generation();
            tracing::info!(revocation.generation = %generation, ca = self.kind.as_str(), "new revocation data is in use here");
            if self.kind == CaKind::UserAuthentication {
                swapped.notify_one();
            }
        }
        Ok(())
    }
}
