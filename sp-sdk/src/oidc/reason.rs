//! Why an answer is not accepted, or could not be asked for.

use std::fmt;

use crate::http::FetchFault;
use crate::key::KeyFault;

/// Why an answer is not accepted. Show the person only that signing in failed; the rest is for the service's log, and says what to do.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum OidcReason {
    /// A setting cannot work.
    Setting {
        /// Which.
        what: &'static str,
    },
    /// Our own key cannot be used.
    Key(KeyFault),
    /// The platform could not be reached, or answered with more than is read.
    Unreachable(FetchFault),
    /// The discovery document is not acceptable (Discovery 1.0 section 4.3).
    Discovery(String),
    /// The platform's keys could not be read again for a day.
    KeysTooOld,
    /// The platform refused our pushed request (RFC 9126 section 2.3).
    PushRefused {
        /// `error`.
        error: String,
    },
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
    CodeRefused {
        /// `error`.
        error: String,
    },
    /// A signature does not verify, or is none of those that are accepted here.
    Signature(jose::Reason),
    /// A claim is missing or has another value than it must (Core 1.0 section 3.1.3.7; Back-Channel Logout 1.0 section 2.6).
    Claim(&'static str),
    /// Our clock says that it is over.
    Expired,
    /// `at_hash` does not fit the access token (Core 1.0 section 3.1.3.8).
    AnotherAccessToken,
    /// The level is not one that was asked for.
    LevelNotAskedFor,
    /// A fresh sign-in was asked for, and this one is older (Core 1.0 section 3.1.2.1, `max_age`).
    NotFresh,
    /// A logout token that was heard before: it ends nothing again.
    HeardBefore,
    /// The memory of what was used cannot answer, so nothing may be accepted.
    MemoryUnavailable,
}

impl From<FetchFault> for OidcReason {
    fn from(fault: FetchFault) -> Self {
        Self::Unreachable(fault)
    }
}

impl From<KeyFault> for OidcReason {
    fn from(fault: KeyFault) -> Self {
        Self::Key(fault)
    }
}

impl fmt::Display for OidcReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting { what } => write!(f, "the setting {what} cannot work"),
            Self::Key(fault) => write!(f, "our own key: {fault}"),
            Self::Unreachable(fault) => fault.fmt(f),
            Self::Discovery(why) => write!(f, "the platform's discovery document is not acceptable: {why}"),
            Self::KeysTooOld => f.write_str(
                "the platform's keys could not be read for a day: look why its discovery document cannot be reached",
            ),
            Self::PushRefused { error } => write!(
                f,
                "the platform refused our request ({error}): compare client_id, key and redirect_uri with the registration"
            ),
            Self::NotSignedIn { error } => write!(
                f,
                "the platform did not sign the person in ({error}): offer to begin again"
            ),
            Self::Missing { parameter } => write!(f, "the answer lacks {parameter}"),
            Self::AnswersAnotherRequest => {
                f.write_str("state is not that of this browser's question: offer to begin again")
            }
            Self::AnotherIssuer => f.write_str("iss is missing or not the platform"),
            Self::CodeRefused { error } => write!(
                f,
                "the token endpoint refused ({error}): a code is good once and for a minute; invalid_client means that the key or \
                 secret is not the registered one"
            ),
            Self::Signature(reason) => write!(f, "a signature that is not accepted: {reason}"),
            Self::Claim(name) => write!(f, "the claim {name} is missing or not what it must be"),
            Self::Expired => f.write_str("over by this machine's clock: is the clock right?"),
            Self::AnotherAccessToken => f.write_str("at_hash does not fit the access token"),
            Self::LevelNotAskedFor => f.write_str("the level is not one that was asked for"),
            Self::NotFresh => f.write_str("the sign-in is older than was asked for"),
            Self::HeardBefore => f.write_str("this logout token was heard before"),
            Self::MemoryUnavailable => f.write_str("the memory of what was used cannot answer"),
        }
    }
}

impl std::error::Error for OidcReason {}
