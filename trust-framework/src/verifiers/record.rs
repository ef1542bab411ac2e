//! The record of an approved verifier.

use domain::{Localized, RegisteredCertificate, Timestamp};
use serde::{Deserialize, Serialize};
use store::Record;

/// The longest term of a person's consent, in years of 365 days and leap days: J-LIS keeps a consent to the latest items ten years.
pub const MAX_CONSENT_YEARS: i64 = 10;

/// What a verifier may ask.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// Verification of signatures (検証代行).
    VerifySignatures,
    /// 現況確認 and notices of change, with the person's consent (失効情報の確認).
    WatchStatus,
    /// The latest 基本4情報, with the person's consent (最新の利用者情報提供).
    LatestItems,
}

/// For what.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// The stable word in requests and consents.
    pub code: String,
    /// What the person reads.
    pub name: Localized,
    /// Whether 基本4情報 may be answered for it.
    #[serde(default)]
    pub four_items: bool,
}

/// Where notices are pushed to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Push {
    /// An `https` URL: only this host is ever connected to, and redirects are not followed.
    pub url: String,
}

/// Where in its life a registration is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum VerifierState {
    /// May ask.
    Active,
    /// May not, until resumed.
    Suspended {
        /// Since when.
        since: Timestamp,
        /// Why, for operators.
        reason: String,
    },
    /// Never again.
    Removed {
        /// Since when.
        since: Timestamp,
    },
}

/// Whether a verifier may ask now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// It may.
    Good,
    /// Suspended by an operator.
    Suspended,
    /// Its accreditation has ended, or not begun.
    NotAccredited,
    /// Removed.
    Removed,
}

/// An approved verifier.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Verifier {
    /// `client_id`, and the name in consents: never given to another verifier again.
    pub id: String,
    /// What people read.
    pub name: Localized,
    /// Number or name of the accreditation.
    pub accreditation: String,
    /// From when it counts.
    pub accredited_from: Timestamp,
    /// Until when.
    pub accredited_until: Timestamp,
    /// What it may ask.
    pub capabilities: Vec<Capability>,
    /// For what. A request names one of these.
    pub purposes: Vec<Purpose>,
    /// Public keys for `private_key_jwt`, a JWK Set as text; empty where it authenticates by certificate alone.
    #[serde(default)]
    pub jwks: String,
    /// What its certificate must be where it authenticates by mutual TLS (RFC 8705).
    #[serde(default)]
    pub certificate: Option<RegisteredCertificate>,
    /// Requests per minute.
    pub requests_per_minute: u32,
    /// Questions to the authority's responder per day of Japan's calendar: they may cost money.
    pub responder_questions_per_day: u32,
    /// Where notices are pushed to; otherwise they are fetched.
    #[serde(default)]
    pub push: Option<Push>,
    /// Days for which evidence can be fetched again.
    pub evidence_days: u32,
    /// Where in its life.
    #[serde(flatten)]
    pub state: VerifierState,
    /// Registered.
    pub created_at: Timestamp,
    /// Changed last.
    pub changed_at: Timestamp,
}

impl Verifier {
    /// Reads a record of the register.
    ///
    /// # Errors
    /// What serde says about the place.
    pub fn of(record: &Record) -> Result<Self, serde_json::Error> {
        serde_json::from_str(&record.value)
    }

    /// Whether it may ask now.
    pub fn standing(&self, now: Timestamp) -> Standing {
        match self.state {
            VerifierState::Suspended { .. } => Standing::Suspended,
            VerifierState::Removed { .. } => Standing::Removed,
            VerifierState::Active if now < self.accredited_from || now >= self.accredited_until => {
                Standing::NotAccredited
            }
            VerifierState::Active => Standing::Good,
        }
    }

    /// Whether it may ask such things.
    pub fn may(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }

    /// A purpose by its word.
    pub fn purpose(&self, code: &str) -> Option<&Purpose> {
        self.purposes.iter().find(|purpose| purpose.code == code)
    }
}
