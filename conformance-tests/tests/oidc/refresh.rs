//! Refresh tokens: who gets them, what they are worth after each use, and what ends them.

use conformance_tests::{Browser, Page, Platform, RelyingParty};
use serde_json::Value;

fn json(page: &Page) -> Value {
    serde_json::from_str(&page.body).unwrap_or_else(|_| panic!("{} {}", page.status, page.body))
}

fn text(page: &Page, name: &str) -> String {
    let json = json(page);
    json[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {json}"))
        .to_owned()
}

fn error(page: &Page) -> String {
    assert_eq!(page.status, 400, "{}", page.body);
    text(page, "error")
}

fn claims(page: &Page) -> Value {
    let token = text(page, "id_token");
    let payload = jose::decode_base64url(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// A sign-in whose whole token response counts.
async fn signed_in(rp: &RelyingParty, browser: &Browser, more: &str) -> Page {
    let code = rp.code(browser, more).await;
    let answer = rp.redeem_raw(browser, &code).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
}

#[tokio::test]
async fn each_use_gives_the_next_one_and_an_old_one_ends_them_all() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_for(&platform, "rp-refresh", r#"refresh = "session""#);
    let other = RelyingParty::register_for(&platform, "rp-other", r#"refresh = "session""#);
    let browser = platform.browser_with_new_card();
    let first = signed_in(&rp, &browser, "&max_age=3600").await;
    let one = text(&first, "refresh_token");
    let second = rp.refresh(&browser, &one, &[]).await;
    assert_eq!(second.status, 200, "{}", second.body);
    let two = text(&second, "refresh_token");
    assert_ne!(one, two);
    // OpenID Connect Core 1.0 section 12.2.
    let (before, after) = (claims(&first), claims(&second));
    for name in ["iss", "sub", "aud", "auth_time", "acr"] {
        assert_eq!(before[name], after[name], "{name}");
        assert!(!after[name].is_null(), "{name}");
    }
    assert!(after["nonce"].is_null() && after["iat"].as_i64() >= before["iat"].as_i64());
    let access = text(&second, "access_token");
    assert_eq!(rp.userinfo(&browser, &access).await.status, 200);
    // Another client gains nothing, and ends nothing.
    assert_eq!(error(&other.refresh(&browser, &two, &[]).await), "invalid_grant");
    let given_back = other.post(&browser, "revocation", &[], &[("token", &two)]).await;
    assert_eq!(error(&given_back), "invalid_grant");
    // What was made up ends nothing either, even if it names the grant.
    let (grant, _) = two.split_once('.').unwrap();
    let made_up = format!("{grant}.{}.{}", "A".repeat(22), "A".repeat(43));
    for wrong in ["x", "a.b.c", &two[..two.len() - 1], made_up.as_str()] {
        assert_eq!(error(&rp.refresh(&browser, wrong, &[]).await), "invalid_grant");
    }
    // A scope wider than granted is refused without harm.
    let wide = rp.refresh(&browser, &two, &[("scope", "openid name")]).await;
    assert_eq!(error(&wide), "invalid_scope");
    let third = rp.refresh(&browser, &two, &[]).await;
    let three = text(&third, "refresh_token");
    // The thief uses what the client used already: nobody knows who is who, and everything ends.
    assert_eq!(error(&rp.refresh(&browser, &one, &[]).await), "invalid_grant");
    assert_eq!(error(&rp.refresh(&browser, &three, &[]).await), "invalid_grant");
    for dead in [&access, &text(&third, "access_token")] {
        assert_eq!(rp.userinfo(&browser, dead).await.status, 401);
    }
    let log = String::from_utf8(platform.command(&["audit", "export"]).stdout).unwrap();
    assert!(log.contains("refresh_token_reused") && log.contains("token_refreshed"));
    assert!(!log.contains(&three) && !log.contains(&access));
}

#[tokio::test]
async fn of_many_at_once_one_wins_and_the_family_ends() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_for(&platform, "rp-race", r#"refresh = "session""#);
    let browser = platform.browser_with_new_card();
    let token = text(&signed_in(&rp, &browser, "").await, "refresh_token");
    let (a, b, c, d) = tokio::join!(
        rp.refresh(&browser, &token, &[]),
        rp.refresh(&browser, &token, &[]),
        rp.refresh(&browser, &token, &[]),
        rp.refresh(&browser, &token, &[]),
    );
    let good: Vec<&Page> = [&a, &b, &c, &d]
        .into_iter()
        .filter(|page| page.status == 200)
        .collect();
    assert!(good.len() <= 1, "{} were answered", good.len());
    // A public client without key: two with the same token are one too many.
    let log = String::from_utf8(platform.command(&["audit", "export"]).stdout).unwrap();
    assert!(
        log.contains("refresh_token_reused"),
        "the losers have seen a used token"
    );
    for page in good {
        let next = text(page, "refresh_token");
        assert_eq!(error(&rp.refresh(&browser, &next, &[]).await), "invalid_grant");
    }
}

#[tokio::test]
async fn they_end_with_session_service_certificate_and_code_replay() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_for(&platform, "rp-end", r#"refresh = "session""#);
    let none = RelyingParty::register(&platform, "rp-none");
    let browser = platform.browser_with_new_card();
    let answer = signed_in(&none, &browser, "&prompt=consent").await;
    assert!(
        json(&answer)["refresh_token"].is_null(),
        "not registered for them"
    );
    // A code that comes again.
    let code = rp.code(&browser, "").await;
    let answer = rp.redeem_raw(&browser, &code).await;
    let token = text(&answer, "refresh_token");
    assert_eq!(error(&rp.redeem_raw(&browser, &code).await), "invalid_grant");
    assert_eq!(error(&rp.refresh(&browser, &token, &[]).await), "invalid_grant");
    // A service that is suspended, and resumed.
    let token = text(&signed_in(&rp, &browser, "").await, "refresh_token");
    assert!(
        platform
            .command(&["service", "suspend", "rp-end", "--reason", "finding"])
            .status
            .success()
    );
    let refused = rp.refresh(&browser, &token, &[]).await;
    assert_eq!(
        (refused.status.as_u16(), text(&refused, "error").as_str()),
        (401, "invalid_client")
    );
    assert!(
        platform
            .command(&["service", "resume", "rp-end"])
            .status
            .success()
    );
    let token = text(&rp.refresh(&browser, &token, &[]).await, "refresh_token");
    // The client gives it back.
    assert_eq!(
        rp.post(&browser, "revocation", &[], &[("token", &token)])
            .await
            .status,
        200
    );
    assert_eq!(error(&rp.refresh(&browser, &token, &[]).await), "invalid_grant");
    assert_eq!(
        rp.post(&browser, "revocation", &[], &[("token", "unknown")])
            .await
            .status,
        200
    );
    // The person signs out.
    let token = text(&signed_in(&rp, &browser, "").await, "refresh_token");
    let account = browser.get(&format!("{}/account", platform.origin)).await;
    browser.submit(&account.form("/account/end-all")).await;
    assert_eq!(error(&rp.refresh(&browser, &token, &[]).await), "invalid_grant");
    // The certificate is revoked.
    let (id, card) = platform.card(&sim::CardRequest::default());
    let browser = platform.browser(&card);
    let token = text(&signed_in(&rp, &browser, "").await, "refresh_token");
    revoke(&platform, &id);
    platform.publish_list_and_wait().await;
    assert_eq!(error(&rp.refresh(&browser, &token, &[]).await), "invalid_grant");
}

fn revoke(platform: &Platform, id: &str) {
    use domain::Clock as _;
    let now = conformance_tests::MachineClock.now();
    platform
        .simulation
        .lock()
        .unwrap()
        .revoke(id, sim::crl::RevocationReason::KeyCompromise, now)
        .unwrap();
}

#[tokio::test]
async fn what_the_person_agreed_to_outlives_the_session_and_ends_with_the_certificate() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_for(&platform, "rp-offline", r#"refresh = "offline""#);
    let (id, card) = platform.card(&sim::CardRequest::default());
    let browser = platform.browser(&card);
    let offline = rp
        .request("&prompt=consent")
        .replace("scope=openid", "scope=openid%20offline_access");
    // Without prompt=consent the scope is passed over (OpenID Connect Core 1.0 section 11).
    let silent = offline.replace("&prompt=consent", "");
    let reply = rp
        .walk(&browser, browser.get_until(&silent, &rp.redirect_uri).await)
        .await;
    let answer = rp.redeem_raw(&browser, &reply.query("code").unwrap()).await;
    assert_eq!(text(&answer, "scope"), "openid");
    let within_session = text(&answer, "refresh_token");
    // With it, the page says so.
    let page = browser.get_until(&offline, &rp.redirect_uri).await;
    assert!(page.has_form("/consent"));
    assert!(page.body.contains("ログアウトした後も") || page.body.contains("after you have signed out"));
    let reply = rp.walk(&browser, page).await;
    let answer = rp.redeem_raw(&browser, &reply.query("code").unwrap()).await;
    assert_eq!(text(&answer, "scope"), "openid offline_access");
    let token = text(&answer, "refresh_token");
    let account = browser.get(&format!("{}/account", platform.origin)).await;
    browser.submit(&account.form("/account/end-all")).await;
    assert_eq!(
        error(&rp.refresh(&browser, &within_session, &[]).await),
        "invalid_grant"
    );
    let answer = rp.refresh(&browser, &token, &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let access = text(&answer, "access_token");
    assert_eq!(rp.userinfo(&browser, &access).await.status, 200);
    // A new list that leaves the certificate alone changes nothing; one that has it ends everything.
    platform.publish_list_and_wait().await;
    assert_eq!(rp.userinfo(&browser, &access).await.status, 200);
    let answer = rp.refresh(&browser, &text(&answer, "refresh_token"), &[]).await;
    let (access, token) = (text(&answer, "access_token"), text(&answer, "refresh_token"));
    revoke(&platform, &id);
    platform.publish_list_and_wait().await;
    assert_eq!(rp.userinfo(&browser, &access).await.status, 401);
    assert_eq!(error(&rp.refresh(&browser, &token, &[]).await), "invalid_grant");
}
