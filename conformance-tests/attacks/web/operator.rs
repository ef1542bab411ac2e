//! The operator's listener (Basic credentials that a browser remembers are sent with everybody's pages: RFC 7617; Fetch Metadata; RFC 9700
//! sections 4.7 and 4.16): frames, forged forms, answers that other origins want to read.

use conformance_tests::{Browser, CHECKER_TOKEN, MachineClock, Platform, RelyingParty};
use domain::Clock as _;
use reqwest::header::{ACCEPT, HeaderMap};
use reqwest::{Method, Response};
use serde_json::Value;
use sim::CardRequest;
use sim::authority::CaKind;
use sim::jlis_server::faults::ServerFault;
use sim::person::{Medium, PersonRequest};

const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
/// What anybody who reaches the listener may ask, and what needs an operator.
const OPEN: [&str; 3] = ["/health", "/ready", "/assets/style.css"];
const CLOSED: [&str; 9] = [
    "/metrics",
    "/references",
    "/references/{reference}",
    "/identity",
    "/identity/{reference}",
    "/revocation",
    "/logouts",
    "/exchanges",
    "/metadata",
];
/// What browsers say when a page of another origin asks with what they remember.
const FOREIGN: [&[(&str, &str)]; 4] = [
    &[
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.localhost"),
    ],
    &[("sec-fetch-site", "same-site")],
    &[("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "iframe")],
    &[("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "document")],
];

/// One request to the listener.
struct Asked<'a> {
    platform: &'a Platform,
    /// Name and token, remembered by a browser.
    operator: Option<(&'a str, &'a str)>,
    headers: &'a [(&'a str, &'a str)],
}

impl Asked<'_> {
    async fn send(&self, method: Method, path: &str, body: Option<&[(&str, &str)]>) -> Response {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let mut request = client
            .request(method, format!("{}{path}", self.platform.operator))
            .header(ACCEPT, HTML);
        if let Some((name, token)) = self.operator {
            request = request.basic_auth(name, Some(token));
        }
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        if let Some(fields) = body {
            let form = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(fields)
                .finish();
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form);
        }
        request.send().await.unwrap()
    }
}

fn is_protected(what: &str, headers: &HeaderMap) {
    let says = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    assert_eq!(says("x-content-type-options"), "nosniff", "{what}");
    let shared = headers
        .keys()
        .any(|name| name.as_str().starts_with("access-control-"));
    assert!(
        !shared && !headers.contains_key("set-cookie"),
        "{what}: {headers:?}"
    );
    if says("content-type").starts_with("text/html") {
        assert_eq!(says("x-frame-options"), "DENY", "{what}");
        assert_eq!(says("cache-control"), "no-store", "{what}");
        assert_eq!(says("referrer-policy"), "no-referrer", "{what}");
        let policy = says("content-security-policy");
        for wanted in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(wanted), "{what}: {policy}");
        }
        assert!(
            !policy.contains("script-src") && !policy.contains("unsafe"),
            "{what}: {policy}"
        );
    }
}

#[tokio::test]
async fn no_page_of_the_operators_is_framed_or_read_by_another_origin() {
    let platform = Platform::start().await;
    let remembered = Some(("tester", platform.operator_token.as_str()));
    let filled = |path: &str| path.replace("{reference}", "K7Q2M-9XW4T");
    let mut pages = 0;
    for path in OPEN.iter().chain(&CLOSED) {
        let path = filled(path);
        let own = Asked {
            platform: &platform,
            operator: remembered,
            headers: &[("sec-fetch-site", "same-origin")],
        };
        let answer = own.send(Method::GET, &path, None).await;
        assert!(
            answer.status() == 200 || answer.status() == 404,
            "{path}: {}",
            answer.status()
        );
        let kind = answer
            .headers()
            .get("content-type")
            .and_then(|kind| kind.to_str().ok());
        pages += usize::from(kind.is_some_and(|kind| kind.starts_with("text/html")));
        is_protected(&path, answer.headers());
    }
    assert!(pages >= 5, "{pages} pages");
    for path in CLOSED {
        let path = filled(path);
        for headers in FOREIGN {
            let foreign = Asked {
                platform: &platform,
                operator: remembered,
                headers,
            };
            let answer = foreign.send(Method::GET, &path, None).await;
            assert_eq!(answer.status(), 401, "{path} {headers:?}");
            is_protected(&path, answer.headers());
            let preflight = foreign.send(Method::OPTIONS, &path, None).await;
            is_protected(&path, preflight.headers());
        }
        let nobody = Asked {
            platform: &platform,
            operator: None,
            headers: &[],
        };
        assert_eq!(
            nobody.send(Method::GET, &path, None).await.status(),
            401,
            "{path}"
        );
    }
}

/// A question of identity that waits for operators: a renewed card that J-LIS links to two people.
async fn open_question(platform: &Platform) -> String {
    let service = RelyingParty::register(platform, "rp-question");
    let now = MachineClock.now();
    let reader = |who: &str| -> Browser {
        let simulation = platform.simulation.lock().unwrap();
        let record = simulation
            .current(who, Medium::Card, CaKind::UserAuthentication)
            .unwrap();
        let card = simulation.card(&record.id).unwrap();
        drop(simulation);
        platform.browser(&std::sync::Arc::new(std::sync::Mutex::new(card)))
    };
    let mut who = String::new();
    for _ in 0..2 {
        {
            let mut simulation = platform.simulation.lock().unwrap();
            who = simulation.new_person(&PersonRequest::default(), now).unwrap().id;
            simulation
                .issue_to(&who, Medium::Card, &CaKind::ALL, &CardRequest::default(), now)
                .unwrap();
        }
        service.sign_in(&reader(&who), "").await;
    }
    platform
        .simulation
        .lock()
        .unwrap()
        .renew(&who, Medium::Card, &CardRequest::default(), now)
        .unwrap();
    platform.jlis.switch(ServerFault::LinksContradictory, true, None);
    let browser = reader(&who);
    let page = browser.get(&service.request("")).await;
    let page = browser.submit(&page.form("/card")).await;
    page.text("span.reference")
        .unwrap_or_else(|| panic!("{}", page.body))
}

fn value<'t>(page: &'t str, name: &str) -> &'t str {
    page.split(&format!("name=\"{name}\""))
        .nth(1)
        .and_then(|rest| rest.split("value=\"").nth(1)?.split('"').next())
        .unwrap_or_else(|| panic!("no {name} in {page}"))
}

/// The fields of the form that proposes a verdict.
fn form<'f>(verdict: &'f str, csrf: Option<&'f str>) -> Vec<(&'f str, &'f str)> {
    let fields = [("act", "propose"), ("verdict", verdict), ("grounds", "forged")];
    fields
        .into_iter()
        .chain(csrf.map(|csrf| ("csrf", csrf)))
        .collect()
}

#[tokio::test]
async fn no_operators_form_counts_that_another_page_sent() {
    let platform = Platform::start().await;
    let reference = open_question(&platform).await;
    let path = format!("/identity/{reference}");
    let tester = Some(("tester", platform.operator_token.as_str()));
    let own_page = [("sec-fetch-site", "same-origin")];
    let shown = async |operator| {
        let asked = Asked {
            platform: &platform,
            operator,
            headers: &own_page,
        };
        asked.send(Method::GET, &path, None).await.text().await.unwrap()
    };
    let page = shown(tester).await;
    let (token, verdict) = (
        value(&page, "csrf").to_owned(),
        value(&page, "verdict").to_owned(),
    );
    let others = value(&shown(Some(("checker", CHECKER_TOKEN))).await, "csrf").to_owned();
    assert_ne!(token, others, "a token is of one operator");
    let is_proposed = async || {
        let listed: Value = platform.told_operator("/identity").await;
        listed["questions"][0]["proposed"] == true
    };
    let answer_of = verdict.as_str();
    let backwards: String = token.chars().rev().collect();
    let mut cases: Vec<(&str, Option<&str>, &[(&str, &str)], u16)> = vec![
        ("no token", None, &own_page, 400),
        ("an empty token", Some(""), &own_page, 409),
        ("a guess", Some("0000"), &own_page, 409),
        ("its token backwards", Some(&backwards), &own_page, 409),
        ("another operator's token", Some(&others), &own_page, 409),
    ];
    cases.extend(FOREIGN.map(|headers| {
        (
            "with the right token from elsewhere",
            Some(token.as_str()),
            headers,
            401,
        )
    }));
    for (case, csrf, headers, status) in cases {
        let asked = Asked {
            platform: &platform,
            operator: tester,
            headers,
        };
        let answer = asked
            .send(Method::POST, &path, Some(&form(answer_of, csrf)))
            .await;
        assert_eq!(answer.status(), status, "{case} {headers:?}");
        is_protected(case, answer.headers());
        assert!(!is_proposed().await, "{case} {headers:?}");
    }
    // In an address, and by nobody.
    let asked = Asked {
        platform: &platform,
        operator: tester,
        headers: &own_page,
    };
    let query = format!("{path}?act=propose&verdict={verdict}&grounds=forged&csrf={token}");
    asked.send(Method::GET, &query, None).await;
    let nobody = Asked {
        platform: &platform,
        operator: None,
        headers: &own_page,
    };
    let answer = nobody
        .send(Method::POST, &path, Some(&form(answer_of, Some(&token))))
        .await;
    assert_eq!(answer.status(), 401);
    assert!(!is_proposed().await);
    // The control.
    let answer = asked
        .send(Method::POST, &path, Some(&form(answer_of, Some(&token))))
        .await;
    assert_eq!(answer.status(), 303);
    assert!(is_proposed().await, "the right form counts");
}
