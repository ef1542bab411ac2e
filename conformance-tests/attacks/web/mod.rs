//! Attacks through the browser, on every page and form whatever the protocol: forged requests, frames, markup in what is shown again,
//! sessions that somebody else chose.
//!
//! `routes.rs` has one row for every path of the front; a path without a row fails there, and a form without its forgery in `forgery.rs`.
//! What lies below `/v1` describes itself and is judged by that in `interfaces.rs`; the operator's listener is in `operator.rs`.

mod fixation;
mod forgery;
mod interfaces;
mod operator;
mod reflections;
mod routes;

use conformance_tests::{Browser, Page, Platform, RelyingParty};
use scraper::{Html, Selector};

/// What every answer carries that a browser may show (OWASP Secure Headers; RFC 9700 sections 4.2.4 and 4.16; W3C CSP 3, Fetch).
fn is_hardened(what: &str, page: &Page) {
    let says = |name: &str, value: &str| assert_eq!(page.header(name), Some(value), "{what}: {name}");
    says("x-content-type-options", "nosniff");
    cookies_are_ours_alone(what, page);
    if !is_html(page) {
        return;
    }
    says("cache-control", "no-store");
    says("referrer-policy", "no-referrer");
    says("x-frame-options", "DENY");
    says("cross-origin-opener-policy", "same-origin");
    says("cross-origin-resource-policy", "same-origin");
    assert!(
        page.header("strict-transport-security").is_some(),
        "{what}: no HSTS"
    );
    let policies: Vec<_> = page.headers.get_all("content-security-policy").iter().collect();
    assert_eq!(policies.len(), 1, "{what}: policies");
    let policy = page.header("content-security-policy").unwrap();
    for directive in [
        "default-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ] {
        assert!(policy.contains(directive), "{what}: {policy}");
    }
    for word in ["unsafe", "script-src", " *", "data:", "http:"] {
        assert!(!policy.contains(word), "{what}: {policy}");
    }
}

fn is_html(page: &Page) -> bool {
    page.header("content-type")
        .is_some_and(|kind| kind.starts_with("text/html"))
}

/// RFC 6265bis section 4.1.3: a name that no neighbour can set, and nothing that a script or another site's form could use.
fn cookies_are_ours_alone(what: &str, page: &Page) {
    for cookie in page.headers.get_all("set-cookie") {
        let cookie = cookie.to_str().unwrap();
        let (_, attributes) = cookie.split_once(';').unwrap_or_default();
        let has = |wanted: &str| attributes.split(';').any(|one| one.trim() == wanted);
        assert!(cookie.starts_with("__Host-"), "{what}: {cookie}");
        for wanted in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(has(wanted), "{what}: {cookie}");
        }
        assert!(
            !attributes.to_ascii_lowercase().contains("domain"),
            "{what}: {cookie}"
        );
    }
}

/// Nothing in a page runs, loads from elsewhere or leads to an address that runs.
fn is_inert(what: &str, page: &Page) {
    if !is_html(page) {
        return;
    }
    let document = Html::parse_document(&page.body);
    let all = Selector::parse("*").unwrap();
    for element in document.select(&all) {
        let name = element.value().name();
        // The signs of our own pages, without attributes that do anything (below).
        let is_ours = name == "svg" && element.value().attr("class") == Some("sign");
        let moves = [
            "script", "svg", "iframe", "object", "embed", "base", "img", "math", "template",
        ];
        assert!(
            is_ours || !moves.contains(&name),
            "{what}: <{name}> in\n{}",
            page.body
        );
        for (attribute, value) in element.value().attrs() {
            let bare: String = value.chars().filter(|c| !c.is_whitespace()).collect();
            let bare = bare.to_ascii_lowercase();
            let leads = ["href", "action", "formaction", "src"].contains(&attribute);
            let runs = ["javascript:", "data:", "vbscript:"]
                .iter()
                .any(|scheme| bare.starts_with(scheme));
            assert!(
                !attribute.starts_with("on") && attribute != "style" && !(leads && runs),
                "{what}: {attribute}={value:?}"
            );
            assert!(
                name != "meta" || attribute != "http-equiv",
                "{what}: <meta http-equiv={value}>"
            );
        }
    }
}

/// Whether this browser is still signed in: a service is answered without a page.
async fn is_signed_in(rp: &RelyingParty, browser: &Browser) -> bool {
    let reply = browser
        .get_until(&rp.request("&prompt=none"), &rp.redirect_uri)
        .await;
    assert!(rp.is_reply(reply.url.as_str()), "{}", reply.url);
    reply.query("code").is_some()
}

/// A browser whose person has signed in to a service.
async fn signed_in(platform: &Platform, rp: &RelyingParty) -> Browser {
    let browser = platform.browser_with_new_card();
    rp.sign_in(&browser, "").await;
    browser
}
