//! Wrong, repeated, late and stolen things.

use conformance_tests::{Page, Platform, PlatformOptions, RelyingParty};
use std::time::{Duration, Instant};

fn error_of(answer: &Page) -> String {
    let json: serde_json::Value =
        serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{}", answer.body));
    json["error"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_code_comes_once_and_a_second_time_withdraws_everything() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-code");
    let browser = platform.browser_with_new_card();
    let code = rp.code(&browser, "").await;
    let tokens = rp.redeem(&browser, &code).await;
    assert_eq!(rp.userinfo(&browser, &tokens.access_token).await.status, 200);
    let again = rp.redeem_raw(&browser, &code).await;
    assert_eq!(
        (again.status.as_u16(), error_of(&again).as_str()),
        (400, "invalid_grant")
    );
    let refused = rp.userinfo(&browser, &tokens.access_token).await;
    assert_eq!(refused.status, 401);
    assert!(
        refused
            .header("www-authenticate")
            .is_some_and(|text| text.contains("invalid_token"))
    );
    // Many at once: one answer at most.
    let code = rp.code(&browser, "").await;
    let attempts = (0..16).map(|_| rp.redeem_raw(&browser, &code));
    let answers = futures(attempts.collect()).await;
    let good = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(good <= 1, "{good} of 16 were answered");
    let log = String::from_utf8(platform.command(&["audit", "export"]).stdout).unwrap();
    assert!(log.contains("code_replayed"), "replays are on record");
    let verified = platform.command(&["audit", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
}

async fn futures<F: std::future::Future<Output = Page>>(list: Vec<F>) -> Vec<Page> {
    let mut pinned: Vec<_> = list.into_iter().map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        pinned.retain_mut(|future| match future.as_mut().poll(context) {
            std::task::Poll::Ready(page) => {
                done.push(page);
                false
            }
            std::task::Poll::Pending => true,
        });
        if pinned.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done
}

#[tokio::test]
async fn codes_of_others_wrong_verifiers_and_late_codes() {
    let options = PlatformOptions {
        more_config: "[oidc]\ncode_seconds = 3\n".to_owned(),
        ..Default::default()
    };
    let platform = Platform::start_with(options).await;
    let (one, two) = (
        RelyingParty::register(&platform, "rp-a"),
        RelyingParty::register(&platform, "rp-b"),
    );
    let browser = platform.browser_with_new_card();
    let token = format!("{}/oidc/token", platform.origin);
    let code = one.code(&browser, "").await;
    let mixed = two
        .token_request(&code)
        .replace("rp-b.localhost", "rp-a.localhost");
    assert_eq!(
        error_of(&browser.post_raw(&token, &[], &mixed).await),
        "invalid_grant"
    );
    let code = one.code(&browser, "").await;
    let wrong = one.token_request(&code).replace("dBjftJeZ4CVP", "dBjftJeZ4CVQ");
    assert_eq!(
        error_of(&browser.post_raw(&token, &[], &wrong).await),
        "invalid_grant"
    );
    let code = one.code(&browser, "").await;
    let elsewhere = one.token_request(&code).replace("%2Fcb", "%2Fcb2");
    assert_eq!(
        error_of(&browser.post_raw(&token, &[], &elsewhere).await),
        "invalid_grant"
    );
    let repeated = format!("{}&code=x", one.token_request("y"));
    assert_eq!(
        error_of(&browser.post_raw(&token, &[], &repeated).await),
        "invalid_request"
    );
    assert_eq!(error_of(&one.redeem_raw(&browser, "x").await), "invalid_grant");
    let code = one.code(&browser, "").await;
    let late = Instant::now() + Duration::from_secs(4);
    while Instant::now() < late {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(error_of(&one.redeem_raw(&browser, &code).await), "invalid_grant");
}

#[tokio::test]
async fn requests_that_lead_nowhere_are_answered_here() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-odd");
    let browser = platform.bare_browser();
    let good = rp.request("");
    let page_cases = [
        (
            "unknown client",
            good.replace("client_id=rp-odd", "client_id=rp-evil"),
        ),
        ("no client", good.replace("client_id=rp-odd&", "")),
        ("another path", good.replace("%2Fcb", "%2Fcb%2F")),
        (
            "another host",
            good.replace("rp-odd.localhost", "rp-odd.localhost.evil.localhost"),
        ),
        (
            "user information",
            good.replace("https%3A%2F%2F", "https%3A%2F%2Frp-odd.localhost%40"),
        ),
        (
            "repeated redirect",
            format!("{good}&redirect_uri=https%3A%2F%2Fevil.localhost"),
        ),
        ("repeated client", format!("{good}&client_id=rp-odd")),
    ];
    for (case, url) in page_cases {
        let page = browser.get_one(&url).await;
        assert_eq!(page.status, 400, "{case}");
        assert!(page.header("location").is_none(), "{case}");
        assert!(page.header("content-security-policy").is_some(), "{case}");
    }
    let redirect_cases = [
        (
            "unsupported_response_type",
            good.replace("response_type=code", "response_type=token"),
        ),
        (
            "invalid_request",
            good.replace("code_challenge_method=S256", "code_challenge_method=plain"),
        ),
        (
            "invalid_request",
            good.replace("&code_challenge=E9M", "&code_challenge_=E9M"),
        ),
        ("invalid_scope", good.replace("scope=openid", "scope=profile")),
        ("invalid_request", format!("{good}&nonce=again")),
        ("invalid_request", format!("{good}&prompt=none%20login")),
        ("invalid_request", format!("{good}&max_age=-1")),
        ("invalid_request_object", format!("{good}&request=e30.e30.")),
        (
            "request_uri_not_supported",
            format!("{good}&request_uri=https%3A%2F%2Frp-odd.localhost%2Fr"),
        ),
    ];
    for (error, url) in redirect_cases {
        let reply = browser.get_until(&url, &rp.redirect_uri).await;
        assert_eq!(
            reply.query("error").as_deref(),
            Some(error),
            "{url} gave {}",
            reply.url
        );
        assert_eq!(reply.query("iss").as_deref(), Some(platform.origin.as_str()));
        assert!(reply.query("code").is_none());
    }
    // Unknown parameters are nothing to us.
    assert_eq!(browser.get(&format!("{good}&foo=1&foo=2")).await.status, 200);
}

#[tokio::test]
async fn forms_and_transactions_belong_to_the_browser_that_began() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-own");
    let (victim, attacker) = (platform.browser_with_new_card(), platform.browser_with_new_card());
    let page = victim.get(&rp.request("")).await;
    let seen_by_attacker = attacker.get(page.url.as_str()).await;
    assert_eq!(
        seen_by_attacker.status, 400,
        "another browser's transaction is unknown"
    );
    let form = page.form("/card");
    assert_eq!(attacker.submit_one(&form).await.status, 403);
    assert_eq!(
        victim.submit_one(&form.clone().with("csrf", "")).await.status,
        403
    );
    // A consent form of one transaction does not agree for another, nor to another list.
    let page = victim.submit(&form).await;
    let consent = page.form("/consent").with("decision", "agree");
    let second = victim.get(&rp.request("&prompt=consent")).await;
    let crossed = second
        .form("/consent")
        .with("csrf", consent.field("csrf").unwrap())
        .with("decision", "agree");
    assert_eq!(victim.submit_one(&crossed).await.status, 403);
    assert!(rp.is_reply(victim.submit_until(&consent, &rp.redirect_uri).await.url.as_str()));
}
