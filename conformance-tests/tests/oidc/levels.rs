//! Levels as requests, records and people ask for them: one lattice, whoever asks.

use conformance_tests::{Page, Platform, RelyingParty};
use serde_json::Value;

/// The one account of a platform on which one person signed in.
fn account(platform: &Platform) -> String {
    let exported = platform.command(&["audit", "export"]);
    String::from_utf8(exported.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| serde_json::from_str::<Value>(line["text"].as_str().unwrap()).unwrap())
        .find(|event| event["action"] == "account_created")
        .and_then(|event| event["account"].as_str().map(str::to_owned))
        .expect("an account")
}

fn set_floor(platform: &Platform, account: &str, floor: &[&str]) {
    let done = platform.command(&[&["floor", "set", account], floor].concat());
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn wants_the_card(page: &Page) -> bool {
    page.has_form("/card")
}

#[tokio::test]
async fn a_request_is_answered_by_a_context_that_is_true_of_the_card() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-levels");
    let browser = platform.browser_with_new_card();
    for (more, acr) in [
        ("&acr_values=phrh", "phrh"),
        ("&acr_values=phr%20aal3", "phr"),
        ("&acr_values=urn:jp:go:gap:assurance:ial3:aal3%20aal2", "aal2"),
        // Nobody knows it, and a voluntary wish refuses nobody.
        ("&acr_values=loa9", "aal3"),
        ("", "aal3"),
    ] {
        let tokens = rp.sign_in(&browser, more).await;
        assert_eq!(tokens.claims["acr"], acr, "{more}");
    }
    // A proofed identity that nobody registered is no matter of another card.
    let page = browser
        .get(&rp.request("&acr_values=urn:jp:go:gap:assurance:ial3:aal3"))
        .await;
    assert!(page.body.contains("enrolment_required"), "{}", page.body);
    let discovery = browser
        .get(&format!("{}/.well-known/openid-configuration", platform.origin))
        .await;
    let discovery: Value = serde_json::from_str(&discovery.body).unwrap();
    let advertised: Vec<_> = discovery["acr_values_supported"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for name in ["aal3", "phrh", "urn:jp:go:gap:assurance:ial3:aal3"] {
        assert!(advertised.contains(&name), "{advertised:?}");
    }
    assert!(!advertised.iter().any(|name| name.contains("Password")));
}

/// What the person demands holds at every service, from the next answer on, and no service lowers it.
#[tokio::test]
async fn a_persons_floor_holds_at_every_service() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_at(&platform, "rp-floor", "1");
    let browser = platform.browser_with_new_card();
    rp.sign_in(&browser, "").await;
    let single_sign_on = async || {
        let page = browser.get_until(&rp.request(""), &rp.redirect_uri).await;
        rp.is_reply(page.url.as_str())
    };
    assert!(single_sign_on().await);
    let account = account(&platform);
    set_floor(&platform, &account, &["--max-age-seconds", "0"]);
    assert!(
        wants_the_card(&browser.get(&rp.request("")).await),
        "each time anew"
    );
    rp.sign_in(&browser, "&acr_values=aal1").await;
    // Nothing brings a reply that is bound to a key of the person's: said, not passed over.
    set_floor(&platform, &account, &["--fal", "3"]);
    let page = browser.get(&rp.request("")).await;
    assert!(page.body.contains("level_unreachable"), "{}", page.body);
    let cleared = platform.command(&["floor", "clear", &account]);
    assert!(cleared.status.success());
    assert!(single_sign_on().await);
}
