//! What Shibboleth asks us directly.

use conformance_tests::{Apache, Browser, Platform, Shibboleth};

use crate::{header, visit};

const HOST: &str = Shibboleth::HOST;

/// The response by artifact, whatever session the service has: Shibboleth lists its artifact endpoint third.
fn by_artifact(apache: &Apache) -> (String, String) {
    let url = apache.url(HOST, "/protected/");
    let target: String = url::form_urlencoded::byte_serialize(url.as_bytes()).collect();
    let login = format!("/Shibboleth.sso/Login?target={target}&acsIndex=3");
    (apache.url(HOST, &login), url)
}

#[tokio::test]
async fn an_artifact_is_resolved_by_soap() {
    let platform = Platform::start().await;
    let apache = Shibboleth::default().start(&platform).await;
    let (login, url) = by_artifact(&apache);
    let (_, card) = platform.card(&sim::CardRequest::default());
    let browser = platform.browser(&card);
    let page = visit(&browser, &login).await;
    let name = header(&page, &url, "x-sub");
    let seen = browser.everything_seen();
    assert!(seen.contains("SAMLart"), "no artifact");
    assert!(!seen.contains("SAMLResponse"), "the browser carried no response");
    // Once: what the browser carried is worth nothing afterwards.
    let hops = browser.hops();
    let carried = hops
        .iter()
        .find(|hop| hop.url.query().is_some_and(|query| query.contains("SAMLart=")))
        .expect("the address with the artifact");
    let thief = platform.bare_browser();
    let page = thief.get(carried.url.as_str()).await;
    assert!(
        page.url.as_str() != url && page.header("x-sub").is_none(),
        "{}",
        page.body
    );
    // The same person by the other binding.
    let posted = visit(&platform.browser(&card), &url).await;
    assert_eq!(header(&posted, &url, "x-sub"), name);
}

#[tokio::test]
async fn attributes_are_asked_for_while_the_person_is_signed_in() {
    let platform = Platform::start().await;
    let options = Shibboleth {
        released: "\"assurance_level\", \"authentication_method\"",
        ..Shibboleth::default()
    };
    let apache = options.start(&platform).await;
    let entity = platform.saml_entity_id().await;
    let url = apache.url(HOST, "/protected/");
    let browser = platform.browser_with_new_card();
    let page = agreed(&browser, &url).await;
    let name = header(&page, &url, "x-sub");
    let told = Shibboleth::asks_about(&apache, &entity, &name);
    assert!(told.contains("\naal: 3") || told.starts_with("aal: 3"), "{told}");
    assert!(told.contains("authentication-method: "), "{told}");
    let nobody = Shibboleth::asks_about(&apache, &entity, &name.replace("p_", "p_0"));
    assert!(!nobody.contains("aal: "), "{nobody}");
    let account = browser.get(&format!("{}/account", platform.origin)).await;
    browser.submit(&account.form("/account/end-all")).await;
    let late = Shibboleth::asks_about(&apache, &entity, &name);
    assert!(!late.contains("aal: "), "{late}");
}

/// Signs in and agrees to what is asked for.
async fn agreed(browser: &Browser, url: &str) -> conformance_tests::Page {
    let mut page = browser.get(url).await;
    if page.has_form("/card") {
        page = browser.submit(&page.form("/card")).await;
    }
    if page.has_form("/consent") {
        page = browser
            .submit(&page.form("/consent").with("decision", "agree"))
            .await;
    }
    browser.sign_in(page).await
}
