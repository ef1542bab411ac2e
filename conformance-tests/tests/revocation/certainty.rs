//! How certain it must be that a certificate is not revoked: asked for by requests and records, answered by lists or by the
//! authority's responder, never by silence.

use conformance_tests::{Page, Platform, PlatformOptions, RelyingParty};
use serde_json::{Value, json};
use sim::CardRequest;
use sim::authority::{CaKind, Hierarchy};
use sim::crl::{CrlFacts, crl};

use crate::support::{audit, lists, now, register_with, revoke, until};

async fn platform() -> Platform {
    Platform::start_with(PlatformOptions {
        jlis_process: true,
        jlis: "ocsp_responders = [{ label = \"first\", url = \"{jlis}/ocsp\" }]\nocsp_good_for_seconds = 0"
            .to_owned(),
        jpki: "list_lag_seconds = 0".to_owned(),
        ..Default::default()
    })
    .await
}

const OCSP: &str = "&acr_values=aal3%20ocsp";

/// Signs in to the point where the service would be answered, and returns the page in its place.
async fn refused(platform: &Platform, rp: &RelyingParty, more: &str) -> Page {
    let browser = platform.browser_with_new_card();
    refused_in(&browser, rp, more).await
}

async fn refused_in(browser: &conformance_tests::Browser, rp: &RelyingParty, more: &str) -> Page {
    let mut page = browser.get(&rp.request(more)).await;
    if page.has_form("/card") && !page.has_form("/return") {
        page = browser.submit(&page.form("/card")).await;
    }
    if page.has_form("/consent") {
        page = browser
            .submit(&page.form("/consent").with("decision", "agree"))
            .await;
    }
    page
}

#[tokio::test]
async fn the_answer_says_how_it_was_found_out() {
    let platform = platform().await;
    let rp = RelyingParty::register(&platform, "rp-how");
    let strict = register_with(&platform, "rp-strict", "required_certainty = \"ocsp\"");
    let browser = platform.browser_with_new_card();
    for (client, more, certainty, acr, questions) in [
        (&rp, "", "crl", "aal3", 0),
        (&rp, "&acr_values=aal3%20crl", "crl", "aal3", 0),
        (&rp, OCSP, "ocsp", "aal3", 1),
        (&rp, "&acr_values=aal2%20ocsp", "ocsp", "aal2", 2),
        (&rp, "&acr_values=ocsp", "ocsp", "aal3", 3),
        (&strict, "", "ocsp", "aal3", 4),
        // Nobody lowers what the record demands.
        (&strict, "&acr_values=aal3%20crl", "ocsp", "aal3", 5),
    ] {
        let tokens = client.sign_in(&browser, more).await;
        assert_eq!(tokens.claims["revocation_certainty"], certainty, "{more}");
        assert_eq!(tokens.claims["acr"], acr, "{more}");
        assert_eq!(platform.jlis().count("ocsp"), questions, "{more}");
        let said: Value =
            serde_json::from_str(&client.userinfo(&browser, &tokens.access_token).await.body).unwrap();
        assert_eq!(said["revocation_certainty"], certainty);
    }
    // Who asked how often is in the account, by service and month.
    let account = || -> Vec<Value> {
        let said = platform.command(&["revocation", "questions"]);
        String::from_utf8(said.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|line: &Value| line["kind"] == "status_authentication")
            .collect()
    };
    until("the account", &platform, || async {
        account()
            .iter()
            .filter_map(|line| line["sent"].as_u64())
            .sum::<u64>()
            == 5
    })
    .await;
    let mut sums: Vec<u64> = account()
        .iter()
        .map(|line| line["sent"].as_u64().unwrap())
        .collect();
    sums.sort_unstable();
    assert_eq!(sums, [2, 3], "{:?}", account());
    let month = account()[0]["month"].as_str().unwrap().to_owned();
    let said: Value = platform
        .told_operator(&format!("/revocation/questions?month={month}"))
        .await;
    assert!(said["questions"].as_array().unwrap().len() >= 2, "{said}");
    // Each opening of a serial for it is on record, with the service.
    let opened = audit(&platform, "serial_opened");
    let for_ocsp = opened
        .iter()
        .filter(|event| event["facts"]["purpose"] == "ocsp" && event["service"].is_string());
    assert_eq!(for_ocsp.count(), 5);
    // A restart forgets none of it.
    let discovery: Value = serde_json::from_str(
        &browser
            .get(&format!("{}/.well-known/openid-configuration", platform.origin))
            .await
            .body,
    )
    .unwrap();
    let values = discovery["acr_values_supported"].as_array().unwrap();
    assert!(
        values.contains(&json!("crl")) && values.contains(&json!("ocsp")),
        "{values:?}"
    );
}

#[tokio::test]
async fn no_answer_is_no_good_answer() {
    let platform = platform().await;
    let rp = RelyingParty::register(&platform, "rp-silent");
    for (fault, status, title) in [
        (
            "ocsp-unknown",
            403,
            "The office that issued your card does not know it yet",
        ),
        (
            "ocsp-unavailable",
            503,
            "We could not ask whether your card is still valid",
        ),
        (
            "ocsp-garbage",
            503,
            "We could not ask whether your card is still valid",
        ),
        (
            "ocsp-broken-signature",
            503,
            "We could not ask whether your card is still valid",
        ),
        (
            "ocsp-no-nonce",
            503,
            "We could not ask whether your card is still valid",
        ),
        (
            "ocsp-silent",
            503,
            "We could not ask whether your card is still valid",
        ),
    ] {
        platform.jlis().fault(fault);
        let page = refused(&platform, &rp, OCSP).await;
        assert_eq!(page.status, status, "{fault}: {}", page.body);
        assert!(page.body.contains(title), "{fault}: {}", page.body);
        assert!(page.has_form("/return"), "{fault}: there is a way back");
        platform.jlis().no_fault(fault);
    }
    // Whoever is content with the list is not concerned.
    platform.jlis().fault("ocsp-unavailable");
    let browser = platform.browser_with_new_card();
    rp.sign_in(&browser, "").await;
    // Where pages are forbidden the service learns one word.
    let reply = rp.authorize(&browser, &format!("&prompt=none{OCSP}")).await;
    let error = reply.iter().find(|(name, _)| name == "error").unwrap();
    assert_eq!(error.1, "access_denied", "{reply:?}");
    assert!(
        audit(&platform, "status_asked")
            .iter()
            .any(|event| event["code"] == "status_unavailable")
    );
    // And without any responder there is no certainty to be had.
    let bare = Platform::start().await;
    let rp = RelyingParty::register(&bare, "rp-bare");
    let page = refused(&bare, &rp, OCSP).await;
    assert_eq!(page.status, 503, "{}", page.body);
}

#[tokio::test]
async fn what_the_list_does_not_know_yet_the_responder_does() {
    let platform = platform().await;
    let rp = RelyingParty::register(&platform, "rp-news");
    let (id, card) = platform.card(&CardRequest::default());
    let browser = platform.browser(&card);
    let tokens = rp.sign_in(&browser, "").await;
    // Dates are whole seconds: the revocation must be later than the list.
    let signed_in = now().seconds();
    until("the next second", &platform, || async {
        now().seconds() > signed_in
    })
    .await;
    revoke(&platform, &id);
    // By the day's list the card is good; a service that asks for more finds out, and ends the session for all.
    rp.sign_in(&browser, "").await;
    let page = refused_in(&browser, &rp, OCSP).await;
    assert_eq!(page.status, 403, "{}", page.body);
    assert_eq!(rp.userinfo(&browser, &tokens.access_token).await.status, 401);
    let ended = audit(&platform, "session_ended");
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0]["facts"]["found_by"], "responder");
}

#[tokio::test]
async fn a_card_on_hold_is_refused_for_good() {
    let platform = platform().await;
    let rp = RelyingParty::register(&platform, "rp-hold");
    let held = platform.jlis().somebody();
    let card = platform.card_of(held.authentication.as_ref().unwrap());
    let browser = platform.browser(&card);
    rp.sign_in(&browser, OCSP).await;
    platform.jlis().lose_card(&held.person);
    platform.simulation.lock().unwrap().refresh().unwrap();
    platform.publish_list_and_wait().await;
    let page = refused_in(&platform.browser(&card), &rp, "").await;
    assert_eq!(page.status, 403, "{}", page.body);
    let refusal = audit(&platform, "sign_in")
        .into_iter()
        .rfind(|event| event["code"] == "revoked")
        .unwrap();
    assert_eq!(refusal["facts"]["reason"], "certificate_hold", "{refusal}");
    // The list that follows names it no more: that is no release (一時保留の解除は行わない), and somebody is told.
    let made = now().plus_seconds(1);
    let empty = {
        let simulation = platform.simulation.lock().unwrap();
        let authority = simulation
            .authority(Hierarchy::Test, CaKind::UserAuthentication, 3)
            .unwrap();
        let facts = CrlFacts {
            number: 1_000_000,
            this_update: made,
            next_update: Some(made.plus_seconds(86_400)),
            distribution_point: None,
        };
        crl(&authority, &facts, &[]).unwrap()
    };
    std::fs::write(platform.path().join("draft"), empty).unwrap();
    std::fs::rename(
        platform.path().join("draft"),
        platform.path().join("crl/auth.crl"),
    )
    .unwrap();
    until("the refusal", &platform, || async {
        lists(&platform.operator, &platform.operator_token).await["last_delivery"]["reason"] == "unrevoked"
    })
    .await;
    let page = refused_in(&platform.browser(&card), &rp, "").await;
    assert_eq!(page.status, 403, "{}", page.body);
    let alarms = "revocation_alarms_total{ca=\"user-authentication\",reason=\"unrevoked\"}";
    assert_eq!(platform.metric(alarms).await, Some(1.0));
}

#[tokio::test]
async fn a_contradiction_is_an_incident_and_no_coin_toss() {
    let platform = platform().await;
    let rp = RelyingParty::register(&platform, "rp-both");
    let browser = platform.browser_with_new_card();
    rp.sign_in(&browser, OCSP).await;
    platform.jlis().fault_with("ocsp-contradiction", "revoked");
    let page = refused_in(&browser, &rp, OCSP).await;
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(
        page.body
            .contains("We received two different answers about your card"),
        "{}",
        page.body
    );
    assert_eq!(platform.metric("status_contradictions_total").await, Some(1.0));
    let incident = audit(&platform, "status_contradiction");
    assert_eq!(incident.len(), 1);
    assert_eq!(
        incident[0]["facts"]["answer"], "missing_from_list",
        "{incident:?}"
    );
    assert_eq!(incident[0]["facts"]["responder"], "first");
    // Operators see it without asking for it.
    let page = reqwest::Client::new()
        .get(format!("{}/revocation", platform.operator))
        .bearer_auth(&platform.operator_token)
        .header("accept", "text/html")
        .header("accept-language", "en")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains("could not both be true"), "{page}");
    // The session stands: nobody said for certain that the certificate is revoked, and nobody is let in by the doubtful word.
    platform.jlis().behave();
    rp.sign_in(&browser, "").await;
}

#[tokio::test]
async fn two_responders_that_contradict_one_another_are_both_not_believed() {
    let mut platform = Platform::prepare(PlatformOptions {
        jlis_process: true,
        ..Default::default()
    })
    .await;
    let other = platform.another_jlis("second");
    let file = platform.path().join("idp-server.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let responders = format!(
        "ocsp_responders = [{{ label = \"first\", url = \"{}\" }}, {{ label = \"second\", url = \"{}\" }}]\n\
         ocsp_good_for_seconds = 0\nocsp_hedge_after_millis = 50",
        platform.jlis().ocsp_url(),
        other.ocsp_url()
    );
    std::fs::write(
        &file,
        text.replace("settling_hours = 0", &format!("settling_hours = 0\n{responders}")),
    )
    .unwrap();
    platform.run().await;
    let rp = RelyingParty::register(&platform, "rp-pair");
    let browser = platform.browser_with_new_card();
    // One is down: the other answers.
    platform.jlis().fault("ocsp-unavailable");
    let tokens = rp.sign_in(&browser, OCSP).await;
    assert_eq!(tokens.claims["revocation_certainty"], "ocsp");
    assert_eq!(other.count("ocsp"), 1);
    // Both answer, one of them slowly and otherwise than the other.
    platform.jlis().behave();
    platform.jlis().fault_with("ocsp-slow", 200);
    other.fault_with("ocsp-contradiction", "revoked");
    let page = refused_in(&browser, &rp, OCSP).await;
    assert!(page.status == 403 || page.status == 503, "{}", page.body);
    until("the incident", &platform, || async {
        !audit(&platform, "status_contradiction").is_empty()
    })
    .await;
}
