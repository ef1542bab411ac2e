//! Signing in by clicking, at software that is not ours.

use conformance_tests::{Mellon, OpenIdc, Platform};

use crate::chromium::{AGREE, CARD, Chromium};

/// One touch of the card: one try was begun, one navigation led to the door, one ticket was redeemed into one sign-in.
///
/// Handshakes are not counted to one: when the door's answer is slow (a machine that compiles meanwhile) Chromium opens a second
/// connection for the same navigation, with the certificate that the person chose and no second question. That it is one choice and one
/// sign-in is what must hold; that a second handshake for the same try yields nothing more, `tests/door/tickets.rs` shows.
async fn one_card_touch(platform: &Platform, door_visits: u64) {
    assert_eq!(door_visits, 1, "visits to the door");
    assert_eq!(
        platform.metric("attempts_total{family=\"card\"}").await,
        Some(1.0),
        "tries"
    );
    assert_eq!(platform.metric("sign_ins_total").await, Some(1.0), "sign-ins");
    let completed = platform
        .metric("door_handshakes_total{ended=\"completed\"}")
        .await;
    assert!(completed >= Some(1.0), "handshakes: {completed:?}");
}

#[tokio::test]
async fn at_openid_connect_by_clicking() {
    let platform = Platform::start().await;
    let apache = OpenIdc::default().start(&platform).await;
    let chromium = Chromium::new(&platform);
    let protected = apache.url(OpenIdc::HOST, "/protected/");
    let walk = chromium
        .walk(&[
            &chromium.card(&platform),
            &format!("goto={protected}"),
            &format!("arrive={}/sign-in/", platform.origin),
            "look=sign-in-ja",
            &format!("click={CARD}"),
            &format!("click={AGREE}"),
            &format!("arrive={protected}"),
            "text=#sub",
            "text=#acr",
        ])
        .await;
    assert!(!walk.texts()[0].is_empty() && walk.texts()[0] != "(none)");
    assert_eq!(walk.texts()[1], "aal3");
    walk.console_is_quiet_about(&platform);
    one_card_touch(&platform, walk.door_visits).await;
}

#[tokio::test]
async fn at_saml_by_clicking_without_script() {
    let platform = Platform::start().await;
    let apache = Mellon::default().start(&platform).await;
    let chromium = Chromium::new(&platform).without_script();
    let protected = apache.url(Mellon::HOST, "/protected/");
    let walk = chromium
        .walk(&[
            &chromium.card(&platform),
            &format!("goto={protected}"),
            &format!("arrive={}/sign-in/", platform.origin),
            &format!("click={CARD}"),
            "look=consent-no-script-ja",
            &format!("click={AGREE}"),
            &format!("arrive={}/sign-in/", platform.origin),
            "text=h1",
            "look=continue-no-script-ja",
            "click=button[aria-describedby=once-note]",
            &format!("arrive={protected}"),
            "text=#sub",
            "text=#idp",
        ])
        .await;
    assert_eq!(walk.texts()[0], "確認が終わりました");
    assert!(!walk.texts()[1].is_empty() && walk.texts()[1] != "(none)");
    assert!(
        walk.texts()[2].starts_with(&platform.origin),
        "{:?}",
        walk.texts()
    );
    walk.console_is_quiet_about(&platform);
    one_card_touch(&platform, walk.door_visits).await;
}

#[tokio::test]
async fn by_keyboard_alone_in_english() {
    let platform = Platform::start().await;
    let apache = Mellon::default().start(&platform).await;
    let chromium = Chromium::new(&platform).in_english();
    let protected = apache.url(Mellon::HOST, "/protected/");
    let walk = chromium
        .walk(&[
            &chromium.card(&platform),
            &format!("goto={protected}"),
            "look=sign-in-en",
            "tab-to=a.skip",
            "shot=skip-link-en",
            &format!("tab-to={CARD}"),
            "key=Enter",
            "look=consent-en",
            &format!("tab-to={AGREE}"),
            "key=Enter",
            "look=continue-en",
            "tab-to=button[aria-describedby=once-note]",
            "key=Enter",
            &format!("arrive={protected}"),
            "text=#sub",
        ])
        .await;
    assert!(!walk.texts()[0].is_empty() && walk.texts()[0] != "(none)");
    walk.console_is_quiet_about(&platform);
    one_card_touch(&platform, walk.door_visits).await;
}

#[tokio::test]
async fn two_cards_in_one_browser_are_two_people() {
    let platform = Platform::start().await;
    let apache = OpenIdc::default().start(&platform).await;
    let chromium = Chromium::new(&platform);
    let (first, second) = (chromium.card(&platform), chromium.card(&platform));
    let (protected, fresh) = (
        apache.url(OpenIdc::HOST, "/protected/"),
        apache.url(OpenIdc::HOST_FRESH, "/protected/"),
    );
    let click = format!("click={CARD}");
    let walk = chromium
        .walk(&[
            &first,
            &format!("goto={protected}"),
            &click,
            &format!("click={AGREE}"),
            &format!("arrive={protected}"),
            "text=#sub",
            // The next one at the same computer; this host always asks for the card.
            &second,
            &format!("goto={fresh}"),
            &click,
            &format!("click={AGREE}"),
            &format!("arrive={fresh}"),
            "text=#sub",
            // And the first again, who agreed before.
            &first,
            "forget",
            &format!("goto={protected}"),
            &click,
            &format!("arrive={protected}"),
            "text=#sub",
        ])
        .await;
    let [one, other, again] = walk.texts()[..] else {
        panic!("{:?}", walk.texts())
    };
    assert_ne!(one, other, "two cards, two people");
    assert_eq!(one, again, "one card, one person");
    assert_eq!(walk.door_visits, 3);
    walk.console_is_quiet_about(&platform);
}
