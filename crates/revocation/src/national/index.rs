//! The index that answers.

use std::fmt;
use std::sync::Arc;

use domain::{RevocationGeneration, Timestamp};
use pki::{CrlNumber, CrlScope, RevocationReason, SerialNumber, TrustAnchor};

use super::changes::NewlyRevoked;
use super::container::{self, Bits, SPAN, Slot};
use super::gather::{padded, unpacked_date};
use super::ingest::Ingest;
use super::manifest::{Manifest, Part};
use super::pages::CheckedPages;
use super::reason::{Fault, Refusal};
use super::terms::Terms;
use crate::freshness::Coverage;
use crate::status::Status;

/// Everything that the lists in use of one authority say. Immutable, cheap to clone, shared between threads; a new delivery makes
/// a new one, and the old one answers until the last clone is dropped.
#[derive(Clone)]
pub struct NationalIndex {
    inner: Arc<Inner>,
    /// See [`Self::outdated`].
    outdated: bool,
}

struct Inner {
    facts: Facts,
    slots: Vec<Slot>,
    entries: CheckedPages,
    dates: CheckedPages,
}

/// What the manifest says, without what [`Inner`] keeps apart.
pub(super) struct Facts {
    pub(super) generation: RevocationGeneration,
    pub(super) issuer: Vec<u8>,
    pub(super) parts: Vec<Part>,
    pub(super) retained: u64,
    part_width: usize,
    only_part: u16,
    short: u64,
    long: u64,
    long_offset: usize,
    long_width: usize,
}

/// Date and part of a revoked certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Record {
    pub(super) date: u32,
    pub(super) part: u16,
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
        let mut ingest = Ingest::in_memory(terms, anchors, last, now);
        for list in lists {
            ingest.add(&mut &**list)?;
        }
        Ok(ingest.finish(&mut |_| false)?.index)
    }

    /// From a manifest and the two files that it names. No page is looked at yet.
    pub(super) fn assemble(
        manifest: Manifest,
        entries: super::pages::Bytes,
        dates: super::pages::Bytes,
    ) -> Result<Self, Fault> {
        let part_width = usize::from(manifest.part_width);
        let all = manifest.short.checked_add(manifest.long).ok_or(Fault::Manifest)?;
        let length = u64::from(manifest.part_width)
            .checked_add(4)
            .and_then(|width| all.checked_mul(width));
        if part_width > 2 || length != Some(manifest.dates.bytes) {
            return Err(Fault::Manifest);
        }
        let counted: u64 = manifest.slots.iter().map(|slot| u64::from(slot.count)).sum();
        if counted != manifest.short || manifest.slots.len() > SPAN {
            return Err(Fault::Manifest);
        }
        Ok(Self {
            inner: Arc::new(Inner {
                facts: Facts {
                    generation: manifest.generation,
                    issuer: manifest.issuer,
                    parts: manifest.parts,
                    retained: manifest.retained,
                    part_width,
                    only_part: manifest.only_part,
                    short: manifest.short,
                    long: manifest.long,
                    long_offset: usize::try_from(manifest.long_offset).map_err(|_| Fault::Manifest)?,
                    long_width: usize::from(manifest.long_width),
                },
                slots: manifest.slots,
                entries: CheckedPages::new(entries, manifest.entries)?,
                dates: CheckedPages::new(dates, manifest.dates)?,
            }),
            outdated: false,
        })
    }

    /// The same, or the same without that mark: known to have been replaced by one that cannot be read here. What it revokes stays
    /// revoked; none of its lists is current any more, whatever their dates.
    #[must_use]
    pub fn marked_outdated(&self, outdated: bool) -> Self {
        Self {
            outdated,
            ..self.clone()
        }
    }

    /// Whether it is marked so.
    pub fn is_outdated(&self) -> bool {
        self.outdated
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.inner.facts
    }

    /// Rises with every delivery taken in, across restarts and processes: it is kept on disk beside the index.
    pub fn generation(&self) -> RevocationGeneration {
        self.inner.facts.generation
    }

    /// What the lists say about a serial number, with the date. An error is not "good".
    pub fn lookup(&self, serial: &SerialNumber) -> Result<Status, Fault> {
        match self.find(serial.expose_bytes())? {
            None => Ok(Status::Good),
            Some((rank, reason)) => Ok(Status::Revoked {
                reason,
                at: Timestamp::from_seconds(unpacked_date(self.record(rank)?.date)),
            }),
        }
    }

    /// Why a serial number is revoked, if it is, without touching the file of dates. An error is not "good".
    pub fn reason(&self, serial: &SerialNumber) -> Result<Option<RevocationReason>, Fault> {
        Ok(self.find(serial.expose_bytes())?.map(|(_, reason)| reason))
    }

    /// The dates of the list that decides about a certificate with these cRLDistributionPoints (DER `GeneralNames`), signed by the
    /// key of this hash: the freshest that covers it and was signed by the same key; where there is none of that key, the freshest
    /// that covers it (RFC 5280 section 6.3.3: a list of the issuer's name covers, whichever of its keys signed). None where no list
    /// covers it, and then [`Self::lookup`] means nothing.
    pub fn coverage(&self, distribution_points: &[Vec<u8>], issuer_key_hash: &str) -> Option<Coverage> {
        let covering = || {
            self.inner
                .facts
                .parts
                .iter()
                .filter(|part| part.scope.covers(distribution_points))
        };
        let own = || covering().filter(|part| part.issuer_key_hash == issuer_key_hash);
        freshest(own())
            .or_else(|| freshest(covering()))
            .map(|part| self.dates_of(part))
    }

    fn dates_of(&self, part: &Part) -> Coverage {
        Coverage {
            this_update: part.this_update,
            next_update: part.next_update,
            outdated: self.outdated,
        }
    }

    /// The dates of the list that ends last: where not even that one is current, nobody can be let in.
    pub fn newest_coverage(&self) -> Option<Coverage> {
        freshest(self.inner.facts.parts.iter()).map(|part| self.dates_of(part))
    }

    /// The dates of the list that ends first: for overviews. A certificate is judged by [`Self::coverage`].
    pub fn oldest_coverage(&self) -> Option<Coverage> {
        self.inner
            .facts
            .parts
            .iter()
            .min_by_key(|part| ends(part))
            .map(|part| self.dates_of(part))
    }

    /// Every list in use, for metrics and pages.
    pub fn parts(&self) -> impl Iterator<Item = PartStatus<'_>> {
        self.inner.facts.parts.iter().map(|part| PartStatus {
            scope: &part.scope,
            issuer_key_hash: &part.issuer_key_hash,
            number: part.number,
            this_update: part.this_update,
            next_update: part.next_update,
            entries: part.entries,
            part,
            coverage: self.dates_of(part),
        })
    }

    /// How many serial numbers are revoked.
    pub fn len(&self) -> u64 {
        self.inner.facts.short + self.inner.facts.long
    }

    /// Whether nothing is revoked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many of them no list in use names any more.
    pub fn retained(&self) -> u64 {
        self.inner.facts.retained
    }

    /// The serial numbers that this index revokes and `before` did not, in rising order: the sessions of these people must end. After
    /// the first fault there are no more.
    pub fn newly_revoked<'a>(&'a self, before: &'a Self) -> NewlyRevoked<'a> {
        NewlyRevoked::new(self, before)
    }

    /// Rank and reason of a serial number (big-endian, no leading zeros).
    #[inline]
    pub(super) fn find(&self, serial: &[u8]) -> Result<Option<(u64, RevocationReason)>, Fault> {
        match *serial {
            [a] => self.find_short(u32::from(a)),
            [a, b] => self.find_short(u32::from_be_bytes([0, 0, a, b])),
            [a, b, c] => self.find_short(u32::from_be_bytes([0, a, b, c])),
            [a, b, c, d] => self.find_short(u32::from_be_bytes([a, b, c, d])),
            _ => self.find_long(serial),
        }
    }

    #[inline]
    fn find_short(&self, serial: u32) -> Result<Option<(u64, RevocationReason)>, Fault> {
        let [a, b, c, d] = serial.to_be_bytes();
        let inner = &*self.inner;
        let Some(slot) = inner.slots.get(usize::from(u16::from_be_bytes([a, b]))) else {
            return Ok(None);
        };
        let found = container::find(&inner.entries, *slot, u16::from_be_bytes([c, d]))?;
        Ok(found.map(|(place, reason)| (u64::from(slot.rank) + u64::from(place), reason)))
    }

    fn find_long(&self, serial: &[u8]) -> Result<Option<(u64, RevocationReason)>, Fault> {
        let facts = &self.inner.facts;
        let (mut low, mut high) = (0, facts.long);
        if serial.len() > facts.long_width {
            return Ok(None);
        }
        let wanted = padded(serial).ok_or(Fault::Content)?;
        while low < high {
            let middle = low + (high - low) / 2;
            let (found, reason) = self.long_entry(middle)?;
            match found.cmp(&wanted) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Ok(Some((facts.short + middle, reason))),
            }
        }
        Ok(None)
    }

    /// Serial numbers of up to 32 bits: the rank of the first long one.
    pub(super) fn facts_short(&self) -> u64 {
        self.inner.facts.short
    }

    pub(super) fn long_count(&self) -> u64 {
        self.inner.facts.long
    }

    /// A long serial number and its reason, by its place among them.
    pub(super) fn long_entry(&self, place: u64) -> Result<([u8; 20], RevocationReason), Fault> {
        let facts = &self.inner.facts;
        let width = facts.long_width;
        let offset = usize::try_from(place)
            .ok()
            .and_then(|place| place.checked_mul(width + 1))
            .and_then(|offset| offset.checked_add(facts.long_offset))
            .ok_or(Fault::Content)?;
        let entry = self.inner.entries.get(offset, width + 1)?;
        let (reason, serial) = entry.split_last().ok_or(Fault::Content)?;
        Ok((
            padded(serial).ok_or(Fault::Content)?,
            container::unpacked(*reason)?,
        ))
    }

    /// Date and part at a rank.
    pub(super) fn record(&self, rank: u64) -> Result<Record, Fault> {
        let facts = &self.inner.facts;
        let width = 4 + facts.part_width;
        let offset = usize::try_from(rank)
            .ok()
            .and_then(|rank| rank.checked_mul(width))
            .ok_or(Fault::Content)?;
        match *self.inner.dates.get(offset, width)? {
            [a, b, c, d] => Ok(Record {
                date: u32::from_le_bytes([a, b, c, d]),
                part: facts.only_part,
            }),
            [a, b, c, d, part] => Ok(Record {
                date: u32::from_le_bytes([a, b, c, d]),
                part: u16::from(part),
            }),
            [a, b, c, d, low, high] => Ok(Record {
                date: u32::from_le_bytes([a, b, c, d]),
                part: u16::from_le_bytes([low, high]),
            }),
            _ => Err(Fault::Content),
        }
    }

    /// Spans that may have entries.
    pub(super) fn spans(&self) -> usize {
        self.inner.slots.len()
    }

    pub(super) fn slot(&self, span: usize) -> Slot {
        self.inner.slots.get(span).copied().unwrap_or_default()
    }

    /// Reads which serial numbers of a span are revoked.
    pub(super) fn read_span(&self, span: usize, bits: &mut Bits) -> Result<(), Fault> {
        bits.read(&self.inner.entries, self.slot(span))
    }

    /// Place and reason of a serial number in its span.
    pub(super) fn find_in_span(
        &self,
        span: usize,
        low: u16,
    ) -> Result<Option<(u32, RevocationReason)>, Fault> {
        container::find(&self.inner.entries, self.slot(span), low)
    }
}

impl fmt::Debug for NationalIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NationalIndex")
            .field("generation", &self.generation())
            .field("lists", &self.inner.facts.parts.len())
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
    part: &'a Part,
    coverage: Coverage,
}

impl PartStatus<'_> {
    /// Names the list, the same from delivery to delivery: sixteen hexadecimal digits of a digest over its scope and key.
    pub fn id(&self) -> String {
        self.part.id()
    }

    /// Its dates, for [`crate::freshness`].
    pub fn coverage(&self) -> Coverage {
        self.coverage
    }
}

/// Without nextUpdate a list ends by policy, counted from thisUpdate; it sorts by that date.
fn ends(part: &Part) -> (Timestamp, Timestamp) {
    (part.next_update.unwrap_or(part.this_update), part.this_update)
}

fn freshest<'a>(parts: impl Iterator<Item = &'a Part>) -> Option<&'a Part> {
    parts.max_by_key(|part| ends(part))
}
