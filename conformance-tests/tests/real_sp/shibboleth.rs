//! The Shibboleth service provider: our metadata by its signature, encrypted assertions, both request bindings.

use conformance_tests::{Apache, Browser, Page, Platform, Shibboleth};

use crate::{asks_for_the_card, card_uses, header, response, seconds_pass, visit};

const CLASSES: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:";

/// A request of any shape, whatever session the service has.
fn login(apache: &Apache, target: &str, more: &str) -> String {
    let target: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
    apache.url(
        Shibboleth::HOST,
        &format!("/Shibboleth.sso/Login?target={target}{more}"),
    )
}

/// A page of ours that posts a failure, taken to the service; what the service says.
async fn refused(browser: &Browser, page: Page, status: &str) -> Page {
    let xml = response(&page);
    assert!(xml.contains(status), "{xml}");
    browser.sign_in(page).await
}

#[tokio::test]
async fn redirect_request_and_encrypted_assertion_under_signed_metadata() {
    let platform = Platform::start().await;
    let apache = Shibboleth::default().start(&platform).await;
    let url = apache.url(Shibboleth::HOST, "/protected/");
    let (_, card) = platform.card(&sim::CardRequest::default());
    let browser = platform.browser(&card);
    let page = visit(&browser, &url).await;
    let name = header(&page, &url, "x-sub");
    assert_eq!(header(&page, &url, "x-remote-user"), name);
    assert_eq!(header(&page, &url, "x-idp"), platform.saml_entity_id().await);
    assert_eq!(header(&page, &url, "x-acr"), format!("{CLASSES}SmartcardPKI"));
    assert!(header(&page, &url, "x-auth-time").ends_with('Z'));
    assert_eq!(card_uses(&browser), 1);
    assert!(!browser.everything_seen().contains("<saml:Assertion"));
    assert_eq!(header(&browser.get(&url).await, &url, "x-sub"), name);
    let page = visit(&platform.browser(&card), &url).await;
    assert_eq!(header(&page, &url, "x-sub"), name, "the pseudonym stays");
    let page = visit(&platform.browser_with_new_card(), &url).await;
    assert_ne!(header(&page, &url, "x-sub"), name);
}

/// The other half of trusting metadata by its signature: under another key it is dropped, and the service knows no
/// identity provider.
#[tokio::test]
async fn metadata_by_another_key_is_dropped() {
    let platform = Platform::start().await;
    let options = Shibboleth {
        trusts_the_platform: false,
        ..Shibboleth::default()
    };
    let apache = options.start(&platform).await;
    let page = platform
        .browser_with_new_card()
        .get(&apache.url(Shibboleth::HOST, "/protected/"))
        .await;
    assert_eq!(page.status, 500, "{}", page.body);
    assert!(page.body.contains("MetadataException"), "{}", page.body);
}

#[tokio::test]
async fn post_request_crosses_without_cookies_and_keeps_single_sign_on() {
    let platform = Platform::start().await;
    let options = Shibboleth {
        request_binding: "HTTP-POST",
        sign_response: true,
        ..Shibboleth::default()
    };
    let apache = options.start(&platform).await;
    let url = apache.url(Shibboleth::HOST, "/protected/");
    let browser = platform.browser_with_new_card();
    let mut names = Vec::new();
    for more in ["", "&isPassive=true"] {
        let page = browser.get(&login(&apache, &url, more)).await;
        let request = page.form("/saml/sso");
        assert!(request.field("SAMLRequest").is_some() && request.field("RelayState").is_some());
        // Lax cookies do not ride a cross-site POST: this goes out as a browser would send it, without any.
        let answer = platform.bare_browser().submit_one(&request).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let on = answer.header("location").expect("location");
        let on = answer.url.join(on).expect("location");
        let page = browser.get(on.as_str()).await;
        assert_eq!(
            asks_for_the_card(&platform, &page),
            more.is_empty(),
            "{}",
            page.body
        );
        let page = browser.sign_in(page).await;
        names.push(header(&page, &url, "x-sub"));
        assert_eq!(card_uses(&browser), 1, "single sign-on after a POST");
    }
    assert_eq!(names[0], names[1]);
}

#[tokio::test]
async fn force_authn_uses_the_card_again() {
    let platform = Platform::start().await;
    let apache = Shibboleth::default().start(&platform).await;
    let forced = apache.url(Shibboleth::HOST, "/force/");
    let browser = platform.browser_with_new_card();
    let page = visit(&browser, &forced).await;
    let first = header(&page, &forced, "x-auth-time");
    assert_eq!(card_uses(&browser), 1, "one use is fresh enough");
    // Without force the session serves.
    let page = visit(&browser, &login(&apache, &forced, "")).await;
    assert_eq!(header(&page, &forced, "x-auth-time"), first);
    assert_eq!(card_uses(&browser), 1);
    seconds_pass(1).await;
    let page = browser.get(&login(&apache, &forced, "&forceAuthn=true")).await;
    assert!(asks_for_the_card(&platform, &page), "{}", page.body);
    let page = browser.sign_in(page).await;
    assert_ne!(header(&page, &forced, "x-auth-time"), first);
    assert_eq!(card_uses(&browser), 2);
}

#[tokio::test]
async fn passive_and_level() {
    let platform = Platform::start().await;
    let options = Shibboleth {
        name_id_format: "transient",
        ..Shibboleth::default()
    };
    let apache = options.start(&platform).await;
    let browser = platform.browser_with_new_card();
    let passive = apache.url(Shibboleth::HOST, "/passive/");
    let page = browser.get(&passive).await;
    let page = refused(&browser, page, "status:NoPassive").await;
    assert_eq!(page.status, 500, "{}", page.body);
    assert_eq!(card_uses(&browser), 0);

    // The class that was asked for as the least is the one that comes back.
    let level = apache.url(Shibboleth::HOST, "/level/");
    let page = visit(&browser, &level).await;
    assert_eq!(header(&page, &level, "x-acr"), format!("{CLASSES}TLSClient"));
    assert!(header(&page, &level, "x-remote-user").starts_with("t_"));

    // Now there is a session.
    let page = visit(&browser, &login(&apache, &passive, "&isPassive=true")).await;
    assert_eq!(header(&page, &passive, "x-acr"), format!("{CLASSES}SmartcardPKI"));
    assert_eq!(card_uses(&browser), 1);

    for (class, comparison) in [("Password", "exact"), ("SmartcardPKI", "better")] {
        let more = format!("&authnContextClassRef={CLASSES}{class}&authnContextComparison={comparison}");
        let page = browser.get(&login(&apache, &level, &more)).await;
        refused(&browser, page, "status:NoAuthnContext").await;
    }
    assert_eq!(card_uses(&browser), 1);
}
