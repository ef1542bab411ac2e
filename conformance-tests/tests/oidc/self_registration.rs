//! Clients that register themselves (RFC 7591, RFC 7592): off unless allowed, on the word of an operator's token, and from then on a service
//! like any other.

use std::time::{Duration, Instant};

use conformance_tests::{
    Browser, DocumentServer, Page, Platform, PlatformOptions, RelyingParty, SELF_REGISTRATION,
    SelfRegistered, SigningClient, least,
};
use serde_json::{Value, json};

const REDIRECT: &str = "https://rp.localhost:9/cb";

async fn platform() -> Platform {
    Platform::start_with(PlatformOptions {
        more_config: SELF_REGISTRATION.to_owned(),
        ..Default::default()
    })
    .await
}

fn party(platform: &Platform, registered: &SelfRegistered) -> RelyingParty {
    RelyingParty {
        client_id: registered.client_id.clone(),
        redirect_uri: REDIRECT.to_owned(),
        origin: platform.origin.clone(),
    }
}

async fn manage(browser: &Browser, method: &str, uri: &str, token: &str, body: &Value) -> Page {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    browser.send_raw(method, uri, &headers, &body).await
}

#[tokio::test]
async fn nobody_registers_where_the_configuration_does_not_say_so() {
    let platform = Platform::start().await;
    let browser = platform.bare_browser();
    let token = platform.initial_token("early", &["rp.localhost"], 1, "standard");
    let answer = platform.self_register(&browser, &token, &least(REDIRECT)).await;
    assert_eq!(answer.status, 404, "{}", answer.body);
    let url = format!("{}/oidc/register/self-x", platform.origin);
    for method in ["GET", "PUT", "DELETE"] {
        assert_eq!(
            manage(&browser, method, &url, &token, &Value::Null).await.status,
            404,
            "{method}"
        );
    }
    let document = browser
        .get_raw(
            &format!("{}/.well-known/openid-configuration", platform.origin),
            &[],
        )
        .await;
    assert!(
        !document.body.contains("registration_endpoint"),
        "{}",
        document.body
    );
}

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "one story, told in order")]
async fn a_client_registers_signs_people_in_changes_itself_and_goes() {
    let platform = platform().await;
    let browser = platform.browser_with_new_card();
    let document = browser
        .get_raw(
            &format!("{}/.well-known/openid-configuration", platform.origin),
            &[],
        )
        .await;
    let document: Value = serde_json::from_str(&document.body).unwrap();
    assert_eq!(
        document["registration_endpoint"],
        format!("{}/oidc/register", platform.origin)
    );
    let token = platform.initial_token("ministry", &["rp.localhost"], 2, "standard");
    let mut asked = least(REDIRECT);
    asked["logo_uri"] = json!("https://rp.localhost/logo.png");
    asked["contacts"] = json!(["dev@rp.localhost"]);
    let made = SelfRegistered::of(&platform.self_register(&browser, &token, &asked).await, 201);
    assert_eq!(made.told["logo_uri"], "https://rp.localhost/logo.png");
    assert_eq!(made.told["token_endpoint_auth_method"], "none");
    assert_eq!(made.told["scope"], "openid");
    assert!(made.told.get("client_secret").is_none());

    let rp = party(&platform, &made);
    let start = browser.get_until(&rp.request("&ui_locales=en"), REDIRECT).await;
    assert!(
        start.body.contains("Least (Ministry of Tests)"),
        "who answers for it is named: {}",
        start.body
    );
    let tokens = rp.sign_in(&browser, "").await;
    assert_eq!(rp.userinfo(&browser, &tokens.access_token).await.status, 200);

    // It reads itself, by its own token alone.
    let read = SelfRegistered::of(
        &manage(&browser, "GET", &made.uri, &made.token, &Value::Null).await,
        200,
    );
    assert_eq!((&read.client_id, &read.token), (&made.client_id, &made.token));
    for wrong in [token.as_str(), "x", "", tokens.access_token.as_str()] {
        let answer = manage(&browser, "GET", &made.uri, wrong, &Value::Null).await;
        assert_eq!(answer.status, 401, "{}", answer.body);
    }

    // It changes itself; the old token is good for nothing any more, and what was left out is gone.
    let change = read
        .replacement(&json!({"client_name": "Changed", "redirect_uris": ["https://rp.localhost:9/other"]}));
    let changed = SelfRegistered::of(
        &manage(&browser, "PUT", &made.uri, &made.token, &change).await,
        200,
    );
    assert_ne!(changed.token, made.token);
    assert_eq!(
        manage(&browser, "GET", &made.uri, &made.token, &Value::Null)
            .await
            .status,
        401
    );
    assert_eq!(
        manage(&browser, "PUT", &made.uri, &made.token, &change)
            .await
            .status,
        401
    );
    let refused = browser.get(&rp.request("")).await;
    assert_eq!(
        refused.status, 400,
        "the redirect URI is another one now: {}",
        refused.body
    );
    let back = changed.replacement(&json!({"redirect_uris": [REDIRECT]}));
    let back = SelfRegistered::of(
        &manage(&browser, "PUT", &made.uri, &changed.token, &back).await,
        200,
    );
    let tokens = rp.sign_in(&browser, "").await;

    // It stands among the others, and an operator's hand holds it.
    let list = platform.command(&["service", "list"]);
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    assert!(
        list.contains(&made.client_id) && list.contains("by ministry"),
        "{list}"
    );
    let suspend = ["service", "suspend", &made.client_id, "--reason", "looked at"];
    assert!(platform.command(&suspend).status.success());
    let seen = Instant::now();
    while rp.userinfo(&browser, &tokens.access_token).await.status == 200 {
        assert!(seen.elapsed() < Duration::from_secs(1), "seen within a second");
    }
    for method in ["GET", "PUT", "DELETE"] {
        let answer = manage(&browser, method, &back.uri, &back.token, &change).await;
        assert_eq!(answer.status, 403, "{method}: {}", answer.body);
    }
    assert!(
        platform
            .command(&["service", "resume", &made.client_id])
            .status
            .success()
    );
    assert_eq!(rp.userinfo(&browser, &tokens.access_token).await.status, 200);

    // Its token is lost: an operator gives another.
    let renewed = platform.command(&["registration", "renew", &made.client_id]);
    let renewed = String::from_utf8_lossy(&renewed.stdout).trim().to_owned();
    assert_eq!(
        manage(&browser, "GET", &back.uri, &back.token, &Value::Null)
            .await
            .status,
        401
    );

    // It goes, and everything that was issued to it.
    let gone = manage(&browser, "DELETE", &back.uri, &renewed, &Value::Null).await;
    assert_eq!(gone.status, 204);
    assert_eq!(gone.body, "");
    let seen = Instant::now();
    while rp.userinfo(&browser, &tokens.access_token).await.status == 200 {
        assert!(seen.elapsed() < Duration::from_secs(1), "seen within a second");
    }
    assert_eq!(rp.userinfo(&browser, &tokens.access_token).await.status, 401);
    assert_ne!(browser.get(&rp.request("")).await.status, 200);
    assert_eq!(
        manage(&browser, "GET", &back.uri, &renewed, &Value::Null)
            .await
            .status,
        401
    );
    let log = platform.command(&["audit", "export"]);
    let log = String::from_utf8_lossy(&log.stdout).into_owned();
    for word in [
        "initial_access_token_made",
        "service_added",
        "service_changed",
        "registration_token_renewed",
        "service_removed",
    ] {
        assert!(log.contains(word), "{word} is not on record");
    }
    for secret in [&token, &made.token, &changed.token, &renewed] {
        assert!(!log.contains(secret.as_str()) && !platform.log().contains(secret.as_str()));
    }

    // Two clients were allowed; a third one is not, though one is gone.
    SelfRegistered::of(&platform.self_register(&browser, &token, &asked).await, 201);
    assert_eq!(platform.self_register(&browser, &token, &asked).await.status, 401);
    let tokens = platform.command(&["registration", "token", "list"]);
    let tokens = String::from_utf8_lossy(&tokens.stdout).into_owned();
    assert!(tokens.contains("ministry  used up  2 of 2"), "{tokens}");
}

#[tokio::test]
async fn a_token_that_an_operator_ended_registers_nobody() {
    let platform = platform().await;
    let browser = platform.bare_browser();
    let token = platform.initial_token("ended", &["rp.localhost"], 5, "standard");
    let made = SelfRegistered::of(
        &platform.self_register(&browser, &token, &least(REDIRECT)).await,
        201,
    );
    assert!(
        platform
            .command(&["registration", "token", "end", "ended"])
            .status
            .success()
    );
    for token in [token.as_str(), "unknown"] {
        let answer = platform.self_register(&browser, token, &least(REDIRECT)).await;
        assert_eq!(answer.status, 401);
        assert!(answer.body.contains("invalid_token"), "{}", answer.body);
    }
    // What registered with it stays.
    assert_eq!(
        manage(&browser, "GET", &made.uri, &made.token, &Value::Null)
            .await
            .status,
        200
    );
    // Without a token at all, the challenge names no error.
    let url = format!("{}/oidc/register", platform.origin);
    let headers = [("content-type", "application/json")];
    let bare = browser
        .send_raw("POST", &url, &headers, &least(REDIRECT).to_string())
        .await;
    assert_eq!(bare.status, 401);
    assert!(!bare.body.contains("error"), "{}", bare.body);
}

#[tokio::test]
async fn keys_at_the_clients_address_are_followed_and_the_last_good_ones_stay() {
    let platform = platform().await;
    let server = DocumentServer::start(&platform, &["keys.localhost"]).await;
    let browser = platform.browser_with_new_card();
    // Two keys, of clients that are there for their keys alone.
    let (old, new) = (
        SigningClient::register(&platform, "keys-old", ""),
        SigningClient::register(&platform, "keys-new", ""),
    );
    let set = |client: &SigningClient| json!({ "keys": [client.jwk()] }).to_string();
    server.put("/jwks", "200 OK", set(&old));
    let token = platform.initial_token("keys", &["rp.localhost", "keys.localhost"], 1, "fapi2");
    let asked = json!({
        "redirect_uris": [REDIRECT],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": server.url("keys.localhost", "/jwks"),
    });
    let made = SelfRegistered::of(&platform.self_register(&browser, &token, &asked).await, 201);
    assert_eq!(made.told["jwks_uri"], asked["jwks_uri"]);
    assert_eq!(
        made.told["require_pushed_authorization_requests"], true,
        "held by FAPI 2.0"
    );
    assert_eq!(made.told["id_token_signed_response_alg"], "ES256");
    let pushes = |client: &SigningClient| {
        let mut client = client.as_client(&made.client_id, REDIRECT);
        client.rp.origin.clone_from(&platform.origin);
        let browser = &browser;
        async move { client.push(browser, &client.parameters()).await.status }
    };
    assert_eq!(pushes(&old).await, 201);
    assert_eq!(pushes(&new).await, 401);
    server.put("/jwks", "200 OK", set(&new));
    let until = Instant::now() + Duration::from_secs(20);
    while pushes(&new).await != 201 {
        assert!(Instant::now() < until, "the new key is never seen");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(pushes(&old).await, 401, "the old one is gone");
    // What is no key set changes nothing, nor does a server that is gone.
    for (status, body) in [("200 OK", "{}"), ("500 Internal Server Error", "")] {
        server.put("/jwks", status, body);
        let looks = server.requests().len();
        let until = Instant::now() + Duration::from_secs(20);
        while server.requests().len() < looks + 2 {
            assert!(Instant::now() < until, "nobody looks any more");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(pushes(&new).await, 201, "{status}");
    }
}

/// RFC 7592 section 2.2: what a replacement leaves out is gone. RFC 6749 section 5.2: a grant that the client is not registered for is
/// `unauthorized_client`, whatever it still holds; registered again, it goes on.
#[tokio::test]
async fn refresh_tokens_are_worth_what_the_registration_says_today() {
    let platform = platform().await;
    let browser = platform.browser_with_new_card();
    let token = platform.initial_token("refreshing", &["rp.localhost"], 1, "standard");
    let mut asked = least(REDIRECT);
    asked["grant_types"] = json!(["authorization_code", "refresh_token"]);
    let made = SelfRegistered::of(&platform.self_register(&browser, &token, &asked).await, 201);
    let rp = party(&platform, &made);
    let code = rp.code(&browser, "").await;
    let answer: Value = serde_json::from_str(&rp.redeem_raw(&browser, &code).await.body).unwrap();
    let refresh = answer["refresh_token"].as_str().unwrap().to_owned();
    let without = made.replacement(&json!({"grant_types": ["authorization_code"]}));
    let without = SelfRegistered::of(
        &manage(&browser, "PUT", &made.uri, &made.token, &without).await,
        200,
    );
    let refused = rp.refresh(&browser, &refresh, &[]).await;
    let error: Value = serde_json::from_str(&refused.body).unwrap();
    assert_eq!(
        (refused.status.as_u16(), &error["error"]),
        (400, &json!("unauthorized_client")),
        "{}",
        refused.body
    );
    let with = without.replacement(&json!({"grant_types": ["authorization_code", "refresh_token"]}));
    SelfRegistered::of(
        &manage(&browser, "PUT", &made.uri, &without.token, &with).await,
        200,
    );
    let again = rp.refresh(&browser, &refresh, &[]).await;
    assert_eq!(again.status, 200, "{}", again.body);
}

/// A client that signs with a key that we do not know is looked at soon, once a minute at most, and never while it waits.
#[tokio::test]
async fn an_unknown_key_has_the_clients_keys_looked_for_early_and_not_often() {
    let platform = Platform::start_with(PlatformOptions {
        more_config: SELF_REGISTRATION.replace("jwks_refresh_seconds = 1", "jwks_refresh_seconds = 86400"),
        ..Default::default()
    })
    .await;
    let server = DocumentServer::start(&platform, &["keys.localhost"]).await;
    let browser = platform.bare_browser();
    let keys: Vec<_> = ["keys-one", "keys-two", "keys-three"]
        .iter()
        .map(|name| SigningClient::register(&platform, name, ""))
        .collect();
    let set = |client: &SigningClient, kid: &str| {
        let mut jwk = client.jwk();
        jwk["kid"] = json!(kid);
        json!({ "keys": [jwk] }).to_string()
    };
    server.put("/jwks", "200 OK", set(&keys[0], "one"));
    let token = platform.initial_token("early", &["rp.localhost", "keys.localhost"], 1, "standard");
    let asked = json!({
        "redirect_uris": [REDIRECT],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": server.url("keys.localhost", "/jwks"),
    });
    let made = SelfRegistered::of(&platform.self_register(&browser, &token, &asked).await, 201);
    let pushes = async |client: &SigningClient, kid: &str| {
        let mut client = client.as_client(&made.client_id, REDIRECT);
        client.rp.origin.clone_from(&platform.origin);
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let assertion = client.jws(
            &json!({"alg": "ES256", "kid": kid, "typ": "JWT"}),
            &json!({
                "iss": made.client_id, "sub": made.client_id, "aud": platform.origin, "iat": now, "exp": now + 60,
                "jti": conformance_tests::random_name(),
            }),
        );
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(client.parameters())
            .append_pair(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )
            .append_pair("client_assertion", &assertion)
            .finish();
        let par = format!("{}/oidc/par", platform.origin);
        browser.post_raw(&par, &[], &body).await.status.as_u16()
    };
    assert_eq!(pushes(&keys[0], "one").await, 201);
    // A wrong signature by a known name is no reason to look.
    let looks = server.requests().len();
    assert_eq!(pushes(&keys[1], "one").await, 401);
    server.put("/jwks", "200 OK", set(&keys[1], "two"));
    assert_eq!(pushes(&keys[1], "two").await, 401, "nobody waits for a look");
    let until = Instant::now() + Duration::from_secs(20);
    while pushes(&keys[1], "two").await != 201 {
        assert!(Instant::now() < until, "the new key is never looked for");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(server.requests().len(), looks + 1, "one look");
    // The next one within the minute: not looked for, however often somebody tries.
    server.put("/jwks", "200 OK", set(&keys[2], "three"));
    let over = Instant::now() + Duration::from_secs(3);
    while Instant::now() < over {
        assert_eq!(pushes(&keys[2], "three").await, 401);
    }
    assert_eq!(server.requests().len(), looks + 1, "one look in a minute");
}

/// The record of a client changes while its requests are on their way: they are looked at again, and answered.
#[tokio::test]
async fn a_change_of_the_clients_record_fails_none_of_its_requests() {
    let platform = platform().await;
    let server = DocumentServer::start(&platform, &["keys.localhost"]).await;
    let browser = platform.browser_with_new_card();
    let (own, more) = (
        SigningClient::register(&platform, "keys-own", ""),
        SigningClient::register(&platform, "keys-more", ""),
    );
    let both = |first: bool| {
        let mut other = more.jwk();
        other["kid"] = json!(if first { "a" } else { "b" });
        json!({ "keys": [own.jwk(), other] }).to_string()
    };
    server.put("/jwks", "200 OK", both(true));
    let token = platform.initial_token("flight", &["rp.localhost", "keys.localhost"], 1, "standard");
    let asked = json!({
        "redirect_uris": [REDIRECT],
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["authorization_code", "refresh_token"],
        "jwks_uri": server.url("keys.localhost", "/jwks"),
    });
    let made = SelfRegistered::of(&platform.self_register(&browser, &token, &asked).await, 201);
    let mut client = own.as_client(&made.client_id, REDIRECT);
    client.rp.origin.clone_from(&platform.origin);
    let code = client.rp.code(&browser, "").await;
    let answer: Value = serde_json::from_str(&client.redeem_raw(&browser, &code).await.body).unwrap();
    let mut refresh = answer["refresh_token"].as_str().unwrap().to_owned();
    // Each round of the job finds other keys and raises the record's version, once a second, while refreshes follow one another.
    let until = Instant::now() + Duration::from_secs(10);
    let (mut rounds, mut first) = (0, false);
    while Instant::now() < until {
        server.put("/jwks", "200 OK", both(first));
        first = !first;
        for _ in 0..8 {
            let assertion = client.assertion();
            let fields = [
                (
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                ),
                ("client_assertion", assertion.as_str()),
            ];
            let answer = client.rp.refresh(&browser, &refresh, &fields).await;
            assert_eq!(answer.status, 200, "after {rounds} rounds: {}", answer.body);
            let answer: Value = serde_json::from_str(&answer.body).unwrap();
            refresh = answer["refresh_token"].as_str().unwrap().to_owned();
            rounds += 1;
        }
    }
}

#[tokio::test]
async fn software_statements_stand_above_what_the_client_says() {
    let mut platform = Platform::prepare(PlatformOptions {
        more_config: format!(
            "{}[registration.software_statement_issuers]\n\"https://vendors.example\" = \"vendors.jwks\"\n",
            SELF_REGISTRATION.replace(
                "enabled = true",
                "enabled = true\nsoftware_statement_required = true"
            )
        ),
        ..Default::default()
    })
    .await;
    // A vendor's key: that of a client which needs one for nothing else.
    let vendor = SigningClient::unregistered("https://vendors.example");
    let set = json!({ "keys": [vendor.jwk()] });
    std::fs::write(platform.path().join("vendors.jwks"), set.to_string()).unwrap();
    platform.run().await;
    let browser = platform.bare_browser();
    let token = platform.initial_token("vendors", &["rp.localhost"], 9, "standard");
    let statement = |claims: &Value| vendor.jws(&json!({"alg": "ES256", "kid": "k1", "typ": "JWT"}), claims);
    let with = |statement: String| {
        let mut asked = least(REDIRECT);
        asked["software_statement"] = json!(statement);
        asked
    };
    let claims = json!({
        "iss": "https://vendors.example", "software_id": "filing-4", "client_name": "Filing Suite",
        "dpop_bound_access_tokens": true,
    });
    let asked = with(statement(&claims));
    let made = SelfRegistered::of(&platform.self_register(&browser, &token, &asked).await, 201);
    assert_eq!(made.told["client_name"], "Filing Suite");
    assert_eq!(made.told["software_id"], "filing-4");
    assert_eq!(made.told["dpop_bound_access_tokens"], true);
    assert_eq!(made.told["software_statement"], asked["software_statement"]);
    let stranger = SigningClient::unregistered("https://vendors.example");
    let forged = stranger.jws(&json!({"alg": "ES256", "kid": "k1"}), &claims);
    let mut elsewhere = claims.clone();
    elsewhere["iss"] = json!("https://nobody.example");
    // What a statement says passes the same rules.
    let mut sneaked = claims.clone();
    sneaked["redirect_uris"] = json!(["https://evil.localhost/cb"]);
    for (asked, error) in [
        // Here nobody registers without one.
        (least(REDIRECT), "software_statement"),
        (with(forged), "invalid_software_statement"),
        (with(statement(&elsewhere)), "unapproved_software_statement"),
        (with(statement(&sneaked)), "invalid_redirect_uri"),
    ] {
        let answer = platform.self_register(&browser, &token, &asked).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(answer.body.contains(error), "{error}: {}", answer.body);
    }
}
