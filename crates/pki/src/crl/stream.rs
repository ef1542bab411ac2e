//! Lists of any size, read once while they stream by: entries go to a sink, the digest is made alongside, and the signature is
//! verified at the end. Memory does not depend on the list.
//!
//! What the sink receives is not to be believed before [`StreamedCrl::read`] returned the list: only then has anybody signed it.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::thread;

use aws_lc_rs::digest::{self, Digest};
use domain::Timestamp;

use super::entries::{self, RevocationReason};
use super::fast::CommonEntries;
use super::hashing::{Block, Hashing};
use super::{CrlNumber, CrlScope, ListExtensions};
use crate::path::TrustAnchor;
use crate::tlv::{self, Head, Reader};
use crate::{Name, Reason, signature, validity};

/// Blocks kept for reuse: those that wait for the digest, the one it is made of, and the one being read.
const BLOCKS: usize = 7;
/// Longest single entry.
const MAX_ENTRY: usize = 4096;
/// Most bytes after the entries: extensions and signature.
const MAX_TAIL: usize = 64 << 10;

/// How large a list may be, and how it is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CrlLimits {
    /// Bytes. DER as read here ends at 4 GiB.
    pub max_bytes: u64,
    /// Entries.
    pub max_entries: u64,
    /// Whether the digest is made on a thread of its own.
    pub digest_on_own_thread: bool,
}

/// Receives the entries of a list in their order.
pub trait EntrySink {
    /// Why it takes no more.
    type Refusal;

    /// An entry whose serial number has at most 32 bits. `seconds` is the revocation date since 1970-01-01T00:00:00Z.
    fn short(&mut self, serial: u32, seconds: i64, reason: RevocationReason) -> Result<(), Self::Refusal>;

    /// An entry with a longer serial number: big-endian without leading zeros, 5 to 20 bytes.
    fn long(&mut self, serial: &[u8], seconds: i64, reason: RevocationReason) -> Result<(), Self::Refusal>;
}

/// Why a list was not read to its end, or not believed.
#[derive(Debug)]
pub enum StreamRefusal<E> {
    /// Its source failed.
    Source(io::Error),
    /// It is malformed, out of bounds, of a kind that is not taken, or signed by nobody pinned.
    List(Reason),
    /// The sink took no more.
    Sink(E),
}

impl<E> From<Reason> for StreamRefusal<E> {
    fn from(reason: Reason) -> Self {
        Self::List(reason)
    }
}

/// What a list says besides its entries; its signature verified under a pinned authority's key. Made only by
/// [`StreamedCrl::read`].
#[derive(Clone)]
pub struct StreamedCrl {
    issuer: Name,
    issuer_key_hash: String,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    number: Option<CrlNumber>,
    scope: CrlScope,
    entries: u64,
    bytes: u64,
    digest: Digest,
}

impl StreamedCrl {
    /// Reads a list to its end, hands its entries to the sink, and verifies it as [`super::Crl::verify`] does, against the
    /// pinned authorities of its issuer's name: any key generation may have signed it; authorityKeyIdentifier only decides which
    /// key is tried first. An issuer that is not pinned is refused before the entries are read.
    pub fn read<S: EntrySink>(
        source: &mut dyn Read,
        anchors: &[TrustAnchor],
        limits: &CrlLimits,
        sink: &mut S,
    ) -> Result<Self, StreamRefusal<S::Refusal>> {
        let mut feed = Feed::new(source);
        feed.next(0)?;
        let opening = Opening::read(feed.block.filled(), limits)?;
        if !anchors.iter().any(|anchor| *anchor.name() == opening.issuer) {
            return Err(StreamRefusal::List(Reason::UnknownIssuer));
        }
        let one_block = feed.total >= opening.whole;
        let walk = Walk::new(opening, limits);
        if one_block || !limits.digest_on_own_thread {
            let hashing = Hashing::in_line(walk.opening.digest);
            return walk.run(feed, hashing, sink)?.verify(anchors);
        }
        let walked = thread::scope(|scope| {
            let hashing = Hashing::on(scope, walk.opening.digest);
            walk.run(feed, hashing, sink)
        });
        walked?.verify(anchors)
    }

    /// The issuer's name.
    pub fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// Hexadecimal SHA-256 of the SPKI whose key signed.
    pub fn issuer_key_hash(&self) -> &str {
        &self.issuer_key_hash
    }

    /// When the list was made.
    pub fn this_update(&self) -> Timestamp {
        self.this_update
    }

    /// By when the next one will be there.
    pub fn next_update(&self) -> Option<Timestamp> {
        self.next_update
    }

    /// cRLNumber, rising from list to list.
    pub fn number(&self) -> Option<CrlNumber> {
        self.number
    }

    /// Which certificates it covers.
    pub fn scope(&self) -> &CrlScope {
        &self.scope
    }

    /// How many entries it has.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// How long it is.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The digest that was signed: two lists with the same one say the same.
    pub fn digest(&self) -> &[u8] {
        self.digest.as_ref()
    }
}

impl fmt::Debug for StreamedCrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamedCrl")
            .field("this_update", &self.this_update)
            .field("next_update", &self.next_update)
            .field("scope", &self.scope)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

/// The source in blocks. A block begins with what the reader had left of the one before.
struct Feed<'s> {
    source: &'s mut dyn Read,
    block: Arc<Block>,
    used: Vec<Arc<Block>>,
    /// Bytes of the block that stood in the one before.
    carried: usize,
    /// Bytes read so far.
    total: u64,
}

impl<'s> Feed<'s> {
    fn new(source: &'s mut dyn Read) -> Self {
        Self {
            source,
            block: Arc::default(),
            used: Vec::with_capacity(BLOCKS),
            carried: 0,
            total: 0,
        }
    }

    /// Reads the next block: full, unless the source ends. `read_to` is how far the last one was used. Returns how many bytes are new.
    fn next<E>(&mut self, read_to: usize) -> Result<usize, StreamRefusal<E>> {
        let mut next = self.free_block();
        let left = self.block.filled().get(read_to..).unwrap_or_default();
        self.carried = left.len();
        // Nobody else holds it.
        if let Some(block) = Arc::get_mut(&mut next) {
            block.fill(left, self.source).map_err(StreamRefusal::Source)?;
        }
        let new = next.filled().len() - self.carried;
        self.total += length(new);
        self.used.push(std::mem::replace(&mut self.block, next));
        Ok(new)
    }

    /// A block that the digest is done with, or a new one.
    fn free_block(&mut self) -> Arc<Block> {
        let free = self
            .used
            .iter_mut()
            .position(|block| Arc::get_mut(block).is_some());
        match free {
            Some(place) => self.used.swap_remove(place),
            None => Arc::default(),
        }
    }
}

/// What stands before the entries.
struct Opening {
    issuer: Name,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    /// The inner AlgorithmIdentifier, with tag and length.
    algorithm: Vec<u8>,
    digest: &'static digest::Algorithm,
    /// Where what is signed begins and ends, in bytes of the list.
    signed: (u64, u64),
    /// Where the entries begin, and their bytes.
    entries: (usize, u64),
    /// Bytes of the whole list.
    whole: u64,
}

impl Opening {
    /// Reads the head of a list from its first block. Lengths are held against one another before anything else is read.
    fn read(block: &[u8], limits: &CrlLimits) -> Result<Self, Reason> {
        let outer = sequence(block)?;
        if outer.whole() > limits.max_bytes {
            return Err(Reason::TooLarge {
                limit: usize::try_from(limits.max_bytes).unwrap_or(usize::MAX),
            });
        }
        let inside = block.get(outer.bytes..).ok_or(Reason::Truncated)?;
        let tbs = sequence(inside)?;
        if tbs.whole() > outer.content {
            return Err(Reason::Truncated);
        }
        let begin = length(outer.bytes);
        let end = begin + tbs.whole();
        let known = block
            .get(outer.bytes + tbs.bytes..block.len().min(usize::try_from(end).unwrap_or(usize::MAX)))
            .ok_or(Reason::Truncated)?;
        let mut fields = Reader::new(known);
        if fields.optional(tlv::INTEGER)?.ok_or(Reason::Version)?.content != [1] {
            return Err(Reason::Version);
        }
        let algorithm = fields.expect(tlv::SEQUENCE)?.whole.to_vec();
        let digest = signature::digest_of(&algorithm)?;
        let issuer = Name::from_der(fields.expect(tlv::SEQUENCE)?.whole)?;
        let this_update = validity::read(&fields.any()?)?;
        let next_update = match fields.peek() {
            Some(tlv::UTC_TIME | tlv::GENERALIZED_TIME) => Some(validity::read(&fields.any()?)?),
            _ => None,
        };
        let rest = fields.rest();
        let at = block.len().min(usize::try_from(end).unwrap_or(usize::MAX)) - rest.len();
        let entries = if fields.peek() == Some(tlv::SEQUENCE) {
            let list = sequence(rest)?;
            if length(at) + list.whole() > end {
                return Err(Reason::Truncated);
            }
            (at + list.bytes, list.content)
        } else {
            (at, 0)
        };
        Ok(Self {
            issuer,
            this_update,
            next_update,
            algorithm,
            digest,
            signed: (begin, end),
            entries,
            whole: outer.whole(),
        })
    }
}

fn sequence(bytes: &[u8]) -> Result<Head, Reason> {
    let head = Head::read(bytes)?.ok_or(Reason::Truncated)?;
    if head.tag == tlv::SEQUENCE {
        Ok(head)
    } else {
        Err(Reason::UnexpectedTag {
            expected: tlv::SEQUENCE,
            found: head.tag,
        })
    }
}

/// The way through the entries.
struct Walk {
    opening: Opening,
    max_entries: u64,
    common: CommonEntries,
    /// Bytes of entries still to come.
    left: u64,
    entries: u64,
    /// What comes after the entries.
    tail: Vec<u8>,
}

impl Walk {
    fn new(opening: Opening, limits: &CrlLimits) -> Self {
        Self {
            max_entries: limits.max_entries,
            common: CommonEntries::new(),
            left: opening.entries.1,
            entries: 0,
            tail: Vec::new(),
            opening,
        }
    }

    fn run<S: EntrySink>(
        mut self,
        mut feed: Feed<'_>,
        mut hashing: Hashing<'_>,
        sink: &mut S,
    ) -> Result<Walked, StreamRefusal<S::Refusal>> {
        let mut at = self.opening.entries.0;
        loop {
            if feed.total > self.opening.whole {
                return Err(StreamRefusal::List(Reason::TrailingBytes));
            }
            hashing.update(&feed.block, self.new_and_signed(&feed));
            let block = feed.block.filled().get(at..).unwrap_or_default();
            let used = self.entries_of(block, sink)?;
            at += used;
            if self.left == 0 {
                let rest = feed.block.filled().get(at..).unwrap_or_default();
                if self.tail.len() + rest.len() > MAX_TAIL {
                    return Err(StreamRefusal::List(Reason::TooLarge { limit: MAX_TAIL }));
                }
                self.tail.extend_from_slice(rest);
                at = feed.block.filled().len();
            }
            if feed.next(at)? == 0 {
                break;
            }
            at = 0;
        }
        if self.left > 0 || feed.total < self.opening.whole {
            return Err(StreamRefusal::List(Reason::Truncated));
        }
        let digest = hashing
            .finish()
            .ok_or_else(|| StreamRefusal::Source(io::Error::other("the hashing thread broke")))?;
        Ok(Walked {
            opening: self.opening,
            tail: self.tail,
            entries: self.entries,
            digest,
        })
    }

    /// Which bytes of the block are signed and did not stand in the block before.
    fn new_and_signed(&self, feed: &Feed<'_>) -> std::ops::Range<usize> {
        let filled = feed.block.filled().len();
        let base = feed.total - length(filled);
        let place = |offset: u64| usize::try_from(offset.saturating_sub(base)).unwrap_or(usize::MAX);
        let begin = place(self.opening.signed.0).max(feed.carried).min(filled);
        let end = place(self.opening.signed.1).min(filled);
        begin..end.max(begin)
    }

    /// Hands the entries of a block to the sink; how many bytes they had. What is left is less than one entry.
    fn entries_of<S: EntrySink>(
        &mut self,
        block: &[u8],
        sink: &mut S,
    ) -> Result<usize, StreamRefusal<S::Refusal>> {
        let mut rest = block;
        while self.left > 0 {
            rest = self.common_entries_of(rest, sink)?;
            if self.left == 0 {
                break;
            }
            let Some(used) = self.uncommon(rest, sink)? else {
                break;
            };
            rest = rest.get(used..).unwrap_or_default();
        }
        Ok(block.len() - rest.len())
    }

    /// Entries of the common form, as many as follow one another. What is counted stays in registers.
    fn common_entries_of<'b, S: EntrySink>(
        &mut self,
        block: &'b [u8],
        sink: &mut S,
    ) -> Result<&'b [u8], StreamRefusal<S::Refusal>> {
        let mut rest = block;
        let mut left = self.left;
        let mut more = self.max_entries.saturating_sub(self.entries);
        while more > 0
            && let Some(entry) = self.common.read(rest)
            && let Some(after) = left.checked_sub(length(entry.bytes))
        {
            sink.short(entry.serial, entry.seconds, entry.reason)
                .map_err(StreamRefusal::Sink)?;
            rest = rest.get(entry.bytes..).unwrap_or_default();
            left = after;
            more -= 1;
            if left == 0 {
                break;
            }
        }
        self.left = left;
        self.entries = self.max_entries.saturating_sub(more);
        Ok(rest)
    }

    /// Counts an entry of so many bytes.
    fn one_more(&mut self, bytes: u64) -> Result<(), Reason> {
        self.left = self.left.checked_sub(bytes).ok_or(Reason::Truncated)?;
        self.entries += 1;
        if self.entries > self.max_entries {
            return Err(Reason::TooManyEntries {
                limit: self.max_entries,
            });
        }
        Ok(())
    }

    /// An entry of any other form, as far as it is there.
    fn uncommon<S: EntrySink>(
        &mut self,
        rest: &[u8],
        sink: &mut S,
    ) -> Result<Option<usize>, StreamRefusal<S::Refusal>> {
        let Some(head) = Head::read(rest)? else {
            return Ok(None);
        };
        if head.whole() > self.left {
            return Err(StreamRefusal::List(Reason::Truncated));
        }
        let bytes = usize::try_from(head.whole()).unwrap_or(usize::MAX);
        if bytes > MAX_ENTRY {
            return Err(StreamRefusal::List(Reason::TooLarge { limit: MAX_ENTRY }));
        }
        let Some(whole) = rest.get(..bytes) else {
            return Ok(None);
        };
        let entry = entries::entry(&mut Reader::new(whole))?;
        self.one_more(head.whole())?;
        let seconds = entry.revoked_at.seconds();
        let taken = match *entry.serial {
            [a] => sink.short(u32::from(a), seconds, entry.reason),
            [a, b] => sink.short(u32::from_be_bytes([0, 0, a, b]), seconds, entry.reason),
            [a, b, c] => sink.short(u32::from_be_bytes([0, a, b, c]), seconds, entry.reason),
            [a, b, c, d] => sink.short(u32::from_be_bytes([a, b, c, d]), seconds, entry.reason),
            _ => sink.long(entry.serial, seconds, entry.reason),
        };
        taken.map_err(StreamRefusal::Sink)?;
        Ok(Some(bytes))
    }
}

/// A list read to its end, believed by nobody yet.
struct Walked {
    opening: Opening,
    tail: Vec<u8>,
    entries: u64,
    digest: Digest,
}

impl Walked {
    fn verify<E>(self, anchors: &[TrustAnchor]) -> Result<StreamedCrl, StreamRefusal<E>> {
        let opening = self.opening;
        // The tail ends where the list ends; what is signed ends within it.
        let (signed, outside) = (opening.signed.1 + length(self.tail.len()))
            .checked_sub(opening.whole)
            .and_then(|bytes| usize::try_from(bytes).ok())
            .and_then(|bytes| self.tail.split_at_checked(bytes))
            .ok_or(Reason::Truncated)?;
        let mut fields = Reader::new(signed);
        let said = match fields.optional(tlv::context(0))? {
            Some(wrapped) => ListExtensions::read(wrapped.content)?,
            None => ListExtensions::default(),
        };
        fields.end()?;
        let mut fields = Reader::new(outside);
        if fields.expect(tlv::SEQUENCE)?.whole != opening.algorithm {
            return Err(StreamRefusal::List(Reason::AlgorithmsDiffer));
        }
        let bits = tlv::whole_bits(&fields.expect(tlv::BIT_STRING)?)?;
        fields.end()?;
        let anchor = signer(anchors, &opening, said.key_id.as_deref(), &self.digest, bits)?;
        Ok(StreamedCrl {
            issuer_key_hash: anchor.key_hash().to_owned(),
            issuer: opening.issuer,
            this_update: opening.this_update,
            next_update: opening.next_update,
            number: said.number,
            scope: said.scope,
            entries: self.entries,
            bytes: opening.whole,
            digest: self.digest,
        })
    }
}

/// The pinned authority of the issuer's name whose key made the signature.
fn signer<'a>(
    anchors: &'a [TrustAnchor],
    opening: &Opening,
    key_id: Option<&[u8]>,
    digest: &Digest,
    bits: &[u8],
) -> Result<&'a TrustAnchor, Reason> {
    let mut named: Vec<&TrustAnchor> = anchors
        .iter()
        .filter(|anchor| *anchor.name() == opening.issuer)
        .collect();
    named.sort_by_key(|anchor| {
        let offered = anchor.certificate().extensions().subject_key_id.as_deref();
        key_id.is_none() || offered != key_id
    });
    let tried = named.len();
    named
        .into_iter()
        .filter(|anchor| {
            let usage = anchor.certificate().extensions().key_usage;
            usage.is_some_and(super::extension::KeyUsage::crl_sign)
        })
        .find(|anchor| {
            let key = anchor.certificate().public_key();
            signature::verify_digest(key, &opening.algorithm, digest, bits).is_ok()
        })
        .ok_or(Reason::NoIssuerKeyVerifies { tried })
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
