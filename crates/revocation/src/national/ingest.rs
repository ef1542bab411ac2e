//! A delivery being taken in: read, verified, compared with what is in use, built, made durable, put in use.

use std::fmt;
use std::io::Read;

use domain::{RevocationGeneration, Timestamp};
use mapped::{Directory, Draft, WriterLock};
use pki::{CrlLimits, CrlNumber, CrlScope, StreamRefusal, StreamedCrl, TrustAnchor};

use super::build::{Built, Materials};
use super::fate::Tally;
use super::gather::{Full, Gather};
use super::index::NationalIndex;
use super::manifest::{Manifest, Part};
use super::pages::Bytes;
use super::place::{put_in_use, sweep};
use super::plan::{Delivered, MAX_PARTS, Plan};
use super::reason::{Fault, Refusal};
use super::shelf;
use super::terms::{Report, Terms};

/// A delivery being taken in. Nothing of it is believed before [`Self::finish`] returned; dropped before, it leaves no trace.
///
/// A delivery need not be complete: lists in use that it does not replace stay in use, with their own dates. A list replaces
/// the one of the same scope and the same key.
pub struct Ingest<'a> {
    place: Option<(&'a Directory, WriterLock)>,
    terms: &'a Terms,
    anchors: Vec<TrustAnchor>,
    last: RevocationGeneration,
    now: Timestamp,
    before: Option<NationalIndex>,
    gather: Gather,
    lists: Vec<StreamedCrl>,
    /// Places of the lists in use that shall be so no longer.
    retired: Vec<usize>,
    entries: u64,
    refused: bool,
}

impl<'a> Ingest<'a> {
    pub(super) fn in_memory(
        terms: &'a Terms,
        anchors: Vec<TrustAnchor>,
        last: RevocationGeneration,
        now: Timestamp,
    ) -> Self {
        Self::new(
            None,
            None,
            Gather::new(None, 0, terms.max_long_serials),
            terms,
            anchors,
            last,
            now,
        )
    }

    /// With the lock on the directory. What a killed writer left there is removed.
    pub(super) fn on_disk(
        directory: &'a Directory,
        terms: &'a Terms,
        anchors: Vec<TrustAnchor>,
        last: RevocationGeneration,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let lock = directory
            .lock()
            .map_err(Fault::io("lock the directory of the index"))?
            .ok_or(Refusal::Busy)?;
        let before = shelf::current(directory)?;
        sweep(directory, &lock, before.as_ref().map(NationalIndex::generation))?;
        let spool = directory.draft("spool").map_err(Fault::io("make a spool"))?;
        let gather = Gather::new(Some(spool), terms.waiting_in_memory, terms.max_long_serials);
        let place = Some((directory, lock));
        Ok(Self::new(place, before, gather, terms, anchors, last, now))
    }

    fn new(
        place: Option<(&'a Directory, WriterLock)>,
        before: Option<NationalIndex>,
        gather: Gather,
        terms: &'a Terms,
        anchors: Vec<TrustAnchor>,
        last: RevocationGeneration,
        now: Timestamp,
    ) -> Self {
        Self {
            place,
            terms,
            anchors,
            last,
            now,
            before,
            gather,
            lists: Vec::new(),
            retired: Vec::new(),
            entries: 0,
            refused: false,
        }
    }

    /// The index that the delivery would replace.
    pub fn before(&self) -> Option<&NationalIndex> {
        self.before.as_ref()
    }

    /// Reads one list (DER) to its end and verifies it. After a refusal the delivery as a whole is refused.
    pub fn add(&mut self, list: &mut dyn Read) -> Result<ListFacts, Refusal> {
        if std::mem::replace(&mut self.refused, true) {
            return Err(Refusal::Broken);
        }
        let list = self.read(list)?;
        self.check(&list)?;
        self.entries += list.entries();
        let facts = ListFacts::of(&list);
        self.lists.push(list);
        self.refused = false;
        Ok(facts)
    }

    /// Takes a list out of use that is no longer published, by [`PartStatus::id`]: what it revoked stays revoked, and whom it covered
    /// is covered by nothing any more. A list within its dates is not out of use, and the last one stays.
    ///
    /// [`PartStatus::id`]: super::index::PartStatus::id
    pub fn retire(&mut self, id: &str) -> Result<(), Refusal> {
        let parts = self.before.as_ref().map_or(&[][..], |index| &index.facts().parts);
        let place = parts
            .iter()
            .position(|part| part.id() == id)
            .ok_or(Refusal::NoSuchList)?;
        if let Some(next_update) = parts.get(place).and_then(|part| part.next_update)
            && next_update >= self.now
        {
            return Err(Refusal::StillCurrent { next_update });
        }
        if !self.retired.contains(&place) {
            self.retired.push(place);
        }
        if self.retired.len() == parts.len() {
            return Err(Refusal::LastList);
        }
        Ok(())
    }

    fn read(&mut self, list: &mut dyn Read) -> Result<StreamedCrl, Refusal> {
        let place = self.lists.len();
        let limit = self.terms.max_lists.min(MAX_PARTS);
        if place >= limit {
            return Err(Refusal::TooManyLists { limit });
        }
        // Number 0 is for what no list names.
        self.gather.begin(u16::try_from(place + 1).unwrap_or(u16::MAX));
        let limits = CrlLimits {
            max_bytes: self.terms.max_list_bytes,
            max_entries: self.terms.max_entries.saturating_sub(self.entries),
            digest_on_own_thread: self.terms.threads > 1,
        };
        StreamedCrl::read(list, &self.anchors, &limits, &mut self.gather).map_err(|refusal| match refusal {
            StreamRefusal::Source(error) => Refusal::Source {
                place,
                kind: error.kind(),
            },
            StreamRefusal::List(pki::Reason::TooManyEntries { .. }) => Refusal::TooManyEntries {
                limit: self.terms.max_entries,
            },
            StreamRefusal::List(reason) => Refusal::List { place, reason },
            StreamRefusal::Sink(Full::Date) => Refusal::DateOutOfRange { place },
            StreamRefusal::Sink(Full::LongSerials) => Refusal::TooManyLongSerials {
                limit: self.terms.max_long_serials,
            },
            StreamRefusal::Sink(Full::Spool(kind)) => Refusal::Fault(Fault::Io {
                doing: "write the spool",
                kind,
            }),
        })
    }

    /// Holds a list against the clock, against the others of the delivery and against those in use.
    fn check(&self, list: &StreamedCrl) -> Result<(), Refusal> {
        let offered = list.this_update();
        if offered > self.now.plus_seconds(self.terms.clock_skew_seconds) {
            return Err(Refusal::FromTheFuture {
                offered,
                now: self.now,
            });
        }
        let first = self.lists.first().map(|first| first.issuer().as_der());
        let in_use = self.before.as_ref().map(|index| index.facts().issuer.as_slice());
        if first
            .or(in_use)
            .is_some_and(|issuer| issuer != list.issuer().as_der())
        {
            return Err(Refusal::DifferentIssuers);
        }
        let same = |scope: &CrlScope, key: &str| scope == list.scope() && key == list.issuer_key_hash();
        if self
            .lists
            .iter()
            .any(|other| same(other.scope(), other.issuer_key_hash()))
        {
            return Err(Refusal::TwiceInDelivery);
        }
        let parts = self.before.as_ref().map_or(&[][..], |index| &index.facts().parts);
        match parts.iter().find(|part| same(&part.scope, &part.issuer_key_hash)) {
            Some(part) => not_older(part, list),
            // Where the authority signs with another key than before, numbers tell nothing: the date is compared with every list
            // of the scope.
            None => match parts
                .iter()
                .find(|part| part.scope == *list.scope() && part.this_update > offered)
            {
                None => Ok(()),
                Some(part) => Err(Refusal::Older {
                    in_use: part.this_update,
                    offered,
                }),
            },
        }
    }

    /// Builds the index, makes it durable, and puts it in use. `known_unexpired` is asked about each serial number (big-endian, without
    /// leading zeros) that the lists no longer name: whether the caller knows the certificate not to have expired.
    ///
    /// A delivery of lists that are all in use already changes nothing.
    pub fn finish(self, known_unexpired: &mut dyn FnMut(&[u8]) -> bool) -> Result<Taken, Refusal> {
        if self.refused {
            return Err(Refusal::Broken);
        }
        if self.lists.is_empty() && self.retired.is_empty() {
            return Err(Refusal::NoLists);
        }
        let report = Report {
            lists: self.lists.len(),
            bytes: self.lists.iter().map(StreamedCrl::bytes).sum(),
            entries: self.entries,
            ..Report::default()
        };
        let delivered = Delivered {
            lists: &self.lists,
            retired: &self.retired,
            anchors: &self.anchors,
        };
        let plan = Plan::new(&delivered, self.before.as_ref(), self.terms, self.now)?;
        // An index of an earlier generation than was in use (a directory that was put back) is built anew under a new one.
        let unchanged = |index: &&NationalIndex| plan.nothing_new && index.generation() >= self.last;
        if let Some(index) = self.before.as_ref().filter(unchanged) {
            return Ok(Taken {
                index: index.clone(),
                report: Report {
                    revoked: index.len(),
                    retained: index.retained(),
                    ..report
                },
                before: self.before,
                changed: false,
            });
        }
        let gathered = self.gather.finish().map_err(Fault::io("read the spool"))?;
        let materials = Materials {
            gathered: &gathered,
            before: self.before.as_ref(),
            fates: &plan.fates,
            part_width: plan.part_width,
            own_thread: self.terms.threads > 1,
        };
        let last = self
            .before
            .as_ref()
            .map_or(self.last, |index| index.generation().max(self.last));
        let mut finish = Finish {
            plan: &plan,
            terms: self.terms,
            known_unexpired,
            generation: RevocationGeneration(last.0.saturating_add(1)),
            issuer: match (self.lists.first(), &self.before) {
                (Some(list), _) => Some(list.issuer().as_der().to_vec()),
                (None, before) => before.as_ref().map(|index| index.facts().issuer.clone()),
            },
        };
        let (index, tally) = if let Some((directory, lock)) = &self.place {
            finish.on_disk(&materials, directory, lock)?
        } else {
            finish.in_memory(&materials)?
        };
        Ok(Taken {
            report: Report {
                revoked: index.len(),
                newly_revoked: tally.newly_revoked,
                repeated: tally.repeated,
                missing: tally.missing.iter().sum(),
                retained: index.retained(),
                forgotten: tally.forgotten,
                ..report
            },
            index,
            before: self.before,
            changed: true,
        })
    }
}

/// The last steps: build, judge, put in use.
struct Finish<'a> {
    plan: &'a Plan,
    terms: &'a Terms,
    known_unexpired: &'a mut dyn FnMut(&[u8]) -> bool,
    generation: RevocationGeneration,
    issuer: Option<Vec<u8>>,
}

impl Finish<'_> {
    fn on_disk(
        &mut self,
        materials: &Materials<'_>,
        directory: &Directory,
        lock: &WriterLock,
    ) -> Result<(NationalIndex, Tally), Refusal> {
        let draft = |name: &str| directory.draft(name).map_err(Fault::io("make a file"));
        let (entries, dates, mut built) = materials.build(draft("entries")?, draft("dates")?)?;
        let manifest = self.manifest(&mut built)?;
        let index = put_in_use(directory, entries, dates, manifest, &mut Draft::keep)?;
        sweep(directory, lock, Some(self.generation))?;
        Ok((index, built.tally))
    }

    fn in_memory(&mut self, materials: &Materials<'_>) -> Result<(NationalIndex, Tally), Refusal> {
        let (entries, dates, mut built) = materials.build(Vec::new(), Vec::new())?;
        let manifest = self.manifest(&mut built)?;
        let index = NationalIndex::assemble(manifest, Bytes::Heap(entries), Bytes::Heap(dates))?;
        Ok((index, built.tally))
    }

    /// The manifest, if what was counted may be believed.
    fn manifest(&mut self, built: &mut Built) -> Result<Manifest, Refusal> {
        self.plan
            .approve(&built.tally, self.terms, self.known_unexpired)?;
        let issuer = self.issuer.take().unwrap_or_default();
        Ok(self.plan.manifest(self.generation, issuer, built))
    }
}

impl fmt::Debug for Ingest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ingest")
            .field("lists", &self.lists.len())
            .finish_non_exhaustive()
    }
}

fn not_older(part: &Part, list: &StreamedCrl) -> Result<(), Refusal> {
    let (in_use, offered) = (part.this_update, list.this_update());
    if in_use > offered || part.number > list.number() {
        return Err(Refusal::Older { in_use, offered });
    }
    // "If a CRL issuer generates two CRLs for the same scope at different times, the two MUST NOT have the same CRL number" (RFC 5280
    // section 5.2.3); and two of one time that differ are as bad.
    if part.number.is_some() && part.number == list.number() && part.digest != list.digest() {
        return Err(Refusal::NumberReused { in_use, offered });
    }
    Ok(())
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

impl ListFacts {
    fn of(list: &StreamedCrl) -> Self {
        Self {
            scope: list.scope().clone(),
            issuer_key_hash: list.issuer_key_hash().to_owned(),
            number: list.number(),
            this_update: list.this_update(),
            next_update: list.next_update(),
            entries: list.entries(),
            bytes: list.bytes(),
        }
    }
}

/// A delivery that is in use now.
#[derive(Debug)]
pub struct Taken {
    /// The index in use.
    pub index: NationalIndex,
    /// The one that it replaced: see [`NationalIndex::newly_revoked`].
    pub before: Option<NationalIndex>,
    /// What changed.
    pub report: Report,
    /// Whether anything did: false where every list was in use already, and then the generation did not rise.
    pub changed: bool,
}
