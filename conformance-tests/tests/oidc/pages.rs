//! Every answer of the front carries what keeps a browser safe; both languages are a click apart.

use conformance_tests::{Platform, RelyingParty};

#[tokio::test]
async fn pages_carry_their_protection_and_speak_both_languages() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-pages");
    let browser = platform.browser_with_new_card();
    let sign_in = browser.get(&rp.request("")).await;
    let consent = browser.submit(&sign_in.form("/card")).await;
    for page in [
        &sign_in,
        &consent,
        &browser.get(&format!("{}/account", platform.origin)).await,
    ] {
        let policy = page.header("content-security-policy").unwrap();
        for directive in [
            "default-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(directive), "{}: {policy}", page.url);
        }
        assert!(
            !policy.contains("unsafe") && !policy.contains("script-src"),
            "{policy}"
        );
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert!(page.header("strict-transport-security").is_some());
        assert!(!page.body.contains("<script"), "no script is needed or sent");
    }
    // The forms lead to this service and to no other.
    let policy = consent.header("content-security-policy").unwrap();
    assert!(policy.contains("https://rp-pages.localhost:9"), "{policy}");
    assert!(sign_in.body.contains("lang=\"en\""));
    let japanese = browser.clone().speaking("ja");
    let page = japanese.get(&rp.request("&prompt=login")).await;
    assert!(
        page.body.contains("lang=\"ja\"") && page.body.contains("マイナンバーカード"),
        "{}",
        page.body
    );
    // The switch stays in the flow, and never leads elsewhere.
    let switch = format!("{}/language?to=en&next=", platform.origin);
    let kept = japanese
        .get(&format!("{switch}{}", page.url.path().replace('/', "%2F")))
        .await;
    assert_eq!(kept.url.path(), page.url.path());
    assert!(kept.body.contains("lang=\"en\""));
    for elsewhere in [
        "%2F%2Fevil.localhost",
        "https%3A%2F%2Fevil.localhost",
        "%2F%5Cevil.localhost",
    ] {
        let page = japanese.get_one(&format!("{switch}{elsewhere}")).await;
        assert_eq!(page.header("location"), Some("/"), "{elsewhere}");
    }
    let stylesheet = page
        .body
        .split('"')
        .find(|text| text.starts_with("/assets/"))
        .unwrap()
        .to_owned();
    let css = browser.get(&format!("{}{stylesheet}", platform.origin)).await;
    assert!(css.status.is_success() && css.header("cache-control").unwrap().contains("immutable"));
    assert_eq!(
        browser.get(&format!("{}/nowhere", platform.origin)).await.status,
        404
    );
    let wrong = browser.get(&format!("{}/oidc/token", platform.origin)).await;
    assert_eq!(wrong.status, 405);
}
