//! Sessions: a browser in which a person signed in.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AccountId, AssuranceLevel, CredentialId, SessionId, Timestamp, TokenHash};

/// How the person proved who they are. The spelling is the one in the database and in the audit.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationMethod {
    /// TLS client certificate of the My Number Card, completed `CertificateVerify`, PIN typed at the card.
    CardTls,
    /// A fresh challenge of ours, within a structure that the device shows, signed by the card's 利用者証明用 key, PIN typed
    /// at the card. Not phishing-resistant: whoever relays the challenge gets the signature.
    CardChallenge,
    /// かざし利用: an approved terminal vouches for a genuine card; no PIN, no signature (公的個人認証法 Article 38-4).
    CardPinless,
}

impl AuthenticationMethod {
    /// Every method.
    pub const ALL: [Self; 3] = [Self::CardTls, Self::CardChallenge, Self::CardPinless];

    /// The spelling in the database and in the audit.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CardTls => "card_tls",
            Self::CardChallenge => "card_challenge",
            Self::CardPinless => "card_pinless",
        }
    }
}

/// How certain it must be that a certificate is not revoked. デジタル認証アプリ lets relying parties ask for it beside the level
/// (`acr_values=aal3 crl`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationCertainty {
    /// By the day's list.
    Crl,
    /// By an answer to a question about this certificate (RFC 6960).
    Ocsp,
}

impl RevocationCertainty {
    /// The spelling on the wire, in the database and in the audit.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Crl => "crl",
            Self::Ocsp => "ocsp",
        }
    }

    /// Reads [`Self::as_str`].
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Crl, Self::Ocsp]
            .into_iter()
            .find(|certainty| certainty.as_str() == text)
    }
}

/// Which state of the revocation data an answer was given from: rises by one at each swap, per process start
/// continued from what is stored. Zero means "never checked".
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct RevocationGeneration(pub u64);

impl fmt::Display for RevocationGeneration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// In use.
    Active,
    /// Ended by the person, by a service's logout, by the operator or by revocation.
    Ended,
}

impl SessionState {
    /// The spelling in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Ended => "ended",
        }
    }
}

/// Which revocation lists speak about a certificate: its distribution points (of a card they name the municipality that issued it), sealed
/// to whom they belong. The seal has one of few lengths, whatever the points are.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct SealedPoints(pub String);

impl std::fmt::Debug for SealedPoints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealedPoints(***)")
    }
}

/// A signed-in browser.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Session {
    /// Public name: on the person's own page and in the audit.
    pub id: SessionId,
    /// SHA-256 of the cookie's secret.
    pub secret: TokenHash,
    /// Who.
    pub account: AccountId,
    /// With which certificate.
    pub credential: CredentialId,
    /// How.
    pub method: AuthenticationMethod,
    /// What that reached.
    pub level: AssuranceLevel,
    /// When the certificate handshake completed (OIDC `auth_time`, SAML `AuthnInstant`).
    pub authenticated_at: Timestamp,
    /// Revocation state at which the certificate was last found good.
    pub checked_generation: RevocationGeneration,
    /// Which lists speak about the certificate, sealed to the account; not known of sessions that began before this was kept, and of
    /// certificates with more points than are kept. The oldest list decides about those.
    #[serde(default)]
    pub points: Option<SealedPoints>,
    /// End of life whatever happens.
    pub expires_at: Timestamp,
    /// Where it stands.
    pub state: SessionState,
    /// Row version: rises by one at each change; batches name it as precondition.
    pub version: u64,
}

impl Session {
    /// Whether it may still be used at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.state == SessionState::Active && now < self.expires_at
    }
}
