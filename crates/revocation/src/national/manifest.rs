//! The manifest: everything that must be known before a page is looked at. Putting it in place is what puts an index in use.

use aws_lc_rs::digest::{SHA256, digest};
use domain::{RevocationGeneration, Timestamp};
use pki::{CrlNumber, CrlScope};

use super::container::Slot;
use super::pages::{PageDigest, Written};
use super::reason::Fault;

const MAGIC: [u8; 8] = *b"GAPRVIDX";
const VERSION: u32 = 2;
const DIGEST: usize = 32;
/// No manifest is longer: 80 million entries on as many pages as that needs, and 4,095 lists, stay far below.
pub(super) const MAX_MANIFEST: u64 = 256 << 20;

/// A list in use, or one that was.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Part {
    pub(super) scope: CrlScope,
    pub(super) issuer_key_hash: String,
    pub(super) number: Option<CrlNumber>,
    pub(super) this_update: Timestamp,
    pub(super) next_update: Option<Timestamp>,
    /// Entries of the list.
    pub(super) entries: u64,
    /// Serial numbers that this index has from it and from no list before it.
    pub(super) kept: u64,
    /// The digest that was signed: tells an identical list.
    pub(super) digest: Vec<u8>,
}

impl Part {
    /// Names the list by what never changes from delivery to delivery: its scope and the key that signs it. Sixteen hexadecimal digits.
    pub(super) fn id(&self) -> String {
        let mut out = Output(Vec::new());
        out.scope(&self.scope);
        out.bytes(self.issuer_key_hash.as_bytes());
        let sum = digest(&SHA256, &out.0);
        let first: [u8; 8] = sum.as_ref().first_chunk().copied().unwrap_or_default();
        format!("{:016x}", u64::from_be_bytes(first))
    }
}

/// What an index is made of.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Manifest {
    pub(super) generation: RevocationGeneration,
    /// DER of the issuer's name.
    pub(super) issuer: Vec<u8>,
    /// Place 0 is for what no list names any more; part n is at n − 1.
    pub(super) parts: Vec<Part>,
    /// Entries of place 0.
    pub(super) retained: u64,
    /// Bytes of the part's number behind each date: 0 where all entries have the same part.
    pub(super) part_width: u8,
    /// That part.
    pub(super) only_part: u16,
    pub(super) slots: Vec<Slot>,
    /// Serial numbers of up to 32 bits.
    pub(super) short: u64,
    /// Longer ones.
    pub(super) long: u64,
    /// Where they begin in the file of entries.
    pub(super) long_offset: u64,
    /// Bytes of each.
    pub(super) long_width: u8,
    pub(super) entries: Written,
    pub(super) dates: Written,
}

impl Manifest {
    pub(super) const NAME: &str = "manifest";

    /// The file of bit maps and reasons of a generation.
    pub(super) fn entries_name(generation: RevocationGeneration) -> String {
        format!("entries-{}", generation.0)
    }

    /// The file of dates of a generation.
    pub(super) fn dates_name(generation: RevocationGeneration) -> String {
        format!("dates-{}", generation.0)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Output(Vec::new());
        out.0.extend_from_slice(&MAGIC);
        out.u32(VERSION);
        out.u64(self.generation.0);
        out.bytes(&self.issuer);
        out.count(self.parts.len());
        for part in &self.parts {
            out.part(part);
        }
        out.u64(self.retained);
        out.0.push(self.part_width);
        out.0.extend_from_slice(&self.only_part.to_le_bytes());
        out.count(self.slots.len());
        for slot in &self.slots {
            out.u32(slot.offset);
            out.u32(slot.count);
            out.u32(slot.rank);
        }
        out.u64(self.short);
        out.u64(self.long);
        out.u64(self.long_offset);
        out.0.push(self.long_width);
        out.written(&self.entries);
        out.written(&self.dates);
        let sum = digest(&SHA256, &out.0);
        out.0.extend_from_slice(sum.as_ref());
        out.0
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let mut head = Input(bytes);
        if head.take(MAGIC.len())? != MAGIC {
            return Err(Fault::Manifest);
        }
        let version = head.u32()?;
        if version != VERSION {
            return Err(Fault::Version { found: version });
        }
        let body = bytes.len().checked_sub(DIGEST).ok_or(Fault::Manifest)?;
        let (body, sum) = bytes.split_at_checked(body).ok_or(Fault::Manifest)?;
        if digest(&SHA256, body).as_ref() != sum {
            return Err(Fault::Manifest);
        }
        let mut input = Input(body);
        input.take(MAGIC.len() + 4)?;
        let manifest = Self::body(&mut input)?;
        if input.0.is_empty() {
            Ok(manifest)
        } else {
            Err(Fault::Manifest)
        }
    }

    fn body(input: &mut Input<'_>) -> Result<Self, Fault> {
        Ok(Self {
            generation: RevocationGeneration(input.u64()?),
            issuer: input.bytes()?.to_vec(),
            parts: input.many(40, Input::part)?,
            retained: input.u64()?,
            part_width: input.u8()?,
            only_part: u16::from_le_bytes(input.array()?),
            slots: input.many(12, |input| {
                Ok(Slot {
                    offset: input.u32()?,
                    count: input.u32()?,
                    rank: input.u32()?,
                })
            })?,
            short: input.u64()?,
            long: input.u64()?,
            long_offset: input.u64()?,
            long_width: input.u8()?,
            entries: input.written()?,
            dates: input.written()?,
        })
    }
}

/// Little-endian, lengths before what varies.
struct Output(Vec<u8>);

impl Output {
    fn u32(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn u64(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn i64(&mut self, number: i64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn count(&mut self, count: usize) {
        self.u64(u64::try_from(count).unwrap_or(u64::MAX));
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    fn scope(&mut self, scope: &CrlScope) {
        match scope {
            CrlScope::Whole => self.count(0),
            CrlScope::Points(names) => {
                self.count(names.len());
                for name in names {
                    self.bytes(name);
                }
            }
        }
    }

    fn part(&mut self, part: &Part) {
        self.scope(&part.scope);
        self.bytes(part.issuer_key_hash.as_bytes());
        self.bytes(part.number.as_ref().map(CrlNumber::as_bytes).unwrap_or_default());
        self.i64(part.this_update.millis());
        self.i64(part.next_update.map_or(i64::MIN, Timestamp::millis));
        self.u64(part.entries);
        self.u64(part.kept);
        self.bytes(&part.digest);
    }

    fn written(&mut self, written: &Written) {
        self.u64(written.bytes);
        self.count(written.digests.len());
        for digest in &written.digests {
            self.0.extend_from_slice(digest);
        }
    }
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Fault::Manifest)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        self.take(N)?.first_chunk().copied().ok_or(Fault::Manifest)
    }

    fn u8(&mut self) -> Result<u8, Fault> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, Fault> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, Fault> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn i64(&mut self) -> Result<i64, Fault> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    /// A count of things that have at least so many bytes each: none that could not be there.
    fn count(&mut self, least: usize) -> Result<usize, Fault> {
        let count = usize::try_from(self.u64()?).map_err(|_| Fault::Manifest)?;
        if count
            .checked_mul(least)
            .is_some_and(|bytes| bytes <= self.0.len())
        {
            Ok(count)
        } else {
            Err(Fault::Manifest)
        }
    }

    fn many<T>(
        &mut self,
        least: usize,
        mut each: impl FnMut(&mut Self) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let count = self.count(least)?;
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(each(self)?);
        }
        Ok(all)
    }

    fn bytes(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.count(1)?;
        self.take(length)
    }

    fn part(&mut self) -> Result<Part, Fault> {
        let names = self.many(8, |input| Ok(input.bytes()?.to_vec()))?;
        Ok(Part {
            scope: if names.is_empty() {
                CrlScope::Whole
            } else {
                CrlScope::Points(names)
            },
            issuer_key_hash: String::from_utf8(self.bytes()?.to_vec()).map_err(|_| Fault::Manifest)?,
            number: match self.bytes()? {
                [] => None,
                bytes => Some(CrlNumber::from_bytes(bytes).ok_or(Fault::Manifest)?),
            },
            this_update: Timestamp::from_millis(self.i64()?),
            next_update: Some(self.i64()?)
                .filter(|millis| *millis != i64::MIN)
                .map(Timestamp::from_millis),
            entries: self.u64()?,
            kept: self.u64()?,
            digest: self.bytes()?.to_vec(),
        })
    }

    fn written(&mut self) -> Result<Written, Fault> {
        Ok(Written {
            bytes: self.u64()?,
            digests: self.many(size_of::<PageDigest>(), Self::array)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Manifest {
        let part = Part {
            scope: CrlScope::Whole,
            issuer_key_hash: "ab".repeat(32),
            number: Some(CrlNumber::from(77)),
            this_update: Timestamp::from_seconds(1_795_000_000),
            next_update: None,
            entries: 5,
            kept: 4,
            digest: vec![7; 32],
        };
        Manifest {
            generation: RevocationGeneration(9),
            issuer: vec![0x30, 0],
            parts: vec![
                part.clone(),
                Part {
                    scope: CrlScope::Points(vec![vec![1, 2], vec![3]]),
                    number: None,
                    next_update: Some(Timestamp::from_seconds(0)),
                    ..part
                },
            ],
            retained: 3,
            part_width: 1,
            only_part: 2,
            slots: vec![
                Slot {
                    offset: 1,
                    count: 2,
                    rank: 3,
                };
                3
            ],
            short: 6,
            long: 1,
            long_offset: 640,
            long_width: 9,
            entries: Written {
                bytes: 5000,
                digests: vec![[1; 16], [2; 16]],
            },
            dates: Written {
                bytes: 24,
                digests: vec![[3; 16]],
            },
        }
    }

    #[test]
    fn it_is_read_as_it_was_written_and_not_otherwise() {
        let manifest = sample();
        let bytes = manifest.encode();
        assert_eq!(Manifest::decode(&bytes).unwrap(), manifest);
        for place in 0..bytes.len() {
            for flip in [1, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[place] ^= flip;
                let fault = Manifest::decode(&damaged).unwrap_err();
                let version = (8..12).contains(&place);
                assert_eq!(
                    matches!(fault, Fault::Version { .. }),
                    version,
                    "{place}: {fault}"
                );
                assert!(version || fault == Fault::Manifest);
            }
            assert!(Manifest::decode(&bytes[..place]).is_err(), "{place}");
        }
        assert!(Manifest::decode(&[bytes, vec![0]].concat()).is_err());
    }

    #[test]
    fn counts_that_lie_are_refused_even_under_a_good_digest() {
        // Whoever can write a digest can write anything; memory must not depend on it all the same.
        let bytes = sample().encode();
        let body = &bytes[..bytes.len() - DIGEST];
        for place in 12..body.len() - 8 {
            let mut lying = body.to_vec();
            lying[place..place + 8].copy_from_slice(&u64::MAX.to_le_bytes());
            lying.extend_from_slice(digest(&SHA256, &lying).as_ref());
            // Some fields may have any value; none may make us allocate or panic.
            let _ = Manifest::decode(&lying);
        }
    }
}
