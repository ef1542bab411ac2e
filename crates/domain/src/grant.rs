//! OAuth grants and tokens as the Ledger keeps them: hashed, never in clear.

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, AssuranceLevel, AuthenticationMethod, CredentialId, GrantId, ReleasedAttribute,
    RevocationCertainty, RevocationGeneration, SealedPoints, ServiceId, SessionId, Timestamp,
};

/// SHA-256 of a secret handed out (code, access token, cookie), in lower-case hexadecimal (64 characters).
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct TokenHash(pub String);

/// RFC 7636 challenge; `S256` is the only method.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct CodeChallenge(pub String);

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

/// What an authorization request asked for beyond a plain code. Kept as a record beside the grant, under its id, where there is
/// anything to keep; a grant without such a record has the default.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct GrantTerms {
    /// Thumbprint of the key that must redeem the code (`dpop_jkt`, RFC 9449 section 10).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<String>,
    /// Resources for which access tokens may be asked (`resource`, RFC 8707 section 2.1), in the order of the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// `authorization_details` (RFC 9396 section 2) as shown to the person and agreed to: a JSON array as text, of registered types.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_details: Option<String>,
    /// Which of the 基本4情報 the ID token is to carry (`claims`, OpenID Connect Core 1.0 section 5.5). Never more than the grant's
    /// `released`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub in_id_token: Vec<ReleasedAttribute>,
    /// The person was signed in already, and used no card within this sign-in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub single_sign_on: bool,
}

/// The refresh tokens that follow one another from one grant. Kept as a record under the grant's id; each use raises the record's
/// version, so that of any number of nodes one alone can rotate it. Secrets are known by their hashes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RefreshFamily {
    /// From which grant.
    pub grant: GrantId,
    /// The client.
    pub service: ServiceId,
    /// Who agreed.
    pub account: AccountId,
    /// In which session.
    pub session: SessionId,
    /// With which certificate.
    pub credential: CredentialId,
    /// SHA-256 of the part that all tokens of the family share: whoever shows it had one of them.
    pub family: TokenHash,
    /// SHA-256 of the tokens that may be used now: one, or several after a reply was lost.
    pub current: Vec<TokenHash>,
    /// SHA-256 of the one that was used last.
    pub previous: Option<TokenHash>,
    /// When it was used last, or made.
    pub rotated_at: Timestamp,
    /// When the first was issued.
    pub issued_at: Timestamp,
    /// When the last of them dies, however often they are used.
    pub expires_at: Timestamp,
    /// Whether they outlive the session (`offline_access`, OpenID Connect Core 1.0 section 11).
    pub offline: bool,
    /// Thumbprint of the `DPoP` key that must show them (RFC 9449 section 5).
    pub jkt: Option<String>,
    /// Thumbprint of the TLS certificate that must show them (RFC 8705 section 4).
    pub certificate: Option<String>,
    /// What the request asked for beyond a plain code.
    #[serde(default)]
    pub terms: GrantTerms,
    /// Which lists speak about the certificate, as the session kept it.
    #[serde(default)]
    pub points: Option<SealedPoints>,
    /// Revocation state at which the certificate was last found good.
    pub checked_generation: RevocationGeneration,
}
