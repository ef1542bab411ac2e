//! From what the lists say and what was known before, the files of the next index, span by span.

use std::io;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use super::container::{self, ALIGN, Bits, SPAN, Slot};
use super::fate::{Fates, Tally};
use super::gather::{Gathered, LongEntry, Packed};
use super::index::NationalIndex;
use super::pages::{Out, PageWriter, Written};
use super::reason::{Fault, Refusal};

/// Spans that a building thread hands over at once.
const BATCH: usize = 16;
/// Batches that may wait for being written.
const WAITING: usize = 4;

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
    /// Whether spans are made on a thread of their own.
    pub(super) own_thread: bool,
}

impl Materials<'_> {
    /// Writes both files.
    pub(super) fn build<W: Out>(&self, entries: W, dates: W) -> Result<(W, W, Built), Refusal> {
        let mut desk = Desk {
            entries: PageWriter::new(entries),
            dates: PageWriter::new(dates),
            built: Built::default(),
        };
        let before = self.before.map_or(0, NationalIndex::spans);
        let spans = self.gathered.spans().max(before);
        if self.own_thread {
            thread::scope(|scope| {
                let (sender, receiver) = sync_channel(WAITING);
                scope.spawn(move || {
                    let mut maker = SpanMaker::new(self);
                    for first in (0..spans).step_by(BATCH) {
                        let batch: Result<Vec<Span>, Fault> = (first..spans.min(first + BATCH))
                            .map(|span| maker.make(span))
                            .collect();
                        let failed = batch.is_err();
                        if sender.send(batch).is_err() || failed {
                            return;
                        }
                    }
                });
                desk.take_all(&receiver, spans)
            })?;
        } else {
            let mut maker = SpanMaker::new(self);
            for span in 0..spans {
                desk.take(&maker.make(span)?).map_err(unwritable)?;
            }
        }
        self.long(&mut desk)?;
        let (entries, written) = desk.entries.finish().map_err(unwritable)?;
        desk.built.entries = written;
        let (dates, written) = desk.dates.finish().map_err(unwritable)?;
        desk.built.dates = written;
        Ok((entries, dates, desk.built))
    }

    /// The long serial numbers, after everything else.
    fn long<W: Out>(&self, desk: &mut Desk<W>) -> Result<(), Refusal> {
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
        let mut record = Vec::with_capacity(8);
        for entry in &all {
            desk.built.tally.keep(entry.part, 1);
            let serial = entry.serial.get(20 - longest..).unwrap_or_default();
            desk.entries.put(serial).map_err(unwritable)?;
            desk.entries.put(&[entry.reason]).map_err(unwritable)?;
            record.clear();
            push_record(entry.date, entry.part, self.part_width, &mut record);
            desk.dates.put(&record).map_err(unwritable)?;
        }
        Ok(())
    }
}

fn unwritable(error: io::Error) -> Refusal {
    Refusal::Fault(Fault::io("write the index")(error))
}

fn push_record(date: u32, part: u16, part_width: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&date.to_le_bytes());
    let [low, high] = part.to_le_bytes();
    match part_width {
        0 => {}
        1 => out.push(low),
        _ => out.extend_from_slice(&[low, high]),
    }
}

/// Where the files are written.
struct Desk<W> {
    entries: PageWriter<W>,
    dates: PageWriter<W>,
    built: Built,
}

impl<W: Out> Desk<W> {
    fn take_all(
        &mut self,
        batches: &Receiver<Result<Vec<Span>, Fault>>,
        spans: usize,
    ) -> Result<(), Refusal> {
        for batch in batches {
            for span in batch? {
                self.take(&span).map_err(unwritable)?;
            }
        }
        // A thread that broke has sent too little.
        if self.built.slots.len() == spans {
            Ok(())
        } else {
            Err(Refusal::Fault(Fault::Content))
        }
    }

    fn take(&mut self, span: &Span) -> io::Result<()> {
        let mut slot = Slot::default();
        if span.count > 0 {
            self.entries.align(ALIGN)?;
            let too_many = || io::Error::from(io::ErrorKind::FileTooLarge);
            slot = Slot {
                offset: u32::try_from(self.entries.position() / ALIGN).map_err(|_| too_many())?,
                count: span.count,
                rank: u32::try_from(self.built.short).map_err(|_| too_many())?,
            };
            self.entries.put(&span.container)?;
            self.dates.put(&span.dates)?;
            self.built.short += u64::from(span.count);
        }
        self.built.slots.push(slot);
        self.built.tally.add(&span.tally);
        Ok(())
    }
}

/// A span as it goes into the files.
struct Span {
    count: u32,
    container: Vec<u8>,
    dates: Vec<u8>,
    tally: Tally,
}

/// Makes spans.
struct SpanMaker<'a> {
    materials: &'a Materials<'a>,
    /// What is said about each serial number of the span, where its bit is set.
    said: Vec<Packed>,
    bits: Bits,
    before: Bits,
}

impl<'a> SpanMaker<'a> {
    fn new(materials: &'a Materials<'a>) -> Self {
        Self {
            materials,
            said: vec![Packed::NONE; SPAN],
            bits: Bits::default(),
            before: Bits::default(),
        }
    }

    fn make(&mut self, span: usize) -> Result<Span, Fault> {
        let mut tally = Tally::default();
        let before = self.materials.before.filter(|index| index.slot(span).count > 0);
        if before.is_none() && self.materials.gathered.is_empty(span) {
            return Ok(Span {
                count: 0,
                container: Vec::new(),
                dates: Vec::new(),
                tally,
            });
        }
        self.bits.clear();
        let (said, bits) = (&mut self.said, &mut self.bits);
        self.materials.gathered.each(span, |entry| {
            if let Some(place) = said.get_mut(usize::from(entry.low())) {
                if bits.insert(entry.low()) {
                    *place = entry;
                } else {
                    tally.repeat(place.agrees(entry));
                }
            }
        });
        if let Some(before) = before {
            self.compare(before, span, &mut tally)?;
        } else {
            tally.newly_revoked += u64::from(self.bits.count());
        }
        Ok(self.written(tally))
    }

    /// Decides about what was revoked before and is not listed now.
    fn compare(&mut self, before: &NationalIndex, span: usize, tally: &mut Tally) -> Result<(), Fault> {
        before.read_span(span, &mut self.before)?;
        tally.newly_revoked += self.bits.count_without(&self.before);
        let gone: Vec<u16> = self.before.without(&self.bits).collect();
        let slot = before.slot(span);
        for low in gone {
            let (place, reason) = before.find_in_span(span, low)?.ok_or(Fault::Content)?;
            let record = before.record(u64::from(slot.rank) + u64::from(place))?;
            let high = u16::try_from(span).map_err(|_| Fault::Content)?;
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            if let Some(part) = tally.gone(self.materials.fates, record, &[a, b, c, d]) {
                self.bits.insert(low);
                if let Some(said) = self.said.get_mut(usize::from(low)) {
                    *said = Packed::new(low, container::packed(reason), part, record.date);
                }
            }
        }
        Ok(())
    }

    fn written(&self, mut tally: Tally) -> Span {
        let count = self.bits.count();
        let entries = usize::try_from(count).unwrap_or(0);
        let width = self.materials.part_width;
        let mut container = Vec::with_capacity(entries / 2 + SPAN / 4);
        let mut dates = Vec::with_capacity(entries * (4 + usize::from(width)));
        let mut reasons = Vec::with_capacity(entries);
        // Entries of one part usually follow one another.
        let (mut part, mut run) = (0, 0);
        self.bits.each(|low| {
            let said = self.said.get(usize::from(low)).copied().unwrap_or(Packed::NONE);
            if said.part() != part {
                tally.keep(part, run);
                (part, run) = (said.part(), 0);
            }
            run += 1;
            push_record(said.date(), said.part(), width, &mut dates);
            reasons.push(said.reason());
        });
        tally.keep(part, run);
        self.bits.write(&reasons, &mut container);
        Span {
            count,
            container,
            dates,
            tally,
        }
    }
}
