//! What a relay obtains (docs/decisions/0014): an attacker's screen shows a code, and a victim with a card is talked into using it.
//! Each test says what the victim saw, what the attacker got, and what stood between them.

use conformance_tests::{Platform, RelyingParty};
use sim::CardRequest;

use crate::other_screen::{screen, shown, signed, wrong};
use crate::reader::{Api, Given, body, honest, platform, proof, refused, sign, transaction};

/// A letter with a code, a poster, an advertisement: nobody is there to pass the number on.
#[tokio::test]
async fn a_code_sent_beforehand_gets_nothing_because_the_number_comes_after_the_card() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-letter", "2");
    let (_, card) = platform.card(&CardRequest::default());
    let (attacker, victim) = (platform.bare_browser(), platform.bare_browser());
    let lure = screen(&attacker, &rp).await;
    let before = lure.body.clone();
    let given = signed(&platform, &victim, &lure, &card).await;
    // What the victim sees: the true origin, the service, and that the session will be elsewhere. The platform cannot tell more.
    assert_eq!(given.line("origin"), platform.origin);
    assert_eq!(given.line("service-en"), "rp-letter filing");
    assert_eq!(given.line("session-at"), "other-screen");
    let number = shown(&attacker.get(lure.url.as_str()).await);
    assert!(
        !before.contains(&format!(">{number}<")),
        "the letter could not hold the number"
    );
    // The victim guesses, as those do who want to be done: one try in ninety, and only one.
    let api = Api::new(&platform, &victim);
    refused(
        &api.number(&given, Some(&wrong(&number))).await,
        403,
        "device_not_confirmed",
    );
    let over = attacker.get(lure.url.as_str()).await;
    assert_eq!(
        over.text("main .box code").as_deref(),
        Some("device_not_confirmed")
    );
    assert!(!attacker.everything_seen().contains("__Host-session"));
}

/// Somebody on the telephone passes code and number on: this works, and the decision says so. What is left is the ceiling.
#[tokio::test]
async fn whoever_passes_the_number_on_at_once_gets_a_session_below_the_ceiling_and_no_more() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-call", "2");
    let strict = RelyingParty::register(&platform, "rp-strict");
    let (_, card) = platform.card(&CardRequest::default());
    let (attacker, victim) = (platform.bare_browser(), platform.bare_browser());
    let lure = screen(&attacker, &rp).await;
    let given = signed(&platform, &victim, &lure, &card).await;
    let number = shown(&attacker.get(lure.url.as_str()).await);
    let confirmed = Api::new(&platform, &victim).number(&given, Some(&number)).await;
    assert_eq!(
        body(&confirmed)["status"],
        "ready",
        "number matching does not stop a live relay"
    );
    let reply = rp
        .walk(
            &attacker,
            attacker.get_until(lure.url.as_str(), &rp.redirect_uri).await,
        )
        .await;
    let claims = rp.redeem(&attacker, &reply.query("code").unwrap()).await.claims;
    assert_eq!(claims["acr"], "aal2", "the residual risk, at most this high");
    let amr = claims["amr"].to_string();
    assert!(
        !amr.contains("phr") && !amr.contains("pop"),
        "no claim of phishing resistance: {amr}"
    );
    // The stolen session opens no service that demands the card in the browser, and cannot be raised there.
    let silent = strict.authorize(&attacker, "&prompt=none").await;
    assert!(
        silent
            .iter()
            .any(|(name, value)| name == "error" && value == "login_required")
    );
    assert!(!attacker.get(&strict.request("")).await.has_form("/device"));
    // The person finds it among their sessions and ends it.
    let own = platform.browser(&card);
    rp.sign_in(&own, "").await;
    let account = own.get(&format!("{}/account", platform.origin)).await;
    let ended = own.submit(&account.form("/account/end-all")).await;
    assert!(ended.status.is_success());
    let silent = rp.authorize(&attacker, "&prompt=none").await;
    assert!(
        silent
            .iter()
            .any(|(name, value)| name == "error" && value == "login_required"),
        "{silent:?}"
    );
}

/// Software near the card signs whatever it is handed (a foreign signing oracle), and shows nobody anything.
#[tokio::test]
async fn software_that_signs_anything_gives_its_master_a_session_below_the_ceiling() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-oracle", "2");
    let (_, card) = platform.card(&CardRequest::default());
    let oracle = |octets: &[u8]| sign(&card, octets);
    let attacker = platform.bare_browser();
    let api = Api::new(&platform, &attacker);
    let given = Given::of(&api.begin(&transaction(&attacker, &rp, "").await).await);
    let (algorithm, signature) = oracle(&given.challenge);
    let certificate = card.lock().unwrap().certificate().to_vec();
    let proven = api
        .prove(&given, &proof(&certificate, algorithm, &signature))
        .await;
    assert_eq!(
        body(&proven)["status"],
        "ready",
        "nothing here can know that nobody was shown anything"
    );
    // The same oracle is of no use at the certificate door: what it must sign there is nothing that this door hands out.
    assert!(!given.challenge.starts_with(&[0x20; 64]) && given.challenge[0] != 1);
}

/// A site that is not ours plays the platform and passes challenges on.
#[tokio::test]
async fn another_sites_challenge_is_worth_nothing_here_and_an_honest_device_does_not_sign_it() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-site", "2");
    let (_, card) = platform.card(&CardRequest::default());
    let attacker = platform.bare_browser();
    let api = Api::new(&platform, &attacker);
    let given = Given::of(&api.begin(&transaction(&attacker, &rp, "").await).await);
    let disguised = given.shown().replace(&platform.origin, "https://lottery.example");
    // The card did sign it: a victim who takes the lottery for what it says it is.
    let (algorithm, signature) = sign(&card, disguised.as_bytes());
    let certificate = card.lock().unwrap().certificate().to_vec();
    let answer = api
        .prove(&given, &proof(&certificate, algorithm, &signature))
        .await;
    refused(&answer, 422, "signature");
    // Unchanged, it names our origin, and a device that was made for the lottery's origin would see that.
    assert_eq!(given.line("origin"), platform.origin);
    assert_eq!(api.prove(&given, &honest(&card, &given)).await.status, 200);
}

/// The other way round: an attacker claims the code on a victim's screen with a card of their own, so that the victim works in the
/// attacker's account.
#[tokio::test]
async fn a_stranger_who_claims_a_screens_code_cannot_know_its_number() {
    let platform: Platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-fixed", "2");
    let (_, attackers) = platform.card(&CardRequest::default());
    let (victim, attacker) = (platform.bare_browser(), platform.bare_browser());
    let page = screen(&victim, &rp).await;
    let given = signed(&platform, &attacker, &page, &attackers).await;
    let number = shown(&victim.get(page.url.as_str()).await);
    let answer = Api::new(&platform, &attacker)
        .number(&given, Some(&wrong(&number)))
        .await;
    refused(&answer, 403, "device_not_confirmed");
    assert!(!victim.everything_seen().contains("__Host-session"));
}
