//! Every path of the front: which methods it has, what its answers carry, and whose pages may read them. Clickjacking (RFC 9700 section
//! 4.16), leaks by caches and referrers (section 4.2), cross-origin reading (Fetch, CORS). The list is the running program's own
//! (`idp-server routes`): a new path without a row fails.

use std::collections::{BTreeMap, BTreeSet};

use conformance_tests::{Page, Platform, RelyingParty};

use super::{cookies_are_ours_alone, is_hardened, is_html, is_inert, is_signed_in, signed_in};

/// What stands at a path under a method.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A page, or a way to one. It changes nothing of the person's.
    Page,
    /// A message that a service has a browser bring.
    Message,
    /// A form of ours: counts with this browser's token alone.
    Form,
    /// For programs that say themselves who they are; a browser's cookies are nothing there.
    Program,
    /// The same for everybody, and any page may read it.
    Public,
    /// The stylesheet: kept by caches.
    Asset,
}

use Kind::{Asset, Form, Message, Page as Shown, Program, Public};

/// Every path. One that is missing here, or stands here and nowhere else, fails the test.
pub(crate) const ROUTES: &[(&str, &[(&str, Kind)])] = &[
    ("/", &[("GET", Shown), ("HEAD", Shown)]),
    ("/language", &[("GET", Shown)]),
    ("/card/return", &[("GET", Shown)]),
    ("/account", &[("GET", Shown)]),
    ("/account/sign-in", &[("POST", Form)]),
    ("/account/close", &[("GET", Shown), ("POST", Form)]),
    ("/account/end", &[("POST", Form)]),
    ("/account/end-all", &[("POST", Form)]),
    ("/enrolment", &[("GET", Shown)]),
    ("/enrolment/begin", &[("POST", Form)]),
    ("/enrolment/document", &[("GET", Shown)]),
    ("/enrolment/signed", &[("POST", Form)]),
    ("/enrolment/withdraw", &[("POST", Form)]),
    ("/saml/sso", &[("GET", Message), ("POST", Message)]),
    ("/saml/unsolicited", &[("GET", Message)]),
    ("/saml/error", &[("GET", Shown)]),
    ("/saml/artifact", &[("POST", Program)]),
    ("/saml/attributes", &[("POST", Program)]),
    ("/saml/metadata", &[("GET", Program), ("HEAD", Program)]),
    (
        "/.well-known/openid-configuration",
        &[("GET", Public), ("HEAD", Public)],
    ),
    (
        "/.well-known/oauth-protected-resource/oidc/userinfo",
        &[("GET", Public), ("HEAD", Public)],
    ),
    (
        "/.well-known/oauth-authorization-server",
        &[("GET", Public), ("HEAD", Public)],
    ),
    ("/oidc/jwks", &[("GET", Public), ("HEAD", Public)]),
    ("/oidc/authorize", &[("GET", Message), ("POST", Message)]),
    ("/activate", &[("GET", Shown), ("POST", Form)]),
    ("/oidc/par", &[("POST", Program)]),
    ("/oidc/device_authorization", &[("POST", Program)]),
    ("/oidc/token", &[("POST", Program)]),
    ("/oidc/introspection", &[("POST", Program)]),
    ("/oidc/revocation", &[("POST", Program)]),
    ("/oidc/userinfo", &[("GET", Program), ("POST", Program)]),
    ("/oidc/register", &[("POST", Program)]),
    (
        "/oidc/register/{client_id}",
        &[("GET", Program), ("PUT", Program), ("DELETE", Program)],
    ),
    // A service's page may bring the request; what ends a session is its hint, or the form of ours.
    ("/oidc/logout", &[("GET", Message), ("POST", Form)]),
    ("/device/attempts", &[("POST", Program)]),
    ("/device/claims", &[("POST", Program)]),
    ("/terminal/presences", &[("POST", Program)]),
    ("/terminal/answers", &[("POST", Program)]),
    ("/assets/{name}", &[("GET", Asset), ("HEAD", Asset)]),
    ("/sign-in/{transaction}", &[("GET", Shown)]),
    ("/activate/done/{transaction}", &[("GET", Shown)]),
    ("/sign-in/{transaction}/card", &[("POST", Form)]),
    ("/sign-in/{transaction}/anew", &[("POST", Form)]),
    ("/sign-in/{transaction}/consent", &[("POST", Form)]),
    ("/sign-in/{transaction}/cancel", &[("POST", Form)]),
    ("/sign-in/{transaction}/return", &[("POST", Form)]),
    ("/sign-in/{transaction}/refused/{reference}", &[("GET", Shown)]),
    ("/sign-in/{transaction}/device", &[("POST", Form)]),
    ("/sign-in/{transaction}/device/{attempt}", &[("GET", Shown)]),
    ("/device/attempts/{attempt}", &[("GET", Program)]),
    ("/device/attempts/{attempt}/proof", &[("POST", Program)]),
    ("/device/attempts/{attempt}/number", &[("POST", Program)]),
    ("/device/number/{attempt}", &[("GET", Shown), ("POST", Form)]),
    ("/saml/slo", &[("GET", Message), ("POST", Message)]),
    ("/saml/slo/form/{id}", &[("GET", Shown)]),
    ("/saml/slo/soap", &[("POST", Program)]),
    ("/logout/{run}", &[("GET", Shown)]),
    ("/logout/{run}/next", &[("GET", Shown)]),
    ("/logout/{run}/done", &[("GET", Shown)]),
];

const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE",
];

/// The path with something of the right length in the place of each name.
fn address(platform: &Platform, path: &str) -> String {
    let mut filled = String::new();
    for part in path.split_inclusive('/') {
        let slash = if part.ends_with('/') { "/" } else { "" };
        if part.starts_with('{') {
            filled.push_str(&"A".repeat(43));
            filled.push_str(slash);
        } else {
            filled.push_str(part);
        }
    }
    format!("{}{filled}", platform.origin)
}

#[tokio::test]
async fn every_path_of_the_running_program_has_its_row_and_no_other_method() {
    let platform = Platform::start().await;
    let listed = platform.command(&["routes"]);
    assert!(listed.status.success(), "{listed:?}");
    let listed = String::from_utf8(listed.stdout).unwrap();
    let listed: BTreeSet<&str> = listed.lines().collect();
    let rows: BTreeSet<&str> = ROUTES.iter().map(|(path, _)| *path).collect();
    assert_eq!(listed, rows, "routes without a row, or rows without a route");
    let browser = platform.bare_browser();
    for (path, methods) in ROUTES {
        let methods: BTreeMap<_, _> = methods.iter().copied().collect();
        for method in METHODS {
            let url = address(&platform, path);
            let answer = browser.send_raw(method, &url, &[], "").await;
            let what = format!("{method} {path} ({})", answer.status);
            assert_eq!(methods.contains_key(method), answer.status != 405, "{what}");
            assert!(method != "HEAD" || answer.body.is_empty(), "{what}");
            // Faults of SOAP 1.1 are told with 500.
            let is_soap = path.starts_with("/saml/") && answer.body.contains("Fault");
            assert!(answer.status != 500 || is_soap, "{what}: {}", answer.body);
            is_hardened(&what, &answer);
            is_inert(&what, &answer);
        }
    }
}

/// An answer to a page of another origin that wants to read it: its browser gives it nothing, but where everybody may know.
fn is_read_by_nobody_else(what: &str, kind: Kind, answer: &Page) {
    let allowed: Vec<&str> = answer
        .headers
        .keys()
        .map(http::HeaderName::as_str)
        .filter(|name| name.starts_with("access-control-"))
        .collect();
    match kind {
        Public if answer.status == 200 => {
            assert_eq!(allowed, ["access-control-allow-origin"], "{what}");
            assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{what}");
            assert!(
                answer.header("set-cookie").is_none(),
                "{what}: nothing of one person"
            );
        }
        _ => assert!(allowed.is_empty(), "{what}: {allowed:?}"),
    }
    match kind {
        Public => assert!(
            answer
                .header("cache-control")
                .is_some_and(|text| text.contains("public")),
            "{what}"
        ),
        Asset => {}
        // Metadata are nobody's secret.
        Program if what.contains("/saml/metadata") => {}
        _ => assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}"),
    }
}

#[tokio::test]
async fn no_get_changes_anything_and_no_other_origin_reads_an_answer() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-routes");
    let browser = signed_in(&platform, &rp).await;
    let account = browser.get(&format!("{}/account", platform.origin)).await;
    let token = account.form("/account/end-all").field("csrf").unwrap().to_owned();
    // Everything that a form of ours would say, in an address.
    let words = format!("csrf={token}&confirmed=yes&decision=agree&done=all&number=11&session=x&close=yes");
    let headers = [
        ("origin", "https://evil.localhost"),
        ("sec-fetch-site", "cross-site"),
        ("accept-language", "en"),
    ];
    for (path, methods) in ROUTES {
        for (method, kind) in *methods {
            if *method != "GET" {
                continue;
            }
            let url = format!("{}?{words}", address(&platform, path));
            let answer = browser.get_raw(&url, &headers).await;
            let what = format!("GET {path} ({})", answer.status);
            is_read_by_nobody_else(&what, *kind, &answer);
            is_hardened(&what, &answer);
            if *kind == Shown {
                let leads = answer.header("location").unwrap_or("/");
                assert!(
                    leads.starts_with('/') && !leads.starts_with("//"),
                    "{what} leads to {leads}"
                );
            }
        }
        // A preflight is granted nowhere: nobody's page sends what a form cannot.
        let asked = [
            ("origin", "https://evil.localhost"),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "authorization"),
        ];
        let answer = browser
            .send_raw("OPTIONS", &address(&platform, path), &asked, "")
            .await;
        assert!(
            answer
                .headers
                .keys()
                .all(|name| !name.as_str().starts_with("access-control-")),
            "{path}"
        );
        assert!(is_signed_in(&rp, &browser).await, "GET {path} ended the session");
    }
    let account = browser.get(&format!("{}/account", platform.origin)).await;
    assert!(account.has_form("/account/end-all"), "the account stands");
}

#[tokio::test]
async fn a_browsers_cookies_are_nothing_where_programs_ask() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-programs");
    let browser = signed_in(&platform, &rp).await;
    let stranger = platform.bare_browser();
    for (path, methods) in ROUTES {
        for (method, _) in methods.iter().filter(|(_, kind)| *kind == Program) {
            let url = address(&platform, path);
            let headers = [
                ("origin", "https://evil.localhost"),
                ("content-type", "application/x-www-form-urlencoded"),
                ("accept-language", "en"),
            ];
            let body = "grant_type=refresh_token&token=x&client_id=nobody";
            let with = browser.send_raw(method, &url, &headers, body).await;
            let without = stranger.send_raw(method, &url, &headers, body).await;
            let what = format!("{method} {path}");
            assert_eq!(with.status, without.status, "{what}");
            assert!(
                with.status.is_client_error()
                    || *path == "/saml/metadata"
                    || *path == "/saml/slo/soap"
                    || with.status == 500,
                "{what}: {}",
                with.status
            );
            assert!(with.header("set-cookie").is_none(), "{what} sets a cookie");
            cookies_are_ours_alone(&what, &with);
            assert!(!is_html(&with) || with.status.is_client_error(), "{what}");
        }
    }
    assert!(is_signed_in(&rp, &browser).await);
}

/// The pages that a person meets on the way, with what stands on them.
#[tokio::test]
async fn the_pages_of_a_sign_in_and_after_it_carry_their_protection() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-walk");
    let browser = platform.browser_with_new_card();
    let sign_in = browser.get(&rp.request("")).await;
    let consent = browser.submit(&sign_in.form("/card")).await;
    let declined = browser
        .submit_one(&consent.form("/consent").with("decision", "decline"))
        .await;
    let mut pages = vec![
        ("sign-in", sign_in),
        ("consent", consent),
        ("after a no", declined),
    ];
    rp.sign_in(&browser, "").await;
    for path in [
        "/",
        "/account",
        "/account/close",
        "/enrolment",
        "/oidc/logout",
        "/activate",
    ] {
        pages.push((path, browser.get(&format!("{}{path}", platform.origin)).await));
    }
    let by_form = browser
        .get(&rp.request("&prompt=none&response_mode=form_post"))
        .await;
    pages.push(("reply by form", by_form));
    let account = browser.get(&format!("{}/account", platform.origin)).await;
    pages.push((
        "signed out",
        browser.submit(&account.form("/account/end-all")).await,
    ));
    let origin = url::Url::parse(&rp.redirect_uri)
        .unwrap()
        .origin()
        .ascii_serialization();
    for (what, page) in &pages {
        is_hardened(what, page);
        is_inert(what, page);
        // Forms lead to us, to the door, and to the one service whose page it is.
        let policy = page.header("content-security-policy").unwrap_or_default();
        let targets = policy.split("form-action 'self'").nth(1).unwrap_or_default();
        for target in targets.split([' ', ';']).filter(|word| !word.is_empty()) {
            let is_door = target.starts_with("https://*.card");
            assert!(target == origin || is_door, "{what}: {target}");
        }
    }
}
