//! What stands and what does not, when the world changed between two clicks: lists grew too old, a service was removed, a cookie
//! stayed at home.

use std::time::{Duration, Instant};

use conformance_tests::{MachineClock, Platform, PlatformOptions, RelyingParty};
use domain::Clock;

/// Waits until readiness has a status.
async fn wait_for_readiness(platform: &Platform, status: u16) {
    let until = Instant::now() + Duration::from_mins(1);
    loop {
        let answer = reqwest::get(format!("{}/ready", platform.operator))
            .await
            .unwrap();
        if answer.status().as_u16() == status {
            return;
        }
        assert!(Instant::now() < until, "readiness never was {status}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn error(reply: &[(String, String)]) -> Option<&str> {
    reply
        .iter()
        .find(|(name, _)| name == "error")
        .map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn nothing_is_issued_from_a_session_while_the_list_is_too_old() {
    let platform = Platform::start_with(PlatformOptions {
        publish_list: false,
        ..PlatformOptions::default()
    })
    .await;
    let rp = RelyingParty::register(&platform, "rp-late-list");
    let browser = platform.browser_with_new_card();
    let now = MachineClock.now();
    platform.publish_list_of(now, now.plus_seconds(12));
    wait_for_readiness(&platform, 200).await;
    let tokens = rp.sign_in(&browser, "").await;
    wait_for_readiness(&platform, 503).await;
    let page = browser.get(&rp.request("")).await;
    assert_eq!(page.status, 503);
    assert!(page.body.contains("crl_stale"), "{}", page.body);
    let silent = rp.authorize(&browser, "&prompt=none").await;
    assert_eq!(error(&silent), Some("temporarily_unavailable"), "{silent:?}");
    assert_ne!(rp.userinfo(&browser, &tokens.access_token).await.status, 200);
    // The session is no worse for it: with a current list it goes on, without the card.
    platform.publish_list();
    wait_for_readiness(&platform, 200).await;
    let again = rp.sign_in(&browser, "").await;
    assert_eq!(again.claims["auth_time"], tokens.claims["auth_time"]);
    assert_eq!(rp.userinfo(&browser, &again.access_token).await.status, 200);
}

#[tokio::test]
async fn a_restart_brings_no_removed_service_back() {
    let mut platform = Platform::prepare(PlatformOptions {
        more_config: "[registry]\nimport = [\"imported.toml\"]\n".to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    let file = r#"
        kind = "sp"
        name = { ja = "取込み", en = "Imported" }
        [oidc]
        client_id = "rp-imported"
        redirect_uris = ["https://rp-imported.localhost:9/cb"]
        authentication = { method = "none" }
    "#;
    std::fs::write(platform.path().join("imported.toml"), file).unwrap();
    let states = |platform: &Platform| -> Vec<String> {
        let listed = platform.command(&["service", "list"]);
        assert!(listed.status.success(), "{listed:?}");
        String::from_utf8(listed.stdout)
            .unwrap()
            .lines()
            .filter(|line| line.contains("rp-imported"))
            .filter_map(|line| line.split_whitespace().nth(1).map(str::to_owned))
            .collect()
    };
    platform.run().await;
    assert_eq!(states(&platform), ["active"]);
    assert!(
        platform
            .command(&["service", "remove", "rp-imported"])
            .status
            .success()
    );
    platform.stop();
    platform.run().await;
    assert_eq!(states(&platform), ["removed"]);
}

#[tokio::test]
async fn logout_from_another_site_is_decided_with_the_cookie() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-far");
    let browser = platform.browser_with_new_card();
    let tokens = rp.sign_in(&browser, "").await;
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("id_token_hint", &tokens.id_token)
        .append_pair("post_logout_redirect_uri", "https://rp-far.localhost:9/bye")
        .finish();
    // A cross-site POST brings no cookie: nothing is decided, and nobody is told to be signed out.
    let posted = platform
        .bare_browser()
        .post_raw(&format!("{}/oidc/logout", platform.origin), &[], &body)
        .await;
    assert_eq!(posted.status, 303);
    let location = posted.header("location").unwrap();
    assert!(location.starts_with("/oidc/logout?id_token_hint="), "{location}");
    assert!(posted.header("set-cookie").is_none());
    let done = browser
        .get_until(
            &format!("{}{location}", platform.origin),
            "https://rp-far.localhost:9/bye",
        )
        .await;
    assert!(done.url.as_str().starts_with("https://rp-far.localhost:9/bye"));
    let silent = rp.authorize(&browser, "&prompt=none").await;
    assert_eq!(error(&silent), Some("login_required"));
    // What is refused there can be explained.
    let refused = browser
        .get(&format!("{}/oidc/logout?id_token_hint=x", platform.origin))
        .await;
    assert_eq!(refused.status, 400);
    let reference = refused.text("span.reference").unwrap();
    let explained = platform.explain(&reference).await;
    assert_eq!(
        explained["event"]["trace"][0]["rule"], "logout_request_is_valid",
        "{explained}"
    );
}
