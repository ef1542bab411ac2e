//! Open redirects at logout (OpenID Connect RP-Initiated Logout 1.0 section 3, RFC 9700 section 4.11): the table of `redirects` against
//! `post_logout_redirect_uri`, with a hint, with a client's name, by address and by form; and forged hints.

use conformance_tests::{Platform, RelyingParty};

use super::redirects::TRICKS;

#[tokio::test]
async fn a_hundred_addresses_lead_nowhere_after_logout() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-table");
    let browser = platform.browser_with_new_card();
    let tokens = rp.sign_in(&browser, "").await;
    let logout = format!("{}/oidc/logout", platform.origin);
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let bare = platform.bare_browser();
    for trick in TRICKS {
        let to = encoded(&trick.replace("/cb", "/bye").replace("cb", "bye"));
        let hint = format!("id_token_hint={}", tokens.id_token);
        for who in ["client_id=rp-table", hint.as_str(), ""] {
            let query = format!("{who}&post_logout_redirect_uri={to}&state=s");
            // Signed in, and where nothing is left to end: an address that is only passed through is an open redirect too.
            for browser in [&browser, &bare] {
                let page = browser.get_one(&format!("{logout}?{query}")).await;
                assert_eq!(page.header("location"), None, "{trick:?} {who}");
                // Without a client there is nothing to compare with: then at most the person is asked whether to sign out.
                assert!(
                    page.status == 400 || (who.is_empty() && page.status == 200),
                    "{trick:?} {who}"
                );
                assert!(
                    who.is_empty() || !page.body.contains("//evil.localhost"),
                    "{trick:?}: {}",
                    page.body
                );
                assert!(!page.body.contains("href=\"https://evil"), "{trick:?}");
            }
        }
    }
    // By form, the same.
    for trick in TRICKS.iter().step_by(10) {
        let to = encoded(&trick.replace("/cb", "/bye"));
        let page = browser
            .post_raw(
                &logout,
                &[],
                &format!("client_id=rp-table&post_logout_redirect_uri={to}"),
            )
            .await;
        assert_eq!(
            (page.status.as_u16(), page.header("location")),
            (400, None),
            "{trick:?}"
        );
    }
    // Nobody was signed out by any of it, and the registered address is the control.
    let reply = rp.authorize(&browser, "&prompt=none").await;
    assert!(reply.iter().any(|(name, _)| name == "code"), "{reply:?}");
    let bye = "https://rp-table.localhost:9/bye";
    let good = format!(
        "{logout}?id_token_hint={}&post_logout_redirect_uri={}",
        tokens.id_token,
        encoded(bye)
    );
    assert!(browser.get_until(&good, bye).await.url.as_str().starts_with(bye));
}

#[tokio::test]
async fn a_hint_of_another_service_or_person_ends_nothing() {
    let platform = Platform::start().await;
    let (rp, other) = (
        RelyingParty::register(&platform, "rp-hint"),
        RelyingParty::register(&platform, "rp-hint-other"),
    );
    let (victim, attacker) = (platform.browser_with_new_card(), platform.browser_with_new_card());
    rp.sign_in(&victim, "").await;
    let theirs = rp.sign_in(&attacker, "").await.id_token;
    let logout = format!("{}/oidc/logout", platform.origin);
    let bye = "https%3A%2F%2Frp-hint-other.localhost%3A9%2Fbye";
    let mut parts: Vec<String> = theirs.split('.').map(str::to_owned).collect();
    parts[0] = jose::encode_base64url(r#"{"alg":"none"}"#);
    let unsigned = format!("{}.{}.", parts[0], parts[1]);
    for (what, query) in [
        ("the attacker's own", format!("id_token_hint={theirs}")),
        (
            "named for another",
            format!("id_token_hint={theirs}&client_id=rp-hint-other"),
        ),
        (
            "with another's address",
            format!("id_token_hint={theirs}&post_logout_redirect_uri={bye}"),
        ),
        ("unsigned", format!("id_token_hint={unsigned}")),
        ("no token", "id_token_hint=a.b.c".to_owned()),
    ] {
        let page = victim.get(&format!("{logout}?{query}")).await;
        assert!(
            page.url.as_str().starts_with(&platform.origin),
            "{what}: {}",
            page.url
        );
        let reply = rp.authorize(&victim, "&prompt=none").await;
        assert!(
            reply.iter().any(|(name, _)| name == "code"),
            "{what} ended the session"
        );
    }
    assert_eq!(other.client_id, "rp-hint-other");
}
