//! The operator's look-up: a page for browsers, JSON for programs, nothing for strangers, every look on record.

use conformance_tests::{Platform, RelyingParty};
use reqwest::header::{ACCEPT, CONTENT_TYPE, WWW_AUTHENTICATE};
use reqwest::{RequestBuilder, Response};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn send(request: RequestBuilder) -> Response {
    request.send().await.expect("operator")
}

fn kind(response: &Response) -> &str {
    response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

#[tokio::test]
async fn a_reference_is_a_page_in_a_browser_and_json_elsewhere() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-one");
    let person = platform.bare_browser();
    let page = person.get(&service.request("")).await;
    let page = person.submit(&page.form("/card")).await;
    let reference = page.text(".reference").expect("a reference");
    let client = reqwest::Client::new();
    let at = |path: &str| client.get(format!("{}{path}", platform.operator));
    let path = format!("/references/{reference}");
    let token = platform.operator_token.as_str();

    // Strangers, and a token under another name.
    let stranger = send(at(&path).header(ACCEPT, BROWSER)).await;
    assert_eq!(stranger.status(), 401);
    let challenges = stranger.headers().get_all(WWW_AUTHENTICATE);
    let schemes: Vec<_> = challenges
        .iter()
        .filter_map(|value| value.to_str().ok()?.split(' ').next())
        .collect();
    assert_eq!(schemes, ["Bearer", "Basic"]);
    for (name, secret) in [("nobody", token), ("tester", "wrong"), ("", token)] {
        let answer = send(at(&path).basic_auth(name, Some(secret))).await;
        assert_eq!(answer.status(), 401, "{name}");
        assert!(!answer.text().await.expect("text").contains("handshake_completed"));
    }

    let records = platform.metric("ledger_audit_records").await.expect("a count");
    let html = send(
        at(&path)
            .basic_auth("tester", Some(token))
            .header(ACCEPT, BROWSER),
    )
    .await;
    assert_eq!(
        (html.status().as_u16(), kind(&html)),
        (200, "text/html; charset=utf-8")
    );
    let policy = html.headers().get("content-security-policy").expect("a policy");
    assert!(policy.to_str().expect("text").starts_with("default-src 'none'"));
    let text = html.text().await.expect("text");
    for wanted in [
        reference.as_str(),
        "handshake_completed",
        "no_certificate",
        "rp-one 申請",
    ] {
        assert!(text.contains(wanted), "no {wanted} in {text}");
    }
    let json = send(at(&path).bearer_auth(token)).await;
    assert_eq!((json.status().as_u16(), kind(&json)), (200, "application/json"));
    assert!(json.text().await.expect("text").contains("\"no_certificate\""));
    assert_eq!(
        platform.metric("ledger_audit_records").await,
        Some(records + 2.0),
        "both looks are on record"
    );

    // The form of the page, and what is no reference.
    let form = |query: &str| {
        at(&format!("/references{query}"))
            .basic_auth("tester", Some(token))
            .header(ACCEPT, BROWSER)
    };
    for (query, status, shown) in [
        ("", 200, "id=\"reference\""),
        ("?reference=", 400, "aria-invalid"),
        ("?reference=%22%3E%3Cb%3E", 400, "&#34;&#62;&#60;b&#62;"),
        ("?reference=AAAAAAAAAA", 404, "AAAAA-AAAAA"),
        (
            &format!("?reference={}", reference.to_lowercase()),
            200,
            "handshake_completed",
        ),
    ] {
        let answer = send(form(query)).await;
        assert_eq!(answer.status(), status, "{query}");
        assert!(answer.text().await.expect("text").contains(shown), "{query}");
    }
}
