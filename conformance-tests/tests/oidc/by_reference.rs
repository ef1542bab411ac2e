//! Request objects that are fetched from where the client registered them (OpenID Connect Core 1.0 section 6.2; RFC 9101 section 5.2).

use std::time::{Duration, Instant};

use conformance_tests::{Browser, DocumentServer, Platform, PlatformOptions, SigningClient};

const FETCHES: &str = "[oidc]\nfetch_ca = \"servers-ca.pem\"\nfetch_from_internal_networks = true\n";
const NAME: &str = "rp-reference.localhost";
/// Where the client's server says this and that; all are registered.
const PATHS: [&str; 9] = [
    "/object",
    "/missing",
    "/elsewhere",
    "/long",
    "/endless",
    "/octets",
    "/held",
    "/broken",
    "/forged",
];

async fn platform() -> (Platform, DocumentServer, SigningClient) {
    let options = PlatformOptions {
        more_config: FETCHES.to_owned(),
        ..Default::default()
    };
    let platform = Platform::start_with(options).await;
    let server = DocumentServer::start(&platform, &[NAME]).await;
    let uris: Vec<String> = PATHS
        .iter()
        .map(|path| format!("{:?}", server.url(NAME, path)))
        .chain([
            format!("{:?}", server.url("other-name.localhost", "/object")),
            // Registered with the digest of what was there that day (OpenID Connect Core 1.0 section 6.2).
            format!(
                "{:?}",
                server.url(NAME, "/tagged#47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU")
            ),
        ])
        .collect();
    let more = format!("requests = {{ request_uris = [{}] }}", uris.join(", "));
    let client = SigningClient::register(&platform, "rp-reference", &more);
    (platform, server, client)
}

/// The request that brings a reference, with the redirect URI beside it so that errors can be told.
fn bring(client: &SigningClient, uri: &str) -> String {
    let to: String = url::form_urlencoded::byte_serialize(client.rp.redirect_uri.as_bytes()).collect();
    format!("{}&redirect_uri={to}", client.bring(uri))
}

async fn error(browser: &Browser, client: &SigningClient, uri: &str) -> String {
    let reply = browser
        .get_until(&bring(client, uri), &client.rp.redirect_uri)
        .await;
    reply
        .query("error")
        .unwrap_or_else(|| panic!("no error at {}: {}", reply.url, reply.body))
}

#[tokio::test]
async fn an_object_is_fetched_from_the_clients_server_and_is_the_request() {
    let (platform, server, client) = platform().await;
    let browser = platform.browser_with_new_card();
    let mut claims = client.object_claims();
    claims["nonce"] = "of-the-object".into();
    let object = client.object(&claims);
    server.put("/object", "200 OK", format!("{object}\n"));
    let uri = server.url(NAME, "/object");
    let told = client.claims_of(&browser, &client.bring(&uri)).await;
    assert_eq!(told["nonce"], "of-the-object");
    let heads = server.requests();
    assert_eq!(heads.len(), 1, "{heads:?}");
    let head = heads[0].to_ascii_lowercase();
    assert!(head.starts_with("get /object http/1.1"), "{head}");
    assert!(
        head.contains(&format!("host: {NAME}:{}", server.port)),
        "by its name, though an address was connected to: {head}"
    );
    assert!(head.contains("accept: application/oauth-authz-req+jwt"), "{head}");
    // The server sets a cookie with every answer; nobody keeps it, and nobody is named.
    let mut again = client.object_claims();
    again["nonce"] = "again".into();
    let object = client.object(&again);
    server.put("/object", "200 OK", &object);
    let digest = jose::encode_base64url(jose::digest::sha256(object.as_bytes()));
    let told = client
        .claims_of(&browser, &client.bring(&format!("{uri}#{digest}")))
        .await;
    assert_eq!(told["nonce"], "again");
    for head in server.requests() {
        let head = head.to_ascii_lowercase();
        for word in [
            "cookie:",
            "authorization:",
            "referer:",
            "user-agent:",
            "forwarded",
        ] {
            assert!(!head.contains(word), "{head}");
        }
    }
    server.put("/tagged", "200 OK", client.object(&client.object_claims()));
    let tagged = client.bring(&server.url(NAME, "/tagged"));
    assert_eq!(client.claims_of(&browser, &tagged).await["nonce"], "no-1");
    // Another fragment says that what a server keeps is old (OpenID Connect Core 1.0 section 6.2); nothing is kept.
    let other = format!(
        "{uri}#{}",
        jose::encode_base64url(jose::digest::sha256(b"another"))
    );
    let mut plain = client.object_claims();
    plain["nonce"] = "undated".into();
    // What the official suite signs in `oidcc-request-uri-signed-rs256`: the parameters, `iss` and `aud`.
    for name in ["exp", "iat", "nbf", "jti"] {
        plain.as_object_mut().unwrap().remove(name);
    }
    server.put(
        "/object",
        "200 OK",
        client.jws(&serde_json::json!({"alg": "ES256", "kid": "k1"}), &plain),
    );
    // Without `response_type` and `scope` beside it, and with them.
    for beside in ["", "&response_type=code&scope=openid"] {
        let told = client
            .claims_of(&browser, &format!("{}{beside}", client.bring(&other)))
            .await;
        assert_eq!(told["nonce"], "undated");
    }
    let document = browser
        .get_raw(
            &format!("{}/.well-known/openid-configuration", platform.origin),
            &[],
        )
        .await;
    assert!(
        document.body.contains("\"request_uri_parameter_supported\":true"),
        "{}",
        document.body
    );
}

#[tokio::test]
async fn what_cannot_be_fetched_is_no_request() {
    let (platform, server, client) = platform().await;
    let browser = platform.bare_browser();
    let good = client.object(&client.object_claims());
    server.put("/object", "200 OK", &good);
    server.redirect("/elsewhere", &server.url(NAME, "/object"));
    server.put("/long", "200 OK", "a".repeat(64 * 1024 + 1));
    server.flood("/endless");
    server.put("/octets", "200 OK", [0xff, 0xfe, 0x00]);
    server.put("/broken", "500 Internal Server Error", &good);
    for path in [
        "/missing",
        "/elsewhere",
        "/long",
        "/endless",
        "/octets",
        "/broken",
    ] {
        let before = server.requests().len();
        let told = error(&browser, &client, &server.url(NAME, path)).await;
        assert_eq!(told, "invalid_request_uri", "{path}");
        // Each was tried, once; a redirect is not followed.
        assert_eq!(server.requests().len(), before + 1, "{path}");
    }
    // A server that cannot prove the registered name.
    let heads = server.requests().len();
    let other = server.url("other-name.localhost", "/object");
    assert_eq!(error(&browser, &client, &other).await, "invalid_request_uri");
    assert_eq!(server.requests().len(), heads, "nothing is asked without TLS");
    // One that never answers holds the person up for three seconds, not longer.
    server.hold("/held");
    let begun = Instant::now();
    let told = error(&browser, &client, &server.url(NAME, "/held")).await;
    assert_eq!(told, "invalid_request_uri");
    let took = begun.elapsed();
    assert!(
        took > Duration::from_secs(2) && took < Duration::from_secs(8),
        "{took:?}"
    );
    // What is fetched is judged like an object by value.
    let stranger = SigningClient::register(&platform, "rp-stranger", "");
    server.put("/forged", "200 OK", stranger.object(&client.object_claims()));
    let told = error(&browser, &client, &server.url(NAME, "/forged")).await;
    assert_eq!(told, "invalid_request_object");
    for (reason, at_least) in [
        ("refused", 3.0),
        ("too_long", 2.0),
        ("unreachable", 1.0),
        ("too_slow", 1.0),
    ] {
        let name = format!("request_object_fetch_failures_total{{reason=\"{reason}\"}}");
        let count = platform.metric(&name).await.unwrap_or_default();
        assert!(count >= at_least, "{name}: {count}");
    }
}
