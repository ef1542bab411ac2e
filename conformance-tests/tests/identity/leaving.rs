//! Signing in for one's own pages, closing one's account, and beginning anew.

use conformance_tests::{Browser, Page, Platform, RelyingParty};
use sim::person::Medium;

use crate::enrolment::enrol;
use crate::support::{
    accounts, browser, command, issue, person, publish_signing_list, refusal_on, sign_in, subject, use_card,
};

/// Uses the card for a page of the platform's own.
async fn own_sign_in(platform: &Platform, browser: &Browser, path: &str) -> Page {
    let page = browser.get(&format!("{}{path}", platform.origin)).await;
    let page = browser.submit(&page.form("/account/sign-in")).await;
    browser.submit(&page.form("/card")).await
}

async fn close(platform: &Platform, browser: &Browser) -> Page {
    let page = own_sign_in(platform, browser, "/account/close").await;
    assert!(page.url.path().ends_with("/account/close"), "{}", page.url);
    browser.submit(&page.form("/account/close")).await
}

#[tokio::test]
async fn a_person_signs_in_for_their_own_pages_and_no_service_is_told() {
    let platform = Platform::start().await;
    let who = person(&platform);
    let card = browser(&platform, &who, Medium::Card);
    let page = own_sign_in(&platform, &card, "/account").await;
    assert!(page.url.path().ends_with("/account"), "{}", page.url);
    assert!(page.has_form("/account/end-all"), "{}", page.body);
    let page = own_sign_in(&platform, &browser(&platform, &who, Medium::Card), "/enrolment").await;
    assert!(page.has_form("/enrolment/begin"), "{}", page.body);
    // The person may think otherwise: back to the page, without a session.
    let bare = platform.bare_browser();
    let page = bare.get(&format!("{}/account", platform.origin)).await;
    let page = bare.submit(&page.form("/account/sign-in")).await;
    let page = bare.submit(&page.form("/cancel")).await;
    assert!(page.has_form("/account/sign-in"), "{}", page.body);
    let audit = command(&platform, &["audit", "export"]);
    assert!(
        !audit.contains("code_issued") && !audit.contains("consent_given"),
        "{audit}"
    );
    assert_eq!(accounts(&platform).await, 1);
}

#[tokio::test]
async fn closing_ends_everything_and_a_new_beginning_is_asked_for() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-leave");
    let who = person(&platform);
    issue(&platform, &who, Medium::Phone);
    publish_signing_list(&platform);
    let first = browser(&platform, &who, Medium::Card);
    let before = subject(&first, &service).await;
    assert_eq!(sign_in(&platform, &service, &who, Medium::Phone).await, before);
    enrol(&platform, &first, &who, true).await;
    let tokens = service.sign_in(&first, "").await;
    let access = tokens.access_token.clone();
    assert_eq!(service.userinfo(&first, &access).await.status, 200);
    let leaving = browser(&platform, &who, Medium::Card);
    let page = close(&platform, &leaving).await;
    assert!(
        page.url
            .query()
            .is_some_and(|query| query.contains("done=closed")),
        "{}",
        page.url
    );
    // Elsewhere too, and for what was issued.
    let silent = service.authorize(&first, "&prompt=none").await;
    assert!(
        silent.iter().any(|(_, value)| value == "login_required"),
        "{silent:?}"
    );
    assert_eq!(service.userinfo(&first, &access).await.status, 401);
    // The card says so, by either carrier, and makes nobody.
    for medium in [Medium::Card, Medium::Phone, Medium::Card] {
        let page = use_card(&browser(&platform, &who, medium), &service).await;
        let (status, code, reference) = refusal_on(&page);
        assert_eq!((status, code.as_str()), (403, "account_left"));
        assert!(reference.is_some());
    }
    assert_eq!(accounts(&platform).await, 1);
    // Asked for: the card once more, and a name that nobody had.
    let card = browser(&platform, &who, Medium::Card);
    let page = use_card(&card, &service).await;
    let page = card.submit(&page.form("/anew")).await;
    let reply = service.walk(&card, page).await;
    let code = reply.query("code").expect("a code");
    let anew = service.redeem(&card, &code).await.claims["sub"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_ne!(anew, before);
    assert_eq!(accounts(&platform).await, 2);
    // The phone is the same person's, and asks nothing more.
    assert_eq!(sign_in(&platform, &service, &who, Medium::Phone).await, anew);
    assert_eq!(accounts(&platform).await, 2);
    let page = card.get(&format!("{}/enrolment", platform.origin)).await;
    assert!(!page.body.contains("IAL3"), "what was registered is gone");
    let audit = command(&platform, &["audit", "export"]);
    for word in ["account_closed", "own_wish", "former_account"] {
        assert!(audit.contains(word), "{word}");
    }
    command(&platform, &["audit", "verify"]);
}

/// A yes belongs to the sign-in that asked: without it, and without the card, nothing begins.
#[tokio::test]
async fn closing_and_beginning_anew_need_the_card() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-card");
    let who = person(&platform);
    let card = browser(&platform, &who, Medium::Card);
    let page = own_sign_in(&platform, &card, "/account/close").await;
    let form = page.form("/account/close");
    // Another browser has neither session nor token.
    let other = platform.bare_browser();
    let foreign = other.submit(&form).await;
    assert_eq!(foreign.status, 403);
    let page = card.submit(&form).await;
    assert!(
        page.url
            .query()
            .is_some_and(|query| query.contains("done=closed"))
    );
    // Asking anew with nothing to begin anew from changes nothing.
    let page = card.get(&service.request("")).await;
    let anew = {
        let mut form = page.form("/card");
        form.action = form.action.replace("/card", "/anew");
        form
    };
    let page = card.submit(&anew).await;
    assert_eq!(refusal_on(&page).1, "account_left");
    assert_eq!(accounts(&platform).await, 1);
    // An operator's closing is not undone by asking.
    let stranger = person(&platform);
    let card = browser(&platform, &stranger, Medium::Card);
    subject(&card, &service).await;
    let audit = command(&platform, &["audit", "export"]);
    let at = audit.rfind("acc_").unwrap();
    let account = &audit[at..at + 36];
    command(
        &platform,
        &["identity", "close", account, "--grounds", "court order"],
    );
    let page = use_card(&card, &service).await;
    assert_eq!(refusal_on(&page).1, "account_closed");
    assert!(!page.has_form("/anew"));
}

/// From a service that wants a proofed identity to the registration and back, without knowing any address.
#[tokio::test]
async fn the_way_from_a_service_to_the_registration_and_back() {
    let platform = Platform::start().await;
    platform.register(
        r#"
        kind = "sp"
        name = { ja = "本人確認の要る申請", en = "Proofed filing" }
        released_attributes = ["pseudonym", "assurance_level"]
        required_level = { ial = "3", aal = "3" }
        [oidc]
        client_id = "rp-proofed"
        redirect_uris = ["https://rp-proofed.localhost:9/cb"]
        authentication = { method = "none" }
        "#,
    );
    let service = RelyingParty {
        client_id: "rp-proofed".to_owned(),
        redirect_uri: "https://rp-proofed.localhost:9/cb".to_owned(),
        origin: platform.origin.clone(),
    };
    let who = person(&platform);
    publish_signing_list(&platform);
    let card = browser(&platform, &who, Medium::Card);
    let page = use_card(&card, &service).await;
    assert_eq!(refusal_on(&page).1, "enrolment_required");
    let link = |page: &Page, begins: &str| {
        let at = page
            .body
            .find(&format!("href=\"{begins}"))
            .unwrap_or_else(|| panic!("{}", page.body))
            + 6;
        let end = page.body[at..].find('"').unwrap() + at;
        page.body[at..end].replace("&#38;", "&").replace("&amp;", "&")
    };
    let there = link(&page, "/enrolment?for=");
    let page = card.get(&format!("{}{there}", platform.origin)).await;
    assert!(page.body.contains("Proofed filing"), "{}", page.body);
    let page = card.submit(&page.form("/enrolment/begin")).await;
    assert!(
        page.url.as_str().ends_with(&there),
        "the service stays named: {}",
        page.url
    );
    enrol(&platform, &card, &who, true).await;
    let page = card.get(&format!("{}{there}", platform.origin)).await;
    let back = link(&page, "/sign-in/");
    let page = card.get(&format!("{}{back}", platform.origin)).await;
    let reply = service.walk(&card, page).await;
    assert!(reply.query("code").is_some(), "{}", reply.url);
    // Another browser learns nothing from the address.
    let page = platform
        .bare_browser()
        .get(&format!("{}{there}", platform.origin))
        .await;
    assert!(!page.body.contains("Proofed filing"));
}
