//! Attacks on SAML (OASIS security considerations, sstc-saml-sec-consider-2.0; Somorovsky and others, "On Breaking SAML", 2012).

mod bindings;
mod documents;
mod logout;
mod messages;
mod metadata;
mod wrapping;

use conformance_tests::{Browser, KnownPerson, Page, Platform, PlatformOptions, SamlParty, encoded};

/// A platform on which nothing is limited but what an attack is about.
async fn platform() -> Platform {
    Platform::start_with(PlatformOptions {
        more_config: "[saml]\nsoap_per_minute = 100000\n".to_owned(),
        ..PlatformOptions::default()
    })
    .await
}

/// Whether single sign-on still answers in this browser.
async fn is_signed_in(platform: &Platform, browser: &Browser) -> bool {
    let page = browser.get(&format!("{}/account", platform.origin)).await;
    page.has_form("/account/end-all")
}

/// A form of one message.
async fn post(platform: &Platform, browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Page {
    let body: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    let address = format!("{}/saml/{path}", platform.origin);
    browser.post_raw(&address, &[], &body.join("&")).await
}

/// Where a form is kept until it is known whose browser brought it, or a sign-in begins: the page behind that.
async fn settled(browser: &Browser, page: Page) -> Page {
    if page.status != 303 {
        return page;
    }
    let next = page.header("location").and_then(|next| page.url.join(next).ok());
    browser.get(next.unwrap().as_str()).await
}

fn base64(message: &str) -> String {
    base64_of(message.as_bytes())
}

fn base64_of(octets: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(octets)
}

/// Whether an answer carries a good status.
fn succeeded(body: &str) -> bool {
    body.contains("urn:oasis:names:tc:SAML:2.0:status:Success\"")
}

/// A person at a service, in a browser of their own.
async fn person(platform: &Platform, at: &SamlParty, id: &str) -> (Browser, KnownPerson) {
    let browser = platform.browser_with_new_card();
    let known = at.sign_in(&browser, id).await;
    (browser, known)
}
