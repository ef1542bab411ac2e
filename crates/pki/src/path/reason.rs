//! Why a path is refused.

use std::fmt;

use domain::Timestamp;

use crate::{Oid, Reason, RevocationReason};

/// Which bound on work was met.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Bound {
    /// Certificates considered as issuers.
    Candidates,
    /// Signatures checked.
    Signatures,
    /// Complete paths validated.
    Paths,
    /// Names held against name constraints.
    NameComparisons,
    /// Entries of lists read.
    ListEntries,
}

/// Why the status of a certificate could not be found out (RFC 5280 section 6.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum StatusGap {
    /// No list speaks about the certificate.
    NoList,
    /// Lists speak about it, but none of them may be relied upon: too old, badly signed, of an issuer without a path, or
    /// with critical parts that are not known.
    NoUsableList,
    /// Usable lists do not cover every reason for revocation.
    SomeReasonsOnly,
}

/// A refusal of a path. Carries facts about structure only, never names.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PathReason {
    /// The certificate itself cannot be used.
    Certificate(Reason),
    /// The signature does not verify under this issuer's key, or its algorithm is not allowed.
    Signature(Reason),
    /// Before notBefore (section 6.1.3 (a)(2)).
    NotYetValid,
    /// After notAfter (section 6.1.3 (a)(2)).
    Expired,
    /// The issuer's name is not that of the certificate above (section 6.1.3 (a)(4)).
    NamesDoNotChain,
    /// An empty issuer, or an authority without a name (sections 4.1.2.4, 4.1.2.6).
    EmptyName,
    /// Not an authority by basicConstraints (section 6.1.4 (k)).
    NotAnAuthority,
    /// More intermediate authorities than allowed (section 6.1.4 (l)).
    PathTooLong,
    /// keyUsage without keyCertSign (section 6.1.4 (n)).
    MayNotSignCertificates,
    /// A critical extension that is not processed (sections 6.1.4 (o), 6.1.5 (f)).
    UnknownCriticalExtension {
        /// Which.
        oid: Oid,
    },
    /// A name lies outside every permitted subtree of its form (section 6.1.3 (b)).
    NameNotPermitted {
        /// The form of the name in GeneralName.
        form: u8,
    },
    /// A name lies in an excluded subtree (section 6.1.3 (c)).
    NameExcluded {
        /// The form of the name in GeneralName.
        form: u8,
    },
    /// A constrained name that cannot be read, so nobody knows where it lies.
    NameUnreadable {
        /// The form of the name in GeneralName.
        form: u8,
    },
    /// A name of a form whose constraints are not supported meets such a constraint (section 4.2.1.10).
    ConstraintUnsupported {
        /// The form of the name in GeneralName.
        form: u8,
    },
    /// A mapping from or to anyPolicy (section 6.1.4 (a)).
    AnyPolicyMapped,
    /// An acceptable policy is demanded and none is left (sections 6.1.3 (f), 6.1.5 (g)).
    NoAcceptablePolicy,
    /// extendedKeyUsage does not hold the purpose that was asked for.
    WrongPurpose {
        /// The purpose.
        oid: Oid,
    },
    /// An RSA key shorter than allowed.
    WeakKey {
        /// Bits of the modulus.
        bits: u32,
    },
    /// A demand of RFC 5280 section 4 on issuers, looked at only where the caller asks for it.
    Form {
        /// The demand, in a few words.
        demand: &'static str,
    },
    /// Revoked (section 6.3).
    Revoked {
        /// Why.
        reason: RevocationReason,
        /// When.
        at: Timestamp,
    },
    /// Nobody knows whether it is revoked, which never counts as good.
    StatusUnknown(StatusGap),
    /// No certificate at hand leads to a trusted authority.
    NoPath,
    /// The search ended before it had an answer.
    BudgetSpent(Bound),
}

impl fmt::Display for PathReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(reason) => write!(f, "certificate: {reason}"),
            Self::Signature(reason) => write!(f, "signature: {reason}"),
            Self::NotYetValid => f.write_str("not valid yet"),
            Self::Expired => f.write_str("expired"),
            Self::NamesDoNotChain => f.write_str("issuer is not the subject above"),
            Self::EmptyName => f.write_str("an authority without a name"),
            Self::NotAnAuthority => f.write_str("not an authority"),
            Self::PathTooLong => f.write_str("more intermediate authorities than allowed"),
            Self::MayNotSignCertificates => f.write_str("keyUsage without keyCertSign"),
            Self::UnknownCriticalExtension { oid } => write!(f, "critical extension {oid} is not known"),
            Self::NameNotPermitted { form } => write!(f, "a name of form [{form}] is not permitted"),
            Self::NameExcluded { form } => write!(f, "a name of form [{form}] is excluded"),
            Self::NameUnreadable { form } => write!(f, "a constrained name of form [{form}] is unreadable"),
            Self::ConstraintUnsupported { form } => {
                write!(f, "constraints on form [{form}] are not supported")
            }
            Self::AnyPolicyMapped => f.write_str("anyPolicy is mapped"),
            Self::NoAcceptablePolicy => f.write_str("no acceptable policy is left"),
            Self::WrongPurpose { oid } => write!(f, "not for purpose {oid}"),
            Self::WeakKey { bits } => write!(f, "RSA key of {bits} bits"),
            Self::Form { demand } => write!(f, "form: {demand}"),
            Self::Revoked { reason, .. } => write!(f, "revoked: {}", reason.as_str()),
            Self::StatusUnknown(gap) => write!(f, "status unknown: {gap:?}"),
            Self::NoPath => f.write_str("no path to a trusted authority"),
            Self::BudgetSpent(bound) => write!(f, "bound on work met: {bound:?}"),
        }
    }
}

impl std::error::Error for PathReason {}
