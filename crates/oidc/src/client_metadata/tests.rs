use serde_json::json;

use super::*;
use crate::ClientFacts;
use crate::sample::{metadata, service, terms};

fn settings(changes: &Value) -> Result<OidcSettings, MetadataFault> {
    let metadata = metadata(changes)?;
    metadata.check(&terms())?;
    let settings = metadata.settings("rp", &terms(), None, &"0".repeat(64));
    ClientFacts::from_settings(&service(), &settings).map_err(MetadataFault::Settings)?;
    Ok(settings)
}

#[test]
fn a_registration_becomes_the_settings_of_a_file() {
    let made = settings(&json!({
        "post_logout_redirect_uris": ["https://rp.example/bye"],
        "grant_types": ["authorization_code", "refresh_token"],
        "request_uris": ["https://rp.example/object"],
        "request_object_signing_alg": "ES256",
        "userinfo_signed_response_alg": "ES256",
        "backchannel_logout_uri": "https://rp.example/logout",
        "dpop_bound_access_tokens": true,
        "require_pushed_authorization_requests": true,
        "unknown_member": {"a": 1},
        "logo_uri": null,
    }))
    .unwrap();
    assert_eq!(made.tokens.refresh, RefreshPermission::Session);
    assert!(made.tokens.dpop_bound_access_tokens && made.requests.require_pushed_authorization_requests);
    assert_eq!(
        made.logout.backchannel_uri.as_deref(),
        Some("https://rp.example/logout")
    );
    // What nobody gives it, whatever it says.
    assert!(made.tokens.resources.is_empty() && made.tokens.serves.is_empty());
    assert!(made.requests.authorization_details_types.is_empty());
    assert_eq!(
        made.id_token_signed_response_alg,
        IdTokenAlgorithm::Rs256,
        "the standard's default"
    );
    let told = registered(&made, "private_key_jwt", &Map::new());
    assert_eq!(told["scope"], "openid");
    assert_eq!(told["subject_type"], "pairwise");
    assert_eq!(
        told["grant_types"],
        json!(["authorization_code", "refresh_token"])
    );
    assert!(
        told["jwks"]["keys"][0]["kty"] == "EC" && !told.contains_key("jwks_uri"),
        "{told:?}"
    );
    assert!(!told.contains_key("frontchannel_logout_uri") && !told.contains_key("unknown_member"));
}

#[test]
fn the_profile_is_the_operators() {
    let terms = RegistrationTerms {
        profile: SecurityProfile::Fapi2,
        ..terms()
    };
    let judge = |changes: &Value| {
        let metadata = metadata(changes).unwrap();
        metadata.check(&terms).unwrap();
        let settings = metadata.settings("rp", &terms, None, &"0".repeat(64));
        ClientFacts::from_settings(&service(), &settings).map(|_| settings)
    };
    let made = judge(&json!({"require_pushed_authorization_requests": false})).unwrap();
    assert_eq!(made.profile, SecurityProfile::Fapi2);
    assert_eq!(made.id_token_signed_response_alg, IdTokenAlgorithm::Es256);
    let told = registered(&made, "private_key_jwt", &Map::new());
    assert_eq!(told["require_pushed_authorization_requests"], true);
    for laxer in [
        json!({"token_endpoint_auth_method": "client_secret_basic"}),
        json!({"token_endpoint_auth_method": "none"}),
        json!({"id_token_signed_response_alg": "RS256"}),
        json!({"token_endpoint_auth_signing_alg": "RS256"}),
    ] {
        assert!(judge(&laxer).is_err(), "{laxer}");
    }
}

#[test]
fn what_a_file_is_refused_for_a_registration_is_refused_for_too() {
    for (bad, code) in [
        (json!({"redirect_uris": []}), "invalid_redirect_uri"),
        (json!({"redirect_uris": null}), "invalid_redirect_uri"),
        (
            json!({"redirect_uris": ["javascript:alert(1)"]}),
            "invalid_redirect_uri",
        ),
        (
            json!({"redirect_uris": ["https://rp.example/cb#x"]}),
            "invalid_redirect_uri",
        ),
        (
            json!({"redirect_uris": ["https://rp.example/cb?code=1"]}),
            "invalid_redirect_uri",
        ),
        (
            json!({"redirect_uris": ["https://user@rp.example/cb"]}),
            "invalid_redirect_uri",
        ),
        (
            json!({"redirect_uris": ["https://rp.example/a/../cb"]}),
            "invalid_redirect_uri",
        ),
        (
            json!({"redirect_uris": vec!["https://rp.example/cb"; 65]}),
            "invalid_redirect_uri",
        ),
        (
            json!({"redirect_uris": "https://rp.example/cb"}),
            "invalid_client_metadata",
        ),
        (json!({"redirect_uris": [1]}), "invalid_client_metadata"),
        (json!({"jwks": {"keys": []}}), "invalid_client_metadata"),
        (
            json!({"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}),
            "invalid_client_metadata",
        ),
        (json!({"jwks": "x"}), "invalid_client_metadata"),
        (
            json!({"token_endpoint_auth_method": "client_secret_post"}),
            "invalid_client_metadata",
        ),
        (
            json!({"token_endpoint_auth_method": "client_secret_jwt"}),
            "invalid_client_metadata",
        ),
        (
            json!({"id_token_signed_response_alg": "none"}),
            "invalid_client_metadata",
        ),
        (
            json!({"id_token_signed_response_alg": "HS256"}),
            "invalid_client_metadata",
        ),
        (
            json!({"request_object_signing_alg": "none"}),
            "invalid_client_metadata",
        ),
        (
            json!({"request_uris": ["https://rp.example/a#b#c"]}),
            "invalid_client_metadata",
        ),
        (
            json!({"backchannel_logout_uri": "http://rp.example/logout"}),
            "invalid_client_metadata",
        ),
        (
            json!({"frontchannel_logout_uri": "https://www.rp.example/logout"}),
            "invalid_client_metadata",
        ),
        (
            json!({"post_logout_redirect_uris": ["javascript:alert(1)"]}),
            "invalid_client_metadata",
        ),
        (json!({"default_max_age": -1}), "invalid_client_metadata"),
    ] {
        let fault = settings(&bad).unwrap_err();
        assert_eq!(fault.code(), code, "{bad}: {fault}");
    }
}

#[test]
fn only_bounded_json_objects_are_read() {
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_METADATA_BYTES));
    let deep = format!("{}1{}", "{\"a\":".repeat(20), "}".repeat(20));
    let many = format!("{{\"a\":[{}]}}", vec!["1"; 2000].join(","));
    for bad in [
        "",
        "[]",
        "{",
        "{} {}",
        r#"{"redirect_uris":[],"redirect_uris":["https://evil.example/"]}"#,
        long.as_str(),
        deep.as_str(),
        many.as_str(),
    ] {
        assert!(ClientMetadata::read(bad.as_bytes()).is_err(), "{bad:.40}");
    }
}

#[test]
fn every_rule_has_one_row() {
    let mut names: Vec<_> = METADATA_RULES.iter().map(|(name, _, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), METADATA_RULES.len());
    assert!(METADATA_RULES.iter().all(|(_, cites, _)| !cites.is_empty()));
}
