//! Who may ask what: credentials, standing, purposes, limits, other people's evidence.

use std::time::Duration;

use conformance_tests::MachineClock;
use domain::Clock as _;
use reqwest::Method;
use serde_json::json;

use crate::support::{Bank, DOCUMENT, Person, base64, client, eventually, platform, platform_changed, read};

#[tokio::test]
async fn assertions_are_for_us_fresh_and_used_once() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    let good = bank.assertion(|_| {});
    assert_eq!(bank.token_with(&good).await.status, 200);
    let again = bank.token_with(&good).await;
    assert_eq!(again.status, 401, "a replayed assertion: {}", again.text);
    let other = Bank::new(&platform, "bank-b");
    let now = MachineClock.now().seconds();
    for (name, assertion) in [
        (
            "for the issuer elsewhere",
            bank.assertion(|claims| claims["aud"] = "https://other.example".into()),
        ),
        (
            "for another address of ours",
            bank.assertion(|claims| claims["aud"] = format!("{}/oidc/token", bank.origin).into()),
        ),
        (
            "expired",
            bank.assertion(|claims| claims["exp"] = (now - 600).into()),
        ),
        (
            "too long",
            bank.assertion(|claims| claims["exp"] = (now + 86_400).into()),
        ),
        (
            "without end",
            bank.assertion(|claims| {
                claims.as_object_mut().unwrap().remove("exp");
            }),
        ),
        (
            "without jti",
            bank.assertion(|claims| {
                claims.as_object_mut().unwrap().remove("jti");
            }),
        ),
        (
            "in another's name",
            bank.assertion(|claims| {
                claims["iss"] = "bank-b".into();
                claims["sub"] = "bank-b".into();
            }),
        ),
        (
            "in nobody's name",
            bank.assertion(|claims| {
                claims["iss"] = "bank-z".into();
                claims["sub"] = "bank-z".into();
            }),
        ),
        (
            "signed by another",
            other.assertion(|claims| {
                claims["iss"] = "bank-a".into();
                claims["sub"] = "bank-a".into();
            }),
        ),
        ("nonsense", "a.b.c".to_owned()),
    ] {
        let answer = bank.token_with(&assertion).await;
        assert!(
            answer.status.as_u16() == 401 || answer.status.as_u16() == 400,
            "{name}: {}",
            answer.text
        );
        assert!(!answer.text.contains("access_token"), "{name}");
    }
    // A service's client credentials are none here, and a verifier's none there.
    let at_oidc = read(
        bank.client
            .post(format!("{}/oidc/token", bank.origin))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={}", bank.assertion(|_| {}))),
    )
    .await;
    assert_eq!(at_oidc.status, 401, "{}", at_oidc.text);
}

#[tokio::test]
async fn without_a_token_nothing_is_told() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    let client = client(&platform);
    for (method, path) in [
        (Method::POST, "/v1/signatures/verify"),
        (Method::GET, "/v1/evidence/ev_1"),
        (Method::POST, "/v1/consent-texts"),
        (Method::POST, "/v1/watches"),
        (Method::GET, "/v1/watches/sw_1"),
        (Method::DELETE, "/v1/watches/sw_1"),
        (Method::GET, "/v1/watches/sw_1/state"),
        (Method::GET, "/v1/notices"),
        (Method::POST, "/v1/four-items-consents"),
        (Method::GET, "/v1/four-items-consents/li_1"),
        (Method::DELETE, "/v1/four-items-consents/li_1"),
        (Method::POST, "/v1/four-items-consents/li_1/latest"),
        (Method::GET, "/v1/usage"),
    ] {
        let url = format!("{}{path}", bank.origin);
        for token in [None, Some("x".to_owned()), Some("A".repeat(43))] {
            let mut request = client.request(method.clone(), &url);
            if let Some(token) = &token {
                request = request.bearer_auth(token);
            }
            read(request).await.problem(401, "unauthenticated");
        }
    }
    let missing = read(client.get(format!("{}/v1/nothing", bank.origin))).await;
    missing.problem(404, "unknown");
    let method = read(client.delete(format!("{}/v1/notices", bank.origin))).await;
    method.problem(405, "wrong_method");
}

#[tokio::test]
async fn suspension_removal_and_the_end_of_accreditation_count_at_once() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    let person = Person::new(&platform);
    let message = person.sign(DOCUMENT);
    bank.verify(&message).await.good();
    let act = |arguments: &[&str]| {
        let done = platform.command(arguments);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    act(&["verifier", "suspend", "bank-a", "--reason", "test"]);
    bank.verify(&message).await.problem(403, "verifier_suspended");
    let refused = bank.token_with(&bank.assertion(|_| {})).await;
    assert_eq!(refused.status, 401, "no token either");
    act(&["verifier", "resume", "bank-a"]);
    bank.verify(&message).await.good();

    let path = platform.path().join("bank-a.toml");
    let soon = MachineClock.now().plus_seconds(3).to_rfc3339().unwrap();
    let file = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, file.replace("2099-01-01T00:00:00Z", &soon)).unwrap();
    act(&["verifier", "change", path.to_str().unwrap()]);
    eventually(&platform, "the end of the accreditation", || async {
        bank.verify(&message).await.status == 403
    })
    .await;
    bank.verify(&message).await.problem(403, "accreditation_ended");
    std::fs::write(&path, file).unwrap();
    act(&["verifier", "change", path.to_str().unwrap()]);
    bank.verify(&message).await.good();

    act(&["verifier", "remove", "bank-a"]);
    bank.verify(&message).await.problem(401, "unauthenticated");
    let again = platform.command(&["verifier", "add", path.to_str().unwrap()]);
    assert!(!again.status.success(), "an identifier is never used again");
}

#[tokio::test]
async fn purposes_and_capabilities_are_limits() {
    let platform = platform().await;
    let bank = Bank::with(&platform, "bank-a", "capabilities = [\"verify_signatures\"]");
    let person = Person::new(&platform);
    let message = person.sign(DOCUMENT);
    let unknown = bank.verify_as(&message, json!({"purpose": "marketing"})).await;
    unknown.problem(403, "purpose_unknown");
    let items = json!({"purpose": "mailing", "release": ["four_items"]});
    bank.verify_as(&message, items)
        .await
        .problem(403, "purpose_without_four_items");
    for kind in ["status_watch", "latest_items"] {
        let body = json!({"kind": kind, "purpose": "mailing", "until": "2027-01-01"});
        bank.post("/v1/consent-texts", body)
            .await
            .problem(403, "not_permitted");
    }
    let body = json!({"message": base64(&message)});
    bank.post("/v1/watches", body.clone())
        .await
        .problem(403, "not_permitted");
    bank.post("/v1/four-items-consents", body)
        .await
        .problem(403, "not_permitted");
    bank.get("/v1/notices").await.problem(403, "not_permitted");
    let watcher = Bank::with(&platform, "bank-b", "capabilities = [\"watch_status\"]");
    watcher.verify(&message).await.problem(403, "not_permitted");
}

#[tokio::test]
async fn a_watch_is_answered_only_while_capability_and_purpose_are_registered() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    let (watch, _) = bank.watch(&Person::new(&platform)).await;
    let state = format!("/v1/watches/{watch}/state");
    bank.get(&state).await.good();
    let path = platform.path().join("bank-a.toml");
    let file = std::fs::read_to_string(&path).unwrap();
    for (from, to, code) in [
        ("\"watch_status\", ", "", "not_permitted"),
        ("code = \"mailing\"", "code = \"other\"", "purpose_unknown"),
    ] {
        let changed = file.replacen(from, to, 1);
        assert_ne!(changed, file);
        for (text, expected) in [(&changed, Some(code)), (&file, None)] {
            std::fs::write(&path, text).unwrap();
            let done = platform.command(&["verifier", "change", path.to_str().unwrap()]);
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            let answer = bank.get(&state).await;
            match expected {
                Some(code) => answer.problem(403, code),
                None => drop(answer.good()),
            }
        }
    }
}

#[tokio::test]
async fn strangers_are_slowed_down_by_address_and_verifiers_are_not() {
    let slower = |text: String| text.replace("begin_per_minute = 1000000", "begin_per_minute = 8");
    let platform = platform_changed(slower, true).await;
    let bank = Bank::new(&platform, "bank-a");
    bank.get("/v1/usage").await.good();
    let stranger = client(&platform);
    let form = "application/x-www-form-urlencoded";
    let url = |path: &str| format!("{}{path}", bank.origin);
    let token = || {
        let body = "grant_type=client_credentials&client_id=bank-a";
        stranger
            .post(url("/v1/token"))
            .header("content-type", form)
            .body(body)
    };
    let mut answers = 0;
    let refused = loop {
        let response = token().send().await.unwrap();
        answers += 1;
        if response.status() == 429 {
            break response;
        }
        assert_eq!(response.status(), 401);
        assert!(answers < 20, "nobody is slowed down");
    };
    assert_eq!(refused.headers()["retry-after"], "60");
    // Every address of the interface that asks for no credentials, or is given none that we know.
    let withdrawal = stranger.post(url("/v1/withdrawals")).body("{}");
    for request in [
        token(),
        stranger.get(url("/v1/openapi.json")),
        withdrawal,
        stranger.get(url("/v1/notices")),
        stranger.get(url("/v1/notices")).bearer_auth("A".repeat(43)),
    ] {
        read(request).await.problem(429, "too_many_requests");
    }
    bank.get("/v1/usage").await.good();
}

#[tokio::test]
async fn evidence_watches_and_notices_are_each_verifiers_own() {
    let platform = platform().await;
    let (one, other) = (Bank::new(&platform, "bank-a"), Bank::new(&platform, "bank-b"));
    let person = Person::new(&platform);
    let answer = one.verify(&person.sign(DOCUMENT)).await.good();
    let evidence = format!("/v1/evidence/{}", answer["evidence"].as_str().unwrap());
    one.get(&evidence).await.good();
    other.get(&evidence).await.problem(404, "unknown");
    let (watch, _) = one.watch(&person).await;
    let path = format!("/v1/watches/{watch}");
    one.get(&path).await.good();
    other.get(&path).await.problem(404, "unknown");
    other.get(&format!("{path}/state")).await.problem(404, "unknown");
    other.delete(&path).await.problem(404, "unknown");
    other
        .get(&format!("/v1/four-items-consents/{watch}"))
        .await
        .problem(404, "unknown");
    // A consent for one verifier is none for another.
    let (text, _) = one.text("status_watch", "mailing", 30).await;
    let message = base64(&person.sign(text.as_bytes()));
    let stolen = other.post("/v1/watches", json!({"message": message})).await;
    stolen.problem(422, "consent_text_unknown");
    // Nor for another kind, nor twice.
    let crossed = one
        .post("/v1/four-items-consents", json!({"message": message}))
        .await;
    crossed.problem(422, "consent_text_unknown");
    assert_eq!(
        one.post("/v1/watches", json!({"message": message})).await.status,
        201
    );
    one.post("/v1/watches", json!({"message": message}))
        .await
        .problem(409, "already_registered");
}

#[tokio::test]
async fn requests_and_questions_are_limited_and_accounted() {
    let platform = platform().await;
    let bank = Bank::with(
        &platform,
        "bank-a",
        "requests_per_minute = 12\nresponder_questions_per_day = 2",
    );
    let person = Person::new(&platform);
    let ask = |text: &'static str| {
        let message = person.sign(text.as_bytes());
        let bank = &bank;
        async move { bank.verify_as(&message, json!({"certainty": "ocsp"})).await }
    };
    ask("1").await.good();
    ask("2").await.good();
    ask("3").await.problem(429, "questions_exhausted");
    // The account follows within seconds.
    let until = std::time::Instant::now() + Duration::from_secs(20);
    let report = loop {
        let out = platform.command(&["verifier", "report"]);
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        if text.contains("request_verify") && text.contains("status_signing") {
            break text;
        }
        assert!(std::time::Instant::now() < until, "{text}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert!(
        report.lines().all(|line| line.contains("verifier:bank-a")),
        "{report}"
    );
    let usage = bank.get("/v1/usage").await.good();
    let count = |kind: &str| {
        let lines = usage["lines"].as_array().unwrap();
        lines
            .iter()
            .find(|line| line["kind"] == kind)
            .map(|line| line["count"].as_u64().unwrap())
    };
    assert_eq!(count("request_verify"), Some(3), "{usage}");
    assert!(
        count("status_signing").is_some_and(|sent| (1..=2).contains(&sent)),
        "{usage}"
    );
    let mut last = bank.get("/v1/usage").await;
    for _ in 0..20 {
        if last.status == 429 {
            break;
        }
        last = bank.get("/v1/usage").await;
    }
    last.problem(429, "too_many_requests");
    // Another verifier's share is its own.
    Bank::new(&platform, "bank-b").get("/v1/usage").await.good();
}
