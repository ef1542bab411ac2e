//! Forged signatures at every place where a JWS comes in (RFC 8725 sections 2 and 3; `McLean`, "Critical vulnerabilities in JSON Web Token
//! libraries", 2015; CVE-2015-9235 none and HMAC with a public key; CVE-2018-0114 embedded keys; CVE-2022-21449 zero signatures;
//! CVE-2022-25898; RFC 7797 for `b64`): client assertion, request object, proof of possession, hint, software statement. One table.

use conformance_tests::{
    Browser, DpopKey, Page, Platform, PlatformOptions, RelyingParty, SELF_REGISTRATION, SigningClient, least,
};
use domain::Clock as _;
use serde_json::{Value, json};

use super::forgeries::{ORDER, forgeries, part, with_signature};

fn told(page: &Page) -> String {
    let json: Value =
        serde_json::from_str(&page.body).unwrap_or_else(|_| panic!("{} {}", page.status, page.body));
    json["error"].as_str().unwrap_or_default().to_owned()
}

async fn authenticate(platform: &Platform, browser: &Browser, endpoint: &str, assertion: &str) -> Page {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "refresh_token")
        .append_pair("refresh_token", "unknown")
        .append_pair("token", "unknown")
        .append_pair(
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        )
        .append_pair("client_assertion", assertion)
        .finish();
    browser
        .post_raw(&format!("{}/oidc/{endpoint}", platform.origin), &[], &body)
        .await
}

#[tokio::test]
async fn no_forged_assertion_authenticates_a_client() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-asserted", "");
    let thief = SigningClient::register(&platform, "rp-forger", "");
    let browser = platform.bare_browser();
    let claims = || {
        let now = conformance_tests::MachineClock.now().seconds();
        json!({
            "iss": "rp-asserted", "sub": "rp-asserted", "aud": platform.origin,
            "iat": now, "exp": now + 60, "jti": conformance_tests::random_name(),
        })
        .to_string()
    };
    let honest = |header: &str, claims: &str| client.jws_text(header, claims);
    let by_thief = |header: &str, claims: &str| thief.jws_text(header, claims);
    let header = json!({"alg": "ES256", "kid": "k1", "typ": "JWT"});
    let forged = forgeries(&header, &claims, &honest, &by_thief, &client.jwk(), &thief.jwk());
    assert!(forged.len() > 90, "{}", forged.len());
    for (at, (what, assertion)) in forged.iter().enumerate() {
        // All of them at the token endpoint, and each at one of the others.
        let other = ["par", "introspection", "revocation", "device_authorization"][at % 4];
        for endpoint in ["token", other] {
            let answer = authenticate(&platform, &browser, endpoint, assertion).await;
            assert!(
                answer.status.is_client_error(),
                "{what} at {endpoint}: {}",
                answer.body
            );
            assert_eq!(
                told(&answer),
                "invalid_client",
                "{what} at {endpoint}: {}",
                answer.body
            );
        }
    }
    // The control, and its twin: (r, n − s) verifies as well, and counts as the same assertion used twice.
    let good = honest(&header.to_string(), &claims());
    assert_eq!(
        told(&authenticate(&platform, &browser, "token", &good).await),
        "invalid_grant"
    );
    let answer = authenticate(&platform, &browser, "token", &mirrored(&good)).await;
    assert_eq!(told(&answer), "invalid_client");
}

/// The same signature with n − s.
fn mirrored(jws: &str) -> String {
    let mut signature = jose::decode_base64url(jws.rsplit('.').next().unwrap()).unwrap();
    let mut borrow = 0_i16;
    for at in (0..32).rev() {
        let difference = i16::from(ORDER[at]) - i16::from(signature[32 + at]) - borrow;
        borrow = i16::from(difference < 0);
        signature[32 + at] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    with_signature(jws, &signature)
}

#[tokio::test]
async fn no_forged_object_is_a_request() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-object", "");
    let thief = SigningClient::register(&platform, "rp-object-thief", "");
    let browser = platform.bare_browser();
    let claims = || client.object_claims().to_string();
    let honest = |header: &str, claims: &str| client.jws_text(header, claims);
    let by_thief = |header: &str, claims: &str| thief.jws_text(header, claims);
    let header = json!({"alg": "ES256", "kid": "k1", "typ": "oauth-authz-req+jwt"});
    let to: String = url::form_urlencoded::byte_serialize(client.rp.redirect_uri.as_bytes()).collect();
    for (what, object) in forgeries(&header, &claims, &honest, &by_thief, &client.jwk(), &thief.jwk()) {
        let encoded: String = url::form_urlencoded::byte_serialize(object.as_bytes()).collect();
        let url = format!(
            "{}/oidc/authorize?client_id=rp-object&request={encoded}&redirect_uri={to}",
            platform.origin
        );
        let answer = browser.get_one(&url).await;
        let location = answer.header("location").unwrap_or_default();
        let is_told =
            location.starts_with(&client.rp.redirect_uri) && location.contains("error=invalid_request");
        assert!(
            is_told || answer.status == 400,
            "{what}: {} {location}",
            answer.status
        );
        let answer = client.push(&browser, &[("request".to_owned(), object)]).await;
        assert!(answer.status.is_client_error(), "{what}: {}", answer.body);
        assert!(
            told(&answer).starts_with("invalid_request"),
            "{what}: {}",
            answer.body
        );
    }
    let good = client.object(&client.object_claims());
    assert_eq!(
        client
            .push(&browser, &[("request".to_owned(), good)])
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn no_forged_proof_binds_or_opens_anything() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_for(&platform, "rp-proven", "dpop_bound_access_tokens = true");
    let browser = platform.browser_with_new_card();
    let (key, thief) = (DpopKey::default(), DpopKey::default());
    let token_url = format!("{}/oidc/token", platform.origin);
    let userinfo = format!("{}/oidc/userinfo", platform.origin);
    let code = rp.code(&browser, "").await;
    let answer = key.post(&browser, &token_url, &rp.token_request(&code)).await;
    let json: Value = serde_json::from_str(&answer.body).unwrap();
    let access = json["access_token"].as_str().unwrap().to_owned();
    let answer = browser.get_raw(&userinfo, &[]).await;
    let nonce = answer.header("dpop-nonce").unwrap().to_owned();
    let honest = |header: &str, claims: &str| key.sign_text(header, claims);
    let by_thief = |header: &str, claims: &str| thief.sign_text(header, claims);
    let claims = || DpopKey::claims("GET", &userinfo, &nonce, Some(&access)).to_string();
    let for_tokens = || DpopKey::claims("POST", &token_url, &nonce, None).to_string();
    let authorization = format!("DPoP {access}");
    let unused = rp.code(&browser, "").await;
    let forged = |claims: &dyn Fn() -> String| {
        forgeries(
            &key.header(),
            claims,
            &honest,
            &by_thief,
            &key.jwk(),
            &thief.jwk(),
        )
    };
    for ((what, proof), (_, at_tokens)) in forged(&claims).into_iter().zip(forged(&for_tokens)) {
        if proof.contains(['\n', '\0']) || proof.len() > 20_000 {
            continue; // No header can hold it.
        }
        let headers = [("authorization", authorization.as_str()), ("dpop", proof.trim())];
        let is_trimmed = proof.trim() != proof;
        let answer = browser.get_raw(&userinfo, &headers).await;
        assert!(
            is_trimmed || answer.status.is_client_error(),
            "{what}: {}",
            answer.status
        );
        // Whoever has code and verifier may bring a key of their own.
        if is_trimmed || what.starts_with("a key that it brings") {
            continue;
        }
        let answer = browser
            .post_raw(&token_url, &[("dpop", &at_tokens)], &rp.token_request(&unused))
            .await;
        assert_eq!(
            (answer.status.as_u16(), told(&answer).as_str()),
            (400, "invalid_dpop_proof"),
            "{what}: {}",
            answer.body
        );
    }
    // The code was not spent by any of it: the key that comes with such a proof gets tokens, at once.
    let good = honest(&key.header().to_string(), &for_tokens());
    let answer = browser
        .post_raw(&token_url, &[("dpop", &good)], &rp.token_request(&unused))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let twin = key.proof("GET", &userinfo, &nonce, Some(&access));
    let headers = |proof: &str| {
        [
            ("authorization".to_owned(), authorization.clone()),
            ("dpop".to_owned(), proof.to_owned()),
        ]
    };
    for (proof, expected) in [(twin.clone(), 200), (mirrored(&twin), 401)] {
        let held = headers(&proof);
        let held: Vec<(&str, &str)> = held
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            browser.get_raw(&userinfo, &held).await.status,
            expected,
            "the twin of a used proof is used"
        );
    }
}

#[tokio::test]
async fn no_forged_hint_names_anybody() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-hinted");
    let browser = platform.browser_with_new_card();
    let real = rp.sign_in(&browser, "").await.id_token;
    let jwks = browser.get(&format!("{}/oidc/jwks", platform.origin)).await;
    let jwks: Value = serde_json::from_str(&jwks.body).unwrap();
    let thief = DpopKey::default();
    let text = |at: usize| {
        let part = jose::decode_base64url(real.split('.').nth(at).unwrap()).unwrap();
        String::from_utf8(part).unwrap()
    };
    let header: Value = serde_json::from_str(&text(0)).unwrap();
    let claims = || text(1);
    // Nobody here has our key: what "honest" signs is the thief's.
    let sign = |header: &str, claims: &str| thief.sign_text(header, claims);
    let ours = jwks["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["kty"] == "EC")
        .cloned();
    let public = ours.unwrap_or_else(|| thief.jwk());
    let mut forged = forgeries(&header, &claims, &sign, &sign, &public, &thief.jwk());
    let (input, signature) = real.rsplit_once('.').unwrap();
    let (head, body) = input.split_once('.').unwrap();
    let other = part(&text(1).replace("\"sub\":\"", "\"sub\":\"x"));
    forged.push((
        "other claims under our signature".to_owned(),
        format!("{head}.{other}.{signature}"),
    ));
    forged.push((
        "our claims under no signature".to_owned(),
        format!("{head}.{body}."),
    ));
    let kept = browser
        .get_until(
            &rp.request(&format!("&prompt=none&id_token_hint={real}")),
            &rp.redirect_uri,
        )
        .await;
    assert!(kept.query("code").is_some(), "the control: {}", kept.url);
    for (what, hint) in forged {
        let encoded: String = url::form_urlencoded::byte_serialize(hint.as_bytes()).collect();
        let asked = rp.request(&format!("&prompt=none&id_token_hint={encoded}"));
        let reply = browser.get_until(&asked, &rp.redirect_uri).await;
        assert!(reply.query("code").is_none(), "{what}: {}", reply.url);
        let logout = format!("{}/oidc/logout?id_token_hint={encoded}", platform.origin);
        let page = browser.get_one(&logout).await;
        assert_eq!(
            (page.status.as_u16(), page.header("location")),
            (400, None),
            "{what}"
        );
    }
    let kept = browser
        .get_until(&rp.request("&prompt=none"), &rp.redirect_uri)
        .await;
    assert!(
        kept.query("code").is_some(),
        "nobody was signed out: {}",
        kept.url
    );
}

#[tokio::test]
async fn no_forged_statement_vouches_for_software() {
    let mut platform = Platform::prepare(PlatformOptions {
        more_config: format!(
            "{SELF_REGISTRATION}[registration.software_statement_issuers]\n\"https://vendors.example\" = \"vendors.jwks\"\n"
        ),
        ..Default::default()
    })
    .await;
    let vendor = SigningClient::unregistered("https://vendors.example");
    let thief = SigningClient::unregistered("https://vendors.example");
    std::fs::write(
        platform.path().join("vendors.jwks"),
        json!({ "keys": [vendor.jwk()] }).to_string(),
    )
    .unwrap();
    platform.run().await;
    let browser = platform.bare_browser();
    let token = platform.initial_token("vendors", &["rp.localhost"], 9, "standard");
    let claims = || {
        let now = conformance_tests::MachineClock.now().seconds();
        json!({"iss": "https://vendors.example", "software_id": "s", "iat": now, "jti": conformance_tests::random_name()}).to_string()
    };
    let honest = |header: &str, claims: &str| vendor.jws_text(header, claims);
    let by_thief = |header: &str, claims: &str| thief.jws_text(header, claims);
    let header = json!({"alg": "ES256", "kid": "k1", "typ": "JWT"});
    let with = |statement: &str| {
        let mut asked = least("https://rp.localhost/cb");
        asked["software_statement"] = json!(statement);
        asked
    };
    for (what, statement) in forgeries(&header, &claims, &honest, &by_thief, &vendor.jwk(), &thief.jwk()) {
        let answer = platform.self_register(&browser, &token, &with(&statement)).await;
        assert!(answer.status.is_client_error(), "{what}: {}", answer.body);
        assert!(
            told(&answer).contains("software_statement"),
            "{what}: {}",
            answer.body
        );
    }
    let good = honest(&header.to_string(), &claims());
    let made = platform.self_register(&browser, &token, &with(&good)).await;
    assert_eq!(made.status, 201, "{}", made.body);
}
