//! A device that has no browser (RFC 8628), helped in a real one, by keyboard alone, in both languages, at both widths: an unknown code, a wrong
//! number, a no, and the number.

use conformance_tests::{AskedDevice, Platform, RelyingParty};

use crate::chromium::{CARD, Chromium};

async fn activation_pages(language: &str, in_english: bool) -> Vec<String> {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_for(&platform, "rp-tv", "device_authorization = true");
    let mut chromium = Chromium::new(&platform);
    if in_english {
        chromium = chromium.in_english();
    }
    let tv = platform.bare_browser();
    let (wrong, declined, right): (AskedDevice, AskedDevice, AskedDevice) =
        (rp.device(&tv).await, rp.device(&tv).await, rp.device(&tv).await);
    let look = |name: &str| format!("look=activation-{name}-{language}");
    let press = |selector: &str| [format!("tab-to={selector}"), "key=Enter".to_owned()];
    let mut steps = vec![
        chromium.card(&platform),
        format!("goto={}", right.page),
        look("code"),
        "tab-to=#user-code".to_owned(),
        "type=bcdf ghjk".to_owned(),
        "key=Enter".to_owned(),
        look("unknown"),
    ];
    // A number that the device does not show: the first choice by keyboard may be the right one, the last one never is.
    steps.push(format!("goto={}", wrong.complete));
    steps.push(look("complete"));
    steps.extend(press("form[action='/activate'] button"));
    steps.extend(press(CARD));
    steps.push(look("match"));
    steps.push("tab-to=input[name=number]".to_owned());
    // From the first choice backwards: the last one, "none of these".
    steps.push("press-key=ArrowUp".to_owned());
    steps.extend(press("button[value=agree]"));
    steps.push(look("other-number"));
    steps.push("text=h1".to_owned());
    // No: the browser does not demand a number for it.
    steps.push(format!("goto={}", declined.complete));
    steps.extend(press("form[action='/activate'] button"));
    steps.extend(press(CARD));
    steps.extend(press("button[value=decline]"));
    steps.push(look("refused"));
    steps.push("text=h1".to_owned());
    // Yes.
    steps.push(format!("goto={}", right.complete));
    steps.extend(press("form[action='/activate'] button"));
    steps.extend(press(CARD));
    steps.push(format!("press=#number-{}", right.number));
    steps.extend(press("button[value=agree]"));
    steps.push(look("connected"));
    steps.push("text=h1".to_owned());
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let walk = chromium.walk(&steps).await;
    walk.console_is_quiet_about(&platform);
    assert_eq!(rp.poll(&tv, &right.device_code).await.status, 200);
    walk.texts().into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn activation_pages_in_japanese() {
    assert_eq!(
        activation_pages("ja", false).await,
        [
            "機器に表示されている数字と違います",
            "機器はつながっていません",
            "機器がつながりました"
        ]
    );
}

#[tokio::test]
async fn activation_pages_in_english() {
    assert_eq!(
        activation_pages("en", true).await,
        [
            "The number is not the one on the device",
            "The device was not connected",
            "Your device is connected"
        ]
    );
}
