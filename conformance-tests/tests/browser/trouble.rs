//! What goes wrong in a browser, and the way on.

use conformance_tests::{OpenIdc, Platform, PlatformOptions};

use crate::chromium::{AGREE, CARD, Chromium};

#[tokio::test]
async fn without_a_card_the_page_says_so_and_with_one_the_retry_succeeds() {
    let platform = Platform::start().await;
    let apache = OpenIdc::default().start(&platform).await;
    let chromium = Chromium::new(&platform);
    let protected = apache.url(OpenIdc::HOST, "/protected/");
    let click = format!("click={CARD}");
    let walk = chromium
        .walk(&[
            &format!("goto={protected}"),
            &click,
            "text=code",
            "look=no-certificate-ja",
            // Without a card again: a fresh try, the same answer, and no label is remembered.
            &click,
            "text=code",
            &chromium.card(&platform),
            &click,
            &format!("click={AGREE}"),
            &format!("arrive={protected}"),
            "text=#sub",
        ])
        .await;
    assert_eq!(walk.texts()[..2], ["no_certificate", "no_certificate"]);
    assert!(!walk.texts()[2].is_empty() && walk.texts()[2] != "(none)");
    assert_eq!(walk.door_visits, 3);
    walk.console_is_quiet_about(&platform);
}

#[tokio::test]
async fn after_a_broken_handshake_back_leads_to_help() {
    let platform = Platform::start_with(PlatformOptions {
        door: "handshakes_per_address = 12".to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    let apache = OpenIdc::default().start(&platform).await;
    let chromium = Chromium::new(&platform);
    let protected = apache.url(OpenIdc::HOST, "/protected/");
    let walk = chromium
        .walk(&[
            &chromium.card(&platform),
            &format!("goto={protected}"),
            // Every place at the door is taken, so it closes the browser's connection.
            &format!("hold={},12", platform.door_port),
            &format!("breaks={CARD}"),
            "release",
            "back",
            &format!("arrive={}/sign-in/", platform.origin),
            "text=h1",
            "look=retry-ja",
            &format!("click={CARD}"),
            &format!("click={AGREE}"),
            &format!("arrive={protected}"),
            "text=#sub",
        ])
        .await;
    assert_eq!(walk.texts()[0], "カードの確認が終わっていません");
    assert!(!walk.texts()[1].is_empty() && walk.texts()[1] != "(none)");
    assert_eq!(platform.metric("sign_ins_total").await, Some(1.0));
}
