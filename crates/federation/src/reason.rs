//! Why a document, or one entity of it, is refused. Said to operators.

use std::fmt;

use domain::Timestamp;
use saml::metadata::MetadataReason;

/// Why a document is refused as a whole: nothing of it takes effect, and what was accepted before stays.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PublicationReason {
    /// Refused by the reader, or its signature does not hold.
    Xml(xml::Reason),
    /// The file or connection broke.
    Unreadable,
    /// `validUntil` has passed.
    Expired {
        /// It.
        valid_until: Timestamp,
    },
    /// No `validUntil` where one is demanded: without it an old copy could be shown forever.
    NoValidUntil,
    /// `validUntil` lies further ahead than is accepted.
    ValidTooLong {
        /// Seconds accepted.
        limit: u64,
    },
    /// Older than the document that was accepted before.
    Older {
        /// What is told by: `creationInstant` or `validUntil`.
        by: &'static str,
    },
    /// Its `creationInstant` is yet to come.
    FromTheFuture,
    /// A value is not of its type.
    InvalidValue {
        /// Of which attribute.
        what: &'static str,
    },
}

impl PublicationReason {
    /// The stable word for metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Xml(xml::Reason::SignatureMissing) => "unsigned",
            Self::Xml(
                xml::Reason::SignatureInvalid
                | xml::Reason::DigestMismatch
                | xml::Reason::ReferenceElsewhere
                | xml::Reason::SignatureRepeated
                | xml::Reason::SignatureShape { .. }
                | xml::Reason::AlgorithmNotAllowed { .. }
                | xml::Reason::NoKey,
            ) => "signature",
            Self::Xml(_) => "xml",
            Self::Unreadable => "unreadable",
            Self::Expired { .. } => "expired",
            Self::NoValidUntil => "no_valid_until",
            Self::ValidTooLong { .. } => "valid_too_long",
            Self::Older { .. } => "older",
            Self::FromTheFuture => "from_the_future",
            Self::InvalidValue { .. } => "value",
        }
    }
}

impl fmt::Display for PublicationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Xml(reason) => reason.fmt(f),
            Self::Unreadable => f.write_str("it broke off while it was read"),
            Self::Expired { valid_until } => write!(
                f,
                "its validUntil {} has passed",
                valid_until.to_rfc3339().unwrap_or_default()
            ),
            Self::NoValidUntil => f.write_str("it has no validUntil, which this source demands"),
            Self::ValidTooLong { limit } => {
                write!(
                    f,
                    "its validUntil lies more than {limit} s ahead, which this source does not accept"
                )
            }
            Self::Older { by } => write!(
                f,
                "it is older, by its {by}, than the one that was accepted before; if its publisher says that it is right, \
                 run: idp-server metadata refresh NAME --forget-order"
            ),
            Self::FromTheFuture => {
                f.write_str("its creationInstant is yet to come; look at the publisher's clock and at ours")
            }
            Self::InvalidValue { what } => write!(f, "the value of {what} is not of its type"),
        }
    }
}

impl std::error::Error for PublicationReason {}

impl From<xml::Reason> for PublicationReason {
    fn from(reason: xml::Reason) -> Self {
        match reason {
            xml::Reason::Unreadable => Self::Unreadable,
            reason => Self::Xml(reason),
        }
    }
}

/// Why one entity is refused. The others of its document are not touched by it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum EntityReason {
    /// Its metadata cannot be used.
    Metadata(MetadataReason),
    /// Its own `validUntil`, or that of a group around it, has passed.
    Expired,
    /// Two entities of the document have its `entityID`.
    Repeated,
    /// Its `entityID` is read as another one than is written, as with white space around it.
    Spelled,
}

impl fmt::Display for EntityReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metadata(reason) => reason.fmt(f),
            Self::Expired => f.write_str("its validUntil has passed"),
            Self::Repeated => f.write_str("the document has two entities with this entityID"),
            Self::Spelled => f.write_str("its entityID has white space around it"),
        }
    }
}

impl std::error::Error for EntityReason {}
