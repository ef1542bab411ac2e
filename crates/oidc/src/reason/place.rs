//! Where a reason can refuse: one row a reason, so that none is added without saying where it is met. The black-box table of errors by
//! place (`conformance-tests/tests/oidc/errors.rs`) has a row for each that the authorization endpoint can meet.

use super::Reason;

/// Where a reason refuses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// The authorization endpoint, and the pushed request endpoint with it.
    Authorization,
    /// An authorization request, while it is pushed alone (RFC 9126).
    Pushed,
    /// The caller's own look-up stands before it at the authorization endpoint: a page of refusal of the platform.
    LookUp,
    /// Nowhere at an authorization request as the platform asks: whoever opens envelopes, or looks people up, never leaves it to the rules.
    Never,
    /// Tokens, resources and logout.
    Elsewhere,
}

macro_rules! places {
    ($($place:ident { $($pattern:pat => $code:literal),+ $(,)? })+) => {
        impl Reason {
            /// Where it refuses. Without a wildcard: a reason without a row does not compile.
            pub const fn place(&self) -> Place {
                match self { $($($pattern => Place::$place,)+)+ }
            }
        }

        /// Every row: the reason's code and its place.
        pub const PLACES: &[(&str, Place)] = &[$($(($code, Place::$place)),+),+];
    };
}

places! {
    Authorization {
        Reason::RequestTooLong { .. } => "request_too_long",
        Reason::TooManyParameters { .. } => "too_many_parameters",
        Reason::NotUtf8 => "not_utf8",
        Reason::RepeatedParameter(_) => "repeated_parameter",
        Reason::ParameterMissing(_) => "parameter_missing",
        Reason::ParameterMalformed(_) => "parameter_malformed",
        Reason::ClientIdMissing => "client_id_missing",
        Reason::ClientIdMalformed => "client_id_malformed",
        Reason::RedirectUriMissing => "redirect_uri_missing",
        Reason::RedirectUriFragment => "redirect_uri_fragment",
        Reason::RedirectUriNotRegistered => "redirect_uri_not_registered",
        Reason::ResponseModeUnsupported => "response_mode_unsupported",
        Reason::RequestUriNotSupported => "request_uri_not_supported",
        Reason::RegistrationNotSupported => "registration_not_supported",
        Reason::ResponseTypeUnsupported => "response_type_unsupported",
        Reason::ScopeWithoutOpenid => "scope_without_openid",
        Reason::ChallengeMethodNotS256 => "challenge_method_not_s256",
        Reason::PromptNoneWithOthers => "prompt_none_with_others",
        Reason::PushedRequestRequired => "pushed_request_required",
        Reason::SignedRequestRequired => "signed_request_required",
        Reason::ResourceNotAllowed => "resource_not_allowed",
        Reason::AuthorizationDetails { .. } => "authorization_details",
        Reason::AcrUnreachable => "acr_unreachable",
        Reason::RequestTwice => "request_twice",
        Reason::RequestUriUnknown => "request_uri_unknown",
        Reason::RequestUriOfAnotherClient => "request_uri_of_another_client",
        Reason::RequestUriNotRegistered => "request_uri_not_registered",
        Reason::RequestUriUnreachable => "request_uri_unreachable",
        Reason::RequestObjectWithoutKeys => "request_object_without_keys",
        Reason::RequestObjectRefused(_) => "request_object_refused",
        Reason::RequestObjectClaim(_) => "request_object_claim",
        Reason::RequestObjectNotByClient => "request_object_not_by_client",
        Reason::RequestObjectForAnother => "request_object_for_another",
        Reason::RequestObjectExpired => "request_object_expired",
        Reason::RequestObjectNotYetValid => "request_object_not_yet_valid",
        Reason::RequestObjectLivesTooLong => "request_object_lives_too_long",
        Reason::RequestObjectDisagrees(_) => "request_object_disagrees",
        Reason::HintRefused(_) => "hint_refused",
        Reason::HintClaim(_) => "hint_claim",
    }
    Pushed {
        Reason::RequestUriPushed => "request_uri_pushed",
        Reason::RequestObjectReplayed => "request_object_replayed",
    }
    LookUp {
        Reason::UnknownClient => "unknown_client",
        Reason::ClientNotActive => "client_not_active",
    }
    Never {
        Reason::RequestNotSupported => "request_not_supported",
        Reason::SubjectUnknown => "subject_unknown",
    }
    Elsewhere {
        Reason::BasicMalformed
        | Reason::SeveralClientAuthentications
        | Reason::SecretInBody
        | Reason::AssertionTypeUnknown
        | Reason::MethodNotRegistered { .. }
        | Reason::CertificateRefused(_)
        | Reason::ClientIdsDiffer
        | Reason::SecretWrong
        | Reason::AssertionRefused(_)
        | Reason::AssertionNotByClient
        | Reason::AssertionForAnother
        | Reason::AssertionClaim(_)
        | Reason::AssertionExpired
        | Reason::AssertionNotYetValid
        | Reason::AssertionLivesTooLong
        | Reason::AssertionReplayed => "client authentication",
        Reason::GrantTypeUnsupported
        | Reason::CodeUnknown
        | Reason::CodeReplayed
        | Reason::CodeOfAnotherClient
        | Reason::CodeExpired
        | Reason::GrantRevoked
        | Reason::RedirectUriDiffers
        | Reason::VerifierWrong
        | Reason::SignInNoLongerHolds
        | Reason::Token(_)
        | Reason::Refresh(_)
        | Reason::Dpop(_)
        | Reason::Device(_) => "grants",
        Reason::TokenMissing
        | Reason::BearerMalformed
        | Reason::TokenInQuery
        | Reason::TokenUnknown
        | Reason::TokenExpired
        | Reason::ScopeInsufficient => "bearer tokens",
        Reason::PostLogoutRedirectUriNotRegistered
        | Reason::PostLogoutRedirectUriWithoutClient => "logout",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code of a row is that of its reason, and where the answer is a redirect somebody can be told.
    #[test]
    fn rows_are_named_as_their_reasons() {
        let some = [
            Reason::RequestTooLong { limit: 1 },
            Reason::RepeatedParameter("scope"),
            Reason::AcrUnreachable,
            Reason::RequestObjectDisagrees("scope"),
            Reason::HintClaim("iss"),
            Reason::RequestObjectReplayed,
            Reason::UnknownClient,
            Reason::SubjectUnknown,
        ];
        for reason in some {
            assert!(PLACES.contains(&(reason.code(), reason.place())), "{reason:?}");
        }
        let mut codes: Vec<_> = PLACES.iter().map(|(code, _)| code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), PLACES.len(), "one row each");
    }
}
