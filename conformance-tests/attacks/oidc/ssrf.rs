//! Server-side request forgery (RFC 7591 section 5; OWASP SSRF): through every address that a client can register, by itself or by its file,
//! nothing of ours is led inwards, and what is only shown is never fetched.

use std::time::Duration;

use conformance_tests::{
    DocumentServer, Platform, PlatformOptions, RelyingParty, SamlService, SelfRegistered, SigningClient,
    least,
};
use serde_json::{Value, json};

const REDIRECT: &str = "https://rp.localhost:9/cb";
/// As in production: everything is fetched and told, but not inwards.
const OUTWARDS: &str = "[registration]\nenabled = true\nrequests_per_minute = 10000\n[oidc]\nfetch_ca = \"servers-ca.pem\"\njwks_refresh_seconds = 1\n";

async fn platform() -> Platform {
    Platform::start_with(PlatformOptions {
        more_config: OUTWARDS.to_owned(),
        logout: "ca = \"servers-ca.pem\"".to_owned(),
        ..Default::default()
    })
    .await
}

/// Ways of writing this machine, others of ours, and what is no address of a server on the network.
fn inward(port: u16) -> Vec<String> {
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "0",
        "localhost",
        "localhost.",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::1]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "224.0.0.1",
        "rp.localhost.",
        "user@rp.localhost",
        "rp.localhost:80@127.0.0.1",
    ];
    let mut all: Vec<String> = hosts
        .iter()
        .map(|host| format!("https://{host}:{port}/x"))
        .collect();
    all.extend([
        format!("http://rp.localhost:{port}/x"),
        format!("ftp://rp.localhost:{port}/x"),
        format!("gopher://127.0.0.1:{port}/_x"),
        format!("//rp.localhost:{port}/x"),
        format!("https://rp.localhost:{port}/x#y"),
        format!("https://rp.localhost:{port}/x#y#z"),
        format!("https://rp.localhost:{port}\\@evil.localhost/x"),
        "file:///etc/passwd".to_owned(),
        "unix:/run/x.sock".to_owned(),
        "dict://127.0.0.1/x".to_owned(),
    ]);
    all
}

#[tokio::test]
async fn no_address_that_a_client_registers_itself_leads_inwards() {
    let platform = platform().await;
    let inside = DocumentServer::start(&platform, &["rp.localhost"]).await;
    let browser = platform.browser_with_new_card();
    // Nobody can vouch for a machine's number or for this machine, however it is spelt.
    for address in inward(inside.port) {
        let host = url::Url::parse(&address)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned));
        if let Some(host) = host.filter(|host| host != "rp.localhost") {
            let words = [
                "registration",
                "token",
                "add",
                "numbers",
                "--organisation-ja",
                "x",
            ];
            let more = ["--organisation-en", "x", "--clients", "1", "--host", &host];
            let made = platform.command(&[&words[..], &more].concat());
            let why = String::from_utf8_lossy(&made.stderr);
            assert!(!made.status.success() && why.contains("hosts"), "{host}: {why}");
        }
    }
    let token = platform.initial_token("ssrf", &["rp.localhost"], 50, "standard");
    let keys = SigningClient::unregistered("x");
    let with = |name: &str, value: Value| {
        let mut asked = least(REDIRECT);
        if name == "jwks_uri" {
            asked["token_endpoint_auth_method"] = json!("private_key_jwt");
        }
        if name == "request_uris" {
            asked["jwks"] = json!({ "keys": [keys.jwk()] });
        }
        asked[name] = value;
        asked
    };
    // Every spelling, under every name that is ever connected to: refused before anything is.
    for name in [
        "jwks_uri",
        "sector_identifier_uri",
        "request_uris",
        "backchannel_logout_uri",
    ] {
        for bad in inward(inside.port) {
            // There a fragment may be (OpenID Connect Core 1.0 section 6.2); it is never sent to a server.
            if name == "request_uris" && bad.ends_with("/x#y") {
                continue;
            }
            let value = if name == "request_uris" {
                json!([bad])
            } else {
                json!(bad)
            };
            let answer = platform.self_register(&browser, &token, &with(name, value)).await;
            assert_eq!(answer.status, 400, "{name} {bad}: {}", answer.body);
            // Another host by the token, which cannot name it; the token's own host, written so, by the rule about addresses.
            let own = url::Url::parse(&bad).is_ok_and(|url| url.host_str() == Some("rp.localhost"));
            let by_the_token = answer.body.contains("does not name");
            assert!(own != by_the_token, "{name} {bad}: {}", answer.body);
            let by_name = answer.body.contains(name) || answer.body.contains("logout URI");
            assert!(by_name, "{name} {bad}: {}", answer.body);
            assert_eq!(inside.connections(), 0, "{name} {bad}");
        }
    }
    // A good name that leads to this machine (as one does that was made to): at registration, …
    let own = inside.url("rp.localhost", "/x");
    inside.put("/x", "200 OK", json!([REDIRECT]).to_string());
    for name in ["jwks_uri", "sector_identifier_uri"] {
        let answer = platform
            .self_register(&browser, &token, &with(name, json!(own)))
            .await;
        assert_eq!(answer.status, 400, "{name}: {}", answer.body);
        // Nobody is told what is behind the name.
        assert!(answer.body.contains("not_public"), "{}", answer.body);
    }
    // … at an authorization request, …
    let made = platform
        .self_register(&browser, &token, &with("request_uris", json!([own])))
        .await;
    let made = SelfRegistered::of(&made, 201);
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let request = format!(
        "{}/oidc/authorize?client_id={}&redirect_uri={}&request_uri={}",
        platform.origin,
        made.client_id,
        encode(REDIRECT),
        encode(&own)
    );
    let reply = browser.get_until(&request, REDIRECT).await;
    assert_eq!(reply.query("error").as_deref(), Some("invalid_request_uri"));
    // … and when a person signs out.
    let made = platform
        .self_register(&browser, &token, &with("backchannel_logout_uri", json!(own)))
        .await;
    let made = SelfRegistered::of(&made, 201);
    let rp = RelyingParty {
        client_id: made.client_id,
        redirect_uri: REDIRECT.to_owned(),
        origin: platform.origin.clone(),
    };
    rp.sign_in(&browser, "").await;
    let account = browser.get(&format!("{}/account", platform.origin)).await;
    browser.submit(&account.form("/account/end-all")).await;
    let told = "logout_messages_total{outcome=\"not_public\"}";
    let until = tokio::time::Instant::now() + Duration::from_secs(20);
    while platform.metric(told).await.unwrap_or_default() < 1.0 {
        assert!(tokio::time::Instant::now() < until, "it is not even tried");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(inside.connections(), 0, "somebody came: {:?}", inside.requests());
}

/// Metadata names the place of a service's logout messages by SOAP: every spelling of a machine of ours is either refused when the service is
/// registered or told nothing when a person signs out, by the rule that looks at where it leads.
#[tokio::test]
async fn no_place_for_logout_messages_in_metadata_leads_inwards() {
    let platform = platform().await;
    let inside = DocumentServer::start(&platform, &["rp.localhost", "localhost", "127.0.0.1"]).await;
    let browser = platform.browser_with_new_card();
    let mut registered = 0;
    for (number, address) in inward(inside.port)
        .iter()
        .chain([&inside.url("rp.localhost", "/x")])
        .enumerate()
    {
        let name = format!("inward{number}");
        let (entity, acs) = (
            format!("https://{name}.localhost:9/metadata"),
            format!("https://{name}.localhost:9/acs"),
        );
        let text = format!(
            r#"
            kind = "sp"
            name = {{ ja = "{name}", en = "{name}" }}
            [saml]
            metadata = '''<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}"><SPSSODescriptor
            protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><SingleLogoutService
            Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="{address}"/><AssertionConsumerService index="0"
            Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{acs}"/></SPSSODescriptor></EntityDescriptor>'''
            "#
        );
        let file = platform.path().join("inward.toml");
        std::fs::write(&file, text).unwrap();
        let added = platform.command(&["service", "add", file.to_str().unwrap()]);
        if !added.status.success() {
            let why = String::from_utf8_lossy(&added.stderr);
            assert!(why.contains("metadata"), "{address}: {why}");
            continue;
        }
        let service = SamlService::of(&platform, &name);
        let mut page = browser.get(&service.request("_one")).await;
        if page.has_form("/card") {
            page = browser.submit(&page.form("/card")).await;
        }
        service.reply(&browser, page).await;
        registered += 1;
    }
    assert!(registered > 10, "{registered} were registered");
    let account = browser.get(&format!("{}/account", platform.origin)).await;
    browser.submit(&account.form("/account/end-all")).await;
    let until = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let told: Value = platform.told_operator("/logouts").await;
        let receipts = told["receipts"].as_array().unwrap();
        let tried = receipts.iter().filter(|one| one["problem"] != Value::Null);
        if tried.clone().count() == registered {
            for one in tried {
                assert_eq!(one["channel"], "soap", "{one}");
                let refused = ["not_public", "address"].contains(&one["problem"].as_str().unwrap());
                assert!(refused, "{one}");
            }
            break;
        }
        assert!(tokio::time::Instant::now() < until, "not all were tried: {told}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(inside.connections(), 0, "somebody came: {:?}", inside.requests());
}

#[tokio::test]
async fn what_is_only_shown_or_gone_to_is_never_fetched() {
    // Where everything may be fetched, from this machine too.
    let platform = Platform::start_with(PlatformOptions {
        more_config: conformance_tests::SELF_REGISTRATION.to_owned(),
        ..Default::default()
    })
    .await;
    let server = DocumentServer::start(&platform, &["rp.localhost"]).await;
    let browser = platform.browser_with_new_card();
    let token = platform.initial_token("shown", &["rp.localhost"], 2, "standard");
    let at = |path: &str| server.url("rp.localhost", path);
    let redirect = at("/cb");
    let mut asked = least(&redirect);
    for name in [
        "logo_uri",
        "client_uri",
        "policy_uri",
        "tos_uri",
        "frontchannel_logout_uri",
    ] {
        asked[name] = json!(at(&format!("/{name}")));
    }
    asked["post_logout_redirect_uris"] = json!([at("/bye")]);
    let made = SelfRegistered::of(&platform.self_register(&browser, &token, &asked).await, 201);
    assert_eq!(made.told["logo_uri"], asked["logo_uri"]);
    let rp = RelyingParty {
        client_id: made.client_id.clone(),
        redirect_uri: redirect,
        origin: platform.origin.clone(),
    };
    let page = browser.get_until(&rp.request(""), &rp.redirect_uri).await;
    // Nor is a browser made to fetch it: no picture of a stranger's stands on our page.
    assert!(!page.body.contains("logo_uri"), "{}", page.body);
    rp.sign_in(&browser, "").await;
    let headers = [("authorization", format!("Bearer {}", made.token))];
    let headers = [(headers[0].0, headers[0].1.as_str())];
    assert_eq!(browser.send_raw("GET", &made.uri, &headers, "").await.status, 200);
    assert_eq!(server.connections(), 0, "{:?}", server.requests());
    // To show that the server is there and would have been found.
    let mut found = least(&rp.redirect_uri);
    found["sector_identifier_uri"] = json!(at("/sector"));
    server.put("/sector", "200 OK", json!([rp.redirect_uri]).to_string());
    SelfRegistered::of(&platform.self_register(&browser, &token, &found).await, 201);
    assert_eq!(server.connections(), 1);
}

// The command line is waited for on a thread of the test's, while the server counts on another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_does_one_in_a_service_file() {
    let platform = platform().await;
    let inside = DocumentServer::start(&platform, &["rp.localhost"]).await;
    inside.put("/x", "200 OK", json!(["https://rp.example/cb"]).to_string());
    let own = inside.url("rp.localhost", "/x");
    let mut addresses = inward(inside.port);
    addresses.truncate(9);
    addresses.push(own);
    for setting in ["sector_identifier_uri", "jwks_uri"] {
        for address in &addresses {
            let text = format!(
                r#"kind = "sp"
                name = {{ ja = "x", en = "x" }}
                [oidc]
                client_id = "rp-file"
                redirect_uris = ["https://rp.example/cb"]
                authentication = {{ method = "private_key_jwt" }}
                {setting} = "{address}"
                "#
            );
            let file = platform.path().join("inward.toml");
            std::fs::write(&file, text).unwrap();
            let added = platform.command(&["service", "add", file.to_str().unwrap()]);
            assert!(!added.status.success(), "{setting} {address} was registered");
            assert_eq!(inside.connections(), 0, "{setting} {address}");
        }
    }
}
