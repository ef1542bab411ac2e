//! Every step of Back-Channel Logout 1.0 section 2.6: a token that is good but for one thing.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::SeenOnce;
use crate::oidc::sample::{CLIENT, ISSUER, NOW, Platform, config};

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": CLIENT, "sub": "p_1", "sid": "s_1", "jti": "j_1",
        "iat": NOW.seconds(), "exp": NOW.seconds() + 120, "events": { EVENT: {} },
    })
}

async fn party(platform: &Arc<Platform>) -> RelyingParty {
    RelyingParty::discover_by(config(), platform.clone(), NOW)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_good_token_names_who_and_which_session_and_counts_once() {
    let platform = Arc::new(Platform::new());
    let (party, heard) = (party(&platform).await, SeenOnce::default());
    let token = platform.sign("logout+jwt", &claims());
    let first = party.hear_logout(&token, &heard, NOW).await.unwrap();
    assert_eq!(first.signed_out().subject.as_deref(), Some("p_1"));
    assert_eq!(first.signed_out().sessions, ["s_1"]);
    // Its work failed: the platform's next try must do it.
    let again = party.hear_logout(&token, &heard, NOW).await.unwrap();
    again.done(&heard, NOW);
    assert_eq!(
        party.hear_logout(&token, &heard, NOW).await.unwrap_err(),
        OidcReason::HeardBefore
    );
}

#[tokio::test]
async fn a_token_that_lacks_one_thing_is_refused_for_it() {
    let platform = Arc::new(Platform::new());
    let (party, heard) = (party(&platform).await, SeenOnce::default());
    let now = NOW.seconds();
    let cases: Vec<(&str, Value, OidcReason)> = vec![
        ("iss", json!("https://evil.example"), OidcReason::Claim("iss")),
        ("iss", Value::Null, OidcReason::Claim("iss")),
        ("aud", json!("other"), OidcReason::Claim("aud")),
        ("aud", json!([CLIENT, "other"]), OidcReason::Claim("aud")),
        ("aud", Value::Null, OidcReason::Claim("aud")),
        ("iat", json!(now + 61), OidcReason::Claim("iat")),
        ("iat", Value::Null, OidcReason::Claim("iat")),
        ("exp", json!(now - 60), OidcReason::Expired),
        ("exp", json!(now + 3_600), OidcReason::Claim("exp")),
        ("exp", Value::Null, OidcReason::Claim("exp")),
        ("events", Value::Null, OidcReason::Claim("events")),
        ("events", json!({ EVENT: "yes" }), OidcReason::Claim("events")),
        ("events", json!({ "other": {} }), OidcReason::Claim("events")),
        ("events", json!([EVENT]), OidcReason::Claim("events")),
        ("nonce", json!("n"), OidcReason::Claim("nonce")),
        ("jti", Value::Null, OidcReason::Claim("jti")),
        ("jti", json!(""), OidcReason::Claim("jti")),
        ("sub", json!(7), OidcReason::Claim("sub")),
    ];
    for (name, value, reason) in cases {
        let mut changed = claims();
        let members = changed.as_object_mut().unwrap();
        members.remove(name);
        if !value.is_null() {
            members.insert(name.to_owned(), value.clone());
        }
        let token = platform.sign("logout+jwt", &changed);
        let verdict = party.hear_logout(&token, &heard, NOW).await;
        assert_eq!(verdict.unwrap_err(), reason, "{name} = {value}");
    }
    let mut nobody = claims();
    nobody
        .as_object_mut()
        .unwrap()
        .retain(|name, _| name != "sub" && name != "sid");
    let token = platform.sign("logout+jwt", &nobody);
    assert_eq!(
        party.hear_logout(&token, &heard, NOW).await.unwrap_err(),
        OidcReason::Claim("sid")
    );
}

#[tokio::test]
async fn neither_an_id_token_nor_a_strangers_signature_is_a_logout_token() {
    let platform = Arc::new(Platform::new());
    let (party, heard) = (party(&platform).await, SeenOnce::default());
    let stranger = Platform::new();
    let good = platform.sign("logout+jwt", &claims());
    let none = format!(
        "{}.{}.",
        jose::encode_base64url(r#"{"alg":"none","typ":"logout+jwt"}"#),
        good.split('.').nth(1).unwrap()
    );
    for (token, reason) in [
        (platform.sign("JWT", &claims()), jose::Reason::UnexpectedType),
        (platform.sign("at+jwt", &claims()), jose::Reason::UnexpectedType),
        (stranger.sign("logout+jwt", &claims()), jose::Reason::NoFittingKey),
        (none, jose::Reason::AlgorithmNotAllowed),
        (format!("{good}.a.b"), jose::Reason::NotCompact),
    ] {
        let verdict = party.hear_logout(&token, &heard, NOW).await;
        assert_eq!(verdict.unwrap_err(), OidcReason::Signature(reason));
    }
}
