//! Status codes (core-2.0-os section 3.2.2.2).

/// The top level, required.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum TopStatus {
    /// The request succeeded.
    Success,
    /// The fault is the requester's.
    Requester,
    /// The fault is ours.
    Responder,
    /// The version of the request is wrong.
    VersionMismatch,
}

impl TopStatus {
    /// The identifier.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Success => "urn:oasis:names:tc:SAML:2.0:status:Success",
            Self::Requester => "urn:oasis:names:tc:SAML:2.0:status:Requester",
            Self::Responder => "urn:oasis:names:tc:SAML:2.0:status:Responder",
            Self::VersionMismatch => "urn:oasis:names:tc:SAML:2.0:status:VersionMismatch",
        }
    }
}

/// The second level, nested in the first.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SecondStatus {
    /// The person could not be authenticated.
    AuthnFailed,
    /// The name identifier policy cannot be met.
    InvalidNameIdPolicy,
    /// The authentication context cannot be reached.
    NoAuthnContext,
    /// The person cannot be authenticated without being asked.
    NoPassive,
    /// We could answer but choose not to.
    RequestDenied,
    /// We do not support the request.
    RequestUnsupported,
    /// The version is above ours.
    RequestVersionTooHigh,
    /// The version is below ours.
    RequestVersionTooLow,
    /// Not every service could be told of the logout.
    PartialLogout,
    /// The person is not known here.
    UnknownPrincipal,
    /// The reply cannot go by the wanted binding.
    UnsupportedBinding,
}

impl SecondStatus {
    /// The identifier.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::AuthnFailed => "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed",
            Self::InvalidNameIdPolicy => "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy",
            Self::NoAuthnContext => "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext",
            Self::NoPassive => "urn:oasis:names:tc:SAML:2.0:status:NoPassive",
            Self::RequestDenied => "urn:oasis:names:tc:SAML:2.0:status:RequestDenied",
            Self::RequestUnsupported => "urn:oasis:names:tc:SAML:2.0:status:RequestUnsupported",
            Self::RequestVersionTooHigh => "urn:oasis:names:tc:SAML:2.0:status:RequestVersionTooHigh",
            Self::RequestVersionTooLow => "urn:oasis:names:tc:SAML:2.0:status:RequestVersionTooLow",
            Self::PartialLogout => "urn:oasis:names:tc:SAML:2.0:status:PartialLogout",
            Self::UnknownPrincipal => "urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal",
            Self::UnsupportedBinding => "urn:oasis:names:tc:SAML:2.0:status:UnsupportedBinding",
        }
    }
}

/// A status: the top level and, where one says more, the second.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Status {
    /// Top level.
    pub top: TopStatus,
    /// Second level.
    pub second: Option<SecondStatus>,
}

impl Status {
    /// Success.
    pub const SUCCESS: Self = Self {
        top: TopStatus::Success,
        second: None,
    };
    /// The session is ended, and not every other service could be told (core-2.0-os section 3.7.3.2).
    pub const PARTIAL_LOGOUT: Self = Self {
        top: TopStatus::Success,
        second: Some(SecondStatus::PartialLogout),
    };
    /// Nobody is known here by the name that the request uses.
    pub const UNKNOWN_PRINCIPAL: Self = Self {
        top: TopStatus::Requester,
        second: Some(SecondStatus::UnknownPrincipal),
    };
    /// `IsPassive` was asked for and the person would have to be asked.
    pub const NO_PASSIVE: Self = Self::responder(SecondStatus::NoPassive);
    /// The person was not authenticated; why is for the person and the operator only.
    pub const AUTHN_FAILED: Self = Self::responder(SecondStatus::AuthnFailed);
    /// The requested context was not reached.
    pub const NO_AUTHN_CONTEXT: Self = Self::responder(SecondStatus::NoAuthnContext);
    /// The request is wrong, in a way that has no word of its own.
    pub const REQUESTER: Self = Self {
        top: TopStatus::Requester,
        second: None,
    };
    /// We do not do it now, in a way that has no word of its own.
    pub const RESPONDER: Self = Self {
        top: TopStatus::Responder,
        second: None,
    };
    /// No identifier exists, and none may be made.
    pub const INVALID_NAME_ID_POLICY: Self = Self::responder(SecondStatus::InvalidNameIdPolicy);
    /// The person or policy declined.
    pub const REQUEST_DENIED: Self = Self::responder(SecondStatus::RequestDenied);

    const fn responder(second: SecondStatus) -> Self {
        Self {
            top: TopStatus::Responder,
            second: Some(second),
        }
    }
}
