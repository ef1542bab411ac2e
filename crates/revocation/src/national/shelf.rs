//! The directory that holds the index of one authority. (Body to be replaced: in memory.)

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use domain::{RevocationGeneration, Timestamp};
use pki::{Crl, CrlNumber, CrlScope, TrustAnchor};

use super::index::NationalIndex;
use super::reason::{Fault, Refusal};
use super::terms::{Report, Terms};
use crate::index::RevocationIndex;

/// The directory that holds the index of one authority, shared by any number of processes: many read, one at a time writes.
#[derive(Clone, Debug)]
pub struct Shelf {
    directory: PathBuf,
    current: Arc<Mutex<Option<NationalIndex>>>,
}

impl Shelf {
    /// Opens the directory, or makes it. One directory per authority: lists of another are refused.
    pub fn open(directory: &Path) -> Result<Self, Fault> {
        Ok(Self {
            directory: directory.to_owned(),
            current: Arc::default(),
        })
    }

    /// Where.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Maps the index in use, if any was ever taken in. Pages are checked as they are first used.
    pub fn current(&self) -> Result<Option<NationalIndex>, Fault> {
        Ok(self
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone())
    }

    /// Begins to take in a delivery. `last` is the highest generation ever in use, should it be remembered elsewhere too. The lock on the
    /// directory is held until the value is dropped, or the process dies.
    pub fn ingest<'a>(
        &'a self,
        terms: &'a Terms,
        anchors: Vec<TrustAnchor>,
        last: RevocationGeneration,
        now: Timestamp,
    ) -> Result<Ingest<'a>, Refusal> {
        Ok(Ingest {
            shelf: self,
            terms,
            anchors,
            last,
            now,
            lists: Vec::new(),
        })
    }

    /// Notices what other processes take in.
    pub fn watcher(&self) -> Watcher {
        Watcher {
            shelf: self.clone(),
            seen: None,
        }
    }
}

/// A delivery being taken in. Nothing of it is believed before [`Self::finish`] returned; dropped before, it leaves no trace.
pub struct Ingest<'a> {
    shelf: &'a Shelf,
    terms: &'a Terms,
    anchors: Vec<TrustAnchor>,
    last: RevocationGeneration,
    now: Timestamp,
    lists: Vec<Vec<u8>>,
}

impl Ingest<'_> {
    /// Reads one list (DER) to its end and verifies it. After a refusal the delivery as a whole is refused.
    pub fn add(&mut self, list: &mut (dyn Read + Send)) -> Result<ListFacts, Refusal> {
        let place = self.lists.len();
        let mut bytes = Vec::new();
        list.take(self.terms.max_list_bytes)
            .read_to_end(&mut bytes)
            .map_err(|error| Refusal::Source {
                place,
                kind: error.kind(),
            })?;
        let crl = Crl::verify(&bytes, &self.anchors).map_err(|reason| Refusal::List { place, reason })?;
        let facts = ListFacts {
            scope: crl.scope().clone(),
            issuer_key_hash: crl.issuer_key_hash().to_owned(),
            number: crl.number(),
            this_update: crl.this_update(),
            next_update: crl.next_update(),
            entries: u64::try_from(crl.entries().count()).unwrap_or(u64::MAX),
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        };
        self.lists.push(bytes);
        Ok(facts)
    }

    /// Builds the index, makes it durable, and puts it in use. `known_unexpired` is asked about each serial number (big-endian, without
    /// leading zeros) that the lists no longer name: whether the caller knows the certificate not to have expired.
    pub fn finish(self, known_unexpired: &mut dyn FnMut(&[u8]) -> bool) -> Result<Taken, Refusal> {
        let _ = (known_unexpired, self.now);
        let broken = |reason| Refusal::List { place: 0, reason };
        let lists = self
            .lists
            .iter()
            .map(|der| Crl::verify(der, &self.anchors))
            .collect::<Result<Vec<_>, _>>()
            .map_err(broken)?;
        let before = self.shelf.current()?;
        let built = RevocationIndex::build(
            &lists,
            self.last,
            before.as_ref().map(|index| index.inner.as_ref()),
        );
        let index = match built {
            Ok(index) => NationalIndex {
                inner: Arc::new(index),
            },
            Err(crate::index::Reason::NoLists) => return Err(Refusal::NoLists),
            Err(crate::index::Reason::DifferentIssuers) => return Err(Refusal::DifferentIssuers),
            Err(crate::index::Reason::Older { in_use, offered }) => {
                return Err(Refusal::Older { in_use, offered });
            }
            Err(crate::index::Reason::Entry(reason)) => return Err(broken(reason)),
        };
        let report = Report {
            lists: self.lists.len(),
            revoked: index.len(),
            ..Report::default()
        };
        *self.shelf.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(index.clone());
        Ok(Taken {
            index,
            before,
            report,
        })
    }
}

impl fmt::Debug for Ingest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ingest")
            .field("lists", &self.lists.len())
            .finish_non_exhaustive()
    }
}

/// What a verified list says about itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListFacts {
    /// Which certificates it covers.
    pub scope: CrlScope,
    /// Hexadecimal SHA-256 of the SPKI whose key signed.
    pub issuer_key_hash: String,
    /// cRLNumber.
    pub number: Option<CrlNumber>,
    /// thisUpdate.
    pub this_update: Timestamp,
    /// nextUpdate.
    pub next_update: Option<Timestamp>,
    /// Its entries.
    pub entries: u64,
    /// Its bytes.
    pub bytes: u64,
}

/// A delivery that is in use now.
#[derive(Debug)]
pub struct Taken {
    /// The new index.
    pub index: NationalIndex,
    /// The one that it replaced: see [`NationalIndex::newly_revoked`].
    pub before: Option<NationalIndex>,
    /// What changed.
    pub report: Report,
}

/// Notices what other processes take in. A look costs one system call when nothing happened.
#[derive(Debug)]
pub struct Watcher {
    shelf: Shelf,
    seen: Option<RevocationGeneration>,
}

impl Watcher {
    /// The index in use, if it is another than at the last look.
    pub fn look(&mut self) -> Result<Option<NationalIndex>, Fault> {
        let current = self.shelf.current()?;
        let generation = current.as_ref().map(NationalIndex::generation);
        if generation == self.seen {
            return Ok(None);
        }
        self.seen = generation;
        Ok(current)
    }
}
