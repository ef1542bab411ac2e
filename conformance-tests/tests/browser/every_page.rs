//! Every kind of page that the running product shows, met on the way, in both languages, at both widths: accessibility, no
//! complaint of the console, nothing wider than the window. `GAP_SCREENSHOTS=FOLDER` keeps the pictures.

use conformance_tests::{MachineClock, Mellon, Platform, PlatformOptions};
use domain::Clock as _;
use sim::CardRequest;
use sim::crl::RevocationReason;

use crate::chromium::{AGREE, Chromium};

const ANY_CARD: &str = "button[value=card]";
const CONTINUE: &str = "button[aria-describedby=once-note]";

/// Every page of one person's day, in one language; what was read on the way.
async fn every_page(language: &str, in_english: bool) -> Vec<String> {
    let platform = Platform::start_with(PlatformOptions {
        door: "handshakes_per_address = 12".to_owned(),
        more_config: "[session]\nattempts = 2".to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    let apache = Mellon::default().start(&platform).await;
    let mut chromium = Chromium::new(&platform);
    if in_english {
        chromium = chromium.in_english();
    }
    let revoked = chromium.card_of(&platform, &CardRequest::default());
    revoke_every_card(&platform).await;
    let good = chromium.card(&platform);
    let look = |name: &str| format!("look={name}-{language}");
    let origin = &platform.origin;
    let protected = apache.url(Mellon::HOST, "/protected/");
    let goto = |path: &str| format!("goto={origin}{path}");
    let click = |selector: &str| format!("click={selector}");
    let steps = [
        goto("/"),
        look("home"),
        goto("/account"),
        look("account-none"),
        goto("/nothing/here"),
        look("page-not-found"),
        goto("/oidc/authorize?client_id=nobody"),
        look("service-unknown"),
        format!("goto={protected}"),
        look("sign-in"),
        click("form[action$='/cancel'] button"),
        look("continue-cancelled"),
        // No card, a revoked card, and too often.
        format!("goto={protected}"),
        click(ANY_CARD),
        look("no-certificate"),
        revoked,
        click(ANY_CARD),
        look("revoked"),
        "text=.reference".to_owned(),
        click(ANY_CARD),
        look("too-many-attempts"),
        // A handshake that breaks, then one that does not.
        format!("goto={protected}"),
        good,
        format!("hold={},12", platform.door_port),
        format!("breaks={ANY_CARD}"),
        "release".to_owned(),
        "back".to_owned(),
        format!("arrive={origin}/sign-in/"),
        look("retry"),
        click(ANY_CARD),
        look("consent"),
        click(AGREE),
        look("continue"),
        click(CONTINUE),
        format!("arrive={protected}"),
        goto("/account"),
        look("account"),
        goto("/oidc/logout"),
        look("logout-confirm"),
        click("main form button"),
        look("signed-out"),
        goto("/account"),
        "text=h1".to_owned(),
    ];
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let walk = chromium.walk(&steps).await;
    walk.console_is_quiet_about(&platform);
    let texts: Vec<String> = walk.texts().into_iter().map(str::to_owned).collect();
    operator_looks_it_up(&platform, &chromium, language, &texts[0]).await;
    texts
}

async fn revoke_every_card(platform: &Platform) {
    {
        let mut simulation = platform.simulation.lock().expect("simulation");
        let now = MachineClock.now();
        simulation
            .revoke("card-1", RevocationReason::KeyCompromise, now)
            .expect("revoked");
    }
    platform.publish_list_and_wait().await;
}

/// The help desk: the browser asks for name and token, and shows the chain of decisions.
async fn operator_looks_it_up(platform: &Platform, chromium: &Chromium, language: &str, reference: &str) {
    let address = platform.operator.trim_start_matches("http://");
    let look = |name: &str| format!("look=operator-{name}-{language}");
    let steps = [
        format!(
            "goto=http://tester:{}@{address}/references",
            platform.operator_token
        ),
        look("blank"),
        "fill=#reference=nonsense".to_owned(),
        "click=form.search button".to_owned(),
        look("malformed"),
        "fill=#reference=AAAAAAAAAA".to_owned(),
        "click=form.search button".to_owned(),
        look("not-found"),
        format!("fill=#reference={}", reference.to_lowercase()),
        "click=form.search button".to_owned(),
        look("found"),
        "text=.verdict--failed code".to_owned(),
        "text=.verdict--failed th code".to_owned(),
    ];
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let walk = chromium.walk(&steps).await;
    assert_eq!(walk.texts(), ["jpki", "it_is_not_revoked"]);
    let of_pages: Vec<_> = walk
        .complaints
        .iter()
        .filter(|complaint| {
            !complaint
                .text
                .starts_with("Failed to load resource: the server responded with a status of 4")
        })
        .collect();
    assert!(of_pages.is_empty(), "{of_pages:#?}");
}

#[tokio::test]
async fn every_page_in_japanese() {
    let texts = every_page("ja", false).await;
    assert_eq!(texts[1], "ログインしていません", "after signing out");
}

#[tokio::test]
async fn every_page_in_english() {
    let texts = every_page("en", true).await;
    assert_eq!(texts[1], "You are not signed in", "after signing out");
}
