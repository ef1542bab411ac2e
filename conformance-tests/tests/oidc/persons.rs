//! Two people, one browser: nobody agrees, is answered about or goes on for another. And strangers, who cannot make us write without bound.

use std::sync::{Arc, Mutex};

use conformance_tests::{MachineClock, MachineEntropy, Platform, PlatformOptions, RelyingParty};
use domain::Clock;
use sim::CardRequest;
use sim::fault::Fault;
use sim::tls::CardResolver;

#[tokio::test]
async fn a_hint_is_answered_about_that_person_and_nobody_else() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-hint");
    let first = platform.browser_with_new_card();
    let tokens = rp.sign_in(&first, "").await;
    let hint = format!("&id_token_hint={}", tokens.id_token);
    let silent = rp.authorize(&first, &format!("&prompt=none{hint}")).await;
    assert!(silent.iter().any(|(name, _)| name == "code"), "{silent:?}");
    let second = platform.browser_with_new_card();
    rp.sign_in(&second, "").await;
    let silent = rp.authorize(&second, &format!("&prompt=none{hint}")).await;
    assert!(
        silent
            .iter()
            .any(|(name, value)| name == "error" && value == "login_required"),
        "{silent:?}"
    );
    // With pages allowed the card is asked for; the wrong one again is told so.
    let page = second.get(&rp.request(&hint)).await;
    let page = second.submit(&page.form("/card")).await;
    assert_eq!(page.status, 403);
    assert!(page.body.contains("another person"), "{}", page.body);
    let forged = second
        .get_until(
            &rp.request("&prompt=none&id_token_hint=e30.e30.AAAA"),
            &rp.redirect_uri,
        )
        .await;
    assert!(
        forged.query("error").is_some() && forged.query("code").is_none(),
        "{}",
        forged.url
    );
}

#[tokio::test]
async fn one_persons_page_does_not_agree_for_the_next() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-page");
    let (_, card) = platform.card(&CardRequest::default());
    let browser = platform.browser(&card);
    let page = browser.get(&rp.request("")).await;
    let consent = browser.submit(&page.form("/card")).await;
    let agree = consent.form("/consent").with("decision", "agree");
    // Somebody else signs in in the same browser, in another tab.
    let (_, other) = platform.card(&CardRequest::default());
    let browser = browser.with_other_card(Some(CardResolver::new(other, "1234", &MachineEntropy)));
    let tab = browser.get(&rp.request("&prompt=login")).await;
    browser.submit(&tab.form("/card")).await;
    let refused = browser.submit_one(&agree).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
}

#[tokio::test]
async fn strangers_fill_nothing() {
    let options = PlatformOptions::default();
    let mut platform = Platform::prepare(options).await;
    let file = platform.path().join("idp-server.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        text.replace("begin_per_minute = 1000000", "begin_per_minute = 20"),
    )
    .unwrap();
    platform.run().await;
    let browser = platform.bare_browser();
    // What the platform itself writes at its start (lists taken in) is no stranger's.
    let mut audit = -1.0;
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let now = platform.metric("ledger_audit_records").await.unwrap();
        if (now - audit).abs() < 0.5 {
            break;
        }
        assert!(std::time::Instant::now() < until, "the platform never rests");
        audit = now;
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    }
    for path in [
        "/card/return",
        "/sign-in/txn_00000000000000000000000000000000",
        "/oidc/logout?id_token_hint=x",
    ] {
        for _ in 0..40 {
            let page = browser.get_one(&format!("{}{path}", platform.origin)).await;
            assert!(
                page.status.is_client_error() || page.status.is_server_error(),
                "{path}: {}",
                page.status
            );
        }
    }
    let held = platform.metric("ephemera_entries").await.unwrap();
    // As many references as one address may begin, and one corner of explained exchanges (12, their ring, and what opens them).
    assert!(held <= 30.0 + 16.0, "120 bad requests keep {held} entries");
    let after = platform.metric("ledger_audit_records").await.unwrap();
    assert!((after - audit).abs() < 0.5, "nothing durable");
    let page = browser
        .get_one(&format!("{}/oidc/authorize?client_id=x", platform.origin))
        .await;
    assert_eq!(page.status, 503, "who began too often waits");
}

#[tokio::test]
async fn a_certificate_of_ones_own_writes_nothing_durable_and_a_real_one_does() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-own-ca");
    let before = platform.metric("ledger_audit_records").await.unwrap();
    let (_, stranger) = platform.card(&CardRequest::with_fault(Fault::ForeignAuthority));
    let browser = platform.browser(&stranger);
    let page = browser.get(&rp.request("")).await;
    for _ in 0..5 {
        let refused = browser.submit(&page.form("/card")).await;
        assert!(refused.url.path().contains("/refused/"), "{}", refused.url);
    }
    let after = platform.metric("ledger_audit_records").await.unwrap();
    assert!(
        (after - before).abs() < 0.5,
        "{before} records before, {after} after"
    );
    // An expired certificate of a pinned CA is not to be had without its card: that refusal is kept for good.
    let (_, expired) = platform.card(&CardRequest::with_fault(Fault::Expired));
    let browser = platform.browser(&expired);
    let page = browser.get(&rp.request("")).await;
    browser.submit(&page.form("/card")).await;
    let kept = platform.metric("ledger_audit_records").await.unwrap();
    assert!(kept > after + 0.5, "{after} records before, {kept} after");
}

#[tokio::test]
async fn a_renewed_card_ends_the_sessions_of_the_old_one() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-renewed");
    let (old, card) = platform.card(&CardRequest::default());
    let before = platform.browser(&card);
    let tokens = rp.sign_in(&before, "").await;
    let renewed = {
        let mut simulation = platform.simulation.lock().unwrap();
        let record = simulation
            .renew_card(&old, &CardRequest::default(), MachineClock.now())
            .unwrap();
        Arc::new(Mutex::new(simulation.card(&record.id).unwrap()))
    };
    let again = rp.sign_in(&platform.browser(&renewed), "").await;
    assert_eq!(tokens.claims["sub"], again.claims["sub"], "the same person");
    let silent = rp.authorize(&before, "&prompt=none").await;
    assert!(
        silent
            .iter()
            .any(|(name, value)| name == "error" && value == "login_required"),
        "{silent:?}"
    );
    assert_eq!(rp.userinfo(&before, &tokens.access_token).await.status, 401);
}
