//! An approved terminal for PIN-less use, as the tests play it: honest by default, and able to send anything.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use conformance_tests::{Browser, MachineClock, Page, Platform};
use domain::Clock as _;
use serde_json::{Value, json};
use sim::CardRequest;
use sim::card::{CardSigning, internal_authentication};
use sim::tls::SharedCard;

use crate::reader::{body, sign};

/// A terminal: a certificate and its key (a simulated chip that signs PSS), and its browser.
pub(crate) struct Terminal {
    /// Its name in the register.
    pub(crate) name: String,
    chip: SharedCard,
    /// The browser on its screen.
    pub(crate) browser: Browser,
    origin: String,
}

impl Terminal {
    /// Approved for services.
    pub(crate) fn approved(platform: &Platform, name: &str, services: &[&str]) -> Self {
        let terminal = Self::unknown(platform, name);
        let file = platform.path().join(format!("{name}.der"));
        std::fs::write(&file, terminal.chip.lock().unwrap().certificate()).unwrap();
        let mut words = vec!["terminal", "add", name, "--certificate", file.to_str().unwrap()];
        for service in services {
            words.extend(["--service", service]);
        }
        let added = platform.command(&words);
        assert!(
            added.status.success(),
            "{}",
            String::from_utf8_lossy(&added.stderr)
        );
        terminal
    }

    /// With a key of its own, and not in the register.
    pub(crate) fn unknown(platform: &Platform, name: &str) -> Self {
        let (_, chip) = platform.card(&CardRequest {
            signing: Some(CardSigning::Pss),
            ..CardRequest::default()
        });
        Self {
            name: name.to_owned(),
            chip,
            browser: platform.bare_browser(),
            origin: platform.origin.clone(),
        }
    }

    /// Claims signed with its key.
    pub(crate) fn signed(&self, claims: &Value) -> String {
        let header = json!({ "alg": "PS256", "typ": "gap-terminal-request+jwt" });
        let input = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let (_, signature) = sign(&self.chip, input.as_bytes());
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The usual claims for an address, with what is asked.
    pub(crate) fn claims(&self, path: &str, asked: &Value) -> Value {
        static COUNTER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let count = COUNTER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut claims = asked.clone();
        claims["iss"] = self.name.clone().into();
        claims["aud"] = format!("{}{path}", self.origin).into();
        claims["iat"] = MachineClock.now().seconds().into();
        claims["jti"] = format!("request-{count:016}").into();
        claims
    }

    pub(crate) async fn send(&self, path: &str, token: String) -> Page {
        let url = format!("{}{path}", self.origin);
        self.browser.post_body(&url, "application/jose", &[], token).await
    }

    pub(crate) async fn ask(&self, path: &str, asked: &Value) -> Page {
        self.send(path, self.signed(&self.claims(path, asked))).await
    }

    pub(crate) async fn present(&self, transaction: &str, card: &SharedCard) -> Page {
        let asked = json!({ "transaction": transaction, "certificate": STANDARD.encode(certificate(card)) });
        self.ask("/terminal/presences", &asked).await
    }

    pub(crate) async fn answer(&self, presented: &Page, card: &SharedCard, answer: &[u8]) -> Page {
        let asked = json!({
            "presence": body(presented)["presence"],
            "certificate": STANDARD.encode(certificate(card)),
            "answer": STANDARD.encode(answer),
        });
        self.ask("/terminal/answers", &asked).await
    }
}

/// A card's certificate.
pub(crate) fn certificate(card: &SharedCard) -> Vec<u8> {
    card.lock().unwrap().certificate().to_vec()
}

/// What a genuine card of somebody who was born on that day answers.
pub(crate) fn genuine_born(presented: &Page, card: &SharedCard, birth_date: &str) -> Vec<u8> {
    let challenge = body(presented)["challenge"]
        .as_str()
        .expect("a challenge")
        .to_owned();
    let challenge = URL_SAFE_NO_PAD.decode(challenge).unwrap();
    internal_authentication(&certificate(card), birth_date, &challenge)
}
