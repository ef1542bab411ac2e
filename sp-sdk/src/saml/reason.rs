//! Why an answer is not accepted.

use std::fmt;

use crate::http::FetchFault;
use crate::key::KeyFault;

/// Why an answer is not accepted. Show the person only that signing in failed; the rest is for the service's log.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SamlReason {
    /// The message cannot be read, or its signature does not verify under a key of the platform's metadata
    /// (core-2.0-os section 5.4).
    Xml(xml::Reason),
    /// The message is larger than any that the platform sends.
    TooLarge {
        /// Octets of base64 that are read.
        limit: usize,
    },
    /// The request cannot be encoded.
    Request(saml::Reason),
    /// Something is missing, repeated or has a value that its type does not allow.
    Malformed {
        /// What.
        what: &'static str,
    },
    /// The platform did not sign the person in: status codes of core-2.0-os section 3.2.2.2.
    NotSignedIn {
        /// The top code.
        status: String,
        /// The code below it.
        second: Option<String>,
    },
    /// Our own key cannot be used.
    Key(KeyFault),
    /// The platform could not be reached.
    Unreachable(FetchFault),
    /// A logout message cannot be read, or does not verify.
    Logout(saml::Reason),
    /// A logout message is not signed (profiles-2.0-os section 4.4.4.1).
    Unsigned,
    /// The platform's metadata names no endpoint for this.
    NoEndpoint {
        /// For what.
        what: &'static str,
    },
    /// The assertion is encrypted, and we hold no key.
    Encrypted,
    /// Somebody else's Response, or an answer to another request (profiles-2.0-os section 4.1.4.3).
    AnswersAnotherRequest,
    /// `Destination` or `Recipient` is not our assertion consumer service.
    ForAnotherPlace {
        /// Which of the two.
        what: &'static str,
    },
    /// The issuer is not the platform.
    AnotherIssuer,
    /// The audience is not us (core-2.0-os section 2.5.1.4).
    ForAnotherAudience,
    /// There is no bearer confirmation (profiles-2.0-os section 4.1.4.2).
    NotBearer,
    /// Our clock says that it is too early.
    NotYetValid,
    /// Our clock says that it is too late.
    Expired,
    /// A condition that we do not know (core-2.0-os section 2.5.1: then the assertion is not valid).
    UnknownCondition,
    /// The level is not one that was asked for.
    LevelNotAskedFor,
    /// The answer does not say that it is as certain as was asked for.
    CertaintyNotAskedFor,
    /// A fresh sign-in was asked for, and this one is older than the question.
    NotFresh,
    /// The assertion, or the logout message, was used before.
    Replayed,
    /// The memory of used assertions cannot answer, so this one must not be accepted.
    MemoryUnavailable,
    /// The metadata is past its `validUntil`.
    MetadataExpired,
}

impl From<KeyFault> for SamlReason {
    fn from(fault: KeyFault) -> Self {
        Self::Key(fault)
    }
}

impl From<FetchFault> for SamlReason {
    fn from(fault: FetchFault) -> Self {
        Self::Unreachable(fault)
    }
}

impl From<xml::Reason> for SamlReason {
    fn from(reason: xml::Reason) -> Self {
        Self::Xml(reason)
    }
}

impl fmt::Display for SamlReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Xml(reason) => reason.fmt(f),
            Self::TooLarge { limit } => write!(f, "the message has more than {limit} octets of base64"),
            Self::Request(reason) => write!(f, "the request cannot be encoded: {reason}"),
            Self::Malformed { what } => write!(f, "{what} is missing, repeated or malformed"),
            Self::NotSignedIn { status, second } => {
                write!(
                    f,
                    "the platform did not sign the person in: {status} {}",
                    second.as_deref().unwrap_or("")
                )
            }
            Self::Key(fault) => write!(f, "our own key: {fault}"),
            Self::Unreachable(fault) => fault.fmt(f),
            Self::Logout(reason) => write!(f, "a logout message that is not accepted: {reason}"),
            Self::Unsigned => f.write_str("a logout message is not signed"),
            Self::NoEndpoint { what } => write!(f, "the platform's metadata names no endpoint for {what}"),
            Self::Encrypted => f.write_str(
                "the assertion is encrypted and there is no key here: set the decryption key, or register metadata without one",
            ),
            Self::AnswersAnotherRequest => f.write_str("InResponseTo is not the request of this browser"),
            Self::ForAnotherPlace { what } => write!(f, "{what} is not our assertion consumer service"),
            Self::AnotherIssuer => f.write_str("the issuer is not the platform"),
            Self::ForAnotherAudience => f.write_str("the audience is not this service"),
            Self::NotBearer => f.write_str("there is no bearer confirmation"),
            Self::NotYetValid => f.write_str("not yet valid by this machine's clock"),
            Self::Expired => f.write_str("expired by this machine's clock"),
            Self::UnknownCondition => f.write_str("a condition is unknown"),
            Self::LevelNotAskedFor => f.write_str("the level is not one that was asked for"),
            Self::CertaintyNotAskedFor => f.write_str(
                "the answer does not say that it is as certain as was asked for: is the service registered for assurance_level?",
            ),
            Self::NotFresh => f.write_str("the sign-in is older than the question for a fresh one"),
            Self::Replayed => f.write_str("the message was used before"),
            Self::MemoryUnavailable => f.write_str("the memory of used assertions cannot answer"),
            Self::MetadataExpired => {
                f.write_str("the platform's metadata is past its validUntil; fetch it again")
            }
        }
    }
}

impl std::error::Error for SamlReason {}
