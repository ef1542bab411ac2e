//! What is no request, too large, too slow, or cut and changed anywhere.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Bank, DOCUMENT, Person, base64, platform, platform_with, read};

#[tokio::test]
async fn what_is_no_request_is_told_by_its_place_and_never_by_its_content() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    let message = base64(&Person::new(&platform).sign(DOCUMENT));
    let part = json!({"message": message});
    for body in [
        json!(null),
        json!([]),
        json!("secret-text"),
        json!({}),
        json!({"purpose": "mailing"}),
        json!({"purpose": "mailing", "cms": part, "raw": {"signature": "", "certificate": "", "algorithm": "RS256", "document": ""}}),
        json!({"purpose": "mailing", "cms": {"message": "secret-text!"}}),
        json!({"purpose": "mailing", "cms": {"message": message, "secret-text": 1}}),
        json!({"purpose": "mailing", "cms": part, "certainty": "secret-text"}),
        json!({"purpose": "mailing", "cms": part, "release": ["secret-text"]}),
        json!({"purpose": 5, "cms": part}),
        json!({"purpose": "mailing", "raw": {"signature": "", "certificate": "", "algorithm": "none", "document": ""}}),
        json!({"purpose": "mailing", "raw": {"signature": "", "certificate": "", "algorithm": "RS1", "document": ""}}),
    ] {
        let answer = bank.post("/v1/signatures/verify", body.clone()).await;
        answer.problem(400, "malformed");
        assert!(!answer.text.contains("secret-text"), "{}", answer.text);
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let twice =
        format!(r#"{{"purpose":"mailing","purpose":"account-opening","cms":{{"message":"{message}"}}}}"#);
    for text in [deep, twice, "{".to_owned(), "\u{0}".to_owned()] {
        let token = bank.token_with(&bank.assertion(|_| {})).await.good();
        let request = bank
            .client
            .post(format!("{}/v1/signatures/verify", bank.origin))
            .bearer_auth(token["access_token"].as_str().unwrap())
            .body(text);
        read(request).await.problem(400, "malformed");
    }
    for query in ["after=x", "after=-1", "limit=x", "other=1"] {
        bank.get(&format!("/v1/notices?{query}"))
            .await
            .problem(400, "malformed");
    }
    for query in ["month=x", "month=2026-1", "other=1"] {
        bank.get(&format!("/v1/usage?{query}"))
            .await
            .problem(400, "malformed");
    }
    for (kind, until, code) in [
        ("status_watch", "2020-01-01", "consent_expired"),
        ("status_watch", "2027-02-30", "consent_text_unknown"),
        ("status_watch", "tomorrow", "consent_text_unknown"),
        (
            "status_watch",
            "2027-01-01\nuntil: 2099-01-01",
            "consent_text_unknown",
        ),
    ] {
        let body = json!({"kind": kind, "purpose": "mailing", "until": until});
        bank.post("/v1/consent-texts", body).await.problem(422, code);
    }
    for path in [
        "/v1/evidence/x",
        "/v1/evidence/%2e%2e%2fverifier",
        "/v1/watches/%00",
        "/v1/four-items-consents/sw_%F0%9F%92%A9",
    ] {
        bank.send(Method::GET, path, None).await.problem(404, "unknown");
    }
}

#[tokio::test]
async fn documents_have_a_bound() {
    let platform = platform_with("max_document_bytes = 65536").await;
    let bank = Bank::new(&platform, "bank-a");
    let person = Person::new(&platform);
    let fits = vec![0x61; 65_536];
    assert_eq!(bank.verify(&person.sign(&fits)).await.good()["verdict"], "valid");
    let over = vec![0x61; 65_537];
    bank.verify(&person.sign(&over)).await.problem(413, "too_large");
    let raw = json!({"purpose": "mailing", "raw": {"signature": base64(&person.raw(&over)), "algorithm": "RS256",
        "certificate": base64(&person.signing.certificate.0), "document": base64(&over)}});
    bank.post("/v1/signatures/verify", raw)
        .await
        .problem(413, "too_large");
    let huge = json!({"purpose": "mailing", "cms": {"message": "A".repeat(2 * 1024 * 1024)}});
    bank.post("/v1/signatures/verify", huge)
        .await
        .problem(413, "too_large");
    let consent = json!({"message": "A".repeat(1024 * 1024)});
    bank.post("/v1/watches", consent.clone())
        .await
        .problem(413, "too_large");
    let nobody = bank
        .client
        .post(format!("{}/v1/withdrawals", bank.origin))
        .body(consent.to_string());
    read(nobody).await.problem(413, "too_large");
}

#[tokio::test]
async fn a_message_cut_or_changed_anywhere_is_answered_and_never_valid_for_another_document() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    let person = Person::new(&platform);
    let good = person.sign(DOCUMENT);
    let reference = bank.verify(&good).await.good();
    for place in (0..good.len()).step_by(41) {
        let cut = bank.verify(&good[..place]).await.good();
        assert_eq!(cut["verdict"], "invalid", "cut at {place}");
        let mut changed = good.clone();
        changed[place] ^= 0x41;
        let answer = bank.verify(&changed).await.good();
        if answer["verdict"] == "valid" {
            assert_eq!(answer["document"], reference["document"], "byte {place}");
        }
    }
    assert_eq!(
        bank.verify(&good).await.good()["verdict"],
        "valid",
        "and it still serves"
    );
}

/// A body that drips holds its connection for a bounded time, and nobody else waits.
#[tokio::test]
async fn slow_bodies_are_given_up() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    let token = bank.token_with(&bank.assertion(|_| {})).await.good();
    let token = token["access_token"].as_str().unwrap().to_owned();
    let port: u16 = bank.origin.rsplit(':').next().unwrap().parse().unwrap();
    let mut roots = rustls::RootCertStore::empty();
    let ca = <rustls::pki_types::CertificateDer<'_> as rustls::pki_types::pem::PemObject>::from_pem_slice(
        platform.ca_pem.as_bytes(),
    )
    .unwrap();
    roots.add(ca).unwrap();
    let config = rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let name = rustls::pki_types::ServerName::try_from("idp.localhost").unwrap();
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let mut stream = connector.connect(name, stream).await.unwrap();
    let head = format!(
        "POST /v1/signatures/verify HTTP/1.1\r\nhost: idp.localhost:{port}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: 100000\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let begun = Instant::now();
    let person = Person::new(&platform);
    bank.verify(&person.sign(DOCUMENT)).await.good();
    assert!(begun.elapsed() < Duration::from_secs(10), "nobody else waits");
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(40), stream.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "the connection is held for ever");
    assert!(
        begun.elapsed() > Duration::from_secs(5),
        "a slow but honest sender has some time"
    );
}
