use proptest::prelude::*;

use super::*;
use crate::sample::{client, provider, raw, request, request_raw};
use crate::{Answer, AuthorizationResponse, ErrorCode};

fn examine(changes: &[(&str, Option<&str>)]) -> Examined {
    check(&request(changes), &client(), &provider())
}

#[test]
fn the_canonical_request_passes_every_rule() {
    let examined = examine(&[]);
    assert!(
        examined
            .trace
            .lines
            .iter()
            .all(|line| line.verdict == Verdict::Passed)
    );
    assert_eq!(examined.trace.lines.len(), RULES.len());
    assert_eq!(examined.trace.refusal(), None);
    let checked = examined.outcome.unwrap();
    assert_eq!(checked.get().nonce.as_deref(), Some("n-0S6_WzA2Mj"));
    assert_eq!(checked.get().scope, ["openid"]);
    assert_eq!(Some(&checked.get().return_to), examined.return_to.as_ref());
    let stored = serde_json::to_string(&checked).unwrap();
    assert_eq!(
        serde_json::from_str::<Checked<AuthorizationRequest>>(&stored).unwrap(),
        checked
    );
}

/// One request per rule that this rule and no earlier one refuses, with the error that the client is told.
fn refused_by_each_rule() -> Vec<(&'static str, String, Option<ErrorCode>)> {
    use ErrorCode::{
        InvalidRequest, InvalidScope, InvalidTarget, RequestNotSupported, UnsupportedResponseType,
    };
    let long = "x".repeat(1025);
    let one = |name, value| raw(&[(name, value)]);
    vec![
        (
            "client_is_the_one_looked_up",
            one("client_id", Some("other")),
            None,
        ),
        (
            "redirect_uri_is_registered_exactly",
            one("redirect_uri", Some("https://attacker.example")),
            None,
        ),
        (
            "no_parameter_is_repeated",
            format!("{}&nonce=2", raw(&[])),
            Some(InvalidRequest),
        ),
        (
            "response_mode_is_query_or_form_post",
            one("response_mode", Some("fragment")),
            Some(InvalidRequest),
        ),
        (
            "state_is_bounded_text",
            one("state", Some("\n")),
            Some(InvalidRequest),
        ),
        (
            "request_is_opened",
            one("request", Some("a.b.c")),
            Some(RequestNotSupported),
        ),
        ("request_came_as_registered", raw(&[]), Some(InvalidRequest)),
        (
            "response_type_is_code",
            one("response_type", Some("token")),
            Some(UnsupportedResponseType),
        ),
        (
            "scope_asks_for_openid",
            one("scope", Some("profile")),
            Some(InvalidScope),
        ),
        (
            "nonce_is_bounded_text",
            one("nonce", Some("\n")),
            Some(InvalidRequest),
        ),
        (
            "pkce_challenge_is_s256",
            one("code_challenge_method", Some("plain")),
            Some(InvalidRequest),
        ),
        (
            "prompt_is_understood",
            one("prompt", Some("none login")),
            Some(InvalidRequest),
        ),
        (
            "max_age_is_a_number_of_seconds",
            one("max_age", Some("-1")),
            Some(InvalidRequest),
        ),
        (
            "acr_values_are_bounded",
            one("acr_values", Some("1 2 3 4 5 6 7 8 9")),
            Some(InvalidRequest),
        ),
        (
            "claims_are_bounded",
            one("claims", Some("[]")),
            Some(InvalidRequest),
        ),
        (
            "hints_are_bounded",
            one("login_hint", Some(&long)),
            Some(InvalidRequest),
        ),
        (
            "resources_are_registered",
            one("resource", Some("https://api.example/")),
            Some(InvalidTarget),
        ),
        (
            "authorization_details_are_as_their_types_say",
            one("authorization_details", Some("[]")),
            Some(ErrorCode::InvalidAuthorizationDetails),
        ),
        (
            "dpop_jkt_is_a_thumbprint",
            one("dpop_jkt", Some("x")),
            Some(InvalidRequest),
        ),
    ]
}

#[test]
fn every_rule_refuses_something_and_is_answered_as_the_standard_says() {
    let cases = refused_by_each_rule();
    let names: Vec<_> = cases.iter().map(|(rule, _, _)| *rule).collect();
    assert_eq!(
        names,
        RULES.iter().map(|rule| rule.name).collect::<Vec<_>>(),
        "a case per rule"
    );
    for (rule, raw, error) in cases {
        let mut client = client();
        client.requests.must_be_pushed = rule == "request_came_as_registered";
        let examined = check(&request_raw(&raw), &client, &provider());
        let reason = examined.outcome.unwrap_err();
        let refused = examined.trace.refusal().unwrap();
        assert_eq!(refused.rule, rule);
        assert_eq!(
            refused.verdict,
            Verdict::Refused {
                reason: reason.code().into(),
                detail: reason.to_string()
            }
        );
        let expected = error.map_or(Answer::Page, Answer::Redirect);
        assert_eq!(reason.answer(), expected, "{rule}");
        assert_eq!(examined.return_to.is_some(), error.is_some(), "{rule}");
        let place = RULES.iter().position(|row| row.name == rule).unwrap();
        for (index, line) in examined.trace.lines.iter().enumerate() {
            let expected_passed = index < place;
            assert_eq!(line.verdict == Verdict::Passed, expected_passed, "{rule} {index}");
            assert_eq!(
                line.verdict == Verdict::NotReached,
                index > place,
                "{rule} {index}"
            );
        }
    }
}

#[test]
fn an_error_never_goes_to_an_address_that_is_not_registered() {
    for (name, value) in [
        ("response_type", "token"),
        ("scope", "x"),
        ("request", "a.b.c"),
        ("state", "\n"),
    ] {
        let examined = examine(&[
            ("redirect_uri", Some("https://attacker.example/")),
            (name, Some(value)),
        ]);
        assert_eq!(examined.return_to, None);
        assert_eq!(examined.outcome, Err(Reason::RedirectUriNotRegistered));
    }
}

#[test]
fn a_malformed_or_repeated_state_is_not_sent_back() {
    let location = |raw: &str| {
        let examined = check(&request_raw(raw), &client(), &provider());
        let reason = examined.outcome.unwrap_err();
        let to = examined.return_to.unwrap();
        match to.with_error(reason.error_code(), &reason.to_string(), &provider()) {
            AuthorizationResponse::Redirect { location } => location,
            AuthorizationResponse::FormPost { .. } => panic!("query"),
        }
    };
    let malformed = location(&raw(&[("state", Some("a\r\nSet-Cookie: x"))]));
    assert_eq!(
        malformed,
        "https://rp.example/cb?error=invalid_request&error_description=state+is+malformed+or+out+of+bounds&iss=https%3A%2F%2Fidp.example"
    );
    assert!(!location(&format!("{}&state=other", raw(&[]))).contains("state=af0"));
    assert!(location(&raw(&[("scope", Some("x"))])).contains("&state=af0ifjsldkj&"));
}

#[test]
fn traces_survive_their_own_spelling() {
    let trace = examine(&[("scope", Some("profile"))]).trace;
    let text = serde_json::to_string(&trace).unwrap();
    assert!(
        text.contains(r#""rule":"scope_asks_for_openid","cites":"#),
        "{text}"
    );
    assert!(
        text.contains(r#""verdict":"refused","reason":"scope_without_openid""#),
        "{text}"
    );
    assert_eq!(serde_json::from_str::<Trace>(&text).unwrap(), trace);
}

#[test]
fn nothing_secret_is_printed() {
    let examined = examine(&[
        ("id_token_hint", Some("secret.hint.x")),
        ("prompt", Some("login")),
    ]);
    let printed = format!("{examined:?} {:?}", request(&[("login_hint", Some("secret"))]));
    assert!(!printed.contains("secret"), "{printed}");
}

proptest! {
    #[test]
    fn nothing_panics_and_nobody_is_sent_to_a_stranger(raw_bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(request) = UncheckedAuthorizationRequest::parse(&raw_bytes) {
            let examined = check(&request, &client(), &provider());
            prop_assert!(examined.outcome.is_err());
        }
    }

    #[test]
    fn a_changed_request_is_refused_or_goes_home(
        name in prop::sample::select(vec![
            "client_id", "redirect_uri", "scope", "state", "nonce", "prompt", "max_age", "acr_values", "response_type",
            "response_mode", "code_challenge", "code_challenge_method", "ui_locales", "id_token_hint", "request",
        ]),
        value in "\\PC{0,40}",
    ) {
        let raw = raw(&[(name, Some(&value))]);
        if let Ok(request) = UncheckedAuthorizationRequest::parse(raw.as_bytes()) {
            let examined = check(&request, &client(), &provider());
            if let Some(to) = examined.return_to {
                prop_assert!(client().redirect_uris.iter().any(|uri| uri == to.redirect_uri()));
            }
        }
    }
}
