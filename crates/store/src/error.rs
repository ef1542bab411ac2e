//! What can break in a store. A fault is ours: it is logged once at the edge and shown to nobody.

use std::fmt;

/// The store could not answer. Nothing of the batch took effect, unless [`StoreFault::Unknown`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum StoreFault {
    /// The backend is not reachable, shutting down, or its queue is full; the text is for operators.
    Unavailable(String),
    /// The backend answered with something that this version cannot read; the text is for operators.
    Corrupt(String),
    /// The commit was sent and its fate is not known: treat as not done, never as done.
    Unknown(String),
}

impl fmt::Display for StoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(why) => write!(f, "the store is unavailable: {why}"),
            Self::Corrupt(why) => write!(f, "the store holds something unreadable: {why}"),
            Self::Unknown(why) => write!(f, "the fate of a commit is unknown: {why}"),
        }
    }
}

impl std::error::Error for StoreFault {}
