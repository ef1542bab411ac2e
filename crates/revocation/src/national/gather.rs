//! What lists say, gathered by groups of serial numbers until all lists of the delivery are verified.
//!
//! Lists name their certificates in any order; the index wants them by serial number. Entries of one group are written one behind the
//! other into segments that belong to the group; how many segments stay in memory is bounded, and what is more goes to a file. So
//! memory depends on the bound and on the range of serial numbers, not on how many are revoked.

use std::io::{self, BufWriter, Write};

use mapped::Draft;
use pki::{EntrySink, RevocationReason};

use super::container::{self, SPAN};
use super::pages::Bytes;

/// Serial numbers of a group, as a number of bits: with reason and date that makes seven bytes for an entry.
const GROUP_BITS: u32 = 20;
/// Spans of a group.
pub(super) const SPANS: usize = (1 << GROUP_BITS) / SPAN;

/// Bytes of an entry.
const ENTRY: usize = 7;
/// What a group is given at once: with 4,096 groups never more than 34 MB beyond the bound. An odd number of cache lines, since groups
/// fill at the same pace: at a distance of a power of two, the places where they are written would drive one another out of the cache.
const SEGMENT: usize = (8 << 10) + 64;
/// Bytes of a full segment: entries are written as words of eight bytes, of which the next one overwrites the last.
const FULL: usize = (SEGMENT - 1) / ENTRY * ENTRY;
/// Memory is taken by so many bytes.
const SLAB: usize = 128 * SEGMENT;
/// What is written to the file at once.
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

/// What a list says about a serial number of its group, in seven bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Packed(u64);

/// In place of a reason: what follows was said by the list whose number stands in place of the serial number.
const PART: u8 = 15;

impl Packed {
    #[inline]
    fn new(low: u32, reason: u8, date: u32) -> Self {
        Self(u64::from(date) << 24 | u64::from(reason & 15) << 20 | u64::from(low & 0xf_ffff))
    }

    /// The serial number within its group.
    #[inline]
    pub(super) fn low(self) -> u32 {
        let [a, b, c, ..] = self.0.to_le_bytes();
        u32::from_le_bytes([a, b, c & 15, 0])
    }

    #[inline]
    pub(super) fn reason(self) -> u8 {
        let [_, _, c, ..] = self.0.to_le_bytes();
        c >> 4
    }

    #[inline]
    pub(super) fn date(self) -> u32 {
        let [_, _, _, d, e, f, g, _] = self.0.to_le_bytes();
        u32::from_le_bytes([d, e, f, g])
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

/// Where entries of one group lie, one behind the other.
#[derive(Clone, Copy)]
struct Piece {
    /// Of the memory; of the file where there is none.
    slab: Option<usize>,
    begin: usize,
    bytes: usize,
}

/// The segment that a group is writing to.
#[derive(Clone, Copy, Default)]
struct Open {
    slab: Option<usize>,
    /// Where the next entry goes.
    at: usize,
    /// Where none goes any more, before something else is done.
    end: usize,
    /// The list that said the last one.
    part: u16,
}

impl Open {
    fn begin(self) -> usize {
        self.at / SEGMENT * SEGMENT
    }

    fn piece(self) -> Piece {
        Piece {
            slab: self.slab,
            begin: self.begin(),
            bytes: self.at - self.begin(),
        }
    }
}

/// Takes the entries of one list after another.
pub(super) struct Gather {
    /// By group.
    open: Vec<Open>,
    /// By group, in the order in which they were written.
    pieces: Vec<Vec<Piece>>,
    slabs: Vec<Vec<u8>>,
    /// Bytes of the last slab that belong to a group.
    taken: usize,
    /// Bytes that may stay in memory.
    room: usize,
    spool: Option<BufWriter<Draft>>,
    spooled: usize,
    long: Vec<LongEntry>,
    max_long: u64,
    /// The number of the list being read.
    part: u16,
}

impl Gather {
    /// With a file for what does not fit into so many bytes; without one, everything stays in memory.
    pub(super) fn new(spool: Option<Draft>, room: u64, max_long: u64) -> Self {
        Self {
            open: Vec::new(),
            pieces: Vec::new(),
            slabs: Vec::new(),
            taken: SLAB,
            room: usize::try_from(room).unwrap_or(usize::MAX),
            spool: spool.map(|draft| BufWriter::with_capacity(SPOOL_BUFFER, draft)),
            spooled: 0,
            long: Vec::new(),
            max_long,
            part: 0,
        }
    }

    /// What follows is said by the list of this number.
    pub(super) fn begin(&mut self, part: u16) {
        self.part = part;
        for open in &mut self.open {
            open.end = 0;
        }
    }

    /// Makes room for one more entry of a group.
    #[cold]
    fn make_room(&mut self, group: usize) -> Result<(), Full> {
        if group >= self.open.len() {
            self.open.resize(group + 1, Open::default());
            self.pieces.resize_with(group + 1, Vec::new);
        }
        let mut open = self.open.get(group).copied().unwrap_or_default();
        if open.slab.is_none() || open.at >= open.begin() + FULL {
            open = self.next_segment(group, open)?;
        }
        open.end = open.begin() + FULL;
        if open.part != self.part {
            open.part = self.part;
            put(
                &mut self.slabs,
                &mut open,
                Packed::new(u32::from(self.part), PART, 0),
            );
        }
        if let Some(place) = self.open.get_mut(group) {
            *place = open;
        }
        Ok(())
    }

    fn next_segment(&mut self, group: usize, open: Open) -> Result<Open, Full> {
        let Some(pieces) = self.pieces.get_mut(group) else {
            return Ok(open);
        };
        let full = self.taken == SLAB && self.slabs.len().saturating_add(1).saturating_mul(SLAB) > self.room;
        if full
            && let Some(spool) = &mut self.spool
            && let Some(slab) = open.slab
        {
            let segment = self.slabs.get(slab).and_then(|slab| slab.get(open.begin()..));
            let segment = segment.and_then(|rest| rest.get(..SEGMENT)).unwrap_or_default();
            spool
                .write_all(segment)
                .map_err(|error| Full::Spool(error.kind()))?;
            pieces.push(Piece {
                slab: None,
                begin: self.spooled,
                ..open.piece()
            });
            self.spooled += SEGMENT;
            return Ok(Open {
                at: open.begin(),
                ..open
            });
        }
        if open.slab.is_some() {
            pieces.push(open.piece());
        }
        if self.taken == SLAB {
            self.slabs.push(vec![0; SLAB]);
            self.taken = 0;
        }
        let at = self.taken;
        self.taken += SEGMENT;
        Ok(Open {
            slab: self.slabs.len().checked_sub(1),
            at,
            ..open
        })
    }

    /// Everything gathered.
    pub(super) fn finish(mut self) -> io::Result<Gathered> {
        for (open, pieces) in self.open.iter().zip(&mut self.pieces) {
            if open.slab.is_some() {
                pieces.push(open.piece());
            }
        }
        let spool = match self.spool {
            Some(file) if self.spooled > 0 => {
                let draft = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                Bytes::Mapped(draft.map()?)
            }
            _ => Bytes::Heap(Vec::new()),
        };
        let mut long = self.long;
        long.sort_unstable();
        Ok(Gathered {
            pieces: self.pieces,
            slabs: self.slabs,
            spool,
            long,
        })
    }
}

/// Writes an entry where the segment has room for it.
#[inline]
fn put(slabs: &mut [Vec<u8>], open: &mut Open, entry: Packed) -> bool {
    let place = open
        .slab
        .and_then(|slab| slabs.get_mut(slab)?.get_mut(open.at..)?.first_chunk_mut());
    match place {
        Some(place) => {
            *place = entry.0.to_le_bytes();
            open.at += ENTRY;
            true
        }
        None => false,
    }
}

impl EntrySink for Gather {
    type Refusal = Full;

    #[inline]
    fn short(&mut self, serial: u32, seconds: i64, reason: RevocationReason) -> Result<(), Full> {
        let date = packed_date(seconds).ok_or(Full::Date)?;
        let entry = Packed::new(serial, container::packed(reason), date);
        let group = usize::try_from(serial >> GROUP_BITS).unwrap_or(usize::MAX);
        loop {
            if let Some(open) = self.open.get_mut(group)
                && open.at < open.end
                && put(&mut self.slabs, open, entry)
            {
                return Ok(());
            }
            self.make_room(group)?;
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

/// What the lists of a delivery say, by group.
pub(super) struct Gathered {
    pieces: Vec<Vec<Piece>>,
    slabs: Vec<Vec<u8>>,
    spool: Bytes,
    /// Sorted.
    pub(super) long: Vec<LongEntry>,
}

impl Gathered {
    /// Groups that may have entries.
    pub(super) fn groups(&self) -> usize {
        self.pieces.len()
    }

    /// Whether a group has no entries.
    pub(super) fn is_empty(&self, group: usize) -> bool {
        self.pieces.get(group).is_none_or(Vec::is_empty)
    }

    /// The entries of a group, each with the number of the list that said it, in the order in which they came.
    #[inline]
    pub(super) fn each(&self, group: usize, mut take: impl FnMut(Packed, u16)) {
        let mut part = 0;
        for piece in self.pieces.get(group).into_iter().flatten() {
            let whole = match piece.slab {
                Some(slab) => self.slabs.get(slab).map(Vec::as_slice),
                None => Some(&*self.spool),
            };
            let mut rest = whole
                .and_then(|whole| whole.get(piece.begin..)?.get(..=piece.bytes))
                .unwrap_or_default();
            while let Some(word) = rest.first_chunk::<8>() {
                let entry = Packed(u64::from_le_bytes(*word) & (u64::MAX >> 8));
                if entry.reason() == PART {
                    let [low, high, ..] = entry.low().to_le_bytes();
                    part = u16::from_le_bytes([low, high]);
                } else {
                    take(entry, part);
                }
                rest = rest.get(ENTRY..).unwrap_or_default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_fits_into_seven_bytes() {
        for (low, reason, date) in [(0, 0, 0), (0xf_ffff, 10, u32::MAX), (0x5_1234, 9, 0x89ab_cdef)] {
            let packed = Packed::new(low, reason, date);
            assert_eq!(
                (packed.low(), packed.reason(), packed.date()),
                (low, reason, date)
            );
            assert!(packed.0 >> (8 * ENTRY) == 0 && reason != PART);
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
    fn groups_come_back_whole_from_memory_and_from_a_file() {
        let place = tempfile::tempdir().unwrap();
        let directory = mapped::Directory::open(place.path()).unwrap();
        let draft = |name: &str| Some(directory.draft(name).unwrap());
        // All in memory, without a file and with one; the first megabyte of it.
        for (spool, room) in [
            (None, 0),
            (draft("a"), u64::MAX),
            (draft("b"), 1 << 20),
            (draft("c"), 0),
        ] {
            let mut gather = Gather::new(spool, room, 2);
            let groups = [0_u32, 3, 1900, 4095];
            // The first says nothing, and the last only says something of one group.
            for (part, of) in [(7, 0), (8, 4), (9, 4), (4095, 1)] {
                gather.begin(part);
                for number in 0..30_000_u32 {
                    for group in groups.iter().take(of) {
                        let reason = RevocationReason::Superseded;
                        gather
                            .short((group << 20) + number * 34, i64::from(number), reason)
                            .unwrap();
                    }
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
            let slabs = gather.slabs.len();
            let spooled = gather.spooled;
            let gathered = gather.finish().unwrap();
            // 1.9 MB in all.
            match room {
                0 if gathered.spool.is_empty() => assert_eq!((slabs, spooled), (2, 0)),
                u64::MAX => assert_eq!((slabs, spooled), (2, 0)),
                _ => assert!(slabs == 1 && spooled > 500_000),
            }
            assert_eq!(gathered.groups(), 4096);
            for group in 0..gathered.groups() {
                let mut found = Vec::new();
                gathered.each(group, |entry, part| found.push((entry, part)));
                let parts: &[u16] = match groups
                    .iter()
                    .position(|with| usize::try_from(*with).unwrap() == group)
                {
                    Some(0) => &[8, 9, 4095],
                    Some(_) => &[8, 9],
                    None => &[],
                };
                assert_eq!(gathered.is_empty(group), parts.is_empty());
                let expected = parts.iter().flat_map(|part| {
                    (0..30_000_u32).map(move |number| {
                        let date = packed_date(i64::from(number)).unwrap();
                        (Packed::new(number * 34, 4, date), *part)
                    })
                });
                assert!(found.into_iter().eq(expected), "{group}");
            }
            assert_eq!(gathered.long.len(), 2);
            assert_eq!(gathered.long[0].serial, padded(&[1; 5]).unwrap());
        }
    }
}
