//! Requests that do not stand in the query: pushed (RFC 9126), and in signed objects by value and by reference (RFC 9101).

use conformance_tests::{DETAIL_TYPES, DpopKey, Page, Platform, PlatformOptions, SigningClient};
use serde_json::{Value, json};

fn error_of(answer: &Page) -> String {
    let json: Value = serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{}", answer.body));
    json["error"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_pushed_request_is_brought_once_by_its_own_client() {
    let platform = Platform::start().await;
    let client = SigningClient::register(
        &platform,
        "rp-push",
        "requests = { require_pushed_authorization_requests = true }",
    );
    let other = SigningClient::register(&platform, "rp-other", "");
    let browser = platform.browser_with_new_card();

    let uri = client.pushed(&browser, &[("nonce", Some("pushed"))]).await;
    assert!(uri.starts_with("urn:ietf:params:oauth:request_uri:"), "{uri}");
    // Another client that got hold of the name: refused, and it is not spent by that.
    let stolen = client
        .bring(&uri)
        .replace("client_id=rp-push", "client_id=rp-other");
    let page = browser.get_one(&stolen).await;
    assert_eq!(page.status, 400, "{}", page.body);
    // What stands beside the name is nothing to us.
    let bring = format!(
        "{}&nonce=beside&redirect_uri=https%3A%2F%2Fevil.localhost",
        client.bring(&uri)
    );
    let claims = client.claims_of(&browser, &bring).await;
    assert_eq!(claims["nonce"], "pushed");
    // Again: used.
    let page = browser.get_one(&client.bring(&uri)).await;
    assert_eq!((page.status.as_u16(), page.header("location")), (400, None));
    // A registered address beside it is where the client is told.
    let told = format!(
        "{}&redirect_uri={}",
        client.bring(&uri),
        url::form_urlencoded::byte_serialize(client.rp.redirect_uri.as_bytes()).collect::<String>()
    );
    let reply = browser.get_until(&told, &client.rp.redirect_uri).await;
    assert_eq!(reply.query("error").as_deref(), Some("invalid_request_uri"));
    assert_eq!(reply.query("iss").as_deref(), Some(platform.origin.as_str()));
    // Never pushed.
    let page = browser
        .get_one(&client.bring("urn:ietf:params:oauth:request_uri:AAAA"))
        .await;
    assert_eq!(page.status, 400);
    // The client is registered for pushed requests only; others need not push.
    let reply = browser
        .get_until(&client.rp.request(""), &client.rp.redirect_uri)
        .await;
    assert_eq!(reply.query("error").as_deref(), Some("invalid_request"));
    let uri = other.pushed(&browser, &[]).await;
    assert_eq!(
        other.claims_of(&browser, &other.bring(&uri)).await["nonce"],
        "no-1"
    );
}

/// RFC 9126 section 4 and FAPI 2.0 Security Profile section 5.3.2.2: people load an address again. The browser that was first may, until its
/// sign-in has ended; nobody else ever.
#[tokio::test]
async fn a_pushed_request_may_be_loaded_again_by_the_browser_that_began_with_it() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-again", "");
    let (browser, thief) = (platform.browser_with_new_card(), platform.browser_with_new_card());
    let bring = client.bring(&client.pushed(&browser, &[]).await);
    let load = async |browser: &conformance_tests::Browser| {
        let page = browser.get_one(&bring).await;
        (page.status.as_u16(), page.header("location").map(str::to_owned))
    };
    let mut begun = Vec::new();
    for _ in 0..3 {
        let (status, location) = load(&browser).await;
        assert_eq!(status, 303);
        begun.push(location.unwrap());
        assert_eq!(load(&thief).await, (400, None), "another browser");
    }
    // Two tabs at once: both go on, or one of them is to be loaded again.
    let (left, right) = tokio::join!(load(&browser), load(&browser));
    assert_eq!((left.0, right.0), (303, 303));
    // And from the very first load on.
    for _ in 0..8 {
        let bring = client.bring(&client.pushed(&browser, &[]).await);
        let load = async || browser.get_one(&bring).await.status.as_u16();
        assert_eq!(tokio::join!(load(), load(), load()), (303, 303, 303));
    }
    // Any of them ends; the others have nothing to end with.
    let page = browser
        .get_until(
            &format!("{}{}", platform.origin, begun[1]),
            &client.rp.redirect_uri,
        )
        .await;
    let reply = client.rp.walk(&browser, page).await;
    assert!(reply.query("code").is_some(), "{}", reply.url);
    for somebody in [&browser, &thief, &platform.bare_browser()] {
        assert_eq!(load(somebody).await, (400, None), "used");
    }
    let other = browser
        .get_until(
            &format!("{}{}", platform.origin, begun[0]),
            &client.rp.redirect_uri,
        )
        .await;
    assert!(!client.rp.is_reply(other.url.as_str()), "{}", other.url);
    // Declined is ended too.
    let bring = client.bring(&client.pushed(&browser, &[("prompt", Some("consent"))]).await);
    let page = browser.get(&bring).await;
    let page = if page.has_form("/card") {
        browser.submit(&page.form("/card")).await
    } else {
        page
    };
    let form = page.form("/consent").with("decision", "decline");
    let reply = browser.submit_until(&form, &client.rp.redirect_uri).await;
    assert_eq!(
        reply.query("error").as_deref(),
        Some("access_denied"),
        "{}",
        reply.url
    );
    let again = browser.get_one(&bring).await;
    assert_eq!((again.status.as_u16(), again.header("location")), (400, None));
}

#[tokio::test]
async fn what_cannot_be_pushed_is_told_as_json() {
    let options = PlatformOptions {
        more_config: "[oidc]\npushed_request_seconds = 5\n".to_owned(),
        ..Default::default()
    };
    let platform = Platform::start_with(options).await;
    let client = SigningClient::register(&platform, "rp-push", "");
    let browser = platform.bare_browser();
    let push = |changes: Vec<(&'static str, Option<String>)>| {
        let mut parameters = client.parameters();
        for (name, value) in changes {
            parameters.retain(|(known, _)| known != name);
            parameters.extend(value.map(|value| (name.to_owned(), value)));
        }
        let (client, browser) = (&client, &browser);
        async move { client.push(browser, &parameters).await }
    };
    for (error, name, value) in [
        ("invalid_request", "redirect_uri", Some("https://evil.localhost/")),
        ("invalid_request", "redirect_uri", None),
        ("unsupported_response_type", "response_type", Some("token")),
        ("invalid_request", "code_challenge_method", Some("plain")),
        ("invalid_request", "code_challenge", None),
        ("invalid_scope", "scope", Some("profile")),
        (
            "invalid_request",
            "request_uri",
            Some("urn:ietf:params:oauth:request_uri:x"),
        ),
        ("invalid_request", "client_id", Some("rp-other")),
        ("invalid_request_object", "request", Some("a.b.c")),
        ("registration_not_supported", "registration", Some("{}")),
    ] {
        let answer = push(vec![(name, value.map(str::to_owned))]).await;
        assert_eq!(
            (answer.status.as_u16(), error_of(&answer).as_str()),
            (400, error),
            "{name}: {}",
            answer.body
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    // Nobody, somebody else, and an assertion that was used.
    let par = format!("{}/oidc/par", platform.origin);
    let form = |pairs: &[(String, String)]| {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
    };
    let answer = browser.post_raw(&par, &[], &form(&client.parameters())).await;
    assert_eq!(
        (answer.status.as_u16(), error_of(&answer).as_str()),
        (401, "invalid_client")
    );
    let mut signed = client.parameters();
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    signed.push(("client_assertion_type".to_owned(), kind.to_owned()));
    signed.push(("client_assertion".to_owned(), client.assertion()));
    assert_eq!(browser.post_raw(&par, &[], &form(&signed)).await.status, 201);
    let answer = browser.post_raw(&par, &[], &form(&signed)).await;
    assert_eq!(
        (answer.status.as_u16(), error_of(&answer).as_str()),
        (401, "invalid_client")
    );
    // Too much, no form, wrong method.
    let answer = push(vec![("login_hint", Some("x".repeat(70_000)))]).await;
    assert_eq!(
        (answer.status.as_u16(), error_of(&answer).as_str()),
        (413, "invalid_request")
    );
    let answer = browser.post_bytes(&par, "application/json", b"{}".to_vec()).await;
    assert_eq!(
        (answer.status.as_u16(), error_of(&answer).as_str()),
        (400, "invalid_request")
    );
    assert_eq!(browser.get_one(&par).await.status, 405);
    // Too late.
    let uri = client.pushed(&browser, &[]).await;
    let late = std::time::Instant::now() + std::time::Duration::from_millis(5500);
    while std::time::Instant::now() < late {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(browser.get_one(&client.bring(&uri)).await.status, 400);
}

#[tokio::test]
async fn signed_requests_by_value_pushed_and_beside_parameters() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-jar", "");
    let strict = SigningClient::register(
        &platform,
        "rp-strict",
        "requests = { require_signed_request_object = true }",
    );
    let browser = platform.browser_with_new_card();
    let at = |client: &SigningClient, object: &str, more: &str| {
        format!(
            "{}/oidc/authorize?client_id={}&request={object}{more}",
            platform.origin, client.rp.client_id
        )
    };
    // RFC 9101: the object alone.
    let mut claims = client.object_claims();
    claims["nonce"] = json!("inside");
    let object = client.object(&claims);
    let beside = "&nonce=beside&state=beside&redirect_uri=https%3A%2F%2Fevil.localhost%2F";
    let url = at(&client, &object, beside);
    assert_eq!(client.claims_of(&browser, &url).await["nonce"], "inside");
    // Its jti was answered: it begins, but is never answered a second time.
    let again = browser.get(&url).await;
    assert!(
        !again.url.as_str().starts_with(&client.rp.redirect_uri),
        "{}",
        again.url
    );
    assert_eq!(again.status, 410, "{}", again.body);
    // OpenID Connect Core: completed by what stands beside it.
    let mut claims = client.object_claims();
    claims.as_object_mut().unwrap().remove("nonce");
    let object = client.jws(&json!({"alg":"ES256","kid":"k1"}), &claims);
    let url = at(&client, &object, "&nonce=beside&response_type=code&scope=openid");
    assert_eq!(client.claims_of(&browser, &url).await["nonce"], "beside");
    // Pushed and signed; a pushed object counts once.
    let object = strict.object(&strict.object_claims());
    let pushed = [("request".to_owned(), object)];
    let answer = strict.push(&browser, &pushed).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let json: Value = serde_json::from_str(&answer.body).unwrap();
    let uri = json["request_uri"].as_str().unwrap();
    assert_eq!(
        strict.claims_of(&browser, &strict.bring(uri)).await["nonce"],
        "no-1"
    );
    let answer = strict.push(&browser, &pushed).await;
    assert_eq!(
        (answer.status.as_u16(), error_of(&answer).as_str()),
        (400, "invalid_request_object")
    );
    // A client that is registered for signed requests: nothing else, pushed or not.
    let reply = browser
        .get_until(&strict.rp.request(""), &strict.rp.redirect_uri)
        .await;
    assert_eq!(reply.query("error").as_deref(), Some("invalid_request"));
    let answer = strict.push(&browser, &strict.parameters()).await;
    assert_eq!(error_of(&answer), "invalid_request");
}

#[tokio::test]
async fn authorization_details_are_shown_agreed_to_each_time_and_told() {
    let options = PlatformOptions {
        more_config: DETAIL_TYPES.to_owned(),
        ..Default::default()
    };
    let platform = Platform::start_with(options).await;
    let client = SigningClient::register(
        &platform,
        "rp-rar",
        "requests = { authorization_details_types = [\"tax_filing\"] }",
    );
    let stranger = SigningClient::register(&platform, "rp-plain", "");
    let browser = platform.browser_with_new_card();
    let details = r#"[{"type":"tax_filing","year":2026}]"#;
    let encoded: String = url::form_urlencoded::byte_serialize(details.as_bytes()).collect();
    let asking = client.rp.request(&format!("&authorization_details={encoded}"));
    let page = browser.get(&asking).await;
    let page = browser.submit(&page.form("/card")).await;
    assert!(
        page.body.contains("Filing of a tax return") || page.body.contains("税の申告"),
        "{}",
        page.body
    );
    assert!(page.body.contains("2026"), "{}", page.body);
    let reply = client.rp.walk(&browser, page).await;
    let answer = client.redeem_raw(&browser, &reply.query("code").unwrap()).await;
    let json: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(
        json["authorization_details"],
        serde_json::from_str::<Value>(details).unwrap(),
        "{json}"
    );
    // A consent on record is not about them: a silent request is refused, one without them is not.
    let silent = browser
        .get_until(&format!("{asking}&prompt=none"), &client.rp.redirect_uri)
        .await;
    assert_eq!(silent.query("error").as_deref(), Some("consent_required"));
    let silent = browser
        .get_until(&client.rp.request("&prompt=none"), &client.rp.redirect_uri)
        .await;
    assert!(silent.query("code").is_some(), "{}", silent.url);
    // Types of others, unknown types, and what its type does not say.
    for (client, bad) in [
        (&stranger, details),
        (&client, r#"[{"type":"other"}]"#),
        (&client, r#"[{"type":"tax_filing","year":1999}]"#),
        (&client, r#"[{"type":"tax_filing","year":2026,"amount":1}]"#),
        (&client, "{}"),
    ] {
        let mut parameters = client.parameters();
        parameters.push(("authorization_details".to_owned(), bad.to_owned()));
        let answer = client.push(&browser, &parameters).await;
        assert_eq!(
            (answer.status.as_u16(), error_of(&answer).as_str()),
            (400, "invalid_authorization_details"),
            "{bad}"
        );
    }
    let document = browser
        .get_one(&format!("{}/.well-known/openid-configuration", platform.origin))
        .await;
    let document: Value = serde_json::from_str(&document.body).unwrap();
    assert_eq!(
        document["authorization_details_types_supported"],
        json!(["tax_filing"])
    );
}

#[tokio::test]
async fn a_client_of_the_fapi_profile_pushes_and_proves() {
    let platform = Platform::start().await;
    let client = SigningClient::register(
        &platform,
        "rp-fapi",
        "profile = \"fapi2\"\n tokens = { dpop_bound_access_tokens = true, refresh = \"session\" }",
    );
    let browser = platform.browser_with_new_card();
    let reply = browser
        .get_until(&client.rp.request(""), &client.rp.redirect_uri)
        .await;
    assert_eq!(reply.query("error").as_deref(), Some("invalid_request"));
    // Its assertions name the issuer alone, as one string.
    let now = client.object_claims()["iat"].as_i64().unwrap();
    for (audience, status) in [
        (json!(platform.origin), 201),
        (json!([platform.origin]), 401),
        (json!(format!("{}/oidc/token", platform.origin)), 401),
    ] {
        let claims = json!({
            "iss": "rp-fapi", "sub": "rp-fapi", "aud": audience, "exp": now + 60, "jti": conformance_tests::random_name(),
        });
        let assertion = client.jws(&json!({"alg":"ES256","kid":"k1"}), &claims);
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(client.parameters());
        body.append_pair(
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        );
        body.append_pair("client_assertion", &assertion);
        let answer = browser
            .post_raw(&format!("{}/oidc/par", platform.origin), &[], &body.finish())
            .await;
        assert_eq!(answer.status.as_u16(), status, "{audience}: {}", answer.body);
    }
    let uri = client.pushed(&browser, &[]).await;
    let start = browser
        .get_until(&client.bring(&uri), &client.rp.redirect_uri)
        .await;
    let code = client.rp.walk(&browser, start).await.query("code").unwrap();
    let answer = client.redeem_raw(&browser, &code).await;
    assert_eq!(
        answer.status, 400,
        "no token without a proof of possession: {}",
        answer.body
    );
    // No rotation (FAPI 2.0 Security Profile section 5.3.2.1): the token that was given goes on.
    let uri = client.pushed(&browser, &[]).await;
    let start = browser
        .get_until(&client.bring(&uri), &client.rp.redirect_uri)
        .await;
    let code = client.rp.walk(&browser, start).await.query("code").unwrap();
    let (key, endpoint) = (DpopKey::default(), format!("{}/oidc/token", platform.origin));
    let ask = async |body: String| {
        let assertion = client.assertion();
        let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
        // The nonce that the first answer names is asked for with an assertion of its own.
        let first = key.proof("POST", &endpoint, "", None);
        let send = async |proof: &str, assertion: &str| {
            let body = format!("{body}&client_assertion_type={kind}&client_assertion={assertion}");
            browser.post_raw(&endpoint, &[("dpop", proof)], &body).await
        };
        let nonce = send(&first, &assertion).await;
        let nonce = nonce.header("dpop-nonce").unwrap().to_owned();
        let second = key.proof("POST", &endpoint, &nonce, None);
        let answer = send(&second, &client.assertion()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str::<Value>(&answer.body).unwrap()
    };
    let tokens = ask(client.rp.token_request(&code)).await;
    let refresh = tokens["refresh_token"]
        .as_str()
        .expect("a refresh token")
        .to_owned();
    for _ in 0..3 {
        let again = ask(format!(
            "grant_type=refresh_token&client_id=rp-fapi&refresh_token={refresh}"
        ))
        .await;
        assert!(again["access_token"].is_string());
        assert_eq!(again.get("refresh_token"), None, "{again}");
    }
    // What the profile does not allow cannot be registered.
    let file = platform.path().join("bad.toml");
    for (more, what) in [
        ("authentication = { method = \"none\" }", "authentication"),
        (
            "authentication = { method = \"none\" }\n id_token_signed_response_alg = \"RS256\"",
            "authentication",
        ),
    ] {
        let text = format!(
            "kind = \"sp\"\nname = {{ ja = \"x\", en = \"x\" }}\n[oidc]\nclient_id = \"rp-bad\"\nprofile = \"fapi2\"\n\
             redirect_uris = [\"https://rp.example/cb\"]\n{more}\n"
        );
        std::fs::write(&file, text).unwrap();
        let added = platform.command(&["service", "add", file.to_str().unwrap()]);
        assert!(
            !added.status.success() && String::from_utf8_lossy(&added.stderr).contains(what),
            "{added:?}"
        );
    }
}

#[tokio::test]
async fn every_address_that_is_advertised_answers_and_both_documents_are_one() {
    let platform = Platform::start().await;
    let browser = platform.bare_browser();
    let read = |path: &'static str| {
        let (browser, url) = (browser.clone(), format!("{}{path}", platform.origin));
        async move { browser.get_one(&url).await.body }
    };
    let text = read("/.well-known/openid-configuration").await;
    assert_eq!(
        text,
        read("/.well-known/oauth-authorization-server").await,
        "RFC 8414 section 3"
    );
    let document: Value = serde_json::from_str(&text).unwrap();
    let mut seen = 0;
    for (name, value) in document.as_object().unwrap() {
        if !(name.ends_with("_endpoint") || name.ends_with("_uri")) {
            continue;
        }
        let url = value.as_str().unwrap();
        assert!(url.starts_with(&platform.origin), "{name}");
        let answer = browser.get_one(url).await;
        assert_ne!(answer.status, 404, "{name} = {url}");
        seen += 1;
    }
    assert!(seen >= 6, "{seen}");
    // Nothing is fetched here, so nothing says so.
    assert_eq!(document["request_uri_parameter_supported"], false);
    assert_eq!(document["require_request_uri_registration"], true);
}
