//! What our own protected resource, user information, says of itself (RFC 9728).

use serde_json::{Value, json};

use crate::{ProviderFacts, dpop};

/// Where the document stands: the well-known name between host and path of the resource (RFC 9728 section 3.1).
pub const PATH: &str = "/.well-known/oauth-protected-resource/oidc/userinfo";

/// The document (RFC 9728 section 2).
pub fn document(provider: &ProviderFacts) -> Value {
    json!({
        "resource": provider.userinfo_endpoint,
        "authorization_servers": [provider.issuer],
        "scopes_supported": crate::discovery::SCOPES,
        "bearer_methods_supported": ["header"],
        "resource_signing_alg_values_supported": ["ES256", "RS256", "PS256"],
        "dpop_signing_alg_values_supported": dpop::ALGORITHMS.map(jose::Algorithm::name),
        "dpop_bound_access_tokens_required": false,
        "tls_client_certificate_bound_access_tokens": provider.mutual_tls.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::provider;

    #[test]
    fn the_resource_is_the_endpoint_and_its_document_stands_where_the_name_says() {
        let document = document(&provider());
        assert_eq!(document["resource"], "https://idp.example/oidc/userinfo");
        assert_eq!(document["authorization_servers"], json!(["https://idp.example"]));
        let path = PATH
            .strip_prefix("/.well-known/oauth-protected-resource")
            .unwrap();
        assert_eq!(document["resource"], format!("https://idp.example{path}"));
    }
}
