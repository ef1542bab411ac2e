//! `mod_auth_openidc`: three relying parties, all three signature algorithms.

use conformance_tests::{OpenIdc, Platform};

use crate::{asks_for_the_card, card_uses, header, visit};

/// Signs in at `/protected/` and returns the pseudonym and the time of authentication.
async fn signs_in_with(id_token_alg: &'static str) {
    let platform = Platform::start().await;
    let options = OpenIdc {
        id_token_alg,
        ..OpenIdc::default()
    };
    let apache = options.start(&platform).await;
    let url = apache.url(OpenIdc::HOST, "/protected/");
    let (_, card) = platform.card(&sim::CardRequest::default());
    let browser = platform.browser(&card);
    let page = visit(&browser, &url).await;
    let sub = header(&page, &url, "x-sub");
    assert_eq!(header(&page, &url, "x-remote-user"), sub);
    assert_eq!(header(&page, &url, "x-acr"), "aal3");
    assert_eq!(page.text("#iss").as_deref(), Some(platform.origin.as_str()));
    let _time: i64 = header(&page, &url, "x-auth-time").parse().expect("seconds");
    assert_eq!(card_uses(&browser), 1);
    // The module's own session.
    assert_eq!(header(&browser.get(&url).await, &url, "x-sub"), sub);
    // The same card in a browser that knows nothing.
    let other = platform.browser(&card);
    let page = visit(&other, &url).await;
    assert_eq!(header(&page, &url, "x-sub"), sub, "the pseudonym stays");
    // Another person.
    let stranger = platform.browser_with_new_card();
    let page = visit(&stranger, &url).await;
    assert_ne!(header(&page, &url, "x-sub"), sub);
}

#[tokio::test]
async fn es256_by_client_secret_basic() {
    signs_in_with("ES256").await;
}

#[tokio::test]
async fn rs256_by_client_secret_basic() {
    signs_in_with("RS256").await;
}

#[tokio::test]
async fn ps256_by_client_secret_basic() {
    signs_in_with("PS256").await;
}

#[tokio::test]
async fn private_key_jwt_and_freshness_and_level() {
    let platform = Platform::start().await;
    let apache = OpenIdc::default().start(&platform).await;
    let browser = platform.browser_with_new_card();
    let at = |host, path| apache.url(host, path);

    let plain = at(OpenIdc::HOST_JWT, "/protected/");
    let page = visit(&browser, &plain).await;
    let at_jwt = header(&page, &plain, "x-sub");
    assert_eq!(card_uses(&browser), 1, "private_key_jwt");

    // acr_values: the name that was asked for comes back, and the card is not needed for it.
    let level = at(OpenIdc::HOST, "/level/");
    let page = visit(&browser, &level).await;
    assert_eq!(header(&page, &level, "x-acr"), "aal2");
    let at_basic = header(&page, &level, "x-sub");
    assert_ne!(at_jwt, at_basic, "two services, two pseudonyms");
    assert_eq!(card_uses(&browser), 1, "single sign-on");

    // prompt=login: the card again.
    let fresh = at(OpenIdc::HOST_FRESH, "/protected/");
    let page = browser.get(&fresh).await;
    assert!(asks_for_the_card(&platform, &page), "{}", page.body);
    let page = browser.sign_in(page).await;
    assert_eq!(
        header(&page, &fresh, "x-sub"),
        at_basic,
        "one client, one pseudonym"
    );
    assert_eq!(card_uses(&browser), 2, "prompt=login");
}
