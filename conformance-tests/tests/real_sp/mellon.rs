//! `mod_auth_mellon`: two service providers, one that can decrypt and one that cannot.

use conformance_tests::{Mellon, Page, Platform};

use crate::{asks_for_the_card, card_uses, header, response, visit};

/// From an address of a service's to our page that posts the Response, with the card and consent.
async fn until_posted(browser: &conformance_tests::Browser, url: &str) -> Page {
    let mut page = browser.get(url).await;
    if page.has_form("/card") {
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
async fn signed_request_persistent_name_and_readable_signed_assertion() {
    let platform = Platform::start().await;
    let apache = Mellon::default().start(&platform).await;
    let url = apache.url(Mellon::HOST, "/protected/");
    let (_, card) = platform.card(&sim::CardRequest::default());
    let browser = platform.browser(&card);
    let page = until_posted(&browser, &url).await;
    let hops = browser.hops();
    let request = hops
        .iter()
        .find(|hop| hop.url.path() == "/saml/sso")
        .expect("a request");
    let has = |name: &str| request.url.query_pairs().any(|(key, _)| key == name);
    assert!(
        has("SAMLRequest") && has("Signature") && has("RelayState"),
        "{}",
        request.url
    );
    let xml = response(&page);
    assert!(xml.contains("nameid-format:persistent"), "{xml}");
    assert!(xml.contains("<saml:Assertion"), "{xml}");
    assert_eq!(xml.matches("<ds:Signature ").count(), 1, "{xml}");
    let page = browser.sign_in(page).await;
    let name = header(&page, &url, "x-sub");
    assert!(xml.contains(&name));
    assert_eq!(header(&page, &url, "x-idp"), platform.saml_entity_id().await);
    assert_eq!(card_uses(&browser), 1);
    assert_eq!(header(&browser.get(&url).await, &url, "x-sub"), name);
    // The same card in a browser that knows nothing; then another person.
    let page = visit(&platform.browser(&card), &url).await;
    assert_eq!(header(&page, &url, "x-sub"), name, "the pseudonym stays");
    let page = visit(&platform.browser_with_new_card(), &url).await;
    assert_ne!(header(&page, &url, "x-sub"), name);
}

#[tokio::test]
async fn a_signed_response_around_the_assertion_is_taken_too() {
    let platform = Platform::start().await;
    let options = Mellon {
        sign_response: true,
        ..Mellon::default()
    };
    let apache = options.start(&platform).await;
    let url = apache.url(Mellon::HOST, "/protected/");
    let browser = platform.browser_with_new_card();
    let page = until_posted(&browser, &url).await;
    assert_eq!(response(&page).matches("<ds:Signature ").count(), 2);
    let page = browser.sign_in(page).await;
    header(&page, &url, "x-sub");
}

#[tokio::test]
async fn transient_name_encrypted_assertion_and_the_context_that_was_asked_for() {
    let platform = Platform::start().await;
    let apache = Mellon::default().start(&platform).await;
    let url = apache.url(Mellon::HOST, "/level/");
    let (_, card) = platform.card(&sim::CardRequest::default());
    let mut names = Vec::new();
    for _ in 0..2 {
        let browser = platform.browser(&card);
        let page = until_posted(&browser, &url).await;
        let xml = response(&page);
        assert!(xml.contains("<saml:EncryptedAssertion"), "{xml}");
        assert!(
            !xml.contains("<saml:Assertion") && !xml.contains("<saml:NameID"),
            "{xml}"
        );
        let page = browser.sign_in(page).await;
        names.push(header(&page, &url, "x-sub"));
    }
    assert_ne!(names[0], names[1], "transient names are new each time");
}

#[tokio::test]
async fn a_context_that_nobody_reaches_is_answered_without_the_card() {
    let platform = Platform::start().await;
    let options = Mellon {
        acr: "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
        ..Mellon::default()
    };
    let apache = options.start(&platform).await;
    let browser = platform.browser_with_new_card();
    let page = browser.get(&apache.url(Mellon::HOST, "/level/")).await;
    assert!(response(&page).contains("status:NoAuthnContext"));
    let page = browser.sign_in(page).await;
    assert!(page.status.is_client_error(), "{} {}", page.status, page.body);
    assert_eq!(card_uses(&browser), 0);
}

#[tokio::test]
async fn is_passive_succeeds_with_a_session_and_says_no_passive_without() {
    let platform = Platform::start().await;
    let apache = Mellon::default().start(&platform).await;
    let protected = apache.url(Mellon::HOST, "/protected/");
    let back: String = url::form_urlencoded::byte_serialize(protected.as_bytes()).collect();
    let passive = apache.url(
        Mellon::HOST,
        &format!("/mellon/login?ReturnTo={back}&IsPassive=true"),
    );

    let browser = platform.browser_with_new_card();
    let page = browser.get(&passive).await;
    assert!(!asks_for_the_card(&platform, &page), "{}", page.body);
    assert!(response(&page).contains("status:NoPassive"));
    let page = browser.sign_in(page).await;
    assert_eq!(page.status, 401, "{}", page.body);
    assert_eq!(card_uses(&browser), 0);

    // Signed in and agreed: the login address asks again, whatever session the service has.
    let page = visit(&browser, &protected).await;
    let name = header(&page, &protected, "x-sub");
    let page = browser.get(&passive).await;
    let page = browser.sign_in(page).await;
    assert_eq!(header(&page, &protected, "x-sub"), name);
    assert_eq!(card_uses(&browser), 1);
}

#[tokio::test]
async fn cancelling_is_told_to_the_service_without_a_reason() {
    let platform = Platform::start().await;
    let apache = Mellon::default().start(&platform).await;
    let browser = platform.browser_with_new_card();
    let page = browser.get(&apache.url(Mellon::HOST, "/protected/")).await;
    let page = browser.submit(&page.form("/cancel")).await;
    let xml = response(&page);
    assert!(xml.contains("status:RequestDenied"), "{xml}");
    // A reference, and nothing that says why.
    let message = xml
        .split("StatusMessage>")
        .nth(1)
        .and_then(|rest| rest.split('<').next());
    let reference = message.and_then(|message| message.strip_prefix("reference "));
    assert!(reference.is_some_and(|code| code.len() == 11), "{message:?}");
    let page = browser.sign_in(page).await;
    assert_eq!(page.status, 401, "{}", page.body);
    assert_eq!(card_uses(&browser), 0);
}
