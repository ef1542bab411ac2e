//! Why a device does not get what it asks for.

use std::fmt;

use crate::ErrorCode;

/// Why a device does not get what it asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DeviceFault {
    /// The client is not registered for devices.
    NotRegistered,
    /// The person has not decided yet.
    Pending,
    /// The device asks too often.
    TooOften,
    /// The person said no, or picked a number that the device does not show.
    Denied,
    /// The codes' life is over.
    Expired,
    /// No such code.
    Unknown,
    /// Issued to another client.
    OfAnotherClient,
}

impl DeviceFault {
    /// A stable public code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotRegistered => "device_not_registered",
            Self::Pending => "device_pending",
            Self::TooOften => "device_too_often",
            Self::Denied => "device_denied",
            Self::Expired => "device_code_expired",
            Self::Unknown => "device_code_unknown",
            Self::OfAnotherClient => "device_code_of_another_client",
        }
    }

    /// The `error` value (RFC 8628 section 3.5, RFC 6749 section 5.2). Whoever shows another's code hears what one hears who made one up.
    pub const fn error_code(self) -> ErrorCode {
        match self {
            Self::NotRegistered => ErrorCode::UnauthorizedClient,
            Self::Pending => ErrorCode::AuthorizationPending,
            Self::TooOften => ErrorCode::SlowDown,
            Self::Denied => ErrorCode::AccessDenied,
            Self::Expired => ErrorCode::ExpiredToken,
            Self::Unknown | Self::OfAnotherClient => ErrorCode::InvalidGrant,
        }
    }
}

impl fmt::Display for DeviceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotRegistered => "the client is not registered for device authorization",
            Self::Pending => "the person has not decided yet",
            Self::TooOften => "the device asks too often; wait five seconds longer from now on",
            Self::Denied => "the request was refused",
            Self::Expired => "the device code is expired; begin again",
            Self::Unknown | Self::OfAnotherClient => "the device code is unknown",
        })
    }
}
