//! Why a refresh token was refused.

use std::fmt;

use crate::ErrorCode;

/// Why a refresh token was refused. All but one are `invalid_grant` (RFC 6749 section 5.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RefreshFault {
    /// No such token, or none any more.
    Unknown,
    /// Issued to another client.
    OfAnotherClient,
    /// The client is not registered for refresh tokens, or not for such that outlive the session.
    NotRegistered,
    /// Its whole family's life is over.
    Expired,
    /// Used before: the family is to be withdrawn.
    Reused,
    /// Bound to another TLS certificate.
    CertificateDiffers,
}

impl RefreshFault {
    /// A stable public code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "refresh_unknown",
            Self::OfAnotherClient => "refresh_of_another_client",
            Self::NotRegistered => "refresh_not_registered",
            Self::Expired => "refresh_expired",
            Self::Reused => "refresh_reused",
            Self::CertificateDiffers => "refresh_certificate_differs",
        }
    }

    /// The `error` value (RFC 6749 section 5.2).
    pub const fn error_code(self) -> ErrorCode {
        match self {
            Self::NotRegistered => ErrorCode::UnauthorizedClient,
            _ => ErrorCode::InvalidGrant,
        }
    }
}

impl fmt::Display for RefreshFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "the refresh token is unknown",
            Self::OfAnotherClient => "the refresh token was issued to another client",
            Self::NotRegistered => "the client is not registered for such refresh tokens",
            Self::Expired => "the refresh token is expired",
            Self::Reused => "the refresh token was used before; what was issued on it is revoked",
            Self::CertificateDiffers => "the refresh token is bound to another certificate",
        })
    }
}
