//! The register of approved terminals (かざし利用, 公的個人認証法 Article 38-4): which machine may show cards to the platform, for which services.
//!
//! A terminal is known by its certificate as it was handed in: approved by its thumbprint, not by who issued it. Low-rate, so a
//! record each (`store::RecordKind::Terminal`).

use domain::{ServiceId, Timestamp};
use jose::{Algorithm, Jwk, JwkSet};
use keys::{PublicPart, SigningAlgorithm};
use serde::{Deserialize, Serialize};
use store::{Ledger, Record, RecordKind, StoreFault};

use crate::secret::hash_of;

/// Where a terminal stands.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum TerminalState {
    /// May show cards.
    Active,
    /// Refused until resumed.
    Suspended {
        /// Since when.
        since: Timestamp,
        /// Why, for operators.
        reason: String,
    },
}

/// An approved terminal.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Terminal {
    /// Where it stands, in words, for operators.
    pub place: String,
    /// Lower-case hexadecimal SHA-256 of its certificate (DER).
    pub thumbprint: String,
    /// DER SubjectPublicKeyInfo in base64url: what its requests are verified with.
    pub key: String,
    /// End of its certificate.
    pub not_after: Timestamp,
    /// The services that may be used at it.
    pub services: Vec<ServiceId>,
    /// Where it stands in its life.
    pub state: TerminalState,
    /// When it was approved.
    pub added_at: Timestamp,
}

/// Why a certificate cannot be a terminal's. The text is for the operator.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TerminalReason {
    /// Not readable.
    #[error("the certificate cannot be read: {0}")]
    Certificate(String),
    /// Neither P-256 nor RSA of 2048 bits and more.
    #[error("the key cannot sign requests: {0}")]
    Key(String),
    /// Its validity has ended.
    #[error("the certificate has expired")]
    Expired,
    /// A name that cannot stand in a request.
    #[error("a name is 1 to 64 letters, digits, points and hyphens")]
    Name,
}

/// Whether a text can name a terminal.
pub fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}

impl Terminal {
    /// From the certificate that was handed in.
    pub fn of_certificate(
        certificate: &[u8],
        place: &str,
        services: Vec<ServiceId>,
        now: Timestamp,
    ) -> Result<Self, TerminalReason> {
        let read = pki::Certificate::parse(certificate)
            .map_err(|reason| TerminalReason::Certificate(reason.to_string()))?;
        if now >= read.not_after() {
            return Err(TerminalReason::Expired);
        }
        let terminal = Self {
            place: place.to_owned(),
            thumbprint: hash_of(&[certificate]).0,
            key: jose::encode_base64url(read.public_key().spki()),
            not_after: read.not_after(),
            services,
            state: TerminalState::Active,
            added_at: now,
        };
        terminal.keys()?;
        Ok(terminal)
    }

    /// What its requests are verified with: ES256 or PS256, as the key is.
    pub fn keys(&self) -> Result<JwkSet, TerminalReason> {
        let wrong = |why: &dyn std::fmt::Display| TerminalReason::Key(why.to_string());
        let spki = jose::decode_base64url(&self.key).ok_or_else(|| wrong(&"not base64url"))?;
        let part = PublicPart::from_spki(&spki).map_err(|error| wrong(&error))?;
        let algorithm = if part.fits(SigningAlgorithm::Es256) {
            Algorithm::Es256
        } else {
            Algorithm::Ps256
        };
        let jwk = Jwk::new(part.key().clone(), self.thumbprint.clone(), algorithm)
            .map_err(|error| wrong(&error))?;
        Ok(JwkSet::new(vec![jwk]))
    }
}

/// A terminal by its name, with its record.
pub async fn find(ledger: &dyn Ledger, name: &str) -> Result<Option<(Record, Terminal)>, StoreFault> {
    if !is_name(name) {
        return Ok(None);
    }
    let Some(record) = ledger.record(RecordKind::Terminal, name).await? else {
        return Ok(None);
    };
    let terminal = serde_json::from_str(&record.value).map_err(|why| StoreFault::Corrupt(why.to_string()))?;
    Ok(Some((record, terminal)))
}
