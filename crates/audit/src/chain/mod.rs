//! The hash chain: each record's hash covers the hash before it, its place and its exact text, so that no record
//! can be altered, dropped, swapped or slipped in without every later hash changing.
//!
//! `hash(n) = SHA-256(hash(n-1) ‖ n as eight bytes, most significant first ‖ text(n))`, with 32 zero bytes for
//! `hash(0)` and the text in UTF-8. Hashes are chained as bytes and written in lower-case hexadecimal.
//!
//! **What the chain cannot see**: records cut off at the end, and a log rewritten from some place to the end by
//! somebody who recomputes every hash. Both show when the [`Head`] is compared with one noted elsewhere (the
//! operator's other machine, a printed report), which is why verification answers with the head.

mod lines;

pub use lines::{LONGEST_LINE, export_line, verify_lines};

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};

/// One hash of the chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ChainHash([u8; 32]);

/// The text is no hash: not 64 lower-case hexadecimal characters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotAHash;

impl fmt::Display for NotAHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not 64 lower-case hexadecimal characters")
    }
}

impl std::error::Error for NotAHash {}

impl ChainHash {
    /// What stands before the first record.
    pub const GENESIS: Self = Self([0; 32]);

    /// The hash of the record at `position` with `text`, when this is the hash before it.
    #[must_use]
    pub fn next(&self, position: u64, text: &str) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(&self.0);
        context.update(&position.to_be_bytes());
        context.update(text.as_bytes());
        let mut hash = [0; 32];
        for (to, from) in hash.iter_mut().zip(context.finish().as_ref()) {
            *to = *from;
        }
        Self(hash)
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ChainHash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let canonical = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !canonical {
            return Err(NotAHash);
        }
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(pair).map_err(|_| NotAHash)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| NotAHash)?;
        }
        Ok(Self(hash))
    }
}

/// The end of the chain so far. Note it elsewhere: it is what a later export is held against.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Head {
    /// Place of the last record; 0 when there is none.
    pub position: u64,
    /// Its hash.
    pub hash: ChainHash,
}

impl Head {
    /// The head of an empty log.
    pub const GENESIS: Self = Self {
        position: 0,
        hash: ChainHash::GENESIS,
    };

    /// The head after one more record.
    #[must_use]
    pub fn append(&self, text: &str) -> Self {
        let position = self.position.saturating_add(1);
        Self {
            position,
            hash: self.hash.next(position, text),
        }
    }
}

/// One record as the chain sees it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Link<'a> {
    /// Its place, as claimed.
    pub position: u64,
    /// Its exact text.
    pub text: &'a str,
    /// Its hash in hexadecimal, as claimed.
    pub hash: &'a str,
}

/// What is wrong with a record.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Why {
    /// The record claims another place: one was dropped, swapped or slipped in.
    Position {
        /// The place that it claims.
        found: u64,
    },
    /// The text, or something before it, is not what was chained.
    Hash,
    /// The hash is not written as one.
    HashSpelling,
    /// The line of the export is longer than [`LONGEST_LINE`] bytes.
    LineTooLong,
    /// The line of the export is not a record in JSON.
    NotARecord,
    /// The readable copy of the event beside the text says something else than the text.
    EventDiffers,
}

/// Where the chain breaks: the first record that does not follow from those before it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Break {
    /// The place that was due.
    pub position: u64,
    /// What is wrong there.
    pub why: Why,
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the log breaks at record {}: ", self.position)?;
        match &self.why {
            Why::Position { found } => write!(f, "record {found} stands in its place"),
            Why::Hash => f.write_str("it is not what was written, or something before it is not"),
            Why::HashSpelling => f.write_str("its hash is not 64 lower-case hexadecimal characters"),
            Why::LineTooLong => write!(f, "its line is longer than {LONGEST_LINE} bytes"),
            Why::NotARecord => f.write_str("its line is not a record in JSON"),
            Why::EventDiffers => f.write_str("the event beside its text says something else"),
        }
    }
}

impl std::error::Error for Break {}

/// Follows the chain from its beginning; answers its end, or the first place where it breaks.
pub fn verify<'a>(links: impl IntoIterator<Item = Link<'a>>) -> Result<Head, Break> {
    verify_after(Head::GENESIS, links)
}

/// Follows the chain from a head that is known to be good.
pub fn verify_after<'a>(good: Head, links: impl IntoIterator<Item = Link<'a>>) -> Result<Head, Break> {
    links.into_iter().try_fold(good, follow)
}

fn follow(head: Head, link: Link<'_>) -> Result<Head, Break> {
    let due = head.append(link.text);
    let broken = |why| Break {
        position: due.position,
        why,
    };
    if link.position != due.position {
        return Err(broken(Why::Position { found: link.position }));
    }
    let claimed: ChainHash = link.hash.parse().map_err(|_| broken(Why::HashSpelling))?;
    if claimed == due.hash {
        Ok(due)
    } else {
        Err(broken(Why::Hash))
    }
}

#[cfg(test)]
mod tests;
