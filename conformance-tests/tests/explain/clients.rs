//! OpenID Connect: each kind of failure, and what its developer reads.

use conformance_tests::{DpopKey, MachineClock, Platform, SigningClient};
use domain::Clock as _;
use serde_json::{Value, json};

use crate::support::{Developer, claims, in_sentence, keeps_silent, post, refused, told};

const REFRESH: [(&str, &str); 2] = [
    ("grant_type", "refresh_token"),
    ("refresh_token", "secret-refresh-token"),
];

/// Each assertion that is wrong in one way: the reason, and a fact that says how.
#[tokio::test]
async fn a_client_assertion_is_explained_by_key_digest_audience_and_clock() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-explained", "");
    let browser = platform.bare_browser();
    let developer = Developer::of(&client, &browser).await;
    let header = json!({"alg": "ES256", "kid": "k1", "typ": "JWT"});
    let thief = DpopKey::default();
    let now = MachineClock.now().seconds();
    let good = || claims(&client, "", Value::Null);
    let registered = thumbprint(&client.jwk());
    let cases = [
        (
            client.jws(
                &header,
                &claims(&client, "aud", json!("https://other.localhost/token?secret=7")),
            ),
            (
                "assertion_for_another",
                "audience_given",
                json!("https://other.localhost/token"),
            ),
        ),
        (
            thief.sign(&header, &good()),
            ("assertion_refused", "keys_tried", json!([registered])),
        ),
        (
            client.jws(&json!({"alg": "ES256", "kid": "k9"}), &good()),
            ("assertion_refused", "key_id_given", json!("k9")),
        ),
        (
            client.jws(&header, &claims(&client, "sub", json!("rp-explained"))) + "A",
            ("assertion_refused", "algorithm_given", json!("ES256")),
        ),
    ];
    for (assertion, (reason, fact, value)) in &cases {
        let page = post(&client, &browser, "token", &[], (assertion, &REFRESH)).await;
        assert_eq!(page.status, 401, "{reason}: {}", page.body);
        let reference = told(&page);
        assert_eq!(in_sentence(&page.body), reference, "{}", page.body);
        let explained = developer.explain(&reference).await;
        assert_eq!(
            (&explained["reason"], &explained["proven"]),
            (&json!(reason), &json!(false))
        );
        assert_eq!(
            (&explained["exchange"], &explained["answered"]),
            (&json!("token"), &json!("invalid_client"))
        );
        let (rule, facts) = refused(&explained);
        assert_eq!(rule, "client_proves_who_it_is");
        assert_eq!(&facts[*fact], value, "{facts}");
        assert_eq!(facts["audience_expected"], json!(platform.origin), "{facts}");
        // Which digest over which octets.
        let signed = assertion.rsplit_once('.').unwrap().0;
        assert_eq!(facts["signing_input_octets"], json!(signed.len()));
        assert_eq!(
            facts["signing_input_sha256"],
            json!(jose::digest::sha256_hex(signed.as_bytes()))
        );
        assert!(!explained["advice"]["ja"].as_str().unwrap().is_ascii());
        keeps_silent(
            &explained,
            &["secret-refresh-token", "secret=7", signed, assertion.as_str()],
        );
    }
    // The clock.
    for (claim, at, fact) in [
        ("exp", -7200, "expires_in_seconds"),
        ("iat", 7200, "issued_in_seconds"),
    ] {
        let assertion = client.jws(&header, &claims(&client, claim, json!(now + at)));
        let page = post(&client, &browser, "token", &[], (&assertion, &REFRESH)).await;
        let (_, facts) = refused(&developer.explain(&told(&page)).await);
        let off = facts[fact].as_i64().unwrap();
        assert!((off - at).abs() < 30, "{claim}: {off}");
        assert_eq!(facts["clock_difference_allowed_seconds"], json!(60));
    }
    // Used twice: known to be the client's own, and still of its own corner.
    let assertion = client.jws(&header, &good());
    let _ = post(&client, &browser, "token", &[], (&assertion, &REFRESH)).await;
    let page = post(&client, &browser, "token", &[], (&assertion, &REFRESH)).await;
    let explained = developer.explain(&told(&page)).await;
    assert_eq!(explained["reason"], "assertion_replayed", "{explained}");
}

fn thumbprint(jwk: &Value) -> String {
    let set = jose::JwkSet::parse(&json!({ "keys": [jwk] }).to_string()).unwrap();
    set.keys()[0].thumbprint()
}

#[tokio::test]
async fn a_code_is_explained_by_challenge_and_address_and_stays_secret() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-codes", "");
    let browser = platform.browser_with_new_card();
    let developer = Developer::of(&client, &browser).await;
    let verifier = "wrong-verifier-of-the-test-0123456789-0123456789";
    let redeem = |code: String, redirect: String, verifier: &'static str| {
        let (client, browser) = (&client, &browser);
        async move {
            let fields = [
                ("grant_type", "authorization_code"),
                ("code", code.as_str()),
                ("redirect_uri", redirect.as_str()),
                ("code_verifier", verifier),
            ];
            post(client, browser, "token", &[], (&client.assertion(), &fields)).await
        }
    };
    let code = client.rp.code(&browser, "").await;
    let page = redeem(code.clone(), client.rp.redirect_uri.clone(), verifier).await;
    let explained = developer.explain(&told(&page)).await;
    assert_eq!(
        (&explained["reason"], &explained["proven"]),
        (&json!("verifier_wrong"), &json!(true))
    );
    let (rule, facts) = refused(&explained);
    assert_eq!(rule, "grant_can_be_used");
    let computed = jose::encode_base64url(jose::digest::sha256(verifier.as_bytes()));
    assert_eq!(facts["code_challenge_computed"], json!(computed));
    assert_eq!(
        facts["code_challenge_expected"],
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
    keeps_silent(&explained, &[&code, verifier]);

    // Who shows another client's code learns nothing of what it was issued for.
    let thief = SigningClient::register(&platform, "rp-thief", "");
    let stolen = client.rp.code(&browser, "&prompt=none").await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", stolen.as_str()),
        ("redirect_uri", thief.rp.redirect_uri.as_str()),
        ("code_verifier", verifier),
    ];
    let page = post(&thief, &browser, "token", &[], (&thief.assertion(), &fields)).await;
    let explained = Developer::of(&thief, &browser).await.explain(&told(&page)).await;
    let (_, facts) = refused(&explained);
    assert_eq!(facts["code_is_one_of_this_client"], false);
    keeps_silent(
        &explained,
        &[
            &stolen,
            &client.rp.redirect_uri,
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        ],
    );

    let code = client.rp.code(&browser, "&prompt=none").await;
    let elsewhere = format!("{}?code=secret", client.rp.redirect_uri);
    let page = redeem(
        code.clone(),
        elsewhere,
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    )
    .await;
    let explained = developer.explain(&told(&page)).await;
    assert_eq!(explained["reason"], "redirect_uri_differs");
    let (_, facts) = refused(&explained);
    assert_eq!(facts["redirect_uri_expected"], json!(client.rp.redirect_uri));
    assert_eq!(facts["redirect_uri_is_the_same"], false);
    keeps_silent(&explained, &[&code, "code=secret"]);

    let page = redeem(
        "nobody-gave-this-code".to_owned(),
        client.rp.redirect_uri.clone(),
        verifier,
    )
    .await;
    let explained = developer.explain(&told(&page)).await;
    assert_eq!(explained["reason"], "code_unknown");
    assert_eq!(refused(&explained).1["code_is_one_of_this_client"], false);
    keeps_silent(&explained, &["nobody-gave-this-code"]);
}

#[tokio::test]
async fn a_proof_is_explained_by_address_key_and_hash() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-proofs", "");
    let browser = platform.browser_with_new_card();
    let developer = Developer::of(&client, &browser).await;
    let key = DpopKey::default();
    let (token, userinfo) = (
        format!("{}/oidc/token", platform.origin),
        format!("{}/oidc/userinfo", platform.origin),
    );
    // No nonce yet: that is how one is asked for, and nothing went wrong.
    let first = key.proof("POST", &token, "", None);
    let page = post(
        &client,
        &browser,
        "token",
        &[("dpop", &first)],
        (&client.assertion(), &REFRESH),
    )
    .await;
    assert_eq!(page.header("exchange-reference"), None, "{}", page.body);
    let nonce = page.header("dpop-nonce").unwrap().to_owned();
    // For another address.
    let proof = key.proof("POST", &format!("{userinfo}?secret=8"), &nonce, None);
    let page = post(
        &client,
        &browser,
        "token",
        &[("dpop", &proof)],
        (&client.assertion(), &REFRESH),
    )
    .await;
    let explained = developer.explain(&told(&page)).await;
    assert_eq!(
        (&explained["reason"], &explained["proven"]),
        (&json!("dpop_address"), &json!(true))
    );
    let (rule, facts) = refused(&explained);
    assert_eq!(rule, "address_is_that_of_the_request");
    assert_eq!(
        (&facts["address_given"], &facts["address_expected"]),
        (&json!(userinfo), &json!([token]))
    );
    keeps_silent(&explained, &[&proof, "secret=8", &nonce]);
    // An access token of another key, at userinfo.
    let code = client.rp.code(&browser, "").await;
    let redeemed = post(
        &client,
        &browser,
        "token",
        &[("dpop", &key.proof("POST", &token, &nonce, None))],
        (
            &client.assertion(),
            &[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", &client.rp.redirect_uri),
                ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            ],
        ),
    )
    .await;
    let answer: Value = serde_json::from_str(&redeemed.body).unwrap();
    let access = answer["access_token"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"));
    let thief = DpopKey::default();
    let proof = thief.proof("GET", &userinfo, &nonce, Some(access));
    let authorization = format!("DPoP {access}");
    let headers = [
        ("authorization", authorization.as_str()),
        ("dpop", proof.as_str()),
    ];
    let page = browser.get_raw(&userinfo, &headers).await;
    assert_eq!(page.status, 401);
    let explained = developer.explain(&told(&page)).await;
    assert_eq!(
        (&explained["reason"], &explained["exchange"]),
        (&json!("dpop_key_differs"), &json!("userinfo"))
    );
    let (_, facts) = refused(&explained);
    assert_eq!(facts["key_given_thumbprint"], json!(thief.thumbprint()));
    assert_eq!(
        facts["access_token_hash_computed"],
        facts["access_token_hash_claimed"]
    );
    keeps_silent(&explained, &[access, &proof]);
}

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "one story, told in order")]
async fn requests_through_the_browser_show_a_reference_that_opens_for_the_client() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-requests", "");
    let browser = platform.bare_browser();
    let developer = Developer::of(&client, &browser).await;
    // An address that is not registered: a page for the person, in both languages, with what to do and the reference.
    let wrong = client
        .rp
        .request("")
        .replace("%2Fcb&", "%2FcB%3Ftoken%3Dsecret9&");
    assert_ne!(wrong, client.rp.request(""));
    for (language, title, what_to_do) in [
        (
            "ja",
            "サービスからの依頼に誤りがあります",
            "サービスの問い合わせ窓口に、下のコードを伝えてください。",
        ),
        (
            "en",
            "The service made an error",
            "tell the help desk of the service the code below.",
        ),
    ] {
        let page = platform.bare_browser().speaking(language).get(&wrong).await;
        assert_eq!(page.status, 400);
        assert!(page.text("h1").unwrap().contains(title), "{}", page.body);
        assert!(
            page.text("main li:last-child").is_some() && page.body.contains(what_to_do),
            "{}",
            page.body
        );
        let reference = page.text(".reference").unwrap();
        let explained = developer.explain(&reference).await;
        assert_eq!(
            (&explained["reason"], &explained["answered"]),
            (&json!("redirect_uri_not_registered"), &json!("invalid_request"))
        );
        let (rule, facts) = refused(&explained);
        assert_eq!(rule, "redirect_uri_is_registered_exactly");
        assert_eq!(facts["redirect_uri_nearest"], json!(client.rp.redirect_uri));
        let at = usize::try_from(facts["first_difference_at_octet"].as_u64().unwrap()).unwrap();
        assert_eq!(&client.rp.redirect_uri[at..], "b");
        keeps_silent(&explained, &["secret9", "st-1", "no-1"]);
    }
    // Told to the client by redirect.
    let page = browser
        .get_until(
            &client.rp.request("&response_mode=fragment"),
            &client.rp.redirect_uri,
        )
        .await;
    let description = page.query("error_description").unwrap();
    let explained = developer.explain(&in_sentence(&description)).await;
    assert_eq!(
        refused(&explained).1["response_mode_given"],
        "fragment",
        "{explained}"
    );
    // A request object for somebody else, pushed and by value.
    let mut object = client.object_claims();
    object["aud"] = json!("https://other.localhost");
    let object = client.object(&object);
    let fields = [
        ("client_id".to_owned(), "rp-requests".to_owned()),
        ("request".to_owned(), object.clone()),
    ];
    let page = client.push(&browser, &fields).await;
    let explained = developer.explain(&told(&page)).await;
    assert_eq!(
        (&explained["reason"], &explained["exchange"], &explained["proven"]),
        (
            &json!("request_object_for_another"),
            &json!("pushed_authorization_request"),
            &json!(true)
        )
    );
    let (_, facts) = refused(&explained);
    assert_eq!(facts["audience_given"], "https://other.localhost");
    assert_eq!(facts["audience_expected"], json!(platform.origin));
    keeps_silent(&explained, &[&object]);
    let by_value = format!(
        "{}/oidc/authorize?client_id=rp-requests&request={object}",
        platform.origin
    );
    let page = browser.get(&by_value).await;
    let explained = developer.explain(&page.text(".reference").unwrap()).await;
    let (rule, facts) = refused(&explained);
    assert_eq!(rule, "audience_is_this_provider");
    assert_eq!(facts["audience_given"], "https://other.localhost");
    // Silent sign-in that cannot be: the client reads that pages were forbidden, and nothing of the person.
    let page = browser
        .get_until(&client.rp.request("&prompt=none"), &client.rp.redirect_uri)
        .await;
    assert_eq!(page.query("error").as_deref(), Some("login_required"));
    let explained = developer
        .explain(&in_sentence(&page.query("error_description").unwrap()))
        .await;
    assert_eq!(
        (&explained["exchange"], &explained["reason"]),
        (&json!("sign_in"), &json!("login_required"))
    );
    assert_eq!(refused(&explained).1["pages_allowed"], false);
    // Logout to an address that is not registered.
    let bye = format!(
        "{}/oidc/logout?client_id=rp-requests&post_logout_redirect_uri=https://evil.localhost/x%3Fs%3Dsecret9",
        platform.origin
    );
    let page = browser.get(&bye).await;
    let explained = developer.explain(&page.text(".reference").unwrap()).await;
    assert_eq!(explained["exchange"], "logout");
    assert_eq!(
        refused(&explained).1["post_logout_redirect_uri_given"],
        "https://evil.localhost/x"
    );
    keeps_silent(&explained, &["secret9"]);
}

#[tokio::test]
async fn a_card_that_is_refused_is_no_business_of_the_service() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-cards", "");
    let (certificate, card) = platform.card(&sim::CardRequest::default());
    let now = MachineClock.now();
    platform
        .simulation
        .lock()
        .unwrap()
        .revoke(&certificate, sim::crl::RevocationReason::KeyCompromise, now)
        .unwrap();
    platform.publish_list_and_wait().await;
    let browser = platform.browser(&card);
    let page = browser.get(&client.rp.request("")).await;
    let page = browser.submit(&page.form("/card")).await;
    let reference = page.text(".reference").unwrap();
    let developer = Developer::of(&client, &platform.bare_browser()).await;
    let explained = developer.explain(&reference).await;
    assert_eq!(explained["reason"], "authentication_failed");
    keeps_silent(&explained, &["revoked", "key_compromise", "certificate", "jpki"]);
    let operator = platform.explain(&reference).await;
    assert!(
        operator.to_string().contains("revoked"),
        "the operator sees why: {operator}"
    );
}
