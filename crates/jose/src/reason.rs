//! Why a JWS, a JWK or a set was refused.

use std::fmt;

use crate::json::JsonFault;

/// A part of a compact JWS or another text that was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Part {
    /// First part of a compact JWS.
    Header,
    /// Second part.
    Payload,
    /// Third part.
    Signature,
    /// A JWK or a JWK Set.
    KeySet,
}

/// Why this room said no. Carries facts about shape only, never a token's content.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// Longer than allowed.
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// Not three parts separated by two dots (RFC 7515 section 7.1); five would be a JWE.
    NotCompact,
    /// Not base64url without padding.
    NotBase64Url(Part),
    /// Not the JSON that we read.
    Json(Part, JsonFault),
    /// `alg` is missing or no text.
    AlgorithmMissing,
    /// `alg` is not on the allow-list of this verification (or unknown, `none`, `HS*`).
    AlgorithmNotAllowed,
    /// A `crit` member: no extension is understood (RFC 7515 section 4.1.11).
    CriticalExtension,
    /// `kid` or `typ` is no text or too long.
    HeaderMember(&'static str),
    /// `typ` is not one that this verification expects (RFC 8725 section 3.11).
    UnexpectedType,
    /// No key of the set fits `kid`, `alg`, type and use.
    NoFittingKey,
    /// Keys fit, the signature does not.
    BadSignature,
    /// The set holds more keys than allowed.
    TooManyKeys {
        /// The limit.
        limit: usize,
    },
    /// A private or symmetric key where a public one belongs: the secret is lost and must be replaced.
    PrivateKeyShown,
    /// A member of a JWK is missing, of another shape or contradicts the others.
    KeyMember(&'static str),
    /// RSA below 2048 or above 8192 bits, or an exponent that is even or below 65537.
    WeakKey,
    /// The coordinates are no point of the curve.
    NotOnCurve,
    /// No key of the set can verify a signature for us.
    NoUsableKey,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { limit } => write!(f, "longer than {limit} bytes"),
            Self::NotCompact => f.write_str("not a compact JWS of three parts"),
            Self::NotBase64Url(part) => write!(f, "{part} is not base64url without padding"),
            Self::Json(part, fault) => write!(f, "{part}: {fault}"),
            Self::AlgorithmMissing => f.write_str("alg is missing"),
            Self::AlgorithmNotAllowed => f.write_str("alg is not allowed here"),
            Self::CriticalExtension => f.write_str("crit names an extension that is not understood"),
            Self::HeaderMember(name) => write!(f, "header member {name} is malformed"),
            Self::UnexpectedType => f.write_str("typ is not one that is expected here"),
            Self::NoFittingKey => f.write_str("no key of the set fits kid, alg, type and use"),
            Self::BadSignature => f.write_str("the signature does not verify"),
            Self::TooManyKeys { limit } => write!(f, "more than {limit} keys"),
            Self::PrivateKeyShown => f.write_str("holds a private or symmetric key: replace that key"),
            Self::KeyMember(name) => write!(f, "key member {name} is missing or malformed"),
            Self::WeakKey => f.write_str("RSA key outside 2048 to 8192 bits or with a weak exponent"),
            Self::NotOnCurve => f.write_str("the coordinates are no point of the curve"),
            Self::NoUsableKey => f.write_str("no key can verify a signature"),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Signature => "signature",
            Self::KeySet => "key set",
        })
    }
}

impl std::error::Error for Reason {}
