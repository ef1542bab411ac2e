//! How a question remains without answer.

use std::fmt;

/// J-LIS did not answer, or not in a way that can be relied on. Never to be read as "no predecessor" or "good".
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Unavailable {
    /// No connection, or it broke.
    Unreachable,
    /// No whole answer in time.
    TooSlow,
    /// Another status than success, redirects among them.
    Refused {
        /// HTTP status or its like.
        status: u16,
    },
    /// An answer that is too large, or not of the agreed form.
    Unintelligible,
    /// Not asked: too many questions are under way.
    Busy,
    /// Not asked: it failed so often that it is left alone for a while.
    Resting,
}

impl Unavailable {
    /// The stable word for metrics and the operator's view.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::TooSlow => "too_slow",
            Self::Refused { .. } => "refused",
            Self::Unintelligible => "unintelligible",
            Self::Busy => "busy",
            Self::Resting => "resting",
        }
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("J-LIS cannot be reached"),
            Self::TooSlow => f.write_str("J-LIS did not answer in time"),
            Self::Refused { status } => write!(f, "J-LIS answered with status {status}"),
            Self::Unintelligible => f.write_str("J-LIS gave an answer that cannot be read"),
            Self::Busy => f.write_str("too many questions to J-LIS are under way"),
            Self::Resting => f.write_str("J-LIS failed too often and is left alone for a while"),
        }
    }
}

impl std::error::Error for Unavailable {}
