//! Session fixation and login CSRF (Kolšek, "Session Fixation Vulnerability in Web-based Applications", 2002; RFC 6819 section 4.4.1.13;
//! RFC 9700 section 4.7): what an attacker chose before the person used the card is worth nothing after, in either direction.

use conformance_tests::{Browser, Page, Platform, RelyingParty};

use super::{is_hardened, is_signed_in, signed_in};

const SESSION: &str = "__Host-session";
const BROWSER: &str = "__Host-browser";

fn plant(browser: &Browser, platform: &Platform, name: &str, value: &str) {
    browser.plant(
        &platform.origin,
        &format!("{name}={value}; Path=/; Secure; HttpOnly"),
    );
}

async fn sub(rp: &RelyingParty, browser: &Browser, more: &str) -> String {
    let tokens = rp.sign_in(browser, more).await;
    tokens.claims["sub"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_session_that_somebody_chose_before_is_not_the_one_after() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-fixed");
    // A value of the attacker's own making, never given by us.
    let chosen = "A".repeat(43);
    let (victim, attacker) = (platform.browser_with_new_card(), platform.bare_browser());
    plant(&victim, &platform, SESSION, &chosen);
    plant(&attacker, &platform, SESSION, &chosen);
    assert!(!is_signed_in(&rp, &victim).await, "a made-up session is none");
    rp.sign_in(&victim, "").await;
    assert_ne!(victim.cookie(&platform.origin, SESSION).unwrap(), chosen);
    assert!(is_signed_in(&rp, &victim).await);
    assert!(!is_signed_in(&rp, &attacker).await);

    // A real session of the attacker's, in the victim's browser.
    let attacker = platform.browser_with_new_card();
    let attackers_sub = sub(&rp, &attacker, "").await;
    let secret = attacker.cookie(&platform.origin, SESSION).unwrap();
    let victim = platform.browser_with_new_card();
    plant(&victim, &platform, SESSION, &secret);
    let victims_sub = sub(&rp, &victim, "&prompt=login").await;
    assert_ne!(
        attackers_sub, victims_sub,
        "the card says who it is, and not the cookie"
    );
    assert_ne!(victim.cookie(&platform.origin, SESSION).unwrap(), secret);
    assert!(
        !is_signed_in(&rp, &attacker).await,
        "what another person's card took the place of has ended"
    );
    // Each sign-in has its own secret.
    let before = victim.cookie(&platform.origin, SESSION).unwrap();
    rp.sign_in(&victim, "&prompt=login").await;
    assert_ne!(victim.cookie(&platform.origin, SESSION).unwrap(), before);
    let old = platform.bare_browser();
    plant(&old, &platform, SESSION, &before);
    assert!(!is_signed_in(&rp, &old).await, "the secret before counts no more");
}

#[tokio::test]
async fn the_name_of_a_browser_is_no_session() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-named");
    let attacker = platform.bare_browser();
    let begun = attacker.get(&rp.request("")).await;
    let name = attacker.cookie(&platform.origin, BROWSER).unwrap();
    // The victim goes on with what the attacker began, under the name that the attacker knows.
    let victim = platform.browser_with_new_card();
    plant(&victim, &platform, BROWSER, &name);
    let page = victim.get(begun.url.as_str()).await;
    let consent = victim.submit(&page.form("/card")).await;
    assert!(consent.has_form("/consent"), "{}", consent.body);
    // The attacker, who has the name but no session, looks whether it is done: before the yes and after it.
    let looked = attacker.get_until(begun.url.as_str(), &rp.redirect_uri).await;
    assert!(!rp.is_reply(looked.url.as_str()), "{}", looked.url);
    assert!(!looked.has_form("/consent"), "{}", looked.body);
    let reply = victim
        .submit_until(
            &consent.form("/consent").with("decision", "agree"),
            &rp.redirect_uri,
        )
        .await;
    assert!(reply.query("code").is_some());
    let looked = attacker.get_until(begun.url.as_str(), &rp.redirect_uri).await;
    assert!(!rp.is_reply(looked.url.as_str()), "{}", looked.url);
    assert!(!is_signed_in(&rp, &attacker).await);
    let account = attacker.get(&format!("{}/account", platform.origin)).await;
    assert!(!account.has_form("/account/end-all"), "nobody is signed in there");
}

/// The way back from the card, not gone yet.
async fn ticket(platform: &Platform, browser: &Browser, page: &Page) -> String {
    let stop = format!("{}/card/return", platform.origin);
    let back = browser.submit_until(&page.form("/card"), &stop).await;
    assert!(back.url.as_str().starts_with(&stop), "{}", back.url);
    back.url.into()
}

#[tokio::test]
async fn a_ticket_of_one_browser_signs_nobody_in_at_another() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-tickets");
    // The attacker's ticket, sent to a victim (login CSRF), with and without a sign-in of the victim's own.
    let attacker = platform.browser_with_new_card();
    let page = attacker.get(&rp.request("")).await;
    let url = ticket(&platform, &attacker, &page).await;
    let victim = platform.browser_with_new_card();
    victim.get(&rp.request("")).await;
    let refused = victim.get_one(&url).await;
    assert!(refused.status.is_client_error(), "{}", refused.status);
    is_hardened("another's ticket", &refused);
    assert!(victim.cookie(&platform.origin, SESSION).is_none());
    assert!(!is_signed_in(&rp, &victim).await);

    // A victim's ticket in the attacker's hands: a stolen address is nothing without the browser, and is used up.
    let page = victim.get(&rp.request("")).await;
    let url = ticket(&platform, &victim, &page).await;
    let thief = signed_out_with_open_sign_in(&platform, &rp).await;
    let refused = thief.get_one(&url).await;
    assert!(refused.status.is_client_error(), "{}", refused.status);
    assert!(thief.cookie(&platform.origin, SESSION).is_none());
    let late = victim.get_one(&url).await;
    assert!(late.status.is_client_error(), "used once, by whomever");
    assert!(victim.cookie(&platform.origin, SESSION).is_none());

    // Used and shown again, in the same browser.
    let page = victim.get(&rp.request("")).await;
    let url = ticket(&platform, &victim, &page).await;
    assert_eq!(victim.get_one(&url).await.status, 303);
    let held = victim.cookie(&platform.origin, SESSION);
    assert!(held.is_some());
    assert!(victim.get_one(&url).await.status.is_client_error());
    assert_eq!(victim.cookie(&platform.origin, SESSION), held);

    // Made up, cut, and twice.
    for bad in [
        "",
        "?t=",
        "?t=AAAA",
        &format!("?t={}", "A".repeat(43)),
        "?t=..%2F..&t=x",
    ] {
        let page = victim
            .get_one(&format!("{}/card/return{bad}", platform.origin))
            .await;
        assert!(page.status.is_client_error(), "{bad}: {}", page.status);
        assert!(page.header("location").is_none(), "{bad}");
    }
}

async fn signed_out_with_open_sign_in(platform: &Platform, rp: &RelyingParty) -> Browser {
    let browser = platform.bare_browser();
    browser.get(&rp.request("")).await;
    browser
}

#[tokio::test]
async fn a_page_of_anothers_sign_in_is_unknown_here() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-pages");
    let victim = platform.browser_with_new_card();
    let page = victim.get(&rp.request("")).await;
    let form = page.form("/card");
    let attacker = signed_in(&platform, &rp).await;
    assert_eq!(attacker.get(page.url.as_str()).await.status, 400);
    // With a token that is right for the attacker's own sign-in.
    let own = attacker.get(&rp.request("&prompt=login")).await.form("/card");
    let token = own.field("csrf").unwrap();
    for word in ["card", "anew", "consent", "cancel", "return", "device"] {
        let mut crossed = form.clone().with("csrf", token).with("decision", "agree");
        crossed.action = form.action.replace("/card", &format!("/{word}"));
        let answer = attacker.submit_one(&crossed).await;
        assert!(answer.status.is_client_error(), "{word}: {}", answer.status);
        assert!(answer.header("location").is_none(), "{word}");
    }
    // The victim notices nothing.
    let consent = victim.submit(&form).await;
    assert!(consent.has_form("/consent"));
}
