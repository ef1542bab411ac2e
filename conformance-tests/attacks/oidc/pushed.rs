//! The name of a pushed request in wrong hands (RFC 9126 section 7; RFC 9101 section 10.4): another client's, guessed, used, late, renamed,
//! and beside another request. What a client does with its own is in `tests/oidc/requests.rs`.

use std::time::{Duration, Instant};

use conformance_tests::{Platform, PlatformOptions, SigningClient};

#[tokio::test]
async fn a_name_is_its_clients_once_and_for_a_while() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-names", "");
    let thief = SigningClient::register(&platform, "rp-names-thief", "");
    let browser = platform.browser_with_new_card();
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let cb = encoded(&client.rp.redirect_uri);

    let uri = client.pushed(&browser, &[]).await;
    let bring = client.bring(&uri);
    let (front, secret) = uri.rsplit_once(':').unwrap();
    let flipped: String = secret.chars().rev().collect();
    let wrong = [
        ("another client's", thief.bring(&uri)),
        (
            "nobody's",
            bring.replace("client_id=rp-names", "client_id=rp-nobody"),
        ),
        ("no client", bring.replace("client_id=rp-names&", "")),
        ("cut", client.bring(&uri[..uri.len() - 1])),
        ("longer", client.bring(&format!("{uri}A"))),
        ("turned", client.bring(&format!("{front}:{flipped}"))),
        ("without a secret", client.bring(&format!("{front}:"))),
        ("bare", client.bring(secret)),
        ("in capitals", client.bring(&uri.to_uppercase())),
        ("with a fragment", client.bring(&format!("{uri}#x"))),
        ("with a query", client.bring(&format!("{uri}?x"))),
        ("with a space", client.bring(&format!(" {uri}"))),
        ("with a null", client.bring(&format!("{uri}\0"))),
        ("twice", format!("{bring}&request_uri={}", encoded(&uri))),
        (
            "by value beside it",
            format!("{bring}&request={}", client.object(&client.object_claims())),
        ),
        ("the client twice", format!("{bring}&client_id=rp-names-thief")),
        ("an address", client.bring("https://evil.localhost/request")),
        ("everything", client.bring("urn:ietf:params:oauth:request_uri:*")),
        (
            "a path",
            client.bring("urn:ietf:params:oauth:request_uri:../../x"),
        ),
    ];
    for (what, url) in wrong {
        let answer = browser.get_one(&url).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (400, None),
            "{what}: {}",
            answer.body
        );
        // An address beside it: of its client or nowhere.
        let answer = browser
            .get_one(&format!("{url}&redirect_uri=https%3A%2F%2Fevil.localhost%2Fcb"))
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (400, None),
            "{what}"
        );
        let answer = browser
            .get_until(&format!("{url}&redirect_uri={cb}"), &client.rp.redirect_uri)
            .await;
        assert!(answer.query("code").is_none(), "{what}: {}", answer.url);
    }
    // None of it spent the name, and the thief's parameters beside it are nothing.
    let theirs = format!(
        "{bring}&redirect_uri={}&state=evil&scope=evil",
        encoded(&thief.rp.redirect_uri)
    );
    let start = browser.get_until(&theirs, &client.rp.redirect_uri).await;
    let reply = client.rp.walk(&browser, start).await;
    assert!(reply.query("code").is_some(), "{}", reply.url);
    assert_eq!(reply.query("state").as_deref(), Some("st-1"));
    // Used, from anywhere.
    for somebody in [&browser, &platform.bare_browser()] {
        let answer = somebody.get_one(&bring).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (400, None));
    }
}

#[tokio::test]
async fn a_name_is_too_late_after_its_time() {
    let options = PlatformOptions {
        more_config: "[oidc]\npushed_request_seconds = 5\n".to_owned(),
        ..Default::default()
    };
    let platform = Platform::start_with(options).await;
    let client = SigningClient::register(&platform, "rp-late", "");
    let browser = platform.bare_browser();
    let late = client.pushed(&browser, &[]).await;
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(6) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let answer = browser.get_one(&client.bring(&late)).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (400, None));
}

#[tokio::test]
async fn nobody_pushes_in_anothers_name() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-owns", "");
    let thief = SigningClient::register(&platform, "rp-owns-thief", "");
    let browser = platform.bare_browser();
    let swapped = |name: &str, value: &str| {
        let mut parameters = thief.parameters();
        parameters.retain(|(known, _)| known != name);
        parameters.push((name.to_owned(), value.to_owned()));
        parameters
    };
    for (name, value) in [
        ("client_id", "rp-owns"),
        ("redirect_uri", client.rp.redirect_uri.as_str()),
        ("redirect_uri", "https://evil.localhost/cb"),
        ("request_uri", "urn:ietf:params:oauth:request_uri:AAAA"),
        ("request_uri", "https://evil.localhost/r"),
        ("request", client.object(&client.object_claims()).as_str()),
    ] {
        let answer = thief.push(&browser, &swapped(name, value)).await;
        assert!(answer.status.is_client_error(), "{name}={value}: {}", answer.body);
        assert!(!answer.body.contains("request_uri:"), "{}", answer.body);
    }
    // Without saying who, and with a pushed name in the place of a request.
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(client.parameters())
        .finish();
    let answer = browser
        .post_raw(&format!("{}/oidc/par", platform.origin), &[], &body)
        .await;
    assert_eq!(answer.status, 401, "{}", answer.body);
}
