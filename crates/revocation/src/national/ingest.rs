//! A delivery being taken in: read, verified, compared with what is in use, built, made durable, put in use.

use std::fmt;
use std::io::Read;

use domain::{RevocationGeneration, Timestamp};
use mapped::{Directory, Draft, WriterLock};
use pki::{CrlLimits, CrlNumber, CrlScope, StreamRefusal, StreamedCrl, TrustAnchor};

use super::build::{Built, Materials};
use super::fate::{Fate, Fates, Tally};
use super::gather::{Full, Gather, packed_date};
use super::index::NationalIndex;
use super::manifest::{Manifest, Part};
use super::pages::Bytes;
use super::place::{put_in_use, sweep};
use super::reason::{Fault, Refusal};
use super::shelf;
use super::terms::{Report, Terms};

/// More lists than this have no numbers.
const MAX_PARTS: usize = 4095;

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
        if self.lists.is_empty() {
            return Err(Refusal::NoLists);
        }
        let report = Report {
            lists: self.lists.len(),
            bytes: self.lists.iter().map(StreamedCrl::bytes).sum(),
            entries: self.entries,
            ..Report::default()
        };
        let plan = Plan::new(
            &self.lists,
            self.before.as_ref(),
            &self.anchors,
            self.terms,
            self.now,
        )?;
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
            issuer: self.lists.first().map(|list| list.issuer().as_der().to_vec()),
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

/// What the delivery makes of the lists in use.
struct Plan {
    parts: Vec<Part>,
    fates: Fates,
    /// Entries of the index before, by its parts: 0 where a list stays in use.
    listed: Vec<u64>,
    part_width: u8,
    nothing_new: bool,
}

impl Plan {
    fn new(
        lists: &[StreamedCrl],
        before: Option<&NationalIndex>,
        anchors: &[TrustAnchor],
        terms: &Terms,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let mut unpinned = false;
        let mut parts: Vec<Part> = lists.iter().map(part).collect();
        let old = before.map_or(&[][..], |index| &index.facts().parts);
        let mut of_parts = vec![Fate::Retained];
        let mut listed = vec![0];
        for earlier in old {
            let replaced = parts
                .iter()
                .take(lists.len())
                .any(|new| new.scope == earlier.scope && new.issuer_key_hash == earlier.issuer_key_hash);
            // A list of a key that is pinned no longer covers nobody; what it revoked stays revoked.
            let disowned = !anchors
                .iter()
                .any(|anchor| anchor.key_hash() == earlier.issuer_key_hash);
            unpinned |= disowned;
            let outlived = earlier.this_update.plus_seconds(terms.retention_seconds) < now;
            listed.push(if replaced { earlier.kept } else { 0 });
            of_parts.push(if replaced {
                Fate::Missing
            } else if outlived || disowned {
                Fate::Retained
            } else {
                parts.push(earlier.clone());
                Fate::Stays(u16::try_from(parts.len()).unwrap_or(u16::MAX))
            });
        }
        let limit = terms.max_lists.min(MAX_PARTS);
        if parts.len() > limit {
            return Err(Refusal::TooManyLists { limit });
        }
        let in_use = |list: &StreamedCrl| {
            old.iter().any(|part| {
                part.scope == *list.scope()
                    && part.issuer_key_hash == list.issuer_key_hash()
                    && part.digest == list.digest()
            })
        };
        Ok(Self {
            part_width: match parts.len() {
                1 if before.is_none() => 0,
                0..=255 => 1,
                _ => 2,
            },
            parts,
            fates: Fates {
                of_parts,
                forget_until: packed_date(now.plus_seconds(-terms.retention_seconds).seconds()),
            },
            listed,
            nothing_new: !unpinned && lists.iter().all(in_use),
        })
    }

    /// Whether what was counted may be believed.
    fn approve(
        &self,
        tally: &Tally,
        terms: &Terms,
        known_unexpired: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Refusal> {
        if tally.contradictions > 0 {
            return Err(Refusal::Contradiction {
                serials: tally.contradictions,
            });
        }
        for (missing, listed) in tally.missing.iter().zip(&self.listed) {
            let allowed = (listed / 1000)
                .saturating_mul(terms.missing_per_mille)
                .max(terms.missing_at_least);
            if *missing > allowed {
                return Err(Refusal::Shrunken {
                    missing: *missing,
                    listed: *listed,
                    allowed,
                });
            }
        }
        let mut unrevoked = 0;
        let short = tally.missing_short.iter().map(|serial| serial.to_be_bytes());
        for serial in short {
            unrevoked += u64::from(known_unexpired(significant(&serial)));
        }
        for serial in &tally.missing_long {
            unrevoked += u64::from(known_unexpired(significant(serial)));
        }
        if unrevoked > 0 {
            return Err(Refusal::Unrevoked { serials: unrevoked });
        }
        Ok(())
    }

    fn manifest(&self, generation: RevocationGeneration, issuer: Vec<u8>, built: &mut Built) -> Manifest {
        let kept = |number: usize| built.tally.kept.get(number).copied().unwrap_or(0);
        let mut parts = self.parts.clone();
        for (number, part) in (1..).zip(&mut parts) {
            part.kept = kept(number);
        }
        Manifest {
            generation,
            issuer,
            retained: kept(0),
            parts,
            part_width: self.part_width,
            only_part: 1,
            slots: std::mem::take(&mut built.slots),
            short: built.short,
            long: built.long,
            long_offset: built.long_offset,
            long_width: built.long_width,
            entries: std::mem::take(&mut built.entries),
            dates: std::mem::take(&mut built.dates),
        }
    }
}

fn part(list: &StreamedCrl) -> Part {
    Part {
        scope: list.scope().clone(),
        issuer_key_hash: list.issuer_key_hash().to_owned(),
        number: list.number(),
        this_update: list.this_update(),
        next_update: list.next_update(),
        entries: list.entries(),
        kept: 0,
        digest: list.digest().to_vec(),
    }
}

fn significant(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|byte| **byte == 0).count();
    serial.get(zeros..).unwrap_or_default()
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
