//! Why a token cannot be had, or not be asked about.

use std::fmt;

use crate::ErrorCode;

/// Why a token cannot be had, or not be asked about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TokenFault {
    /// `scope` of a refresh request names more than was granted.
    ScopeWider,
    /// A resource that was not granted (RFC 8707 section 2.2).
    ResourceNotGranted,
    /// Several resources where one is to be named.
    SeveralResources,
    /// The client has no credentials, and may thus not ask about tokens.
    ClientIsPublic,
    /// The token was issued to another client (RFC 7009 section 2.1).
    OfAnotherClient,
    /// The client's tokens are bound to certificates, and none was shown (RFC 8705 section 3).
    CertificateMissing,
    /// The client's tokens must be bound to a key, and none was proven.
    NothingToBindTo,
    /// The access token is bound to another certificate than that of the connection, if there is one (RFC 8705 section 3).
    CertificateDiffers,
}

impl TokenFault {
    /// A stable public code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ScopeWider => "scope_wider",
            Self::ResourceNotGranted => "resource_not_granted",
            Self::SeveralResources => "several_resources",
            Self::ClientIsPublic => "client_is_public",
            Self::OfAnotherClient => "token_of_another_client",
            Self::CertificateMissing => "token_certificate_missing",
            Self::NothingToBindTo => "token_nothing_to_bind_to",
            Self::CertificateDiffers => "token_certificate_differs",
        }
    }

    /// The `error` value (RFC 6749 section 5.2, RFC 8707 section 2).
    pub const fn error_code(self) -> ErrorCode {
        match self {
            Self::ScopeWider => ErrorCode::InvalidScope,
            Self::ResourceNotGranted | Self::SeveralResources => ErrorCode::InvalidTarget,
            Self::ClientIsPublic => ErrorCode::InvalidClient,
            Self::OfAnotherClient => ErrorCode::InvalidGrant,
            Self::CertificateMissing | Self::NothingToBindTo => ErrorCode::InvalidRequest,
            Self::CertificateDiffers => ErrorCode::InvalidToken,
        }
    }
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ScopeWider => "scope names more than was granted",
            Self::ResourceNotGranted => "resource is not one that was granted",
            Self::SeveralResources => "name one resource: an access token is for one",
            Self::ClientIsPublic => "a client without credentials may not ask about tokens",
            Self::OfAnotherClient => "the token was issued to another client",
            Self::CertificateMissing => {
                "tokens of this client are bound to a certificate: ask at the mtls_endpoint_aliases with one"
            }
            Self::NothingToBindTo => {
                "tokens of this client are bound to a key: a DPoP proof, or a certificate, is needed"
            }
            Self::CertificateDiffers => "the access token is bound to another certificate",
        })
    }
}
