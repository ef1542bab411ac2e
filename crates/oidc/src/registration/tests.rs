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
    assert_eq!(tokens(&with(weak.clone(), standard)), Ok(()));
    for (settings, key) in [
        (public, "serves"),
        (with(serves(&["api"]), standard), "serves"),
        (with(serves(&["https://api.example/#a"]), standard), "serves"),
        (
            with(bound, standard),
            "tls_client_certificate_bound_access_tokens",
        ),
        (
            with(weak, SecurityProfile::Fapi2),
            "token_endpoint_auth_signing_alg",
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
