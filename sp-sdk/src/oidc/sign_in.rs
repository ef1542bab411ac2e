//! What goes in and what comes out of a sign-in.

use std::fmt;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

/// What is asked beyond "who is this".
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RequestOptions {
    /// The person must have used the card within so many seconds; 0 asks for it now.
    pub max_age_seconds: Option<u32>,
    /// Levels (`acr`) of which one must be met; none means any.
    pub levels: Vec<String>,
    /// How certain it must be that the card is not revoked: asked for beside a level (`ocsp`).
    pub certainty: Option<String>,
    /// Scopes beside `openid`.
    pub scopes: Vec<String>,
    /// For which resource an access token is wanted (RFC 8707).
    pub resource: Option<String>,
    /// The language of the platform's pages (`ja`, `en`).
    pub ui_locales: Option<String>,
}

/// What is kept for the browser until the answer comes. It is used for one answer.
#[derive(Deserialize, Serialize)]
pub struct SentRequest {
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
    pub(super) sent_at: Timestamp,
    pub(super) max_age_seconds: Option<u32>,
    pub(super) levels: Vec<String>,
    #[serde(default)]
    pub(super) resource: Option<String>,
}

impl fmt::Debug for SentRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SentRequest(..)")
    }
}

/// The query of the redirect URI, as it came.
#[derive(Clone, Default, Deserialize)]
pub struct Answer {
    /// `code`
    #[serde(default)]
    pub code: Option<String>,
    /// `state`
    #[serde(default)]
    pub state: Option<String>,
    /// `iss`
    #[serde(default)]
    pub iss: Option<String>,
    /// `error`
    #[serde(default)]
    pub error: Option<String>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer(error: {:?})", self.error)
    }
}

/// Proof that the platform signed this person in for us, in answer to our question. Only
/// [`RelyingParty::finish`](super::RelyingParty::finish) makes it.
#[derive(Clone, Eq, PartialEq)]
pub struct SignIn {
    pub(super) subject: String,
    pub(super) level: Option<String>,
    pub(super) ial: Option<String>,
    pub(super) aal: Option<String>,
    pub(super) certainty: Option<String>,
    pub(super) methods: Vec<String>,
    pub(super) authenticated_at: Option<Timestamp>,
    pub(super) session: Option<String>,
    pub(super) id_token: String,
    pub(super) access_token: String,
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignIn({:?})", self.level)
    }
}

impl SignIn {
    /// `sub`: who the person is to this service; the same at each sign-in here, another at every other service.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// `acr`: the level that was reached, where it is released.
    pub fn level(&self) -> Option<&str> {
        self.level.as_deref()
    }

    /// `ial`: identity proofing, a digit, where it is released.
    pub fn ial(&self) -> Option<&str> {
        self.ial.as_deref()
    }

    /// `aal`: authentication, a digit, where it is released.
    pub fn aal(&self) -> Option<&str> {
        self.aal.as_deref()
    }

    /// `revocation_certainty`: `crl` or `ocsp`, where it is released.
    pub fn certainty(&self) -> Option<&str> {
        self.certainty.as_deref()
    }

    /// `amr`: how, where it is released (RFC 8176).
    pub fn methods(&self) -> &[String] {
        &self.methods
    }

    /// `auth_time`: when the person used the card, where it is released or was asked for.
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.authenticated_at
    }

    /// `sid`: the platform's session as this service knows it; logout tokens name it.
    pub fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// The ID token as it came, for `id_token_hint` at logout and for evidence.
    pub fn id_token(&self) -> &str {
        &self.id_token
    }

    /// The access token: for user information, or for the resource that was asked for.
    pub fn access_token(&self) -> &str {
        &self.access_token
    }
}
