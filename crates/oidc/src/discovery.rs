//! The discovery document (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2, RFC 9207 section 3).
//!
//! **Owns** what we say we can do. Nothing is listed that another file here does not do; a test walks both.
//!
//! **Deliberately absent**: endpoints that do not exist yet.
//!
//! **Neighbours**: `facts.rs` for addresses, `jose` for algorithms.
//!
//! **One more member**: a line in [`document`] and in the test's snapshot.

use domain::Language;
use serde_json::{Map, Value, json};

use crate::client_authentication::client_algorithms;
use crate::{MutualTlsFacts, ProviderFacts};

/// Scopes that can be granted.
pub const SCOPES: [&str; 6] = [
    "openid",
    "name",
    "address",
    "birthdate",
    "gender",
    "offline_access",
];

/// Endpoints that stand on the listener for client certificates too.
pub const ALIASED: [&str; 6] = [
    "token_endpoint",
    "device_authorization_endpoint",
    "pushed_authorization_request_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
    "userinfo_endpoint",
];

/// The path of the document under the issuer.
pub const PATH: &str = "/.well-known/openid-configuration";

/// The document.
pub fn document(provider: &ProviderFacts) -> Value {
    let mut document = requests_and_tokens(provider);
    // Back-Channel Logout 1.0 section 2.1, Front-Channel Logout 1.0 section 3.
    for (name, is_so) in [
        ("backchannel_logout_supported", provider.backchannel_logout),
        (
            "backchannel_logout_session_supported",
            provider.backchannel_logout,
        ),
        ("frontchannel_logout_supported", true),
        ("frontchannel_logout_session_supported", true),
    ] {
        if let Some(members) = document.as_object_mut() {
            members.insert(name.to_owned(), Value::Bool(is_so));
        }
    }
    if let (Some(members), Some(listener)) = (document.as_object_mut(), &provider.mutual_tls) {
        add_mutual_tls(members, provider, listener);
    }
    if let (Some(address), Some(members)) = (&provider.registration_endpoint, document.as_object_mut()) {
        members.insert("registration_endpoint".to_owned(), Value::String(address.clone()));
    }
    document
}

/// RFC 8705 sections 3.3 and 5: the methods, binding, and where the endpoints stand that take certificates.
fn add_mutual_tls(members: &mut Map<String, Value>, provider: &ProviderFacts, listener: &MutualTlsFacts) {
    // Without pinned authorities nobody can be believed by name.
    let by_name = listener.authorities.then_some("tls_client_auth");
    for name in [
        "token_endpoint_auth_methods_supported",
        "introspection_endpoint_auth_methods_supported",
        "revocation_endpoint_auth_methods_supported",
    ] {
        if let Some(Value::Array(methods)) = members.get_mut(name) {
            methods.extend(
                by_name
                    .into_iter()
                    .chain(["self_signed_tls_client_auth"])
                    .map(Value::from),
            );
        }
    }
    members.insert(
        "tls_client_certificate_bound_access_tokens".to_owned(),
        Value::Bool(true),
    );
    let aliases = ALIASED.into_iter().filter_map(|name| {
        let alias = provider.alias(members.get(name)?.as_str()?)?;
        Some((name.to_owned(), Value::String(alias)))
    });
    let aliases = aliases.collect::<Map<_, _>>();
    members.insert("mtls_endpoint_aliases".to_owned(), Value::Object(aliases));
}

fn requests_and_tokens(provider: &ProviderFacts) -> Value {
    json!({
        "issuer": provider.issuer,
        "authorization_endpoint": provider.authorization_endpoint,
        "token_endpoint": provider.token_endpoint,
        "userinfo_endpoint": provider.userinfo_endpoint,
        "device_authorization_endpoint": provider.device_authorization_endpoint,
        "jwks_uri": provider.jwks_uri,
        "end_session_endpoint": provider.end_session_endpoint,
        "scopes_supported": SCOPES,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token", crate::grants::device_code::GRANT_TYPE],
        "acr_values_supported": provider.acr_values_supported,
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256", "RS256", "PS256"],
        "userinfo_signing_alg_values_supported": ["ES256", "RS256", "PS256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic", "none"],
        "token_endpoint_auth_signing_alg_values_supported": client_algorithms(),
        "introspection_endpoint": provider.introspection_endpoint,
        "introspection_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic"],
        "introspection_endpoint_auth_signing_alg_values_supported": client_algorithms(),
        "introspection_signing_alg_values_supported": ["ES256"],
        "revocation_endpoint": provider.revocation_endpoint,
        "revocation_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic", "none"],
        "revocation_endpoint_auth_signing_alg_values_supported": client_algorithms(),
        "dpop_signing_alg_values_supported": crate::dpop::ALGORITHMS.map(jose::Algorithm::name),
        "claim_types_supported": ["normal"],
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid", "ial", "aal",
            "revocation_certainty", "name", "name_substitution", "address", "address_substitution", "birthdate",
            "birthdate_registered", "gender",
        ],
        "claims_parameter_supported": true,
        "display_values_supported": ["page", "popup", "touch", "wap"],
        "request_parameter_supported": true,
        // By reference to registered addresses. Those of pushed requests need no word here (RFC 9126 section 5).
        "request_uri_parameter_supported": provider.fetches_request_objects,
        "require_request_uri_registration": true,
        "request_object_signing_alg_values_supported": client_algorithms(),
        "pushed_authorization_request_endpoint": provider.pushed_authorization_request_endpoint,
        "require_pushed_authorization_requests": false,
        "require_signed_request_object": false,
        "authorization_details_types_supported": provider.detail_types.keys().collect::<Vec<_>>(),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": Language::ALL.map(Language::tag),
    })
}

#[cfg(test)]
mod tests;
