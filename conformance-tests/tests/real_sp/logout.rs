//! Logout with foreign software, begun at either end, and with one of them dead.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use conformance_tests::{Browser, Mellon, OpenIdc, Page, Platform, PlatformOptions, SamlParty, Shibboleth};

use crate::{asks_for_the_card, header, visit};

/// Ends every session on the account page.
async fn end_all(platform: &Platform, browser: &Browser) -> Page {
    let page = browser.get(&format!("{}/account", platform.origin)).await;
    browser.submit(&page.form("/account/end-all")).await
}

/// The address of the first link that ends so.
fn link(page: &Page, end: &str) -> Option<String> {
    let found = page
        .body
        .split("href=\"")
        .filter_map(|rest| rest.split('"').next())
        .find(|url| url.ends_with(end))?;
    Some(page.url.join(found).unwrap().into())
}

/// Presses what carries messages on, until a page has none.
async fn carry_on(browser: &Browser, mut page: Page) -> Page {
    for _ in 0..6 {
        let forms = page.forms();
        let message = forms
            .iter()
            .find(|form| form.field("SAMLResponse").is_some() || form.field("SAMLRequest").is_some());
        page = match message {
            Some(form) => browser.submit(form).await,
            None => return page,
        };
    }
    panic!("messages without end at {}", page.url)
}

/// The status of every logout response that the browser carried, by redirect or in a form, as its last words from the top.
fn statuses_heard(browser: &Browser) -> Vec<Vec<String>> {
    let by_redirect = browser.hops().into_iter().filter_map(|hop| {
        let (_, message) = hop.url.query_pairs().find(|(name, _)| name == "SAMLResponse")?;
        let octets = STANDARD.decode(message.as_bytes()).ok()?;
        let mut text = String::new();
        flate2::read::DeflateDecoder::new(octets.as_slice())
            .read_to_string(&mut text)
            .ok()?;
        Some(text)
    });
    by_redirect
        .filter(|message| message.contains("LogoutResponse"))
        .map(|message| {
            let codes = message.split("StatusCode Value=\"").skip(1);
            codes
                .filter_map(|rest| rest.split('"').next()?.rsplit(':').next())
                .map(str::to_owned)
                .collect()
        })
        .collect()
}

async fn is_signed_in(platform: &Platform, browser: &Browser) -> bool {
    let page = browser.get(&format!("{}/account", platform.origin)).await;
    page.has_form("/account/end-all")
}

#[tokio::test]
async fn mellon_is_signed_out_by_the_platform_through_the_browser() {
    let platform = Platform::start().await;
    let apache = Mellon::default().start(&platform).await;
    let url = apache.url(Mellon::HOST, "/protected/");
    let browser = platform.browser_with_new_card();
    header(&visit(&browser, &url).await, &url, "x-sub");
    let page = end_all(&platform, &browser).await;
    let next = link(&page, "/next").unwrap_or_else(|| panic!("{}", page.body));
    let page = browser.get(&next).await;
    let page = carry_on(&browser, page).await;
    assert!(
        page.url.path().starts_with("/logout/"),
        "{} {}",
        page.url,
        page.body
    );
    assert!(page.body.contains("Signed out."), "{}", page.body);
    let page = browser.get(&url).await;
    assert!(asks_for_the_card(&platform, &page), "{}", page.body);
}

#[tokio::test]
async fn mellon_signs_out_at_the_platform() {
    let platform = Platform::start().await;
    let apache = Mellon::default().start(&platform).await;
    let url = apache.url(Mellon::HOST, "/protected/");
    let browser = platform.browser_with_new_card();
    header(&visit(&browser, &url).await, &url, "x-sub");
    let home: String =
        url::form_urlencoded::byte_serialize(apache.url(Mellon::HOST, "/").as_bytes()).collect();
    let page = browser
        .get(&apache.url(Mellon::HOST, &format!("/mellon/logout?ReturnTo={home}")))
        .await;
    let page = carry_on(&browser, page).await;
    assert_eq!(
        (page.status.as_u16(), page.url.as_str()),
        (200, &*apache.url(Mellon::HOST, "/")),
        "{}",
        page.body
    );
    assert!(!is_signed_in(&platform, &browser).await);
    let page = browser.get(&url).await;
    assert!(asks_for_the_card(&platform, &page), "{}", page.body);
}

#[tokio::test]
async fn shibboleth_is_signed_out_by_the_platform_by_soap() {
    let platform = Platform::start().await;
    let apache = Shibboleth::default().start(&platform).await;
    let url = apache.url(Shibboleth::HOST, "/protected/");
    let browser = platform.browser_with_new_card();
    header(&visit(&browser, &url).await, &url, "x-sub");
    let page = end_all(&platform, &browser).await;
    assert!(page.body.contains("Signed out."), "{}", page.body);
    let page = browser.get(&url).await;
    assert!(asks_for_the_card(&platform, &page), "{}", page.body);
}

/// Without roots for the services' TLS no service is told directly, and the browser carries the request.
#[tokio::test]
async fn shibboleth_is_signed_out_by_the_platform_through_the_browser() {
    let platform = Platform::start_with(PlatformOptions {
        logout: String::new(),
        ..PlatformOptions::default()
    })
    .await;
    let apache = Shibboleth::default().start(&platform).await;
    let url = apache.url(Shibboleth::HOST, "/protected/");
    let browser = platform.browser_with_new_card();
    header(&visit(&browser, &url).await, &url, "x-sub");
    let page = end_all(&platform, &browser).await;
    let next = link(&page, "/next").unwrap_or_else(|| panic!("{}", page.body));
    let page = browser.get(&next).await;
    let page = carry_on(&browser, page).await;
    assert!(page.body.contains("Signed out."), "{} {}", page.url, page.body);
    let page = browser.get(&url).await;
    assert!(asks_for_the_card(&platform, &page), "{}", page.body);
}

#[tokio::test]
async fn shibboleth_signs_out_at_the_platform_and_hears_the_truth() {
    let platform = Platform::start().await;
    // Asked asynchronously (as it does by itself), we answer with nothing and the person stays with us; otherwise they come back.
    for waits_at_logout in [false, true] {
        let options = Shibboleth {
            waits_at_logout,
            ..Shibboleth::default()
        };
        let platform = if waits_at_logout {
            &Platform::start().await
        } else {
            &platform
        };
        let apache = options.start(platform).await;
        let url = apache.url(Shibboleth::HOST, "/protected/");
        let browser = platform.browser_with_new_card();
        header(&visit(&browser, &url).await, &url, "x-sub");
        let page = browser
            .get(&apache.url(Shibboleth::HOST, "/Shibboleth.sso/Logout"))
            .await;
        let page = carry_on(&browser, page).await;
        let comes_back = page.url.host_str() == Some(Shibboleth::HOST);
        assert_eq!(comes_back, waits_at_logout, "{} {}", page.url, page.body);
        assert!(
            comes_back || page.body.contains("You are signed out"),
            "{}",
            page.body
        );
        let heard = statuses_heard(&browser);
        let expected: &[&[&str]] = if comes_back { &[&["Success"]] } else { &[] };
        assert_eq!(heard, expected, "what Shibboleth hears");
        assert!(!is_signed_in(platform, &browser).await);
        let page = browser.get(&url).await;
        assert!(asks_for_the_card(platform, &page), "{}", page.body);
    }
}

/// Another service was not reached: whoever asked hears of it, in so many words.
#[tokio::test]
async fn shibboleth_signs_out_at_the_platform_and_hears_that_somebody_was_not_reached() {
    let platform = Platform::start().await;
    let options = Shibboleth {
        waits_at_logout: true,
        ..Shibboleth::default()
    };
    let apache = options.start(&platform).await;
    let dead = SamlParty::register(&platform, "dead", false);
    let url = apache.url(Shibboleth::HOST, "/protected/");
    let browser = platform.browser_with_new_card();
    header(&visit(&browser, &url).await, &url, "x-sub");
    dead.sign_in(&browser, "_dead").await;
    let page = browser
        .get(&apache.url(Shibboleth::HOST, "/Shibboleth.sso/Logout"))
        .await;
    let page = carry_on(&browser, page).await;
    let next = link(&page, "/next").unwrap_or_else(|| panic!("{} {}", page.url, page.body));
    browser.get_until(&next, &dead.slo).await;
    let page = browser.get(page.url.as_str()).await;
    assert!(page.body.contains("It did not answer."), "{}", page.body);
    let page = browser.get(&link(&page, "/done").unwrap()).await;
    let page = carry_on(&browser, page).await;
    assert_eq!(page.url.host_str(), Some(Shibboleth::HOST), "{}", page.body);
    assert_eq!(statuses_heard(&browser), [["Success", "PartialLogout"]]);
    assert!(!is_signed_in(&platform, &browser).await);
}

/// One service of each protocol: the client's logout reaches the other one's session; with the other one dead, the page says so.
#[tokio::test]
async fn across_protocols_and_with_a_dead_service() {
    let platform = Platform::start().await;
    let shibboleth = Shibboleth::default().start(&platform).await;
    let openidc = OpenIdc::default().start(&platform).await;
    let saml = shibboleth.url(Shibboleth::HOST, "/protected/");
    let oidc = openidc.url(OpenIdc::HOST, "/protected/");
    let browser = platform.browser_with_new_card();
    header(&visit(&browser, &saml).await, &saml, "x-sub");
    header(&visit(&browser, &oidc).await, &oidc, "x-sub");
    // Begun at Shibboleth: the OpenID Connect module is told by its back channel.
    let page = browser
        .get(&shibboleth.url(Shibboleth::HOST, "/Shibboleth.sso/Logout"))
        .await;
    carry_on(&browser, page).await;
    let page = browser.get(&oidc).await;
    assert!(asks_for_the_card(&platform, &page), "{}", page.body);
    // Both again; then Shibboleth dies.
    header(&visit(&browser, &oidc).await, &oidc, "x-sub");
    header(&visit(&browser, &saml).await, &saml, "x-sub");
    drop(shibboleth);
    let page = end_all(&platform, &browser).await;
    assert!(page.body.contains("We keep trying."), "{}", page.body);
    assert!(page.body.contains("Signed out."), "{}", page.body);
    let page = browser.get(&oidc).await;
    assert!(asks_for_the_card(&platform, &page), "{}", page.body);
}
