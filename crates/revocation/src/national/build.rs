//! From what the lists say and what was known before, the files of the next index, group by group.

use std::io;
use std::sync::mpsc::sync_channel;
use std::thread;

use super::container::{self, ALIGN, Bits, SPAN, Slot};
use super::fate::{Fates, Tally};
use super::gather::{Gathered, LongEntry, Packed, SPANS};
use super::index::NationalIndex;
use super::pages::{Out, PageWriter, Written};
use super::reason::{Fault, Refusal};

/// Groups that may wait for being written, of each maker.
const WAITING: usize = 2;
/// Threads that make groups, where there are several at all: two, beside two that mostly wait for the disk.
const MAKERS: usize = 2;

/// What the files hold.
#[derive(Default)]
pub(super) struct Built {
    pub(super) slots: Vec<Slot>,
    pub(super) short: u64,
    pub(super) long: u64,
    pub(super) long_offset: u64,
    pub(super) long_width: u8,
    pub(super) entries: Written,
    pub(super) dates: Written,
    pub(super) tally: Tally,
}

/// What the next index is made of.
pub(super) struct Materials<'a> {
    pub(super) gathered: &'a Gathered,
    pub(super) before: Option<&'a NationalIndex>,
    pub(super) fates: &'a Fates,
    /// Bytes of the part's number behind each date.
    pub(super) part_width: u8,
    /// Whether groups are made on threads of their own, and dates written on another.
    pub(super) own_thread: bool,
}

impl Materials<'_> {
    /// Writes both files.
    pub(super) fn build<W: Out + Send>(&self, entries: W, dates: W) -> Result<(W, W, Built), Refusal> {
        let mut desk = Desk {
            entries: PageWriter::new(entries),
            built: Built::default(),
        };
        let mut dates = PageWriter::new(dates);
        let before = self.before.map_or(0, |index| index.spans().div_ceil(SPANS));
        let groups = self.gathered.groups().max(before);
        if self.own_thread {
            dates = thread::scope(|scope| {
                // Makers take turns, so that the groups come in their order.
                let makers: [_; MAKERS] = std::array::from_fn(|first| {
                    let (made, groups_made) = sync_channel(WAITING);
                    scope.spawn(move || {
                        let mut maker = GroupMaker::new(self);
                        for group in (first..groups).step_by(MAKERS).map(|group| maker.make(group)) {
                            let failed = group.is_err();
                            if made.send(group).is_err() || failed {
                                return;
                            }
                        }
                    });
                    groups_made
                });
                let (hand_over, records) = sync_channel::<Vec<u8>>(WAITING);
                let writer = scope.spawn(move || {
                    for records in records {
                        dates.put(&records)?;
                    }
                    Ok(dates)
                });
                for maker in makers.iter().cycle().take(groups) {
                    // A maker that broke sends nothing more.
                    let broke = |_| Refusal::Fault(Fault::Content);
                    let group = maker.recv().map_err(broke)??;
                    desk.take(&group).map_err(unwritable)?;
                    // Nobody receives only where writing failed, and then the writer says so.
                    if hand_over.send(group.dates).is_err() {
                        break;
                    }
                }
                drop(hand_over);
                let broke = |_| Err(io::Error::other("the writing thread broke"));
                writer.join().unwrap_or_else(broke).map_err(unwritable)
            })?;
        } else {
            let mut maker = GroupMaker::new(self);
            for group in 0..groups {
                let group = maker.make(group)?;
                desk.take(&group).map_err(unwritable)?;
                dates.put(&group.dates).map_err(unwritable)?;
            }
        }
        self.long(&mut desk, &mut dates)?;
        let (entries, written) = desk.entries.finish().map_err(unwritable)?;
        desk.built.entries = written;
        let (dates, written) = dates.finish().map_err(unwritable)?;
        desk.built.dates = written;
        Ok((entries, dates, desk.built))
    }

    /// The long serial numbers, after everything else.
    fn long<W: Out>(&self, desk: &mut Desk<W>, dates: &mut PageWriter<W>) -> Result<(), Refusal> {
        let tally = &mut desk.built.tally;
        let mut all: Vec<LongEntry> = Vec::with_capacity(self.gathered.long.len());
        for entry in &self.gathered.long {
            match all.last() {
                Some(last) if last.serial == entry.serial => {
                    tally.repeat(last.date == entry.date && last.reason == entry.reason);
                }
                _ => all.push(*entry),
            }
        }
        if let Some(before) = self.before {
            let fresh = all.len();
            let mut known = 0;
            for place in 0..before.long_count() {
                let (serial, reason) = before.long_entry(place)?;
                let listed = all.get(..fresh).unwrap_or_default();
                if listed.binary_search_by_key(&serial, |entry| entry.serial).is_ok() {
                    known += 1;
                    continue;
                }
                let record = before.record(before.facts_short() + place)?;
                if let Some(part) = tally.gone(self.fates, record, &serial) {
                    all.push(LongEntry {
                        serial,
                        date: record.date,
                        reason: container::packed(reason),
                        part,
                    });
                }
            }
            tally.newly_revoked += u64::try_from(fresh).unwrap_or(0) - known;
            all.sort_unstable();
        } else {
            tally.newly_revoked += u64::try_from(all.len()).unwrap_or(0);
        }
        let longest = all
            .iter()
            .map(|entry| 20 - entry.serial.iter().take_while(|byte| **byte == 0).count())
            .max()
            .unwrap_or(0);
        desk.entries.align(ALIGN).map_err(unwritable)?;
        desk.built.long_offset = desk.entries.position();
        desk.built.long = u64::try_from(all.len()).unwrap_or(0);
        desk.built.long_width = u8::try_from(longest).unwrap_or(20);
        let width = 4 + usize::from(self.part_width);
        for entry in &all {
            desk.built.tally.keep(entry.part, 1);
            let serial = entry.serial.get(20 - longest..).unwrap_or_default();
            desk.entries.put(serial).map_err(unwritable)?;
            desk.entries.put(&[entry.reason]).map_err(unwritable)?;
            let record = record(entry.date, entry.part);
            dates
                .put(record.get(..width).unwrap_or_default())
                .map_err(unwritable)?;
        }
        Ok(())
    }
}

fn unwritable(error: io::Error) -> Refusal {
    Refusal::Fault(Fault::io("write the index")(error))
}

/// Four bytes of the date, and as many of the list's number as the index has for it.
#[inline]
fn record(date: u32, part: u16) -> [u8; 8] {
    (u64::from(part) << 32 | u64::from(date)).to_le_bytes()
}

/// Where the entries are written.
struct Desk<W> {
    entries: PageWriter<W>,
    built: Built,
}

impl<W: Out> Desk<W> {
    fn take(&mut self, group: &Group) -> io::Result<()> {
        self.entries.align(ALIGN)?;
        let too_many = || io::Error::from(io::ErrorKind::FileTooLarge);
        let offset = u32::try_from(self.entries.position() / ALIGN).map_err(|_| too_many())?;
        let rank = u32::try_from(self.built.short).map_err(|_| too_many())?;
        for slot in &group.slots {
            self.built.slots.push(match slot.count {
                0 => Slot::default(),
                count => Slot {
                    offset: slot.offset.checked_add(offset).ok_or_else(too_many)?,
                    count,
                    rank: slot.rank.checked_add(rank).ok_or_else(too_many)?,
                },
            });
            self.built.short += u64::from(slot.count);
        }
        self.entries.put(&group.containers)?;
        self.built.tally.add(&group.tally);
        Ok(())
    }
}

/// A group as it goes into the files.
struct Group {
    /// Of its spans; offsets and ranks count from the group's first.
    slots: Vec<Slot>,
    containers: Vec<u8>,
    dates: Vec<u8>,
    tally: Tally,
}

/// An entry of the index before that stays, although no list names it.
struct Kept {
    low: u32,
    reason: u8,
    part: u16,
    date: u32,
}

/// Makes groups: the bits first, from them the ranks, and by its rank each date and reason finds its place.
struct GroupMaker<'a> {
    materials: &'a Materials<'a>,
    /// By span.
    bits: Vec<Bits>,
    /// Bits set before each word.
    ranks: Vec<u32>,
    /// Where serial numbers stand twice: which were seen already.
    seen: Vec<Bits>,
    before: Bits,
    kept: Vec<Kept>,
    /// By rank.
    reasons: Vec<u8>,
}

impl<'a> GroupMaker<'a> {
    fn new(materials: &'a Materials<'a>) -> Self {
        Self {
            materials,
            bits: vec![Bits::default(); SPANS],
            ranks: vec![0; SPANS * SPAN / 64],
            seen: Vec::new(),
            before: Bits::default(),
            kept: Vec::new(),
            reasons: Vec::new(),
        }
    }

    fn make(&mut self, group: usize) -> Result<Group, Fault> {
        let mut tally = Tally::default();
        let first = group * SPANS;
        let before = self.materials.before;
        let known = |span: usize| before.filter(|index| index.slot(first + span).count > 0);
        if self.materials.gathered.is_empty(group) && (0..SPANS).all(|span| known(span).is_none()) {
            return Ok(Group {
                slots: vec![Slot::default(); SPANS],
                containers: Vec::new(),
                dates: Vec::new(),
                tally,
            });
        }
        self.bits.iter_mut().for_each(Bits::clear);
        let bits = &mut self.bits;
        let mut entries: u64 = 0;
        self.materials.gathered.each(group, |entry, _| {
            entries += 1;
            let (span, low) = split(entry.low());
            if let Some(bits) = bits.get_mut(span) {
                bits.insert(low);
            }
        });
        let listed: u64 = self.bits.iter().map(|bits| u64::from(bits.count())).sum();
        self.kept.clear();
        for span in 0..SPANS {
            if let Some(before) = known(span) {
                self.compare(before, group, span, &mut tally)?;
            } else {
                tally.newly_revoked += self.bits.get(span).map_or(0, |bits| u64::from(bits.count()));
            }
        }
        self.rank();
        self.seen.clear();
        if entries > listed {
            self.seen.resize(SPANS, Bits::default());
        }
        let dates = match self.materials.part_width {
            0 => self.placed::<4>(group, &mut tally),
            1 => self.placed::<5>(group, &mut tally),
            _ => self.placed::<6>(group, &mut tally),
        };
        let (slots, containers) = self.containers();
        Ok(Group {
            slots,
            containers,
            dates,
            tally,
        })
    }

    /// Decides about what was revoked before and is not listed now.
    fn compare(
        &mut self,
        before: &NationalIndex,
        group: usize,
        span: usize,
        tally: &mut Tally,
    ) -> Result<(), Fault> {
        let number = group * SPANS + span;
        let bits = self.bits.get_mut(span).ok_or(Fault::Content)?;
        before.read_span(number, &mut self.before)?;
        tally.newly_revoked += bits.count_without(&self.before);
        let gone: Vec<u16> = self.before.without(bits).collect();
        let slot = before.slot(number);
        for low in gone {
            let (place, reason) = before.find_in_span(number, low)?.ok_or(Fault::Content)?;
            let record = before.record(u64::from(slot.rank) + u64::from(place))?;
            let high = u16::try_from(number).map_err(|_| Fault::Content)?;
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            if let Some(part) = tally.gone(self.materials.fates, record, &[a, b, c, d]) {
                bits.insert(low);
                self.kept.push(Kept {
                    low: u32::try_from(span * SPAN).unwrap_or(0) | u32::from(low),
                    reason: container::packed(reason),
                    part,
                    date: record.date,
                });
            }
        }
        Ok(())
    }

    /// Counts the bits before each word.
    fn rank(&mut self) {
        let mut before = 0;
        let words = self.bits.iter().flat_map(Bits::words);
        for (word, rank) in words.zip(&mut self.ranks) {
            *rank = before;
            before += word.count_ones();
        }
    }

    /// Puts each reason, and each date with the number of its list, where its rank is. Of what stands twice, the first counts.
    fn placed<const WIDTH: usize>(&mut self, group: usize, tally: &mut Tally) -> Vec<u8> {
        let count: u32 = self.bits.iter().map(Bits::count).sum();
        let count = usize::try_from(count).unwrap_or(0);
        let mut dates = vec![0; count * WIDTH];
        let (records, _) = dates.as_chunks_mut::<WIDTH>();
        self.reasons.clear();
        self.reasons.resize(count, 0);
        let (bits, ranks, seen) = (&self.bits, &self.ranks, &mut self.seen);
        let mut said = Said {
            records,
            reasons: &mut self.reasons,
        };
        // Entries of one list usually follow one another.
        let (mut list, mut run) = (0, 0);
        self.materials.gathered.each(group, |entry, part| {
            let rank = rank_of(bits, ranks, entry.low());
            let (span, low) = split(entry.low());
            if let Some(seen) = seen.get_mut(span)
                && !seen.insert(low)
            {
                tally.repeat(said.already(rank, entry));
                return;
            }
            if part != list {
                tally.keep(list, run);
                (list, run) = (part, 0);
            }
            run += 1;
            said.put(rank, entry.reason(), part, entry.date());
        });
        tally.keep(list, run);
        for kept in &self.kept {
            tally.keep(kept.part, 1);
            let rank = rank_of(bits, ranks, kept.low);
            said.put(rank, kept.reason, kept.part, kept.date);
        }
        dates
    }

    /// The spans as they lie in the file, and where.
    fn containers(&self) -> (Vec<Slot>, Vec<u8>) {
        let mut out = Vec::with_capacity(SPANS * SPAN / 4);
        let mut rest = self.reasons.as_slice();
        let mut rank = 0;
        let align = usize::try_from(ALIGN).unwrap_or(1);
        let slots = self.bits.iter().map(|bits| {
            let count = bits.count();
            if count == 0 {
                return Slot::default();
            }
            let slot = Slot {
                offset: u32::try_from(out.len() / align).unwrap_or(u32::MAX),
                count,
                rank,
            };
            let (reasons, later) = rest.split_at(usize::try_from(count).unwrap_or(0).min(rest.len()));
            bits.write(reasons, &mut out);
            out.resize(out.len().next_multiple_of(align), 0);
            rest = later;
            rank += count;
            slot
        });
        (slots.collect(), out)
    }
}

/// What is said of the certificates of a group, by rank.
struct Said<'a, const WIDTH: usize> {
    records: &'a mut [[u8; WIDTH]],
    reasons: &'a mut [u8],
}

impl<const WIDTH: usize> Said<'_, WIDTH> {
    #[inline]
    fn put(&mut self, rank: usize, reason: u8, part: u16, date: u32) {
        if let (Some(record_there), Some(reason_there)) =
            (self.records.get_mut(rank), self.reasons.get_mut(rank))
            && let Some(record) = record(date, part).first_chunk()
        {
            *record_there = *record;
            *reason_there = reason;
        }
    }

    /// Whether the same was said, whichever list said it.
    #[cold]
    fn already(&self, rank: usize, entry: Packed) -> bool {
        let date = self.records.get(rank).and_then(|record| record.first_chunk());
        date == Some(&entry.date().to_le_bytes()) && self.reasons.get(rank) == Some(&entry.reason())
    }
}

/// A serial number of a group: its span there, and its place in the span.
#[inline]
fn split(low: u32) -> (usize, u16) {
    let [a, b, span, _] = low.to_le_bytes();
    (usize::from(span), u16::from_le_bytes([a, b]))
}

/// How many bits of the group stand before one.
#[inline]
fn rank_of(bits: &[Bits], ranks: &[u32], low: u32) -> usize {
    let (span, place) = split(low);
    let words = bits.get(span).map(Bits::words).unwrap_or_default();
    let word = words.get(usize::from(place / 64)).copied().unwrap_or(0);
    let here = (word & ((1 << (place % 64)) - 1)).count_ones();
    let number = usize::try_from(low / 64).unwrap_or(usize::MAX);
    let before = ranks.get(number).copied().unwrap_or(0);
    usize::try_from(before + here).unwrap_or(usize::MAX)
}
