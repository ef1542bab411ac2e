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
use serde_json::{Value, json};

use crate::ProviderFacts;
use crate::client_authentication::client_algorithms;

/// Scopes that can be granted.
pub const SCOPES: [&str; 5] = ["openid", "name", "address", "birthdate", "gender"];

/// The path of the document under the issuer.
pub const PATH: &str = "/.well-known/openid-configuration";

/// The document.
pub fn document(provider: &ProviderFacts) -> Value {
    json!({
        "issuer": provider.issuer,
        "authorization_endpoint": provider.authorization_endpoint,
        "token_endpoint": provider.token_endpoint,
        "userinfo_endpoint": provider.userinfo_endpoint,
        "jwks_uri": provider.jwks_uri,
        "end_session_endpoint": provider.end_session_endpoint,
        "scopes_supported": SCOPES,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": ["authorization_code"],
        "acr_values_supported": provider.acr_values_supported,
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256", "RS256", "PS256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic", "none"],
        "token_endpoint_auth_signing_alg_values_supported": client_algorithms(),
        "claim_types_supported": ["normal"],
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid", "ial", "aal",
            "revocation_certainty", "name", "name_substitution", "address", "address_substitution", "birthdate",
            "birthdate_registered", "gender",
        ],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        // The default of this one is true (section 3).
        "request_uri_parameter_supported": false,
        "require_request_uri_registration": false,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": Language::ALL.map(Language::tag),
        "backchannel_logout_supported": provider.backchannel_logout,
        "backchannel_logout_session_supported": provider.backchannel_logout,
        "frontchannel_logout_supported": true,
        "frontchannel_logout_session_supported": true,
    })
}

#[cfg(test)]
mod tests;
