//! Why a proof of possession was refused.

use std::fmt;

use crate::ErrorCode;

/// Why a proof of possession was refused.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DpopFault {
    /// The client is registered for bound tokens, or shows one, and no proof came.
    Missing,
    /// More than one proof.
    Several,
    /// No JWS that we accept: its type, its algorithm, its key or its signature.
    Refused(jose::Reason),
    /// A claim is missing or of another shape.
    Claim(&'static str),
    /// Made for another method.
    Method,
    /// Made for another address.
    Address,
    /// Too old, or from the future.
    Time,
    /// The proof was used before (the caller's unique insert).
    Replayed,
    /// Made for another access token.
    AccessToken,
    /// A nonce of ours is needed, and the proof has none that is good now.
    Nonce,
    /// The code, refresh token or access token is bound to another key.
    KeyDiffers,
}

impl DpopFault {
    /// A stable public code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing => "dpop_missing",
            Self::Several => "dpop_several",
            Self::Refused(_) => "dpop_refused",
            Self::Claim(_) => "dpop_claim",
            Self::Method => "dpop_method",
            Self::Address => "dpop_address",
            Self::Time => "dpop_time",
            Self::Replayed => "dpop_replayed",
            Self::AccessToken => "dpop_access_token",
            Self::Nonce => "dpop_nonce",
            Self::KeyDiffers => "dpop_key_differs",
        }
    }

    /// The `error` value (RFC 9449 sections 5 and 8). A key that differs is told by whoever holds what is bound: `invalid_grant` at
    /// the token endpoint, `invalid_token` at resources.
    pub const fn error_code(&self) -> ErrorCode {
        match self {
            Self::Nonce => ErrorCode::UseDpopNonce,
            Self::KeyDiffers => ErrorCode::InvalidGrant,
            _ => ErrorCode::InvalidDpopProof,
        }
    }
}

impl fmt::Display for DpopFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("a DPoP proof is needed"),
            Self::Several => f.write_str("more than one DPoP proof"),
            Self::Refused(reason) => write!(f, "DPoP proof: {reason}"),
            Self::Claim(name) => write!(f, "{name} of the DPoP proof is missing or malformed"),
            Self::Method => f.write_str("htm of the DPoP proof is not the method of this request"),
            Self::Address => f.write_str("htu of the DPoP proof is not the address of this request"),
            Self::Time => f.write_str("the DPoP proof is not of now"),
            Self::Replayed => f.write_str("the DPoP proof was used before"),
            Self::AccessToken => f.write_str("ath of the DPoP proof is not the hash of the access token"),
            Self::Nonce => f.write_str("the DPoP proof needs the nonce of the DPoP-Nonce header"),
            Self::KeyDiffers => f.write_str("bound to another key than the one of the DPoP proof"),
        }
    }
}
