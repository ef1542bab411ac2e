use super::*;
use crate::sample::provider;

#[test]
fn the_whole_document() {
    let mut expected = json!({
        "issuer": "https://idp.example",
        "authorization_endpoint": "https://idp.example/oidc/authorize",
        "token_endpoint": "https://idp.example/oidc/token",
        "userinfo_endpoint": "https://idp.example/oidc/userinfo",
        "device_authorization_endpoint": "https://idp.example/oidc/device_authorization",
        "jwks_uri": "https://idp.example/oidc/jwks",
        "end_session_endpoint": "https://idp.example/oidc/logout",
        "scopes_supported": ["openid", "name", "address", "birthdate", "gender", "offline_access"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        "acr_values_supported": ["urn:example:aal3"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256", "RS256", "PS256"],
        "userinfo_signing_alg_values_supported": ["ES256", "RS256", "PS256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic", "none"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256", "ES384", "Ed25519", "EdDSA", "PS256", "RS256"],
        "introspection_endpoint": "https://idp.example/oidc/introspection",
        "introspection_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic"],
        "introspection_endpoint_auth_signing_alg_values_supported": ["ES256", "ES384", "Ed25519", "EdDSA", "PS256", "RS256"],
        "introspection_signing_alg_values_supported": ["ES256"],
        "revocation_endpoint": "https://idp.example/oidc/revocation",
        "revocation_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic", "none"],
        "revocation_endpoint_auth_signing_alg_values_supported": ["ES256", "ES384", "Ed25519", "EdDSA", "PS256", "RS256"],
        "dpop_signing_alg_values_supported": ["ES256", "ES384", "Ed25519", "EdDSA", "PS256", "RS256"],
        "claim_types_supported": ["normal"],
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid", "ial", "aal",
            "revocation_certainty", "name", "name_substitution", "address", "address_substitution", "birthdate",
            "birthdate_registered", "gender"
        ],
        "claims_parameter_supported": true,
        "display_values_supported": ["page", "popup", "touch", "wap"],
        "request_parameter_supported": true,
        "request_uri_parameter_supported": false,
        "require_request_uri_registration": true,
        "request_object_signing_alg_values_supported": ["ES256", "ES384", "Ed25519", "EdDSA", "PS256", "RS256"],
        "pushed_authorization_request_endpoint": "https://idp.example/oidc/par",
        "require_pushed_authorization_requests": false,
        "require_signed_request_object": false,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["ja", "en"],
    });
    // Beyond what one `json!` takes.
    expected["authorization_details_types_supported"] = json!([]);
    for (name, is_so) in [
        ("backchannel_logout_supported", false),
        ("backchannel_logout_session_supported", false),
        ("frontchannel_logout_supported", true),
        ("frontchannel_logout_session_supported", true),
    ] {
        expected[name] = json!(is_so);
    }
    assert_eq!(document(&provider()), expected);
}

#[test]
fn the_back_channel_is_advertised_where_it_is_open() {
    let open = crate::ProviderFacts {
        backchannel_logout: true,
        ..provider()
    };
    let document = document(&open);
    assert_eq!(document["backchannel_logout_supported"], json!(true));
    assert_eq!(document["backchannel_logout_session_supported"], json!(true));
}

#[test]
fn mutual_tls_is_advertised_where_there_is_a_listener_and_names_where_authorities_are_pinned() {
    let with = |authorities| crate::ProviderFacts {
        mutual_tls: Some(MutualTlsFacts {
            origin: "https://mtls.idp.example:8443".to_owned(),
            authorities,
        }),
        ..provider()
    };
    let closed = document(&provider());
    for (provider, more) in [
        (
            with(true),
            &["tls_client_auth", "self_signed_tls_client_auth"][..],
        ),
        (with(false), &["self_signed_tls_client_auth"][..]),
    ] {
        let open = document(&provider);
        for name in [
            "token_endpoint_auth_methods_supported",
            "introspection_endpoint_auth_methods_supported",
            "revocation_endpoint_auth_methods_supported",
        ] {
            let mut expected = closed[name].as_array().unwrap().clone();
            expected.extend(more.iter().map(|method| json!(method)));
            assert_eq!(open[name], Value::Array(expected), "{name}");
        }
        assert_eq!(open["tls_client_certificate_bound_access_tokens"], json!(true));
        assert_eq!(
            open["mtls_endpoint_aliases"],
            json!({
                "token_endpoint": "https://mtls.idp.example:8443/oidc/token",
                "device_authorization_endpoint": "https://mtls.idp.example:8443/oidc/device_authorization",
                "pushed_authorization_request_endpoint": "https://mtls.idp.example:8443/oidc/par",
                "introspection_endpoint": "https://mtls.idp.example:8443/oidc/introspection",
                "revocation_endpoint": "https://mtls.idp.example:8443/oidc/revocation",
                "userinfo_endpoint": "https://mtls.idp.example:8443/oidc/userinfo",
            })
        );
        let resource = crate::protected_resource::document(&provider);
        assert_eq!(
            resource["tls_client_certificate_bound_access_tokens"],
            json!(true)
        );
    }
    let resource = crate::protected_resource::document(&provider());
    assert_eq!(
        resource["tls_client_certificate_bound_access_tokens"],
        json!(false)
    );
}

#[test]
fn what_is_listed_is_done() {
    use crate::ClientMethod;
    use crate::rules::authorization_request::{prompt_is_understood, response_mode_is_query_or_form_post};
    use crate::sample::read_with;
    let document = document(&provider());
    let listed = |name: &str| -> Vec<String> {
        document[name]
            .as_array()
            .unwrap()
            .iter()
            .map(|value| value.as_str().unwrap().to_owned())
            .collect()
    };
    for mode in listed("response_modes_supported") {
        assert!(
            read_with(
                &[("response_mode", Some(&mode))],
                response_mode_is_query_or_form_post::check
            )
            .is_ok()
        );
    }
    for prompt in listed("prompt_values_supported") {
        assert!(read_with(&[("prompt", Some(&prompt))], prompt_is_understood::check).is_ok());
    }
    for algorithm in listed("id_token_signing_alg_values_supported") {
        let setting = serde_json::from_value(json!(algorithm)).unwrap();
        assert_eq!(crate::id_token::algorithm(setting).name(), algorithm);
    }
    for display in listed("display_values_supported") {
        assert!(
            read_with(
                &[("display", Some(&display))],
                crate::rules::authorization_request::hints_are_bounded::check
            )
            .is_ok()
        );
    }
    let key = crate::sample::TestKey::new();
    let claims = json!({});
    for algorithm in listed("request_object_signing_alg_values_supported") {
        let header = json!({ "alg": algorithm, "kid": "k1" });
        let object = key.sign_with_header(&header, &claims);
        let client = crate::sample::object_client(&key);
        let verdict = crate::rules::request_object::signature_is_by_a_registered_key::read(&object, &client);
        // The sample's key is of P-256: for others no key fits, but the algorithm is one that is taken.
        assert_ne!(
            verdict,
            Err(crate::Reason::RequestObjectRefused(
                jose::Reason::AlgorithmNotAllowed
            )),
            "{algorithm}"
        );
    }
    let methods = [
        ClientMethod::PrivateKeyJwt {
            keys: jose::JwkSet::default(),
        },
        ClientMethod::SecretBasic {
            secret_sha256: String::new(),
        },
        ClientMethod::None,
    ];
    assert_eq!(
        listed("token_endpoint_auth_methods_supported"),
        methods.map(|method| method.name())
    );
}
