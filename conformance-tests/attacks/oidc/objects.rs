//! Request objects and pushed requests in wrong hands: other keys, other algorithms, other words beside them, other addresses to fetch from.

use std::net::TcpListener;

use conformance_tests::{Browser, Page, Platform, PlatformOptions, SigningClient, free_port};
use serde_json::{Value, json};

fn at(client: &SigningClient, object: &str, more: &str) -> String {
    let to: String = url::form_urlencoded::byte_serialize(client.rp.redirect_uri.as_bytes()).collect();
    format!(
        "{}/oidc/authorize?client_id={}&request={object}&redirect_uri={to}{more}",
        client.rp.origin, client.rp.client_id
    )
}

async fn told(browser: &Browser, client: &SigningClient, url: &str) -> (String, Page) {
    let reply = browser.get_until(url, &client.rp.redirect_uri).await;
    assert!(reply.query("code").is_none(), "{}", reply.url);
    assert_eq!(
        reply.query("iss").as_deref(),
        Some(client.rp.origin.as_str()),
        "{}",
        reply.url
    );
    (reply.query("error").unwrap_or_default(), reply)
}

/// Every way in which an object of this client is none.
fn bad_objects(client: &SigningClient, thief: &SigningClient) -> Vec<(&'static str, String)> {
    let claims = client.object_claims();
    let part = |value: &Value| jose::encode_base64url(value.to_string());
    let unsigned = |header: Value| format!("{}.{}.", part(&header), part(&claims));
    let changed = |name: &str, value: Value| {
        let mut claims = client.object_claims();
        claims[name] = value;
        client.object(&claims)
    };
    let public = client.jwk().to_string();
    let hmac = {
        // The public key as an HMAC secret: only the header matters, no such algorithm exists here.
        let input = format!("{}.{}", part(&json!({"alg":"HS256","kid":"k1"})), part(&claims));
        format!(
            "{input}.{}",
            jose::encode_base64url(jose::digest::sha256(public.as_bytes()))
        )
    };
    vec![
        ("none", unsigned(json!({"alg":"none"}))),
        (
            "NONE",
            unsigned(json!({"alg":"NONE","typ":"oauth-authz-req+jwt"})),
        ),
        ("no alg", unsigned(json!({"typ":"oauth-authz-req+jwt"}))),
        ("HMAC with the public key", hmac),
        (
            "RS256 named over ES256",
            client.jws(&json!({"alg":"RS256","kid":"k1"}), &claims),
        ),
        (
            "ES384 named over ES256",
            client.jws(&json!({"alg":"ES384","kid":"k1"}), &claims),
        ),
        ("another client's key", thief.object(&claims)),
        (
            "a key that it brings",
            thief.jws(&json!({"alg":"ES256","jwk":thief.jwk()}), &claims),
        ),
        (
            "a key that it points to",
            thief.jws(
                &json!({"alg":"ES256","kid":"k1","jku":"https://evil.localhost/jwks"}),
                &claims,
            ),
        ),
        (
            "a certificate that it points to",
            thief.jws(
                &json!({"alg":"ES256","x5u":"https://evil.localhost/cert"}),
                &claims,
            ),
        ),
        (
            "a critical extension",
            client.jws(
                &json!({"alg":"ES256","kid":"k1","crit":["b64"],"b64":false}),
                &claims,
            ),
        ),
        ("a client assertion", client.assertion()),
        (
            "another type",
            client.jws(&json!({"alg":"ES256","kid":"k1","typ":"dpop+jwt"}), &claims),
        ),
        ("encrypted", "a.b.c.d.e".to_owned()),
        ("another issuer", changed("iss", json!("rp-thief"))),
        (
            "for another provider",
            changed("aud", json!("https://other.example")),
        ),
        ("over", changed("exp", json!(1))),
        ("without end", changed("exp", Value::Null)),
        (
            "for a year",
            changed("exp", json!(claims["exp"].as_i64().unwrap() + 31_536_000)),
        ),
        (
            "from the future",
            changed("nbf", json!(claims["exp"].as_i64().unwrap() + 3000)),
        ),
        ("with another request in it", changed("request", json!("a.b.c"))),
        (
            "with an address in it",
            changed("request_uri", json!("https://evil.localhost/")),
        ),
        ("as a client assertion too", changed("sub", json!("rp-objects"))),
        ("of another client", changed("client_id", json!("rp-thief"))),
        ("a number for a text", changed("state", json!(1))),
    ]
}

#[tokio::test]
async fn keys_algorithms_and_messages_of_others() {
    let platform = Platform::start().await;
    let client = SigningClient::register(
        &platform,
        "rp-objects",
        "requests = { request_object_signing_algs = [\"ES256\"] }",
    );
    let thief = SigningClient::register(&platform, "rp-thief", "");
    let browser = platform.bare_browser();
    let claims = client.object_claims();
    let theirs = thief.object(&claims);
    for (what, object) in &bad_objects(&client, &thief) {
        let (error, _) = told(&browser, &client, &at(&client, object, "")).await;
        assert_eq!(error, "invalid_request_object", "{what}");
        // Pushed: told as JSON.
        let answer = client
            .push(&browser, &[("request".to_owned(), object.clone())])
            .await;
        assert_eq!(answer.status, 400, "{what}: {}", answer.body);
        assert!(
            answer.body.contains("invalid_request_object"),
            "{what}: {}",
            answer.body
        );
    }
    // The thief presents the client's own object as its own.
    let own = client.object(&claims);
    let (error, _) = told(&browser, &thief, &at(&thief, &own, "")).await;
    assert_eq!(error, "invalid_request_object");
    // Nothing to fetch from was registered, and both at once exclude one another.
    let good = at(&client, &own, "&request_uri=https%3A%2F%2Fevil.localhost%2F");
    assert_eq!(told(&browser, &client, &good).await.0, "invalid_request");
    // A bad object and no registered address beside it: nobody is sent anywhere.
    let nowhere = at(&client, &theirs, "").replace("%2Fcb", "%2Fevil");
    let page = browser.get_one(&nowhere).await;
    assert_eq!((page.status.as_u16(), page.header("location")), (400, None));
}

#[tokio::test]
async fn pkce_is_not_lost_on_any_way_in() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-pkce", "");
    let browser = platform.browser_with_new_card();
    for (name, value) in [
        ("code_challenge", None),
        ("code_challenge_method", None),
        ("code_challenge_method", Some("plain")),
        ("code_challenge_method", Some("none")),
        ("code_challenge", Some("short")),
    ] {
        let mut parameters = client.parameters();
        parameters.retain(|(known, _)| known != name);
        parameters.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&parameters)
            .finish();
        let plain = format!("{}/oidc/authorize?{query}", platform.origin);
        assert_eq!(
            told(&browser, &client, &plain).await.0,
            "invalid_request",
            "{name}"
        );
        assert_eq!(client.push(&browser, &parameters).await.status, 400, "{name}");
        let mut claims = client.object_claims();
        let members = claims.as_object_mut().unwrap();
        members.remove(name);
        if let Some(value) = value {
            members.insert(name.to_owned(), json!(value));
        }
        // What stands beside a typed object does not come in its place.
        let beside = "&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let signed = at(&client, &client.object(&claims), beside);
        assert_eq!(
            told(&browser, &client, &signed).await.0,
            "invalid_request",
            "{name}"
        );
    }
    // A code is not redeemed without its verifier.
    let uri = client.pushed(&browser, &[]).await;
    let start = browser
        .get_until(&client.bring(&uri), &client.rp.redirect_uri)
        .await;
    let code = client.rp.walk(&browser, start).await.query("code").unwrap();
    let body = client.rp.token_request(&code);
    let without = body.split("&code_verifier=").next().unwrap().to_owned()
        + "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion="
        + &client.assertion();
    let answer = browser
        .post_raw(&format!("{}/oidc/token", platform.origin), &[], &without)
        .await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert!(answer.body.contains("invalid_request"), "{}", answer.body);
}

#[tokio::test]
async fn no_address_that_a_client_names_leads_us_inside() {
    let port = free_port();
    let inside = TcpListener::bind(("127.0.0.1", port)).unwrap();
    inside.set_nonblocking(true).unwrap();
    let options = PlatformOptions {
        more_config: "[oidc]\nfetch_ca = \"front.pem\"\n".to_owned(),
        ..Default::default()
    };
    let platform = Platform::start_with(options).await;
    let registered = format!("https://rp-ssrf.localhost:{port}/object");
    let client = SigningClient::register(
        &platform,
        "rp-ssrf",
        &format!("requests = {{ request_uris = [\"{registered}\"] }}"),
    );
    let browser = platform.bare_browser();
    let to: String = url::form_urlencoded::byte_serialize(client.rp.redirect_uri.as_bytes()).collect();
    let fetch = |uri: &str| {
        let encoded: String = url::form_urlencoded::byte_serialize(uri.as_bytes()).collect();
        let origin = &platform.origin;
        format!("{origin}/oidc/authorize?client_id=rp-ssrf&redirect_uri={to}&request_uri={encoded}")
    };
    for uri in [
        registered.as_str(),
        &format!("https://127.0.0.1:{port}/object"),
        &format!("https://[::1]:{port}/object"),
        &format!("https://[::ffff:127.0.0.1]:{port}/object"),
        &format!("https://localhost:{port}/object"),
        &format!("http://rp-ssrf.localhost:{port}/object"),
        &format!("{registered}?x=1"),
        &format!("{registered}/../other"),
        &format!("https://rp-ssrf.localhost:{port}@127.0.0.1:{port}/object"),
        "https://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "urn:ietf:params:oauth:request_uri:",
    ] {
        let (error, _) = told(&browser, &client, &fetch(uri)).await;
        assert_eq!(error, "invalid_request_uri", "{uri}");
        let nobody = inside.accept().err().map(|error| error.kind());
        assert_eq!(
            nobody,
            Some(std::io::ErrorKind::WouldBlock),
            "{uri}: somebody came"
        );
    }
    // Nor is any other registered address ever asked for anything: they are refused at registration where they could only lead inside.
    for (setting, uri) in [
        ("request_uris", "https://127.0.0.1/object"),
        ("request_uris", "https://[::1]/object"),
        ("request_uris", "https://localhost/object"),
        ("request_uris", "http://rp.example/object"),
        ("request_uris", "https://user@rp.example/object"),
        ("request_uris", "https://rp.example/object#x#y"),
        ("request_uris", "https://0x7f.1/object"),
    ] {
        let file = platform.path().join("bad.toml");
        let jwks = json!({ "keys": [client.jwk()] });
        let text = format!(
            r#"kind = "sp"
            name = {{ ja = "x", en = "x" }}
            [oidc]
            client_id = "rp-bad"
            redirect_uris = ["https://rp.example/cb"]
            authentication = {{ method = "private_key_jwt", jwks = '{jwks}' }}
            requests = {{ {setting} = ["{uri}"] }}
            "#
        );
        std::fs::write(&file, text).unwrap();
        let added = platform.command(&["service", "add", file.to_str().unwrap()]);
        assert!(!added.status.success(), "{uri} was registered");
        assert!(
            String::from_utf8_lossy(&added.stderr).contains(setting),
            "{added:?}"
        );
    }
}

#[tokio::test]
async fn every_answer_says_who_gave_it() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-mix", "");
    let browser = platform.browser_with_new_card();
    let good = client.rp.request("");
    let start = browser.get_until(&good, &client.rp.redirect_uri).await;
    let reply = client.rp.walk(&browser, start).await;
    assert!(reply.query("code").is_some());
    assert_eq!(reply.query("iss").as_deref(), Some(platform.origin.as_str()));
    for more in [
        "&prompt=none&max_age=0",
        "&prompt=x",
        "&response_type=token",
        "&request=a.b.c",
        "&claims=x",
    ] {
        told(&browser, &client, &format!("{good}{more}")).await;
        // By form: the same words.
        let url = format!("{good}{more}&response_mode=form_post");
        let page = browser.get(&url).await;
        let form = page.form(&client.rp.redirect_uri);
        assert_eq!(form.field("iss"), Some(platform.origin.as_str()), "{more}");
        assert!(
            form.field("error").is_some() && form.field("code").is_none(),
            "{more}"
        );
    }
}
