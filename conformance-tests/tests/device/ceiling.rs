//! A card in a device reaches no more than its ceiling, and whoever demands more is told so.

use conformance_tests::{Platform, RelyingParty};
use sim::CardRequest;

use crate::reader::{Api, Given, body, honest, platform, platform_with, refused, transaction};

const X509: &str = "&acr_values=urn:oasis:names:tc:SAML:2.0:ac:classes:X509";
const SMARTCARD: &str = "&acr_values=urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI";

#[tokio::test]
async fn services_and_requests_that_demand_more_never_offer_it() {
    let platform = platform().await;
    let strict = RelyingParty::register(&platform, "rp-strict");
    let mild = RelyingParty::register_at(&platform, "rp-mild", "2");
    for (rp, more, offered) in [
        (&strict, "", false),
        (&strict, "&acr_values=aal2", false),
        (&mild, "", true),
        (&mild, "&acr_values=aal2", true),
        (&mild, "&acr_values=aal3", false),
        (&mild, X509, false),
        (&mild, SMARTCARD, false),
    ] {
        let browser = platform.bare_browser();
        let page = browser.get(&rp.request(more)).await;
        assert!(page.has_form("/card"));
        assert_eq!(page.has_form("/device"), offered, "{} {more}", rp.client_id);
        if offered {
            continue;
        }
        // A device that asks all the same, and a browser that posts the form all the same.
        let name = page.url.path().strip_prefix("/sign-in/").unwrap().to_owned();
        refused(
            &Api::new(&platform, &browser).begin(&name).await,
            403,
            "device_not_enough",
        );
        let mut form = page.form("/card");
        form.action = form.action.replace("/card", "/device");
        let told = browser.submit(&form).await;
        assert_eq!(told.status, 403);
        assert_eq!(told.text("main .box code").as_deref(), Some("device_not_enough"));
        assert!(
            told.has_form("/card"),
            "the page leads to the card in the browser"
        );
    }
}

#[tokio::test]
async fn a_devices_session_is_not_enough_for_more() {
    let platform = platform().await;
    let strict = RelyingParty::register(&platform, "rp-strict");
    let mild = RelyingParty::register_at(&platform, "rp-mild", "2");
    let (_, card) = platform.card(&CardRequest::default());
    let browser = platform.bare_browser();
    sign_in(&platform, &mild, &browser, &card).await;
    // Single sign-on at the level that was reached, and not above.
    let silent = mild.authorize(&browser, "&prompt=none").await;
    assert!(silent.iter().any(|(name, _)| name == "code"), "{silent:?}");
    for (rp, more) in [(&strict, ""), (&mild, "&acr_values=aal3")] {
        let silent = rp.authorize(&browser, &format!("&prompt=none{more}")).await;
        let refused = |(name, value): &(String, String)| name == "error" && value == "login_required";
        assert!(silent.iter().any(refused), "{} {more}: {silent:?}", rp.client_id);
        let page = browser.get(&rp.request(more)).await;
        assert!(
            page.has_form("/card") && !page.has_form("/device"),
            "{}",
            page.body
        );
        assert!(page.body.contains("more secure sign-in"), "{}", page.body);
    }
}

#[tokio::test]
async fn the_ceiling_is_the_operators() {
    let platform = platform_with("aal_ceiling = \"aal1\"").await;
    let two = RelyingParty::register_at(&platform, "rp-two", "2");
    let one = RelyingParty::register_at(&platform, "rp-one", "1");
    let browser = platform.bare_browser();
    let name = transaction(&browser, &two, "").await;
    refused(
        &Api::new(&platform, &browser).begin(&name).await,
        403,
        "device_not_enough",
    );
    let (_, card) = platform.card(&CardRequest::default());
    let claims = sign_in(&platform, &one, &browser, &card).await;
    assert_eq!(
        (&claims["acr"], &claims["aal"]),
        (&"aal1".into(), &"1".into()),
        "{claims}"
    );
}

#[tokio::test]
async fn the_door_is_shut_unless_the_operator_opens_it() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_at(&platform, "rp-shut", "1");
    let browser = platform.bare_browser();
    let page = browser.get(&rp.request("")).await;
    assert!(!page.has_form("/device"));
    let name = page.url.path().strip_prefix("/sign-in/").unwrap().to_owned();
    refused(
        &Api::new(&platform, &browser).begin(&name).await,
        404,
        "not_found",
    );
}

async fn sign_in(
    platform: &Platform,
    rp: &RelyingParty,
    browser: &conformance_tests::Browser,
    card: &sim::tls::SharedCard,
) -> serde_json::Value {
    let api = Api::new(platform, browser);
    let given = Given::of(&api.begin(&transaction(browser, rp, "").await).await);
    let proven = api.prove(&given, &honest(card, &given)).await;
    let go_on = body(&proven)["continue"].as_str().expect("continue").to_owned();
    let page = rp
        .walk(browser, browser.get_until(&go_on, &rp.redirect_uri).await)
        .await;
    rp.redeem(browser, &page.query("code").expect("a code"))
        .await
        .claims
}
