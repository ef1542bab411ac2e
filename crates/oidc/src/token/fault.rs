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
        }
    }

    /// The `error` value (RFC 6749 section 5.2, RFC 8707 section 2).
    pub const fn error_code(self) -> ErrorCode {
        match self {
            Self::ScopeWider => ErrorCode::InvalidScope,
            Self::ResourceNotGranted | Self::SeveralResources => ErrorCode::InvalidTarget,
            Self::ClientIsPublic => ErrorCode::InvalidClient,
            Self::OfAnotherClient => ErrorCode::InvalidGrant,
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
        })
    }
}
