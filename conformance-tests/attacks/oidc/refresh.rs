//! Refresh tokens stolen (RFC 9700 section 4.14; RFC 6749 section 10.4): whoever comes first, the other one's use tells, and nothing of the
//! family counts any more. That one of many at once wins is in `tests/oidc/refresh.rs`, keys in `proofs.rs`.

use conformance_tests::{Browser, Page, Platform, RelyingParty};
use serde_json::Value;

fn text(page: &Page, name: &str) -> String {
    let json: Value = serde_json::from_str(&page.body).unwrap_or_else(|_| panic!("{}", page.body));
    json[name].as_str().unwrap_or_default().to_owned()
}

async fn family(rp: &RelyingParty, browser: &Browser) -> (String, String) {
    let code = rp.code(browser, "").await;
    let answer = rp.redeem_raw(browser, &code).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    (text(&answer, "refresh_token"), text(&answer, "access_token"))
}

/// Nothing of these is worth anything.
async fn is_dead(rp: &RelyingParty, browser: &Browser, refresh: &[&str], access: &[&str]) {
    for token in refresh {
        let answer = rp.refresh(browser, token, &[]).await;
        assert_eq!(text(&answer, "error"), "invalid_grant");
    }
    for token in access {
        assert_eq!(rp.userinfo(browser, token).await.status, 401);
    }
}

#[tokio::test]
async fn thief_and_victim_cannot_both_go_on() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_for(&platform, "rp-stolen", r#"refresh = "session""#);
    let (victim, thief) = (platform.browser_with_new_card(), platform.bare_browser());
    // The thief first.
    let (stolen, access) = family(&rp, &victim).await;
    let taken = rp.refresh(&thief, &stolen, &[]).await;
    assert_eq!(taken.status, 200, "{}", taken.body);
    let (next, theirs) = (text(&taken, "refresh_token"), text(&taken, "access_token"));
    assert_eq!(
        text(&rp.refresh(&victim, &stolen, &[]).await, "error"),
        "invalid_grant"
    );
    is_dead(&rp, &thief, &[&stolen, &next], &[&access, &theirs]).await;
    // The victim first, and twice.
    let (stolen, access) = family(&rp, &victim).await;
    let second = rp.refresh(&victim, &stolen, &[]).await;
    let third = rp.refresh(&victim, &text(&second, "refresh_token"), &[]).await;
    assert_eq!(third.status, 200, "{}", third.body);
    assert_eq!(
        text(&rp.refresh(&thief, &stolen, &[]).await, "error"),
        "invalid_grant"
    );
    let held = [text(&second, "refresh_token"), text(&third, "refresh_token")];
    is_dead(
        &rp,
        &victim,
        &[&held[0], &held[1]],
        &[&access, &text(&third, "access_token")],
    )
    .await;
    // Another family of the same person stands beside it.
    let (one, _) = family(&rp, &victim).await;
    let (two, two_access) = family(&rp, &victim).await;
    let used = rp.refresh(&victim, &one, &[]).await;
    assert_eq!(used.status, 200);
    assert_eq!(
        text(&rp.refresh(&thief, &one, &[]).await, "error"),
        "invalid_grant"
    );
    assert_eq!(rp.userinfo(&victim, &two_access).await.status, 200);
    assert_eq!(rp.refresh(&victim, &two, &[]).await.status, 200);
    let log = String::from_utf8(platform.command(&["audit", "export"]).stdout).unwrap();
    assert!(
        log.matches("refresh_token_reused").count() >= 3,
        "each theft is on record"
    );
}

#[tokio::test]
async fn another_client_gets_nothing_and_ends_nothing() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_for(&platform, "rp-owner", r#"refresh = "session""#);
    let other = RelyingParty::register_for(&platform, "rp-other", r#"refresh = "session""#);
    let (victim, thief) = (platform.browser_with_new_card(), platform.bare_browser());
    let (token, access) = family(&rp, &victim).await;
    for _ in 0..3 {
        assert_eq!(
            text(&other.refresh(&thief, &token, &[]).await, "error"),
            "invalid_grant"
        );
        let given_back = other.post(&thief, "revocation", &[], &[("token", &token)]).await;
        assert!(
            given_back.status == 200 || given_back.status == 400,
            "{}",
            given_back.body
        );
        let given_back = other.post(&thief, "revocation", &[], &[("token", &access)]).await;
        assert!(
            given_back.status == 200 || given_back.status == 400,
            "{}",
            given_back.body
        );
    }
    assert_eq!(
        rp.userinfo(&victim, &access).await.status,
        200,
        "not another's to revoke"
    );
    // More than was granted, and for somewhere else.
    for more in [
        ("scope", "openid profile email"),
        ("resource", "https://evil.localhost/"),
    ] {
        let answer = rp.refresh(&victim, &token, &[more]).await;
        assert_eq!(answer.status, 400, "{more:?}: {}", answer.body);
    }
    // A token of another kind in its place.
    for wrong in [
        access.as_str(),
        "",
        "x",
        &token[1..],
        &format!("{token}A"),
        &token.to_uppercase(),
    ] {
        assert_eq!(rp.refresh(&victim, wrong, &[]).await.status, 400, "{wrong}");
    }
    let answer = rp.refresh(&victim, &token, &[]).await;
    assert_eq!(answer.status, 200, "none of it spent the token: {}", answer.body);
    let token = text(&answer, "refresh_token");
    // After the person signed out, whoever holds it.
    let account = victim.get(&format!("{}/account", platform.origin)).await;
    victim.submit(&account.form("/account/end-all")).await;
    is_dead(&rp, &thief, &[&token], &[&access]).await;
}
