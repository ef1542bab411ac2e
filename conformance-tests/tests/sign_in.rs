//! The main path: one card, one sign-in, two services.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails at once and loudly"
)]

use conformance_tests::{Platform, PlatformOptions, RelyingParty};

#[tokio::test]
async fn a_citizen_signs_in_with_the_card_and_the_second_service_needs_no_card() {
    let platform = Platform::start().await;
    let (first, second) = (
        RelyingParty::register(&platform, "rp-one"),
        RelyingParty::register(&platform, "rp-two"),
    );
    let browser = platform.browser_with_new_card();
    let tokens = first.sign_in(&browser, "").await;
    assert_eq!(tokens.claims["iss"], platform.origin);
    assert_eq!(tokens.claims["aud"], "rp-one");
    assert_eq!(tokens.claims["nonce"], "no-1");
    assert_eq!(tokens.claims["acr"], "aal3");
    let card_uses = |browser: &conformance_tests::Browser| {
        browser
            .hops()
            .iter()
            .filter(|hop| hop.url.host_str().is_some_and(|host| host.contains(".card.")))
            .count()
    };
    assert_eq!(card_uses(&browser), 1);
    let again = second.sign_in(&browser, "").await;
    assert_eq!(card_uses(&browser), 1, "single sign-on uses no card");
    assert_ne!(
        tokens.claims["sub"], again.claims["sub"],
        "pseudonyms are pairwise"
    );
    assert_eq!(tokens.claims["auth_time"], again.claims["auth_time"]);
    let same = first.sign_in(&browser, "").await;
    assert_eq!(tokens.claims["sub"], same.claims["sub"]);
    let information = first.userinfo(&browser, &tokens.access_token).await;
    assert_eq!(information.status, 200, "{}", information.body);
}

/// The code of the refusal page after a card was used.
async fn refusal(platform: &Platform, service: &RelyingParty, card: &sim::tls::SharedCard) -> String {
    let browser = platform.browser(card);
    let page = browser.get(&service.request("")).await;
    let page = browser.submit(&page.form("/card")).await;
    page.text("main .box code").expect("a refusal")
}

/// The simulated J-LIS as a process of its own: a renewal that it tells keeps the person; while it misbehaves or is gone, an
/// unknown card is not somebody new.
#[tokio::test]
async fn a_renewal_told_by_the_jlis_process_keeps_the_person() {
    let mut platform = Platform::start_with(PlatformOptions {
        jlis_process: true,
        ..PlatformOptions::default()
    })
    .await;
    let service = RelyingParty::register(&platform, "rp-process");
    let held = platform.jlis().somebody();
    let card = platform.card_of(&held.authentication.expect("a card"));
    let before = service.sign_in(&platform.browser(&card), "").await;
    let renewed = platform
        .jlis()
        .issue("renew", &held.person, serde_json::json!({}));
    let card = platform.card_of(&renewed.authentication.expect("a card"));
    platform.jlis().fault("predecessor-unavailable");
    platform.jlis().fault("links-unavailable");
    assert_eq!(refusal(&platform, &service, &card).await, "links_unavailable");
    platform.jlis().behave();
    platform.jlis_mut().kill();
    assert_eq!(refusal(&platform, &service, &card).await, "links_unavailable");
    platform.jlis_mut().run();
    let after = service.sign_in(&platform.browser(&card), "").await;
    assert_eq!(after.claims["sub"], before.claims["sub"]);
    let desks = platform.jlis();
    assert!(
        desks.count("predecessor") + desks.count("links") > 0,
        "it was asked"
    );
}
