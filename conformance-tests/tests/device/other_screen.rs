//! Another device than the screen holds the card: a code leads there, a number leads back.

use conformance_tests::{Browser, Page, Platform, RelyingParty, SamlService};
use sim::CardRequest;
use sim::tls::SharedCard;

use crate::reader::{Api, Given, body, honest, platform, platform_with, refused};

/// The screen with its code.
pub(crate) async fn screen(browser: &Browser, rp: &RelyingParty) -> Page {
    let page = browser.get(&rp.request("")).await;
    let shown = browser.submit(&page.form("/device")).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    shown
}

/// What stands large on the screen: the code or the number.
pub(crate) fn shown(page: &Page) -> String {
    page.text(".shown")
        .unwrap_or_else(|| panic!("nothing to copy at {}: {}", page.url, page.body))
}

/// A reader has claimed the screen's code and the card has signed.
pub(crate) async fn signed(platform: &Platform, reader: &Browser, page: &Page, card: &SharedCard) -> Given {
    let api = Api::new(platform, reader);
    let given = Given::of(&api.claim(&shown(page), "phone").await);
    let answer = api.prove(&given, &honest(card, &given)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(body(&answer)["status"], "unconfirmed");
    assert!(
        body(&answer).get("continue").is_none(),
        "the reader gets no session"
    );
    given
}

/// Another number than this one.
pub(crate) fn wrong(number: &str) -> String {
    let number: u32 = number.parse().unwrap();
    (10 + (number - 10 + 1) % 90).to_string()
}

#[tokio::test]
async fn a_phone_signs_for_a_television() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-tv", "2");
    let (_, card) = platform.card(&CardRequest::default());
    let (television, phone) = (platform.bare_browser(), platform.bare_browser());
    let page = screen(&television, &rp).await;
    let api = Api::new(&platform, &phone);
    let given = Given::of(
        &api.claim(&shown(&page).to_lowercase().replace('-', " "), "phone")
            .await,
    );
    assert_eq!(given.line("channel"), "phone");
    assert_eq!(given.line("session-at"), "other-screen");
    assert_eq!(given.line("service-en"), "rp-tv filing");
    let here = page.url.to_string();
    let waiting = television.get(&here).await;
    assert!(
        waiting.text(".shown").is_none(),
        "no number before the card has signed"
    );
    api.prove(&given, &honest(&card, &given)).await;
    let numbered = television.get(&here).await;
    let number = shown(&numbered);
    assert!(
        number.len() == 2 && number.bytes().all(|b| b.is_ascii_digit()),
        "{number}"
    );
    assert_eq!(body(&api.poll(&given).await)["status"], "unconfirmed");
    let confirmed = api.number(&given, Some(&number)).await;
    assert_eq!(body(&confirmed)["status"], "ready", "{}", confirmed.body);
    let reply = rp
        .walk(&television, television.get_until(&here, &rp.redirect_uri).await)
        .await;
    let tokens = rp
        .redeem(&television, &reply.query("code").expect("a code"))
        .await;
    assert_eq!(tokens.claims["aal"], "2");
    assert!(
        !phone.everything_seen().contains("__Host-session"),
        "the phone is not signed in"
    );
}

#[tokio::test]
async fn a_wrong_number_ends_the_try_and_so_does_not_me() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-wrong", "2");
    let (_, card) = platform.card(&CardRequest::default());
    for disowned in [false, true] {
        let (television, phone) = (platform.bare_browser(), platform.bare_browser());
        let page = screen(&television, &rp).await;
        let given = signed(&platform, &phone, &page, &card).await;
        let here = page.url.to_string();
        let right = shown(&television.get(&here).await);
        let api = Api::new(&platform, &phone);
        let typed = wrong(&right);
        let answer = api.number(&given, (!disowned).then_some(typed.as_str())).await;
        refused(&answer, 403, "device_not_confirmed");
        refused(
            &api.number(&given, Some(&right)).await,
            403,
            "device_not_confirmed",
        );
        let told = television.get(&here).await;
        assert_eq!(
            told.text("main .box code").as_deref(),
            Some("device_not_confirmed"),
            "{}",
            told.body
        );
        assert!(!television.everything_seen().contains("__Host-session"));
        let reference = told.text("span.reference").unwrap();
        let explained = platform.explain(&reference).await.to_string();
        assert!(explained.contains("the_number_matches"), "{explained}");
        assert!(
            !explained.contains(&format!("\"{right}\"")),
            "the number is nobody's business"
        );
        // Whoever goes back can begin again, with another code.
        let back = television.get(here.split("/device/").next().unwrap()).await;
        let again = television.submit(&back.form("/device")).await;
        assert_ne!(shown(&again), shown(&page));
    }
}

#[tokio::test]
async fn of_many_numbers_at_once_only_one_is_looked_at() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-race", "2");
    let (_, card) = platform.card(&CardRequest::default());
    let (television, phone) = (platform.bare_browser(), platform.bare_browser());
    let page = screen(&television, &rp).await;
    let given = signed(&platform, &phone, &page, &card).await;
    let api = Api::new(&platform, &phone);
    let numbers: Vec<String> = (10..100).map(|number: u32| number.to_string()).collect();
    let answers =
        futures_util::future::join_all(numbers.iter().map(|number| api.number(&given, Some(number)))).await;
    let looked_at = answers
        .iter()
        .filter(|answer| answer.status == 200 || body(answer)["code"] == "device_not_confirmed")
        .count();
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(won <= 1, "{won}");
    // Those who came after the end read how it ended; those who came before it read that a number was typed.
    assert!(looked_at >= 1);
    let used = answers
        .iter()
        .filter(|a| body(a)["code"] == "device_challenge_used")
        .count();
    assert_eq!(used + looked_at, 90);
}

#[tokio::test]
async fn a_page_asks_for_the_number_where_the_device_does_not() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-page", "2");
    let (_, card) = platform.card(&CardRequest::default());
    let (television, phone) = (platform.bare_browser(), platform.bare_browser());
    let page = screen(&television, &rp).await;
    let api = Api::new(&platform, &phone);
    let given = Given::of(&api.claim(&shown(&page), "phone").await);
    let proven = api.prove(&given, &honest(&card, &given)).await;
    let address = body(&proven)["number_page"].as_str().expect("a page").to_owned();
    let ask = phone.get(&address).await;
    assert!(ask.body.contains("rp-page filing"), "{}", ask.body);
    let without = phone.get(address.split('?').next().unwrap()).await;
    assert_eq!(without.status, 404, "the token belongs to it");
    let right = shown(&television.get(page.url.as_str()).await);
    assert!(
        !ask.body.contains(&format!(">{right}<")),
        "the page does not give the number away"
    );
    let done = phone
        .submit(&ask.form("/device/number").with("number", &right))
        .await;
    assert_eq!(done.status, 200, "{}", done.body);
    let reply = rp
        .walk(
            &television,
            television.get_until(page.url.as_str(), &rp.redirect_uri).await,
        )
        .await;
    assert!(reply.query("code").is_some());
}

#[tokio::test]
async fn a_code_is_claimed_once_and_a_number_belongs_to_its_own_try() {
    let platform = platform_with("challenge_seconds = 30").await;
    let rp = RelyingParty::register_at(&platform, "rp-own", "2");
    let (_, card) = platform.card(&CardRequest::default());
    let (one, two, phone) = (
        platform.bare_browser(),
        platform.bare_browser(),
        platform.bare_browser(),
    );
    let (first, second) = (screen(&one, &rp).await, screen(&two, &rp).await);
    let a = signed(&platform, &phone, &first, &card).await;
    let b = signed(&platform, &phone, &second, &card).await;
    let api = Api::new(&platform, &phone);
    refused(
        &api.claim(&shown(&first), "kiosk").await,
        404,
        "device_code_unknown",
    );
    // A secret of one try opens no other.
    let crossed = Given {
        secret: b.secret.clone(),
        ..a.clone()
    };
    refused(&api.number(&crossed, Some("42")).await, 401, "unknown_attempt");
    let of_b = shown(&two.get(second.url.as_str()).await);
    let of_a = shown(&one.get(first.url.as_str()).await);
    if of_a != of_b {
        refused(&api.number(&a, Some(&of_b)).await, 403, "device_not_confirmed");
    }
    assert_eq!(api.number(&b, Some(&of_b)).await.status, 200);
    // The other browser cannot take it.
    let stolen = one.get(second.url.as_str()).await;
    assert_eq!(stolen.status, 400, "{}", stolen.url);
    assert!(!one.everything_seen().contains("__Host-session"));
}

/// A SAML service gets its assertion over the second front door too, at the level that a card in a device reaches.
#[tokio::test]
async fn a_phone_signs_for_a_television_at_a_saml_service() {
    let platform = platform().await;
    let service = SamlService::register(
        &platform,
        "saml-tv",
        "released_attributes = [\"assurance_level\"]\nrequired_level = { ial = \"0\", aal = \"2\" }",
    );
    let (_, card) = platform.card(&CardRequest::default());
    let (television, phone) = (platform.bare_browser(), platform.bare_browser());
    let page = television.get(&service.request("_tv")).await;
    let page = television.submit(&page.form("/device")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let given = signed(&platform, &phone, &page, &card).await;
    let here = page.url.to_string();
    let number = shown(&television.get(&here).await);
    let confirmed = Api::new(&platform, &phone).number(&given, Some(&number)).await;
    assert_eq!(body(&confirmed)["status"], "ready", "{}", confirmed.body);
    let page = television.get(&here).await;
    let xml = service.reply(&television, page).await;
    assert!(xml.contains("status:Success"), "{xml}");
    assert!(xml.contains("InResponseTo=\"_tv\""), "{xml}");
    assert_eq!(SamlService::attribute(&xml, "aal").as_deref(), Some("2"), "{xml}");
    // An absolute URI (core-2.0-os sections 1.3.2 and 2.7.2.2).
    assert!(
        xml.contains("AuthnContextClassRef>urn:jp:go:gap:assurance:aal2<"),
        "{xml}"
    );
    // The door of cards would have been needed here.
    let high = SamlService::register(
        &platform,
        "saml-high",
        "released_attributes = [\"assurance_level\"]\nrequired_level = { ial = \"0\", aal = \"3\" }",
    );
    let page = television.get(&high.request("_high")).await;
    assert!(
        !page.has_form("/device") && page.has_form("/card"),
        "{}",
        page.body
    );
}
