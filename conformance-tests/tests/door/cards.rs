//! Several cards, several tries, several TLS versions in the life of one browser.

use std::sync::Arc;

use conformance_tests::{Browser, MachineEntropy, Platform, RelyingParty};
use rustls::version::{TLS12, TLS13};
use sim::CardRequest;
use sim::card::CardSigning;
use sim::keys::KeyAlgorithm;
use sim::tls::{CardResolver, SharedCard};

use crate::support::{door_url, handshakes, host_of, metric, refusal_on, sign_in_page};

fn reader(card: &SharedCard, pin: &str) -> CardResolver {
    CardResolver::new(Arc::clone(card), pin, &MachineEntropy)
}

#[tokio::test]
async fn card_a_then_card_b_in_one_browser_are_two_people() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-two-cards");
    let (_, a) = platform.card(&CardRequest::default());
    let (_, b) = platform.card(&CardRequest::default());
    let browser = platform.browser(&a);
    let first = service.sign_in(&browser, "").await;
    let browser = browser.with_other_card(Some(reader(&b, "1234")));
    // Single sign-on still speaks of the first person; a fresh sign-in speaks of the second and ends the first's session.
    let same = service.sign_in(&browser, "").await;
    assert_eq!(same.claims["sub"], first.claims["sub"]);
    let second = service.sign_in(&browser, "&prompt=login").await;
    assert_ne!(second.claims["sub"], first.claims["sub"]);
    let after = service.sign_in(&browser, "").await;
    assert_eq!(after.claims["sub"], second.claims["sub"]);
    let gone = service.userinfo(&browser, &first.access_token).await;
    assert_eq!(gone.status, 401, "{}", gone.body);
    assert_eq!(metric(&platform, "ledger_accounts").await, 2);
    // The first person comes back as the same person.
    let browser = browser.with_other_card(Some(reader(&a, "1234")));
    let back = service.sign_in(&browser, "&prompt=login").await;
    assert_eq!(back.claims["sub"], first.claims["sub"]);
}

#[tokio::test]
async fn a_cancelled_dialog_is_a_page_and_the_next_try_has_another_name() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-cancel");
    let (_, card) = platform.card(&CardRequest::default());
    let browser = platform.bare_browser();
    let page = sign_in_page(&browser, &service).await;
    let refused = browser.submit(&page.form("/card")).await;
    assert_eq!(refusal_on(&refused).code, "no_certificate");
    let browser = browser.with_other_card(Some(reader(&card, "1234")));
    let reply = service
        .walk(
            &browser,
            browser
                .submit_until(&refused.form("/card"), &service.redirect_uri)
                .await,
        )
        .await;
    assert!(
        reply.url.query_pairs().any(|(name, _)| name == "code"),
        "{}",
        reply.url
    );
    let names: Vec<_> = browser
        .hops()
        .into_iter()
        .filter_map(|hop| hop.url.host_str().map(str::to_owned))
        .filter(|host| host.contains(".card."))
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_ne!(names[0], names[1], "a browser remembers its choice by name");
}

/// What dies inside the browser: a wrong PIN ends the handshake there, and nothing reaches the front. The page that was clicked
/// helps when the person comes back to it.
#[tokio::test]
async fn a_wrong_pin_dies_in_the_browser_and_the_page_left_behind_helps() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-pin");
    let (_, card) = platform.card(&CardRequest::default());
    let browser = platform.browser(&card);
    let page = sign_in_page(&browser, &service).await;
    let clumsy = browser.with_other_card(Some(reader(&card, "9999")));
    assert!(clumsy.try_submit(&page.form("/card")).await.is_err());
    assert_eq!(card.lock().unwrap().tries_left(), 2);
    let waiting = browser.get(page.url.as_str()).await;
    assert_eq!(waiting.status, 200);
    assert!(
        waiting.has_form("/card") && waiting.has_form("/cancel"),
        "{}",
        waiting.body
    );
    assert!(
        waiting.body.contains("card12"),
        "the page offers the other family: {}",
        waiting.body
    );
    let reply = service
        .walk(
            &browser,
            browser
                .submit_until(&waiting.form("/card"), &service.redirect_uri)
                .await,
        )
        .await;
    assert!(
        reply.url.query_pairs().any(|(name, _)| name == "code"),
        "{}",
        reply.url
    );
}

/// The rows: a card's middleware, the versions of the browser, the family; and the version that the operator then reads.
#[tokio::test]
async fn every_card_signs_in_through_every_family_that_its_browser_can_speak() {
    const ALL: &[&rustls::SupportedProtocolVersion] = &[&TLS13, &TLS12];
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-matrix");
    let cards = [
        (KeyAlgorithm::Rsa2048, CardSigning::Pkcs1),
        (KeyAlgorithm::Rsa2048, CardSigning::Pss),
        (KeyAlgorithm::P384, CardSigning::Ecdsa),
    ];
    let ways: [(&[&rustls::SupportedProtocolVersion], &str); 5] = [
        (ALL, "card"),
        (ALL, "card12"),
        (&[&TLS13], "card"),
        (&[&TLS12], "card"),
        (&[&TLS12], "card12"),
    ];
    for (algorithm, signing) in cards {
        let (_, card) = platform.card(&CardRequest {
            algorithm,
            signing: Some(signing),
            ..CardRequest::default()
        });
        for (versions, family) in ways {
            let resolver = Some(reader(&card, "1234"));
            let browser = Browser::with_versions(&platform.ca_pem, resolver.clone(), versions);
            // The front speaks both versions; the door's version is what the family allows.
            let page = sign_in_page(&browser, &service).await;
            let address = door_url(&browser, &page, family).await;
            assert!(host_of(&address).contains(&format!(".{family}.")));
            let reply = service
                .walk(&browser, browser.get_until(&address, &service.redirect_uri).await)
                .await;
            assert!(
                reply.url.query_pairs().any(|(name, _)| name == "code"),
                "{algorithm:?} {signing:?} {family}: {}",
                reply.url
            );
        }
    }
    assert_eq!(handshakes(&platform, "completed").await, 15);
    assert_eq!(metric(&platform, "ledger_accounts").await, 3);
}
