//! What lists say, gathered by spans of serial numbers until all lists of the delivery are verified.
//!
//! Lists name their certificates in any order; the index wants them by serial number. Entries of one span are collected in a small
//! buffer and spooled when it is full, so memory depends on the range of serial numbers, not on how many are revoked.

use std::io::{self, BufWriter, Write};

use mapped::Draft;
use pki::{EntrySink, RevocationReason};

use super::container;
use super::pages::Bytes;

/// Entries of a span that wait for being spooled; fewer where there are very many spans, so that never more than 34 MB wait.
const WAITING: usize = 256;
const WAITING_OF_MANY: usize = 64;
const MANY_SPANS: usize = 16_384;
/// What is written to the spool at once.
const SPOOL_BUFFER: usize = 1 << 20;

/// Dates count from 1950-01-01T00:00:00Z, where `UTCTime` begins, to 2086-02-06T06:28:15Z, where 32 bits end.
const EPOCH: i64 = -631_152_000;

/// A date as it is kept: exact to the second.
pub(super) fn packed_date(seconds: i64) -> Option<u32> {
    u32::try_from(seconds.checked_sub(EPOCH)?).ok()
}

/// Seconds since 1970-01-01T00:00:00Z.
pub(super) fn unpacked_date(date: u32) -> i64 {
    i64::from(date) + EPOCH
}

/// What a list says about a serial number of its span, in eight bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Packed(u64);

impl Packed {
    pub(super) const NONE: Self = Self(0);

    #[inline]
    pub(super) fn new(low: u16, reason: u8, part: u16, date: u32) -> Self {
        Self(
            u64::from(date) << 32
                | u64::from(part & 0xfff) << 20
                | u64::from(reason & 15) << 16
                | u64::from(low),
        )
    }

    #[inline]
    pub(super) fn low(self) -> u16 {
        let [a, b, ..] = self.0.to_le_bytes();
        u16::from_le_bytes([a, b])
    }

    #[inline]
    pub(super) fn reason(self) -> u8 {
        let [_, _, c, ..] = self.0.to_le_bytes();
        c & 15
    }

    #[inline]
    pub(super) fn part(self) -> u16 {
        let [_, _, c, d, ..] = self.0.to_le_bytes();
        u16::from_le_bytes([c, d]) >> 4
    }

    #[inline]
    pub(super) fn date(self) -> u32 {
        let [.., e, f, g, h] = self.0.to_le_bytes();
        u32::from_le_bytes([e, f, g, h])
    }

    /// Whether both say the same, whichever list said it.
    pub(super) fn agrees(self, other: Self) -> bool {
        self.date() == other.date() && self.reason() == other.reason()
    }
}

/// What a list says about a serial number of more than 32 bits.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct LongEntry {
    /// Big-endian, zeros before it.
    pub(super) serial: [u8; 20],
    pub(super) date: u32,
    pub(super) reason: u8,
    pub(super) part: u16,
}

/// The 20 bytes of a serial number.
pub(super) fn padded(serial: &[u8]) -> Option<[u8; 20]> {
    let mut whole = [0; 20];
    let start = whole.len().checked_sub(serial.len())?;
    whole.get_mut(start..)?.copy_from_slice(serial);
    Some(whole)
}

/// Why no more is gathered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Full {
    Date,
    LongSerials,
    Spool(io::ErrorKind),
}

enum Spool {
    File(BufWriter<Draft>),
    Memory(Vec<u8>),
}

impl Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.write_all(bytes),
            Self::Memory(memory) => {
                memory.extend_from_slice(bytes);
                Ok(())
            }
        }
    }
}

/// Where a chunk of one span begins in the spool, and its entries.
type Chunk = (u64, u32);

/// Takes the entries of one list after another.
pub(super) struct Gather {
    /// Entries that wait, `room` for each span.
    waiting: Vec<Packed>,
    /// How many wait in each span.
    filled: Vec<u32>,
    room: usize,
    chunks: Vec<Vec<Chunk>>,
    spool: Spool,
    spooled: u64,
    long: Vec<LongEntry>,
    max_long: u64,
    /// The number of the list being read.
    pub(super) part: u16,
}

impl Gather {
    /// With a file to spool into, or in memory.
    pub(super) fn new(spool: Option<Draft>, max_long: u64) -> Self {
        Self {
            waiting: Vec::new(),
            filled: Vec::new(),
            room: WAITING,
            chunks: Vec::new(),
            spool: match spool {
                Some(draft) => Spool::File(BufWriter::with_capacity(SPOOL_BUFFER, draft)),
                None => Spool::Memory(Vec::new()),
            },
            spooled: 0,
            long: Vec::new(),
            max_long,
            part: 0,
        }
    }

    /// Makes room for one more entry of a span, by making the span known or by spooling what waits in it.
    #[cold]
    fn make_room(&mut self, span: usize) -> Result<(), Full> {
        if span < self.filled.len() {
            return self.spool(span);
        }
        if span >= MANY_SPANS && self.room == WAITING {
            self.spool_all()?;
            self.room = WAITING_OF_MANY;
            self.waiting = Vec::new();
        }
        // Some more at once: spans usually follow one another.
        let spans = (span + 1).next_multiple_of(64);
        self.waiting.resize(spans * self.room, Packed::NONE);
        self.filled.resize(spans, 0);
        self.chunks.resize_with(spans, Vec::new);
        Ok(())
    }

    fn spool(&mut self, span: usize) -> Result<(), Full> {
        let Some(filled) = self.filled.get_mut(span) else {
            return Ok(());
        };
        let entries = std::mem::take(filled);
        if entries == 0 {
            return Ok(());
        }
        let begin = span * self.room;
        let end = begin + usize::try_from(entries).unwrap_or(0);
        let mut bytes = [0; WAITING * 8];
        let (words, _) = bytes.as_chunks_mut::<8>();
        for (word, entry) in words
            .iter_mut()
            .zip(self.waiting.get(begin..end).unwrap_or_default())
        {
            *word = entry.0.to_le_bytes();
        }
        let length = usize::try_from(entries).unwrap_or(0) * 8;
        self.spool
            .write(bytes.get(..length).unwrap_or_default())
            .map_err(|error| Full::Spool(error.kind()))?;
        if let Some(chunks) = self.chunks.get_mut(span) {
            chunks.push((self.spooled, entries));
        }
        self.spooled += u64::from(entries) * 8;
        Ok(())
    }

    fn spool_all(&mut self) -> Result<(), Full> {
        (0..self.filled.len()).try_for_each(|span| self.spool(span))
    }

    /// Everything gathered.
    pub(super) fn finish(mut self) -> io::Result<Gathered> {
        self.spool_all().map_err(|full| match full {
            Full::Spool(kind) => kind.into(),
            Full::Date | Full::LongSerials => io::Error::from(io::ErrorKind::InvalidData),
        })?;
        let spool = match self.spool {
            Spool::Memory(bytes) => Bytes::Heap(bytes),
            Spool::File(file) => {
                let draft = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                Bytes::Mapped(draft.map()?)
            }
        };
        let mut long = self.long;
        long.sort_unstable();
        Ok(Gathered {
            chunks: self.chunks,
            spool,
            long,
        })
    }
}

impl EntrySink for Gather {
    type Refusal = Full;

    #[inline]
    fn short(&mut self, serial: u32, seconds: i64, reason: RevocationReason) -> Result<(), Full> {
        let date = packed_date(seconds).ok_or(Full::Date)?;
        let [a, b, c, d] = serial.to_be_bytes();
        let entry = Packed::new(
            u16::from_be_bytes([c, d]),
            container::packed(reason),
            self.part,
            date,
        );
        let span = usize::from(u16::from_be_bytes([a, b]));
        loop {
            if let Some(filled) = self.filled.get_mut(span)
                && let Ok(place) = usize::try_from(*filled)
                && place < self.room
                && let Some(room) = self.waiting.get_mut(span * self.room + place)
            {
                *room = entry;
                *filled += 1;
                return Ok(());
            }
            self.make_room(span)?;
        }
    }

    fn long(&mut self, serial: &[u8], seconds: i64, reason: RevocationReason) -> Result<(), Full> {
        if u64::try_from(self.long.len()).is_ok_and(|count| count >= self.max_long) {
            return Err(Full::LongSerials);
        }
        self.long.push(LongEntry {
            serial: padded(serial).ok_or(Full::LongSerials)?,
            date: packed_date(seconds).ok_or(Full::Date)?,
            reason: container::packed(reason),
            part: self.part,
        });
        Ok(())
    }
}

/// What the lists of a delivery say, by span.
pub(super) struct Gathered {
    chunks: Vec<Vec<Chunk>>,
    spool: Bytes,
    /// Sorted.
    pub(super) long: Vec<LongEntry>,
}

impl Gathered {
    /// Spans that may have entries.
    pub(super) fn spans(&self) -> usize {
        self.chunks.len()
    }

    /// Whether a span has no entries.
    pub(super) fn is_empty(&self, span: usize) -> bool {
        self.chunks.get(span).is_none_or(Vec::is_empty)
    }

    /// The entries of a span, in no order.
    #[inline]
    pub(super) fn each(&self, span: usize, mut take: impl FnMut(Packed)) {
        for (offset, entries) in self.chunks.get(span).into_iter().flatten() {
            let begin = usize::try_from(*offset).unwrap_or(usize::MAX);
            let length = usize::try_from(*entries).unwrap_or(0) * 8;
            let chunk = self.spool.get(begin..begin.saturating_add(length));
            let (words, _) = chunk.unwrap_or_default().as_chunks::<8>();
            for word in words {
                take(Packed(u64::from_le_bytes(*word)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_fits_into_eight_bytes() {
        for (low, reason, part, date) in [
            (0, 0, 0, 0),
            (0xffff, 10, 4095, u32::MAX),
            (0x1234, 9, 0x856, 0x89ab_cdef),
        ] {
            let packed = Packed::new(low, reason, part, date);
            assert_eq!(
                (packed.low(), packed.reason(), packed.part(), packed.date()),
                (low, reason, part, date)
            );
            assert!(packed.agrees(Packed::new(1, reason, 2, date)));
            assert!(!packed.agrees(Packed::new(low, reason ^ 1, part, date)));
            assert!(!packed.agrees(Packed::new(low, reason, part, date ^ 1)));
        }
    }

    #[test]
    fn dates_are_exact_where_they_fit() {
        for seconds in [EPOCH, -1, 0, 1_795_000_000, EPOCH + i64::from(u32::MAX)] {
            assert_eq!(unpacked_date(packed_date(seconds).unwrap()), seconds);
        }
        for seconds in [EPOCH - 1, EPOCH + i64::from(u32::MAX) + 1, i64::MIN, i64::MAX] {
            assert_eq!(packed_date(seconds), None);
        }
        // As the documents of `Refusal::DateOutOfRange` have it.
        let last = domain::Timestamp::from_seconds(unpacked_date(u32::MAX));
        assert_eq!(last.to_string(), "2086-02-06T06:28:15Z");
    }

    #[test]
    fn spans_come_back_whole_from_memory_and_from_a_file() {
        let place = tempfile::tempdir().unwrap();
        let directory = mapped::Directory::open(place.path()).unwrap();
        for spool in [None, Some(directory.draft("spool").unwrap())] {
            let mut gather = Gather::new(spool, 2);
            let spans = [0_u32, 3, 20_000, 65_535];
            for number in 0..5000_u32 {
                for span in spans {
                    gather
                        .short(
                            span << 16 | number,
                            i64::from(number),
                            RevocationReason::Superseded,
                        )
                        .unwrap();
                }
            }
            let long = [1; 9];
            gather.long(&long, 7, RevocationReason::KeyCompromise).unwrap();
            gather.long(&[1; 5], 7, RevocationReason::KeyCompromise).unwrap();
            assert_eq!(
                gather.long(&long, 7, RevocationReason::KeyCompromise),
                Err(Full::LongSerials)
            );
            assert_eq!(
                gather.short(1, i64::MAX, RevocationReason::Superseded),
                Err(Full::Date)
            );
            let gathered = gather.finish().unwrap();
            assert_eq!(gathered.spans(), 65_536);
            for span in 0..gathered.spans() {
                let mut found = Vec::new();
                gathered.each(span, |entry| found.push(entry));
                if spans.iter().any(|with| usize::try_from(*with).unwrap() == span) {
                    let expected =
                        (0..5000_u16).map(|low| Packed::new(low, 4, 0, packed_date(i64::from(low)).unwrap()));
                    assert!(found.into_iter().eq(expected));
                } else {
                    assert!(found.is_empty());
                }
            }
            assert_eq!(gathered.long.len(), 2);
            assert_eq!(gathered.long[0].serial, padded(&[1; 5]).unwrap());
        }
    }
}
