//! Service providers that we did not write, unmodified from Debian, sign people in at the running platform
//! (`real_sp/README.md` says what each can ask for). A missing package fails; nothing is skipped.
//!
//! One module per piece of software: `oidc` (`mod_auth_openidc`), `mellon` (`mod_auth_mellon`), `shibboleth` (`mod_shib`, `shibd`);
//! `python` has pysaml2 and python3-saml; `libraries` has clients from npm and the Python package index (openid-client, oauth4webapi, Authlib);
//! `back_channel` has what Shibboleth asks directly; `roll_over` has our keys rolling under all of them; `together` has one person at all of the
//! modules. What they read differently from us is in `divergences.md`.
//!
//! **One more case**: a test in the module of the software that asks; what it can ask for is a field of its options in
//! `src/apache/`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot do its work must fail at once and loudly"
)]

mod back_channel;
mod grant_life;
mod libraries;
mod logout;
mod mellon;
mod oidc;
mod python;
mod roll_over;
mod shibboleth;
mod together;

use conformance_tests::{Browser, MachineClock, Page, Platform};
use domain::Clock as _;

/// How often the card was used.
fn card_uses(browser: &Browser) -> usize {
    let at_the_door = |host: &str| host.contains(".card.") || host.contains(".card12.");
    let hops = browser.hops();
    let hosts = hops.iter().filter_map(|hop| hop.url.host_str());
    hosts.filter(|host| at_the_door(host)).count()
}

/// From an address of a service's to the page behind the sign-in.
async fn visit(browser: &Browser, url: &str) -> Page {
    let start = browser.get(url).await;
    browser.sign_in(start).await
}

/// The person's data on the page of a service, which must be the page that was asked for: error pages of the modules have
/// status 200 too.
fn header(page: &Page, url: &str, name: &str) -> String {
    assert_eq!(
        (page.status.as_u16(), page.url.as_str()),
        (200, url),
        "{}",
        page.body
    );
    let value = page.header(name).unwrap_or_default();
    assert!(
        !value.is_empty() && value != "(none)",
        "no {name}:\n{}",
        page.body
    );
    value.to_owned()
}

/// Whether a page is our sign-in page, waiting for the card.
fn asks_for_the_card(platform: &Platform, page: &Page) -> bool {
    page.url
        .as_str()
        .starts_with(&format!("{}/sign-in/", platform.origin))
        && page.has_form("/card")
}

/// Lets time pass until the clock shows another second, so often: what is told to services is told in seconds. The wait is the
/// matter of the test here, no synchronisation.
async fn seconds_pass(count: i64) {
    let later = MachineClock.now().seconds() + count;
    while MachineClock.now().seconds() < later {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// The Response that a page of ours posts.
fn response(page: &Page) -> String {
    let forms = page.forms();
    let message = forms
        .iter()
        .find_map(|form| form.field("SAMLResponse"))
        .unwrap_or_else(|| panic!("no Response at {} ({}):\n{}", page.url, page.status, page.body));
    let octets = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, message);
    String::from_utf8(octets.expect("base64")).expect("XML")
}
