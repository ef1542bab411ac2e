//! Proofs of possession (RFC 9449): tokens that are worth nothing without their key, and proofs that count once.

use conformance_tests::{Browser, DpopKey, Page, Platform, PlatformOptions, RelyingParty, SigningClient};
use domain::Clock as _;
use serde_json::{Value, json};

fn field(page: &Page, name: &str) -> String {
    let json: Value = serde_json::from_str(&page.body).unwrap_or_else(|_| panic!("{}", page.body));
    json[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {json}"))
        .to_owned()
}

fn token_address(rp: &RelyingParty) -> String {
    format!("{}/oidc/token", rp.origin)
}

fn userinfo_address(rp: &RelyingParty) -> String {
    format!("{}/oidc/userinfo", rp.origin)
}

/// A nonce that is good now.
async fn nonce(rp: &RelyingParty, browser: &Browser) -> String {
    let refused = browser.get_raw(&userinfo_address(rp), &[]).await;
    assert_eq!(refused.status, 401);
    // The challenge says where the resource describes itself (RFC 9728).
    let challenge = challenge(&refused);
    let (_, rest) = challenge.split_once("resource_metadata=\"").expect("an address");
    let (address, _) = rest.split_once('"').expect("a quoted address");
    let described = browser.get_raw(address, &[]).await;
    let described: Value = serde_json::from_str(&described.body).expect("JSON");
    assert_eq!(described["resource"], userinfo_address(rp));
    refused.header("dpop-nonce").expect("a nonce").to_owned()
}

/// Shows an access token with exactly this proof.
async fn show(rp: &RelyingParty, browser: &Browser, token: &str, proof: &str) -> Page {
    let authorization = format!("DPoP {token}");
    let headers = [("authorization", authorization.as_str()), ("dpop", proof)];
    browser.get_raw(&userinfo_address(rp), &headers).await
}

fn challenge(page: &Page) -> String {
    let values = page.headers.get_all("www-authenticate");
    values
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect::<Vec<_>>()
        .join("; ")
}

#[tokio::test]
async fn a_bound_token_counts_with_its_key_alone_and_a_proof_counts_once() {
    let platform = Platform::start().await;
    let settings = "refresh = \"session\"\ndpop_bound_access_tokens = true";
    let rp = RelyingParty::register_for(&platform, "rp-bound", settings);
    let browser = platform.browser_with_new_card();
    let (key, thief) = (DpopKey::default(), DpopKey::default());
    // Registered for bound tokens: none without a proof, and the code is not spent by asking.
    let code = rp.code(&browser, "").await;
    let bare = rp.redeem_raw(&browser, &code).await;
    assert_eq!(
        (bare.status.as_u16(), field(&bare, "error").as_str()),
        (400, "invalid_dpop_proof")
    );
    let answer = key
        .post(&browser, &token_address(&rp), &rp.token_request(&code))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(field(&answer, "token_type"), "DPoP");
    let (access, refresh) = (field(&answer, "access_token"), field(&answer, "refresh_token"));
    let good = nonce(&rp, &browser).await;
    let address = userinfo_address(&rp);
    let proof = key.proof("GET", &address, &good, Some(&access));
    assert_eq!(show(&rp, &browser, &access, &proof).await.status, 200);
    // The same proof again.
    let again = show(&rp, &browser, &access, &proof).await;
    assert_eq!(again.status, 401);
    assert!(
        challenge(&again).contains("invalid_dpop_proof"),
        "{}",
        challenge(&again)
    );
    // As a bearer token, with another key, without its limits.
    assert_eq!(rp.userinfo(&browser, &access).await.status, 401);
    let foreign = thief.proof("GET", &address, &good, Some(&access));
    let stolen = show(&rp, &browser, &access, &foreign).await;
    assert!(
        stolen.status == 401 && challenge(&stolen).contains("invalid_token"),
        "{}",
        challenge(&stolen)
    );
    let (secret, _) = access.split_once('.').unwrap();
    assert_eq!(rp.userinfo(&browser, secret).await.status, 401);
    // The refresh token of a public client is bound as well; trying it with another key ends nothing.
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
        ("client_id", "rp-bound"),
    ];
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let stolen = thief.post(&browser, &token_address(&rp), &body).await;
    assert_eq!(field(&stolen, "error"), "invalid_grant");
    let next = key.post(&browser, &token_address(&rp), &body).await;
    assert_eq!(next.status, 200, "{}", next.body);
    // A reply that was lost is asked for again with the key.
    let retried = key.post(&browser, &token_address(&rp), &body).await;
    assert_eq!(retried.status, 200, "{}", retried.body);
    assert_ne!(field(&next, "refresh_token"), field(&retried, "refresh_token"));
}

#[tokio::test]
async fn every_wrong_proof_is_refused_by_name() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-wrong");
    let browser = platform.browser_with_new_card();
    let key = DpopKey::default();
    let code = rp.code(&browser, "").await;
    let answer = key
        .post(&browser, &token_address(&rp), &rp.token_request(&code))
        .await;
    let access = field(&answer, "access_token");
    let good = nonce(&rp, &browser).await;
    let address = userinfo_address(&rp);
    let claims = || DpopKey::claims("GET", &address, &good, Some(&access));
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        key.sign(&key.header(), &claims)
    };
    let headed = |name: &str, value: Value| {
        let mut header = key.header();
        header[name] = value;
        key.sign(&header, &claims())
    };
    let now = conformance_tests::MachineClock.now().seconds();
    let mut private = key.jwk();
    private["d"] = json!("AAAA");
    let cases = [
        ("use_dpop_nonce", with("nonce", json!(""))),
        ("use_dpop_nonce", with("nonce", json!("AAAAAAAAAAAAAAAAAAAAAA"))),
        ("invalid_dpop_proof", with("htm", json!("POST"))),
        ("invalid_dpop_proof", with("htu", json!(token_address(&rp)))),
        (
            "invalid_dpop_proof",
            with("htu", json!("https://rs.localhost/oidc/userinfo")),
        ),
        ("invalid_dpop_proof", with("iat", json!(now - 3600))),
        ("invalid_dpop_proof", with("iat", json!(now + 3600))),
        ("invalid_dpop_proof", with("ath", json!("x"))),
        ("invalid_dpop_proof", with("jti", json!(""))),
        ("invalid_dpop_proof", headed("typ", json!("JWT"))),
        ("invalid_dpop_proof", headed("alg", json!("none"))),
        ("invalid_dpop_proof", headed("alg", json!("HS256"))),
        ("invalid_dpop_proof", headed("jwk", DpopKey::default().jwk())),
        ("invalid_dpop_proof", headed("jwk", private)),
        (
            "invalid_dpop_proof",
            headed("jwk", json!({"kty": "oct", "k": "AAAA"})),
        ),
        ("invalid_dpop_proof", "x.y.z".to_owned()),
    ];
    for (error, proof) in cases {
        let refused = show(&rp, &browser, &access, &proof).await;
        assert_eq!(refused.status, 401, "{proof}");
        let challenge = challenge(&refused);
        assert!(
            challenge.contains(&format!("error=\"{error}\"")),
            "{challenge} for {proof}"
        );
        assert!(refused.header("dpop-nonce").is_some());
    }
    // Two proofs, and a proof beside a token that is bound to none.
    let proof = key.sign(&key.header(), &claims());
    let authorization = format!("DPoP {access}");
    let two = [
        ("authorization", authorization.as_str()),
        ("dpop", proof.as_str()),
        ("dpop", proof.as_str()),
    ];
    assert_eq!(browser.get_raw(&address, &two).await.status, 401);
    let bearer = rp.sign_in(&browser, "").await.access_token;
    let proof = key.proof("GET", &address, &good, Some(&bearer));
    assert_eq!(show(&rp, &browser, &bearer, &proof).await.status, 401);
    assert_eq!(rp.userinfo(&browser, &bearer).await.status, 200);
}

#[tokio::test]
async fn a_code_that_names_its_key_is_worth_nothing_to_whoever_took_it() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-jkt");
    let browser = platform.browser_with_new_card();
    let (key, thief) = (DpopKey::default(), DpopKey::default());
    let asked = format!("&dpop_jkt={}", key.thumbprint());
    for with_key in [false, true] {
        let code = rp.code(&browser, &asked).await;
        let body = rp.token_request(&code);
        let stolen = if with_key {
            thief.post(&browser, &token_address(&rp), &body).await
        } else {
            rp.redeem_raw(&browser, &code).await
        };
        assert_eq!(field(&stolen, "error"), "invalid_grant");
    }
    let code = rp.code(&browser, &asked).await;
    let answer = key
        .post(&browser, &token_address(&rp), &rp.token_request(&code))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// A proof is spent with what it obtains, and by nobody who has only the proof.
#[tokio::test]
async fn strangers_spend_no_proof_and_are_slowed_down() {
    let platform = Platform::start_with(PlatformOptions {
        front: "begin_per_minute = 40\n".to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    let rp = RelyingParty::register(&platform, "rp-strangers");
    let browser = platform.browser_with_new_card();
    let key = DpopKey::default();
    let code = rp.code(&browser, "").await;
    let good = nonce(&rp, &browser).await;
    let proof = key.proof("POST", &token_address(&rp), &good, None);
    let with_proof = async |code: &str| {
        let body = rp.token_request(code);
        browser
            .post_raw(&token_address(&rp), &[("dpop", &proof)], &body)
            .await
    };
    assert_eq!(field(&with_proof("made-up").await, "error"), "invalid_grant");
    let answer = with_proof(&code).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    // Once it obtained something, it is spent: with another code of the same person too.
    let another = rp.code(&browser, "").await;
    assert_eq!(field(&with_proof(&another).await, "error"), "invalid_dpop_proof");
    let access = field(&answer, "access_token");
    let address = userinfo_address(&rp);
    let proof = key.proof("GET", &address, &good, Some(&access));
    let as_bearer = [
        ("authorization", format!("Bearer {access}")),
        ("dpop", proof.clone()),
    ];
    let as_bearer: Vec<(&str, &str)> = as_bearer
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(browser.get_raw(&address, &as_bearer).await.status, 401);
    assert_eq!(show(&rp, &browser, &access, &proof).await.status, 200);
    // Without a token of ours: no proof is looked at, and after a while nothing else.
    let mut slowed = false;
    for _ in 0..60 {
        let made_up = conformance_tests::random_name();
        let proof = key.proof("GET", &address, &good, Some(&made_up));
        let refused = show(&rp, &browser, &made_up, &proof).await;
        slowed = refused.status == 429;
        if slowed {
            break;
        }
        assert!(
            challenge(&refused).contains("invalid_token"),
            "{}",
            challenge(&refused)
        );
    }
    assert!(slowed, "strangers go on without end");
    assert!(
        platform
            .metric("strangers_slowed_down_total")
            .await
            .unwrap_or_default()
            >= 1.0
    );
    // Whoever has a token is none of them.
    let proof = key.proof("GET", &address, &good, Some(&access));
    assert_eq!(show(&rp, &browser, &access, &proof).await.status, 200);
}

/// A whole refresh request, copied from the wire and sent again while its proof is fresh: the proof was used, and nothing is withdrawn.
#[tokio::test]
async fn a_copied_refresh_request_ends_nothing() {
    let platform = Platform::start().await;
    let settings = "refresh = \"session\"\ndpop_bound_access_tokens = true";
    let rp = RelyingParty::register_for(&platform, "rp-copied", settings);
    let browser = platform.browser_with_new_card();
    let key = DpopKey::default();
    let address = token_address(&rp);
    let code = rp.code(&browser, "").await;
    let answer = key.post(&browser, &address, &rp.token_request(&code)).await;
    let mut refresh = field(&answer, "refresh_token");
    let good = nonce(&rp, &browser).await;
    let mut copied = None;
    for _ in 0..3 {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "refresh_token")
            .append_pair("refresh_token", &refresh)
            .append_pair("client_id", "rp-copied")
            .finish();
        let proof = key.proof("POST", &address, &good, None);
        let next = browser.post_raw(&address, &[("dpop", &proof)], &body).await;
        assert_eq!(next.status, 200, "{}", next.body);
        refresh = field(&next, "refresh_token");
        copied.get_or_insert((proof, body));
    }
    let (proof, body) = copied.unwrap();
    let again = browser.post_raw(&address, &[("dpop", &proof)], &body).await;
    assert_eq!(field(&again, "error"), "invalid_dpop_proof", "{}", again.body);
    let live = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "refresh_token")
        .append_pair("refresh_token", &refresh)
        .append_pair("client_id", "rp-copied")
        .finish();
    let next = key.post(&browser, &address, &live).await;
    assert_eq!(next.status, 200, "{}", next.body);
    // With a proof of its own the used token is theft, as ever.
    let stolen = key.post(&browser, &address, &body).await;
    assert_eq!(field(&stolen, "error"), "invalid_grant");
    let body = live.replace(&refresh, &field(&next, "refresh_token"));
    let ended = key.post(&browser, &address, &body).await;
    assert_eq!(field(&ended, "error"), "invalid_grant", "{}", ended.body);
}

/// RFC 9449 section 10.1: the key of the proof that came with a pushed request is the one that redeems the code.
#[tokio::test]
async fn a_pushed_request_binds_the_code_to_the_key_of_its_proof() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-pushes", "");
    let browser = platform.browser_with_new_card();
    let (key, thief) = (DpopKey::default(), DpopKey::default());
    let address = format!("{}/oidc/par", platform.origin);
    let body = |more: &[(&str, &str)]| {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(client.parameters())
            .extend_pairs(more)
            .append_pair(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )
            .append_pair("client_assertion", &client.assertion());
        body.finish()
    };
    // Without a nonce one is handed out, as at every endpoint that takes proofs.
    let bare = key.proof("POST", &address, "", None);
    let asked = browser.post_raw(&address, &[("dpop", &bare)], &body(&[])).await;
    assert_eq!(field(&asked, "error"), "use_dpop_nonce", "{}", asked.body);
    let good = asked.header("dpop-nonce").expect("a nonce").to_owned();
    let push = |proof: String, more: Vec<(&'static str, String)>| {
        let more: Vec<_> = more.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let body = body(&more);
        let (browser, address) = (&browser, &address);
        async move { browser.post_raw(address, &[("dpop", &proof)], &body).await }
    };
    for (proof, more, error) in [
        (
            key.proof("GET", &address, &good, None),
            vec![],
            "invalid_dpop_proof",
        ),
        (
            key.proof("POST", &address, &good, None),
            vec![("dpop_jkt", thief.thumbprint())],
            "invalid_request",
        ),
    ] {
        let refused = push(proof, more).await;
        assert_eq!(field(&refused, "error"), error, "{}", refused.body);
    }
    let proof = key.proof("POST", &address, &good, None);
    let pushed = push(proof.clone(), vec![]).await;
    assert_eq!(pushed.status, 201, "{}", pushed.body);
    let again = push(proof, vec![]).await;
    assert_eq!(field(&again, "error"), "invalid_dpop_proof", "{}", again.body);
    let redeem = |code: String| {
        let assertion = client.assertion();
        let form = client.rp.token_request(&code);
        format!(
            "{form}&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={assertion}"
        )
    };
    let token = token_address(&client.rp);
    let mut uri = field(&pushed, "request_uri");
    for (sender, error) in [
        (None, Some("invalid_grant")),
        (Some(&thief), Some("invalid_grant")),
        (Some(&key), None),
    ] {
        let start = browser
            .get_until(&client.bring(&uri), &client.rp.redirect_uri)
            .await;
        let reply = client.rp.walk(&browser, start).await;
        let form = redeem(reply.query("code").expect("a code"));
        let proof = sender.map(|key| key.proof("POST", &token, &good, None));
        let headers: Vec<_> = proof.iter().map(|proof| ("dpop", proof.as_str())).collect();
        let answer = browser.post_raw(&token, &headers, &form).await;
        match error {
            Some(error) => assert_eq!(field(&answer, "error"), error, "{}", answer.body),
            None => assert_eq!(field(&answer, "token_type"), "DPoP", "{}", answer.body),
        }
        let next = push(key.proof("POST", &address, &good, None), vec![]).await;
        uri = field(&next, "request_uri");
    }
}
