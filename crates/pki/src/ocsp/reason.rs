//! Why an OCSP answer was not believed.

use std::fmt;

use domain::Timestamp;

use crate::{Oid, Reason};

/// OCSPResponseStatus other than successful (RFC 6960 section 4.2.1). Nobody signs these: they only ever mean "no answer".
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ResponseStatus {
    /// malformedRequest (1).
    MalformedRequest,
    /// internalError (2).
    InternalError,
    /// tryLater (3).
    TryLater,
    /// sigRequired (5).
    SignatureRequired,
    /// unauthorized (6).
    Unauthorized,
    /// A code that the standard does not know.
    Other(u8),
}

/// Where in a response the bytes were malformed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum OcspStage {
    /// OCSPResponse.
    Response,
    /// BasicOCSPResponse.
    Basic,
    /// ResponseData.
    Data,
    /// A SingleResponse.
    Single,
    /// An extension.
    Extensions,
}

/// Which field of the CertID differs from the question's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CertIdField {
    /// hashAlgorithm.
    Algorithm,
    /// issuerNameHash.
    IssuerName,
    /// issuerKeyHash: another generation of the same name, for example.
    IssuerKey,
    /// serialNumber.
    Serial,
}

/// Why whoever signed may not answer for this authority.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ResponderDefect {
    /// Its certificate cannot be read.
    Unreadable(Reason),
    /// Its certificate was not issued directly by the authority of the certificate in question, or by another key of it.
    NotIssuedByTheAuthority,
    /// Its certificate is not valid yet.
    NotYetValid,
    /// Its certificate's validity has ended.
    Expired,
    /// extKeyUsage lacks id-kp-OCSPSigning.
    NotForOcsp,
    /// keyUsage lacks digitalSignature.
    NotForSignatures,
    /// It is an authority.
    Authority,
    /// A critical extension that nobody knows.
    UnknownCriticalExtension(Oid),
    /// It lacks id-pkix-ocsp-nocheck and lives too long to go without.
    NoCheckMissing,
    /// The operator distrusts its key.
    Distrusted,
    /// The authority itself signed, and the policy wants a delegated responder.
    AuthorityItself,
}

/// The checks, in the order in which they run.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum OcspCheck {
    /// It can be read.
    Form,
    /// It says "successful".
    Success,
    /// Whoever signed may answer.
    Responder,
    /// The signature verifies.
    Signature,
    /// It answers this question.
    Nonce,
    /// It speaks about this certificate.
    Certificate,
    /// Its critical extensions are known.
    Extensions,
    /// Its dates let it count.
    Dates,
    /// Its links can be read.
    Links,
}

impl OcspCheck {
    /// The stable word for audit, metrics and the operator's view.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Success => "success",
            Self::Responder => "responder",
            Self::Signature => "signature",
            Self::Nonce => "nonce",
            Self::Certificate => "certificate",
            Self::Extensions => "extensions",
            Self::Dates => "dates",
            Self::Links => "links",
        }
    }
}

/// Why an answer is no answer. Never to be read as "good". Carries facts about structure and dates only.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum OcspReason {
    /// More bytes than allowed.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// Not the form of RFC 6960.
    Malformed {
        /// Where.
        stage: OcspStage,
        /// How.
        reason: Reason,
    },
    /// More of something than allowed.
    TooMany {
        /// Of what, in the standard's word.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Another status than successful.
    NotSuccessful(ResponseStatus),
    /// Not a basic response (section 4.2.1).
    ResponseType {
        /// Which type.
        oid: Oid,
    },
    /// The question was built for an authority that is not among those given.
    UnknownIssuer,
    /// The responder's name or key hash fits neither the authority, nor an enclosed certificate, nor a pinned responder.
    UnknownResponder,
    /// Whoever signed may not answer for this authority.
    Responder(ResponderDefect),
    /// The signature.
    Signature(Reason),
    /// We sent a nonce, the policy wants it back, and there is none: it may be an old answer.
    NonceMissing,
    /// Another nonce than ours: an answer to somebody else's question, or to an older one.
    NonceDiffers,
    /// None of the answers is about the certificate.
    OtherCertificate {
        /// The first field that differs, in the answer that comes nearest.
        differs: CertIdField,
    },
    /// Two answers about the certificate.
    Ambiguous,
    /// A critical extension that nobody knows (section 4.4).
    UnknownCriticalExtension {
        /// Which.
        oid: Oid,
    },
    /// producedAt or thisUpdate lies ahead of our clock.
    FromTheFuture {
        /// The date.
        at: Timestamp,
    },
    /// nextUpdate has passed.
    Expired {
        /// nextUpdate, or where there is none, when the policy takes it to have passed.
        at: Timestamp,
    },
    /// thisUpdate is longer ago than the policy allows.
    TooOld {
        /// thisUpdate.
        this_update: Timestamp,
    },
    /// nextUpdate before thisUpdate, or thisUpdate after producedAt.
    DatesDisagree,
    /// The extension with links cannot be read.
    Links(Reason),
}

impl OcspReason {
    /// At which check the answer failed.
    pub const fn check(&self) -> OcspCheck {
        match self {
            Self::TooLarge { .. }
            | Self::Malformed { .. }
            | Self::TooMany { .. }
            | Self::ResponseType { .. } => OcspCheck::Form,
            Self::NotSuccessful(_) => OcspCheck::Success,
            Self::UnknownIssuer | Self::UnknownResponder | Self::Responder(_) => OcspCheck::Responder,
            Self::Signature(_) => OcspCheck::Signature,
            Self::NonceMissing | Self::NonceDiffers => OcspCheck::Nonce,
            Self::OtherCertificate { .. } | Self::Ambiguous => OcspCheck::Certificate,
            Self::UnknownCriticalExtension { .. } => OcspCheck::Extensions,
            Self::FromTheFuture { .. } | Self::Expired { .. } | Self::TooOld { .. } | Self::DatesDisagree => {
                OcspCheck::Dates
            }
            Self::Links(_) => OcspCheck::Links,
        }
    }
}

impl fmt::Display for ResponderDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(reason) => write!(f, "its certificate cannot be read: {reason}"),
            Self::NotIssuedByTheAuthority => {
                f.write_str("its certificate was not issued directly by the authority's key")
            }
            Self::NotYetValid => f.write_str("its certificate is not valid yet"),
            Self::Expired => f.write_str("its certificate has expired"),
            Self::NotForOcsp => f.write_str("its certificate lacks id-kp-OCSPSigning"),
            Self::NotForSignatures => f.write_str("its certificate's key usage lacks digitalSignature"),
            Self::Authority => f.write_str("its certificate is an authority's"),
            Self::UnknownCriticalExtension(oid) => {
                write!(f, "its certificate has the unknown critical extension {oid}")
            }
            Self::NoCheckMissing => f.write_str("its certificate lacks id-pkix-ocsp-nocheck"),
            Self::Distrusted => f.write_str("its key is distrusted by configuration"),
            Self::AuthorityItself => f.write_str("the authority itself signed, which the policy excludes"),
        }
    }
}

impl fmt::Display for OcspReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "more than {limit} bytes"),
            Self::Malformed { stage, reason } => write!(f, "{stage:?}: {reason}"),
            Self::TooMany { what, limit } => write!(f, "more than {limit} {what}"),
            Self::NotSuccessful(status) => write!(f, "the responder says {status:?}"),
            Self::ResponseType { oid } => write!(f, "response type {oid} is not the basic one"),
            Self::UnknownIssuer => f.write_str("the authority in question is not pinned"),
            Self::UnknownResponder => f.write_str("the responder is nobody we know of"),
            Self::Responder(defect) => write!(f, "the responder may not answer: {defect}"),
            Self::Signature(reason) => write!(f, "signature: {reason}"),
            Self::NonceMissing => f.write_str("the nonce is missing"),
            Self::NonceDiffers => f.write_str("the nonce is not ours"),
            Self::OtherCertificate { differs } => {
                write!(f, "about another certificate: {differs:?} differs")
            }
            Self::Ambiguous => f.write_str("two answers about the certificate"),
            Self::UnknownCriticalExtension { oid } => write!(f, "unknown critical extension {oid}"),
            Self::FromTheFuture { at } => write!(f, "dated {at}, ahead of our clock"),
            Self::Expired { at } => write!(f, "expired at {at}"),
            Self::TooOld { this_update } => write!(f, "of {this_update}, too old"),
            Self::DatesDisagree => f.write_str("the dates contradict one another"),
            Self::Links(reason) => write!(f, "links: {reason}"),
        }
    }
}

impl std::error::Error for OcspReason {}
