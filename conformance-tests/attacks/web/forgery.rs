//! Cross-site request forgery on every form (RFC 9700 section 4.7; RFC 6749 section 10.12; Barth, Jackson, Mitchell, "Robust Defenses for
//! Cross-Site Request Forgery", CCS 2008; login CSRF among them): each form of ours without its token, with another, with another
//! browser's, and with the right one sent by a page of another origin. The forms are those of `routes::ROUTES`: one without its forgery
//! fails.

use std::collections::BTreeMap;

use conformance_tests::{Browser, Page, Platform, RelyingParty, SigningClient};

use super::routes::{Kind, ROUTES};
use super::{is_hardened, is_signed_in};

/// A form as a person has it before them.
struct Shown {
    url: String,
    fields: Vec<(String, String)>,
}

impl Shown {
    fn token(&self) -> &str {
        self.fields
            .iter()
            .find(|(name, _)| name == "csrf")
            .map_or_else(|| panic!("{} has no token", self.url), |(_, value)| value)
    }

    /// Sends it with this token, or none, and these headers.
    async fn send(&self, browser: &Browser, token: Option<&str>, headers: &[(&str, &str)]) -> Page {
        let others = self.fields.iter().filter(|(name, _)| name != "csrf");
        let fields: Vec<(&str, &str)> = others
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain(token.map(|token| ("csrf", token)))
            .collect();
        if self.url.contains("/enrolment/signed") {
            let part = |(name, value): &(&str, &str)| {
                format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
            };
            let file =
                "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\nx\r\n--b--\r\n";
            let body: String = fields.iter().map(part).collect();
            let kind = "multipart/form-data; boundary=b";
            return browser.post_body(&self.url, kind, headers, body + file).await;
        }
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        browser.post_raw(&self.url, headers, &body).await
    }
}

/// The row of an address.
fn row(url: &str) -> &'static str {
    let url = url::Url::parse(url).unwrap();
    let given: Vec<&str> = url.path().split('/').collect();
    let fits = |path: &str| {
        let wanted: Vec<&str> = path.split('/').collect();
        wanted.len() == given.len()
            && wanted
                .iter()
                .zip(&given)
                .all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
    };
    ROUTES
        .iter()
        .map(|(path, _)| *path)
        .find(|path| fits(path))
        .unwrap_or_else(|| panic!("no row for {url}"))
}

/// Every form that these pages show, one of each kind.
fn collect(pages: &[&Page], into: &mut BTreeMap<&'static str, Shown>) {
    for form in pages.iter().flat_map(|page| page.forms()) {
        // A browser that declines sends its button.
        let first = form.buttons.first().cloned();
        let fields = form.fields.iter().cloned().chain(first).collect();
        into.entry(row(&form.action)).or_insert(Shown {
            url: form.action,
            fields,
        });
    }
}

/// All forms, with the tokens of one browser that is signed in and has a second sign-in open.
async fn forms(platform: &Platform, rp: &RelyingParty, browser: &Browser) -> BTreeMap<&'static str, Shown> {
    let at = |path: &str| {
        let (browser, url) = (browser.clone(), format!("{}{path}", platform.origin));
        async move { browser.get(&url).await }
    };
    let mut shown = BTreeMap::new();
    let (nobody, unregistered) = (at("/account").await, at("/enrolment").await);
    rp.sign_in(browser, "").await;
    let sign_in = browser.get(&rp.request("&prompt=login")).await;
    let consent = browser.get(&rp.request("&prompt=consent")).await;
    let pages = [
        &nobody,
        &unregistered,
        &sign_in,
        &consent,
        &at("/account").await,
        &at("/account/close").await,
        &at("/enrolment").await,
        &at("/activate").await,
        &at("/oidc/logout").await,
    ];
    collect(&pages, &mut shown);
    // Forms of one token that stand only on refusals and on pages for other devices.
    let sign_in = sign_in.form("/card");
    for word in ["anew", "return", "device", "cancel"] {
        let url = sign_in.action.replace("/card", &format!("/{word}"));
        let fields = sign_in.fields.clone();
        shown.entry(row(&url)).or_insert(Shown { url, fields });
    }
    let enrolment = shown["/enrolment/begin"].token().to_owned();
    for path in ["/enrolment/signed", "/enrolment/withdraw"] {
        let fields = vec![("csrf".to_owned(), enrolment.clone())];
        let url = format!("{}{path}", platform.origin);
        shown.entry(row(&url)).or_insert(Shown { url, fields });
    }
    shown
}

#[tokio::test]
async fn no_form_counts_that_another_page_sent() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-forms");
    let (victim, attacker) = (platform.browser_with_new_card(), platform.browser_with_new_card());
    let theirs = forms(&platform, &rp, &victim).await;
    let own = forms(&platform, &rp, &attacker).await;
    let exercised: Vec<&str> = theirs.keys().copied().collect();
    for (path, methods) in ROUTES {
        let is_form = methods.iter().any(|(_, kind)| *kind == Kind::Form);
        // The page for a phone without a browser of ours is below.
        let expected = is_form && *path != "/device/number/{attempt}";
        assert_eq!(exercised.contains(path), expected, "{path}: {exercised:?}");
    }
    for (path, form) in &theirs {
        let right = form.token();
        let other_purpose = theirs
            .values()
            .map(Shown::token)
            .find(|token| *token != right)
            .unwrap();
        let flipped: String = right.chars().rev().collect();
        let evil = platform.origin.replace("idp.localhost", "evil.localhost");
        let other_port = format!("{}9", platform.origin);
        let cases: [(&str, Option<&str>, Vec<(&str, &str)>); 15] = [
            ("no token", None, vec![]),
            ("an empty token", Some(""), vec![]),
            ("a guess", Some("0000"), vec![]),
            ("its own token backwards", Some(&flipped), vec![]),
            ("another form's token", Some(other_purpose), vec![]),
            ("the attacker's own token", Some(own[path].token()), vec![]),
            (
                "another site, with the token",
                Some(right),
                vec![("origin", &evil)],
            ),
            ("another port", Some(right), vec![("origin", &other_port)]),
            (
                "without TLS",
                Some(right),
                vec![("origin", "http://idp.localhost")],
            ),
            (
                "an origin more",
                Some(right),
                vec![("origin", &platform.origin), ("origin", &evil)],
            ),
            ("an empty origin", Some(right), vec![("origin", "")]),
            (
                "cross-site by its own word",
                Some(right),
                vec![("sec-fetch-site", "cross-site")],
            ),
            ("a neighbour", Some(right), vec![("sec-fetch-site", "same-site")]),
            (
                "a word twice",
                Some(right),
                vec![
                    ("sec-fetch-site", "same-origin"),
                    ("sec-fetch-site", "cross-site"),
                ],
            ),
            (
                "a neighbour without origin",
                Some(right),
                vec![("origin", "null"), ("sec-fetch-site", "same-site")],
            ),
        ];
        for (case, token, headers) in cases {
            let answer = form.send(&victim, token, &headers).await;
            let what = format!("{path}: {case}");
            is_hardened(&what, &answer);
            // A form without the field cannot be read at all.
            let refused = answer.status == 403 || (token.is_none() && answer.status == 400);
            // `/oidc/logout` without our field is a service's request, which ends nothing before the person confirms.
            let asks_again = *path == "/oidc/logout" && token.is_none() && answer.status == 200;
            // A file that comes without a token is none.
            let is_no_form =
                *path == "/enrolment/signed" && token.is_none() && answer.status.is_client_error();
            assert!(refused || asks_again || is_no_form, "{what}: {}", answer.status);
        }
        assert!(is_signed_in(&rp, &victim).await, "{path} ended the session");
    }
    // What a browser of today sends with the person's own click.
    let form = &theirs["/account/end-all"];
    let own_click = [("origin", "null"), ("sec-fetch-site", "same-origin")];
    let done = form.send(&victim, Some(form.token()), &own_click).await;
    assert!(
        done.status.is_success() || done.status.is_redirection(),
        "{}",
        done.status
    );
    assert!(
        !is_signed_in(&rp, &victim).await,
        "the control: the right form counts"
    );
}

/// The page that a phone without a cookie of ours opens: its token is the reader's.
#[tokio::test]
async fn a_number_counts_from_its_own_page_alone() {
    let platform = Platform::start().await;
    let browser = platform.bare_browser();
    let url = format!("{}/device/number/{}", platform.origin, "A".repeat(22));
    let foreign = [("sec-fetch-site", "cross-site")];
    let answer = browser.post_raw(&url, &foreign, "csrf=x&number=11").await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    is_hardened("a foreign page", &answer);
    let answer = browser.post_raw(&url, &[], "csrf=x&number=11").await;
    assert_eq!(answer.status, 404);
}

/// A request by form from a service's page is not a form of ours: it may come from anywhere, begins, and decides nothing.
#[tokio::test]
async fn messages_of_services_may_come_from_anywhere_and_decide_nothing() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-cross", "");
    let browser = super::signed_in(&platform, &RelyingParty::register(&platform, "rp-held")).await;
    let held = RelyingParty {
        client_id: "rp-held".to_owned(),
        redirect_uri: "https://rp-held.localhost:9/cb".to_owned(),
        origin: platform.origin.clone(),
    };
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(client.parameters())
        .finish();
    let from_there = [
        ("origin", "https://rp-cross.localhost:9"),
        ("sec-fetch-site", "cross-site"),
    ];
    let url = format!("{}/oidc/authorize", platform.origin);
    let begun = browser.post_raw(&url, &from_there, &body).await;
    assert_eq!(begun.status, 303, "{}", begun.body);
    let to = begun.header("location").unwrap().to_owned();
    assert!(!to.contains("code="), "{to}");
    // Logout by a service's form, without a hint: the person is asked.
    let url = format!("{}/oidc/logout", platform.origin);
    let asked = browser
        .post_raw(&url, &from_there, "client_id=rp-cross&state=x")
        .await;
    assert!(asked.status == 200 || asked.status == 303, "{}", asked.status);
    // And a confirmation that this service's page made up.
    let made_up = browser
        .post_raw(&url, &from_there, "client_id=rp-cross&confirmed=yes&csrf=x")
        .await;
    assert_eq!(made_up.status, 403);
    assert!(is_signed_in(&held, &browser).await);
}
