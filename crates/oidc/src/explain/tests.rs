use domain::{ClientAuthentication, FactValue};
use serde_json::json;

use super::*;
use crate::dpop::{DpopFault, RULES};
use crate::sample::{self, NOW, ProofKey, TestKey, proof_claims, proven_request, provider};
use crate::{TokenFault, Verdict};

fn value<'f>(facts: &'f [Fact], name: &str) -> &'f FactValue {
    &facts
        .iter()
        .find(|fact| fact.name == name)
        .unwrap_or_else(|| panic!("no {name} in {facts:?}"))
        .value
}

fn text(value: &str) -> FactValue {
    FactValue::Text(value.to_owned())
}

fn refused(trace: &crate::Trace) -> Vec<&str> {
    let refused = |line: &&crate::TraceLine| matches!(line.verdict, Verdict::Refused { .. });
    trace
        .lines
        .iter()
        .filter(refused)
        .map(|line| line.rule.as_ref())
        .collect()
}

#[test]
fn an_assertion_is_told_by_key_digest_audience_and_clock() {
    let (key, other) = (TestKey::new(), TestKey::new());
    let keys = key.set("k1");
    let claims = json!({
        "iss": "rp", "sub": "p_0123", "aud": "https://idp.example/oidc/token?secret=1",
        "exp": NOW.seconds() + 60, "iat": NOW.seconds() - 5, "jti": "secret-jti",
    });
    let jwt = other.sign("k1", None, &claims);
    let client = sample::client_with(ClientAuthentication::PrivateKeyJwt {
        jwks: keys.to_json().to_string(),
    });
    let algorithms = &client.tokens.assertion_algorithms;
    let facts = assertion(&jwt, "rp", &keys, algorithms, &provider(), NOW);
    let signed = jwt.rsplit_once('.').unwrap().0;
    assert_eq!(
        value(&facts, "signing_input_sha256"),
        &text(&jose::digest::sha256_hex(signed.as_bytes()))
    );
    let thumbprint = keys.keys()[0].thumbprint();
    assert_eq!(value(&facts, "keys_tried"), &FactValue::List(vec![thumbprint]));
    assert_eq!(value(&facts, "key_id_given"), &text("k1"));
    assert_eq!(value(&facts, "audience_expected"), &text("https://idp.example"));
    assert_eq!(
        value(&facts, "audience_given"),
        &text("https://idp.example/oidc/token")
    );
    assert_eq!(value(&facts, "expires_in_seconds"), &FactValue::Number(60));
    assert_eq!(value(&facts, "issued_in_seconds"), &FactValue::Number(-5));
    assert_eq!(value(&facts, "subject_is_the_client_id"), &FactValue::Flag(false));
    let all = serde_json::to_string(&facts).unwrap();
    for secret in ["p_0123", "secret", jwt.as_str()] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
}

#[test]
fn another_key_id_finds_no_key_to_try() {
    let key = TestKey::new();
    let jwt = key.sign("k2", None, &json!({"iss": "rp"}));
    let keys = key.set("k1");
    let facts = assertion(&jwt, "rp", &keys, &jose::Algorithm::ALL, &provider(), NOW);
    assert_eq!(value(&facts, "keys_tried"), &FactValue::List(Vec::new()));
    assert_eq!(value(&facts, "audience_is_there"), &FactValue::Flag(false));
    assert!(assertion("a.b", "rp", &keys, &jose::Algorithm::ALL, &provider(), NOW).is_empty());
}

#[test]
fn a_proof_is_told_by_address_method_and_hash() {
    let key = ProofKey::new();
    let mut claims = proof_claims();
    claims["htu"] = json!("https://other.example/token?x=1");
    claims["ath"] = json!("AAAA");
    let shown = key.sign(&key.header(), &claims);
    let request = ProvenRequest {
        access_token: Some("secret-token"),
        ..proven_request()
    };
    let facts = proof(&shown, &request);
    assert_eq!(
        value(&facts, "address_given"),
        &text("https://other.example/token")
    );
    assert_eq!(
        value(&facts, "address_expected"),
        &FactValue::List(vec!["https://idp.example/oidc/token".to_owned()])
    );
    assert_eq!(value(&facts, "access_token_hash_claimed"), &text("AAAA"));
    assert!(!serde_json::to_string(&facts).unwrap().contains("secret-token"));
}

#[test]
fn an_address_is_told_by_its_first_difference() {
    let client = sample::client();
    let request = sample::request(&[("redirect_uri", Some("https://rp.example/cB?code=x"))]);
    let reason = Reason::RedirectUriNotRegistered;
    let facts = authorization(&request, &client, &provider(), &reason, NOW);
    assert_eq!(
        value(&facts, "redirect_uri_given"),
        &text("https://rp.example/cB")
    );
    assert_eq!(
        value(&facts, "redirect_uri_nearest"),
        &text("https://rp.example/cb")
    );
    assert_eq!(value(&facts, "first_difference_at_octet"), &FactValue::Number(20));
}

#[test]
fn every_reason_is_of_one_stage_and_nothing_behind_it_was_reached() {
    for (endpoint, reason, rule) in [
        (
            Endpoint::Token,
            Reason::RequestTooLong { limit: 1 },
            "request_can_be_read",
        ),
        (
            Endpoint::Token,
            Reason::UnknownClient,
            "client_is_registered_and_active",
        ),
        (Endpoint::Token, Reason::SecretWrong, "client_proves_who_it_is"),
        (
            Endpoint::Token,
            Reason::AssertionForAnother,
            "client_proves_who_it_is",
        ),
        (Endpoint::Token, Reason::Dpop(DpopFault::Time), "proof_is_of_now"),
        (
            Endpoint::Token,
            Reason::Dpop(DpopFault::Missing),
            "proof_is_signed_by_its_own_key",
        ),
        (
            Endpoint::Token,
            Reason::Dpop(DpopFault::Replayed),
            "proof_was_not_used_before",
        ),
        (
            Endpoint::Token,
            Reason::Dpop(DpopFault::KeyDiffers),
            "grant_can_be_used",
        ),
        (Endpoint::Token, Reason::VerifierWrong, "grant_can_be_used"),
        (Endpoint::Token, Reason::GrantTypeUnsupported, "grant_can_be_used"),
        (
            Endpoint::PushedRequest,
            Reason::RedirectUriNotRegistered,
            "authorization_request_is_accepted",
        ),
        (
            Endpoint::Introspection,
            Reason::Token(TokenFault::ClientIsPublic),
            "token_may_be_asked_about",
        ),
        (Endpoint::UserInfo, Reason::TokenExpired, "access_token_counts"),
        (
            Endpoint::Logout,
            Reason::PostLogoutRedirectUriNotRegistered,
            "logout_request_is_valid",
        ),
    ] {
        let trace = stages(endpoint, &reason);
        assert_eq!(refused(&trace), [rule], "{reason:?}");
        let at = trace.lines.iter().position(|line| line.rule == rule).unwrap();
        assert!(
            trace.lines[..at]
                .iter()
                .all(|line| line.verdict == Verdict::Passed),
            "{reason:?}"
        );
        assert!(
            trace.lines[at + 1..]
                .iter()
                .all(|line| line.verdict == Verdict::NotReached),
            "{reason:?}"
        );
    }
}

#[test]
fn the_rules_of_a_proof_stand_in_their_own_order() {
    let trace = stages(Endpoint::Token, &Reason::Dpop(DpopFault::Nonce));
    let names: Vec<_> = trace.lines.iter().map(|line| line.rule.as_ref()).collect();
    for rule in RULES {
        assert!(names.contains(&rule.name), "{}", rule.name);
    }
    assert_eq!(refused(&trace), ["nonce_is_one_of_ours"]);
}

#[test]
fn a_code_is_told_by_its_challenge_and_never_itself() {
    let grant = sample::grant();
    let asked = CodeRequest {
        code: sample::CODE,
        redirect_uri: "https://rp.example/other",
        code_verifier: "wrong-verifier",
    };
    let facts = code(&grant, &asked, NOW);
    assert_eq!(
        value(&facts, "code_challenge_expected"),
        &text(&grant.code_challenge.0)
    );
    assert_eq!(
        value(&facts, "redirect_uri_given"),
        &text("https://rp.example/other")
    );
    let all = serde_json::to_string(&facts).unwrap();
    assert!(!all.contains(sample::CODE) && !all.contains("wrong-verifier"));
}
