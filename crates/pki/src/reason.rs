//! Why bytes or signatures were refused.

use std::fmt;

use crate::Oid;

/// A refusal of this room. Carries facts about structure only, never contents.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// More bytes than allowed.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// More entries in a list than allowed.
    TooManyEntries {
        /// The limit.
        limit: u64,
    },
    /// The bytes end within an element.
    Truncated,
    /// Bytes remain where an element should end.
    TrailingBytes,
    /// A length or an integer that is not in its shortest form, or an indefinite length.
    NotDer,
    /// Another element than the standard puts here.
    UnexpectedTag {
        /// The tag that the standard asks for.
        expected: u8,
        /// The tag found.
        found: u8,
    },
    /// An algorithm or field that is not as the standard prescribes.
    Malformed {
        /// Which field, in the standard's word.
        field: &'static str,
    },
    /// Not a version 3 certificate, or not a version 2 list.
    Version,
    /// The serial number is zero, negative or longer than 20 bytes (RFC 5280 section 4.1.2.2).
    SerialNumber,
    /// Not a date, or one outside the calendar.
    Time,
    /// More extensions than allowed.
    TooManyExtensions {
        /// The limit.
        limit: usize,
    },
    /// An extension appears twice (RFC 5280 section 4.2).
    DuplicateExtension {
        /// Which.
        oid: Oid,
    },
    /// An extension's content is not what its identifier promises.
    MalformedExtension {
        /// Which.
        oid: Oid,
    },
    /// A critical extension of a list that this room does not know, a delta or an indirect list among them.
    UnsupportedExtension {
        /// Which.
        oid: Oid,
    },
    /// The algorithm inside what is signed differs from the one outside (RFC 5280 section 4.1.1.2).
    AlgorithmsDiffer,
    /// A signature algorithm that is not allowed.
    UnsupportedSignature {
        /// Which.
        oid: Oid,
    },
    /// An allowed signature algorithm, but this kind of key makes no such signatures.
    KeyDoesNotFit {
        /// Which algorithm.
        oid: Oid,
    },
    /// A kind of key that is not allowed.
    UnsupportedKey {
        /// Which.
        oid: Oid,
    },
    /// The signature does not verify.
    BadSignature,
    /// A TLS signature scheme that is not allowed in this version of TLS or with this kind of key.
    SchemeNotAllowed {
        /// The code point.
        scheme: u16,
    },
    /// A pinned certificate that is not a self-signed authority.
    NotAnAuthority,
    /// No pinned authority has the issuer's name.
    UnknownIssuer,
    /// Pinned authorities have the issuer's name, but none of their keys made the signature.
    NoIssuerKeyVerifies {
        /// How many were tried.
        tried: usize,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "more than {limit} bytes"),
            Self::TooManyEntries { limit } => write!(f, "more than {limit} entries"),
            Self::Truncated => f.write_str("ends within an element"),
            Self::TrailingBytes => f.write_str("bytes after the end"),
            Self::NotDer => f.write_str("not DER"),
            Self::UnexpectedTag { expected, found } => {
                write!(f, "element {found:#04x} where {expected:#04x} belongs")
            }
            Self::Malformed { field } => write!(f, "{field} is malformed"),
            Self::Version => f.write_str("unsupported version"),
            Self::SerialNumber => f.write_str("serial number is zero, negative or too long"),
            Self::Time => f.write_str("not a date"),
            Self::TooManyExtensions { limit } => write!(f, "more than {limit} extensions"),
            Self::DuplicateExtension { oid } => write!(f, "extension {oid} appears twice"),
            Self::MalformedExtension { oid } => write!(f, "extension {oid} is malformed"),
            Self::UnsupportedExtension { oid } => write!(f, "extension {oid} is not supported"),
            Self::AlgorithmsDiffer => f.write_str("inner and outer signature algorithm differ"),
            Self::UnsupportedSignature { oid } => write!(f, "signature algorithm {oid} is not allowed"),
            Self::KeyDoesNotFit { oid } => write!(f, "not a key for signature algorithm {oid}"),
            Self::UnsupportedKey { oid } => write!(f, "key algorithm {oid} is not allowed"),
            Self::BadSignature => f.write_str("signature does not verify"),
            Self::SchemeNotAllowed { scheme } => {
                write!(f, "TLS signature scheme {scheme:#06x} is not allowed here")
            }
            Self::NotAnAuthority => f.write_str("not a self-signed authority certificate"),
            Self::UnknownIssuer => f.write_str("no pinned authority has this issuer's name"),
            Self::NoIssuerKeyVerifies { tried } => {
                write!(f, "none of {tried} pinned keys of this issuer made the signature")
            }
        }
    }
}

impl std::error::Error for Reason {}
