//! What no device should send: each with its own answer, counted, and none of it signs anybody in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use conformance_tests::{Browser, Platform, RelyingParty};
use serde_json::{Value, json};
use sim::CardRequest;
use sim::card::CardSigning;
use sim::fault::Fault;
use sim::keys::sha256_digest_info;
use sim::tls::SharedCard;

use crate::reader::{Api, Given, honest, platform, platform_with, proof, refused, sign, transaction};

/// A fresh try of a fresh browser.
async fn given(platform: &Platform, rp: &RelyingParty) -> (Browser, Given) {
    let browser = platform.bare_browser();
    let name = transaction(&browser, rp, "").await;
    let given = Given::of(&Api::new(platform, &browser).begin(&name).await);
    (browser, given)
}

fn certificate(card: &SharedCard) -> Vec<u8> {
    card.lock().unwrap().certificate().to_vec()
}

type Forge<'a> = (&'a str, &'a str, Box<dyn Fn(&Given) -> Value + 'a>);

/// A card, and what can be made with it.
struct Forger {
    card: SharedCard,
    der: Vec<u8>,
}

impl Forger {
    fn new(platform: &Platform) -> Self {
        let (_, card) = platform.card(&CardRequest::default());
        let der = certificate(&card);
        Self { card, der }
    }

    /// A proper signature over octets of one's choice.
    fn over(&self, octets: &[u8]) -> Value {
        let (algorithm, signature) = sign(&self.card, octets);
        proof(&self.der, algorithm, &signature)
    }

    /// What the card pads and signs without hashing.
    fn raw(&self, block: &[u8]) -> Value {
        let signature = self.card.lock().unwrap().sign_pkcs1v15("1234", block).unwrap();
        self.pkcs1(&signature)
    }

    fn pkcs1(&self, signature: &[u8]) -> Value {
        proof(&self.der, "rsa-pkcs1-sha256", signature)
    }
}

/// Each row with a fresh try: refused with its code, and nobody is signed in.
async fn none_proves_anything(platform: &Platform, rp: &RelyingParty, rows: Vec<Forge<'_>>) {
    for (what, code, forge) in rows {
        let (browser, fresh) = given(platform, rp).await;
        let api = Api::new(platform, &browser);
        let answer = api.prove(&fresh, &forge(&fresh)).await;
        assert_eq!(answer.status, 422, "{what}: {}", answer.body);
        refused(&answer, 422, code);
        assert!(!browser.everything_seen().contains("__Host-session"), "{what}");
    }
}

#[tokio::test]
async fn a_signature_over_anything_else_proves_nothing() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-forged", "2");
    let forger = Forger::new(&platform);
    let (_, foreign) = given(&platform, &rp).await;
    let over = |octets: &[u8]| forger.over(octets);
    let rows: Vec<Forge<'_>> = vec![
        (
            "another challenge",
            "signature",
            Box::new(|_| over(&foreign.challenge)),
        ),
        (
            "the challenge without its last line",
            "signature",
            Box::new(|g| over(g.shown().rsplit_once("expires").unwrap().0.as_bytes())),
        ),
        (
            "another origin",
            "signature",
            Box::new(|g| {
                over(
                    g.shown()
                        .replace(g.line("origin"), "https://idp.evil.example")
                        .as_bytes(),
                )
            }),
        ),
        (
            "another service",
            "signature",
            Box::new(|g| over(g.shown().replace(g.line("service-en"), "Lottery").as_bytes())),
        ),
        (
            "another nonce",
            "signature",
            Box::new(|g| over(g.shown().replace(g.line("nonce"), &"A".repeat(43)).as_bytes())),
        ),
        ("nothing at all", "signature", Box::new(|_| over(b""))),
        (
            "the digest of the challenge, hashed once more",
            "signature",
            Box::new(|g| over(&sha256_digest_info(&g.challenge)[19..])),
        ),
        (
            "the digest without its DigestInfo",
            "signature",
            Box::new(|g| forger.raw(&sha256_digest_info(&g.challenge)[19..])),
        ),
        (
            "the challenge itself, padded and not hashed",
            "signature",
            Box::new(|g| forger.raw(&g.challenge[..200])),
        ),
        (
            "a DigestInfo without NULL",
            "signature",
            Box::new(|g| {
                let info = sha256_digest_info(&g.challenge);
                let mut bare = vec![0x30, 0x2f, 0x30, 0x0b];
                bare.extend_from_slice(&info[4..15]);
                bare.extend_from_slice(&info[17..]);
                forger.raw(&bare)
            }),
        ),
    ];
    none_proves_anything(&platform, &rp, rows).await;
    let counted = platform
        .metric("device_requests_refused_total{code=\"signature\"}")
        .await;
    assert!(counted.unwrap_or_default() >= 10.0, "{counted:?}");
}

#[tokio::test]
async fn another_key_another_algorithm_and_no_certificate_prove_nothing() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-keys", "2");
    let forger = Forger::new(&platform);
    let (_, other) = platform.card(&CardRequest::default());
    let (_, next) = platform.card(&CardRequest {
        algorithm: sim::keys::KeyAlgorithm::P384,
        signing: Some(CardSigning::Ecdsa),
        ..CardRequest::default()
    });
    let by = |card: &SharedCard, algorithm: &str, g: &Given| {
        let (_, signature) = sign(card, &g.challenge);
        proof(&forger.der, algorithm, &signature)
    };
    let blank = |certificate: &[u8]| proof(certificate, "rsa-pkcs1-sha256", &[1; 256]);
    let rows: Vec<Forge<'_>> = vec![
        (
            "a signature of another card",
            "signature",
            Box::new(|g| by(&other, "rsa-pkcs1-sha256", g)),
        ),
        (
            "a stolen certificate with the thief's own kind of key",
            "algorithm",
            Box::new(|g| by(&next, "ecdsa-p384-sha384", g)),
        ),
        (
            "PKCS#1 called PSS",
            "signature",
            Box::new(|g| by(&forger.card, "rsa-pss-sha256", g)),
        ),
        (
            "an algorithm of nobody",
            "algorithm",
            Box::new(|g| by(&forger.card, "none", g)),
        ),
        (
            "only the certificate: it can be read without a PIN",
            "signature",
            Box::new(|_| forger.pkcs1(b"")),
        ),
        (
            "a signature of 2 KiB",
            "signature_form",
            Box::new(|_| forger.pkcs1(&[1; 2048])),
        ),
        ("no certificate", "certificate", Box::new(|_| blank(b""))),
        (
            "half a certificate",
            "certificate",
            Box::new(|_| blank(&forger.der[..forger.der.len() / 4])),
        ),
        (
            "a certificate of 9 KiB",
            "certificate",
            Box::new(|_| blank(&[0x30; 9000])),
        ),
        (
            "lengths that lie",
            "certificate",
            Box::new(|_| blank(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x30])),
        ),
    ];
    none_proves_anything(&platform, &rp, rows).await;
}

#[tokio::test]
async fn three_wrong_signatures_end_the_try() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-guess", "2");
    let (_, card) = platform.card(&CardRequest::default());
    let (browser, fresh) = given(&platform, &rp).await;
    let api = Api::new(&platform, &browser);
    let wrong = proof(&certificate(&card), "rsa-pkcs1-sha256", &[1; 256]);
    refused(&api.prove(&fresh, &wrong).await, 422, "signature");
    refused(&api.prove(&fresh, &wrong).await, 422, "signature");
    let last = api.prove(&fresh, &wrong).await;
    refused(&last, 403, "device_signature");
    refused(
        &api.prove(&fresh, &honest(&card, &fresh)).await,
        403,
        "device_signature",
    );
    refused(&api.poll(&fresh).await, 403, "device_signature");
}

#[tokio::test]
async fn certificates_that_may_not_sign_in_are_refused_as_at_the_door() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-rules", "2");
    for (fault, status, code) in [
        (Fault::Expired, 403, "expired"),
        (Fault::NotYetValid, 403, "not_yet_valid"),
        (Fault::ForeignAuthority, 403, "unknown_ca"),
        (Fault::SigningCertificate, 403, "signing_certificate"),
        (Fault::WrongPolicy, 403, "unknown_policy"),
    ] {
        let (_, card) = platform.card(&CardRequest::with_fault(fault));
        let (browser, fresh) = given(&platform, &rp).await;
        let api = Api::new(&platform, &browser);
        let answer = api.prove(&fresh, &honest(&card, &fresh)).await;
        refused(&answer, status, code);
        let reference = crate::reader::body(&answer)["reference"]
            .as_str()
            .unwrap()
            .to_owned();
        let explained = platform.explain(&reference).await;
        let text = explained.to_string();
        assert!(
            text.contains("possession_was_proven") && text.contains(code),
            "{text}"
        );
        // Over is over.
        refused(&api.prove(&fresh, &honest(&card, &fresh)).await, status, code);
    }
    let (id, card) = platform.card(&CardRequest::default());
    platform
        .simulation
        .lock()
        .unwrap()
        .revoke(&id, sim::crl::RevocationReason::KeyCompromise, now())
        .unwrap();
    platform.publish_list_and_wait().await;
    let (browser, fresh) = given(&platform, &rp).await;
    let answer = Api::new(&platform, &browser)
        .prove(&fresh, &honest(&card, &fresh))
        .await;
    refused(&answer, 403, "revoked");
}

fn now() -> domain::Timestamp {
    use domain::Clock as _;
    conformance_tests::MachineClock.now()
}

#[tokio::test]
async fn a_challenge_works_once_and_not_for_long() {
    let platform = platform_with("challenge_seconds = 10").await;
    let rp = RelyingParty::register_at(&platform, "rp-once", "2");
    let (_, card) = platform.card(&CardRequest::default());
    let (browser, fresh) = given(&platform, &rp).await;
    let (late_browser, late) = given(&platform, &rp).await;
    let api = Api::new(&platform, &browser);
    let body = honest(&card, &fresh);
    // At once, three times: one wins.
    let (a, b, c) = tokio::join!(
        api.prove(&fresh, &body),
        api.prove(&fresh, &body),
        api.prove(&fresh, &body)
    );
    let won = [&a, &b, &c]
        .into_iter()
        .filter(|answer| answer.status == 200)
        .count();
    assert_eq!(won, 1, "{} {} {}", a.body, b.body, c.body);
    refused(&api.prove(&fresh, &body).await, 409, "device_challenge_used");
    // A proof for one try is none for another, whatever its secret.
    let (other_browser, other) = given(&platform, &rp).await;
    refused(
        &Api::new(&platform, &other_browser).prove(&other, &body).await,
        422,
        "signature",
    );
    let expires = domain::Timestamp::parse_rfc3339(late.line("expires")).unwrap();
    while now() <= expires {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let late_api = Api::new(&platform, &late_browser);
    refused(
        &late_api.prove(&late, &honest(&card, &late)).await,
        410,
        "device_too_late",
    );
    refused(&late_api.poll(&late).await, 410, "device_too_late");
}

#[tokio::test]
async fn the_interface_takes_small_json_and_nothing_else() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-json", "2");
    let (browser, fresh) = given(&platform, &rp).await;
    let url = format!("{}/device/attempts/{}/proof", platform.origin, fresh.attempt);
    let bearer = format!("Bearer {}", fresh.secret);
    let headers = [("authorization", bearer.as_str())];
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "",
    ] {
        let answer = browser.post_body(&url, kind, &headers, "{}").await;
        refused(&answer, 415, "content_type");
    }
    for text in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "{\"certificate\":1}",
        "\u{0}",
        "{\"a\":{\"a\":{\"a\":{}}}}",
        "{\"certificate\":\"\",\"algorithm\":\"\",\"signature\":\"\",\"digest\":\"00\"}",
    ] {
        let answer = browser.post_body(&url, "application/json", &headers, text).await;
        refused(&answer, 400, "malformed_body");
    }
    let deep = "[".repeat(10_000);
    refused(
        &browser.post_body(&url, "application/json", &headers, deep).await,
        400,
        "malformed_body",
    );
    let large = vec![b' '; 17 * 1024];
    refused(
        &browser.post_body(&url, "application/json", &headers, large).await,
        413,
        "too_large",
    );
    for bad in [
        "",
        "Bearer x",
        "Basic eDp5",
        &format!("Bearer {}", "A".repeat(43)),
    ] {
        let answer = browser
            .post_body(&url, "application/json", &[("authorization", bad)], "{}")
            .await;
        refused(&answer, 401, "unknown_attempt");
    }
    for id in ["att_00000000000000000000000000000000", "x", &"a".repeat(4000)] {
        let url = format!("{}/device/attempts/{id}/proof", platform.origin);
        let answer = browser.post_body(&url, "application/json", &headers, "{}").await;
        refused(&answer, 401, "unknown_attempt");
    }
    let base64 = json!({ "certificate": "*", "algorithm": "rsa-pkcs1-sha256", "signature": STANDARD.encode([1; 256]) });
    let answer = Api::new(&platform, &browser).prove(&fresh, &base64).await;
    refused(&answer, 422, "certificate");
}

/// Ten megabytes, told beforehand or dripped without a length: refused long before they are read.
#[tokio::test]
async fn ten_megabytes_are_not_read() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-large", "2");
    let (browser, fresh) = given(&platform, &rp).await;
    let bearer = format!("Bearer {}", fresh.secret);
    for path in [
        "/device/attempts".to_owned(),
        "/device/claims".to_owned(),
        format!("/device/attempts/{}/proof", fresh.attempt),
        format!("/device/attempts/{}/number", fresh.attempt),
    ] {
        let url = format!("{}{path}", platform.origin);
        let body = vec![b'a'; 10 * 1024 * 1024];
        let headers = [("authorization", bearer.as_str())];
        let answer = browser
            .try_post_body(&url, "application/json", &headers, body)
            .await;
        // The connection may be closed while we still write: that is a refusal too.
        if let Ok(answer) = answer {
            refused(&answer, 413, "too_large");
        }
    }
    assert_eq!(
        Api::new(&platform, &browser).poll(&fresh).await.status,
        200,
        "it still serves"
    );
}

#[tokio::test]
async fn tries_are_counted_and_codes_and_secrets_cannot_be_guessed_at_will() {
    let mut platform = Platform::prepare(conformance_tests::PlatformOptions {
        more_config: "[device]\nenabled = true\n[session]\nattempts = 3".to_owned(),
        ..conformance_tests::PlatformOptions::default()
    })
    .await;
    let file = platform.path().join("idp-server.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        text.replace("begin_per_minute = 1000000", "begin_per_minute = 40"),
    )
    .unwrap();
    platform.run().await;
    let rp = RelyingParty::register_at(&platform, "rp-count", "2");
    let browser = platform.bare_browser();
    let api = Api::new(&platform, &browser);
    let name = transaction(&browser, &rp, "").await;
    for _ in 0..3 {
        Given::of(&api.begin(&name).await);
    }
    refused(&api.begin(&name).await, 429, "too_many_attempts");
    let mut busy = 0;
    for guess in 0..60 {
        let code = format!(
            "BCDF-GH{}{}",
            ['J', 'K', 'L'][guess % 3],
            ['M', 'N', 'P'][guess / 20]
        );
        let answer = api.claim(&code, "phone").await;
        if answer.status == 503 {
            refused(&answer, 503, "busy");
            busy += 1;
        } else {
            refused(&answer, 404, "device_code_unknown");
        }
    }
    assert!(busy > 10, "{busy} of 60 guesses were turned away");
}
