//! What lies below `/v1` is for programs: a browser's cookies are nothing there, no page reads it, and it has the operations that its own
//! descriptions say and no others.

use std::collections::{BTreeMap, BTreeSet};

use conformance_tests::{Page, Platform, RelyingParty};
use serde_json::Value;

use super::{is_hardened, is_html, is_signed_in, signed_in};

const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE",
];
const DESCRIPTIONS: [&str; 2] = ["/v1/openapi.json", "/v1/exchanges/openapi.json"];

fn is_for_programs_alone(what: &str, answer: &Page) {
    is_hardened(what, answer);
    assert!(!is_html(answer), "{what} is a page");
    let says = |name: &http::HeaderName| name.as_str().starts_with("access-control-");
    assert!(
        !answer.headers.keys().any(says),
        "{what} may be read by another origin"
    );
    assert!(!answer.headers.contains_key("set-cookie"), "{what} sets a cookie");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
}

#[tokio::test]
async fn what_is_for_programs_knows_no_browser() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-held");
    let (browser, stranger) = (signed_in(&platform, &rp).await, platform.bare_browser());
    let mut described: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in DESCRIPTIONS {
        let page = stranger.get(&format!("{}{path}", platform.origin)).await;
        assert_eq!(page.status, 200, "{path}");
        is_for_programs_alone(path, &page);
        let description: Value = serde_json::from_str(&page.body).unwrap();
        for (path, operations) in description["paths"].as_object().unwrap() {
            let methods = operations.as_object().unwrap().keys();
            let methods = methods.map(|name| name.to_ascii_uppercase());
            let own = described.entry(path.clone()).or_default();
            own.extend(methods.filter(|name| METHODS.contains(&name.as_str())));
        }
    }
    assert!(described.len() > 12, "{described:?}");
    let foreign = [
        ("origin", "https://evil.localhost"),
        ("sec-fetch-site", "cross-site"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("access-control-request-method", "DELETE"),
    ];
    for (path, methods) in &described {
        let mut filled = path.clone();
        while let (Some(from), Some(to)) = (filled.find('{'), filled.find('}')) {
            filled.replace_range(from..=to, &"A".repeat(43));
        }
        let url = format!("{}{filled}", platform.origin);
        for method in METHODS {
            let what = format!("{method} {path}");
            let with = browser.send_raw(method, &url, &foreign, "a=b").await;
            let without = stranger.send_raw(method, &url, &foreign, "a=b").await;
            assert_eq!(with.status, without.status, "{what}: cookies change the answer");
            is_for_programs_alone(&what, &with);
            let is_description = DESCRIPTIONS.contains(&path.as_str());
            assert_eq!(
                with.status == 405,
                !methods.contains(method),
                "{what}: {}",
                with.status
            );
            assert!(
                with.status.is_client_error() || (is_description && method == "GET"),
                "{what}: {}",
                with.status
            );
        }
    }
    assert!(is_signed_in(&rp, &browser).await);
}
