//! One person, one account: parallel first sign-ins, and the card that replaces another.

use conformance_tests::{Browser, MachineClock, Page, Platform, RelyingParty};
use domain::Clock as _;
use sim::CardRequest;
use sim::jlis_server::faults::{Parameter, ServerFault};
use sim::keys::KeyAlgorithm;
use std::sync::{Arc, Mutex};

use crate::support::{metric, publish, refusal_on, sign_in_page, use_card};

async fn accounts(platform: &Platform) -> u64 {
    metric(platform, "ledger_accounts").await
}

/// The successor of a card, in a reader of its own.
fn renewed(platform: &Platform, id: &str, request: &CardRequest) -> sim::tls::SharedCard {
    let mut simulation = platform.simulation.lock().unwrap();
    let record = simulation.renew_card(id, request, MachineClock.now()).unwrap();
    Arc::new(Mutex::new(simulation.card(&record.id).unwrap()))
}

#[tokio::test]
async fn parallel_first_sign_ins_of_one_card_make_one_account() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-parallel");
    for round in 1..=3 {
        let (_, card) = platform.card(&CardRequest::default());
        // Everybody stands before the front with a ticket, then all redeem at once.
        let mut waiting: Vec<(Browser, Page)> = Vec::new();
        for _ in 0..6 {
            let browser = platform.browser(&card);
            let page = sign_in_page(&browser, &service).await;
            let front = format!("{}/card/return", platform.origin);
            let stopped = browser.submit_until(&page.form("/card"), &front).await;
            waiting.push((browser, stopped));
        }
        let walks: Vec<_> = waiting
            .into_iter()
            .map(|(browser, ticket)| {
                let service = service.clone();
                tokio::spawn(async move {
                    let page = browser
                        .get_until(ticket.url.as_str(), &service.redirect_uri)
                        .await;
                    let reply = service.walk(&browser, page).await;
                    let code = reply.url.query_pairs().find(|(name, _)| name == "code");
                    let code = code.expect("a code").1.into_owned();
                    service.redeem(&browser, &code).await.claims["sub"]
                        .as_str()
                        .unwrap()
                        .to_owned()
                })
            })
            .collect();
        let mut subjects = Vec::new();
        for walk in walks {
            subjects.push(walk.await.unwrap());
        }
        subjects.sort();
        subjects.dedup();
        assert_eq!(subjects.len(), 1, "{subjects:?}");
        assert_eq!(accounts(&platform).await, round);
    }
}

#[tokio::test]
async fn a_renewed_card_keeps_its_person_and_the_old_card_is_refused() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-renewed");
    let (id, old) = platform.card(&CardRequest::default());
    let before = service.sign_in(&platform.browser(&old), "").await;
    // The next card: another key, another kind of key.
    let next = CardRequest {
        algorithm: KeyAlgorithm::P384,
        ..CardRequest::default()
    };
    let new = renewed(&platform, &id, &next);
    let after = service.sign_in(&platform.browser(&new), "").await;
    assert_eq!(after.claims["sub"], before.claims["sub"], "the same person");
    assert_eq!(accounts(&platform).await, 1);
    assert_eq!(platform.jlis.asked(), 2, "asked once per unknown certificate");
    // The list that revokes the old certificate is not out yet, but we know that it was replaced.
    let seen = refusal_on(&use_card(&platform.browser(&old), &service).await);
    assert_eq!((seen.status, seen.code.as_str()), (403, "certificate_replaced"));
    assert!(seen.reference.is_some());
    // Once the list is out, the list speaks first.
    publish(&platform).await;
    let seen = refusal_on(&use_card(&platform.browser(&old), &service).await);
    assert_eq!((seen.status, seen.code.as_str()), (403, "revoked"));
    let again = service.sign_in(&platform.browser(&new), "").await;
    assert_eq!(again.claims["sub"], before.claims["sub"]);
    assert_eq!(platform.jlis.asked(), 2, "a known certificate asks nobody");
}

#[tokio::test]
async fn a_chain_of_renewals_stays_one_person() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-chain");
    let (mut id, card) = platform.card(&CardRequest::default());
    let first = service.sign_in(&platform.browser(&card), "").await;
    for _ in 0..3 {
        let new = renewed(&platform, &id, &CardRequest::default());
        id = platform
            .simulation
            .lock()
            .unwrap()
            .cards()
            .last()
            .unwrap()
            .id
            .clone();
        let next = service.sign_in(&platform.browser(&new), "").await;
        assert_eq!(next.claims["sub"], first.claims["sub"]);
    }
    assert_eq!(accounts(&platform).await, 1);
}

#[tokio::test]
async fn a_successor_of_a_card_that_never_signed_in_is_a_new_person() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-unseen");
    let (id, _) = platform.card(&CardRequest::default());
    let new = renewed(&platform, &id, &CardRequest::default());
    service.sign_in(&platform.browser(&new), "").await;
    assert_eq!(accounts(&platform).await, 1);
}

/// Two successors' sign-ins at the same moment supersede the old certificate once and make nobody new.
#[tokio::test]
async fn parallel_first_sign_ins_of_a_successor_make_no_account() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-heirs");
    let (id, old) = platform.card(&CardRequest::default());
    let first = service.sign_in(&platform.browser(&old), "").await;
    let new = renewed(&platform, &id, &CardRequest::default());
    let walks: Vec<_> = (0..4)
        .map(|_| {
            let (service, browser) = (service.clone(), platform.browser(&new));
            tokio::spawn(async move { service.sign_in(&browser, "").await.claims["sub"].clone() })
        })
        .collect();
    for walk in walks {
        assert_eq!(walk.await.unwrap(), first.claims["sub"]);
    }
    assert_eq!(accounts(&platform).await, 1);
}

/// Every way in which the source of links can fail is "we cannot look it up now": no account, no successor, a page, a reference.
/// People whose certificate is known notice nothing.
#[tokio::test]
async fn no_answer_about_links_makes_no_account() {
    let platform = Platform::start_with(conformance_tests::PlatformOptions {
        jlis: "timeout_millis = 400".to_owned(),
        ..conformance_tests::PlatformOptions::default()
    })
    .await;
    let service = RelyingParty::register(&platform, "rp-links");
    let (id, old) = platform.card(&CardRequest::default());
    let before = service.sign_in(&platform.browser(&old), "").await;
    let new = renewed(&platform, &id, &CardRequest::default());
    let (_, stranger) = platform.card(&CardRequest::default());
    for fault in [
        ServerFault::LinksUnavailable,
        ServerFault::LinksSilent,
        ServerFault::LinksSlow,
        ServerFault::LinksGarbage,
        ServerFault::LinksEmpty,
        ServerFault::LinksHuge,
        ServerFault::LinksMalformed,
        ServerFault::LinksToItself,
        ServerFault::LinksTooMany,
    ] {
        let much = matches!(fault, ServerFault::LinksSlow).then_some(Parameter::Number(5_000));
        platform.jlis.switch(fault, true, much);
        for card in [&new, &stranger] {
            let browser = platform.browser(card);
            let page = use_card(&browser, &service).await;
            let seen = refusal_on(&page);
            assert_eq!(
                (seen.status, seen.code.as_str()),
                (503, "links_unavailable"),
                "{fault:?}"
            );
            let explained = platform.explain(&seen.reference.expect("a reference")).await;
            assert_eq!(explained["event"]["code"], "links_unavailable", "{explained}");
            let japanese = refusal_on(&browser.clone().speaking("ja").get(page.url.as_str()).await);
            assert_eq!(japanese.language, "ja");
            let back = browser
                .submit_until(&page.form("/return"), &service.redirect_uri)
                .await;
            assert!(
                back.url.query().unwrap().contains("error=access_denied"),
                "{}",
                back.url
            );
        }
        let known = service.sign_in(&platform.browser(&old), "").await;
        assert_eq!(known.claims["sub"], before.claims["sub"], "{fault:?}");
        platform.jlis.switch(fault, false, None);
    }
    assert_eq!(accounts(&platform).await, 1);
    // It answers again: the successor is the same person, the stranger a new one.
    let after = service.sign_in(&platform.browser(&new), "").await;
    assert_eq!(after.claims["sub"], before.claims["sub"]);
    service.sign_in(&platform.browser(&stranger), "").await;
    assert_eq!(accounts(&platform).await, 2);
}
