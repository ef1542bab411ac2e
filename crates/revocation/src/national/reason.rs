//! Why a delivery was refused, and what can be wrong with the files of an index.

use std::fmt;
use std::io;

use domain::Timestamp;

/// Why a delivery was not taken in. The index in use stays in use, on disk and in every process.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// A delivery without a list is none.
    NoLists,
    /// Another process (or another thread of this one) is taking in a delivery.
    Busy,
    /// A list was refused by the reader: malformed, signed by nobody pinned, out of bounds, or of a kind that is not taken.
    List {
        /// Its place in the delivery, from 0.
        place: usize,
        /// Why.
        reason: pki::Reason,
    },
    /// The source of a list failed before its end.
    Source {
        /// Its place in the delivery, from 0.
        place: usize,
        /// What kind of failure.
        kind: io::ErrorKind,
    },
    /// A list was refused earlier, and the delivery is taken in whole or not at all.
    Broken,
    /// The lists have different issuers, or another than those in use.
    DifferentIssuers,
    /// Two lists of one delivery have the same scope and the same key.
    TwiceInDelivery,
    /// A list is older than the one in use for the same certificates: its cRLNumber or its thisUpdate is lower, or it lost
    /// its cRLNumber (RFC 5280 section 5.2.3).
    Older {
        /// thisUpdate of the list in use.
        in_use: Timestamp,
        /// thisUpdate of the list offered.
        offered: Timestamp,
    },
    /// A list carries the cRLNumber of the list in use, but says something else (RFC 5280 section 5.2.3 forbids it).
    NumberReused {
        /// thisUpdate of the list in use.
        in_use: Timestamp,
        /// thisUpdate of the list offered.
        offered: Timestamp,
    },
    /// thisUpdate lies further ahead of our clock than tolerated: one of the two clocks is wrong.
    FromTheFuture {
        /// thisUpdate.
        offered: Timestamp,
        /// Our clock.
        now: Timestamp,
    },
    /// More lists than allowed for one authority.
    TooManyLists {
        /// The limit.
        limit: usize,
    },
    /// More revoked certificates than allowed for one authority.
    TooManyEntries {
        /// The limit.
        limit: u64,
    },
    /// More serial numbers of more than four bytes than allowed.
    TooManyLongSerials {
        /// The limit.
        limit: u64,
    },
    /// A revocation date before 1950 or after 6 February 2086.
    DateOutOfRange {
        /// The place of the list in the delivery, from 0.
        place: usize,
    },
    /// Serial numbers that stand twice in the delivery, with different reasons or dates. A list names each certificate once
    /// (RFC 5280 section 5.1.2.6), so one of the two statements is false, and nobody can say which.
    Contradiction {
        /// How many.
        serials: u64,
    },
    /// More certificates than plausible are no longer listed.
    Shrunken {
        /// No longer listed, though their retention has not passed.
        missing: u64,
        /// Listed in the index in use by the lists that these replace.
        listed: u64,
        /// How many might be missing.
        allowed: u64,
    },
    /// Certificates that are known not to have expired are no longer listed: somebody took a revocation back.
    Unrevoked {
        /// How many.
        serials: u64,
    },
    /// No list in use has this name.
    NoSuchList,
    /// A list that is to be retired is within its dates.
    StillCurrent {
        /// nextUpdate.
        next_update: Timestamp,
    },
    /// Without its last list an index says nothing about anybody.
    LastList,
    /// The files of the index cannot be read or written.
    Fault(Fault),
}

impl Refusal {
    /// Whether this is an incident that people must look at at once: what was delivered contradicts what was known.
    pub const fn is_alarm(&self) -> bool {
        matches!(
            self,
            Self::Older { .. }
                | Self::NumberReused { .. }
                | Self::FromTheFuture { .. }
                | Self::Contradiction { .. }
                | Self::Shrunken { .. }
                | Self::Unrevoked { .. }
                | Self::DifferentIssuers
        )
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLists => f.write_str("no list given"),
            Self::Busy => f.write_str("another delivery is being taken in"),
            Self::List { place, reason } => write!(f, "list {place}: {reason}"),
            Self::Source { place, kind } => write!(f, "list {place}: its source failed: {kind}"),
            Self::Broken => f.write_str("a list of the delivery was refused before"),
            Self::DifferentIssuers => f.write_str("lists of different issuers"),
            Self::TwiceInDelivery => f.write_str("two lists of one scope and one key"),
            Self::Older { in_use, offered } => {
                write!(
                    f,
                    "the list of {offered} is older than the one of {in_use} in use"
                )
            }
            Self::NumberReused { in_use, offered } => {
                write!(
                    f,
                    "the list of {offered} has the number of the one of {in_use} in use"
                )
            }
            Self::FromTheFuture { offered, now } => {
                write!(
                    f,
                    "the list of {offered} is made in the future: our clock says {now}"
                )
            }
            Self::TooManyLists { limit } => write!(f, "more than {limit} lists"),
            Self::TooManyEntries { limit } => write!(f, "more than {limit} revoked certificates"),
            Self::TooManyLongSerials { limit } => write!(f, "more than {limit} long serial numbers"),
            Self::DateOutOfRange { place } => write!(f, "list {place}: a revocation date out of range"),
            Self::Contradiction { serials } => {
                write!(f, "{serials} serial numbers with two different statements")
            }
            Self::Shrunken {
                missing,
                listed,
                allowed,
            } => write!(f, "{missing} of {listed} no longer listed, more than {allowed}"),
            Self::Unrevoked { serials } => {
                write!(
                    f,
                    "{serials} certificates that have not expired are no longer listed"
                )
            }
            Self::NoSuchList => f.write_str("no list in use has this name"),
            Self::StillCurrent { next_update } => {
                write!(f, "the list is within its dates, until {next_update}")
            }
            Self::LastList => f.write_str("the last list of an authority is not retired"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for Refusal {}

/// What is wrong with the files of an index. A question that meets one has no answer, and no answer is never "good".
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// The operating system refused.
    Io {
        /// What was tried.
        doing: &'static str,
        /// What it said.
        kind: io::ErrorKind,
    },
    /// The manifest is not one of ours, or damaged.
    Manifest,
    /// The manifest was written by a newer program.
    Version {
        /// Its version.
        found: u32,
    },
    /// A file that the manifest names has another length.
    Length,
    /// A page of a file does not have the content that the manifest vouches for.
    Page {
        /// Its number in the file.
        number: usize,
    },
    /// There was an index, and there is none any more: its directory went away.
    Vanished,
    /// A page has the content that was written, but the content makes no sense: the program that wrote it was wrong.
    Content,
}

impl Fault {
    /// From the operating system.
    pub(super) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io {
            doing,
            kind: error.kind(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { doing, kind } => write!(f, "cannot {doing}: {kind}"),
            Self::Manifest => f.write_str("the manifest of the revocation index is damaged"),
            Self::Version { found } => write!(f, "the revocation index has the unknown version {found}"),
            Self::Length => f.write_str("a file of the revocation index has another length than written"),
            Self::Page { number } => write!(f, "page {number} of the revocation index is damaged"),
            Self::Vanished => f.write_str("the revocation index that was in use is not there any more"),
            Self::Content => f.write_str("the revocation index contradicts itself"),
        }
    }
}

impl std::error::Error for Fault {}
