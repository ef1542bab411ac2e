//! One person, one browser, one use of the card: every service on both protocols, and what happens when one is suspended.

use conformance_tests::{Mellon, OpenIdc, Platform, Shibboleth};

use crate::{card_uses, header, visit};

#[tokio::test]
async fn one_use_of_the_card_opens_all_services_under_different_names() {
    let platform = Platform::start().await;
    let oidc = OpenIdc::default().start(&platform).await;
    let mellon = Mellon::default().start(&platform).await;
    let shibboleth = Shibboleth::default().start(&platform).await;
    let browser = platform.browser_with_new_card();
    let mut names = Vec::new();
    for url in [
        oidc.url(OpenIdc::HOST, "/protected/"),
        mellon.url(Mellon::HOST, "/protected/"),
        shibboleth.url(Shibboleth::HOST, "/protected/"),
        oidc.url(OpenIdc::HOST_JWT, "/protected/"),
    ] {
        let page = visit(&browser, &url).await;
        names.push(header(&page, &url, "x-sub"));
        assert_eq!(card_uses(&browser), 1, "{url}");
    }
    for (index, name) in names.iter().enumerate() {
        assert!(
            !names[..index].contains(name),
            "one name at two services: {names:?}"
        );
    }
    // The other way round: a first sign-in by SAML serves OpenID Connect, and the person is the same everywhere.
    let (_, card) = platform.card(&sim::CardRequest::default());
    let (first, second) = (platform.browser(&card), platform.browser(&card));
    let at_shibboleth = shibboleth.url(Shibboleth::HOST, "/protected/");
    let at_oidc = oidc.url(OpenIdc::HOST, "/protected/");
    let mut seen = Vec::new();
    for (browser, order) in [
        (&first, [&at_shibboleth, &at_oidc]),
        (&second, [&at_oidc, &at_shibboleth]),
    ] {
        let mut found = Vec::new();
        for url in order {
            let page = visit(browser, url).await;
            found.push(header(&page, url, "x-sub"));
        }
        assert_eq!(card_uses(browser), 1);
        found.sort();
        seen.push(found);
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn a_suspended_service_is_refused_at_once_and_works_again_when_resumed() {
    let platform = Platform::start().await;
    let oidc = OpenIdc::default().start(&platform).await;
    let mellon = Mellon::default().start(&platform).await;
    let shibboleth = Shibboleth::default().start(&platform).await;
    let act = |words: &[&str]| {
        let done = platform.command(words);
        assert!(
            done.status.success(),
            "{words:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    };
    for (service, url) in [
        (OpenIdc::CLIENT.to_owned(), oidc.url(OpenIdc::HOST, "/protected/")),
        (
            mellon.url(Mellon::HOST, Mellon::PLAIN),
            mellon.url(Mellon::HOST, "/protected/"),
        ),
        (
            shibboleth.url(Shibboleth::HOST, "/shibboleth"),
            shibboleth.url(Shibboleth::HOST, "/protected/"),
        ),
    ] {
        let (_, card) = platform.card(&sim::CardRequest::default());
        // One person is signed in at the platform, and has this service's page before them.
        let waiting = platform.browser(&card);
        let before = waiting.get(&url).await;
        assert!(before.has_form("/card"), "{}", before.body);
        act(&["service", "suspend", &service, "--reason", "test"]);
        // The next one is refused at once.
        let browser = platform.browser(&card);
        let page = browser.get(&url).await;
        assert!(
            is_about_suspension(&page),
            "{} {}\n{}",
            page.status,
            page.url,
            page.body
        );
        assert_eq!(card_uses(&browser), 0);
        // So is the one who was on the way.
        let page = waiting.sign_in(before).await;
        assert!(
            is_about_suspension(&page),
            "{} {}\n{}",
            page.status,
            page.url,
            page.body
        );
        act(&["service", "resume", &service]);
        let page = visit(&browser, &url).await;
        header(&page, &url, "x-sub");
    }
}

/// The page that says so, which leads nowhere back to the service.
fn is_about_suspension(page: &conformance_tests::Page) -> bool {
    page.status == 403 && page.body.contains("service_suspended") && !page.body.contains("SAMLResponse")
}
