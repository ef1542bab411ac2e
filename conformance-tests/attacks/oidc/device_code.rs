//! Attacks on device authorization (RFC 8628 section 5; draft-ietf-oauth-cross-device-security; the campaign that Microsoft calls Storm-2372):
//! somebody begins on a device of theirs and sends the code to a victim, guesses codes, steals what a device asks with, or uses a code twice.

use conformance_tests::{AskedDevice, Browser, Page, Platform, PlatformOptions, RelyingParty, agreeing};
use serde_json::Value;

const DEVICES: &str = "device_authorization = true";

fn error(page: &Page) -> String {
    let json: Value = serde_json::from_str(&page.body).unwrap_or_else(|_| panic!("{}", page.body));
    json["error"].as_str().unwrap_or_default().to_owned()
}

/// The victim has the link and a card, and no device in front of them.
#[tokio::test]
async fn a_victim_with_the_attackers_link_cannot_complete_without_the_number() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_for(&platform, "rp-phished", DEVICES);
    let (attacker, victim) = (platform.bare_browser(), platform.browser_with_new_card());
    // Signed in already: the session alone lets nothing in.
    rp.sign_in(&victim, "").await;
    let device = rp.device(&attacker).await;
    let page = victim.get(&device.complete).await;
    assert!(
        page.body.contains("Only continue if you started this yourself"),
        "{}",
        page.body
    );
    // Opening the link, by the victim or by a scanner of mail, does nothing.
    let _ = platform.bare_browser().get(&device.complete).await;
    let page = victim.submit(&page.form("/activate")).await;
    assert!(page.has_form("/card"), "the card is used for this: {}", page.body);
    let page = victim.submit(&page.form("/card")).await;
    let wrong = device.wrong_numbers(&page);
    // Loading the page again does not tell which number stays.
    let again = victim.get(page.url.as_str()).await;
    assert_eq!(device.wrong_numbers(&again), wrong);
    let refused = victim.submit(&agreeing(&page, &wrong[0])).await;
    assert!(
        refused.body.contains("not the one on the device"),
        "{}",
        refused.body
    );
    // One pick: the right one is worth nothing now, by the same form or by entering the code again.
    let late = victim.submit(&agreeing(&again, &device.number)).await;
    assert!(!late.body.contains("is connected"), "{}", late.body);
    let entered = victim
        .submit(&victim.get(&device.complete).await.form("/activate"))
        .await;
    assert!(entered.body.contains("no such code"), "{}", entered.body);
    assert_eq!(
        error(&rp.poll(&attacker, &device.device_code).await),
        "access_denied"
    );
    assert_eq!(
        platform.metric("device_numbers_total{picked=\"wrong\"}").await,
        Some(1.0)
    );
    assert_eq!(
        platform.metric("tokens_issued_total").await,
        Some(1.0),
        "the sign-in's own"
    );
}

/// No number, none of them, one that stands nowhere: none is a yes.
#[tokio::test]
async fn a_yes_without_the_number_is_a_no() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_for(&platform, "rp-numberless", DEVICES);
    let (attacker, victim) = (platform.bare_browser(), platform.browser_with_new_card());
    for number in [None, Some("none"), Some(""), Some("00")] {
        let device = rp.device(&attacker).await;
        let page = victim.to_agreement(&device).await;
        let mut form = page.form("/consent").with("decision", "agree");
        form.fields.retain(|(name, _)| name != "number");
        let form = match number {
            Some(number) => form.with("number", number),
            None => form,
        };
        let refused = victim.submit(&form).await;
        assert!(
            refused.url.path().starts_with("/activate/done/"),
            "{number:?}: {}",
            refused.url
        );
        assert_eq!(
            error(&rp.poll(&attacker, &device.device_code).await),
            "access_denied",
            "{number:?}"
        );
    }
    assert_eq!(platform.metric("tokens_issued_total").await, None);
}

/// All numbers at once: one answer counts, and the wrong ones are five of six.
#[tokio::test]
async fn of_all_numbers_sent_at_once_one_counts() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_for(&platform, "rp-all", DEVICES);
    let (attacker, victim) = (platform.bare_browser(), platform.browser_with_new_card());
    let device = rp.device(&attacker).await;
    let page = victim.to_agreement(&device).await;
    let mut numbers = device.wrong_numbers(&page);
    numbers.push(device.number.clone());
    at_once(&victim, &numbers, |number| agreeing(&page, number)).await;
    let picked = |which: &'static str| {
        let name = format!("device_numbers_total{{picked=\"{which}\"}}");
        let platform = &platform;
        async move { platform.metric(&name).await.unwrap_or_default() }
    };
    let (right, wrong) = (picked("right").await, picked("wrong").await);
    assert!(
        (right + wrong - 1.0).abs() < f64::EPSILON,
        "{right} right, {wrong} wrong"
    );
    let answer = rp.poll(&attacker, &device.device_code).await;
    assert_eq!(answer.status == 200, right > 0.0, "{}", answer.body);
}

/// Sends a form for each of these at the same moment, each on a connection of its own.
async fn at_once(browser: &Browser, values: &[String], form: impl Fn(&str) -> conformance_tests::Form) {
    let home = "127.0.0.1".parse().unwrap();
    let all: Vec<_> = values
        .iter()
        .map(|value| (browser.calling_from(home), form(value)))
        .collect();
    // The connections are there before the first form goes.
    for (one, form) in &all {
        let _ = one.get_one(&form.action).await;
    }
    let sent = all.iter().map(|(one, form)| one.submit_one(form));
    futures_util::future::join_all(sent).await;
}

/// Whoever guesses is stopped, per address and over all, and a right guess among the late ones is not taken. What is no code guesses none:
/// it counts at its own address alone.
#[tokio::test]
async fn codes_cannot_be_guessed() {
    for (limits, guesses) in [
        ("user_codes_per_address = 3", &["BCDF-GHJK", "", "ZZZZ-ZZZZ"][..]),
        (
            "user_codes_per_minute = 3",
            &["", "BCDF-GHJK", "nonsense", "ZZZZ-ZZZZ", "ZZZZ-ZZZX"][..],
        ),
    ] {
        let platform = Platform::start_with(PlatformOptions {
            more_config: format!("[oidc]\n{limits}"),
            ..PlatformOptions::default()
        })
        .await;
        let rp = RelyingParty::register_for(&platform, "rp-guessed", DEVICES);
        let device = rp.device(&platform.bare_browser()).await;
        let guesser = platform.browser_with_new_card();
        let form = guesser.get(&device.page).await.form("/activate");
        for guess in guesses {
            let page = guesser.submit(&form.clone().with("user_code", guess)).await;
            assert!(
                page.body.contains("no such code"),
                "{limits} {guess}: {}",
                page.body
            );
        }
        // Another browser at the same place counts as well.
        for browser in [guesser, platform.browser_with_new_card()] {
            let form = browser.get(&device.page).await.form("/activate");
            let page = browser.submit(&form.with("user_code", &device.user_code)).await;
            assert_eq!(page.status, 503, "{limits}: {}", page.body);
        }
    }
}

/// Who has a network has many addresses: together they have ten times one address's share.
#[tokio::test]
async fn a_network_of_guessers_is_stopped_too() {
    let platform = Platform::start_with(PlatformOptions {
        more_config: "[oidc]\nuser_codes_per_address = 1".to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    let rp = RelyingParty::register_for(&platform, "rp-network", DEVICES);
    let device = rp.device(&platform.bare_browser()).await;
    let guesser = platform.bare_browser();
    let form = guesser.get(&device.page).await.form("/activate");
    let guess = async |host: u8, code: &str| {
        let here = guesser.calling_from([127, 0, 0, host].into());
        here.submit(&form.clone().with("user_code", code)).await
    };
    for host in 2..=11 {
        let page = guess(host, "BCDF-GHJK").await;
        assert!(page.body.contains("no such code"), "{host}: {}", page.body);
    }
    let page = guess(12, &device.user_code).await;
    assert_eq!(page.status, 503, "{}", page.body);
    assert_eq!(
        platform
            .metric("user_codes_turned_away_total{limit=\"network\"}")
            .await,
        Some(1.0)
    );
}

/// Another client shows a code that it found.
#[tokio::test]
async fn another_client_neither_gets_nor_slows_nor_spends_a_code() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_for(&platform, "rp-owner", DEVICES);
    let thief = RelyingParty::register_for(&platform, "rp-thief", DEVICES);
    let (tv, person) = (platform.bare_browser(), platform.browser_with_new_card());
    let device = rp.device(&tv).await;
    for _ in 0..3 {
        let stolen = thief.poll(&tv, &device.device_code).await;
        let unknown = thief.poll(&tv, "made-up").await;
        // Each refusal has a reference of its own.
        let said = |page: &Page| page.body.split(" (reference ").next().unwrap().to_owned();
        assert_eq!(
            said(&stolen),
            said(&unknown),
            "it does not learn that the code is one"
        );
        assert_eq!(error(&stolen), "invalid_grant");
    }
    assert_eq!(
        error(&rp.poll(&tv, &device.device_code).await),
        "authorization_pending"
    );
    person.let_in(&device).await;
    assert_eq!(
        error(&thief.poll(&tv, &device.device_code).await),
        "invalid_grant"
    );
    assert_eq!(rp.poll(&tv, &device.device_code).await.status, 200);
}

/// A code that comes again takes back what was issued; codes of one kind are none of the other.
#[tokio::test]
async fn a_device_code_counts_once_and_is_no_authorization_code() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_for(&platform, "rp-once", DEVICES);
    let (tv, person) = (platform.bare_browser(), platform.browser_with_new_card());
    let device = rp.device(&tv).await;
    person.let_in(&device).await;
    // As an authorization code, with every address that it could have.
    assert_eq!(
        error(&rp.redeem_raw(&tv, &device.device_code).await),
        "invalid_grant"
    );
    let grant = RelyingParty {
        redirect_uri: conformance_tests::DEVICE_GRANT.to_owned(),
        ..rp.clone()
    };
    assert_eq!(
        error(&grant.redeem_raw(&tv, &device.device_code).await),
        "invalid_grant"
    );
    let answer = rp.poll(&tv, &device.device_code).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens: Value = serde_json::from_str(&answer.body).unwrap();
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(rp.userinfo(&tv, access).await.status, 200);
    assert_eq!(error(&rp.poll(&tv, &device.device_code).await), "invalid_grant");
    assert_eq!(
        rp.userinfo(&tv, access).await.status,
        401,
        "the replay took it back"
    );
    // The other way round, and the code is still good where it belongs.
    let code = rp.code(&person, "").await;
    assert_eq!(error(&rp.poll(&tv, &code).await), "invalid_grant");
    assert!(!rp.redeem(&person, &code).await.access_token.is_empty());
}

/// Another site makes the victim's browser post; another browser's form is sent.
#[tokio::test]
async fn a_code_is_entered_by_nobody_but_the_person_at_the_browser() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_for(&platform, "rp-forged", DEVICES);
    let (attacker, victim) = (platform.browser_with_new_card(), platform.browser_with_new_card());
    let device = rp.device(&attacker).await;
    let theirs = attacker.get(&device.complete).await.form("/activate");
    // A cross-site POST carries no cookie (SameSite); one that does still has no token of this browser.
    assert_eq!(platform.bare_browser().submit_one(&theirs).await.status, 403);
    let _ = victim.get(&device.page).await;
    for token in ["", "x", theirs.field("csrf").unwrap()] {
        let forged = theirs.clone().with("csrf", token);
        assert_eq!(victim.submit_one(&forged).await.status, 403, "{token}");
    }
    // The token of another form does not do either.
    let page = victim.to_agreement(&device).await;
    let entry = victim.get(&device.page).await.form("/activate");
    let crossed = agreeing(&page, &device.number).with("csrf", entry.field("csrf").unwrap());
    assert_eq!(victim.submit_one(&crossed).await.status, 403);
    assert_eq!(
        error(&rp.poll(&attacker, &device.device_code).await),
        "authorization_pending"
    );
    let framed = page.header("content-security-policy").unwrap();
    assert!(framed.contains("frame-ancestors 'none'"), "{framed}");
}

/// The attacker enters the code and hands the victim the sign-in that came of it; or the victim the attacker's.
#[tokio::test]
async fn a_sign_in_for_a_device_belongs_to_the_browser_that_entered_the_code() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_for(&platform, "rp-fixed", DEVICES);
    let (attacker, victim) = (platform.browser_with_new_card(), platform.browser_with_new_card());
    let device: AskedDevice = rp.device(&attacker).await;
    let page = attacker.get(&device.complete).await;
    let begun = attacker.submit(&page.form("/activate")).await;
    let seen = victim.get(begun.url.as_str()).await;
    assert_eq!(seen.status, 400, "another browser's sign-in is unknown");
    assert_eq!(victim.submit_one(&begun.form("/card")).await.status, 403);
    // The code is spent for everybody else, and leads its own browser back.
    let page = victim.get(&device.complete).await;
    let entered = victim.submit(&page.form("/activate")).await;
    assert!(entered.body.contains("no such code"), "{}", entered.body);
    let page = attacker.get(&device.complete).await;
    assert_eq!(attacker.submit(&page.form("/activate")).await.url, begun.url);
    // How it ended is nobody else's to see.
    let done = attacker.let_in(&rp.device(&attacker).await).await;
    assert_eq!(victim.get(done.url.as_str()).await.status, 400);
}
