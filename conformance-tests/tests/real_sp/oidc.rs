//! `mod_auth_openidc`: three relying parties, all three signature algorithms.

use conformance_tests::{OpenIdc, Platform};

use crate::{asks_for_the_card, card_uses, header, seconds_pass, visit};

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

#[tokio::test]
async fn max_age_asks_for_the_card_when_the_sign_in_is_too_old() {
    let platform = Platform::start().await;
    let options = OpenIdc {
        max_age: 1,
        ..OpenIdc::default()
    };
    let apache = options.start(&platform).await;
    let browser = platform.browser_with_new_card();
    // Signed in elsewhere, so that the session at the platform grows old while this service knows nobody.
    let elsewhere = apache.url(OpenIdc::HOST_JWT, "/protected/");
    let page = visit(&browser, &elsewhere).await;
    let signed_in_at: i64 = header(&page, &elsewhere, "x-auth-time").parse().expect("seconds");
    let recent = apache.url(OpenIdc::HOST, "/recent/");
    seconds_pass(2).await;
    let page = browser.get(&recent).await;
    assert!(asks_for_the_card(&platform, &page), "{}", page.body);
    let page = browser.sign_in(page).await;
    assert_eq!(card_uses(&browser), 2);
    let again: i64 = header(&page, &recent, "x-auth-time").parse().expect("seconds");
    assert!(again >= signed_in_at + 2, "{again} after {signed_in_at}");
}

#[tokio::test]
async fn a_recent_sign_in_satisfies_max_age_without_the_card() {
    let platform = Platform::start().await;
    let apache = OpenIdc::default().start(&platform).await;
    let browser = platform.browser_with_new_card();
    visit(&browser, &apache.url(OpenIdc::HOST_JWT, "/protected/")).await;
    let recent = apache.url(OpenIdc::HOST, "/recent/");
    let page = visit(&browser, &recent).await;
    header(&page, &recent, "x-sub");
    assert_eq!(card_uses(&browser), 1);
}

#[tokio::test]
async fn prompt_none_is_silent_with_a_session_and_ends_at_a_page_without() {
    let platform = Platform::start().await;
    let apache = OpenIdc::default().start(&platform).await;
    let silent = apache.url(OpenIdc::HOST, "/silent/");

    // Nobody is signed in. We answer login_required with iss (RFC 9207 section 2); this version of the module takes a response
    // with iss for a third party's wish to sign in, and sends the person back without prompt=none (divergences.md). So the walk ends at
    // our sign-in page, at once and without the card.
    let browser = platform.browser_with_new_card();
    let page = browser.get(&silent).await;
    let hops = browser.hops();
    let callback = hops
        .iter()
        .find(|hop| hop.url.path() == "/oidc/callback")
        .unwrap_or_else(|| panic!("no answer to the client: {hops:?}"));
    let parameter = |name: &str| {
        let mut pairs = callback.url.query_pairs();
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    assert_eq!(parameter("error").as_deref(), Some("login_required"));
    assert_eq!(parameter("iss").as_deref(), Some(platform.origin.as_str()));
    assert!(parameter("state").is_some());
    assert!(asks_for_the_card(&platform, &page), "{} {}", page.url, page.body);
    let requests = hops.iter().filter(|hop| hop.url.path() == "/oidc/authorize");
    assert_eq!(
        requests.count(),
        2,
        "once with prompt=none, once without: {hops:?}"
    );
    assert_eq!(card_uses(&browser), 0);
    // Where that leads when the person goes on: to the client's default page, signed in.
    let page = browser.sign_in(page).await;
    assert_eq!(page.url.as_str(), apache.url(OpenIdc::HOST, "/"));

    // Somebody is: no page of ours, no card, once the release was agreed to.
    let browser = platform.browser_with_new_card();
    visit(&browser, &apache.url(OpenIdc::HOST_FRESH, "/protected/")).await;
    let before = browser.hops().len();
    let page = browser.get(&silent).await;
    header(&page, &silent, "x-sub");
    assert_eq!(card_uses(&browser), 1);
    let hops = browser.hops();
    let statuses: Vec<u16> = hops[before..].iter().map(|hop| hop.status.as_u16()).collect();
    assert!(
        statuses
            .iter()
            .rev()
            .skip(1)
            .all(|status| (300..400).contains(status)),
        "{statuses:?}"
    );
}

#[tokio::test]
async fn logout_with_a_hint_ends_our_session_without_asking() {
    let platform = Platform::start().await;
    let apache = OpenIdc::default().start(&platform).await;
    let protected = apache.url(OpenIdc::HOST, "/protected/");
    let home = apache.url(OpenIdc::HOST, "/");
    let browser = platform.browser_with_new_card();
    let page = visit(&browser, &protected).await;
    let sub = header(&page, &protected, "x-sub");
    let back: String = url::form_urlencoded::byte_serialize(home.as_bytes()).collect();
    let before = browser.hops().len();
    let page = browser
        .get(&format!(
            "{}?logout={back}",
            apache.url(OpenIdc::HOST, "/oidc/callback")
        ))
        .await;
    assert_eq!(
        (page.status.as_u16(), page.url.as_str()),
        (200, home.as_str()),
        "{}",
        page.body
    );
    let hops = browser.hops();
    let ours = hops[before..].iter().find(|hop| hop.url.path() == "/oidc/logout");
    let ours = ours.unwrap_or_else(|| panic!("the module did not come to our logout: {hops:?}"));
    assert!(ours.url.query_pairs().any(|(name, _)| name == "id_token_hint"));
    // Both sessions are gone: the other client needs the card as well.
    for host in [OpenIdc::HOST, OpenIdc::HOST_JWT] {
        let page = browser.get(&apache.url(host, "/protected/")).await;
        assert!(asks_for_the_card(&platform, &page), "{host}: {}", page.body);
    }
    let page = visit(&browser, &protected).await;
    assert_eq!(header(&page, &protected, "x-sub"), sub);
    assert_eq!(card_uses(&browser), 2);
}

#[tokio::test]
async fn cancelling_ends_at_our_page_again_and_signs_nobody_in() {
    let platform = Platform::start().await;
    let apache = OpenIdc::default().start(&platform).await;
    let protected = apache.url(OpenIdc::HOST, "/protected/");
    let browser = platform.browser_with_new_card();
    let page = browser.get(&protected).await;
    let page = browser.submit(&page.form("/cancel")).await;
    let hops = browser.hops();
    let answered = hops
        .iter()
        .filter_map(|hop| hop.url.query_pairs().find(|(name, _)| name == "error"))
        .map(|(_, error)| error.into_owned());
    assert_eq!(answered.collect::<Vec<_>>(), ["access_denied"], "{hops:?}");
    // Not a page of the service: its module takes the answer for a wish to sign in (divergences.md).
    assert!(asks_for_the_card(&platform, &page), "{} {}", page.url, page.body);
    assert_eq!(card_uses(&browser), 0);
    let page = browser.get(&protected).await;
    assert!(asks_for_the_card(&platform, &page), "{} {}", page.url, page.body);
}
