//! What a reason becomes on the wire.

use serde::{Deserialize, Serialize};

use super::Reason;

/// `error` (RFC 6749 sections 4.1.2.1 and 5.2, RFC 8628 section 3.5, RFC 6750 section 3.1, OpenID Connect Core 1.0 section 3.1.2.6, OpenID Connect
/// Core Error Code `unmet_authentication_requirements` 1.0).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// The person or the platform said no.
    AccessDenied,
    /// `prompt=none`, but the person would have to choose an account.
    AccountSelectionRequired,
    /// `prompt=none`, but the person would have to consent.
    ConsentRequired,
    /// `prompt=none`, but the person would have to do something.
    InteractionRequired,
    /// The person has not decided yet (RFC 8628 section 3.5).
    AuthorizationPending,
    /// A device's codes are too old (RFC 8628 section 3.5).
    ExpiredToken,
    /// As before, and the device asks too often (RFC 8628 section 3.5).
    SlowDown,
    /// Client authentication failed.
    InvalidClient,
    /// The proof of possession is wrong (RFC 9449 section 5).
    InvalidDpopProof,
    /// Code or grant is wrong, expired, revoked or of another client.
    InvalidGrant,
    /// Malformed request.
    InvalidRequest,
    /// `authorization_details` that we do not accept (RFC 9396 section 5).
    InvalidAuthorizationDetails,
    /// The request object is invalid (RFC 9101 section 7).
    InvalidRequestObject,
    /// The `request_uri` is invalid (RFC 9101 section 7).
    InvalidRequestUri,
    /// Malformed or unacceptable scope.
    InvalidScope,
    /// A `resource` that we do not accept (RFC 8707 section 2).
    InvalidTarget,
    /// Access token is wrong, expired or revoked.
    InvalidToken,
    /// Access token is not for this.
    InsufficientScope,
    /// `prompt=none`, but the person would have to sign in.
    LoginRequired,
    /// `registration` is not supported.
    RegistrationNotSupported,
    /// `request` is not supported.
    RequestNotSupported,
    /// `request_uri` is not supported.
    RequestUriNotSupported,
    /// We broke.
    ServerError,
    /// Try later.
    TemporarilyUnavailable,
    /// The client may not do this.
    UnauthorizedClient,
    /// The level asked for cannot be reached.
    UnmetAuthenticationRequirements,
    /// `grant_type` is not supported.
    UnsupportedGrantType,
    /// `response_type` is not supported.
    UnsupportedResponseType,
    /// The proof of possession needs a nonce of ours (RFC 9449 section 8).
    UseDpopNonce,
}

impl ErrorCode {
    /// The value of `error`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::AccountSelectionRequired => "account_selection_required",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::AuthorizationPending => "authorization_pending",
            Self::ExpiredToken => "expired_token",
            Self::SlowDown => "slow_down",
            Self::InvalidClient => "invalid_client",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidAuthorizationDetails => "invalid_authorization_details",
            Self::InvalidRequestObject => "invalid_request_object",
            Self::InvalidRequestUri => "invalid_request_uri",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::LoginRequired => "login_required",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::UseDpopNonce => "use_dpop_nonce",
        }
    }
}

/// How a refused authorization request is answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    /// A page of ours: client or redirect URI do not hold, so nobody may be sent anywhere (RFC 6749 section 4.1.2.1).
    Page,
    /// The client is told.
    Redirect(ErrorCode),
}

impl Answer {
    /// Whether the client is told.
    pub const fn is_redirect(self) -> bool {
        matches!(self, Self::Redirect(_))
    }
}

impl Reason {
    /// How a refused authorization request is answered.
    pub fn answer(&self) -> Answer {
        match self {
            Self::RequestTooLong { .. }
            | Self::TooManyParameters { .. }
            | Self::NotUtf8
            | Self::ClientIdMissing
            | Self::ClientIdMalformed
            | Self::UnknownClient
            | Self::ClientNotActive
            | Self::RedirectUriMissing
            | Self::RedirectUriFragment
            | Self::RedirectUriNotRegistered
            | Self::RepeatedParameter("client_id" | "redirect_uri") => Answer::Page,
            _ => Answer::Redirect(self.error_code()),
        }
    }

    /// The `error` value of every endpoint.
    pub const fn error_code(&self) -> ErrorCode {
        match self {
            Self::RequestTooLong { .. }
            | Self::TooManyParameters { .. }
            | Self::NotUtf8
            | Self::RepeatedParameter(_)
            | Self::ParameterMissing(_)
            | Self::ParameterMalformed(_)
            | Self::ClientIdMissing
            | Self::ClientIdMalformed
            | Self::RedirectUriMissing
            | Self::RedirectUriFragment
            | Self::RedirectUriNotRegistered
            | Self::ResponseModeUnsupported
            | Self::ChallengeMethodNotS256
            | Self::PromptNoneWithOthers
            | Self::PushedRequestRequired
            | Self::SignedRequestRequired
            | Self::RequestTwice
            | Self::RequestUriPushed
            | Self::SeveralClientAuthentications
            | Self::ClientIdsDiffer
            | Self::TokenMissing
            | Self::BearerMalformed
            | Self::TokenInQuery
            | Self::HintRefused(_)
            | Self::HintClaim(_)
            | Self::PostLogoutRedirectUriNotRegistered
            | Self::PostLogoutRedirectUriWithoutClient => ErrorCode::InvalidRequest,
            Self::RequestUriUnknown
            | Self::RequestUriOfAnotherClient
            | Self::RequestUriNotRegistered
            | Self::RequestUriUnreachable => ErrorCode::InvalidRequestUri,
            Self::RequestObjectWithoutKeys
            | Self::RequestObjectRefused(_)
            | Self::RequestObjectClaim(_)
            | Self::RequestObjectNotByClient
            | Self::RequestObjectForAnother
            | Self::RequestObjectExpired
            | Self::RequestObjectNotYetValid
            | Self::RequestObjectLivesTooLong
            | Self::RequestObjectReplayed
            | Self::RequestObjectDisagrees(_) => ErrorCode::InvalidRequestObject,
            Self::ResourceNotAllowed => ErrorCode::InvalidTarget,
            Self::AuthorizationDetails { .. } => ErrorCode::InvalidAuthorizationDetails,
            Self::SubjectUnknown => ErrorCode::LoginRequired,
            Self::AcrUnreachable => ErrorCode::UnmetAuthenticationRequirements,
            Self::RequestNotSupported => ErrorCode::RequestNotSupported,
            Self::RequestUriNotSupported => ErrorCode::RequestUriNotSupported,
            Self::RegistrationNotSupported => ErrorCode::RegistrationNotSupported,
            Self::ResponseTypeUnsupported => ErrorCode::UnsupportedResponseType,
            Self::ScopeWithoutOpenid => ErrorCode::InvalidScope,
            Self::Token(fault) => fault.error_code(),
            Self::Device(fault) => fault.error_code(),
            Self::Dpop(fault) => fault.error_code(),
            Self::UnknownClient
            | Self::ClientNotActive
            | Self::BasicMalformed
            | Self::SecretInBody
            | Self::AssertionTypeUnknown
            | Self::MethodNotRegistered { .. }
            | Self::CertificateRefused(_)
            | Self::SecretWrong
            | Self::AssertionRefused(_)
            | Self::AssertionNotByClient
            | Self::AssertionForAnother
            | Self::AssertionClaim(_)
            | Self::AssertionExpired
            | Self::AssertionNotYetValid
            | Self::AssertionLivesTooLong
            | Self::AssertionReplayed => ErrorCode::InvalidClient,
            Self::GrantTypeUnsupported => ErrorCode::UnsupportedGrantType,
            Self::CodeUnknown
            | Self::CodeReplayed
            | Self::CodeOfAnotherClient
            | Self::CodeExpired
            | Self::GrantRevoked
            | Self::RedirectUriDiffers
            | Self::VerifierWrong
            | Self::SignInNoLongerHolds => ErrorCode::InvalidGrant,
            Self::Refresh(fault) => fault.error_code(),
            Self::TokenUnknown | Self::TokenExpired => ErrorCode::InvalidToken,
            Self::ScopeInsufficient => ErrorCode::InsufficientScope,
        }
    }
}
