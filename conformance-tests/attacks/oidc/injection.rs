//! Mix-up (RFC 9700 section 4.4; Fett, Küsters, Schmitz, "A Comprehensive Formal Security Analysis of OAuth 2.0", CCS 2016; RFC 9207) and
//! injection of codes (RFC 9700 section 4.5; CSRF at the redirect address, section 4.7): a code is worth something to the client, the
//! verifier and the address that it was asked for with, together. That `iss` is in every answer is in `objects.rs`.

use conformance_tests::{Platform, RelyingParty, SigningClient};
use serde_json::Value;

fn error(body: &str) -> String {
    let json: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{body}"));
    json["error"].as_str().unwrap_or_default().to_owned()
}

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// What somebody changes in a request for tokens.
type Change<'a> = Box<dyn Fn(String) -> String + 'a>;

/// Another session's verifier.
const OTHER: &str = "M25iVXpKU3puUjFaYWg3T1NDTDQtcW1ROUY5YXlwalNoc0hhakxifmZHag";

fn challenge_of(verifier: &str) -> String {
    jose::encode_base64url(jose::digest::sha256(verifier.as_bytes()))
}

#[tokio::test]
async fn a_code_brought_to_the_attackers_server_is_useless_there() {
    let platform = Platform::start().await;
    let honest = RelyingParty::register(&platform, "rp-honest");
    let evil = RelyingParty::register(&platform, "rp-evil");
    let confidential = SigningClient::register(&platform, "rp-keyed", "");
    let browser = platform.browser_with_new_card();
    let attacker = platform.bare_browser();
    let token = format!("{}/oidc/token", platform.origin);
    // RFC 9207 section 3: clients learn from the metadata that they may insist on `iss`.
    let metadata = attacker
        .get(&format!("{}/.well-known/openid-configuration", platform.origin))
        .await;
    let metadata: Value = serde_json::from_str(&metadata.body).unwrap();
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    assert_eq!(metadata["issuer"], platform.origin);
    assert_eq!(
        metadata["code_challenge_methods_supported"],
        serde_json::json!(["S256"])
    );

    // The attacker has the code and everything that stood in addresses: not the verifier.
    let as_honest = |code: &str, change: &dyn Fn(String) -> String| change(honest.token_request(code));
    let evil_cb: String = url::form_urlencoded::byte_serialize(evil.redirect_uri.as_bytes()).collect();
    let honest_cb: String = url::form_urlencoded::byte_serialize(honest.redirect_uri.as_bytes()).collect();
    let to_evil = |body: String| body.replace(&honest_cb, &evil_cb);
    let changes: Vec<(&str, Change<'_>)> = vec![
        (
            "the challenge for the verifier",
            Box::new(|body| body.replace(VERIFIER, CHALLENGE)),
        ),
        ("another verifier", Box::new(|body| body.replace(VERIFIER, OTHER))),
        ("an empty verifier", Box::new(|body| body.replace(VERIFIER, ""))),
        (
            "no verifier",
            Box::new(|body| body.replace("&code_verifier=", "&verifier=")),
        ),
        (
            "a short verifier",
            Box::new(|body| body.replace(VERIFIER, &VERIFIER[..42])),
        ),
        (
            "a long verifier",
            Box::new(|body| body.replace(VERIFIER, &"a".repeat(129))),
        ),
        ("a padded verifier", Box::new(|body| body + "%3D")),
        (
            "a verifier in capitals",
            Box::new(|body| body.replace(VERIFIER, &VERIFIER.to_uppercase())),
        ),
        ("a verifier with a space", Box::new(|body| body + "+")),
        (
            "two verifiers",
            Box::new(|body| format!("{body}&code_verifier={OTHER}")),
        ),
        (
            "the attacker's client",
            Box::new(|body| body.replace("rp-honest", "rp-evil")),
        ),
        ("the attacker's address", Box::new(to_evil)),
        (
            "no address",
            Box::new(|body| body.replace("redirect_uri=", "redirect=")),
        ),
        (
            "a keyed client without its key",
            Box::new(|body| body.replace("rp-honest", "rp-keyed")),
        ),
        (
            "another grant",
            Box::new(|body| body.replace("authorization_code", "refresh_token")),
        ),
        (
            "a grant in capitals",
            Box::new(|body| body.replace("authorization_code", "AUTHORIZATION_CODE")),
        ),
    ];
    for (what, change) in &changes {
        let code = honest.code(&browser, "").await;
        let answer = attacker.post_raw(&token, &[], &as_honest(&code, change)).await;
        assert!(answer.status.is_client_error(), "{what}: {}", answer.body);
        assert!(!answer.body.contains("access_token"), "{what}");
        // A client that is another does not spend the code either: its own client still gets its tokens.
        if what.contains("client") {
            let answer = honest.redeem_raw(&browser, &code).await;
            assert_eq!(answer.status, 200, "{what} spent the code: {}", answer.body);
        }
    }
    // The attacker authenticates well, as itself.
    let code = honest.code(&browser, "").await;
    let answer = confidential.redeem_raw(&attacker, &code).await;
    assert_eq!(error(&answer.body), "invalid_grant");
    let answer = evil.redeem_raw(&attacker, &code).await;
    assert_eq!(error(&answer.body), "invalid_grant");
}

#[tokio::test]
async fn an_attackers_code_is_not_redeemed_in_a_victims_session() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-injected");
    let (attacker, victim) = (platform.browser_with_new_card(), platform.browser_with_new_card());
    // Each session of the client has its own verifier and nonce. The attacker brings a code of the one into the other.
    let of_victim = rp
        .request("")
        .replace(CHALLENGE, &challenge_of(OTHER))
        .replace("nonce=no-1", "nonce=victims");
    let page = victim.get_until(&of_victim, &rp.redirect_uri).await;
    let victims = rp.walk(&victim, page).await.query("code").unwrap();
    let attackers = rp.code(&attacker, "").await;
    let token = format!("{}/oidc/token", platform.origin);
    let with_victims_verifier = rp.token_request(&attackers).replace(VERIFIER, OTHER);
    let answer = victim.post_raw(&token, &[], &with_victims_verifier).await;
    assert_eq!(error(&answer.body), "invalid_grant");
    // The other way round: a stolen code in the attacker's own session.
    let answer = attacker.post_raw(&token, &[], &rp.token_request(&victims)).await;
    assert_eq!(error(&answer.body), "invalid_grant");
    // What the client compares besides: the nonce is of the request that the code came from, and of no other.
    let page = victim.get_until(&of_victim, &rp.redirect_uri).await;
    let code = rp.walk(&victim, page).await.query("code").unwrap();
    let answer = victim
        .post_raw(&token, &[], &rp.token_request(&code).replace(VERIFIER, OTHER))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let json: Value = serde_json::from_str(&answer.body).unwrap();
    let claims =
        jose::decode_base64url(json["id_token"].as_str().unwrap().split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(
        (&claims["nonce"], &claims["aud"]),
        (&Value::from("victims"), &Value::from("rp-injected"))
    );
}

/// RFC 9700 section 4.8.2; RFC 7636 section 7.2: nothing but S256, and nothing that looks like it.
#[tokio::test]
async fn a_challenge_is_s256_or_the_request_is_none() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-pkce");
    let browser = platform.bare_browser();
    let good = rp.request("");
    let method = "&code_challenge_method=S256";
    let challenge = format!("&code_challenge={CHALLENGE}");
    for method_value in [
        "plain",
        "PLAIN",
        "s256",
        "S256%20",
        "%20S256",
        "S256,plain",
        "S512",
        "none",
        "",
        "S256%00",
    ] {
        let url = good.replace(method, &format!("&code_challenge_method={method_value}"));
        let reply = browser.get_until(&url, &rp.redirect_uri).await;
        assert_eq!(
            reply.query("error").as_deref(),
            Some("invalid_request"),
            "{method_value}: {}",
            reply.url
        );
    }
    let longer = format!("{CHALLENGE}A");
    let padded = format!("{CHALLENGE}%3D");
    let standard = CHALLENGE.replace('-', "%2B");
    let ended = format!("{CHALLENGE}%00");
    let spaced = format!("{CHALLENGE}%20");
    for value in [
        "",
        "a",
        &CHALLENGE[1..],
        &longer,
        &padded,
        &standard,
        &ended,
        &spaced,
        VERIFIER.get(..20).unwrap(),
    ] {
        let url = good.replace(&challenge, &format!("&code_challenge={value}"));
        let reply = browser.get_until(&url, &rp.redirect_uri).await;
        assert_eq!(
            reply.query("error").as_deref(),
            Some("invalid_request"),
            "{value}: {}",
            reply.url
        );
        assert_eq!(reply.query("iss").as_deref(), Some(platform.origin.as_str()));
    }
    for without in [
        good.replace(method, ""),
        good.replace(&challenge, ""),
        good.replace(&challenge, "").replace(method, ""),
    ] {
        let reply = browser.get_until(&without, &rp.redirect_uri).await;
        assert_eq!(
            reply.query("error").as_deref(),
            Some("invalid_request"),
            "{without}"
        );
    }
}
