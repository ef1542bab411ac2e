//! Single sign-on, freshness, consent, logout, the person's own view.

use conformance_tests::{Browser, Platform, RelyingParty};

fn card_uses(browser: &Browser) -> usize {
    browser
        .hops()
        .iter()
        .filter(|hop| hop.url.host_str().is_some_and(|host| host.contains(".card.")))
        .count()
}

fn parameter(reply: &[(String, String)], name: &str) -> Option<String> {
    reply
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.clone())
}

#[tokio::test]
async fn prompt_none_answers_at_once_with_what_is_missing() {
    let platform = Platform::start().await;
    let (one, two) = (
        RelyingParty::register(&platform, "rp-one"),
        RelyingParty::register(&platform, "rp-two"),
    );
    let browser = platform.browser_with_new_card();
    let reply = one.authorize(&browser, "&prompt=none").await;
    assert_eq!(parameter(&reply, "error").as_deref(), Some("login_required"));
    assert_eq!(
        parameter(&reply, "iss").as_deref(),
        Some(platform.origin.as_str())
    );
    assert_eq!(parameter(&reply, "state").as_deref(), Some("st-1"));
    one.sign_in(&browser, "").await;
    let reply = two.authorize(&browser, "&prompt=none").await;
    assert_eq!(parameter(&reply, "error").as_deref(), Some("consent_required"));
    let reply = one.authorize(&browser, "&prompt=none").await;
    assert!(parameter(&reply, "code").is_some(), "{reply:?}");
    assert_eq!(card_uses(&browser), 1);
}

#[tokio::test]
async fn freshness_uses_the_card_again_and_nothing_else_does() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-fresh");
    let browser = platform.browser_with_new_card();
    let first = rp.sign_in(&browser, "&max_age=3600").await;
    let second = rp.sign_in(&browser, "&max_age=3600").await;
    assert_eq!(card_uses(&browser), 1);
    assert_eq!(first.claims["auth_time"], second.claims["auth_time"]);
    assert_eq!(first.claims["sub"], second.claims["sub"]);
    for (uses, more) in [
        (2, "&prompt=login"),
        (3, "&max_age=0"),
        (4, "&prompt=select_account"),
    ] {
        let tokens = rp.sign_in(&browser, more).await;
        assert_eq!(card_uses(&browser), uses, "{more}");
        assert_eq!(
            tokens.claims["sub"], first.claims["sub"],
            "the same person: {more}"
        );
    }
    rp.sign_in(&browser, "&acr_values=aal3%20aal2").await;
    assert_eq!(card_uses(&browser), 4);
    // Consent is on record; asked for, it is asked again.
    let page = browser
        .get_until(&rp.request("&prompt=consent"), &rp.redirect_uri)
        .await;
    assert!(page.has_form("/consent"), "{}", page.url);
}

#[tokio::test]
async fn who_says_no_is_sent_back_with_one_word() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-no");
    let browser = platform.browser_with_new_card();
    let page = browser.get(&rp.request("")).await;
    let reply = browser
        .submit_until(&page.form("/cancel"), &rp.redirect_uri)
        .await;
    assert_eq!(reply.query("error").as_deref(), Some("access_denied"));
    assert!(reply.query("code").is_none());
    let page = browser.get(&rp.request("")).await;
    let page = browser.submit(&page.form("/card")).await;
    let reply = browser
        .submit_until(
            &page.form("/consent").with("decision", "decline"),
            &rp.redirect_uri,
        )
        .await;
    assert_eq!(reply.query("error").as_deref(), Some("access_denied"));
    let reply = rp.authorize(&browser, "&prompt=none").await;
    assert_eq!(
        parameter(&reply, "error").as_deref(),
        Some("consent_required"),
        "declining is not agreeing"
    );
}

#[tokio::test]
async fn the_person_sees_and_ends_own_sessions() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-own");
    let (_, card) = platform.card(&sim::CardRequest::default());
    let (here, there) = (platform.browser(&card), platform.browser(&card));
    rp.sign_in(&here, "").await;
    let elsewhere = rp.sign_in(&there, "").await;
    let account = |browser: &Browser| {
        let (browser, url) = (browser.clone(), format!("{}/account", platform.origin));
        async move { browser.get(&url).await }
    };
    let page = account(&here).await;
    let ends: Vec<_> = page
        .forms()
        .into_iter()
        .filter(|form| form.action.ends_with("/account/end"))
        .collect();
    assert_eq!(ends.len(), 2, "{}", page.body);
    // A stranger's session cannot be ended, nor by a form that was not shown here.
    let stranger = platform.browser_with_new_card();
    rp.sign_in(&stranger, "").await;
    let own = account(&stranger).await.form("/account/end");
    let session_of_another = ends[0]
        .buttons
        .iter()
        .chain(&ends[0].fields)
        .find(|(name, _)| name == "session")
        .unwrap();
    let refused = stranger
        .submit(&own.clone().with("session", &session_of_another.1))
        .await;
    assert_eq!(refused.status, 404);
    let forged = stranger.submit(&own.with("csrf", "0000")).await;
    assert_eq!(forged.status, 403);
    // End the other browser's session from here: it holds no more anywhere.
    let other = ends
        .iter()
        .find(|form| form.field("session").is_some())
        .map_or(&ends[1], |_| &ends[1])
        .clone();
    let (name, value) = other
        .buttons
        .iter()
        .chain(&other.fields)
        .find(|(name, _)| name == "session")
        .cloned()
        .unwrap();
    let page = here.submit(&other.with(&name, &value)).await;
    assert!(
        page.url.query().is_some_and(|query| query.contains("done=one")),
        "{}",
        page.url
    );
    let reply = rp.authorize(&there, "&prompt=none").await;
    assert_eq!(parameter(&reply, "error").as_deref(), Some("login_required"));
    let information = rp.userinfo(&there, &elsewhere.access_token).await;
    assert_eq!(
        information.status, 401,
        "a token of an ended session answers nothing"
    );
    let reply = rp.authorize(&here, "&prompt=none").await;
    assert!(
        parameter(&reply, "code").is_some(),
        "this browser's session stands: {reply:?}"
    );
    let page = account(&here).await;
    here.submit(&page.form("/account/end-all")).await;
    let reply = rp.authorize(&here, "&prompt=none").await;
    assert_eq!(parameter(&reply, "error").as_deref(), Some("login_required"));
}

#[tokio::test]
async fn logout_by_the_client() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-bye");
    let browser = platform.browser_with_new_card();
    let tokens = rp.sign_in(&browser, "").await;
    let bye = "https%3A%2F%2Frp-bye.localhost%3A9%2Fbye";
    let logout = format!("{}/oidc/logout", platform.origin);
    // Without a hint the person is asked; nothing happens before.
    let page = browser
        .get(&format!(
            "{logout}?client_id=rp-bye&post_logout_redirect_uri={bye}&state=s7"
        ))
        .await;
    assert_eq!(page.status, 200);
    let form = page.form("/oidc/logout");
    assert!(
        rp.authorize(&browser, "&prompt=none")
            .await
            .iter()
            .any(|(name, _)| name == "code")
    );
    // Another browser's form does not sign this one out.
    let stranger = platform.bare_browser();
    stranger.get(&format!("{}/", platform.origin)).await;
    // An unregistered address is never followed.
    let evil = format!(
        "{logout}?id_token_hint={}&post_logout_redirect_uri=https%3A%2F%2Fevil.localhost%2F",
        tokens.id_token
    );
    assert_eq!(browser.get(&evil).await.status, 400);
    // A forged hint is no hint.
    let mut forged = tokens.id_token.clone();
    forged.truncate(forged.len() - 4);
    forged.push_str("AAAA");
    assert_eq!(
        browser
            .get(&format!("{logout}?id_token_hint={forged}"))
            .await
            .status,
        400
    );
    // The confirmation signs out and leads back.
    let back = browser
        .submit_until(&form, "https://rp-bye.localhost:9/bye")
        .await;
    assert_eq!(back.query("state").as_deref(), Some("s7"));
    let reply = rp.authorize(&browser, "&prompt=none").await;
    assert_eq!(parameter(&reply, "error").as_deref(), Some("login_required"));
    // With the hint of this session: at once.
    let tokens = rp.sign_in(&browser, "").await;
    let url = format!(
        "{logout}?id_token_hint={}&post_logout_redirect_uri={bye}&state=s8",
        tokens.id_token
    );
    let back = browser.get_until(&url, "https://rp-bye.localhost:9/bye").await;
    assert_eq!(back.query("state").as_deref(), Some("s8"));
    let reply = rp.authorize(&browser, "&prompt=none").await;
    assert_eq!(parameter(&reply, "error").as_deref(), Some("login_required"));
}

#[tokio::test]
async fn two_tabs_and_the_back_button() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-tabs");
    let browser = platform.browser_with_new_card();
    let (left, right) = (
        browser.get(&rp.request("")).await,
        browser.get(&rp.request("")).await,
    );
    assert_ne!(left.url, right.url);
    let done = rp.walk(&browser, left.clone()).await;
    assert!(done.query("code").is_some());
    // The other tab goes on without the card: the session is there now.
    let other = browser.get_until(right.url.as_str(), &rp.redirect_uri).await;
    assert!(other.query("code").is_some(), "{}", other.url);
    assert_eq!(card_uses(&browser), 1);
    // Back to a finished sign-in: never a second reply.
    let again = browser.get(left.url.as_str()).await;
    assert_eq!(again.status, 410);
    assert!(again.body.contains("This sign-in is finished"), "{}", again.body);
}

#[tokio::test]
async fn a_suspension_takes_effect_between_consent_and_reply() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-held");
    let browser = platform.browser_with_new_card();
    let page = browser.get(&rp.request("")).await;
    let page = browser.submit(&page.form("/card")).await;
    let consent = page.form("/consent").with("decision", "agree");
    let held = platform.command(&["service", "suspend", "rp-held", "--reason", "audit finding"]);
    assert!(held.status.success(), "{held:?}");
    let page = browser.submit(&consent).await;
    assert_eq!(page.status, 403);
    assert!(
        page.body.contains("service_suspended") || page.body.contains("suspended"),
        "{}",
        page.body
    );
    assert!(
        !page.body.contains("audit finding"),
        "the reason is for operators"
    );
    assert_eq!(browser.get(&rp.request("")).await.status, 403);
    assert!(
        platform
            .command(&["service", "resume", "rp-held"])
            .status
            .success()
    );
    rp.sign_in(&browser, "").await;
}

#[tokio::test]
async fn nobody_is_sent_to_a_suspended_service_after_a_logout() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-left");
    let browser = platform.browser_with_new_card();
    let tokens = rp.sign_in(&browser, "").await;
    let logout = format!(
        "{}/oidc/logout?client_id=rp-left&post_logout_redirect_uri=https%3A%2F%2Frp-left.localhost%3A9%2Fbye",
        platform.origin
    );
    let stranger = platform.bare_browser();
    let sent = stranger.get_one(&logout).await;
    assert!(
        sent.header("location")
            .is_some_and(|to| to.contains("rp-left.localhost"))
    );
    let suspend = ["service", "suspend", "rp-left", "--reason", "audit finding"];
    assert!(platform.command(&suspend).status.success());
    let kept = stranger.get_one(&logout).await;
    assert!(
        !kept
            .header("location")
            .is_some_and(|to| to.contains("rp-left.localhost"))
            && !kept.body.contains("/bye"),
        "{} {}",
        kept.status,
        kept.body
    );
    // Its logout is heard all the same.
    let ended = browser
        .get(&format!("{logout}&id_token_hint={}", tokens.id_token))
        .await;
    assert!(!ended.url.as_str().contains("rp-left"), "{}", ended.url);
    let account = browser.get(&format!("{}/account", platform.origin)).await;
    assert!(!account.has_form("/account/end-all"), "{}", account.body);
}
