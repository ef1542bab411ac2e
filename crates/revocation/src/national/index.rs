//! The index that answers. (Body to be replaced: sorted arrays in memory.)

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use domain::{RevocationGeneration, Timestamp};
use pki::{CrlNumber, CrlScope, SerialNumber, TrustAnchor};

use super::reason::{Fault, Refusal};
use super::shelf::Shelf;
use super::terms::Terms;
use crate::freshness::Coverage;
use crate::index::{RevocationIndex, Status};

/// Everything that the lists in use of one authority say. Immutable, cheap to clone, shared between threads; a new delivery makes
/// a new one, and the old one answers until the last clone is dropped.
#[derive(Clone)]
pub struct NationalIndex {
    pub(super) inner: Arc<RevocationIndex>,
}

impl NationalIndex {
    /// The index of a delivery without a directory: for tests and for offline questions.
    pub fn in_memory(
        lists: &[&[u8]],
        anchors: Vec<TrustAnchor>,
        terms: &Terms,
        last: RevocationGeneration,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let shelf = Shelf::open(Path::new(""))?;
        let mut ingest = shelf.ingest(terms, anchors, last, now)?;
        for list in lists {
            ingest.add(&mut &**list)?;
        }
        Ok(ingest.finish(&mut |_| false)?.index)
    }

    /// Rises with every delivery taken in, across restarts and processes: it is kept on disk beside the index.
    pub fn generation(&self) -> RevocationGeneration {
        self.inner.generation()
    }

    /// What the lists say about a serial number. An error is not "good".
    pub fn lookup(&self, serial: &SerialNumber) -> Result<Status, Fault> {
        Ok(self.inner.lookup(serial))
    }

    /// The dates of the list that decides about a certificate with these cRLDistributionPoints (DER `GeneralNames`), signed by the
    /// key of this hash: the freshest that covers it and was signed by the same key; where there is none of that key, the freshest
    /// that covers it. None where no list covers it, and then [`Self::lookup`] means nothing.
    pub fn coverage(&self, distribution_points: &[Vec<u8>], issuer_key_hash: &str) -> Option<Coverage> {
        let _ = issuer_key_hash;
        self.inner.coverage(distribution_points)
    }

    /// The dates of the oldest list: for overviews. A certificate is judged by [`Self::coverage`].
    pub fn oldest_coverage(&self) -> Option<Coverage> {
        self.inner.oldest_coverage()
    }

    /// Every list in use, for metrics and pages.
    pub fn parts(&self) -> impl Iterator<Item = PartStatus<'_>> {
        std::iter::empty()
    }

    /// How many serial numbers are revoked.
    pub fn len(&self) -> u64 {
        u64::try_from(self.inner.len()).unwrap_or(u64::MAX)
    }

    /// Whether nothing is revoked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The serial numbers that this index revokes and `before` did not, in rising order: the sessions of these people must end. After
    /// the first fault there are no more.
    pub fn newly_revoked<'a>(&'a self, before: &'a Self) -> NewlyRevoked<'a> {
        NewlyRevoked {
            rest: Box::new(
                self.inner
                    .serials()
                    .filter(|serial| before.inner.lookup(serial) == Status::Good)
                    .map(Ok),
            ),
        }
    }
}

impl fmt::Debug for NationalIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NationalIndex")
            .field("generation", &self.generation())
            .field("revoked", &self.len())
            .finish_non_exhaustive()
    }
}

/// One list in use.
#[derive(Clone, Copy, Debug)]
pub struct PartStatus<'a> {
    /// Which certificates it covers.
    pub scope: &'a CrlScope,
    /// Hexadecimal SHA-256 of the SPKI whose key signed.
    pub issuer_key_hash: &'a str,
    /// cRLNumber.
    pub number: Option<CrlNumber>,
    /// thisUpdate.
    pub this_update: Timestamp,
    /// nextUpdate.
    pub next_update: Option<Timestamp>,
    /// How many entries it had.
    pub entries: u64,
}

/// See [`NationalIndex::newly_revoked`].
pub struct NewlyRevoked<'a> {
    rest: Box<dyn Iterator<Item = Result<SerialNumber, Fault>> + 'a>,
}

impl Iterator for NewlyRevoked<'_> {
    type Item = Result<SerialNumber, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rest.next()
    }
}

impl fmt::Debug for NewlyRevoked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewlyRevoked(..)")
    }
}
