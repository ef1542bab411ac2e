//! User information (OpenID Connect Core 1.0 section 5.3): the same person, the same claims as in the ID token.

use domain::{IdTokenAlgorithm, PseudonymValue};
use jose::{Header, SigningInput};
use serde_json::{Map, Value, json};

use crate::bearer::LiveToken;
use crate::id_token::algorithm;
use crate::{ClientFacts, PersonClaims, ProviderFacts, Release, Reply};

/// What the endpoint says.
#[derive(Clone, Debug)]
pub struct UserInfo<'a> {
    /// The token that was shown.
    pub token: LiveToken<'a>,
    /// The person's pseudonym in the client's sector: must equal the ID token's (section 5.3.2).
    pub subject: &'a PseudonymValue,
    /// What may be shown.
    pub release: Release,
    /// What may be shown of the person.
    pub person: PersonClaims<'a>,
}

impl UserInfo<'_> {
    /// The reply in JSON.
    pub fn reply(&self) -> Reply {
        Reply::json(200, &Value::Object(self.claims()))
    }

    /// What is to be signed for a client that is registered for signed answers: `iss` and `aud` come with the claims (section 5.3.2).
    pub fn signing_input(
        &self,
        client: &ClientFacts,
        setting: IdTokenAlgorithm,
        provider: &ProviderFacts,
        kid: &str,
    ) -> SigningInput {
        let mut claims = self.claims();
        claims.insert("iss".to_owned(), json!(provider.issuer));
        claims.insert("aud".to_owned(), json!(client.client_id));
        let header = Header {
            algorithm: algorithm(setting),
            kid: kid.to_owned(),
            typ: Some("userinfo+jwt"),
        };
        SigningInput::new(&header, Value::Object(claims).to_string().as_bytes())
    }

    /// The signed reply.
    pub fn signed_reply(jws: String) -> Reply {
        Reply::of_type(200, "application/jwt", jws)
    }

    fn claims(&self) -> Map<String, Value> {
        let grant = self.token.grant();
        let mut claims = Map::new();
        claims.insert("sub".to_owned(), json!(self.subject.as_str()));
        if self.release.level {
            claims.insert("acr".to_owned(), json!(grant.acr));
            claims.insert("ial".to_owned(), json!(grant.level.ial.digit()));
            claims.insert("aal".to_owned(), json!(grant.level.aal.digit()));
            claims.insert("revocation_certainty".to_owned(), json!(grant.certainty.as_str()));
        }
        if self.release.time {
            claims.insert("auth_time".to_owned(), json!(grant.authenticated_at.seconds()));
        }
        self.person.put_into(&mut claims);
        claims
    }
}
