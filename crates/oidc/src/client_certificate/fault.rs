//! Why the certificate of a connection does not authenticate a client.

use std::fmt;

/// Why the certificate of a connection does not authenticate a client. Carries nothing of the certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CertificateFault {
    /// None was shown on this connection.
    Absent,
    /// It cannot be read.
    Unreadable,
    /// Its validity has not begun.
    NotYetValid,
    /// Its validity has ended.
    Expired,
    /// Not one of the registered ones, or of another key than those.
    NotRegistered,
    /// No pinned authority stands behind it, or not for this.
    NoPath {
        /// Why, in words about structure.
        because: String,
    },
    /// It is another subject's.
    OtherSubject,
}

impl CertificateFault {
    /// A stable public code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Absent => "certificate_absent",
            Self::Unreadable => "certificate_unreadable",
            Self::NotYetValid => "certificate_not_yet_valid",
            Self::Expired => "certificate_expired",
            Self::NotRegistered => "certificate_not_registered",
            Self::NoPath { .. } => "certificate_without_path",
            Self::OtherSubject => "certificate_of_other_subject",
        }
    }
}

impl fmt::Display for CertificateFault {
    /// Within the alphabet of `error_description`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for CertificateFault {}
