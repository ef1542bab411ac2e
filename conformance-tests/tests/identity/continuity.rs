//! One person, one account: card and phone, renewals, loss, and J-LIS that knows late.

use conformance_tests::{MachineClock, Platform, PlatformOptions, RelyingParty};
use domain::Clock as _;
use sim::CardRequest;
use sim::authority::CaKind;
use sim::person::Medium;

use crate::support::{
    accounts, browser, command, in_reader, issue, newest, person, refusal_on, renew, sign_in, subject,
    use_card,
};

#[tokio::test]
async fn card_and_phone_are_one_person_whichever_comes_first() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-two");
    for (round, order) in [
        (1, [Medium::Card, Medium::Phone]),
        (2, [Medium::Phone, Medium::Card]),
    ] {
        let who = person(&platform);
        issue(&platform, &who, Medium::Phone);
        let first_browser = browser(&platform, &who, order[0]);
        let first = subject(&first_browser, &service).await;
        let second = sign_in(&platform, &service, &who, order[1]).await;
        assert_eq!(first, second);
        assert_eq!(accounts(&platform).await, round);
        // Two live credentials of one account: neither takes the other's place, and the first session goes on.
        let silent = service.authorize(&first_browser, "&prompt=none").await;
        assert!(silent.iter().any(|(name, _)| name == "code"), "{silent:?}");
        for medium in order {
            assert_eq!(sign_in(&platform, &service, &who, medium).await, first);
        }
    }
}

/// Card and phone use the door at the same moment, neither known: one account.
#[tokio::test]
async fn first_sign_ins_by_card_and_phone_at_once_make_one_account() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-race");
    for round in 1..=4 {
        let who = person(&platform);
        issue(&platform, &who, Medium::Phone);
        let mut walks = Vec::new();
        for medium in [Medium::Card, Medium::Phone, Medium::Card, Medium::Phone] {
            let browser = browser(&platform, &who, medium);
            let page = browser.get(&service.request("")).await;
            let front = format!("{}/card/return", platform.origin);
            // Everybody holds a ticket before anybody redeems.
            let ticket = browser.submit_until(&page.form("/card"), &front).await;
            let service = service.clone();
            walks.push((browser, ticket, service));
        }
        let walks: Vec<_> = walks
            .into_iter()
            .map(|(browser, ticket, service)| {
                tokio::spawn(async move {
                    let page = browser
                        .get_until(ticket.url.as_str(), &service.redirect_uri)
                        .await;
                    let reply = service.walk(&browser, page).await;
                    let code = reply.query("code").expect("a code");
                    service.redeem(&browser, &code).await.claims["sub"].clone()
                })
            })
            .collect();
        let mut subjects = Vec::new();
        for walk in walks {
            subjects.push(walk.await.unwrap());
        }
        assert!(
            subjects.iter().all(|other| *other == subjects[0]),
            "{subjects:?}\n{}",
            command(&platform, &["audit", "export"])
        );
        assert_eq!(accounts(&platform).await, round);
    }
}

#[tokio::test]
async fn several_renewals_between_two_visits_are_followed() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-years");
    let who = person(&platform);
    let first = sign_in(&platform, &service, &who, Medium::Card).await;
    let old = newest(&platform, &who, Medium::Card, CaKind::UserAuthentication);
    let asked = platform.jlis.asked();
    for _ in 0..3 {
        renew(&platform, &who, Medium::Card);
    }
    assert_eq!(sign_in(&platform, &service, &who, Medium::Card).await, first);
    let questions = platform.jlis.asked() - asked;
    assert!((3..=12).contains(&questions), "{questions} questions");
    assert_eq!(accounts(&platform).await, 1);
    // What was replaced signs in no more, before any list says so.
    let page = use_card(&platform.browser(&in_reader(&platform, &old)), &service).await;
    let (status, code, _) = refusal_on(&page);
    assert_eq!((status, code.as_str()), (403, "certificate_replaced"));
}

/// The new card came first; the old one, still on no list, is nobody else's.
#[tokio::test]
async fn an_old_card_that_comes_after_its_successor_makes_nobody() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-late-old");
    let who = person(&platform);
    let old = newest(&platform, &who, Medium::Card, CaKind::UserAuthentication);
    renew(&platform, &who, Medium::Card);
    sign_in(&platform, &service, &who, Medium::Card).await;
    let page = use_card(&platform.browser(&in_reader(&platform, &old)), &service).await;
    let (status, code, _) = refusal_on(&page);
    assert_eq!((status, code.as_str()), (403, "certificate_replaced"));
    assert_eq!(accounts(&platform).await, 1);
}

#[tokio::test]
async fn a_lost_card_that_was_reissued_keeps_its_person() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-lost");
    let who = person(&platform);
    let first = sign_in(&platform, &service, &who, Medium::Card).await;
    let lost = newest(&platform, &who, Medium::Card, CaKind::UserAuthentication);
    platform
        .simulation
        .lock()
        .unwrap()
        .reissue(
            &who,
            Medium::Card,
            true,
            &CardRequest::default(),
            MachineClock.now(),
        )
        .unwrap();
    assert_eq!(sign_in(&platform, &service, &who, Medium::Card).await, first);
    platform.publish_list_and_wait().await;
    let page = use_card(&platform.browser(&in_reader(&platform, &lost)), &service).await;
    assert_eq!(refusal_on(&page).1, "revoked");
    assert_eq!(accounts(&platform).await, 1);
}

/// Within a day of issue, "no links" may only mean that J-LIS does not know yet: nobody new is made, and the page says when to
/// come again. A link that is there counts at once.
#[tokio::test]
async fn a_young_certificate_without_links_waits() {
    let platform = Platform::start_with(PlatformOptions {
        settling_hours: 24,
        ..PlatformOptions::default()
    })
    .await;
    let service = RelyingParty::register(&platform, "rp-young");
    let settled = CardRequest {
        not_before: Some(MachineClock.now().plus_seconds(-25 * 3600)),
        ..CardRequest::default()
    };
    let (id, card) = platform.card(&settled);
    let first = subject(&platform.browser(&card), &service).await;
    let (_, young) = platform.card(&CardRequest::default());
    let browser = platform.browser(&young);
    let page = use_card(&browser, &service).await;
    let (status, code, reference) = refusal_on(&page);
    assert_eq!((status, code.as_str()), (503, "certificate_not_settled"));
    assert!(reference.is_some());
    assert!(page.body.contains("24 hours"), "{}", page.body);
    let japanese = browser.clone().speaking("ja").get(page.url.as_str()).await;
    assert!(japanese.body.contains("24時間"), "{}", japanese.body);
    assert_eq!(accounts(&platform).await, 1);
    // Renewed a moment ago, and J-LIS knows: the same person at once.
    let record = platform
        .simulation
        .lock()
        .unwrap()
        .renew_card(&id, &CardRequest::default(), MachineClock.now())
        .unwrap();
    let renewed = platform.browser(&in_reader(&platform, &record));
    assert_eq!(subject(&renewed, &service).await, first);
    assert_eq!(accounts(&platform).await, 1);
}
