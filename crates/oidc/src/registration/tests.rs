use super::*;

#[test]
fn addresses_that_may_be_registered() {
    for uri in [
        "https://rp.example",
        "https://rp.example/",
        "https://rp.example/cb",
        "https://rp.example:8443/cb?tenant=1",
        "https://rp.example/%E7%9C%81/cb",
        "https://xn--p8jxc.example/cb",
        "http://localhost:8080/cb",
        "http://127.0.0.1/cb",
        "http://[::1]:9000/cb",
    ] {
        assert_eq!(redirect_uri(uri), Ok(()), "{uri}");
    }
}

#[test]
fn addresses_that_may_not_be_registered() {
    let long = format!("https://rp.example/{}", "a".repeat(2048));
    for uri in [
        "",
        "/cb",
        "//rp.example/cb",
        "rp.example/cb",
        "http://rp.example/cb",
        "http://localhost.rp.example/cb",
        "http://128.0.0.1/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "urn:ietf:wg:oauth:2.0:oob",
        "jp.go.example.app:/cb",
        "https:/rp.example/cb",
        "https:rp.example/cb",
        "https:///rp.example/cb",
        "https://",
        "https://rp.example/cb#",
        "https://rp.example/cb#a",
        "https://user@rp.example/cb",
        "https://user:pass@rp.example/cb",
        "https://@rp.example/cb",
        "https://RP.example/cb",
        "HTTPS://rp.example/cb",
        "https://rp.example:443/cb",
        "https://rp.example/a/../cb",
        "https://rp.example/a/%2e%2e/cb",
        "https://rp.example/./cb",
        "https://rp.example\\cb",
        "https://rp.example/c b",
        "https://rp.example/cb\n",
        "https://rp.example/省",
        "https://省.example/cb",
        "https://0x7f.1/cb",
        "https://rp.example/cb?code=1",
        "https://rp.example/cb?a=b&state=1",
        "https://rp.example/cb?%73tate=1",
        "https://*.rp.example/cb\u{0}",
        long.as_str(),
    ] {
        assert!(
            matches!(redirect_uri(uri), Err(RegistrationFault::RedirectUri { .. })),
            "{uri}"
        );
    }
}

#[test]
fn counts_names_and_hashes() {
    assert_eq!(redirect_uris(&[]), Err(RegistrationFault::RedirectUriCount));
    let many = vec!["https://rp.example/".to_owned(); 65];
    assert_eq!(redirect_uris(&many), Err(RegistrationFault::RedirectUriCount));
    for (id, verdict) in [
        ("a", true),
        (&*"x".repeat(255), true),
        ("urn:jp:go:x", true),
        ("", false),
        ("a b", false),
        ("é", false),
        (&*"x".repeat(256), false),
    ] {
        assert_eq!(client_id(id).is_ok(), verdict, "{id}");
    }
    assert!(secret_sha256(&"0f".repeat(32)).is_ok());
    for bad in ["", "0F", &"0F".repeat(32), &"0".repeat(63)] {
        assert!(secret_sha256(bad).is_err(), "{bad}");
    }
}

#[test]
fn tokens_that_cannot_be_had_cannot_be_registered() {
    use crate::sample::settings;
    use domain::{SecurityProfile, TokenSettings};
    let with = |tokens: TokenSettings, profile| OidcSettings {
        tokens,
        profile,
        authentication: ClientAuthentication::PrivateKeyJwt { jwks: String::new() },
        ..settings()
    };
    let serves = |uris: &[&str]| TokenSettings {
        serves: uris.iter().map(|uri| (*uri).to_owned()).collect(),
        ..TokenSettings::default()
    };
    let standard = SecurityProfile::Standard;
    let good = with(serves(&["https://api.example/", "urn:example:api"]), standard);
    assert_eq!(tokens(&good), Ok(()));
    let public = OidcSettings {
        authentication: ClientAuthentication::None,
        ..good.clone()
    };
    let bound = TokenSettings {
        tls_client_certificate_bound_access_tokens: true,
        ..TokenSettings::default()
    };
    let weak = TokenSettings {
        token_endpoint_auth_signing_alg: Some(ClientAlgorithm::Rs256),
        ..TokenSettings::default()
    };
    let weak_proofs = TokenSettings {
        dpop_signing_algs: vec![ClientAlgorithm::Es256, ClientAlgorithm::Rs256],
        ..TokenSettings::default()
    };
    let other_curve = TokenSettings {
        token_endpoint_auth_signing_alg: Some(ClientAlgorithm::Es384),
        ..TokenSettings::default()
    };
    let other_curve_in_proofs = TokenSettings {
        dpop_signing_algs: vec![ClientAlgorithm::Ps256, ClientAlgorithm::Es384],
        ..TokenSettings::default()
    };
    for good in [&weak, &weak_proofs, &other_curve, &other_curve_in_proofs, &bound] {
        assert_eq!(tokens(&with(good.clone(), standard)), Ok(()));
    }
    // A public client's tokens can be bound to whatever certificate it has (RFC 8705 section 4).
    let public_and_bound = OidcSettings {
        authentication: ClientAuthentication::None,
        ..with(bound, standard)
    };
    assert_eq!(tokens(&public_and_bound), Ok(()));
    for (settings, key) in [
        (public, "serves"),
        (with(serves(&["api"]), standard), "serves"),
        (with(serves(&["https://api.example/#a"]), standard), "serves"),
        (
            with(weak, SecurityProfile::Fapi2),
            "token_endpoint_auth_signing_alg",
        ),
        (with(weak_proofs, SecurityProfile::Fapi2), "dpop_signing_algs"),
        (
            with(other_curve, SecurityProfile::Fapi2),
            "token_endpoint_auth_signing_alg",
        ),
        (
            with(other_curve_in_proofs, SecurityProfile::Fapi2),
            "dpop_signing_algs",
        ),
    ] {
        let fault = tokens(&settings);
        assert!(
            matches!(fault, Err(RegistrationFault::Setting { name, .. }) if name == key),
            "{key}: {fault:?}"
        );
    }
}

#[test]
fn devices_are_for_clients_whose_requests_may_be_plain() {
    use crate::sample::{service, settings};
    use domain::{RequestSettings, SecurityProfile, TokenSettings};
    let device = OidcSettings {
        tokens: TokenSettings {
            device_authorization: true,
            ..TokenSettings::default()
        },
        ..settings()
    };
    let with = |requests, profile| OidcSettings {
        requests,
        profile,
        ..device.clone()
    };
    let pushed = RequestSettings {
        require_pushed_authorization_requests: true,
        ..RequestSettings::default()
    };
    let signed = RequestSettings {
        require_signed_request_object: true,
        ..RequestSettings::default()
    };
    assert_eq!(tokens(&device), Ok(()));
    for strict in [
        with(pushed, SecurityProfile::Standard),
        with(signed, SecurityProfile::Standard),
        with(RequestSettings::default(), SecurityProfile::Fapi2),
    ] {
        assert!(matches!(
            tokens(&strict),
            Err(RegistrationFault::Setting {
                name: "device_authorization",
                ..
            })
        ));
    }
    // Nobody is sent back to a device; everybody else needs an address.
    let nowhere = |settings: OidcSettings| OidcSettings {
        redirect_uris: Vec::new(),
        ..settings
    };
    assert!(crate::ClientFacts::from_settings(&service(), &nowhere(device)).is_ok());
    assert_eq!(
        crate::ClientFacts::from_settings(&service(), &nowhere(settings())),
        Err(RegistrationFault::RedirectUriCount)
    );
    // Yesterday's binary does not know the word: a record that does not use it does not say it.
    let text = serde_json::to_string(&TokenSettings::default()).unwrap();
    assert!(!text.contains("device_authorization"), "{text}");
}

#[test]
fn logout_addresses() {
    let registered = ["https://rp.example/cb".to_owned()];
    let back = |uri: &str| OidcLogout {
        backchannel_uri: Some(uri.to_owned()),
        ..OidcLogout::default()
    };
    let front = |uri: &str| OidcLogout {
        frontchannel_uri: Some(uri.to_owned()),
        ..OidcLogout::default()
    };
    for good in [
        OidcLogout::default(),
        back("https://rp.example/logout"),
        back("https://elsewhere.example/logout?x=1"),
        front("https://rp.example/logout?x=1"),
    ] {
        assert_eq!(logout(&good, &registered), Ok(()), "{good:?}");
    }
    for bad in [
        back("http://rp.example/logout"),
        back("http://localhost/logout"),
        back("https://rp.example/logout#x"),
        back("https://user@rp.example/logout"),
        back("/logout"),
        back("file:///etc/passwd"),
        front("https://elsewhere.example/logout"),
        front("https://rp.example:444/logout"),
        front("http://rp.example/logout"),
        front("https://rp.example/logout;script-src"),
        front("https://rp.example/logout#x"),
        front("javascript:alert(1)"),
    ] {
        assert!(
            matches!(
                logout(&bad, &registered),
                Err(RegistrationFault::LogoutUri { .. })
            ),
            "{bad:?}"
        );
    }
}

#[test]
fn fapi_clients_authenticate_by_key_or_by_certificate() {
    use crate::sample::settings;
    use domain::TlsClientAuthName;
    let with = |authentication| OidcSettings {
        authentication,
        profile: SecurityProfile::Fapi2,
        redirect_uris: vec!["https://rp.example/cb".to_owned()],
        ..settings()
    };
    let jwks = String::new();
    for good in [
        ClientAuthentication::PrivateKeyJwt { jwks: jwks.clone() },
        ClientAuthentication::SelfSignedTlsClientAuth { jwks },
        ClientAuthentication::TlsClientAuth(TlsClientAuthName::default()),
    ] {
        assert_eq!(profile(&with(good)), Ok(()));
    }
    let mut signed = with(ClientAuthentication::PrivateKeyJwt { jwks: String::new() });
    for (algorithm, is_good) in [
        (IdTokenAlgorithm::Es256, true),
        (IdTokenAlgorithm::Ps256, true),
        (IdTokenAlgorithm::Rs256, false),
    ] {
        signed.tokens.userinfo_signed_response_alg = Some(algorithm);
        assert_eq!(profile(&signed).is_ok(), is_good, "{algorithm:?}");
    }
    for weak in [
        ClientAuthentication::None,
        ClientAuthentication::ClientSecretBasic {
            secret_sha256: String::new(),
        },
    ] {
        let fault = profile(&with(weak));
        assert!(
            matches!(fault, Err(RegistrationFault::Setting { name, .. }) if name == "authentication"),
            "{fault:?}"
        );
    }
}

#[test]
fn a_client_of_mutual_tls_has_one_name_or_keys() {
    use crate::sample::{service, settings};
    use crate::{ClientFacts, ClientMethod};
    use domain::{RegisteredCertificate, TlsClientAuthName};
    let facts = |authentication| {
        let settings = OidcSettings {
            authentication,
            ..settings()
        };
        ClientFacts::from_settings(&service(), &settings)
    };
    let name = TlsClientAuthName {
        tls_client_auth_san_uri: Some("urn:a".to_owned()),
        ..TlsClientAuthName::default()
    };
    let good = facts(ClientAuthentication::TlsClientAuth(name.clone())).unwrap();
    let certificate = RegisteredCertificate::SanUri("urn:a".to_owned());
    assert_eq!(good.method, ClientMethod::TlsClientAuth { certificate });
    let two = TlsClientAuthName {
        tls_client_auth_san_dns: Some("a.example".to_owned()),
        ..name
    };
    for bad in [TlsClientAuthName::default(), two] {
        let fault = facts(ClientAuthentication::TlsClientAuth(bad));
        assert!(
            matches!(
                fault,
                Err(RegistrationFault::Setting {
                    name: "authentication",
                    ..
                })
            ),
            "{fault:?}"
        );
    }
    let jwks = r#"{"keys":[]}"#.to_owned();
    assert_eq!(
        facts(ClientAuthentication::SelfSignedTlsClientAuth { jwks }).map(|_| ()),
        Err(RegistrationFault::Keys(jose::Reason::NoUsableKey))
    );
}

/// FAPI 2.0 Security Profile section 5.4.1: PS256, ES256 and EdDSA with Ed25519, and nothing else, wherever a client signs.
#[test]
fn fapi_clients_sign_with_the_three_of_the_profile() {
    use crate::ClientFacts;
    use crate::sample::{TestKey, service, settings};
    use jose::Algorithm;
    let settings = OidcSettings {
        authentication: ClientAuthentication::PrivateKeyJwt {
            jwks: TestKey::new().set("k1").to_json().to_string(),
        },
        profile: SecurityProfile::Fapi2,
        redirect_uris: vec!["https://rp.example/cb".to_owned()],
        ..settings()
    };
    let facts = |settings: &OidcSettings| ClientFacts::from_settings(&service(), settings);
    let strict = facts(&settings).unwrap();
    let of_the_profile = [
        Algorithm::Es256,
        Algorithm::Ed25519,
        Algorithm::EdDsa,
        Algorithm::Ps256,
    ];
    for taken in [
        &strict.tokens.assertion_algorithms,
        &strict.tokens.proof_algorithms,
        &strict.requests.algorithms,
    ] {
        assert_eq!(
            Algorithm::ALL
                .iter()
                .filter(|one| taken.contains(one))
                .collect::<Vec<_>>(),
            Algorithm::ALL
                .iter()
                .filter(|one| of_the_profile.contains(one))
                .collect::<Vec<_>>(),
        );
    }
    // A list that leaves nothing over is told, where objects are needed.
    let mut objects = settings.clone();
    objects.requests.require_signed_request_object = true;
    for (algorithms, is_good) in [
        (vec![ClientAlgorithm::Es256], true),
        (vec![ClientAlgorithm::Es384, ClientAlgorithm::Rs256], false),
    ] {
        objects.requests.request_object_signing_algs = algorithms;
        assert_eq!(facts(&objects).is_ok(), is_good);
    }
    // Without the profile, all that we take.
    let plain = OidcSettings {
        profile: SecurityProfile::Standard,
        ..settings
    };
    let plain = facts(&plain).unwrap();
    assert_eq!(plain.tokens.assertion_algorithms, Algorithm::ALL);
    assert_eq!(plain.requests.algorithms, Algorithm::ALL);
}

/// OpenID Connect Core 1.0 section 6.2: an address of a request object may end in a fragment, and nothing else that is fetched may.
#[test]
fn request_uris_may_have_a_fragment() {
    use crate::sample::settings;
    let with = |uri: &str| {
        let mut settings = settings();
        settings.requests.request_uris = vec![uri.to_owned()];
        requests(&settings, true)
    };
    for good in [
        "https://rp.example/r",
        "https://rp.example/r#GkurKxf5T0Y-mnPFCHqWOMiZi4VS138cQO_V7PZHAdM",
    ] {
        assert_eq!(with(good), Ok(()), "{good}");
    }
    let long = format!("https://rp.example/r#{}", "x".repeat(300));
    for bad in [
        "http://rp.example/r#x",
        "https://rp.example/r#a#b",
        "https://rp.example/r#a b",
        "https://user@rp.example/r#x",
        "https://127.0.0.1/r#x",
        "#x",
        long.as_str(),
    ] {
        assert!(with(bad).is_err(), "{bad}");
    }
    assert!(fetchable("https://rp.example/r#x").is_err());
}
