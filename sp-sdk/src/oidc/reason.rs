//! Why an answer is not accepted, or could not be asked for.

use std::fmt;

/// Why an answer is not accepted. Show the person only that signing in failed; the rest is for the service's log.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum OidcReason {
    /// A setting cannot work.
    Setting {
        /// Which.
        what: &'static str,
    },
    /// The platform could not be reached, or answered with more than is read.
    Unreachable(String),
    /// The discovery document is not acceptable (Discovery 1.0 section 4.3).
    Discovery(String),
    /// The platform answered with an error (RFC 6749 section 4.1.2.1).
    NotSignedIn {
        /// `error`.
        error: String,
    },
    /// A parameter is missing from the answer.
    Missing {
        /// Which.
        parameter: &'static str,
    },
    /// `state` is not that of this browser's question (RFC 6749 section 10.12).
    AnswersAnotherRequest,
    /// `iss` is missing or is not the platform (RFC 9207 section 2.4).
    AnotherIssuer,
    /// The token endpoint refused the code.
    CodeRefused(String),
    /// The ID token does not verify (Core 1.0 section 3.1.3.7).
    IdToken(String),
    /// `at_hash` does not fit the access token (Core 1.0 section 3.1.3.8).
    AnotherAccessToken,
    /// The level is not one that was asked for.
    LevelNotAskedFor,
    /// A fresh sign-in was asked for, and this one is older (Core 1.0 section 3.1.2.1, `max_age`).
    NotFresh,
}

impl fmt::Display for OidcReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting { what } => write!(f, "the setting {what} cannot work"),
            Self::Unreachable(why) => write!(f, "the platform cannot be reached: {why}"),
            Self::Discovery(why) => write!(f, "the discovery document is not acceptable: {why}"),
            Self::NotSignedIn { error } => write!(f, "the platform did not sign the person in: {error}"),
            Self::Missing { parameter } => write!(f, "the answer lacks {parameter}"),
            Self::AnswersAnotherRequest => f.write_str("state is not that of this browser's question"),
            Self::AnotherIssuer => f.write_str("iss is missing or not the platform"),
            Self::CodeRefused(why) => write!(f, "the token endpoint refused: {why}"),
            Self::IdToken(why) => write!(f, "the ID token does not verify: {why}"),
            Self::AnotherAccessToken => f.write_str("at_hash does not fit the access token"),
            Self::LevelNotAskedFor => f.write_str("the level is not one that was asked for"),
            Self::NotFresh => f.write_str("the sign-in is older than was asked for"),
        }
    }
}

impl std::error::Error for OidcReason {}
