//! Levels as requests, records and people ask for them: one lattice, whoever asks.

use conformance_tests::{Browser, Page, Platform, RelyingParty, SigningClient};
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
        // Nobody knows it, and a voluntary wish refuses nobody who asks for a sign-in alone.
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

/// RFC 9470 section 5: a client that was sent here by a resource server comes with what that server demands. Where no token could ever say
/// it, the client is told so at once; else it would go round between the two for ever.
#[tokio::test]
async fn what_no_token_could_say_is_refused_where_it_is_asked_for_a_resource() {
    const RESOURCE: &str = "https%3A%2F%2Fapi.localhost%2Ffilings";
    let platform = Platform::start().await;
    let resources = "resources = [\"https://api.localhost/filings\"]";
    let rp = RelyingParty::register_for(&platform, "rp-step", resources);
    let browser = platform.browser_with_new_card();
    let error = async |rp: &RelyingParty, more: &str| {
        let reply = rp.authorize(&browser, more).await;
        reply
            .into_iter()
            .find(|(name, _)| name == "error")
            .map(|(_, value)| value)
    };
    for unknown in ["loa9", "loa9%20Aal3", "urn:jp:go:gap:assurance:ial9:aal9"] {
        let more = format!("&acr_values={unknown}&resource={RESOURCE}");
        assert_eq!(
            error(&rp, &more).await.as_deref(),
            Some("unmet_authentication_requirements"),
            "{unknown}"
        );
    }
    // One of the names is enough, and the token says it.
    for (asked, acr) in [("loa9%20aal2", "aal2"), ("aal3", "aal3"), ("crl", "crl")] {
        let code = rp
            .code(&browser, &format!("&acr_values={asked}&resource={RESOURCE}"))
            .await;
        let answer: Value = serde_json::from_str(&rp.redeem_raw(&browser, &code).await.body).unwrap();
        let token = answer["access_token"].as_str().unwrap();
        let claims = jose::decode_base64url(token.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["acr"], acr, "{asked}");
    }
    // A client whose tokens say no level, because nobody registered it for one.
    platform.register(&format!(
        r#"
        kind = "sp"
        name = {{ ja = "語らない申請", en = "Silent filing" }}
        [oidc]
        client_id = "rp-silent"
        redirect_uris = ["https://rp-silent.localhost:9/cb"]
        authentication = {{ method = "none" }}
        [oidc.tokens]
        {resources}
        "#
    ));
    let silent = RelyingParty {
        client_id: "rp-silent".to_owned(),
        redirect_uri: "https://rp-silent.localhost:9/cb".to_owned(),
        origin: platform.origin.clone(),
    };
    assert_eq!(
        error(&silent, &format!("&acr_values=aal3&resource={RESOURCE}"))
            .await
            .as_deref(),
        Some("unmet_authentication_requirements")
    );
    for fine in [format!("&resource={RESOURCE}"), "&acr_values=aal3".to_owned()] {
        assert_eq!(error(&silent, &fine).await, None, "{fine}");
    }
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

fn clear_floor(platform: &Platform, account: &str) {
    assert!(platform.command(&["floor", "clear", account]).status.success());
}

async fn is_active(server: &SigningClient, browser: &Browser, token: &str) -> bool {
    let fields = [
        ("token", token),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", &server.assertion()),
    ];
    let answer = server.rp.post(browser, "introspection", &[], &fields).await;
    let told: Value = serde_json::from_str(&answer.body).unwrap();
    told["active"].as_bool().unwrap()
}

/// A floor that is raised after a sign-in is looked at wherever something is answered on it, and ends nothing: lowered again, everything
/// goes on.
#[tokio::test]
async fn a_floor_is_looked_at_again_wherever_something_is_answered_on_a_sign_in() {
    const RESOURCE: &str = "https://api.localhost/filings";
    let platform = Platform::start().await;
    let settings = format!("refresh = \"session\"\nresources = [\"{RESOURCE}\"]");
    let rp = RelyingParty::register_for(&platform, "rp-again", &settings);
    let serves = format!("[oidc.tokens]\nserves = [\"{RESOURCE}\"]");
    let server = SigningClient::register(&platform, "rs-again", &serves);
    let browser = platform.browser_with_new_card();
    let json = |page: &Page| serde_json::from_str::<Value>(&page.body).unwrap();
    let text = |page: &Page, name: &str| json(page)[name].as_str().unwrap_or_default().to_owned();
    let redeem = async |more: &str| {
        let code = rp.code(&browser, more).await;
        rp.redeem_raw(&browser, &code).await
    };
    let first = redeem("").await;
    let (access, mut refresh) = (text(&first, "access_token"), text(&first, "refresh_token"));
    let for_resource = redeem("&resource=https%3A%2F%2Fapi.localhost%2Ffilings").await;
    let for_resource = text(&for_resource, "access_token");
    let waiting = rp.code(&browser, "").await;
    let account = account(&platform);
    // Nothing that anybody does reaches it.
    set_floor(&platform, &account, &["--fal", "3"]);
    let refused = rp.refresh(&browser, &refresh, &[]).await;
    assert_eq!(text(&refused, "error"), "invalid_grant", "{}", refused.body);
    assert_eq!(rp.userinfo(&browser, &access).await.status, 401);
    assert!(!is_active(&server, &browser, &for_resource).await);
    let refused = rp.redeem_raw(&browser, &waiting).await;
    assert_eq!(text(&refused, "error"), "invalid_grant", "{}", refused.body);
    clear_floor(&platform, &account);
    assert_eq!(rp.userinfo(&browser, &access).await.status, 200);
    assert!(is_active(&server, &browser, &for_resource).await);
    let next = rp.refresh(&browser, &refresh, &[]).await;
    assert_eq!(next.status, 200, "{}", next.body);
    refresh = text(&next, "refresh_token");
    // The card at each sign-in: what was issued at one holds, what was issued by single sign-on or refreshes without the card does not.
    let alone = redeem("").await;
    assert_eq!(alone.status, 200, "{}", alone.body);
    set_floor(&platform, &account, &["--max-age-seconds", "0"]);
    assert_eq!(rp.userinfo(&browser, &access).await.status, 200);
    assert_eq!(
        rp.userinfo(&browser, &text(&alone, "access_token")).await.status,
        401
    );
    let refused = rp.refresh(&browser, &refresh, &[]).await;
    assert_eq!(text(&refused, "error"), "invalid_grant", "{}", refused.body);
    set_floor(&platform, &account, &["--max-age-seconds", "600"]);
    assert_eq!(rp.refresh(&browser, &refresh, &[]).await.status, 200);
    // A sign-in that the floor admits is answered whole.
    set_floor(&platform, &account, &["--max-age-seconds", "0"]);
    let anew = redeem("").await;
    assert_eq!(anew.status, 200, "{}", anew.body);
    let anew = text(&anew, "access_token");
    assert_eq!(rp.userinfo(&browser, &anew).await.status, 200);
}

/// Whatever closed an account and left its session: nothing is answered on it, and it ends where it is used.
#[tokio::test]
async fn nothing_is_answered_on_a_session_whose_account_is_closed() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-closed");
    let browser = platform.browser_with_new_card();
    let tokens = rp.sign_in(&browser, "").await;
    assert_eq!(rp.userinfo(&browser, &tokens.access_token).await.status, 200);
    // As when a process died between the closing and what follows it.
    platform.tear("UPDATE account SET state = 'closed', closed_at = 1, close_reason = 'decided'");
    assert_eq!(rp.userinfo(&browser, &tokens.access_token).await.status, 401);
    let log = String::from_utf8(platform.command(&["audit", "export"]).stdout).unwrap();
    assert!(log.contains("account_closed"), "the session ended: {log}");
}
