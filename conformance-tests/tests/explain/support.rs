//! A developer of a service, who has the service's credentials and a reference.

use std::time::{Duration, Instant};

use conformance_tests::{Browser, MachineClock, Page, SigningClient, random_name};
use domain::Clock as _;
use serde_json::{Value, json};

pub(crate) const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Within seconds, the issue says; here it is two.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) struct Developer {
    pub(crate) origin: String,
    pub(crate) browser: Browser,
    token: String,
}

/// Asks for a token with a client assertion.
pub(crate) async fn ask_for_token(browser: &Browser, origin: &str, assertion: &str) -> Page {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_assertion_type", JWT_BEARER)
        .append_pair("client_assertion", assertion)
        .finish();
    browser
        .post_raw(&format!("{origin}/v1/exchanges/token"), &[], &body)
        .await
}

impl Developer {
    pub(crate) async fn of(client: &SigningClient, browser: &Browser) -> Self {
        Self::with(browser, &client.rp.origin, &client.assertion()).await
    }

    pub(crate) async fn with(browser: &Browser, origin: &str, assertion: &str) -> Self {
        let page = ask_for_token(browser, origin, assertion).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let json: Value = serde_json::from_str(&page.body).unwrap();
        assert_eq!(json["token_type"], "Bearer");
        Self::holding(browser, origin, json["access_token"].as_str().unwrap())
    }

    /// Whoever has this token.
    pub(crate) fn holding(browser: &Browser, origin: &str, token: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            browser: browser.clone(),
            token: token.to_owned(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        let bearer = format!("Bearer {}", self.token);
        self.browser
            .get_raw(
                &format!("{}/v1/exchanges{path}", self.origin),
                &[("authorization", &bearer)],
            )
            .await
    }

    /// What was wrong, within two seconds.
    pub(crate) async fn explain(&self, reference: &str) -> Value {
        let begun = Instant::now();
        loop {
            let page = self.get(&format!("/{reference}")).await;
            if page.status == 200 {
                return serde_json::from_str(&page.body).unwrap();
            }
            assert_eq!(page.status, 404, "{}", page.body);
            assert!(begun.elapsed() < PATIENCE, "nothing behind {reference}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn list(&self) -> Vec<Value> {
        let page = self.get("").await;
        assert_eq!(page.status, 200, "{}", page.body);
        let json: Value = serde_json::from_str(&page.body).unwrap();
        json["exchanges"].as_array().unwrap().clone()
    }
}

/// The reference in the header of an answer to a program.
pub(crate) fn told(page: &Page) -> String {
    page.header("exchange-reference")
        .unwrap_or_else(|| panic!("no reference with {}: {}", page.status, page.body))
        .to_owned()
}

/// The reference in a sentence for developers.
pub(crate) fn in_sentence(text: &str) -> String {
    let rest = text.split("(reference ").nth(1);
    let reference = rest.and_then(|rest| rest.split(')').next());
    reference
        .unwrap_or_else(|| panic!("no reference in {text}"))
        .to_owned()
}

/// The rule that refused, and its facts.
pub(crate) fn refused(explained: &Value) -> (String, Value) {
    let rules = explained["rules"].as_array().unwrap();
    let mut refused = rules.iter().filter(|rule| rule["verdict"] == "refused");
    let rule = refused
        .next()
        .unwrap_or_else(|| panic!("nothing refused in {explained}"));
    assert!(refused.next().is_none(), "{explained}");
    assert!(rule["cites"].as_str().is_some_and(|cites| !cites.is_empty()));
    let facts = rule["facts"].as_array().cloned().unwrap_or_default();
    let named = facts
        .into_iter()
        .map(|fact| (fact["name"].as_str().unwrap().to_owned(), fact["value"].clone()))
        .collect::<serde_json::Map<_, _>>();
    (rule["rule"].as_str().unwrap().to_owned(), Value::Object(named))
}

/// Nothing of these stands in an explanation.
pub(crate) fn keeps_silent(explained: &Value, secrets: &[&str]) {
    let text = explained.to_string();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

/// Claims of a client assertion, one of them otherwise.
pub(crate) fn claims(client: &SigningClient, name: &str, value: Value) -> Value {
    let now = MachineClock.now().seconds();
    let mut claims = json!({
        "iss": client.rp.client_id, "sub": client.rp.client_id, "aud": client.rp.origin,
        "iat": now, "exp": now + 60, "jti": random_name(),
    });
    if !name.is_empty() {
        claims[name] = value;
    }
    claims
}

/// A form of this client's to an endpoint, authenticated by this assertion.
pub(crate) async fn post(
    client: &SigningClient,
    browser: &Browser,
    endpoint: &str,
    headers: &[(&str, &str)],
    (assertion, fields): (&str, &[(&str, &str)]),
) -> Page {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("client_assertion_type", JWT_BEARER)
        .append_pair("client_assertion", assertion)
        .extend_pairs(fields)
        .finish();
    browser
        .post_raw(&format!("{}/oidc/{endpoint}", client.rp.origin), headers, &body)
        .await
}
