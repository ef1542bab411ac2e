//! Attacks on the way back from the door: the ticket, the handle, the label.

use conformance_tests::{Browser, Page, Platform, PlatformOptions, RelyingParty};
use sim::CardRequest;

use crate::support::{door_url, failed_rules, host_of, metric, refusal_on, sign_in_page, until};

/// The ticket that a card's use leaves at the door, not yet shown to the front.
async fn ticket_of(browser: &Browser, platform: &Platform, page: &Page) -> String {
    let front = format!("{}/card/return", platform.origin);
    let stopped = browser.submit_until(&page.form("/card"), &front).await;
    assert!(
        stopped.url.query().is_some_and(|query| query.starts_with("t=")),
        "{}",
        stopped.url
    );
    stopped.url.into()
}

async fn accounts(platform: &Platform) -> u64 {
    metric(platform, "ledger_accounts").await
}

/// Whether a browser is signed in, as a service can find out.
async fn is_signed_in(browser: &Browser, service: &RelyingParty) -> bool {
    let reply = service.authorize(browser, "&prompt=none").await;
    match reply.iter().find(|(name, _)| name == "error") {
        Some((_, error)) if error == "login_required" => false,
        Some((_, error)) if error == "consent_required" => true,
        Some((_, error)) => panic!("{error}"),
        None => true,
    }
}

#[tokio::test]
async fn a_stolen_ticket_signs_nobody_in_and_is_burnt() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-stolen");
    let person = platform.browser_with_new_card();
    let page = sign_in_page(&person, &service).await;
    let ticket = ticket_of(&person, &platform, &page).await;

    // The thief has a browser of its own here, with a sign-in of its own under way.
    let thief = platform.bare_browser();
    let _ = sign_in_page(&thief, &service).await;
    let seen = refusal_on(&thief.get(&ticket).await);
    assert_eq!((seen.status, seen.code.as_str()), (403, "ticket_other_browser"));
    let explained = platform.explain(&seen.reference.expect("a reference")).await;
    assert_eq!(
        failed_rules(&explained),
        ["login.ticket_is_redeemable"],
        "{explained}"
    );
    assert!(!is_signed_in(&thief, &service).await);

    // What was shown once is not redeemed again, not even by the person; a fresh try works.
    assert_eq!(refusal_on(&person.get(&ticket).await).code, "ticket_used");
    assert!(!is_signed_in(&person, &service).await);
    assert_eq!(accounts(&platform).await, 0);
    service.sign_in(&person, "").await;
}

#[tokio::test]
async fn a_thief_without_any_cookie_is_refused_alike() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-naked");
    let person = platform.browser_with_new_card();
    let page = sign_in_page(&person, &service).await;
    let ticket = ticket_of(&person, &platform, &page).await;
    let thief = platform.bare_browser();
    assert_eq!(refusal_on(&thief.get(&ticket).await).code, "ticket_other_browser");
    assert!(!thief.everything_seen().contains("__Host-session"));
}

#[tokio::test]
async fn a_ticket_is_redeemed_once() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-replay");
    let person = platform.browser_with_new_card();
    let page = sign_in_page(&person, &service).await;
    let ticket = ticket_of(&person, &platform, &page).await;
    let first = person.get_one(&ticket).await;
    assert_eq!(first.status, 303);
    assert!(
        !first.header("location").unwrap().contains("t="),
        "the next address is clean"
    );
    let again = refusal_on(&person.get(&ticket).await);
    assert_eq!((again.status, again.code.as_str()), (409, "ticket_used"));
    assert!(again.reference.is_some());
    assert!(
        is_signed_in(&person, &service).await,
        "the replay did not end what the first brought"
    );
}

/// Many tabs show the same ticket at the same moment: one redeems it.
#[tokio::test]
async fn parallel_redemptions_of_one_ticket_make_one_session() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-race");
    let person = platform.browser_with_new_card();
    let page = sign_in_page(&person, &service).await;
    let ticket = ticket_of(&person, &platform, &page).await;
    let tabs: Vec<_> = (0..8)
        .map(|_| {
            let (tab, ticket) = (person.clone(), ticket.clone());
            tokio::spawn(async move { tab.get_one(&ticket).await.status.as_u16() })
        })
        .collect();
    let mut statuses = Vec::new();
    for tab in tabs {
        statuses.push(tab.await.unwrap());
    }
    assert_eq!(
        statuses.iter().filter(|status| **status == 303).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 409).count(),
        7,
        "{statuses:?}"
    );
    assert_eq!(metric(&platform, "ledger_sessions").await, 1);
}

/// A ticket answers the transaction of its own attempt, whatever else the same browser has open.
#[tokio::test]
async fn tickets_of_two_transactions_in_one_browser_stay_with_their_own() {
    let platform = Platform::start().await;
    let (one, two) = (
        RelyingParty::register(&platform, "rp-tab-1"),
        RelyingParty::register(&platform, "rp-tab-2"),
    );
    let person = platform.browser_with_new_card();
    let first = sign_in_page(&person, &one).await;
    let second = sign_in_page(&person, &two).await;
    let first_ticket = ticket_of(&person, &platform, &first).await;
    let second_ticket = ticket_of(&person, &platform, &second).await;
    // Redeemed in the other order.
    let after_second = person.get_one(&second_ticket).await;
    let after_first = person.get_one(&first_ticket).await;
    let place = |page: &Page| page.header("location").unwrap().to_owned();
    assert_eq!(place(&after_second), second.url.path());
    assert_eq!(place(&after_first), first.url.path());
    let reply = one
        .walk(
            &person,
            person.get_until(first.url.as_str(), &one.redirect_uri).await,
        )
        .await;
    assert!(one.is_reply(reply.url.as_str()));
    let reply = two
        .walk(
            &person,
            person.get_until(second.url.as_str(), &two.redirect_uri).await,
        )
        .await;
    assert!(two.is_reply(reply.url.as_str()));
}

#[tokio::test]
async fn a_late_ticket_is_told_to_be_late_with_a_way_on() {
    let platform = Platform::start_with(PlatformOptions {
        more_config: "[session]\nticket_seconds = 1".to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    let service = RelyingParty::register(&platform, "rp-late");
    let person = platform.browser_with_new_card();
    let page = sign_in_page(&person, &service).await;
    let begun = std::time::Instant::now();
    let ticket = ticket_of(&person, &platform, &page).await;
    let issued = std::time::Instant::now();
    until("the ticket's second is over", || async {
        issued.elapsed().as_millis() > 1000
    })
    .await;
    let late = person.get(&ticket).await;
    let seen = refusal_on(&late);
    assert_eq!(
        (seen.status, seen.code.as_str()),
        (403, "ticket_expired"),
        "{:?}",
        begun.elapsed()
    );
    assert!(seen.reference.is_some());
    assert!(!is_signed_in(&person, &service).await);
    assert_eq!(accounts(&platform).await, 0);
    assert!(late.has_form("/return"));
    // In time it works: the same page leads on.
    let on = person.submit(&late.form("/card")).await;
    assert!(on.has_form("/consent"), "{} {}", on.url, on.body);
}

/// The attacker begins, and sends the victim the link to the door, the sign-in page or the ticket.
#[tokio::test]
async fn a_link_sent_to_a_victim_signs_neither_of_them_in() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-link");
    let attacker = platform.bare_browser();
    let page = sign_in_page(&attacker, &service).await;
    let at_the_door = door_url(&attacker, &page, "card").await;

    // The victim's card answers at the attacker's door address; the victim's browser then meets the front.
    let victim = platform.browser_with_new_card();
    let seen = refusal_on(&victim.get(&at_the_door).await);
    assert_eq!((seen.status, seen.code.as_str()), (403, "ticket_other_browser"));
    assert!(!is_signed_in(&victim, &service).await);
    assert!(!is_signed_in(&attacker, &service).await);
    // The attacker's transaction got nothing of it: its page still waits.
    let waiting = attacker.get(page.url.as_str()).await;
    assert!(waiting.has_form("/card"), "{}", waiting.body);
    assert_eq!(accounts(&platform).await, 0);

    // The address of the attacker's transaction is nobody else's either.
    let seen = refusal_on(&victim.get(page.url.as_str()).await);
    assert_eq!(seen.code, "transaction_unknown");
    let stolen_form = page.form("/card");
    let answer = victim.submit_one(&stolen_form).await;
    assert_ne!(answer.status, 303, "a form of another browser leads nowhere");
}

/// A cross-site POST cannot put the victim at a transaction of the attacker's choice: the form's token is the browser's own.
#[tokio::test]
async fn an_attackers_form_in_the_victims_browser_is_no_form() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-csrf");
    let victim = platform.browser_with_new_card();
    let own = sign_in_page(&victim, &service).await;
    let attacker = platform.bare_browser();
    let foreign = sign_in_page(&attacker, &service).await;
    let token = foreign.form("/card").field("csrf").unwrap().to_owned();
    let mixed = own.form("/card").with("csrf", &token);
    let seen = refusal_on(&victim.submit(&mixed).await);
    assert_eq!((seen.status, seen.code.as_str()), (403, "csrf"));
}

#[tokio::test]
async fn handles_labels_and_hosts_belong_together() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-label");
    let (_, card) = platform.card(&CardRequest::default());
    let person = platform.browser(&card);
    let page = sign_in_page(&person, &service).await;
    let first = door_url(&person, &page, "card").await;
    let second = door_url(&person, &page, "card").await;
    let (host, other) = (host_of(&first), host_of(&second));
    assert_ne!(host, other, "each try has a fresh label");
    let front = format!("{}/card/return", platform.origin);
    let handle = first.split_once("?a=").unwrap().1;

    // (address, what it is): each brings the browser back with a ticket that no attempt stands behind.
    let port = platform.door_port;
    let made_up = "A".repeat(43);
    let strays = [
        (
            first.replace(&host, &other),
            "the handle of another attempt's label",
        ),
        (
            first.replace(".card.", ".card12."),
            "the handle in the other family",
        ),
        (format!("https://{host}:{port}/"), "no handle"),
        (
            format!("https://{host}:{port}/?a={made_up}"),
            "a handle that nobody gave",
        ),
        (
            format!("https://{host}:{port}/?a={handle}&a={handle}"),
            "two handles",
        ),
        (
            format!("https://{host}:{port}/?b=1&a={handle}"),
            "a handle behind something else",
        ),
        (
            format!("https://{}.card.idp.localhost:{port}/?a={handle}", "0".repeat(32)),
            "a label that nobody gave",
        ),
    ];
    for (address, what) in &strays {
        let back = person.get_until(address, &front).await;
        assert!(back.url.as_str().starts_with(&front), "{what}: {}", back.url);
        let seen = refusal_on(&person.get(back.url.as_str()).await);
        assert_eq!(seen.code, "ticket_expired", "{what}");
    }
    assert!(!is_signed_in(&person, &service).await);

    // Host and server name disagree, another path, another method: nothing here.
    for host_header in [other.as_str(), "idp.localhost", "evil.example", "localhost"] {
        let answer = person.get_raw(&first, &[("host", host_header)]).await;
        assert_eq!(answer.status, 404, "{host_header}");
    }
    assert_eq!(person.get_one(&first.replace("/?", "/x?")).await.status, 404);
    assert_eq!(person.post_raw(&first, &[], "").await.status, 405);
    let _ = second;
    // None of that used the attempt up.
    let done = person.get(&first).await;
    assert!(done.has_form("/consent"), "{}", done.body);
}

/// One attempt, shown to the door twice, gives two tickets: each is redeemed by the browser that began, or not at all.
#[tokio::test]
async fn an_attempt_outlives_no_transaction() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-after");
    let (_, card) = platform.card(&CardRequest::default());
    let person = platform.browser(&card);
    let page = sign_in_page(&person, &service).await;
    let address = door_url(&person, &page, "card").await;
    let reply = service
        .walk(&person, person.get_until(&address, &service.redirect_uri).await)
        .await;
    assert!(service.is_reply(reply.url.as_str()));
    // The back button leads to the door once more; the transaction was answered.
    let seen = refusal_on(&person.get(&address).await);
    assert_eq!((seen.status, seen.code.as_str()), (410, "transaction_answered"));
}
