//! User information (OpenID Connect Core 1.0 section 5.3): the same person, the same claims as in the ID token.

use domain::PseudonymValue;
use serde_json::{Map, Value, json};

use crate::bearer::LiveToken;
use crate::{PersonClaims, Release, Reply};

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
    /// The reply.
    pub fn reply(&self) -> Reply {
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
        Reply::json(200, &Value::Object(claims))
    }
}
