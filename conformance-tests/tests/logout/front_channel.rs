//! OpenID Connect Front-Channel Logout 1.0.

use conformance_tests::Platform;

use crate::{end_all, receipts, register};

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
