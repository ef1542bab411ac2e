//! PIN-less use with the date of birth that a person registered: the card answers to those who know it, and nothing else tells it.

use conformance_tests::{Platform, PlatformOptions, RelyingParty};
use serde_json::json;
use sim::items::FourItems;
use sim::person::Medium;

use crate::enrolment::{enrol, register, whole_person};
use crate::kiosk::{Terminal, genuine_born};
use crate::reader::{body, refused, transaction};
use crate::support::{browser, in_reader, newest, publish_signing_list, subject};

async fn platform() -> Platform {
    Platform::start_with(PlatformOptions {
        more_config: "[device]\nenabled = true\n[terminal]\nenabled = true".to_owned(),
        ..PlatformOptions::default()
    })
    .await
}

fn born(birth_date: &str) -> FourItems {
    FourItems::plain("渡邉　花子", "東京都清瀬市中里五丁目８４２番地", birth_date, "2")
}

#[tokio::test]
async fn a_card_answers_to_the_date_of_birth_that_its_holder_registered() {
    let platform = platform().await;
    let library = RelyingParty::register_at(&platform, "rp-library", "0");
    // The date is kept because some service may receive it; the library may not.
    register(&platform, "rp-dates", r#"["birth_date"]"#, "");
    let terminal = Terminal::approved(&platform, "kiosk-1", &["rp-library"]);
    let who = whole_person(&platform, &born("419900217"));
    let own = browser(&platform, &who, Medium::Card);
    let pseudonym = subject(&own, &library).await;
    let card = in_reader(
        &platform,
        &newest(
            &platform,
            &who,
            Medium::Card,
            sim::authority::CaKind::UserAuthentication,
        ),
    );
    let name = transaction(&terminal.browser, &library, "").await;
    // Known, but nobody knows when this person was born.
    refused(&terminal.present(&name, &card).await, 403, "pinless_not_possible");

    publish_signing_list(&platform);
    enrol(&platform, &own, &who, true).await;
    let presented = terminal.present(&name, &card).await;
    assert_eq!(presented.status, 201, "{}", presented.body);
    assert!(!presented.body.contains("1990"), "{}", presented.body);
    let wrong = genuine_born(&presented, &card, "19900218");
    refused(
        &terminal.answer(&presented, &card, &wrong).await,
        403,
        "card_not_genuine",
    );
    let presented = terminal.present(&name, &card).await;
    let done = terminal
        .answer(&presented, &card, &genuine_born(&presented, &card, "19900217"))
        .await;
    assert_eq!(done.status, 200, "{}", done.body);
    let go_on = body(&done)["continue"].as_str().unwrap().to_owned();
    let page = terminal.browser.get_until(&go_on, &library.redirect_uri).await;
    let reply = library.walk(&terminal.browser, page).await;
    let tokens = library
        .redeem(&terminal.browser, &reply.query("code").expect("a code"))
        .await;
    assert_eq!(
        (
            &tokens.claims["sub"],
            &tokens.claims["aal"],
            &tokens.claims["ial"]
        ),
        (&json!(pseudonym), &json!("0"), &json!("0")),
        "the same person, and no level by it"
    );
    let audit = crate::support::command(&platform, &["audit", "export"]);
    assert!(audit.contains("pinless"), "each opening of the date is on record");
    assert!(!audit.contains("19900217") && !platform.log().contains("19900217"));

    // Withdrawn: nobody knows the date any more.
    let page = own.get(&format!("{}/enrolment", platform.origin)).await;
    own.submit(&page.form("/enrolment/withdraw")).await;
    let name = transaction(&terminal.browser, &library, "").await;
    refused(&terminal.present(&name, &card).await, 403, "pinless_not_possible");
}

#[tokio::test]
async fn a_date_that_is_not_known_whole_is_none() {
    let platform = platform().await;
    let library = RelyingParty::register_at(&platform, "rp-library", "0");
    register(&platform, "rp-dates", r#"["birth_date"]"#, "");
    let terminal = Terminal::approved(&platform, "kiosk-1", &["rp-library"]);
    let who = whole_person(&platform, &born("319640000"));
    let own = browser(&platform, &who, Medium::Card);
    subject(&own, &library).await;
    publish_signing_list(&platform);
    enrol(&platform, &own, &who, true).await;
    let card = in_reader(
        &platform,
        &newest(
            &platform,
            &who,
            Medium::Card,
            sim::authority::CaKind::UserAuthentication,
        ),
    );
    let name = transaction(&terminal.browser, &library, "").await;
    refused(&terminal.present(&name, &card).await, 403, "pinless_not_possible");
}
