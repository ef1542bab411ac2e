//! The description of `/v1/exchanges`, held against the interface: every operation and every status in it happens, and nothing else.

use std::collections::BTreeSet;

use conformance_tests::{Page, Platform, PlatformOptions, SigningClient};
use serde_json::Value;

use crate::support::{Developer, ask_for_token, post, told};

fn described(description: &Value) -> BTreeSet<(String, String, u16)> {
    let mut all = BTreeSet::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            for status in operation["responses"].as_object().unwrap().keys() {
                all.insert((method.clone(), path.clone(), status.parse().unwrap()));
            }
        }
    }
    all
}

/// The members are those of the schema: all that are required, and no others.
fn fits(value: &Value, schema: &Value, whole: &Value, at: &str) {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let schema = whole.pointer(target.strip_prefix('#').unwrap()).unwrap();
        return fits(value, schema, whole, at);
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        assert!(words.contains(value), "{at}: {value}");
    }
    match (value, schema["properties"].as_object()) {
        (Value::Array(items), _) => {
            for item in items {
                fits(item, &schema["items"], whole, at);
            }
        }
        (Value::Object(members), Some(properties)) => {
            for (name, member) in members {
                let schema = properties
                    .get(name)
                    .unwrap_or_else(|| panic!("{at}.{name} is not described"));
                fits(member, schema, whole, &format!("{at}.{name}"));
            }
            for name in schema["required"].as_array().into_iter().flatten() {
                assert!(
                    members.contains_key(name.as_str().unwrap()),
                    "{at}.{name} is missing"
                );
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn the_description_is_true() {
    let platform = Platform::start_with(PlatformOptions {
        front: "begin_per_minute = 30".to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    let client = SigningClient::register(&platform, "rp-described", "");
    let browser = platform.bare_browser();
    let at = |path: &str| format!("{}/v1/exchanges{path}", platform.origin);
    let page = browser.get(&at("/openapi.json")).await;
    let description: Value = serde_json::from_str(&page.body).unwrap();
    let mut seen = BTreeSet::new();
    let mut note = |method: &str, path: &str, page: &Page| {
        let status = page.status.as_u16();
        let schema = &description["paths"][path][method]["responses"][status.to_string()]["content"]["application/json"]
            ["schema"];
        assert!(schema.is_object(), "{method} {path} {status} is not described");
        let body: Value = serde_json::from_str(&page.body).unwrap();
        fits(&body, schema, &description, path);
        seen.insert((method.to_owned(), path.to_owned(), status));
    };
    let (token, list, one) = (
        "/v1/exchanges/token",
        "/v1/exchanges",
        "/v1/exchanges/{reference}",
    );
    let fields = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let reference = told(&post(&client, &browser, "token", &[], (&client.assertion(), &fields)).await);
    note(
        "post",
        token,
        &ask_for_token(&browser, &platform.origin, &client.assertion()).await,
    );
    let developer = Developer::of(&client, &browser).await;
    developer.explain(&reference).await;
    note("get", one, &developer.get(&format!("/{reference}")).await);
    note("get", one, &developer.get("/K7Q2M-9XW4T").await);
    note("get", list, &developer.get("").await);
    note("get", list, &developer.get("?limit=many").await);
    note(
        "post",
        token,
        &browser
            .post_raw(&at("/token"), &[], "grant_type=client_credentials")
            .await,
    );
    note(
        "post",
        token,
        &browser.post_raw(&at("/token"), &[], "client_id=nobody").await,
    );
    note("get", list, &browser.get(&at("")).await);
    note("get", one, &browser.get(&at("/K7Q2M-9XW4T")).await);
    for _ in 0..40 {
        let _ = browser.get(&at("")).await;
    }
    note("get", list, &browser.get(&at("")).await);
    note("get", one, &browser.get(&at("/K7Q2M-9XW4T")).await);
    note(
        "post",
        token,
        &browser.post_raw(&at("/token"), &[], "client_id=nobody").await,
    );
    assert_eq!(seen, described(&description));
}
