//! OpenID Connect Back-Channel Logout 1.0.

use std::time::{Duration, Instant};

use conformance_tests::{Platform, PlatformOptions};
use jose::{JwkSet, Verification};
use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::{end_all, eventually, link, receipt_that_is, receipts, register};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The claims of a logout token, its signature verified with the published keys.
async fn verified(platform: &Platform, token: &str) -> Value {
    let keys = platform
        .bare_browser()
        .get_one(&format!("{}/oidc/jwks", platform.origin))
        .await;
    let accept = Verification {
        algorithms: &[jose::Algorithm::Es256],
        types: &["logout+jwt"],
        untyped: false,
        max_bytes: 16_384,
    };
    let verified = jose::verify(token, &JwkSet::parse(&keys.body).unwrap(), &accept).unwrap();
    Value::Object(verified.claims().unwrap())
}

#[tokio::test]
async fn a_client_is_told_whom_and_which_session_and_the_person_that_it_was() {
    let platform = Platform::start().await;
    let receiver = Receiver::start(&platform, &[]).await;
    let rp = register(&platform, "rp-told", &receiver.backchannel());
    let discovery = platform
        .bare_browser()
        .get_one(&format!("{}/.well-known/openid-configuration", platform.origin))
        .await;
    let discovery: Value = serde_json::from_str(&discovery.body).unwrap();
    for name in [
        "backchannel_logout_supported",
        "backchannel_logout_session_supported",
    ] {
        assert_eq!(discovery[name], true, "{name}");
    }
    let browser = platform.browser_with_new_card();
    let tokens = rp.sign_in(&browser, "").await;
    let page = end_all(&platform, &browser).await;
    assert!(page.body.contains("Signed out."), "{}", page.body);
    assert!(
        page.body.contains("You are signed out of the Government"),
        "{}",
        page.body
    );
    let taken = receiver.taken();
    assert_eq!(taken.len(), 1, "once");
    assert!(
        taken[0].head.starts_with("POST /logout?x=1 HTTP/1.1"),
        "{}",
        taken[0].head
    );
    assert!(
        taken[0]
            .head
            .to_ascii_lowercase()
            .contains("content-type: application/x-www-form-urlencoded"),
        "{}",
        taken[0].head
    );
    let claims = verified(&platform, &taken[0].field("logout_token").unwrap()).await;
    assert_eq!(claims["iss"], platform.origin);
    assert_eq!(claims["aud"], "rp-told");
    assert_eq!(claims["sub"], tokens.claims["sub"]);
    assert_eq!(claims["sid"], tokens.claims["sid"]);
    assert_eq!(claims["events"], json!({ EVENT: {} }));
    assert_eq!(claims.get("nonce"), None);
    assert!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap() <= 120);
    let receipt = receipt_that_is(&platform, "told").await;
    assert_eq!(receipt["channel"], "back_channel");
    assert_eq!(
        (&receipt["tries"], &receipt["message"]),
        (&json!(1), &claims["jti"])
    );
    assert!(
        !receipt
            .to_string()
            .contains(tokens.claims["sub"].as_str().unwrap())
    );
    // Nothing of a logout token makes it good as a hint.
    let hint = format!(
        "{}/oidc/logout?id_token_hint={}",
        platform.origin,
        taken[0].field("logout_token").unwrap()
    );
    assert_eq!(platform.bare_browser().get(&hint).await.status, 400);
}

#[tokio::test]
async fn trouble_is_tried_again_with_the_same_identifier_and_the_person_is_told_the_truth() {
    let platform = Platform::start().await;
    let answers = ["500 Internal Server Error", "302 Found", "204 No Content"];
    let receiver = Receiver::start(&platform, &answers).await;
    let rp = register(&platform, "rp-again", &receiver.backchannel());
    let browser = platform.browser_with_new_card();
    rp.sign_in(&browser, "").await;
    let page = end_all(&platform, &browser).await;
    assert!(page.body.contains("We keep trying."), "{}", page.body);
    assert!(page.body.contains("perhaps not everywhere"), "{}", page.body);
    let receipt = receipt_that_is(&platform, "told").await;
    assert_eq!(receipt["tries"], 3);
    let mut ids = Vec::new();
    for taken in receiver.taken() {
        ids.push(verified(&platform, &taken.field("logout_token").unwrap()).await["jti"].clone());
    }
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    // The page of the same logout says so now.
    let page = browser.get(page.url.as_str()).await;
    assert!(page.body.contains("Signed out.") && !page.body.contains("We keep trying."));
}

#[tokio::test]
async fn a_refusal_is_final() {
    let platform = Platform::start().await;
    let receiver = Receiver::start(&platform, &["400 Bad Request"]).await;
    let rp = register(&platform, "rp-no", &receiver.backchannel());
    let browser = platform.browser_with_new_card();
    rp.sign_in(&browser, "").await;
    let page = end_all(&platform, &browser).await;
    assert!(
        page.body.contains("It answered that it could not"),
        "{}",
        page.body
    );
    let receipt = receipt_that_is(&platform, "refused").await;
    assert_eq!(
        (&receipt["tries"], &receipt["problem"]),
        (&json!(1), &json!("answered_400"))
    );
}

/// A client that registers an address inside our networks makes us connect to nothing there.
#[tokio::test]
async fn no_internal_address_is_connected_to_unless_the_operator_says_so() {
    let platform = Platform::start_with(PlatformOptions {
        logout: "ca = \"servers-ca.pem\"".to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    let receiver = Receiver::start(&platform, &[]).await;
    let rp = register(&platform, "rp-inside", &receiver.backchannel());
    let browser = platform.browser_with_new_card();
    rp.sign_in(&browser, "").await;
    end_all(&platform, &browser).await;
    eventually("a try", || async {
        receipts(&platform)
            .await
            .iter()
            .any(|one| one["problem"] == "not_public")
    })
    .await;
    assert!(receiver.taken().is_empty());
}

/// Whoever asks is led back; whoever did not ask is told; whoever cannot be told is named, before the person is led anywhere.
#[tokio::test]
async fn a_client_asks_and_the_others_are_told() {
    let platform = Platform::start().await;
    let receiver = Receiver::start(&platform, &[]).await;
    let asks = register(&platform, "rp-asks", "");
    let told = register(&platform, "rp-other", &receiver.backchannel());
    let deaf = register(&platform, "rp-deaf", "");
    let browser = platform.browser_with_new_card();
    let tokens = asks.sign_in(&browser, "").await;
    told.sign_in(&browser, "").await;
    let logout = |token: &str| {
        format!(
            "{}/oidc/logout?id_token_hint={token}&post_logout_redirect_uri=https%3A%2F%2Frp-asks.localhost%3A9%2Fbye&state=s1",
            platform.origin
        )
    };
    let bye = "https://rp-asks.localhost:9/bye";
    let back = browser.get_until(&logout(&tokens.id_token), bye).await;
    assert_eq!(back.query("state").as_deref(), Some("s1"), "{}", back.url);
    assert_eq!(receiver.taken().len(), 1, "told before the person went on");
    let tokens = asks.sign_in(&browser, "").await;
    deaf.sign_in(&browser, "").await;
    let page = browser.get_until(&logout(&tokens.id_token), bye).await;
    assert!(page.body.contains("rp-deaf filing"), "{}", page.body);
    assert!(page.body.contains("We have no way to tell it."), "{}", page.body);
    let done = page.url.join(&link(&page.body, "/done")).unwrap();
    let back = browser.get_until(done.as_str(), bye).await;
    assert_eq!(back.query("state").as_deref(), Some("s1"));
}

/// Using the card again for one service signs the person out of none; the logout afterwards reaches the sessions of before.
#[tokio::test]
async fn a_fresh_use_of_the_card_ends_nothing_and_forgets_nobody() {
    let platform = Platform::start().await;
    let receiver = Receiver::start(&platform, &[]).await;
    let first = register(&platform, "rp-first", &receiver.backchannel());
    let fresh = register(&platform, "rp-fresh", "");
    let browser = platform.browser_with_new_card();
    let before = first.sign_in(&browser, "").await;
    fresh.sign_in(&browser, "&prompt=login").await;
    end_all(&platform, &browser).await;
    let taken = receiver.taken();
    assert_eq!(taken.len(), 1);
    let claims = verified(&platform, &taken[0].field("logout_token").unwrap()).await;
    assert_eq!(claims["sid"], before.claims["sid"]);
}

/// New revocation data ends the session, and the services hear of it without any browser.
#[tokio::test]
async fn revocation_tells_the_services() {
    let platform = Platform::start().await;
    let receiver = Receiver::start(&platform, &[]).await;
    let rp = register(&platform, "rp-revoked", &receiver.backchannel());
    let (certificate, card) = platform.card(&sim::CardRequest::default());
    let browser = platform.browser(&card);
    rp.sign_in(&browser, "").await;
    platform
        .simulation
        .lock()
        .unwrap()
        .revoke(
            &certificate,
            sim::crl::RevocationReason::CessationOfOperation,
            domain::Clock::now(&conformance_tests::MachineClock),
        )
        .unwrap();
    platform.publish_list_and_wait().await;
    eventually("the token", || async { !receiver.taken().is_empty() }).await;
    assert_eq!(receipt_that_is(&platform, "told").await["tries"], 1);
}

/// Two processes on one store: each client is told once. A process that dies while it tells is followed by the other.
#[tokio::test]
async fn a_stopped_platform_tells_after_its_start() {
    let mut platform = Platform::start().await;
    let receiver = Receiver::start(&platform, &["503 Service Unavailable"]).await;
    let rp = register(&platform, "rp-later", &receiver.backchannel());
    let browser = platform.browser_with_new_card();
    rp.sign_in(&browser, "").await;
    end_all(&platform, &browser).await;
    platform.kill();
    platform.run().await;
    let receipt = receipt_that_is(&platform, "told").await;
    assert!(receipt["tries"].as_u64().unwrap() >= 2, "{receipt}");
}

/// A link that names a client proves nothing about who made it: the client is told like the others, and the person ends where the link says.
#[tokio::test]
async fn a_client_that_a_link_names_is_told_and_the_person_goes_on() {
    let platform = Platform::start().await;
    let receiver = Receiver::start(&platform, &[]).await;
    let by_server = register(&platform, "rp-named", &receiver.backchannel());
    let front = "frontchannel_logout_uri = \"https://rp-framed.localhost:9/out\"";
    let by_browser = register(&platform, "rp-framed", front);
    let link_of = |client: &str| {
        format!(
            "{}/oidc/logout?client_id={client}&post_logout_redirect_uri=https%3A%2F%2F{client}.localhost%3A9%2Fbye&state=s1",
            platform.origin
        )
    };
    let confirmed = async |browser: &conformance_tests::Browser, client: &str| {
        let page = browser.get(&link_of(client)).await;
        let bye = format!("https://{client}.localhost:9/bye");
        browser.submit_until(&page.form("/oidc/logout"), &bye).await
    };
    let browser = platform.browser_with_new_card();
    by_server.sign_in(&browser, "").await;
    let back = confirmed(&browser, "rp-named").await;
    assert_eq!(receiver.taken().len(), 1, "told before the person went on");
    assert_eq!(back.query("state").as_deref(), Some("s1"), "{}", back.url);
    by_browser.sign_in(&browser, "").await;
    let page = confirmed(&browser, "rp-framed").await;
    assert!(
        page.body.contains("<iframe ") && page.body.contains("https://rp-framed.localhost:9/out"),
        "{} {}",
        page.url,
        page.body
    );
    let done = page.url.join(&link(&page.body, "/done")).unwrap();
    let back = browser
        .get_until(done.as_str(), "https://rp-framed.localhost:9/bye")
        .await;
    assert_eq!(back.query("state").as_deref(), Some("s1"));
}

/// A service that takes connections and never answers holds up nobody else's second try.
#[tokio::test]
async fn who_never_answers_holds_up_nobody_else() {
    let platform = Platform::start().await;
    let silent = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = silent.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            held.push(stream);
        }
    });
    let silent = format!("backchannel_logout_uri = \"https://localhost:{port}/logout\"");
    let never = register(&platform, "rp-never", &silent);
    let receiver = Receiver::start(&platform, &["503 Service Unavailable"]).await;
    let busy = register(&platform, "rp-busy", &receiver.backchannel());
    let (_, card) = platform.card(&sim::CardRequest::default());
    let mut last = platform.browser(&card);
    for _ in 0..40 {
        last = platform.browser(&card);
        never.sign_in(&last, "").await;
    }
    end_all(&platform, &last).await;
    // The first tries have ended by then, and all of them are due again.
    let until = Instant::now() + Duration::from_secs(40);
    let slow = "logout_messages_total{outcome=\"too_slow\"}";
    while platform.metric(slow).await.unwrap_or_default() < 10.0 {
        assert!(Instant::now() < until, "{:?}", platform.metric(slow).await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let other = platform.browser_with_new_card();
    busy.sign_in(&other, "").await;
    end_all(&platform, &other).await;
    let begun = Instant::now();
    while receiver.taken().len() < 2 {
        assert!(
            begun.elapsed() < Duration::from_secs(7),
            "{} messages",
            receiver.taken().len()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
