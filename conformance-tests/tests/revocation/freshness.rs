//! How old lists may be: fresh, out of date but accepted, refused; by the platform's limit and by what a service declared.

use conformance_tests::{Platform, PlatformOptions};
use serde_json::Value;

use crate::support::{lists, now, register_with};

async fn metric(platform: &Platform, state: &str) -> Option<f64> {
    let name = format!("revocation_state{{ca=\"user-authentication\",state=\"{state}\"}}");
    platform.metric(&name).await
}

#[tokio::test]
async fn a_service_may_accept_less_than_the_platform() {
    let platform = Platform::start_with(PlatformOptions {
        jpki: "crl_grace_seconds = 3600".to_owned(),
        publish_list: false,
        ..Default::default()
    })
    .await;
    let lax = register_with(&platform, "rp-lax", "");
    let more = register_with(&platform, "rp-more", "stale_tolerance_seconds = 4000000");
    let strict = register_with(&platform, "rp-strict", "stale_tolerance_seconds = 0");
    assert_eq!(metric(&platform, "missing").await, Some(1.0));
    // Ended ten seconds ago.
    platform.publish_list_of(now().plus_seconds(-600), now().plus_seconds(-10));
    crate::support::ingest(&platform);
    let browser = platform.browser_with_new_card();
    lax.sign_in(&browser, "").await;
    more.sign_in(&browser, "").await;
    let page = browser.get(&strict.request("")).await;
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(page.has_form("/return"), "{}", page.body);
    assert_eq!(metric(&platform, "stale_allowed").await, Some(1.0));
    assert_eq!(metric(&platform, "fresh").await, Some(0.0));
    let age = "revocation_index_age_seconds{ca=\"user-authentication\"}";
    assert!(platform.metric(age).await.unwrap() >= 600.0);
    let said = lists(&platform.operator, &platform.operator_token).await;
    assert_eq!(said["state"], "stale_allowed", "{said}");
    assert_eq!(said["lists"][0]["state"], "stale_allowed", "{said}");
    // A browser gets a page of it.
    let page = reqwest::Client::new()
        .get(format!("{}/revocation", platform.operator))
        .bearer_auth(&platform.operator_token)
        .header("accept", "text/html")
        .header("accept-language", "en")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains("Out of date, still accepted"), "{page}");
    // Fresh again: everybody is let in.
    platform.publish_list();
    crate::support::ingest(&platform);
    strict.sign_in(&browser, "").await;
    assert_eq!(metric(&platform, "fresh").await, Some(1.0));
}

#[tokio::test]
async fn past_the_platform_s_limit_no_service_is_answered() {
    let platform = Platform::start_with(PlatformOptions {
        jpki: "crl_grace_seconds = 5".to_owned(),
        publish_list: false,
        ..Default::default()
    })
    .await;
    let more = register_with(&platform, "rp-more", "stale_tolerance_seconds = 4000000");
    // Within the limit while the person signs in, past it when the code is redeemed: a list ages without anybody touching it.
    platform.publish_list_of(now().plus_seconds(-600), now().plus_seconds(-1));
    crate::support::ingest(&platform);
    let browser = platform.browser_with_new_card();
    let code = more.code(&browser, "").await;
    let tokens = more.redeem(&browser, &code).await;
    let until = now().plus_seconds(5);
    crate::support::until("the list is too old", &platform, || async { now() > until }).await;
    let answer = more.userinfo(&browser, &tokens.access_token).await;
    assert_ne!(answer.status, 200, "{}", answer.body);
    let page = browser.get(&more.request("")).await;
    assert_eq!(page.status, 503, "{}", page.body);
    assert_eq!(metric(&platform, "refuse").await, Some(1.0));
    let ready = reqwest::get(format!("{}/ready", platform.operator))
        .await
        .unwrap();
    assert_eq!(ready.status(), 503);
    assert_eq!(ready.json::<Value>().await.unwrap()["revocation_data"], "refuse");
    // Not knowing is no reason to end a session: with a new list it goes on.
    platform.publish_list();
    crate::support::ingest(&platform);
    assert_eq!(more.userinfo(&browser, &tokens.access_token).await.status, 200);
}
