//! Why this room said no: one reason per way to be refused, and what each becomes on the wire.

mod place;
mod wire;

use std::fmt;

pub use self::place::{PLACES, Place};
pub use self::wire::{Answer, ErrorCode};
use crate::client_certificate::CertificateFault;
use crate::device_authorization::DeviceFault;
use crate::dpop::DpopFault;
use crate::grants::refresh_token::RefreshFault;
use crate::token::TokenFault;

/// Why this room said no. Carries facts about the request's shape only: no secret, no token, no personal value.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    // --- parameters ---
    /// Query or body too long.
    RequestTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// Too many parameters.
    TooManyParameters {
        /// The limit.
        limit: usize,
    },
    /// A name or value is not UTF-8 after decoding.
    NotUtf8,
    /// A parameter came more than once.
    RepeatedParameter(&'static str),
    /// A required parameter is missing.
    ParameterMissing(&'static str),
    /// A parameter has no meaning that we know.
    ParameterMalformed(&'static str),

    // --- who asks ---
    /// No `client_id`.
    ClientIdMissing,
    /// `client_id` that nobody could have.
    ClientIdMalformed,
    /// Nobody is registered under the `client_id`.
    UnknownClient,
    /// Registered, but suspended or removed.
    ClientNotActive,

    // --- authorization request ---
    /// No `redirect_uri`.
    RedirectUriMissing,
    /// `redirect_uri` with a fragment.
    RedirectUriFragment,
    /// `redirect_uri` that is not registered octet by octet.
    RedirectUriNotRegistered,
    /// `response_mode` other than `query` and `form_post`.
    ResponseModeUnsupported,
    /// `request` where nobody has opened it.
    RequestNotSupported,
    /// `request_uri` where nobody has opened it.
    RequestUriNotSupported,
    /// `registration`.
    RegistrationNotSupported,
    /// `response_type` other than `code`.
    ResponseTypeUnsupported,
    /// `scope` without `openid`.
    ScopeWithoutOpenid,
    /// `code_challenge_method` other than `S256` (or absent, which means `plain`).
    ChallengeMethodNotS256,
    /// `prompt=none` together with others.
    PromptNoneWithOthers,
    /// The client is registered for pushed requests only.
    PushedRequestRequired,
    /// The client is registered for signed requests only.
    SignedRequestRequired,
    /// A `resource` that is no absolute URI without fragment, or not registered for the client.
    ResourceNotAllowed,
    /// `authorization_details` of an unknown or unregistered type, or not as its type says.
    AuthorizationDetails {
        /// What is wrong, by names of the type's own definition only.
        because: String,
    },
    /// Whom the request names cannot be the one who signs in (the caller's look-up).
    SubjectUnknown,
    /// An essential `acr` that no method here reaches (the caller's policy).
    AcrUnreachable,

    // --- request objects and pushed requests ---
    /// `request` and `request_uri` at once.
    RequestTwice,
    /// `request_uri` inside a pushed request.
    RequestUriPushed,
    /// No such pushed request: never pushed, over, or used before (the caller's look-up).
    RequestUriUnknown,
    /// The request was pushed by another client.
    RequestUriOfAnotherClient,
    /// The client has not registered this `request_uri`.
    RequestUriNotRegistered,
    /// What the registered `request_uri` leads to cannot be fetched, or is not what the fragment says.
    RequestUriUnreachable,
    /// The client has registered no key for request objects.
    RequestObjectWithoutKeys,
    /// The request object is no JWS that we accept of this client.
    RequestObjectRefused(jose::Reason),
    /// A claim of the request object is missing or of another shape.
    RequestObjectClaim(&'static str),
    /// `iss` is not the client.
    RequestObjectNotByClient,
    /// `aud` is not us.
    RequestObjectForAnother,
    /// The request object's time is over.
    RequestObjectExpired,
    /// The request object's time has not come.
    RequestObjectNotYetValid,
    /// The request object lives longer than an hour.
    RequestObjectLivesTooLong,
    /// The request object's `jti` was used before (the caller's unique insert).
    RequestObjectReplayed,
    /// A parameter beside the request object says something else, or must be there and is not.
    RequestObjectDisagrees(&'static str),

    // --- client authentication ---
    /// The `Authorization` header is no well-formed Basic credential.
    BasicMalformed,
    /// More than one way of client authentication at once.
    SeveralClientAuthentications,
    /// `client_secret` in the body, which is not offered: bodies end up in logs.
    SecretInBody,
    /// `client_assertion_type` other than the JWT one, or without its other half.
    AssertionTypeUnknown,
    /// Another method than the registered one.
    MethodNotRegistered {
        /// The registered one.
        registered: &'static str,
    },
    /// The certificate of the connection is not the registered one (RFC 8705 section 2).
    CertificateRefused(CertificateFault),
    /// Two names of the client in one request.
    ClientIdsDiffer,
    /// The secret is wrong.
    SecretWrong,
    /// The assertion is no JWT that we accept.
    AssertionRefused(jose::Reason),
    /// `iss` or `sub` is not the client.
    AssertionNotByClient,
    /// `aud` is not us, or not us alone.
    AssertionForAnother,
    /// A claim of the assertion is missing or of another shape.
    AssertionClaim(&'static str),
    /// The assertion's time is over.
    AssertionExpired,
    /// The assertion's time has not come.
    AssertionNotYetValid,
    /// The assertion lives longer than its `jti` could be remembered.
    AssertionLivesTooLong,
    /// The assertion's `jti` was used before (the caller's unique insert).
    AssertionReplayed,

    // --- grants ---
    /// `grant_type` that we do not have.
    GrantTypeUnsupported,
    /// No such code (the caller's look-up).
    CodeUnknown,
    /// The code was used before (the caller's unique insert): what was issued from it is to be revoked.
    CodeReplayed,
    /// The code was issued to another client.
    CodeOfAnotherClient,
    /// The code's life is over.
    CodeExpired,
    /// The grant was withdrawn.
    GrantRevoked,
    /// `redirect_uri` is not the one of the authorization request.
    RedirectUriDiffers,
    /// `code_verifier` is not the one that the challenge was made from.
    VerifierWrong,
    /// The sign-in behind the grant no longer holds (the caller's second check: session, account, certificate).
    SignInNoLongerHolds,

    /// What is asked of tokens.
    Token(TokenFault),
    /// A refresh token.
    Refresh(RefreshFault),
    /// A device's request or its code.
    Device(DeviceFault),
    /// A proof of possession.
    Dpop(DpopFault),

    // --- bearer tokens ---
    /// No access token.
    TokenMissing,
    /// The `Authorization` header is no well-formed bearer credential.
    BearerMalformed,
    /// Access token in the query, which is not offered.
    TokenInQuery,
    /// No such access token.
    TokenUnknown,
    /// The access token's life is over.
    TokenExpired,
    /// The access token is not for this.
    ScopeInsufficient,

    // --- logout ---
    /// `id_token_hint` is no ID token of ours.
    HintRefused(jose::Reason),
    /// A claim of the hint is missing or not ours.
    HintClaim(&'static str),
    /// `post_logout_redirect_uri` that is not registered octet by octet.
    PostLogoutRedirectUriNotRegistered,
    /// `post_logout_redirect_uri` although nobody says for which client.
    PostLogoutRedirectUriWithoutClient,
}

impl Reason {
    /// A stable public code, for traces, metrics and the operator's view.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RequestTooLong { .. } => "request_too_long",
            Self::TooManyParameters { .. } => "too_many_parameters",
            Self::NotUtf8 => "not_utf8",
            Self::RepeatedParameter(_) => "repeated_parameter",
            Self::ParameterMissing(_) => "parameter_missing",
            Self::ParameterMalformed(_) => "parameter_malformed",
            Self::ClientIdMissing => "client_id_missing",
            Self::ClientIdMalformed => "client_id_malformed",
            Self::UnknownClient => "unknown_client",
            Self::ClientNotActive => "client_not_active",
            Self::RedirectUriMissing => "redirect_uri_missing",
            Self::RedirectUriFragment => "redirect_uri_fragment",
            Self::RedirectUriNotRegistered => "redirect_uri_not_registered",
            Self::ResponseModeUnsupported => "response_mode_unsupported",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::ResponseTypeUnsupported => "response_type_unsupported",
            Self::ScopeWithoutOpenid => "scope_without_openid",
            Self::ChallengeMethodNotS256 => "challenge_method_not_s256",
            Self::PromptNoneWithOthers => "prompt_none_with_others",
            Self::PushedRequestRequired => "pushed_request_required",
            Self::SignedRequestRequired => "signed_request_required",
            Self::ResourceNotAllowed => "resource_not_allowed",
            Self::AuthorizationDetails { .. } => "authorization_details",
            Self::SubjectUnknown => "subject_unknown",
            Self::AcrUnreachable => "acr_unreachable",
            Self::RequestTwice => "request_twice",
            Self::RequestUriPushed => "request_uri_pushed",
            Self::RequestUriUnknown => "request_uri_unknown",
            Self::RequestUriOfAnotherClient => "request_uri_of_another_client",
            Self::RequestUriNotRegistered => "request_uri_not_registered",
            Self::RequestUriUnreachable => "request_uri_unreachable",
            Self::RequestObjectWithoutKeys => "request_object_without_keys",
            Self::RequestObjectRefused(_) => "request_object_refused",
            Self::RequestObjectClaim(_) => "request_object_claim",
            Self::RequestObjectNotByClient => "request_object_not_by_client",
            Self::RequestObjectForAnother => "request_object_for_another",
            Self::RequestObjectExpired => "request_object_expired",
            Self::RequestObjectNotYetValid => "request_object_not_yet_valid",
            Self::RequestObjectLivesTooLong => "request_object_lives_too_long",
            Self::RequestObjectReplayed => "request_object_replayed",
            Self::RequestObjectDisagrees(_) => "request_object_disagrees",
            Self::BasicMalformed => "basic_malformed",
            Self::SeveralClientAuthentications => "several_client_authentications",
            Self::SecretInBody => "secret_in_body",
            Self::AssertionTypeUnknown => "assertion_type_unknown",
            Self::MethodNotRegistered { .. } => "method_not_registered",
            Self::CertificateRefused(fault) => fault.code(),
            Self::ClientIdsDiffer => "client_ids_differ",
            Self::SecretWrong => "secret_wrong",
            Self::AssertionRefused(_) => "assertion_refused",
            Self::AssertionNotByClient => "assertion_not_by_client",
            Self::AssertionForAnother => "assertion_for_another",
            Self::AssertionClaim(_) => "assertion_claim",
            Self::AssertionExpired => "assertion_expired",
            Self::AssertionNotYetValid => "assertion_not_yet_valid",
            Self::AssertionLivesTooLong => "assertion_lives_too_long",
            Self::AssertionReplayed => "assertion_replayed",
            Self::GrantTypeUnsupported => "grant_type_unsupported",
            Self::CodeUnknown => "code_unknown",
            Self::CodeReplayed => "code_replayed",
            Self::CodeOfAnotherClient => "code_of_another_client",
            Self::CodeExpired => "code_expired",
            Self::GrantRevoked => "grant_revoked",
            Self::RedirectUriDiffers => "redirect_uri_differs",
            Self::VerifierWrong => "verifier_wrong",
            Self::SignInNoLongerHolds => "sign_in_no_longer_holds",
            Self::Token(fault) => fault.code(),
            Self::Refresh(fault) => fault.code(),
            Self::Device(fault) => fault.code(),
            Self::Dpop(fault) => fault.code(),
            Self::TokenMissing => "token_missing",
            Self::BearerMalformed => "bearer_malformed",
            Self::TokenInQuery => "token_in_query",
            Self::TokenUnknown => "token_unknown",
            Self::TokenExpired => "token_expired",
            Self::ScopeInsufficient => "scope_insufficient",
            Self::HintRefused(_) => "hint_refused",
            Self::HintClaim(_) => "hint_claim",
            Self::PostLogoutRedirectUriNotRegistered => "post_logout_redirect_uri_not_registered",
            Self::PostLogoutRedirectUriWithoutClient => "post_logout_redirect_uri_without_client",
        }
    }
}

impl fmt::Display for Reason {
    /// A sentence for developers of clients; within the alphabet of `error_description`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RequestTooLong { limit } => write!(f, "the request is longer than {limit} bytes"),
            Self::TooManyParameters { limit } => write!(f, "more than {limit} parameters"),
            Self::NotUtf8 => f.write_str("a parameter is not UTF-8"),
            Self::RepeatedParameter(name) => write!(f, "{name} came more than once"),
            Self::ParameterMissing(name) => write!(f, "{name} is missing"),
            Self::ParameterMalformed(name) => write!(f, "{name} is malformed or out of bounds"),
            Self::ClientIdMissing => f.write_str("client_id is missing"),
            Self::ClientIdMalformed => f.write_str("client_id is malformed"),
            Self::UnknownClient => f.write_str("the client is not registered"),
            Self::ClientNotActive => f.write_str("the client is suspended or removed"),
            Self::RedirectUriMissing => f.write_str("redirect_uri is missing"),
            Self::RedirectUriFragment => f.write_str("redirect_uri has a fragment"),
            Self::RedirectUriNotRegistered => f.write_str("redirect_uri is not registered, octet by octet"),
            Self::ResponseModeUnsupported => f.write_str("response_mode must be query or form_post"),
            Self::RequestNotSupported => f.write_str("a request object is not supported here"),
            Self::RequestUriNotSupported => f.write_str("request_uri is not supported here"),
            Self::RegistrationNotSupported => f.write_str("registration is not supported"),
            Self::ResponseTypeUnsupported => f.write_str("response_type must be code"),
            Self::ScopeWithoutOpenid => f.write_str("scope must have openid"),
            Self::ChallengeMethodNotS256 => f.write_str("code_challenge_method must be S256"),
            Self::PromptNoneWithOthers => f.write_str("prompt=none must stand alone"),
            Self::PushedRequestRequired => f.write_str("this client must push its requests"),
            Self::SignedRequestRequired => f.write_str("this client must sign its requests"),
            Self::ResourceNotAllowed => f.write_str("a resource is not registered for this client"),
            Self::AuthorizationDetails { because } => write!(f, "authorization_details: {because}"),
            Self::SubjectUnknown => f.write_str("nobody here is whom the request names"),
            Self::AcrUnreachable => f.write_str("no method here reaches an acr that is essential"),
            Self::RequestTwice => f.write_str("request and request_uri exclude one another"),
            Self::RequestUriPushed => f.write_str("request_uri cannot be pushed"),
            Self::RequestUriUnknown => f.write_str("the request_uri is unknown, over or used"),
            Self::RequestUriOfAnotherClient => f.write_str("the request_uri is not of this client"),
            Self::RequestUriNotRegistered => f.write_str("the request_uri is not registered"),
            Self::RequestUriUnreachable => f.write_str("the request_uri gives no request object"),
            Self::RequestObjectWithoutKeys => {
                f.write_str("the client has registered no key for request objects")
            }
            Self::RequestObjectRefused(reason) => write!(f, "the request object: {reason}"),
            Self::RequestObjectClaim(name) => {
                write!(f, "{name} of the request object is missing or malformed")
            }
            Self::RequestObjectNotByClient => f.write_str("the request object is not by this client"),
            Self::RequestObjectForAnother => f.write_str("the request object is not for this issuer"),
            Self::RequestObjectExpired => f.write_str("the request object is expired"),
            Self::RequestObjectNotYetValid => f.write_str("the request object is not valid yet"),
            Self::RequestObjectLivesTooLong => f.write_str("the request object lives too long"),
            Self::RequestObjectReplayed => f.write_str("the request object was used before"),
            Self::RequestObjectDisagrees(name) => {
                write!(
                    f,
                    "{name} beside the request object is missing or says something else"
                )
            }
            Self::BasicMalformed => f.write_str("the Authorization header is not a Basic credential"),
            Self::SeveralClientAuthentications => f.write_str("more than one way of client authentication"),
            Self::SecretInBody => f.write_str("client_secret_post is not offered"),
            Self::AssertionTypeUnknown => f.write_str("client_assertion and its type do not belong together"),
            Self::MethodNotRegistered { registered } => {
                write!(f, "the client is registered for {registered}")
            }
            Self::CertificateRefused(fault) => write!(f, "mutual TLS: {fault}"),
            Self::ClientIdsDiffer => f.write_str("the request names two clients"),
            Self::SecretWrong => f.write_str("client authentication failed"),
            Self::AssertionRefused(reason) => write!(f, "client_assertion: {reason}"),
            Self::AssertionNotByClient => f.write_str("iss and sub of client_assertion must be client_id"),
            Self::AssertionForAnother => f.write_str("aud of client_assertion must be this issuer alone"),
            Self::AssertionClaim(name) => write!(f, "{name} of client_assertion is missing or malformed"),
            Self::AssertionExpired => f.write_str("client_assertion is expired"),
            Self::AssertionNotYetValid => f.write_str("client_assertion is from the future"),
            Self::AssertionLivesTooLong => f.write_str("client_assertion lives too long"),
            Self::AssertionReplayed => f.write_str("client_assertion was used before"),
            Self::GrantTypeUnsupported => f.write_str("the grant_type is not supported"),
            Self::CodeUnknown => f.write_str("the code is unknown"),
            Self::CodeReplayed => f.write_str("the code was used before; what was issued from it is revoked"),
            Self::CodeOfAnotherClient => f.write_str("the code was issued to another client"),
            Self::CodeExpired => f.write_str("the code is expired"),
            Self::GrantRevoked => f.write_str("the grant was withdrawn"),
            Self::RedirectUriDiffers => f.write_str("redirect_uri is not that of the authorization request"),
            Self::VerifierWrong => f.write_str("code_verifier does not match the challenge"),
            Self::SignInNoLongerHolds => f.write_str("the sign-in behind the grant no longer holds"),
            Self::Token(fault) => fault.fmt(f),
            Self::Refresh(fault) => fault.fmt(f),
            Self::Device(fault) => fault.fmt(f),
            Self::Dpop(fault) => fault.fmt(f),
            Self::TokenMissing => f.write_str("no access token"),
            Self::BearerMalformed => f.write_str("the Authorization header is not a Bearer credential"),
            Self::TokenInQuery => f.write_str("access tokens in the query are not accepted"),
            Self::TokenUnknown => f.write_str("the access token is unknown"),
            Self::TokenExpired => f.write_str("the access token is expired"),
            Self::ScopeInsufficient => f.write_str("the access token lacks the scope openid"),
            Self::HintRefused(reason) => write!(f, "id_token_hint: {reason}"),
            Self::HintClaim(name) => write!(f, "{name} of id_token_hint is missing or not ours"),
            Self::PostLogoutRedirectUriNotRegistered => {
                f.write_str("post_logout_redirect_uri is not registered, octet by octet")
            }
            Self::PostLogoutRedirectUriWithoutClient => {
                f.write_str("post_logout_redirect_uri needs client_id or id_token_hint")
            }
        }
    }
}

impl std::error::Error for Reason {}
