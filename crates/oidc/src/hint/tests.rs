use serde_json::json;

use super::*;
use crate::sample::{NOW, TestKey, client, provider};

fn verify(
    key: &TestKey,
    kid: &str,
    typ: Option<&'static str>,
    changes: Value,
) -> Result<VerifiedHint, Reason> {
    let mut claims =
        json!({"iss": "https://idp.example", "sub": "p_1", "aud": "rp", "iat": NOW.seconds(), "exp": 1});
    if let (Value::Object(claims), Value::Object(changes)) = (&mut claims, changes) {
        claims.extend(changes);
    }
    Hint::new(&key.sign(kid, typ, &claims)).verify(&client(), &key.set("k1"), &provider())
}

#[test]
fn an_expired_token_of_ours_says_whom_it_was_for() {
    let key = TestKey::new();
    let hint = verify(&key, "k1", Some("JWT"), json!({"sid": "ses_1"})).unwrap();
    assert_eq!(
        (hint.subject.as_str(), hint.session.as_deref(), hint.issued_at),
        ("p_1", Some("ses_1"), NOW)
    );
    assert_eq!(format!("{hint:?}"), "VerifiedHint(***)");
}

#[test]
fn tokens_of_others_and_other_tokens_are_refused() {
    let key = TestKey::new();
    for (kid, typ, changes, reason) in [
        (
            "k1",
            Some("JWT"),
            json!({"aud": "other"}),
            Reason::HintClaim("aud"),
        ),
        (
            "k1",
            Some("JWT"),
            json!({"aud": ["rp"]}),
            Reason::HintClaim("aud"),
        ),
        (
            "k1",
            Some("JWT"),
            json!({"iss": "https://idp.example/"}),
            Reason::HintClaim("iss"),
        ),
        ("k1", Some("JWT"), json!({"sub": null}), Reason::HintClaim("sub")),
        ("k1", Some("JWT"), json!({"iat": "now"}), Reason::HintClaim("iat")),
        (
            "k1",
            None,
            json!({}),
            Reason::HintRefused(jose::Reason::UnexpectedType),
        ),
        (
            "k1",
            Some("at+jwt"),
            json!({}),
            Reason::HintRefused(jose::Reason::UnexpectedType),
        ),
        (
            "k2",
            Some("JWT"),
            json!({}),
            Reason::HintRefused(jose::Reason::NoFittingKey),
        ),
    ] {
        assert_eq!(
            verify(&key, kid, typ, changes.clone()),
            Err(reason),
            "{kid} {typ:?} {changes}"
        );
    }
}
