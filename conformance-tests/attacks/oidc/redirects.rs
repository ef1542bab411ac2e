//! Addresses that resemble the registered one: none of them ever gets an answer (RFC 9700 section 4.1).

use conformance_tests::{Platform, RelyingParty};

/// Registered: `https://rp-table.localhost:9/cb`, octet by octet.
pub(crate) const TRICKS: &[&str] = &[
    // another host
    "https://evil.localhost/cb",
    "https://evil.localhost:9/cb",
    "https://rp-table.localhost.evil.localhost:9/cb",
    "https://evil-rp-table.localhost:9/cb",
    "https://xrp-table.localhost:9/cb",
    "https://sub.rp-table.localhost:9/cb",
    "https://rp-table.localhost.:9/cb",
    "https://rp-table.localhos:9/cb",
    "https://rp-table.localhostt:9/cb",
    "https://localhost:9/cb",
    "https://127.0.0.1:9/cb",
    "https://[::1]:9/cb",
    "https://0x7f000001:9/cb",
    "https://2130706433:9/cb",
    "https://017700000001:9/cb",
    "https://127.1:9/cb",
    "https://rp-table%2elocalhost:9/cb",
    "https://rp%2dtable.localhost:9/cb",
    "https://rp\u{2010}table.localhost:9/cb",
    "https://rp-t\u{430}ble.localhost:9/cb",
    "https://rp-table\u{3002}localhost:9/cb",
    "https://rp-table.local\u{ad}host:9/cb",
    "https://RP-TABLE.localhost:9/cb",
    "https://xn--rp-table.localhost:9/cb",
    // another port
    "https://rp-table.localhost/cb",
    "https://rp-table.localhost:/cb",
    "https://rp-table.localhost:443/cb",
    "https://rp-table.localhost:09/cb",
    "https://rp-table.localhost:99/cb",
    "https://rp-table.localhost:9 /cb",
    "https://rp-table.localhost:9%2f/cb",
    "https://rp-table.localhost:-9/cb",
    // user information
    "https://evil@rp-table.localhost:9/cb",
    "https://@rp-table.localhost:9/cb",
    "https://:@rp-table.localhost:9/cb",
    "https://rp-table.localhost:9@evil.localhost/cb",
    "https://rp-table.localhost:9%40evil.localhost/cb",
    "https://rp-table.localhost:9\\@evil.localhost/cb",
    "https://rp-table.localhost@evil.localhost:9/cb",
    "https://rp-table.localhost:9&@evil.localhost/cb",
    "https://rp-table.localhost:9%20@evil.localhost/cb",
    // another scheme
    "http://rp-table.localhost:9/cb",
    "HTTPS://rp-table.localhost:9/cb",
    "Https://rp-table.localhost:9/cb",
    "ftp://rp-table.localhost:9/cb",
    "javascript://rp-table.localhost:9/cb%0aalert(1)",
    "data:text/html,https://rp-table.localhost:9/cb",
    "file:///rp-table.localhost:9/cb",
    "//rp-table.localhost:9/cb",
    "https:rp-table.localhost:9/cb",
    "https:/rp-table.localhost:9/cb",
    "https:///rp-table.localhost:9/cb",
    "https:\\\\rp-table.localhost:9/cb",
    "view-source:https://rp-table.localhost:9/cb",
    "blob:https://rp-table.localhost:9/cb",
    "intent://rp-table.localhost:9/cb",
    "rp-table.localhost:9/cb",
    "/cb",
    "cb",
    "?",
    "*",
    "https://*.localhost:9/cb",
    // path
    "https://rp-table.localhost:9",
    "https://rp-table.localhost:9/",
    "https://rp-table.localhost:9/cb/",
    "https://rp-table.localhost:9//cb",
    "https://rp-table.localhost:9/cb/.",
    "https://rp-table.localhost:9/./cb",
    "https://rp-table.localhost:9/x/../cb",
    "https://rp-table.localhost:9/cb/..",
    "https://rp-table.localhost:9/cb/../cb",
    "https://rp-table.localhost:9/cb%2f",
    "https://rp-table.localhost:9/%63b",
    "https://rp-table.localhost:9/c%62",
    "https://rp-table.localhost:9/CB",
    "https://rp-table.localhost:9/cb1",
    "https://rp-table.localhost:9/c",
    "https://rp-table.localhost:9/cb;x",
    "https://rp-table.localhost:9/cb;jsessionid=1",
    "https://rp-table.localhost:9/cb%00",
    "https://rp-table.localhost:9/cb%09",
    "https://rp-table.localhost:9/cb%0d%0aLocation:%20https://evil.localhost",
    "https://rp-table.localhost:9/cb\\",
    "https://rp-table.localhost:9\\cb",
    "https://rp-table.localhost:9/cb/../../evil",
    "https://rp-table.localhost:9/%2e%2e/cb",
    "https://rp-table.localhost:9/..;/cb",
    // query and fragment
    "https://rp-table.localhost:9/cb?",
    "https://rp-table.localhost:9/cb?x=1",
    "https://rp-table.localhost:9/cb?next=https://evil.localhost",
    "https://rp-table.localhost:9/cb&x=1",
    "https://rp-table.localhost:9/cb%3f",
    "https://rp-table.localhost:9/cb#",
    "https://rp-table.localhost:9/cb#x",
    "https://rp-table.localhost:9/cb#@evil.localhost",
    "https://rp-table.localhost:9/cb%23",
    // space, controls, joined
    " https://rp-table.localhost:9/cb",
    "https://rp-table.localhost:9/cb ",
    "\thttps://rp-table.localhost:9/cb",
    "https://rp-table.localhost:9/cb\n",
    "https://rp-table.localhost:9/cb\r\nSet-Cookie: x=1",
    "https://rp-table.localhost:9/cb\u{0}",
    "https://rp-table.localhost:9/cb\u{7f}",
    "\u{feff}https://rp-table.localhost:9/cb",
    "https://rp-table.localhost:9/cb https://evil.localhost",
    "https://rp-table.localhost:9/cb,https://evil.localhost",
    "https://evil.localhost https://rp-table.localhost:9/cb",
    "https://evil.localhost/?https://rp-table.localhost:9/cb",
    "https://evil.localhost/https://rp-table.localhost:9/cb",
    "https://evil.localhost#https://rp-table.localhost:9/cb",
];

#[tokio::test]
async fn a_hundred_addresses_that_resemble_the_registered_one() {
    assert!(TRICKS.len() >= 100, "{}", TRICKS.len());
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-table");
    let browser = platform.bare_browser();
    let good = rp.request("");
    let registered: String = url::form_urlencoded::byte_serialize(rp.redirect_uri.as_bytes()).collect();
    let begun = browser.get_one(&good).await;
    assert_eq!(begun.status, 303, "the registered one begins");
    for trick in TRICKS {
        let encoded: String = url::form_urlencoded::byte_serialize(trick.as_bytes()).collect();
        for more in [
            "",
            "&response_mode=form_post",
            "&prompt=none",
            "&response_type=token",
        ] {
            let url = good.replace(&registered, &encoded) + more;
            let page = browser.get_one(&url).await;
            assert_eq!(
                (page.status.as_u16(), page.header("location")),
                (400, None),
                "{trick:?}{more}"
            );
            // The link that shows this page in the other language has the request in it, encoded twice over, and leads here.
            assert!(
                !page.body.contains("//evil.localhost"),
                "{trick:?}: it leads nowhere"
            );
        }
    }
}
