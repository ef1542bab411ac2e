//! Service providers that we did not write, unmodified from Debian, sign people in at the running platform
//! (`real_sp/README.md` says what each can ask for). A missing package fails; nothing is skipped.

mod mellon;
mod oidc;

use conformance_tests::{Browser, Page, Platform};

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
