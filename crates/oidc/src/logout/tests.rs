use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::sample::{NOW, TestKey, client, encode, provider};

const BYE: &str = "https://rp.example/bye";

fn token(key: &TestKey, changes: &[(&str, Value)]) -> String {
    let mut claims = json!({
        "iss": "https://idp.example", "sub": "p_1", "aud": "rp", "sid": "ses_1",
        "iat": NOW.seconds() - 900_000, "exp": NOW.seconds() - 899_700,
    });
    for (name, value) in changes {
        claims
            .as_object_mut()
            .unwrap()
            .insert((*name).to_owned(), value.clone());
    }
    key.sign("k1", Some("JWT"), &claims)
}

fn ask(key: &TestKey, parameters: &[(&str, &str)]) -> Result<LogoutRequest, Reason> {
    let raw: Vec<_> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    let request = UncheckedLogoutRequest::parse(raw.join("&").as_bytes())?;
    let client = client();
    let facts = request.client_id().map(|_| &client);
    request.check(facts, &key.set("k1"), &provider())
}

#[test]
fn an_expired_hint_of_ours_still_names_the_session() {
    let key = TestKey::new();
    let checked = ask(
        &key,
        &[
            ("id_token_hint", &token(&key, &[])),
            ("post_logout_redirect_uri", BYE),
            ("state", "s&1"),
        ],
    )
    .unwrap();
    assert_eq!(checked.service, Some(client().service));
    let hint = checked.hint.clone().unwrap();
    assert_eq!(
        (hint.subject.as_str(), hint.session.as_deref()),
        ("p_1", Some("ses_1"))
    );
    assert_eq!(
        checked.return_to.clone().unwrap().location(),
        "https://rp.example/bye?state=s%261"
    );
    assert!(!format!("{checked:?}").contains("ses_1"));
    let stored = serde_json::to_string(&checked).unwrap();
    assert_eq!(serde_json::from_str::<LogoutRequest>(&stored).unwrap(), checked);
}

#[test]
fn without_hint_the_person_is_asked() {
    let key = TestKey::new();
    let bare = ask(&key, &[]).unwrap();
    assert_eq!((bare.service, bare.hint, bare.return_to), (None, None, None));
    let named = ask(&key, &[("client_id", "rp"), ("post_logout_redirect_uri", BYE)]).unwrap();
    assert_eq!(named.hint, None);
    assert_eq!(named.return_to.unwrap().location(), BYE);
}

#[test]
fn what_is_refused() {
    let (key, other) = (TestKey::new(), TestKey::new());
    let good = token(&key, &[]);
    let not_registered = Reason::PostLogoutRedirectUriNotRegistered;
    let refused = |reason| Reason::HintRefused(reason);
    let nested = key.sign("k1", Some("logout+jwt"), &json!({"aud":"rp"}));
    for (parameters, reason) in [
        (
            vec![("post_logout_redirect_uri", BYE)],
            Reason::PostLogoutRedirectUriWithoutClient,
        ),
        (
            vec![
                ("client_id", "rp"),
                ("post_logout_redirect_uri", "https://rp.example/cb"),
            ],
            not_registered.clone(),
        ),
        (
            vec![
                ("client_id", "rp"),
                ("post_logout_redirect_uri", "https://rp.example/bye/"),
            ],
            not_registered.clone(),
        ),
        (
            vec![
                ("client_id", "rp"),
                ("post_logout_redirect_uri", "https://rp.example/bye#x"),
            ],
            not_registered.clone(),
        ),
        (
            vec![
                ("client_id", "rp"),
                ("post_logout_redirect_uri", "https://attacker.example/"),
            ],
            not_registered,
        ),
        (
            vec![("client_id", "other"), ("id_token_hint", &good)],
            Reason::ClientIdsDiffer,
        ),
        (vec![("client_id", "other")], Reason::UnknownClient),
        (
            vec![("client_id", "rp"), ("client_id", "rp")],
            Reason::RepeatedParameter("client_id"),
        ),
        (vec![("id_token_hint", "x")], refused(jose::Reason::NotCompact)),
        (
            vec![("id_token_hint", &*token(&other, &[]))],
            refused(jose::Reason::BadSignature),
        ),
        (
            vec![("id_token_hint", &*nested)],
            refused(jose::Reason::UnexpectedType),
        ),
        (
            vec![("id_token_hint", &*token(&key, &[("iss", json!("https://x"))]))],
            Reason::HintClaim("iss"),
        ),
        (
            vec![("id_token_hint", &*token(&key, &[("aud", json!(["rp"]))]))],
            Reason::HintClaim("aud"),
        ),
        (
            vec![("id_token_hint", &*token(&key, &[("aud", json!("other"))]))],
            Reason::UnknownClient,
        ),
        (
            vec![("id_token_hint", &*token(&key, &[("sub", json!(1))]))],
            Reason::HintClaim("sub"),
        ),
        (
            vec![
                ("client_id", "rp"),
                ("post_logout_redirect_uri", BYE),
                ("state", "a\nb"),
            ],
            Reason::ParameterMalformed("state"),
        ),
    ] {
        assert_eq!(ask(&key, &parameters), Err(reason), "{parameters:?}");
    }
}

#[test]
fn a_hint_whose_payload_was_changed_chooses_a_client_and_then_fails() {
    let key = TestKey::new();
    let good = token(&key, &[("aud", json!("other"))]);
    let parts: Vec<_> = good.split('.').collect();
    let payload = String::from_utf8(jose::decode_base64url(parts[1]).unwrap()).unwrap();
    let forged = jose::encode_base64url(payload.replace("\"other\"", "\"rp\""));
    let token = format!("{}.{forged}.{}", parts[0], parts[2]);
    assert_eq!(
        ask(&key, &[("id_token_hint", &token)]),
        Err(Reason::HintRefused(jose::Reason::BadSignature))
    );
}

proptest! {
    #[test]
    fn nothing_panics(raw in prop::collection::vec(any::<u8>(), 0..200), hint in "\\PC{0,60}") {
        let _ = UncheckedLogoutRequest::parse(&raw);
        let _ = UncheckedLogoutRequest::parse(format!("id_token_hint={hint}").as_bytes());
    }
}
