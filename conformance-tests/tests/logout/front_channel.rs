//! OpenID Connect Front-Channel Logout 1.0.

use conformance_tests::Platform;

use crate::{end_all, link, receipts, register};

#[tokio::test]
async fn the_page_loads_the_registered_address_and_promises_nothing() {
    let platform = Platform::start().await;
    let more = "frontchannel_logout_uri = \"https://rp-front.localhost:9/out?x=1\"\nfrontchannel_logout_session_required = true";
    let rp = register(&platform, "rp-front", more);
    let browser = platform.browser_with_new_card();
    let tokens = rp.sign_in(&browser, "").await;
    let page = end_all(&platform, &browser).await;
    let document = &page.body;
    let src = document
        .split("<iframe ")
        .nth(1)
        .and_then(|rest| rest.split("src=\"").nth(1))
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_else(|| panic!("no frame:\n{document}"))
        .replace("&#38;", "&")
        .replace("&amp;", "&");
    let url = url::Url::parse(&src).unwrap();
    assert_eq!(url.host_str(), Some("rp-front.localhost"));
    let value = |name: &str| {
        url.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    assert_eq!(value("x").as_deref(), Some("1"));
    assert_eq!(value("iss").as_deref(), Some(platform.origin.as_str()));
    assert_eq!(value("sid").as_deref(), tokens.claims["sid"].as_str());
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.ends_with("; frame-src https://rp-front.localhost:9"),
        "{policy}"
    );
    assert!(document.contains("We cannot see its answer."), "{document}");
    assert!(document.contains("perhaps not everywhere"), "{document}");
    let all = receipts(&platform).await;
    assert_eq!((all.len(), &all[0]["state"]), (1, &serde_json::json!("sent")));
}

/// Front-Channel Logout 1.0 section 3: every client with such an address that the person is signed in at, so also the one that asks; the
/// official suite's `oidcc-frontchannel-rp-initiated-logout` registers no other. Then back to it.
#[tokio::test]
async fn the_client_that_asks_for_the_logout_is_loaded_like_the_others() {
    let platform = Platform::start().await;
    let more = |host: &str| format!("frontchannel_logout_uri = \"https://{host}.localhost:9/out\"");
    let asks = register(&platform, "rp-front-asks", &more("rp-front-asks"));
    let other = register(&platform, "rp-front-other", &more("rp-front-other"));
    let browser = platform.browser_with_new_card();
    let tokens = asks.sign_in(&browser, "").await;
    other.sign_in(&browser, "").await;
    let bye = "https://rp-front-asks.localhost:9/bye";
    let page = browser
        .get_until(
            &format!(
                "{}/oidc/logout?id_token_hint={}&post_logout_redirect_uri={}&state=s1",
                platform.origin,
                tokens.id_token,
                url::form_urlencoded::byte_serialize(bye.as_bytes()).collect::<String>()
            ),
            bye,
        )
        .await;
    let framed: Vec<&str> = page
        .body
        .split("<iframe ")
        .skip(1)
        .filter_map(|rest| rest.split("src=\"").nth(1)?.split('"').next())
        .collect();
    for host in ["rp-front-asks", "rp-front-other"] {
        assert!(
            framed
                .iter()
                .any(|src| src.starts_with(&format!("https://{host}.localhost:9/out?"))),
            "{host}: {framed:?} at {}\n{}",
            page.url,
            page.body
        );
    }
    let done = page.url.join(&link(&page.body, "/done")).unwrap();
    let back = browser.get_until(done.as_str(), bye).await;
    assert_eq!(back.query("state").as_deref(), Some("s1"));
    let states: Vec<_> = receipts(&platform)
        .await
        .iter()
        .map(|receipt| receipt["state"].clone())
        .collect();
    assert_eq!(states, ["sent", "sent"]);
}
