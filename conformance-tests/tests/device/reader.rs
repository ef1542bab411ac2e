//! A device with a card reader, as the tests play it: honest by default, and able to send anything.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use conformance_tests::{Browser, Page, Platform, PlatformOptions, RelyingParty};
use serde_json::{Value, json};
use sim::card::CardSigning;
use sim::keys::{Seed, sha256_digest_info};
use sim::tls::SharedCard;

/// A platform with the second front door open.
pub(crate) async fn platform() -> Platform {
    platform_with("").await
}

/// The same with further lines of `[device]`.
pub(crate) async fn platform_with(device: &str) -> Platform {
    Platform::start_with(PlatformOptions {
        more_config: format!("[device]\nenabled = true\n{device}"),
        ..PlatformOptions::default()
    })
    .await
}

/// What a device was given.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) attempt: String,
    pub(crate) secret: String,
    pub(crate) challenge: Vec<u8>,
    pub(crate) json: Value,
}

impl Given {
    pub(crate) fn of(page: &Page) -> Self {
        assert_eq!(page.status, 201, "{}", page.body);
        let json: Value = serde_json::from_str(&page.body).expect("JSON");
        let text = |name: &str| json[name].as_str().expect(name).to_owned();
        Self {
            attempt: text("attempt"),
            secret: text("device_secret"),
            challenge: URL_SAFE_NO_PAD.decode(text("challenge")).expect("base64url"),
            json,
        }
    }

    /// What the person is shown.
    pub(crate) fn shown(&self) -> &str {
        std::str::from_utf8(&self.challenge).expect("text")
    }

    /// One line of it.
    pub(crate) fn line(&self, name: &str) -> &str {
        self.shown()
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            .unwrap_or_else(|| panic!("no {name} in {}", self.shown()))
    }
}

/// A signature and how it was made, over octets of one's choice.
pub(crate) fn sign(card: &SharedCard, octets: &[u8]) -> (&'static str, Vec<u8>) {
    let mut card = card.lock().unwrap();
    let info = sha256_digest_info(octets);
    match card.signing() {
        CardSigning::Pkcs1 => ("rsa-pkcs1-sha256", card.sign_pkcs1v15("1234", &info).unwrap()),
        CardSigning::Pss => {
            let digest: [u8; 32] = info[19..].try_into().unwrap();
            let mut chance = Seed::from_text("salt").stream("pss");
            (
                "rsa-pss-sha256",
                card.sign_pss("1234", &digest, &mut chance).unwrap(),
            )
        }
        CardSigning::Ecdsa => ("ecdsa-p384-sha384", card.sign_ecdsa("1234", octets).unwrap()),
    }
}

/// The body that carries a proof.
pub(crate) fn proof(certificate: &[u8], algorithm: &str, signature: &[u8]) -> Value {
    json!({
        "certificate": STANDARD.encode(certificate),
        "algorithm": algorithm,
        "signature": STANDARD.encode(signature),
    })
}

/// The body of an honest proof.
pub(crate) fn honest(card: &SharedCard, given: &Given) -> Value {
    let (algorithm, signature) = sign(card, &given.challenge);
    proof(card.lock().unwrap().certificate(), algorithm, &signature)
}

/// Talks to the platform's interface for devices.
pub(crate) struct Api<'a> {
    pub(crate) browser: &'a Browser,
    pub(crate) origin: &'a str,
}

impl<'a> Api<'a> {
    pub(crate) fn new(platform: &'a Platform, browser: &'a Browser) -> Self {
        Self {
            browser,
            origin: &platform.origin,
        }
    }

    async fn post(&self, path: &str, secret: Option<&str>, body: &Value) -> Page {
        let bearer = format!("Bearer {}", secret.unwrap_or_default());
        let headers = [("authorization", bearer.as_str())];
        let headers = if secret.is_some() { &headers[..] } else { &[] };
        let url = format!("{}{path}", self.origin);
        self.browser
            .post_body(&url, "application/json", headers, body.to_string())
            .await
    }

    pub(crate) async fn begin(&self, transaction: &str) -> Page {
        let body = json!({ "transaction": transaction, "channel": "set-top-box" });
        self.post("/device/attempts", None, &body).await
    }

    pub(crate) async fn claim(&self, code: &str, channel: &str) -> Page {
        let body = json!({ "code": code, "channel": channel });
        self.post("/device/claims", None, &body).await
    }

    pub(crate) async fn prove(&self, given: &Given, proof: &Value) -> Page {
        let path = format!("/device/attempts/{}/proof", given.attempt);
        self.post(&path, Some(&given.secret), proof).await
    }

    pub(crate) async fn number(&self, given: &Given, number: Option<&str>) -> Page {
        let path = format!("/device/attempts/{}/number", given.attempt);
        self.post(&path, Some(&given.secret), &json!({ "number": number }))
            .await
    }

    pub(crate) async fn poll(&self, given: &Given) -> Page {
        let url = format!("{}/device/attempts/{}", self.origin, given.attempt);
        let bearer = format!("Bearer {}", given.secret);
        self.browser.get_raw(&url, &[("authorization", &bearer)]).await
    }
}

/// From a service's request to the name of its transaction.
pub(crate) async fn transaction(browser: &Browser, rp: &RelyingParty, more: &str) -> String {
    let page = browser.get(&rp.request(more)).await;
    page.url
        .path()
        .strip_prefix("/sign-in/")
        .unwrap_or_else(|| panic!("no sign-in at {}: {}", page.url, page.body))
        .to_owned()
}

/// JSON of an answer.
pub(crate) fn body(page: &Page) -> Value {
    serde_json::from_str(&page.body).unwrap_or_else(|_| panic!("no JSON: {} {}", page.status, page.body))
}

/// Checks problem details: status and code.
pub(crate) fn refused(page: &Page, status: u16, code: &str) {
    assert_eq!(page.status, status, "{}", page.body);
    assert_eq!(page.header("content-type"), Some("application/problem+json"));
    let json = body(page);
    assert_eq!(json["code"], code, "{json}");
    assert_eq!(json["status"], status);
    assert_eq!(json["type"], format!("urn:jp:go:gap:problem:{code}"));
}
