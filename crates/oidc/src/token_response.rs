//! The token endpoint's success reply (RFC 6749 section 5.1, OpenID Connect Core 1.0 section 3.1.3.3).

use serde_json::json;

use crate::{OpaqueSecret, ProviderFacts, Reply};

/// What a client receives for its code.
#[derive(Debug)]
pub struct TokenResponse<'a> {
    /// Opaque access token.
    pub access_token: &'a OpaqueSecret,
    /// Compact JWS.
    pub id_token: &'a str,
    /// Granted scopes, space separated.
    pub scope: &'a str,
}

impl TokenResponse<'_> {
    /// The reply. Send it only after the batch that issued the token was committed.
    pub fn reply(&self, provider: &ProviderFacts) -> Reply {
        Reply::json(
            200,
            &json!({
                "access_token": self.access_token.reveal(),
                "token_type": "Bearer",
                "expires_in": provider.access_token_lifetime_seconds,
                "scope": self.scope,
                "id_token": self.id_token,
            }),
        )
    }
}
