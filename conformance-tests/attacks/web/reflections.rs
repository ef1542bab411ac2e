//! Markup and line ends in everything that is shown or sent on again: cross-site scripting (CWE-79), response splitting (CWE-113), parameter
//! pollution (RFC 6749 section 3.1: none twice; CWE-235). One table over all pages.

use conformance_tests::{Browser, Page, Platform, RelyingParty, SamlService};

use super::{is_hardened, is_inert, signed_in};

/// What must stay text.
const PAYLOADS: &[&str] = &[
    "\"><script>alert(1)</script>",
    "'><svg onload=alert(1)>",
    "</title></textarea><iframe src=javascript:alert(1)>",
    "\" autofocus onfocus=\"alert(1)",
    "javascript:alert(1)//",
    "data:text/html,<script>alert(1)</script>",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "a\r\nSet-Cookie: evil=1\r\n\r\n<script>alert(1)</script>",
    "a\u{2028}\u{ff1c}script\u{ff1e}\u{202e}<b>",
    "%3Cscript%3Ealert(1)%3C/script%3E",
];

/// Every address that reads words of whoever made it, `{}` where they stand.
const PLACES: &[&str] = &[
    "/?x={}",
    "/nowhere/{}",
    "/assets/{}",
    "/language?to={}",
    "/language?to=en&next={}",
    "/language?to=en&next=/{}",
    "/account?done={}",
    "/account/close?x={}",
    "/enrolment?done={}",
    "/enrolment?sign_in={}",
    "/enrolment?waiting={}",
    "/activate?user_code={}",
    "/activate/done/{}",
    "/card/return?t={}",
    "/sign-in/{}",
    "/sign-in/{}/refused/{}",
    "/sign-in/{}/device/{}",
    "/device/number/{}?t={}",
    "/logout/{}",
    "/logout/{}/next",
    "/logout/{}/done",
    "/saml/slo/form/{}",
    "/saml/error?code={}&ts={}&rp={}&tid={}&ctx={}",
    "/saml/error?code=IDENTIFICATION_FAILURE&tid={}",
    "/saml/error?code=AUTHORIZATION_FAILURE&rp={}&ctx={}",
    "/saml/unsolicited?service={}&target={}",
    "/saml/sso?SAMLRequest={}&RelayState={}&SigAlg={}&Signature={}",
    "/saml/slo?SAMLRequest={}&RelayState={}",
    "/saml/slo?SAMLResponse={}&RelayState={}",
    "/oidc/logout?state={}",
    "/oidc/logout?client_id=rp-xss&state={}",
    "/oidc/logout?client_id={}",
    "/oidc/logout?client_id=rp-xss&post_logout_redirect_uri={}",
    "/oidc/logout?id_token_hint={}",
    "/oidc/logout?logout_hint={}&ui_locales={}",
    "/oidc/authorize?client_id={}",
    "/oidc/authorize?client_id=rp-xss&redirect_uri={}",
    "/oidc/authorize?client_id=rp-xss&request={}",
    "/oidc/authorize?client_id=rp-xss&request_uri={}",
    "/oidc/authorize?{}={}",
];

/// Every parameter of an authorization request.
pub(crate) const PARAMETERS: &[&str] = &[
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "display",
    "prompt",
    "max_age",
    "ui_locales",
    "claims_locales",
    "id_token_hint",
    "login_hint",
    "acr_values",
    "claims",
    "registration",
    "request",
    "request_uri",
    "resource",
    "authorization_details",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
    "error",
    "error_description",
];

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

fn is_text(what: &str, page: &Page) {
    is_hardened(what, page);
    is_inert(what, page);
    for cookie in page.headers.get_all("set-cookie") {
        assert!(
            !cookie.to_str().unwrap().starts_with("evil"),
            "{what}: a cookie of the attacker's"
        );
    }
    if let Some(location) = page.header("location") {
        let is_local = location.starts_with('/') && !location.starts_with("//");
        let is_registered = ["https://rp-", "https://sp-"]
            .iter()
            .any(|known| location.starts_with(known));
        assert!(is_local || is_registered, "{what}: {location}");
    }
}

async fn look(browser: &Browser, what: &str, url: &str) {
    is_text(what, &browser.get_one(url).await);
}

#[tokio::test]
async fn words_in_an_address_stay_words() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-xss");
    let browser = signed_in(&platform, &rp).await;
    for payload in PAYLOADS {
        let words = encoded(payload);
        for place in PLACES {
            let url = format!("{}{}", platform.origin, place.replace("{}", &words));
            look(&browser, &format!("{place} with {payload:?}"), &url).await;
        }
        for name in PARAMETERS {
            let what = format!("{name}={payload:?}");
            let without: Vec<(String, String)> = url::Url::parse(&rp.request(""))
                .unwrap()
                .query_pairs()
                .into_owned()
                .filter(|(known, _)| known != name)
                .collect();
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(without)
                .finish();
            let url = format!("{}/oidc/authorize?{query}&{name}={words}", platform.origin);
            look(&browser, &what, &url).await;
            // Told by a page that carries the error in a form.
            look(
                &browser,
                &what,
                &format!("{url}&response_mode=form_post&prompt=nonsense"),
            )
            .await;
        }
        // What is typed into a form and shown again.
        let form = browser
            .get(&format!("{}/activate", platform.origin))
            .await
            .form("/activate");
        let page = browser.submit_one(&form.with("user_code", payload)).await;
        is_text(&format!("user_code {payload:?}"), &page);
    }
}

#[tokio::test]
async fn a_state_comes_back_as_it_was_and_splits_nothing() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-state");
    let browser = signed_in(&platform, &rp).await;
    for payload in PAYLOADS {
        let request = rp
            .request("&prompt=none")
            .replace("state=st-1", &format!("state={}", encoded(payload)));
        let reply = browser.get_until(&request, &rp.redirect_uri).await;
        let (state, code) = (reply.query("state"), reply.query("code"));
        if reply.query("error").is_some() {
            assert!(code.is_none(), "{payload:?}: refused and answered");
        } else {
            assert_eq!(state.as_deref(), Some(*payload));
        }
        let names: Vec<String> = reply
            .url
            .query_pairs()
            .map(|(name, _)| name.into_owned())
            .collect();
        let mut unique = names.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), names.len(), "{names:?}");
        // The same as a form of a page.
        let page = browser
            .get_one(&format!("{request}&response_mode=form_post"))
            .await;
        is_text(&format!("form_post {payload:?}"), &page);
    }
    assert!(!browser.everything_seen().contains("\nset-cookie: evil"));
}

#[tokio::test]
async fn a_relay_state_and_a_services_name_stay_text() {
    let platform = Platform::start().await;
    let service = SamlService::register(&platform, "sp-xss", "");
    let browser = platform.browser_with_new_card();
    let mut page = browser.get(&service.request("_first")).await;
    page = browser.submit(&page.form("/card")).await;
    let _ = service.reply(&browser, page).await;
    for (number, payload) in PAYLOADS.iter().enumerate() {
        if payload.len() > 80 {
            continue;
        }
        let request = service.request(&format!("_r{number}"));
        let page = browser
            .get(&format!("{request}&RelayState={}", encoded(payload)))
            .await;
        let what = format!("RelayState {payload:?}");
        is_text(&what, &page);
        if let Some(form) = page
            .forms()
            .into_iter()
            .find(|form| form.field("SAMLResponse").is_some())
        {
            let brought = form.field("RelayState").unwrap().replace("\r\n", "\n");
            assert_eq!(brought, payload.replace("\r\n", "\n"), "{what}");
        }
    }
    // A name with markup in it, on every page that names the service.
    let name = "<script>alert(1)</script>\\\" onclick=\\\"alert(1)";
    platform.register(&format!(
        r#"
        kind = "sp"
        name = {{ ja = "{name}", en = "{name}" }}
        released_attributes = ["assurance_level"]
        [oidc]
        client_id = "rp-marked"
        redirect_uris = ["https://rp-marked.localhost:9/cb"]
        authentication = {{ method = "none" }}
        "#
    ));
    let rp = RelyingParty {
        client_id: "rp-marked".to_owned(),
        redirect_uri: "https://rp-marked.localhost:9/cb".to_owned(),
        origin: platform.origin.clone(),
    };
    let browser = platform.browser_with_new_card();
    let sign_in = browser.get(&rp.request("")).await;
    assert!(sign_in.body.contains("alert(1)"), "the name is shown");
    is_text("sign-in", &sign_in);
    let consent = browser.submit(&sign_in.form("/card")).await;
    is_text("consent", &consent);
    let no_more = browser
        .submit_one(&consent.form("/consent").with("decision", "decline"))
        .await;
    is_text("after a no", &no_more);
    let logout = browser
        .get(&format!("{}/oidc/logout?client_id=rp-marked", platform.origin))
        .await;
    is_text("logout", &logout);
}

#[tokio::test]
async fn no_parameter_counts_twice() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-twice");
    let browser = signed_in(&platform, &rp).await;
    let good = rp.request("&prompt=none");
    assert!(
        browser
            .get_until(&good, &rp.redirect_uri)
            .await
            .query("code")
            .is_some()
    );
    for (name, value) in url::Url::parse(&good).unwrap().query_pairs().into_owned() {
        // Before and after the first, the same value and another, plain and encoded.
        let twisted = format!("%{:02x}{}", name.as_bytes()[0], &name[1..]);
        for name in [name.as_str(), twisted.as_str()] {
            for second in [value.as_str(), "x"] {
                let pair = format!("{name}={}", encoded(second));
                let after = format!("{good}&{pair}");
                let before = good.replacen('?', &format!("?{pair}&"), 1);
                for url in [after, before] {
                    let answer = browser.get_until(&url, &rp.redirect_uri).await;
                    assert!(answer.query("code").is_none(), "{url}");
                    let is_told = answer.query("error").as_deref() == Some("invalid_request");
                    assert!(is_told || answer.status == 400, "{url} gave {}", answer.url);
                }
            }
        }
    }
    // At the token endpoint likewise, and half in the address.
    let code = rp.code(&browser, "&prompt=none").await;
    let body = rp.token_request(&code);
    let token = format!("{}/oidc/token", platform.origin);
    for name in ["grant_type", "client_id", "code", "redirect_uri", "code_verifier"] {
        let twice = format!("{body}&{name}=x");
        let answer = browser.post_raw(&token, &[], &twice).await;
        assert!(
            answer.status == 400 && answer.body.contains("invalid_request"),
            "{name}: {}",
            answer.body
        );
    }
    let in_address = browser.post_raw(&format!("{token}?{body}"), &[], "").await;
    assert_eq!(in_address.status, 400, "{}", in_address.body);
}
