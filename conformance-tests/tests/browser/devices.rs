//! A screen without a card reader in a real browser, by keyboard alone, in both languages, at both widths: the code, waiting, the
//! number, confirming it on the page for devices that do not ask themselves, and "that was not me".
//!
//! The device with the card is the tests' own (`tests/device/reader.rs`), beside the browser. Terminals for PIN-less use have no pages.

use conformance_tests::{Platform, PlatformOptions, RelyingParty};
use sim::CardRequest;
use sim::tls::SharedCard;

use crate::chromium::{AGREE, Chromium};
use crate::reader::{Api, Given, body, honest};

/// What a device does beside one try of the screen: claims its code when the screen showed it, and lets the card sign when the
/// screen was seen to wait.
async fn device(platform: &Platform, chromium: &Chromium, card: &SharedCard, round: &str) {
    let phone = platform.bare_browser();
    let api = Api::new(platform, &phone);
    let code = chromium.given(&format!("code-{round}")).await;
    let given = Given::of(&api.claim(&code, "phone").await);
    chromium.give(&format!("claimed-{round}"), "yes");
    chromium.given(&format!("waited-{round}")).await;
    let proven = body(&api.prove(&given, &honest(card, &given)).await);
    let page = proven["number_page"].as_str().expect("a page");
    chromium.give(&format!("page-{round}"), page);
}

/// The screen's steps until it shows the number.
fn screen(service: &RelyingParty, round: &str, look: impl Fn(&str) -> String) -> Vec<String> {
    let go_on = ["tab-to=.actions a.button--primary", "key=Enter"].map(str::to_owned);
    let mut steps = vec![
        format!("goto={}", service.request("")),
        "tab-to=form[action$='/device'] button".to_owned(),
        "key=Enter".to_owned(),
        look("code"),
        format!("give=code-{round}=.shown"),
        format!("here=screen-{round}"),
        format!("await=@claimed-{round}@"),
    ];
    steps.extend(go_on.clone());
    steps.extend([look("waiting"), format!("give=waited-{round}=h1")]);
    steps.push(format!("await=@page-{round}@"));
    steps.extend(go_on);
    steps.extend([look("number"), format!("give=number-{round}=.shown")]);
    steps
}

async fn device_pages(language: &str, in_english: bool) -> Vec<String> {
    let platform = Platform::start_with(PlatformOptions {
        more_config: "[device]\nenabled = true".to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    let service = RelyingParty::register_at(&platform, "rp-screen", "2");
    let mut chromium = Chromium::new(&platform);
    if in_english {
        chromium = chromium.in_english();
    }
    let (_, card) = platform.card(&CardRequest::default());
    let look = |name: &str| format!("look=device-{name}-{language}");
    let mut steps = vec![format!("goto={}", service.request("")), look("choice")];
    // Not me: the try ends for both.
    steps.extend(screen(&service, "disowned", |name| {
        look(&format!("{name}-first"))
    }));
    steps.extend([
        "goto=@page-disowned@".to_owned(),
        look("ask"),
        "tab-to=button[value=decline]".to_owned(),
        "key=Enter".to_owned(),
        look("disowned"),
        "text=main .box code".to_owned(),
        "goto=@screen-disowned@".to_owned(),
        look("refused"),
        "text=main .box code".to_owned(),
    ]);
    // Again, with the number.
    steps.extend(screen(&service, "confirmed", look));
    steps.extend([
        "goto=@page-confirmed@".to_owned(),
        "tab-to=#number".to_owned(),
        "type=@number-confirmed@".to_owned(),
        "key=Enter".to_owned(),
        look("done"),
        "goto=@screen-confirmed@".to_owned(),
        look("consent"),
        format!("tab-to={AGREE}"),
        "text=main .service__name".to_owned(),
    ]);
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let (walk, (), ()) = tokio::join!(
        chromium.walk(&steps),
        device(&platform, &chromium, &card, "disowned"),
        device(&platform, &chromium, &card, "confirmed")
    );
    walk.console_is_quiet_about(&platform);
    assert_eq!(platform.metric("sign_ins_total").await, Some(1.0));
    walk.texts().into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn device_pages_in_japanese() {
    let texts = device_pages("ja", false).await;
    let ended = "device_not_confirmed";
    assert_eq!(texts, [ended, ended, "rp-screen 申請"]);
}

#[tokio::test]
async fn device_pages_in_english() {
    let texts = device_pages("en", true).await;
    let ended = "device_not_confirmed";
    assert_eq!(texts, [ended, ended, "rp-screen filing"]);
}
