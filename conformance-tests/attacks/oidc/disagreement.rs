//! A signed request and the words beside it that say something else (RFC 9101 section 6.3 and 10.5; RFC 9700 section 4.4): what was signed
//! counts, what stands beside it is nothing, and neither fills what the other leaves out. Every parameter.

use conformance_tests::{Platform, SigningClient};
use serde_json::{Value, json};

/// A parameter and what somebody writes beside the object.
const BESIDE: &[(&str, &str)] = &[
    ("response_type", "token"),
    ("response_type", "code id_token"),
    ("response_mode", "form_post"),
    ("response_mode", "fragment"),
    ("redirect_uri", "https://evil.localhost/cb"),
    ("scope", "openid profile evil"),
    ("state", "evil"),
    ("nonce", "evil"),
    ("code_challenge", "ZXZpbGV2aWxldmlsZXZpbGV2aWxldmlsZXZpbGV2aWw"),
    ("code_challenge_method", "plain"),
    ("prompt", "none"),
    ("prompt", "nonsense"),
    ("max_age", "-1"),
    ("display", "popup"),
    ("ui_locales", "xx"),
    ("login_hint", "evil"),
    ("id_token_hint", "a.b.c"),
    ("acr_values", "evil"),
    ("claims", "{\"id_token\":{\"sub\":{\"value\":\"evil\"}}}"),
    ("resource", "https://evil.localhost/"),
    ("authorization_details", "[{\"type\":\"evil\"}]"),
    ("dpop_jkt", "ZXZpbGV2aWxldmlsZXZpbGV2aWxldmlsZXZpbGV2aWw"),
    ("iss", "https://evil.localhost"),
    ("aud", "https://evil.localhost"),
    ("sub", "evil"),
];

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn claims_of(
    client: &SigningClient,
    browser: &conformance_tests::Browser,
    url: &str,
) -> (url::Url, Value) {
    let start = browser.get_until(url, &client.rp.redirect_uri).await;
    let reply = client.rp.walk(browser, start).await;
    let code = reply
        .query("code")
        .unwrap_or_else(|| panic!("{url} gave {}", reply.url));
    // With the verifier of what was signed.
    let answer = client.redeem_raw(browser, &code).await;
    assert_eq!(answer.status, 200, "{url}: {}", answer.body);
    let json: Value = serde_json::from_str(&answer.body).unwrap();
    let token = json["id_token"].as_str().unwrap();
    let claims = jose::decode_base64url(token.split('.').nth(1).unwrap()).unwrap();
    let mut claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["granted"] = json["scope"].clone();
    (reply.url, claims)
}

#[tokio::test]
async fn what_was_signed_counts_and_what_stands_beside_it_is_nothing() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-two-words", "");
    let browser = platform.browser_with_new_card();
    for (name, value) in BESIDE {
        let object = client.object(&client.object_claims());
        let url = format!(
            "{}/oidc/authorize?client_id=rp-two-words&request={object}&{name}={}",
            platform.origin,
            encoded(value)
        );
        // OpenID Connect Core 6.1: who says another `response_type` beside it is refused, and told nothing.
        if *name == "response_type" {
            let refused = browser.get_one(&url).await;
            assert_eq!((refused.status.as_u16(), refused.header("location")), (400, None));
            assert!(
                refused.body.contains("request_object_disagrees"),
                "{}",
                refused.body
            );
            continue;
        }
        let (reply, claims) = claims_of(&client, &browser, &url).await;
        assert!(!reply.as_str().contains("evil"), "{name}: {reply}");
        assert_eq!(claims["nonce"], "no-1", "{name}");
        assert_eq!(claims["aud"], "rp-two-words", "{name}");
        let granted = claims["granted"].as_str().unwrap_or("openid");
        assert_eq!(granted, "openid", "{name}");
        assert!(!claims.to_string().contains("evil"), "{name}: {claims}");
        assert!(reply.query().unwrap().contains("state=st-1"), "{name}: {reply}");
    }
}

#[tokio::test]
async fn nothing_beside_the_object_fills_what_it_leaves_out() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-gaps", "");
    let thief = SigningClient::register(&platform, "rp-gaps-thief", "");
    let browser = platform.bare_browser();
    let whole: Vec<(String, String)> = client.parameters();
    let beside = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(whole.iter().filter(|(name, _)| name != "client_id"))
        .finish();
    for required in [
        "response_type",
        "redirect_uri",
        "scope",
        "code_challenge",
        "code_challenge_method",
    ] {
        let mut claims = client.object_claims();
        claims.as_object_mut().unwrap().remove(required);
        let object = client.object(&claims);
        let url = format!(
            "{}/oidc/authorize?client_id=rp-gaps&request={object}&{beside}",
            platform.origin
        );
        let answer = browser.get_one(&url).await;
        let is_told = answer
            .header("location")
            .is_some_and(|to| to.starts_with(&client.rp.redirect_uri) && to.contains("error="));
        // A client with one address needs name none; nor does a missing scope begin OpenID Connect.
        let begins = answer
            .header("location")
            .is_some_and(|to| to.starts_with("/sign-in/"));
        assert!(
            is_told || answer.status == 400 || (begins && required == "redirect_uri"),
            "{required}: {} {:?}",
            answer.status,
            answer.header("location")
        );
    }
    // What the object is silent about stays unsaid: no state of the attacker's comes back.
    let signed_in = platform.browser_with_new_card();
    let mut claims = client.object_claims();
    for name in ["state", "nonce"] {
        claims.as_object_mut().unwrap().remove(name);
    }
    let url = format!(
        "{}/oidc/authorize?client_id=rp-gaps&request={}&state=evil&nonce=evil",
        platform.origin,
        client.object(&claims)
    );
    let (reply, claims) = claims_of(&client, &signed_in, &url).await;
    assert!(!reply.as_str().contains("evil"), "{reply}");
    assert!(claims["nonce"].is_null(), "{claims}");
    // Whose request it is, is said the same everywhere.
    let object = client.object(&client.object_claims());
    for (what, query) in [
        (
            "another client beside it",
            format!("client_id=rp-gaps-thief&request={object}"),
        ),
        ("no client beside it", format!("request={object}")),
        (
            "two clients",
            format!("client_id=rp-gaps&client_id=rp-gaps-thief&request={object}"),
        ),
        (
            "two objects",
            format!("client_id=rp-gaps&request={object}&request={object}"),
        ),
        (
            "another client in it",
            format!("client_id=rp-gaps&request={}", {
                let mut claims = client.object_claims();
                claims["client_id"] = json!("rp-gaps-thief");
                client.object(&claims)
            }),
        ),
        (
            "the thief's object",
            format!(
                "client_id=rp-gaps&request={}",
                thief.object(&thief.object_claims())
            ),
        ),
    ] {
        let answer = browser
            .get_one(&format!("{}/oidc/authorize?{query}", platform.origin))
            .await;
        let to = answer.header("location").unwrap_or_default();
        assert!(answer.status == 400 || to.contains("error="), "{what}: {to}");
        assert!(
            !to.contains("code=") && !to.starts_with("/sign-in/"),
            "{what}: {to}"
        );
        assert!(
            !to.starts_with(&thief.rp.redirect_uri) || what.contains("another client beside"),
            "{what}: {to}"
        );
    }
}

#[tokio::test]
async fn values_of_other_kinds_in_an_object_are_no_values() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-kinds", "");
    let browser = platform.bare_browser();
    for name in [
        "response_type",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "prompt",
        "client_id",
    ] {
        for value in [json!(["a", "b"]), json!({"x": 1}), json!(true), json!(7)] {
            let mut claims = client.object_claims();
            claims[name] = value.clone();
            let object = client.object(&claims);
            let url = format!(
                "{}/oidc/authorize?client_id=rp-kinds&request={object}",
                platform.origin
            );
            let answer = browser.get_one(&url).await;
            let to = answer.header("location").unwrap_or_default();
            assert!(
                answer.status == 400 || (to.starts_with(&client.rp.redirect_uri) && to.contains("error=")),
                "{name}={value}: {} {to}",
                answer.status
            );
        }
    }
}
