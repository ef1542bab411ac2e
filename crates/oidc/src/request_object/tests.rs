use serde_json::json;

use super::*;
use crate::sample::{NOW, TestKey, object_claims, object_client, provider, request_raw};
use crate::{Answer, Carried, ErrorCode, check};

const BESIDE: &str = "client_id=rp&request=x";

fn open(key: &TestKey, typ: Option<&'static str>, claims: &Value, beside: &str) -> OpenedObject {
    let object = key.sign("k1", typ, claims);
    open_request_object(
        &object,
        &request_raw(beside),
        &object_client(key),
        &provider(),
        NOW,
    )
}

#[test]
fn an_opened_object_passes_the_rules_of_every_request() {
    let key = TestKey::new();
    let opened = open(&key, Some("oauth-authz-req+jwt"), &object_claims(), BESIDE);
    assert!(opened.trace.refusal().is_none());
    assert_eq!(opened.trace.lines.len(), RULES.len() + 1);
    let (request, spent) = opened.outcome.unwrap();
    assert!(spent.is_some());
    assert_eq!(
        request.carried(),
        Carried {
            pushed: false,
            signed: true
        }
    );
    let checked = check(&request, &object_client(&key), &provider())
        .outcome
        .unwrap();
    assert_eq!(checked.get().return_to.redirect_uri(), "https://rp.example/cb");
    assert_eq!(checked.get().nonce.as_deref(), Some("n-0S6_WzA2Mj"));
}

#[test]
fn what_stands_beside_is_used_by_core_only_and_never_instead() {
    let key = TestKey::new();
    let beside = "client_id=rp&response_type=code&scope=openid&state=beside&nonce=beside&max_age=1&request=x\
                  &redirect_uri=https%3A%2F%2Fattacker.example";
    let mut claims = object_claims();
    claims.as_object_mut().unwrap().remove("nonce");
    let (jar, _) = open(&key, Some("oauth-authz-req+jwt"), &claims, beside)
        .outcome
        .unwrap();
    assert_eq!((jar.get("nonce"), jar.get("max_age")), (None, None));
    let (core, _) = open(&key, None, &claims, beside).outcome.unwrap();
    assert_eq!(
        (core.get("nonce"), core.get("max_age")),
        (Some("beside"), Some("1"))
    );
    for request in [jar, core] {
        assert_eq!(
            request.get("state"),
            Some("af0ifjsldkj"),
            "the client's own words"
        );
        assert_eq!(request.get("redirect_uri"), Some("https://rp.example/cb"));
        assert_eq!(request.get("request"), None);
    }
}

#[test]
fn each_rule_refuses_in_its_place() {
    let key = TestKey::new();
    for (rule, name, value) in [
        ("issuer_is_the_client", "iss", json!("other")),
        ("audience_is_this_provider", "aud", json!("https://other.example")),
        ("time_is_now", "exp", json!(1)),
        ("identifier_is_bounded", "jti", json!("")),
        (
            "holds_no_other_message",
            "request_uri",
            json!("https://x.example"),
        ),
        ("members_are_parameters", "state", json!(7)),
        ("agrees_with_what_is_beside_it", "client_id", json!("other")),
    ] {
        let mut claims = object_claims();
        claims[name] = value;
        let opened = open(&key, None, &claims, BESIDE);
        assert_eq!(opened.trace.refusal().map(|line| line.rule.as_ref()), Some(rule));
        let reason = opened.outcome.unwrap_err();
        assert_eq!(
            reason.answer(),
            Answer::Redirect(ErrorCode::InvalidRequestObject),
            "{rule}"
        );
    }
    let stranger = TestKey::new().sign("k1", None, &object_claims());
    let opened = open_request_object(
        &stranger,
        &request_raw(BESIDE),
        &object_client(&key),
        &provider(),
        NOW,
    );
    let refused = opened.trace.refusal().unwrap();
    assert_eq!(refused.rule, "signature_is_by_a_registered_key");
    assert_eq!(opened.trace.lines.len(), RULES.len() + 1);
}

#[test]
fn names_that_come_twice_in_the_object_refuse_it() {
    let key = TestKey::new();
    let text = object_claims()
        .to_string()
        .replacen('{', r#"{"state":"other","#, 1);
    let object = key.sign_text("k1", &text);
    let opened = open_request_object(
        &object,
        &request_raw(BESIDE),
        &object_client(&key),
        &provider(),
        NOW,
    );
    assert!(matches!(opened.outcome, Err(Reason::RequestObjectRefused(_))));
}
