//! The device that holds the card began the sign-in itself.

use conformance_tests::{Browser, Platform, RelyingParty};
use serde_json::Value;
use sim::CardRequest;
use sim::card::CardSigning;
use sim::keys::KeyAlgorithm;
use sim::tls::SharedCard;

use crate::reader::{Api, Given, body, honest, platform, refused, transaction};

/// A whole sign-in; the claims of the ID token.
async fn sign_in(platform: &Platform, rp: &RelyingParty, browser: &Browser, card: &SharedCard) -> Value {
    let api = Api::new(platform, browser);
    let given = Given::of(&api.begin(&transaction(browser, rp, "").await).await);
    let proven = api.prove(&given, &honest(card, &given)).await;
    assert_eq!(proven.status, 200, "{}", proven.body);
    let go_on = body(&proven)["continue"].as_str().expect("continue").to_owned();
    let page = rp
        .walk(browser, browser.get_until(&go_on, &rp.redirect_uri).await)
        .await;
    let code = page.query("code").expect("a code");
    rp.redeem(browser, &code).await.claims
}

#[tokio::test]
async fn a_box_signs_in_with_the_card_and_the_service_learns_how() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-box", "2");
    let (_, card) = platform.card(&CardRequest::default());
    let browser = platform.bare_browser();
    let claims = sign_in(&platform, &rp, &browser, &card).await;
    assert_eq!(claims["acr"], "aal2", "{claims}");
    assert_eq!(claims["aal"], "2", "{claims}");
    assert_eq!(claims["amr"], serde_json::json!(["hwk", "mfa", "pin", "sc"]));
    // The same person at the certificate door, with the same card.
    let tls = platform.browser(&card);
    let at_door = rp.sign_in(&tls, "").await.claims;
    assert_eq!(claims["sub"], at_door["sub"], "one account for both doors");
    assert_eq!(at_door["acr"], "aal3");
}

#[tokio::test]
async fn every_way_that_a_card_signs_is_taken() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-ways", "1");
    for (algorithm, signing) in [
        (KeyAlgorithm::Rsa2048, CardSigning::Pkcs1),
        (KeyAlgorithm::Rsa2048, CardSigning::Pss),
        (KeyAlgorithm::P384, CardSigning::Ecdsa),
    ] {
        let (_, card) = platform.card(&CardRequest {
            algorithm,
            signing: Some(signing),
            ..CardRequest::default()
        });
        let claims = sign_in(&platform, &rp, &platform.bare_browser(), &card).await;
        assert_eq!(claims["aal"], "2", "{signing:?}");
    }
}

#[tokio::test]
async fn what_is_signed_is_what_is_shown_and_says_who_asks() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-shown", "2");
    let browser = platform.bare_browser();
    let api = Api::new(&platform, &browser);
    let transaction = transaction(&browser, &rp, "").await;
    let given = Given::of(&api.begin(&transaction).await);
    assert!(given.shown().starts_with("GAP-IDP-CARD-SIGN-IN-CHALLENGE-V1\n"));
    assert_eq!(given.json["challenge_text"], given.shown());
    assert_eq!(given.line("origin"), platform.origin);
    assert_eq!(given.line("service-ja"), "rp-shown 申請");
    assert_eq!(given.line("service-en"), "rp-shown filing");
    assert_eq!(given.line("channel"), "set-top-box");
    assert_eq!(given.line("session-at"), "this-device");
    let again = Given::of(&api.begin(&transaction).await);
    assert_ne!(given.line("nonce"), again.line("nonce"));
    assert_ne!(given.secret, again.secret);
    // The secret is kept as a hash only.
    let kept = std::fs::read(platform.path().join("data/ephemera.sqlite-wal"))
        .into_iter()
        .chain(std::fs::read(platform.path().join("data/ephemera.sqlite")))
        .flatten()
        .collect::<Vec<u8>>();
    let holds = |text: &str| kept.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(&given.attempt), "the search finds what is there");
    assert!(!holds(&given.secret), "the secret is in the database");
}

#[tokio::test]
async fn a_device_asks_at_its_interval_and_hears_how_it_stands() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-poll", "2");
    let (_, card) = platform.card(&CardRequest::default());
    let browser = platform.bare_browser();
    let api = Api::new(&platform, &browser);
    let given = Given::of(&api.begin(&transaction(&browser, &rp, "").await).await);
    assert_eq!(given.json["interval"], 2);
    let first = api.poll(&given).await;
    assert_eq!(body(&first)["status"], "challenged");
    let mut slowed = 0;
    for _ in 0..20 {
        let answer = api.poll(&given).await;
        if answer.status == 429 {
            refused(&answer, 429, "slow_down");
            assert_eq!(answer.header("retry-after"), Some("2"));
            slowed += 1;
        }
    }
    assert!(slowed >= 15, "{slowed} of 20 questions at once were slowed down");
    // A flood does not end the try.
    assert_eq!(api.prove(&given, &honest(&card, &given)).await.status, 200);
}

#[tokio::test]
async fn only_the_browser_that_began_gets_the_session() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-thief", "2");
    let (_, card) = platform.card(&CardRequest::default());
    let browser = platform.bare_browser();
    let api = Api::new(&platform, &browser);
    let name = transaction(&browser, &rp, "").await;
    let given = Given::of(&api.begin(&name).await);
    // A stranger knows the transaction's name: no cookie, another cookie.
    let stranger = platform.bare_browser();
    refused(
        &Api::new(&platform, &stranger).begin(&name).await,
        400,
        "transaction_unknown",
    );
    transaction(&stranger, &rp, "").await;
    refused(
        &Api::new(&platform, &stranger).begin(&name).await,
        400,
        "transaction_unknown",
    );
    let proven = api.prove(&given, &honest(&card, &given)).await;
    let go_on = body(&proven)["continue"].as_str().unwrap().to_owned();
    let stolen = stranger.get(&go_on).await;
    assert_eq!(stolen.status, 400, "{}", stolen.url);
    assert!(!stranger.everything_seen().contains("__Host-session"));
    // The one who began still can, once.
    let page = browser.get_one(&go_on).await;
    let ticket = page.header("location").unwrap().to_owned();
    assert!(ticket.starts_with("/card/return?t="), "{ticket}");
    let redeemed = browser.get_one(&format!("{}{ticket}", platform.origin)).await;
    assert_eq!(redeemed.status, 303);
    let again = browser.get_one(&format!("{}{ticket}", platform.origin)).await;
    assert_eq!(again.status, 409, "a ticket works once");
}
