//! Introspection (RFC 7662): what a resource server is told about an access token that somebody showed to it.
//!
//! **Owns** who may ask ([`who_may_ask`]), the answer as JSON and as a signed JWT (RFC 9701).
//!
//! **Deliberately absent**: look-ups; whether the sign-in behind the token still holds (the caller's second look).
//!
//! **Neighbours**: `access_token.rs` reads the token, `client_authentication` proves who asks.
//!
//! **One more member**: a line in [`Introspection::members`].

use domain::{AccessToken, AuthorizationGrant, Timestamp};
use jose::{Algorithm, Header, SigningInput};
use serde_json::{Map, Value, json};

use crate::access_token::AccessTokenClaims;
use crate::{AuthenticatedClient, ClientFacts, OpaqueSecret, ProviderFacts, Reason, Reply, TokenFault};

/// The media type of a signed answer (RFC 9701 section 5), to be asked for with `Accept`.
pub const SIGNED: &str = "application/token-introspection+jwt";

/// Whoever has credentials may ask; what they are told is about their own resources alone (RFC 7662 sections 2.1 and 4).
pub fn who_may_ask(client: &AuthenticatedClient) -> Result<(), Reason> {
    if client.is_public() {
        Err(Reason::Token(TokenFault::ClientIsPublic))
    } else {
        Ok(())
    }
}

/// An answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Introspection {
    /// Unknown, over, withdrawn, or for somebody else: the asker is not told which (RFC 7662 section 2.2).
    Inactive,
    /// It counts now, and is for a resource of the asker's.
    Active(Box<AccessTokenClaims>),
}

impl Introspection {
    /// Judges a token by its claims, whose signature was verified, and by the rows under its hash.
    pub fn judge(
        shown: &str,
        claims: AccessTokenClaims,
        (token, grant): (&AccessToken, &AuthorizationGrant),
        asker: &ClientFacts,
        now: Timestamp,
    ) -> Self {
        let counts = OpaqueSecret::hash_of(shown) == token.hash
            && token.grant == grant.id
            && grant.revoked_at.is_none()
            && now < token.expires_at
            && asker.tokens.serves.contains(&claims.aud);
        if counts {
            Self::Active(Box::new(claims))
        } else {
            Self::Inactive
        }
    }

    /// Whether the token counts.
    pub const fn is_active(&self) -> bool {
        matches!(self, Self::Active(_))
    }

    fn members(&self) -> Map<String, Value> {
        let mut members = Map::new();
        members.insert("active".to_owned(), json!(self.is_active()));
        if let Self::Active(claims) = self
            && let Ok(Value::Object(claims)) = serde_json::to_value(claims)
        {
            let bound_to_key = claims.get("cnf").is_some_and(|cnf| cnf.get("jkt").is_some());
            members.insert(
                "token_type".to_owned(),
                json!(if bound_to_key { "DPoP" } else { "Bearer" }),
            );
            members.extend(claims);
        }
        members
    }

    /// The answer in JSON.
    pub fn reply(&self) -> Reply {
        Reply::json(200, &Value::Object(self.members()))
    }

    /// What is to be signed by our ES256 key with this `kid`: an answer that the asker can show to others (RFC 9701 section 5).
    pub fn signing_input(
        &self,
        asker: &AuthenticatedClient,
        provider: &ProviderFacts,
        kid: &str,
        now: Timestamp,
    ) -> SigningInput {
        let claims = json!({
            "iss": provider.issuer,
            "aud": asker.client_id(),
            "iat": now.seconds(),
            "token_introspection": self.members(),
        });
        let header = Header {
            algorithm: Algorithm::Es256,
            kid: kid.to_owned(),
            typ: Some("token-introspection+jwt"),
        };
        SigningInput::new(&header, claims.to_string().as_bytes())
    }

    /// The signed answer.
    pub fn signed_reply(jws: String) -> Reply {
        Reply::of_type(200, SIGNED, jws)
    }
}

#[cfg(test)]
mod tests;
