//! The token endpoint's success reply (RFC 6749 section 5.1, OpenID Connect Core 1.0 section 3.1.3.3).

use serde_json::{Value, json};

use crate::access_token::AccessTokenText;
use crate::grants::refresh_token::RefreshToken;
use crate::{ProviderFacts, Reply};

/// What a client receives for its code or its refresh token.
#[derive(Debug)]
pub struct TokenResponse<'a> {
    /// Access token.
    pub access_token: &'a AccessTokenText,
    /// `Bearer` or `DPoP`.
    pub token_type: &'static str,
    /// Refresh token, if there is one.
    pub refresh_token: Option<&'a RefreshToken>,
    /// Compact JWS.
    pub id_token: &'a str,
    /// Granted scopes, space separated.
    pub scope: &'a str,
    /// What was agreed to beyond scopes (RFC 9396 section 7).
    pub authorization_details: Option<&'a str>,
}

impl TokenResponse<'_> {
    /// The reply. Send it only after the batch that issued the token was committed.
    pub fn reply(&self, provider: &ProviderFacts) -> Reply {
        let mut body = json!({
            "access_token": self.access_token.reveal(),
            "token_type": self.token_type,
            "expires_in": provider.access_token_lifetime_seconds,
            "scope": self.scope,
            "id_token": self.id_token,
        });
        if let (Some(token), Some(members)) = (self.refresh_token, body.as_object_mut()) {
            members.insert("refresh_token".to_owned(), json!(token.reveal()));
        }
        let details: Option<Value> = self
            .authorization_details
            .and_then(|text| serde_json::from_str(text).ok());
        if let (Some(details), Some(members)) = (details, body.as_object_mut()) {
            members.insert("authorization_details".to_owned(), details);
        }
        Reply::json(200, &body)
    }
}
