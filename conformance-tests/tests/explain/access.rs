//! Who may read what, and that strangers push out nothing that is the service's.

use conformance_tests::{Browser, DpopKey, Page, Platform, PlatformOptions, RelyingParty, SigningClient};
use serde_json::{Value, json};

use crate::support::{Developer, ask_for_token, claims, in_sentence, post, told};

const REFRESH: [(&str, &str); 2] = [("grant_type", "refresh_token"), ("refresh_token", "nobody")];

async fn fail(client: &SigningClient, browser: &Browser) -> Page {
    post(client, browser, "token", &[], (&client.assertion(), &REFRESH)).await
}

#[tokio::test]
async fn a_service_reads_its_own_and_nobody_else_does() {
    let platform = Platform::start().await;
    let (own, other) = (
        SigningClient::register(&platform, "rp-own", ""),
        SigningClient::register(&platform, "rp-other", ""),
    );
    let public = RelyingParty::register(&platform, "rp-public");
    let browser = platform.bare_browser();
    let reference = told(&fail(&own, &browser).await);
    let developer = Developer::of(&own, &browser).await;
    let explained = developer.explain(&reference).await;
    assert_eq!(
        (&explained["reason"], &explained["proven"]),
        (&json!("refresh_unknown"), &json!(true))
    );
    let page = Developer::of(&other, &browser)
        .await
        .get(&format!("/{reference}"))
        .await;
    assert_eq!(
        (page.status.as_u16(), page.body.as_str()),
        (404, r#"{"error":"not_found"}"#)
    );
    // Nobody, somebody who made a token up, and a client that anybody could be.
    let url = format!("{}/v1/exchanges/{reference}", platform.origin);
    let made_up = format!("Bearer {}", "A".repeat(43));
    for headers in [
        &[][..],
        &[("authorization", made_up.as_str())],
        &[("authorization", "Basic eDp5")],
    ] {
        let page = browser.get_raw(&url, headers).await;
        assert_eq!(page.status, 401);
        assert!(
            page.header("www-authenticate")
                .is_some_and(|value| value.starts_with("Bearer"))
        );
    }
    let body = format!("grant_type=client_credentials&client_id={}", public.client_id);
    let page = browser
        .post_raw(&format!("{}/v1/exchanges/token", platform.origin), &[], &body)
        .await;
    assert_eq!(page.status, 401, "{}", page.body);
    let thief = DpopKey::default();
    let forged = thief.sign(
        &json!({"alg": "ES256", "kid": "k1"}),
        &claims(&own, "", Value::Null),
    );
    assert_eq!(
        ask_for_token(&browser, &platform.origin, &forged).await.status,
        401
    );
    // The operator sees all, as page and as JSON; without a token nothing.
    let client = reqwest::Client::new();
    let ask = |token: &str, accept: &str, query: &str| {
        client
            .get(format!("{}/exchanges?{query}", platform.operator))
            .bearer_auth(token)
            .header("accept", accept)
            .send()
    };
    let asked = format!("reference={}", reference.to_lowercase().replace('-', ""));
    assert_eq!(
        ask("nobody-has-this-token-0123456789", "*/*", &asked)
            .await
            .unwrap()
            .status(),
        401
    );
    let seen: Value = ask(&platform.operator_token, "*/*", &asked)
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(seen["reason"], "refresh_unknown");
    assert!(seen["service"].as_str().unwrap().starts_with("svc_"));
    let list: Value = ask(&platform.operator_token, "*/*", "service=rp-own")
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(list["exchanges"][0]["reference"], json!(reference));
    let page = ask(&platform.operator_token, "text/html", &asked).await.unwrap();
    let html = page.text().await.unwrap();
    assert!(
        html.contains(&reference) && html.contains("grant_can_be_used"),
        "{html}"
    );
    // That it was opened, and by whom, is on record.
    let log = platform.command(&["audit", "export"]);
    let log = String::from_utf8_lossy(&log.stdout).into_owned();
    let opened = ["reference_opened", "tester", &reference];
    let opened = log
        .lines()
        .filter(|line| opened.iter().all(|word| line.contains(word)));
    assert_eq!(opened.count(), 2, "{log}");
    // On the command line too, beside the running server.
    let shown = platform.command(&["explain", &reference]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["exchange"]["reason"], "refresh_unknown");
    // What nobody registered sent is the operator's alone.
    let page = browser
        .post_raw(
            &format!("{}/oidc/token", platform.origin),
            &[],
            "grant_type=refresh_token&client_id=nobody&refresh_token=x",
        )
        .await;
    let nobody = told(&page);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(2);
    loop {
        let list: Value = ask(&platform.operator_token, "*/*", "service=-")
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        if list["exchanges"][0]["reference"] == json!(nobody) {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{list}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(developer.get(&format!("/{nobody}")).await.status, 404);
    // A suspended service reads nothing more, whatever token it has.
    let suspended = platform.command(&["service", "suspend", "rp-own", "--reason", "test"]);
    if suspended.status.success() {
        assert_eq!(developer.get(&format!("/{reference}")).await.status, 401);
    } else {
        panic!("{}", String::from_utf8_lossy(&suspended.stderr));
    }
}

/// Many forged requests in a service's name, from the very address at which its own server stands.
#[tokio::test]
async fn strangers_push_out_nothing_that_is_the_services() {
    let platform = Platform::start_with(PlatformOptions {
        front: "begin_per_minute = 100".to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    let client = SigningClient::register(&platform, "rp-flooded", "");
    let browser = platform.bare_browser();
    let reference = told(&fail(&client, &browser).await);
    let developer = Developer::of(&client, &browser).await;
    developer.explain(&reference).await;
    let url = format!("{}/oidc/token", platform.origin);
    let (mut kept, mut slowed_down) = (0_u32, 0_u32);
    for number in 0..150 {
        let body = format!("grant_type=refresh_token&client_id=rp-flooded&refresh_token={number}");
        let page = browser.post_raw(&url, &[], &body).await;
        let reference = page.header("exchange-reference").is_some();
        match page.status.as_u16() {
            401 => kept += u32::from(reference),
            429 if !reference => slowed_down += 1,
            other => panic!("{other}: {}", page.body),
        }
    }
    assert!(
        kept <= 102 && slowed_down >= 40,
        "{kept} kept, {slowed_down} slowed down"
    );
    // The share is one for all doors: what another one lets through is answered, and not kept.
    for _ in 0..10 {
        let url = format!("{}/oidc/authorize?client_id=rp-flooded", platform.origin);
        assert_eq!(browser.get(&url).await.status, 400);
    }
    let left_out = platform.metric("exchanges_left_out_total{why=\"address\"}").await;
    assert!(left_out.is_some_and(|count| count >= 1.0), "{left_out:?}");
    developer.explain(&reference).await;
    let list = developer.list().await;
    let forged = list.iter().filter(|line| line["proven"] == false).count();
    assert!((1..=12).contains(&forged), "{forged} forged ones are kept");
    assert!(list.iter().any(|line| line["reference"] == json!(reference)));
    // The service itself goes on being told, from the same address.
    let again = fail(&client, &browser).await;
    let reference = told(&again);
    assert_eq!(in_sentence(&again.body), reference);
    developer.explain(&reference).await;
}

/// What goes wrong before anybody is authenticated is nobody's in particular, whatever name it bears.
#[tokio::test]
async fn a_pushed_request_in_a_services_name_is_not_the_services() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-named", "");
    let browser = platform.bare_browser();
    let reference = told(&fail(&client, &browser).await);
    let url = format!("{}/oidc/par", platform.origin);
    for (kind, body) in [
        ("text/plain", "client_id=rp-named".to_owned()),
        (
            "application/x-www-form-urlencoded",
            format!("client_id=rp-named&state={}", "x".repeat(70_000)),
        ),
    ] {
        let page = browser.post_bytes(&url, kind, body.into_bytes()).await;
        assert!(page.status.is_client_error(), "{}", page.status);
    }
    let developer = Developer::of(&client, &browser).await;
    developer.explain(&reference).await;
    let list = developer.list().await;
    let proven: Vec<_> = list.iter().filter(|line| line["proven"] == true).collect();
    assert_eq!(proven.len(), 1, "{list:?}");
    assert_eq!(proven[0]["reference"], json!(reference));
}

/// A service that asks without end waits, whichever of its tokens it shows; others do not.
#[tokio::test]
async fn questions_are_limited_per_service() {
    let platform = Platform::start().await;
    let (eager, other) = (
        SigningClient::register(&platform, "rp-eager", ""),
        SigningClient::register(&platform, "rp-calm", ""),
    );
    let browser = platform.bare_browser();
    let developers = [
        Developer::of(&eager, &browser).await,
        Developer::of(&eager, &browser).await,
    ];
    for number in 0..20 {
        assert!(developers[number % 2].list().await.is_empty());
    }
    let late = developers[0].get("").await;
    assert_eq!(
        (late.status.as_u16(), late.header("retry-after")),
        (429, Some("60"))
    );
    for number in 21..240 {
        let page = developers[number % 2].get("/K7Q2M-9XW4T").await;
        assert_eq!(page.status, 404, "{number}: {}", page.body);
    }
    assert_eq!(developers[1].get("/K7Q2M-9XW4T").await.status, 429);
    let calm = Developer::of(&other, &browser).await;
    assert!(calm.list().await.is_empty());
}
