//! Registration in wrong hands (RFC 7591 section 5): addresses that run code or lead elsewhere, sectors that are somebody else's, keys twice,
//! documents without end, another client's token, one token spent by many at once.

use conformance_tests::{
    Browser, DocumentServer, Platform, PlatformOptions, SELF_REGISTRATION, SelfRegistered, least,
};
use futures_util::future::join_all;
use serde_json::{Value, json};

const REDIRECT: &str = "https://rp.localhost:9/cb";

async fn platform() -> Platform {
    Platform::start_with(PlatformOptions {
        more_config: SELF_REGISTRATION.to_owned(),
        ..Default::default()
    })
    .await
}

fn with(changes: &Value) -> Value {
    let mut asked = least(REDIRECT);
    for (name, value) in changes.as_object().unwrap() {
        asked[name] = value.clone();
    }
    asked
}

async fn refused(platform: &Platform, browser: &Browser, token: &str, asked: &Value) -> String {
    let answer = platform.self_register(browser, token, asked).await;
    assert_eq!(answer.status, 400, "{asked}: {}", answer.body);
    let told: Value = serde_json::from_str(&answer.body).unwrap();
    told["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn nothing_dangerous_can_be_registered() {
    let platform = platform().await;
    let browser = platform.bare_browser();
    let token = platform.initial_token("t", &["rp.localhost", "www.localhost"], 1, "standard");
    let uris = [
        "javascript:alert(document.domain)//https://rp.localhost/",
        "data:text/html;base64,PHNjcmlwdD4=",
        "vbscript:x",
        "file:///etc/passwd",
        "http://rp.localhost/cb",
        "https://evil.localhost/cb",
        "https://rp.localhost@evil.localhost/cb",
        "https://rp.localhost.evil.localhost/cb",
        "https://rp.localhost:9/cb#fragment",
        "https://rp.localhost:9/cb?code=1",
        "https://RP.localhost:9/cb",
        "https://rp.localhost\\@evil.localhost/cb",
        "https://rp.localhost/a/../cb",
        "https://*.localhost/cb",
        "https://127.0.0.1/cb",
        "https://localhost/cb",
        "jp.go.example:/cb",
        "urn:ietf:wg:oauth:2.0:oob",
        "",
    ];
    for uri in uris {
        let asked = with(&json!({"redirect_uris": [REDIRECT, uri]}));
        assert_eq!(
            refused(&platform, &browser, &token, &asked).await,
            "invalid_redirect_uri",
            "{uri}"
        );
        let asked = with(&json!({"post_logout_redirect_uris": [uri]}));
        let error = refused(&platform, &browser, &token, &asked).await;
        assert!(
            error == "invalid_client_metadata" || error == "invalid_redirect_uri",
            "{uri}"
        );
        if uri.starts_with("https://rp.localhost:9") {
            continue;
        }
        for name in [
            "logo_uri",
            "client_uri",
            "policy_uri",
            "tos_uri",
            "jwks_uri",
            "frontchannel_logout_uri",
            "backchannel_logout_uri",
        ] {
            let asked = with(&json!({ name: uri }));
            assert_eq!(
                refused(&platform, &browser, &token, &asked).await,
                "invalid_client_metadata",
                "{name} {uri}"
            );
        }
    }
    let keys = json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "k", "x": "AA", "y": "AA"}]});
    for asked in [
        json!({"jwks": keys, "jwks_uri": "https://rp.localhost/jwks"}),
        json!({"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}, "token_endpoint_auth_method": "private_key_jwt"}),
        json!({"redirect_uris": [REDIRECT, "https://www.localhost:9/cb"]}),
        json!({"scope": "openid name address birthdate gender"}),
        json!({"scope": "openid offline_access"}),
        json!({"subject_type": "public"}),
        json!({"grant_types": ["client_credentials"]}),
        json!({"response_types": ["token"]}),
        json!({"id_token_signed_response_alg": "none"}),
        json!({"client_name": "国税庁\u{202e}"}),
        json!({"application_type": "native", "redirect_uris": ["http://localhost/cb"]}),
    ] {
        refused(&platform, &browser, &token, &with(&asked)).await;
    }
    // Words that would give more are no words here: nothing of them is registered.
    let asked = with(&json!({
        "released_attributes": ["name"], "required_level": {"ial": "0", "aal": "1"}, "sector": format!("sec_{}", "0".repeat(32)),
        "client_id": "government", "client_secret": "chosen", "profile": "standard", "authorization_details_types": ["tax_filing"],
        "tokens": {"serves": ["https://api.localhost/"]}, "registration_access_token": "chosen", "state": {"state": "active"},
    }));
    let made = SelfRegistered::of(&platform.self_register(&browser, &token, &asked).await, 201);
    assert!(made.client_id.starts_with("self-"), "{}", made.client_id);
    assert!(made.token.len() >= 43);
    let shown = platform.command(&["service", "show", &made.client_id]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(
        shown["released_attributes"],
        json!([
            "pseudonym",
            "assurance_level",
            "authentication_time",
            "authentication_method"
        ])
    );
    assert_eq!(shown["required_level"]["aal"], "3");
    let shown = shown.to_string();
    for word in ["tax_filing", "api.localhost", "chosen", "government"] {
        assert!(!shown.contains(word), "{shown}");
    }
}

#[tokio::test]
async fn documents_without_end_are_refused_and_hold_nobody_up() {
    let platform = platform().await;
    let browser = platform.bare_browser();
    let token = platform.initial_token("t", &["rp.localhost"], 1, "standard");
    let url = format!("{}/oidc/register", platform.origin);
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let deep = format!("{}1{}", "{\"a\":".repeat(5000), "}".repeat(5000));
    let many = format!("{{\"a\":[{}1]}}", "1,".repeat(20_000));
    let twice =
        r#"{"redirect_uris":["https://rp.localhost:9/cb"],"redirect_uris":["https://evil.localhost/"]}"#;
    let long = with(&json!({"client_name": "x".repeat(70_000)})).to_string();
    for body in [
        deep.as_str(),
        many.as_str(),
        twice,
        long.as_str(),
        "[]",
        "null",
        "",
        "{\"a\"",
    ] {
        let answer = browser
            .post_body(&url, "application/json", &headers, body.to_owned())
            .await;
        assert_eq!(answer.status, 400, "{body:.40}: {}", answer.body);
    }
    // Longer than any message: cut off before it is read whole.
    let answer = browser
        .try_post_body(&url, "application/json", &headers, "x".repeat(2 * 1024 * 1024))
        .await;
    assert!(answer.is_err() || answer.is_ok_and(|page| page.status == 413 || page.status == 400));
    // What a form of another site could send is no JSON, whatever it says.
    let good = least(REDIRECT).to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
    ] {
        let form = browser.post_body(&url, kind, &headers, good.clone()).await;
        assert_eq!(form.status, 400, "{kind}: {}", form.body);
    }
    // The token was not spent by all that.
    SelfRegistered::of(
        &platform.self_register(&browser, &token, &least(REDIRECT)).await,
        201,
    );
}

/// Tokens are guessed no faster than the configuration says, at either address.
#[tokio::test]
async fn guesses_at_tokens_are_limited_per_address() {
    let platform = Platform::start_with(PlatformOptions {
        more_config: "[registration]\nenabled = true\nrequests_per_minute = 4\n".to_owned(),
        ..Default::default()
    })
    .await;
    let browser = platform.bare_browser();
    let token = platform.initial_token("slow", &["rp.localhost"], 1, "standard");
    let own = format!("{}/oidc/register/self-00", platform.origin);
    for _ in 0..2 {
        let guessed = platform.self_register(&browser, "guess", &least(REDIRECT)).await;
        assert_eq!(guessed.status, 401, "{}", guessed.body);
        let headers = [("authorization", "Bearer guess")];
        assert_eq!(browser.send_raw("GET", &own, &headers, "").await.status, 401);
    }
    // A right one among the late ones is not taken; from another address it is.
    let late = platform.self_register(&browser, &token, &least(REDIRECT)).await;
    assert_eq!(late.status, 429, "{}", late.body);
    let elsewhere = browser.calling_from([127, 0, 0, 2].into());
    SelfRegistered::of(
        &platform.self_register(&elsewhere, &token, &least(REDIRECT)).await,
        201,
    );
}

#[tokio::test]
async fn one_token_spent_by_many_at_once_makes_as_many_clients_as_it_says() {
    let platform = platform().await;
    let browser = platform.bare_browser();
    let token = platform.initial_token("race", &["rp.localhost"], 3, "standard");
    let asked = least(REDIRECT);
    let answers = join_all((0..24).map(|_| platform.self_register(&browser, &token, &asked))).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(
        made.len(),
        3,
        "{:?}",
        answers.iter().map(|answer| answer.status).collect::<Vec<_>>()
    );
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer.status.as_u16(), 201 | 401 | 409)),
        "{:?}",
        answers.iter().map(|answer| answer.status).collect::<Vec<_>>()
    );
    assert_eq!(platform.self_register(&browser, &token, &asked).await.status, 401);
    let list = platform.command(&["service", "list"]);
    assert_eq!(
        String::from_utf8_lossy(&list.stdout).matches("by race").count(),
        3
    );
}

#[tokio::test]
async fn the_token_of_one_client_is_nothing_at_another() {
    let platform = platform().await;
    let browser = platform.bare_browser();
    let token = platform.initial_token("two", &["rp.localhost"], 2, "standard");
    let asked = least(REDIRECT);
    let mine = SelfRegistered::of(&platform.self_register(&browser, &token, &asked).await, 201);
    let yours = SelfRegistered::of(&platform.self_register(&browser, &token, &asked).await, 201);
    let theft = yours.replacement(&json!({"client_name": "Stolen"}));
    platform.register(
        "kind = \"sp\"\nname = { ja = \"o\", en = \"o\" }\n[oidc]\nclient_id = \"by-operator\"\nredirect_uris = [\"https://o.localhost/cb\"]\nauthentication = { method = \"none\" }\n",
    );
    let operators = format!("{}/oidc/register/by-operator", platform.origin);
    let nobody = format!("{}/oidc/register/self-00", platform.origin);
    for (uri, token) in [
        (&yours.uri, &mine.token),
        (&yours.uri, &token),
        (&operators, &mine.token),
        (&operators, &token),
        (&nobody, &mine.token),
    ] {
        for method in ["GET", "PUT", "DELETE"] {
            let bearer = format!("Bearer {token}");
            let headers = [
                ("authorization", bearer.as_str()),
                ("content-type", "application/json"),
            ];
            let answer = browser.send_raw(method, uri, &headers, &theft.to_string()).await;
            assert_eq!(answer.status, 401, "{method} {uri}: {}", answer.body);
        }
    }
    // In its own name for another, or with words that only the server says.
    let bearer = format!("Bearer {}", mine.token);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    for changes in [
        json!({"client_id": yours.client_id}),
        json!({"client_secret": "chosen"}),
        json!({"registration_access_token": "chosen"}),
        json!({"redirect_uris": ["https://evil.localhost/cb"]}),
        json!({"sector_identifier_uri": "https://rp.localhost/s"}),
    ] {
        let theft = mine.replacement(&changes);
        let answer = browser
            .send_raw("PUT", &mine.uri, &headers, &theft.to_string())
            .await;
        assert_eq!(answer.status, 400, "{changes}: {}", answer.body);
    }
    // A token in the query, twice, or by another scheme.
    let query = format!("{}?access_token={}", mine.uri, mine.token);
    assert_eq!(browser.send_raw("GET", &query, &headers, "").await.status, 401);
    let twice = [headers[0], headers[0]];
    assert_eq!(browser.send_raw("GET", &mine.uri, &twice, "").await.status, 401);
    let other = format!("DPoP {}", mine.token);
    assert_eq!(
        browser
            .send_raw("GET", &mine.uri, &[("authorization", other.as_str())], "")
            .await
            .status,
        401
    );
    assert_eq!(browser.send_raw("GET", &mine.uri, &headers, "").await.status, 200);
}

#[tokio::test]
async fn nobody_joins_a_sector_that_does_not_list_him_nor_leaves_its_sight() {
    let platform = platform().await;
    let server = DocumentServer::start(&platform, &["rp.localhost"]).await;
    let browser = platform.bare_browser();
    let hosts = ["rp.localhost", "www.localhost"];
    let token = platform.initial_token("sector", &hosts, 9, "standard");
    let other = "https://www.localhost:9/cb";
    server.put("/one", "200 OK", json!([REDIRECT]).to_string());
    server.put("/both", "200 OK", json!([REDIRECT, other]).to_string());
    let uri = |path: &str| server.url("rp.localhost", path);
    // Who has no token makes the platform fetch nothing.
    let asked = with(&json!({"sector_identifier_uri": uri("/one")}));
    let answer = platform.self_register(&browser, "no-token", &asked).await;
    assert_eq!((answer.status.as_u16(), server.connections()), (401, 0));
    let asked = with(&json!({"redirect_uris": [REDIRECT, other], "sector_identifier_uri": uri("/one")}));
    refused(&platform, &browser, &token, &asked).await;
    let asked = with(&json!({"redirect_uris": [REDIRECT, other], "sector_identifier_uri": uri("/both")}));
    let made = SelfRegistered::of(&platform.self_register(&browser, &token, &asked).await, 201);
    let bearer = format!("Bearer {}", made.token);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    for changes in [
        json!({"sector_identifier_uri": null, "redirect_uris": [other]}),
        json!({"sector_identifier_uri": uri("/one")}),
        json!({"sector_identifier_uri": "https://www.localhost/both"}),
        json!({"redirect_uris": [REDIRECT, "https://www.localhost:9/unlisted"]}),
    ] {
        let change = made.replacement(&changes);
        let answer = browser
            .send_raw("PUT", &made.uri, &headers, &change.to_string())
            .await;
        assert_eq!(answer.status, 400, "{changes}: {}", answer.body);
    }
}
