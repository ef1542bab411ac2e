//! The main path: one card, one sign-in, two services.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails at once and loudly"
)]

use conformance_tests::{Platform, RelyingParty};

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
