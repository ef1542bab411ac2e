//! Mutual TLS (RFC 8705): both methods of client authentication, tokens that are bound to a certificate, and what discovery says of it.

use conformance_tests::{DpopKey, MachineClient, MutualTls, Platform, SigningClient, Wanted};
use serde_json::{Value, json};

const RESOURCE: &str = "https://api.localhost/filings";
const BOUND: &str = "[oidc.tokens]\ntls_client_certificate_bound_access_tokens = true\n";

async fn document(platform: &Platform, path: &str) -> Value {
    let page = platform
        .bare_browser()
        .get_one(&format!("{}{path}", platform.origin))
        .await;
    serde_json::from_str(&page.body).expect("JSON")
}

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("a compact JWS");
    serde_json::from_slice(&jose::decode_base64url(part).expect("base64url")).expect("JSON")
}

#[tokio::test]
async fn discovery_says_mutual_tls_where_there_is_a_listener() {
    let discovery = "/.well-known/openid-configuration";
    let closed = document(&Platform::start().await, discovery).await;
    for absent in [
        "mtls_endpoint_aliases",
        "tls_client_certificate_bound_access_tokens",
    ] {
        assert!(closed.get(absent).is_none(), "{absent}");
    }
    assert!(!closed.to_string().contains("tls_client_auth"), "{closed}");
    let house = MutualTls::start().await;
    let open = document(&house.platform, discovery).await;
    let aliases = open["mtls_endpoint_aliases"].as_object().unwrap();
    // Each alias stands where it is said to stand: an answer of the protocol's, not of a listener that knows no such path.
    let machine = house.certificates.showing(None);
    for (name, alias) in aliases {
        let alias = alias.as_str().unwrap();
        let path = open[name].as_str().unwrap().strip_prefix(&house.platform.origin);
        assert_eq!(
            Some(alias),
            path.map(|path| format!("{}{path}", house.origin)).as_deref()
        );
        let answer = machine.post(alias).send().await.unwrap();
        assert!(
            matches!(answer.status().as_u16(), 400 | 401),
            "{name}: {}",
            answer.status()
        );
    }
    assert_eq!(aliases.len(), 6);
    let resource = document(
        &house.platform,
        "/.well-known/oauth-protected-resource/oidc/userinfo",
    )
    .await;
    assert_eq!(resource["tls_client_certificate_bound_access_tokens"], true);
}

#[tokio::test]
async fn each_way_of_being_registered_lets_its_own_certificate_in() {
    let house = MutualTls::start().await;
    let certificates = &house.certificates;
    certificates.certify(
        "good",
        &Wanted {
            subject: "/C=JP/O=Ministry, A/CN=client",
            san: "DNS:Client.ministry.example,URI:urn:ministry:a,IP:192.0.2.7,IP:2001:db8::7,email:client@ministry.example",
            issuer: Some("pinned"),
            ..Wanted::default()
        },
    );
    certificates.certify("own", &Wanted::default());
    let (good, own) = (
        certificates.showing(Some("good")),
        certificates.showing(Some("own")),
    );
    let self_signed = format!(
        "method = \"self_signed_tls_client_auth\", jwks = '{}'",
        certificates.key_set("own")
    );
    let named = |name: &str| format!("method = \"tls_client_auth\", tls_client_auth_{name}");
    let browser = house.platform.browser_with_new_card();
    for (id, authentication, machine) in [
        (
            "by-dn",
            named(r#"subject_dn = "CN=client,O=Ministry\\, A,C=JP""#),
            &good,
        ),
        ("by-dns", named(r#"san_dns = "client.ministry.example""#), &good),
        ("by-uri", named(r#"san_uri = "urn:ministry:a""#), &good),
        ("by-ip4", named(r#"san_ip = "192.0.2.7""#), &good),
        ("by-ip6", named(r#"san_ip = "2001:db8:0::7""#), &good),
        (
            "by-email",
            named(r#"san_email = "client@MINISTRY.example""#),
            &good,
        ),
        ("by-key", self_signed.clone(), &own),
    ] {
        let client = MachineClient::register(&house, id, &authentication, "");
        let tokens = client.sign_in(machine, &browser, "").await;
        assert_eq!(tokens.text("token_type"), "Bearer");
        // The certificate authenticates; without a word in the registration it binds nothing (section 3.4).
        let token = tokens.text("access_token");
        assert!(!token.contains('.'), "{id}");
        let front = client.userinfo(machine, &client.rp.origin, token).await;
        assert_eq!(front.status, 200, "{id}: {front:?}");
        let other = if id == "by-key" { &good } else { &own };
        let code = client.rp.code(&browser, "").await;
        assert_eq!(
            client.redeem(other, &code).await.refusal(),
            (401, "invalid_client"),
            "{id}"
        );
    }
    // A renewed certificate over the registered key is the registered client; its dates count.
    let renewed = Wanted {
        key_of: Some("own"),
        ..Wanted::default()
    };
    certificates.certify("own-renewed", &renewed);
    certificates.certify(
        "own-late",
        &Wanted {
            days: (-3, -1),
            ..renewed
        },
    );
    let again = MachineClient::register(&house, "by-key-again", &self_signed, "");
    for (name, refusal) in [
        ("own-renewed", (400, "unsupported_grant_type")),
        ("own-late", (401, "invalid_client")),
    ] {
        let machine = certificates.showing(Some(name));
        let told = again.post(&machine, "token", &[("grant_type", "x")]).await;
        assert_eq!(told.refusal(), refusal, "{name}");
    }
}

#[tokio::test]
async fn bound_tokens_are_named_by_their_certificate_at_every_place_that_looks() {
    let house = MutualTls::start().await;
    let certificates = &house.certificates;
    for name in ["one", "two"] {
        certificates.certify(
            name,
            &Wanted {
                san: "URI:urn:ministry:a",
                issuer: Some("pinned"),
                ..Wanted::default()
            },
        );
    }
    let (one, two) = (
        certificates.showing(Some("one")),
        certificates.showing(Some("two")),
    );
    let more = format!("{BOUND}refresh = \"session\"\nresources = [\"{RESOURCE}\"]\n");
    let by_name = "method = \"tls_client_auth\", tls_client_auth_san_uri = \"urn:ministry:a\"";
    let client = MachineClient::register(&house, "bound", by_name, &more);
    let browser = house.platform.browser_with_new_card();

    // User information, on the listener that knows the certificate.
    let tokens = client.sign_in(&one, &browser, "").await;
    assert_eq!(tokens.text("token_type"), "Bearer");
    let token = tokens.text("access_token").to_owned();
    assert_eq!(client.userinfo(&one, &client.mutual, &token).await.status, 200);
    let elsewhere = client.userinfo(&two, &client.mutual, &token).await;
    assert_eq!(elsewhere.status, 401);
    assert!(elsewhere.challenges.contains("invalid_token"), "{elsewhere:?}");

    // The next certificate of the same client refreshes, and gets tokens of its own (section 6.3 leaves refresh tokens to the client).
    let renewed = client.refresh(&two, tokens.text("refresh_token")).await;
    assert_eq!(renewed.status, 200, "{renewed:?}");
    let next = renewed.text("access_token");
    assert_eq!(client.userinfo(&two, &client.mutual, next).await.status, 200);
    assert_eq!(client.userinfo(&one, &client.mutual, next).await.status, 401);

    // A token for a resource says its certificate, and introspection says it to the resource.
    let resource: String = url::form_urlencoded::byte_serialize(RESOURCE.as_bytes()).collect();
    let signed = client
        .sign_in(&one, &browser, &format!("&resource={resource}"))
        .await;
    let expected = json!({ "x5t#S256": certificates.confirmation("one") });
    assert_eq!(claims(signed.text("access_token"))["cnf"], expected);
    let serves = format!("[oidc.tokens]\nserves = [\"{RESOURCE}\"]");
    certificates.certify("server", &Wanted::default());
    let server = MachineClient::register(
        &house,
        "rs",
        &format!(
            "method = \"self_signed_tls_client_auth\", jwks = '{}'",
            certificates.key_set("server")
        ),
        &serves,
    );
    let asked = [("token", signed.text("access_token"))];
    let machine = certificates.showing(Some("server"));
    let told = server.post(&machine, "introspection", &asked).await;
    assert_eq!(
        (&told.json["active"], &told.json["cnf"]),
        (&json!(true), &expected)
    );
    assert_eq!(told.text("token_type"), "Bearer");
    let stranger = server.post(&one, "introspection", &asked).await;
    assert_eq!(stranger.refusal(), (401, "invalid_client"));

    // Pushed with a certificate, and given back with one.
    let pushed = [
        ("response_type", "code"),
        ("redirect_uri", client.rp.redirect_uri.as_str()),
        ("scope", "openid"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ];
    assert_eq!(client.post(&two, "par", &pushed).await.status, 201);
    assert_eq!(
        client.post(&machine, "par", &pushed).await.refusal(),
        (401, "invalid_client")
    );
    let given_back = client.post(&two, "revocation", &[("token", next)]).await;
    assert_eq!(given_back.status, 200, "{given_back:?}");
    assert_eq!(client.userinfo(&two, &client.mutual, next).await.status, 401);
}

#[tokio::test]
async fn a_public_clients_tokens_are_bound_to_whatever_certificate_it_has() {
    let house = MutualTls::start().await;
    let certificates = &house.certificates;
    for name in ["app", "thief"] {
        certificates.certify(name, &Wanted::default());
    }
    let (app, thief) = (
        certificates.showing(Some("app")),
        certificates.showing(Some("thief")),
    );
    let more = format!("{BOUND}refresh = \"session\"\n");
    let client = MachineClient::register(&house, "app", "method = \"none\"", &more);
    let browser = house.platform.browser_with_new_card();
    let code = client.rp.code(&browser, "").await;
    let none = certificates.showing(None);
    assert_eq!(
        client.redeem(&none, &code).await.refusal(),
        (400, "invalid_request")
    );
    let tokens = client.redeem(&app, &code).await;
    assert_eq!(
        tokens.status, 200,
        "a code is not spent by a request without certificate: {tokens:?}"
    );
    let refresh = tokens.text("refresh_token");
    for wrong in [&thief, &none] {
        assert_eq!(client.refresh(wrong, refresh).await.status, 400);
    }
    // Bound to the certificate, and so with the grace of a sender that proves a key (decision 0022).
    let next = client.refresh(&app, refresh).await;
    assert_eq!(next.status, 200, "{next:?}");
    let stolen = client.refresh(&thief, next.text("refresh_token")).await;
    assert_eq!(stolen.refusal(), (400, "invalid_grant"));
    assert_eq!(
        client.refresh(&app, next.text("refresh_token")).await.status,
        200,
        "its owner goes on"
    );
}

#[tokio::test]
async fn fapi_clients_bind_by_certificate_or_by_proof_and_get_nothing_unbound() {
    let house = MutualTls::start().await;
    let certificates = &house.certificates;
    certificates.certify(
        "fapi",
        &Wanted {
            san: "DNS:fapi.example",
            issuer: Some("pinned"),
            ..Wanted::default()
        },
    );
    let machine = certificates.showing(Some("fapi"));
    let by_name = "method = \"tls_client_auth\", tls_client_auth_san_dns = \"fapi.example\"";
    let fapi = "profile = \"fapi2\"\n";
    let bound = MachineClient::register(&house, "fapi-bound", by_name, &format!("{fapi}{BOUND}"));
    let loose = MachineClient::register(&house, "fapi-loose", by_name, fapi);
    let browser = house.platform.browser_with_new_card();
    for (client, refusal) in [(&bound, None), (&loose, Some((400, "invalid_request")))] {
        let pushed = [
            ("response_type", "code"),
            ("redirect_uri", client.rp.redirect_uri.as_str()),
            ("scope", "openid"),
            ("state", "st-1"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
        ];
        let told = client.post(&machine, "par", &pushed).await;
        assert_eq!(told.status, 201, "{told:?}");
        let uri: String = url::form_urlencoded::byte_serialize(told.text("request_uri").as_bytes()).collect();
        let bring = format!(
            "{}/oidc/authorize?client_id={}&request_uri={uri}",
            client.rp.origin, client.rp.client_id
        );
        let start = browser.get_until(&bring, &client.rp.redirect_uri).await;
        let code = client.rp.walk(&browser, start).await.query("code").unwrap();
        let tokens = client.redeem(&machine, &code).await;
        match refusal {
            None => assert_eq!(tokens.status, 200, "{tokens:?}"),
            Some(refusal) => {
                assert_eq!(tokens.refusal(), refusal);
                // The same code, with a proof made for the address where it is shown.
                let body = client.rp.token_request(&code);
                let address = format!("{}/oidc/token", client.mutual);
                let (key, front) = (DpopKey::default(), format!("{}/oidc/token", client.rp.origin));
                let post = |proof: String| {
                    let request = machine
                        .post(&address)
                        .header("dpop", proof)
                        .header("content-type", "application/x-www-form-urlencoded")
                        .body(body.clone());
                    async move { request.send().await.unwrap() }
                };
                let first = post(key.proof("POST", &address, "", None)).await;
                let nonce = first.headers()["dpop-nonce"].to_str().unwrap().to_owned();
                let elsewhere = post(key.proof("POST", &front, &nonce, None)).await;
                assert_eq!(elsewhere.status(), 400, "a proof for the front is none here");
                let good = post(key.proof("POST", &address, &nonce, None)).await;
                let told: Value = good.json().await.unwrap();
                assert_eq!(told["token_type"], "DPoP", "{told}");
            }
        }
    }
    // By assertion, and bound to a certificate.
    let signing = SigningClient::register(&house.platform, "fapi-signing", &format!("{fapi}{BOUND}"));
    let uri = signing.pushed(&browser, &[]).await;
    let start = browser
        .get_until(&signing.bring(&uri), &signing.rp.redirect_uri)
        .await;
    let code = signing.rp.walk(&browser, start).await.query("code").unwrap();
    let told = signing.redeem_raw(&browser, &code).await;
    assert_eq!(
        told.status, 400,
        "on the front there is no certificate: {}",
        told.body
    );
    assert!(told.body.contains("mtls_endpoint_aliases"), "{}", told.body);
}
