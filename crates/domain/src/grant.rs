//! OAuth grants and tokens as the Ledger keeps them: hashed, never in clear.

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, AssuranceLevel, AuthenticationMethod, GrantId, ReleasedAttribute, RevocationCertainty,
    RevocationGeneration, ServiceId, SessionId, Timestamp,
};

/// SHA-256 of a secret handed out (code, access token, cookie), in lower-case hexadecimal (64 characters).
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct TokenHash(pub String);

/// RFC 7636 challenge; `S256` is the only method.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct CodeChallenge(pub String);

/// What a request asked of the tokens themselves, beyond scopes. Checked when the request was, agreed to where it was shown.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct GrantDemands {
    /// `resource` (RFC 8707 section 2): each an absolute URI registered for the client. Access tokens are for these; empty means ours.
    pub resources: Vec<String>,
    /// `authorization_details` (RFC 9396 section 2): a JSON array as text, of registered types, as shown to the person.
    pub authorization_details: Option<String>,
    /// Which of the 基本4情報 the ID token is to carry (`claims`, OpenID Connect Core 1.0 section 5.5); never more than `released`.
    pub in_id_token: Vec<ReleasedAttribute>,
    /// `dpop_jkt` (RFC 9449 section 10): the code is redeemed with a proof by this key only.
    pub dpop_thumbprint: Option<String>,
}

/// What an authorization code stands for. The code itself is known by its hash.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AuthorizationGrant {
    /// Its own identifier; access tokens name it.
    pub id: GrantId,
    /// SHA-256 of the code.
    pub code: TokenHash,
    /// The client.
    pub service: ServiceId,
    /// Who agreed.
    pub account: AccountId,
    /// In which session.
    pub session: SessionId,
    /// Exactly as in the authorization request.
    pub redirect_uri: String,
    /// PKCE challenge of the request.
    pub code_challenge: CodeChallenge,
    /// OIDC nonce, returned in the ID token.
    pub nonce: Option<String>,
    /// Granted scopes, space separated.
    pub scope: String,
    /// `acr` value to return.
    pub acr: String,
    /// The request's `max_age` makes `auth_time` part of the reply.
    pub auth_time_required: bool,
    /// What the person agreed to release, as shown.
    pub released: Vec<ReleasedAttribute>,
    /// What the sign-in reached.
    pub level: AssuranceLevel,
    /// How the person signed in.
    pub method: AuthenticationMethod,
    /// How it was asked whether the certificate is revoked, at issue.
    pub certainty: RevocationCertainty,
    /// `auth_time`.
    pub authenticated_at: Timestamp,
    /// Revocation state at issue.
    pub checked_generation: RevocationGeneration,
    /// When the code was issued.
    pub issued_at: Timestamp,
    /// When the code dies.
    pub expires_at: Timestamp,
    /// Set when the grant and everything issued from it was withdrawn.
    pub revoked_at: Option<Timestamp>,
    /// What was asked of the tokens beyond scopes.
    #[serde(default)]
    pub demands: GrantDemands,
}

/// One access token, known by its hash.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AccessToken {
    /// SHA-256 of the token.
    pub hash: TokenHash,
    /// The grant from which it descends.
    pub grant: GrantId,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it dies.
    pub expires_at: Timestamp,
}
