//! Mutual TLS attacked (RFC 8705 section 7): stolen bound tokens, certificates in headers, certificates of others, and what a certificate
//! authority beside the pinned one can be made to issue.

use conformance_tests::{ClientCertificates, MachineClient, MutualTls, Told, Wanted};

const BOUND: &str =
    "[oidc.tokens]\ntls_client_certificate_bound_access_tokens = true\nrefresh = \"session\"\n";
const SUBJECT: &str = "/C=JP/O=Ministry/CN=client";
const NAMES: &str =
    "DNS:client.ministry.example,URI:urn:ministry:a,IP:192.0.2.7,email:client@ministry.example";

fn code_of(told: &Told) -> &str {
    // Behind it stands the reference of this refusal.
    told.text("error_description")
        .split(" (reference ")
        .next()
        .unwrap_or_default()
        .rsplit(' ')
        .next()
        .unwrap_or_default()
}

/// A listener, a good certificate `good` of the client `victim`, and that client.
async fn scene(more: &str) -> (MutualTls, MachineClient) {
    let house = MutualTls::start().await;
    let good = Wanted {
        subject: SUBJECT,
        san: NAMES,
        issuer: Some("pinned"),
        ..Wanted::default()
    };
    house.certificates.certify("good", &good);
    let by_name = "method = \"tls_client_auth\", tls_client_auth_san_dns = \"client.ministry.example\"";
    let client = MachineClient::register(&house, "victim", by_name, more);
    (house, client)
}

#[tokio::test]
async fn a_stolen_token_is_worth_nothing_without_its_certificate() {
    let (house, client) = scene(BOUND).await;
    let certificates = &house.certificates;
    // The thief has certificates: one of nobody, one of another client, and one that the pinned authority issued to the same names.
    certificates.certify(
        "strange",
        &Wanted {
            subject: SUBJECT,
            san: NAMES,
            ..Wanted::default()
        },
    );
    certificates.certify(
        "neighbour",
        &Wanted {
            san: "DNS:b.example",
            issuer: Some("pinned"),
            ..Wanted::default()
        },
    );
    certificates.certify(
        "twin",
        &Wanted {
            subject: SUBJECT,
            san: NAMES,
            issuer: Some("pinned"),
            ..Wanted::default()
        },
    );
    let neighbour = MachineClient::register(
        &house,
        "neighbour",
        "method = \"tls_client_auth\", tls_client_auth_san_dns = \"b.example\"",
        BOUND,
    );
    let good = certificates.showing(Some("good"));
    let browser = house.platform.browser_with_new_card();
    let tokens = client.sign_in(&good, &browser, "").await;
    let (token, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    for thief in [None, Some("strange"), Some("neighbour"), Some("twin")] {
        let machine = certificates.showing(thief);
        for origin in [&client.mutual, &client.rp.origin] {
            let told = client.userinfo(&machine, origin, token).await;
            assert_eq!(told.status, 401, "{thief:?} at {origin}: {told:?}");
            assert!(told.challenges.contains("invalid_token"), "{thief:?}: {told:?}");
        }
    }
    // The limits stand in the token in clear: without them, or with others, it is another token.
    let (secret, limits) = token.split_once('.').unwrap();
    let text = String::from_utf8(jose::decode_base64url(limits).unwrap()).unwrap();
    let twin = certificates.showing(Some("twin"));
    let mine = text.replace(
        &certificates.confirmation("good"),
        &certificates.confirmation("twin"),
    );
    assert_ne!(mine, text);
    for forged in [
        secret.to_owned(),
        format!("{secret}.{}", jose::encode_base64url(mine)),
    ] {
        assert_eq!(client.userinfo(&twin, &client.mutual, &forged).await.status, 401);
    }
    // The refresh token: not the neighbour's, nor for whoever says to be the victim without its certificate.
    let machine = certificates.showing(Some("neighbour"));
    assert_eq!(
        neighbour.refresh(&machine, refresh).await.refusal(),
        (400, "invalid_grant")
    );
    for thief in [None, Some("strange"), Some("neighbour")] {
        let told = client.refresh(&certificates.showing(thief), refresh).await;
        assert_eq!(told.refusal(), (401, "invalid_client"), "{thief:?}");
    }
    // A code that was stolen on the way: the same.
    let code = client.rp.code(&browser, "").await;
    assert_eq!(
        client.redeem(&machine, &code).await.refusal(),
        (401, "invalid_client")
    );
    // None of it hurt the victim.
    assert_eq!(client.userinfo(&good, &client.mutual, token).await.status, 200);
    assert_eq!(client.refresh(&good, refresh).await.status, 200);
}

#[tokio::test]
async fn a_certificate_in_a_header_is_no_certificate() {
    let (house, client) = scene(BOUND).await;
    let certificates = &house.certificates;
    let pem = std::fs::read_to_string(certificates.folder().join("good.pem")).unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let escaped: String = url::form_urlencoded::byte_serialize(pem.as_bytes()).collect();
    let good = certificates.showing(Some("good"));
    let browser = house.platform.browser_with_new_card();
    let token = client
        .sign_in(&good, &browser, "")
        .await
        .text("access_token")
        .to_owned();
    let headers = [
        ("client-cert", format!(":{body}:")),
        ("client-cert-chain", format!(":{body}:")),
        ("x-client-cert", body.clone()),
        ("x-ssl-client-cert", escaped.clone()),
        ("x-forwarded-client-cert", format!("Cert=\"{escaped}\"")),
        ("x-ssl-client-verify", "SUCCESS".to_owned()),
        ("ssl-client-verify", "SUCCESS".to_owned()),
        ("x-ssl-client-s-dn", "CN=client,O=Ministry,C=JP".to_owned()),
        ("x-arr-clientcert", body.clone()),
        ("x-amzn-mtls-clientcert", escaped),
    ];
    // On the front, which asks nobody, and on the listener, to which the attacker shows none or another one.
    certificates.certify("strange", &Wanted::default());
    for (shown, origin) in [
        (None, &client.rp.origin),
        (Some("good"), &client.rp.origin),
        (None, &client.mutual),
        (Some("strange"), &client.mutual),
    ] {
        let machine = certificates.showing(shown);
        let with_headers = |mut request: reqwest::RequestBuilder| {
            for (name, value) in &headers {
                request = request.header(*name, value);
            }
            request.send()
        };
        for endpoint in ["token", "par", "introspection", "revocation"] {
            let request = machine
                .post(format!("{origin}/oidc/{endpoint}"))
                .header("content-type", "application/x-www-form-urlencoded")
                .body("client_id=victim&grant_type=authorization_code&code=x&token=x");
            let answer = with_headers(request).await.unwrap();
            assert_eq!(answer.status(), 401, "{endpoint} at {origin} with {shown:?}");
            assert!(answer.text().await.unwrap().contains("invalid_client"));
        }
        let request = machine.get(format!("{origin}/oidc/userinfo")).bearer_auth(&token);
        assert_eq!(
            with_headers(request).await.unwrap().status(),
            401,
            "{origin} with {shown:?}"
        );
    }
}

/// What an attacker can have: certificates of the same names in other places, from others, for others and at other times.
fn certify_those_of_others(certificates: &ClientCertificates) {
    let like = Wanted {
        subject: SUBJECT,
        san: NAMES,
        issuer: Some("pinned"),
        ..Wanted::default()
    };
    certificates.certify(
        "below-other",
        &Wanted {
            subject: "/CN=Sub",
            kind: "authority",
            issuer: Some("other-ca"),
            ..like
        },
    );
    // What was taken for an authority by older software: a client certificate that issues.
    certificates.certify(
        "by-client",
        &Wanted {
            issuer: Some("good"),
            ..like
        },
    );
    for (name, wanted) in [
        (
            "expired",
            Wanted {
                days: (-5, -1),
                ..like
            },
        ),
        ("early", Wanted { days: (1, 5), ..like }),
        (
            "server-only",
            Wanted {
                kind: "server",
                ..like
            },
        ),
        ("self", Wanted { issuer: None, ..like }),
        // Another authority that has the pinned one's name, and one below it.
        (
            "look-alike",
            Wanted {
                issuer: Some("other-ca"),
                ..like
            },
        ),
        (
            "below",
            Wanted {
                issuer: Some("below-other"),
                ..like
            },
        ),
        // A certificate that the pinned authority issued to somebody else, with the victim's names where nobody registered them.
        (
            "neighbour",
            Wanted {
                subject: "/C=JP/O=Ministry/CN=neighbour",
                san: "DNS:neighbour.example",
                ..like
            },
        ),
        (
            "crossed",
            Wanted {
                subject: "/C=JP/CN=client.ministry.example/O=Ministry",
                san: "URI:client.ministry.example,DNS:192.0.2.7,URI:urn:ministry:a2,email:client@ministry.example.evil.example,\
                      IP:192.0.2.70,DNS:client.ministry.example.evil.example,DNS:*.ministry.example",
                ..like
            },
        ),
    ] {
        certificates.certify(name, &wanted);
    }
    // With the whole chain that the attacker has.
    let folder = certificates.folder();
    for (name, above) in [
        ("below", "below-other"),
        ("by-client", "good"),
        ("look-alike", "other-ca"),
    ] {
        let read = |file: String| std::fs::read_to_string(folder.join(file)).unwrap();
        let chain =
            read(format!("{name}.pem")) + &read(format!("{above}.pem")) + &read(format!("{name}.key"));
        std::fs::write(folder.join(format!("{name}.both")), chain).unwrap();
    }
}

#[tokio::test]
async fn certificates_that_are_not_the_clients() {
    let (house, by_dns) = scene("").await;
    let certificates = &house.certificates;
    let named = |id: &str, name: &str| {
        let way = format!("method = \"tls_client_auth\", tls_client_auth_{name}");
        MachineClient::register(&house, id, &way, "")
    };
    let clients = [
        by_dns,
        named("by-dn", r#"subject_dn = "CN=client,O=Ministry,C=JP""#),
        named("by-uri", r#"san_uri = "urn:ministry:a""#),
        named("by-ip", r#"san_ip = "192.0.2.7""#),
        named("by-email", r#"san_email = "client@ministry.example""#),
    ];
    certify_those_of_others(certificates);
    for client in &clients {
        let good = client
            .post(
                &certificates.showing(Some("good")),
                "token",
                &[("grant_type", "x")],
            )
            .await;
        assert_eq!(
            good.refusal(),
            (400, "unsupported_grant_type"),
            "the good one is let in"
        );
        for (name, code) in [
            (None, "certificate_absent"),
            (Some("expired"), "certificate_expired"),
            (Some("early"), "certificate_not_yet_valid"),
            (Some("server-only"), "certificate_without_path"),
            (Some("self"), "certificate_without_path"),
            (Some("look-alike"), "certificate_without_path"),
            (Some("below"), "certificate_without_path"),
            (Some("by-client"), "certificate_without_path"),
            (Some("neighbour"), "certificate_of_other_subject"),
            (Some("crossed"), "certificate_of_other_subject"),
        ] {
            let machine = certificates.showing(name);
            let told = client.post(&machine, "token", &[("grant_type", "x")]).await;
            assert_eq!(
                told.refusal(),
                (401, "invalid_client"),
                "{} {name:?}",
                client.rp.client_id
            );
            assert_eq!(code_of(&told), code, "{} {name:?}", client.rp.client_id);
        }
    }
}

#[tokio::test]
async fn a_registered_key_is_a_key_and_not_a_name() {
    let (house, _) = scene("").await;
    let certificates = &house.certificates;
    certificates.certify(
        "own",
        &Wanted {
            subject: "/CN=own",
            ..Wanted::default()
        },
    );
    certificates.certify(
        "same-name",
        &Wanted {
            subject: "/CN=own",
            ..Wanted::default()
        },
    );
    certificates.certify(
        "late",
        &Wanted {
            days: (-5, -1),
            ..Wanted::default()
        },
    );
    let by_key = |id: &str, name: &str| {
        let keys = certificates.key_set(name);
        let way = format!("method = \"self_signed_tls_client_auth\", jwks = '{keys}'");
        MachineClient::register(&house, id, &way, "")
    };
    let (own, late) = (by_key("by-key", "own"), by_key("by-late-key", "late"));
    let ask = |client: &MachineClient, name: &'static str| {
        let (client, machine) = (client.clone(), certificates.showing(Some(name)));
        async move { client.post(&machine, "token", &[("grant_type", "x")]).await }
    };
    assert_eq!(ask(&own, "own").await.refusal(), (400, "unsupported_grant_type"));
    for (client, name, code) in [
        (&own, "same-name", "certificate_not_registered"),
        // The pinned authority vouches for names; a registered key wants the key.
        (&own, "good", "certificate_not_registered"),
        (&late, "late", "certificate_expired"),
    ] {
        let told = ask(client, name).await;
        assert_eq!(
            (told.refusal(), code_of(&told)),
            ((401, "invalid_client"), code),
            "{name}"
        );
    }
    // Two ways at once are too many, and another way than the registered one is none.
    let machine = certificates.showing(Some("own"));
    let secret = [("grant_type", "x"), ("client_secret", "x")];
    assert_eq!(own.post(&machine, "token", &secret).await.status, 401);
    let somebody = [("grant_type", "x"), ("client_id", "victim")];
    assert_eq!(
        own.post(&machine, "token", &somebody).await.refusal(),
        (401, "invalid_client")
    );
}
