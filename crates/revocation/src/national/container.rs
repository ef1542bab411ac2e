//! The serial numbers of one span of 65,536 and their reasons, as they lie in the file.
//!
//! A span with many revoked certificates is a one-bit map in blocks of one cache line, so that an answer costs one access to memory:
//! 256 bits, the number of bits set in the blocks before, that in the words of eight bytes of this block before each but the first, and
//! the reasons of the block's first 54 revoked, four bits each. Where a block has more, the reasons of the whole span follow the map once more, in the order of the serial numbers. A span with few is their
//! sorted low halves, then their reasons. The rank of a serial number, added to the span's first, is its place in the dates.

use pki::RevocationReason;

use super::pages::CheckedPages;
use super::reason::Fault;

/// Serial numbers of a span.
pub(super) const SPAN: usize = 1 << 16;
/// From so many on, a span is a map.
pub(super) const DENSE: u32 = 512;
/// Containers begin at multiples of it, so that no block lies across two cache lines or pages.
pub(super) const ALIGN: u64 = 64;

const BLOCK: usize = 64;
const BLOCK_BITS: usize = 256;
const BLOCK_BYTES: usize = BLOCK_BITS / 8;
const MAP: usize = SPAN / BLOCK_BITS * BLOCK;
/// Bits set in the blocks before, and in the block before its second, third and fourth word.
const RANKS: usize = 2 + 3;
/// Reasons that have room in a block, behind bits and ranks.
const INLINE: usize = (BLOCK - BLOCK_BYTES - RANKS) * 2;

/// Where a span lies.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Slot {
    /// In units of [`ALIGN`].
    pub(super) offset: u32,
    /// Revoked certificates; 0 where there is no container.
    pub(super) count: u32,
    /// The rank of the first.
    pub(super) rank: u32,
}

impl Slot {
    fn begin(self) -> Result<usize, Fault> {
        usize::try_from(u64::from(self.offset) * ALIGN).map_err(|_| Fault::Content)
    }

    /// Bytes before the reasons.
    fn head(self) -> usize {
        if self.count >= DENSE {
            MAP
        } else {
            usize::try_from(self.count).unwrap_or(0) * 2
        }
    }
}

/// The place of a serial number within its span's revoked, and its reason, if it is one.
#[inline]
pub(super) fn find(
    pages: &CheckedPages,
    slot: Slot,
    low: u16,
) -> Result<Option<(u32, RevocationReason)>, Fault> {
    if slot.count >= DENSE {
        find_in_map(pages, slot, low)
    } else if slot.count > 0 {
        find_in_list(pages, slot, low)
    } else {
        Ok(None)
    }
}

#[inline]
fn find_in_map(pages: &CheckedPages, slot: Slot, low: u16) -> Result<Option<(u32, RevocationReason)>, Fault> {
    let at = slot.begin()? + usize::from(low) / BLOCK_BITS * BLOCK;
    let block: &[u8; BLOCK] = pages.get(at, BLOCK)?.first_chunk().ok_or(Fault::Content)?;
    let (bits, rest) = block.split_first_chunk::<BLOCK_BYTES>().ok_or(Fault::Content)?;
    let (&[low_rank, high_rank, ranks @ ..], reasons) =
        rest.split_first_chunk::<RANKS>().ok_or(Fault::Content)?;
    let bit = low % 256;
    // One word of the bits, and what its other words hold before it, looked up without a branch that depends on the serial number: the
    // processor is to ask for the next one meanwhile.
    let (words, _) = bits.as_chunks::<8>();
    let number = usize::from(bit / 64);
    let word = u64::from_le_bytes(*words.get(number).ok_or(Fault::Content)?);
    let ours = 1_u64 << (bit % 64);
    if word & ours == 0 {
        return Ok(None);
    }
    let [second, third, fourth] = ranks;
    let earlier = [0, second, third, fourth];
    let block_rank = u32::from(u16::from_le_bytes([low_rank, high_rank]));
    let before = (word & (ours - 1)).count_ones();
    let within = u32::from(*earlier.get(number).ok_or(Fault::Content)?) + before;
    let place = block_rank + within;
    let half = usize::try_from(within / 2).map_err(|_| Fault::Content)?;
    let reason = match reasons.get(half) {
        Some(pair) => unpacked(pair >> (within % 2 * 4) & 15)?,
        None => reason_behind(pages, slot, place)?,
    };
    Ok(Some((place, reason)))
}

fn find_in_list(
    pages: &CheckedPages,
    slot: Slot,
    low: u16,
) -> Result<Option<(u32, RevocationReason)>, Fault> {
    let list = pages.get(slot.begin()?, slot.head())?;
    let (numbers, _) = list.as_chunks::<2>();
    let Ok(place) = numbers.binary_search_by_key(&low, |number| u16::from_le_bytes(*number)) else {
        return Ok(None);
    };
    let place = u32::try_from(place).map_err(|_| Fault::Content)?;
    Ok(Some((place, reason_behind(pages, slot, place)?)))
}

/// The reason at a place, from what follows map or list.
fn reason_behind(pages: &CheckedPages, slot: Slot, place: u32) -> Result<RevocationReason, Fault> {
    let half = usize::try_from(place / 2).map_err(|_| Fault::Content)?;
    let at = slot.begin()? + slot.head() + half;
    let [pair] = *pages.get(at, 1)? else {
        return Err(Fault::Content);
    };
    unpacked(pair >> (place % 2 * 4) & 15)
}

/// Four bits for a reason: its code, which is at most 10.
pub(super) fn packed(reason: RevocationReason) -> u8 {
    reason.code() & 15
}

#[inline]
pub(super) fn unpacked(bits: u8) -> Result<RevocationReason, Fault> {
    let reason = REASONS.get(usize::from(bits)).copied().flatten();
    reason.ok_or(Fault::Content)
}

/// By code: looked up, because a jump by reason is guessed wrong by the processor most of the time.
const REASONS: [Option<RevocationReason>; 16] = {
    use RevocationReason as R;
    let none = None;
    [
        Some(R::Unspecified),
        Some(R::KeyCompromise),
        Some(R::CaCompromise),
        Some(R::AffiliationChanged),
        Some(R::Superseded),
        Some(R::CessationOfOperation),
        Some(R::CertificateHold),
        none,
        none,
        Some(R::PrivilegeWithdrawn),
        Some(R::AaCompromise),
        none,
        none,
        none,
        none,
        none,
    ]
};

/// Which serial numbers of a span are revoked, one bit each.
#[derive(Clone)]
pub(super) struct Bits([u64; SPAN / 64]);

impl Default for Bits {
    fn default() -> Self {
        Self([0; SPAN / 64])
    }
}

impl Bits {
    pub(super) fn clear(&mut self) {
        self.0.fill(0);
    }

    /// Whether it was not set before.
    #[inline]
    pub(super) fn insert(&mut self, low: u16) -> bool {
        let bit = 1 << (low % 64);
        match self.0.get_mut(usize::from(low / 64)) {
            Some(word) => {
                let new = *word & bit == 0;
                *word |= bit;
                new
            }
            None => false,
        }
    }

    pub(super) fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// By words of 64.
    pub(super) fn words(&self) -> &[u64] {
        &self.0
    }

    /// Those that are set, in rising order.
    pub(super) fn iter(&self) -> impl Iterator<Item = u16> {
        ones(self.0.iter().copied())
    }

    /// How many are set here and not there.
    pub(super) fn count_without(&self, other: &Self) -> u64 {
        let words = self.0.iter().zip(other.0.iter());
        words
            .map(|(here, there)| u64::from((here & !there).count_ones()))
            .sum()
    }

    /// Those that are set here and not there, in rising order.
    pub(super) fn without<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = u16> + 'a {
        ones(
            self.0
                .iter()
                .zip(other.0.iter())
                .map(|(here, there)| here & !there),
        )
    }

    /// Reads a span.
    pub(super) fn read(&mut self, pages: &CheckedPages, slot: Slot) -> Result<(), Fault> {
        self.clear();
        if slot.count == 0 {
            return Ok(());
        }
        let head = pages.get(slot.begin()?, slot.head())?;
        if slot.count < DENSE {
            let (numbers, _) = head.as_chunks::<2>();
            for number in numbers {
                self.insert(u16::from_le_bytes(*number));
            }
            return Ok(());
        }
        let mut words = self.0.iter_mut();
        for block in head.chunks_exact(BLOCK) {
            let (four, _) = block.get(..BLOCK_BYTES).unwrap_or_default().as_chunks::<8>();
            for (bytes, word) in four.iter().zip(words.by_ref()) {
                *word = u64::from_le_bytes(*bytes);
            }
        }
        Ok(())
    }

    /// Appends a span, with the reasons (four bits in a byte each) of those that are set, in their order.
    pub(super) fn write(&self, reasons: &[u8], out: &mut Vec<u8>) {
        if !u32::try_from(reasons.len()).is_ok_and(|count| count >= DENSE) {
            for low in self.iter() {
                out.extend_from_slice(&low.to_le_bytes());
            }
            out.extend(reasons.chunks(2).map(pair));
            return;
        }
        let mut rest = reasons;
        let mut crowded = false;
        for words in self.0.chunks_exact(4) {
            for word in words {
                out.extend_from_slice(&word.to_le_bytes());
            }
            // At most 65,280 stand before a block, and 192 in it before its last word.
            let before = reasons.len() - rest.len();
            out.extend_from_slice(&u16::try_from(before).unwrap_or(u16::MAX).to_le_bytes());
            let mut set = 0;
            for (number, word) in words.iter().enumerate() {
                if number > 0 {
                    out.push(u8::try_from(set).unwrap_or(u8::MAX));
                }
                set += word.count_ones();
            }
            let (here, later) = rest.split_at(usize::try_from(set).unwrap_or(0).min(rest.len()));
            crowded |= here.len() > INLINE;
            let end = out.len() + INLINE / 2;
            out.extend(here.chunks(2).take(INLINE / 2).map(pair));
            out.resize(end, 0);
            rest = later;
        }
        if crowded {
            out.extend(reasons.chunks(2).map(pair));
        }
    }
}

/// Two reasons in a byte.
fn pair(two: &[u8]) -> u8 {
    match *two {
        [first, second] => first | second << 4,
        [first] => first,
        _ => 0,
    }
}

fn ones(words: impl Iterator<Item = u64>) -> impl Iterator<Item = u16> {
    words.enumerate().flat_map(|(number, word)| {
        let first = u16::try_from(number * 64).unwrap_or(0);
        std::iter::successors(Some(word), |rest| Some(rest & rest.wrapping_sub(1)))
            .take_while(|rest| *rest != 0)
            .map(move |rest| first + u16::try_from(rest.trailing_zeros()).unwrap_or(0))
    })
}

#[cfg(test)]
mod tests {
    use super::super::pages::{Bytes, PageWriter};
    use super::*;

    #[test]
    fn a_span_is_read_as_it_was_written() {
        let sets: [Vec<u16>; 9] = [
            vec![],
            vec![0],
            vec![0xffff],
            (0..=0xffff).collect(),
            (0..=0xffff).step_by(7).collect(),
            (0..=0xffff).step_by(65).collect(),
            (0..511).map(|n| n * 128).collect(),
            (0..512).map(|n| n * 128 + 127).collect(),
            // Blocks of 54, 55 and 256 among empty ones.
            (0..54)
                .chain(512..567)
                .chain(1024..1280)
                .chain(5000..5512)
                .collect(),
        ];
        for set in sets {
            let mut bits = Bits::default();
            assert!(set.iter().all(|low| bits.insert(*low)));
            assert!(set.iter().all(|low| !bits.insert(*low)));
            let count = bits.count();
            assert!(bits.iter().eq(set.iter().copied()));
            let slot = Slot {
                offset: 1,
                count,
                rank: 0,
            };
            let mut bytes = vec![0; 64];
            let code = |place: usize| [0, 1, 2, 3, 4, 5, 6, 9, 10][place % 9];
            let reasons: Vec<u8> = (0..set.len()).map(code).collect();
            bits.write(&reasons, &mut bytes);
            let mut writer = PageWriter::new(Vec::new());
            writer.put(&bytes).unwrap();
            let (bytes, written) = writer.finish().unwrap();
            let pages = CheckedPages::new(Bytes::Heap(bytes), written).unwrap();
            let mut again = Bits::default();
            again.insert(17);
            again.read(&pages, slot).unwrap();
            assert!(again.iter().eq(set.iter().copied()));
            assert_eq!(again.without(&bits).count(), 0);
            for low in 0..=0xffff {
                let expected = set.binary_search(&low).ok();
                let found = find(&pages, slot, low).unwrap();
                let found = found.map(|(place, reason)| (usize::try_from(place).unwrap(), reason.code()));
                assert_eq!(found, expected.map(|place| (place, code(place))), "{low}");
            }
        }
    }

    #[test]
    fn reasons_are_looked_up_as_their_codes_say() {
        for bits in 0..=255 {
            assert_eq!(unpacked(bits).ok(), RevocationReason::from_code(bits), "{bits}");
        }
    }

    #[test]
    fn what_is_missing_is_found() {
        let mut here = Bits::default();
        let mut there = Bits::default();
        for low in [1, 64, 4000, 0xffff] {
            here.insert(low);
        }
        there.insert(64);
        assert!(here.without(&there).eq([1, 4000, 0xffff]));
    }
}
