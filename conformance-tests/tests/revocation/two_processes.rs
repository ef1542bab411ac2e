//! Two processes on one machine: what one takes in, the other refuses by, within seconds of the swap.

use std::time::Instant;

use conformance_tests::{Platform, RelyingParty};
use sim::CardRequest;

use crate::support::{Second, audit, ingest, lists, revoke, until};

/// Milliseconds from the swap to the refusal in the other process. "Within seconds", and as a rule at the very next question.
const SOON_MILLIS: u128 = 2000;

#[tokio::test]
async fn a_swap_in_one_process_is_a_refusal_in_the_other() {
    let platform = Platform::start().await;
    let second = Second::beside(&platform).await;
    let rp = RelyingParty::register(&platform, "rp-two");
    let there = second.client(&rp);
    let (id, card) = platform.card(&CardRequest::default());
    let (away_id, away_card) = platform.card(&CardRequest::default());
    let (browser, away, other) = (
        platform.browser(&card),
        platform.browser(&away_card),
        platform.browser_with_new_card(),
    );
    let tokens = rp.sign_in(&browser, "").await;
    rp.sign_in(&away, "").await;
    let innocent = rp.sign_in(&other, "").await;
    assert_eq!(there.userinfo(&browser, &tokens.access_token).await.status, 200);
    let before = lists(&second.operator, &platform.operator_token).await["generation"]
        .as_u64()
        .unwrap();

    for card in [&id, &away_id] {
        revoke(&platform, card);
    }
    platform.publish_list();
    ingest(&platform);
    let swapped = Instant::now();
    let answer = there.userinfo(&browser, &tokens.access_token).await;
    let took = swapped.elapsed().as_millis();
    assert_eq!(answer.status, 401, "{}", answer.body);
    assert!(took < SOON_MILLIS, "the refusal came after {took} ms");
    println!("from the swap to the refusal in the other process: {took} ms");
    assert_eq!(there.userinfo(&other, &innocent.access_token).await.status, 200);
    let after = lists(&second.operator, &platform.operator_token).await["generation"]
        .as_u64()
        .unwrap();
    assert!(after > before, "{before} {after}");

    // Who does not come back is signed out all the same, and it is on record whom to tell.
    until("both sessions ended", &platform, || async {
        audit(&platform, "session_ended").len() == 2
    })
    .await;
    let took = swapped.elapsed();
    for ended in audit(&platform, "session_ended") {
        assert_eq!(ended["code"], "revoked", "{ended}");
        assert_eq!(ended["facts"]["services"], "1", "{ended}");
    }
    println!("from the swap to the end of the sessions that nobody used: {took:?}");
    assert!(took.as_secs() < 10, "all sessions were looked at after {took:?}");
    until("the sweep is on record", &platform, || async {
        !audit(&platform, "sessions_swept").is_empty()
    })
    .await;
    // Serials were opened under one entry for all of them, before the first.
    let opened = audit(&platform, "serial_opened");
    let swept = |event: &&serde_json::Value| event["facts"]["purpose"] == "sweep";
    let generation = after.to_string();
    let of_this: Vec<_> = opened
        .iter()
        .filter(swept)
        .filter(|event| event["facts"]["generation"] == generation.as_str())
        .collect();
    assert_eq!(of_this.len(), 1, "{opened:?}");
    // The innocent session was looked at and left alone.
    assert_eq!(rp.userinfo(&other, &innocent.access_token).await.status, 200);
    assert!(platform.command(&["audit", "verify"]).status.success());
}

#[tokio::test]
async fn nothing_slips_between_swap_and_issue() {
    let platform = Platform::start().await;
    let second = Second::beside(&platform).await;
    let rp = RelyingParty::register(&platform, "rp-slip");
    let there = second.client(&rp);

    // Between the code and the token, which the other process redeems.
    let (id, card) = platform.card(&CardRequest::default());
    let browser = platform.browser(&card);
    let code = rp.code(&browser, "").await;
    revoke(&platform, &id);
    platform.publish_list();
    ingest(&platform);
    let answer = there.redeem_raw(&browser, &code).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert!(answer.body.contains("invalid_grant"), "{}", answer.body);

    // Between a refresh token and its use in the other process.
    let lasting = RelyingParty::register_for(&platform, "rp-lasting", r#"refresh = "session""#);
    let (id, card) = platform.card(&CardRequest::default());
    let browser = platform.browser(&card);
    let code = lasting.code(&browser, "").await;
    let answer = lasting.redeem_raw(&browser, &code).await;
    let tokens: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let token = tokens["refresh_token"].as_str().unwrap();
    revoke(&platform, &id);
    platform.publish_list();
    ingest(&platform);
    let answer = second.client(&lasting).refresh(&browser, token, &[]).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert!(answer.body.contains("invalid_grant"), "{}", answer.body);

    // Between consent and the code.
    let (id, card) = platform.card(&CardRequest::default());
    let browser = platform.browser(&card);
    let page = browser.get(&rp.request("")).await;
    let page = browser.submit(&page.form("/card")).await;
    let consent = page.form("/consent").with("decision", "agree");
    revoke(&platform, &id);
    platform.publish_list();
    ingest(&platform);
    let page = browser.submit(&consent).await;
    assert!(
        !rp.is_reply(page.url.as_str()) && page.status != 200 || page.has_form("/card"),
        "{} {}",
        page.status,
        page.body
    );

    // Between the card and the return from the door there is nothing to slip through either: the card is refused.
    let fresh = platform.browser(&card);
    let page = fresh.get(&rp.request("")).await;
    let page = fresh.submit(&page.form("/card")).await;
    assert_eq!(page.status, 403, "{}", page.body);
    assert!(page.url.path().contains("/refused/"), "{}", page.url);

    // Between two uses of one session: single sign-on from the other process.
    let (id, card) = platform.card(&CardRequest::default());
    let browser = platform.browser(&card);
    rp.sign_in(&browser, "").await;
    revoke(&platform, &id);
    platform.publish_list();
    ingest(&platform);
    let reply = rp.authorize(&browser, "&prompt=none").await;
    let error = reply.iter().find(|(name, _)| name == "error").unwrap();
    assert_eq!(error.1, "login_required", "{reply:?}");
}

#[tokio::test]
async fn a_process_that_was_away_opens_what_others_took_in() {
    let mut platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-away");
    let (id, card) = platform.card(&CardRequest::default());
    let browser = platform.browser(&card);
    let tokens = rp.sign_in(&browser, "").await;
    assert_eq!(platform.stop(), Some(0));
    revoke(&platform, &id);
    platform.publish_list();
    ingest(&platform);
    // The last good index is opened although the delivery is gone.
    std::fs::remove_file(platform.path().join("crl/auth.crl")).unwrap();
    platform.run().await;
    let said = lists(&platform.operator, &platform.operator_token).await;
    assert_eq!(said["state"], "fresh", "{said}");
    assert_eq!(rp.userinfo(&browser, &tokens.access_token).await.status, 401);
    rp.sign_in(&platform.browser_with_new_card(), "").await;
}
