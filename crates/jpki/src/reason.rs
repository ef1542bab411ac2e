//! Why a certificate was refused, or a configuration.

use std::fmt;

use domain::Timestamp;
use pki::{Oid, RevocationReason};

use crate::CaKind;

/// Why a certificate may not sign in. Carries nothing that names its holder. ("No certificate" is the door's to say.)
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The validity has ended.
    Expired,
    /// The validity has not begun.
    NotYetValid,
    /// On the list.
    Revoked {
        /// Why.
        reason: RevocationReason,
        /// When.
        at: Timestamp,
    },
    /// No pinned 利用者証明用 authority signed it.
    UnknownCa,
    /// From the test hierarchy, in production.
    TestCaInProduction,
    /// The 署名用 certificate: the right card, the wrong certificate.
    SigningCertificate,
    /// None of the known policies.
    UnknownPolicy,
    /// Not what the profile prescribes.
    MalformedProfile(ProfileDefect),
    /// A key that is too short.
    WeakKey {
        /// How short.
        bits: u32,
    },
    /// The revocation list is too old to rely on.
    CrlStale,
    /// No revocation list speaks about this certificate.
    CrlMissing,
    /// The index of the lists could not be read: no answer, and no answer is never "good".
    IndexUnreadable,
}

/// In what a certificate departs from the profile.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ProfileDefect {
    /// Not readable as a certificate.
    Unreadable(pki::Reason),
    /// keyUsage is absent or lacks digitalSignature.
    NotForSignatures,
    /// extKeyUsage is absent or lacks clientAuth.
    NotForClientAuthentication,
    /// A critical extension that nobody knows (RFC 5280 section 4.2).
    UnknownCriticalExtension(Oid),
    /// It says that it is an authority.
    Authority,
}

impl Reason {
    /// The stable code: audit, metrics and the operator's view know a reason by this.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Revoked { .. } => "revoked",
            Self::UnknownCa => "unknown_ca",
            Self::TestCaInProduction => "test_ca_in_production",
            Self::SigningCertificate => "signing_certificate",
            Self::UnknownPolicy => "unknown_policy",
            Self::MalformedProfile(_) => "malformed_profile",
            Self::WeakKey { .. } => "weak_key",
            Self::CrlStale => "crl_stale",
            Self::CrlMissing => "crl_missing",
            Self::IndexUnreadable => "index_unreadable",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired => f.write_str("the validity has ended"),
            Self::NotYetValid => f.write_str("the validity has not begun"),
            Self::Revoked { reason, at } => write!(f, "revoked ({}) at {at}", reason.as_str()),
            Self::UnknownCa => f.write_str("no pinned authority signed it"),
            Self::TestCaInProduction => f.write_str("from the test hierarchy"),
            Self::SigningCertificate => f.write_str("a signing certificate"),
            Self::UnknownPolicy => f.write_str("none of the known policies"),
            Self::MalformedProfile(defect) => write!(f, "not the profile: {defect}"),
            Self::WeakKey { bits } => write!(f, "the key has {bits} bits"),
            Self::CrlStale => f.write_str("the revocation list is too old"),
            Self::CrlMissing => f.write_str("no revocation list covers it"),
            Self::IndexUnreadable => f.write_str("the index of revocation lists could not be read"),
        }
    }
}

impl std::error::Error for Reason {}

impl fmt::Display for ProfileDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(reason) => write!(f, "unreadable: {reason}"),
            Self::NotForSignatures => f.write_str("key usage lacks digitalSignature"),
            Self::NotForClientAuthentication => f.write_str("extended key usage lacks clientAuth"),
            Self::UnknownCriticalExtension(oid) => write!(f, "unknown critical extension {oid}"),
            Self::Authority => f.write_str("says that it is an authority"),
        }
    }
}

/// Why an authority was not pinned.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ConfigReason {
    /// Not a self-signed authority certificate.
    Anchor {
        /// Which.
        label: String,
        /// Why not.
        reason: pki::Reason,
    },
    /// Its published name belongs to the other purpose.
    OtherPurpose {
        /// Which.
        label: String,
        /// To which purpose it belongs.
        named: CaKind,
    },
}

impl fmt::Display for ConfigReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anchor { label, reason } => write!(f, "{label}: {reason}"),
            Self::OtherPurpose { label, named } => {
                write!(f, "{label}: by its name it is the {} authority", named.as_str())
            }
        }
    }
}

impl std::error::Error for ConfigReason {}
