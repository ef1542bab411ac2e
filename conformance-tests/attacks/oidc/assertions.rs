//! Client assertions that somebody else made, or made for somebody else: algorithm confusion, keys from the header, replay.

use conformance_tests::{Browser, DpopKey, MachineClock, Page, Platform, SigningClient, random_name};
use domain::Clock as _;
use serde_json::{Value, json};

async fn authenticate(client: &SigningClient, browser: &Browser, assertion: &str) -> Page {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "refresh_token")
        .append_pair("refresh_token", "unknown")
        .append_pair(
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        )
        .append_pair("client_assertion", assertion)
        .finish();
    browser
        .post_raw(&format!("{}/oidc/token", client.rp.origin), &[], &body)
        .await
}

fn error(page: &Page) -> (u16, String) {
    let json: Value = serde_json::from_str(&page.body).unwrap_or_else(|_| panic!("{}", page.body));
    (
        page.status.as_u16(),
        json["error"].as_str().unwrap_or_default().to_owned(),
    )
}

/// Assertions that must not count, each wrong in one way.
fn forged(
    client: &SigningClient,
    thief: &DpopKey,
    claims: &dyn Fn(&str, Value) -> Value,
) -> Vec<(&'static str, String)> {
    let now = MachineClock.now().seconds();
    let header = json!({"alg": "ES256", "kid": "k1", "typ": "JWT"});
    let unsigned = format!(
        "{}.{}.",
        jose::encode_base64url(json!({"alg": "none", "typ": "JWT"}).to_string()),
        jose::encode_base64url(claims("", Value::Null).to_string())
    );
    let by_thief = |header: Value| thief.sign(&header, &claims("", Value::Null));
    vec![
        ("none", unsigned),
        (
            "HMAC by name",
            client.jws(&json!({"alg": "HS256", "kid": "k1"}), &claims("", Value::Null)),
        ),
        (
            "another family",
            client.jws(&json!({"alg": "RS256", "kid": "k1"}), &claims("", Value::Null)),
        ),
        ("another's key", by_thief(header.clone())),
        (
            "a key in the header",
            by_thief(json!({"alg": "ES256", "jwk": thief.jwk()})),
        ),
        (
            "an address of keys",
            by_thief(json!({"alg": "ES256", "kid": "k1", "jku": "https://evil.localhost/jwks"})),
        ),
        (
            "an extension",
            client.jws(
                &json!({"alg": "ES256", "kid": "k1", "crit": ["b64"], "b64": false}),
                &claims("", Value::Null),
            ),
        ),
        (
            "another type",
            client.jws(
                &json!({"alg": "ES256", "kid": "k1", "typ": "dpop+jwt"}),
                &claims("", Value::Null),
            ),
        ),
        (
            "for another server",
            client.jws(&header, &claims("aud", json!("https://other.localhost"))),
        ),
        (
            "for two",
            client.jws(
                &header,
                &claims("aud", json!([client.rp.origin, "https://other.localhost"])),
            ),
        ),
        ("over", client.jws(&header, &claims("exp", json!(now - 3600)))),
        (
            "for years",
            client.jws(&header, &claims("exp", json!(now + 100_000_000))),
        ),
        (
            "by another name",
            client.jws(&header, &claims("iss", json!("rp-ps256"))),
        ),
    ]
}

#[tokio::test]
async fn the_clients_own_key_signs_for_us_once_with_the_registered_algorithm() {
    let platform = Platform::start().await;
    let client = SigningClient::register(
        &platform,
        "rp-asserts",
        "[oidc.tokens]\ntoken_endpoint_auth_signing_alg = \"ES256\"",
    );
    let other_algorithm = SigningClient::register(
        &platform,
        "rp-ps256",
        "[oidc.tokens]\ntoken_endpoint_auth_signing_alg = \"PS256\"",
    );
    let browser = platform.bare_browser();
    let thief = DpopKey::default();
    let now = MachineClock.now().seconds();
    let claims = |name: &str, value: Value| {
        let mut claims = json!({
            "iss": "rp-asserts", "sub": "rp-asserts", "aud": client.rp.origin,
            "iat": now, "exp": now + 60, "jti": random_name(),
        });
        if !name.is_empty() {
            claims[name] = value;
        }
        claims
    };
    let good = || claims("", Value::Null);
    let header = json!({"alg": "ES256", "kid": "k1", "typ": "JWT"});
    // Authenticated: what is refused then is the token that nobody knows.
    let known = client.jws(&header, &good());
    let past = (400, "invalid_grant".to_owned());
    assert_eq!(error(&authenticate(&client, &browser, &known).await), past);
    let refused = (401, "invalid_client".to_owned());
    assert_eq!(
        error(&authenticate(&client, &browser, &known).await),
        refused,
        "used before"
    );
    for (case, assertion) in forged(&client, &thief, &claims) {
        assert_eq!(
            error(&authenticate(&client, &browser, &assertion).await),
            refused,
            "{case}"
        );
    }
    let assertion = other_algorithm.assertion();
    assert_eq!(
        error(&authenticate(&other_algorithm, &browser, &assertion).await),
        refused,
        "not its registered algorithm"
    );
}
