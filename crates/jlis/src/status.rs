//! Is this certificate revoked, now?

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use domain::Timestamp;
use jpki::{CaKind, JpkiConfig};
use pki::ocsp::{OcspReason, OcspStatus};

use crate::accounting::QuestionKind;
use crate::{Asker, CertificateName, Links, Unavailable};

/// A question about one certificate.
#[derive(Clone, Copy, Debug)]
pub struct StatusQuestion<'a> {
    /// Which certificate.
    pub name: &'a CertificateName,
    /// What is pinned: the issuer's generations are taken from here.
    pub authorities: &'a JpkiConfig,
    /// On whose behalf.
    pub asker: &'a Asker,
    /// How old what is known may be at most, in seconds since thisUpdate; none where the source's own configuration suffices.
    /// An answer from memory that is older is asked for again, and an answer that is older still is no answer.
    pub max_age_seconds: Option<i64>,
    /// The time now.
    pub now: Timestamp,
}

impl<'a> StatusQuestion<'a> {
    /// The question that most callers have.
    pub fn new(
        name: &'a CertificateName,
        authorities: &'a JpkiConfig,
        asker: &'a Asker,
        now: Timestamp,
    ) -> Self {
        Self {
            name,
            authorities,
            asker,
            max_age_seconds: None,
            now,
        }
    }

    /// The same question, with a bound on age.
    #[must_use]
    pub fn not_older_than(self, seconds: i64) -> Self {
        Self {
            max_age_seconds: Some(seconds),
            ..self
        }
    }

    /// How it is accounted.
    pub fn kind(&self) -> QuestionKind {
        match self.name.ca_kind {
            CaKind::UserAuthentication => QuestionKind::StatusOfAuthentication,
            CaKind::DigitalSignature => QuestionKind::StatusOfSigning,
        }
    }
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AnsweredFrom {
    /// It was asked for now.
    Responder,
    /// It was asked for earlier and is still within its dates.
    Memory,
}

/// What is kept as proof of what was known when. `Debug` shows no bytes, since they hold the serial number.
#[derive(Clone, Eq, PartialEq)]
pub struct StatusEvidence {
    /// Which responder, by the label of the configuration.
    pub responder: String,
    /// Lower-case hexadecimal SHA-256 of its SubjectPublicKeyInfo.
    pub responder_key_hash: String,
    /// When the answer was signed.
    pub produced_at: Timestamp,
    /// When what it says was known to be so.
    pub this_update: Timestamp,
    /// When there will be newer information.
    pub next_update: Option<Timestamp>,
    /// When it was verified.
    pub verified_at: Timestamp,
    /// Whether it repeats our nonce: made for our question.
    pub nonce_matched: bool,
    /// The DER question.
    pub request: Vec<u8>,
    /// The DER answer, which a third party can verify again. Sealed where it is kept.
    pub response: Vec<u8>,
}

impl fmt::Debug for StatusEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusEvidence")
            .field("responder", &self.responder)
            .field("produced_at", &self.produced_at)
            .field("this_update", &self.this_update)
            .field("next_update", &self.next_update)
            .field("nonce_matched", &self.nonce_matched)
            .finish_non_exhaustive()
    }
}

/// A verified answer.
#[derive(Clone, Debug)]
pub struct StatusAnswer {
    /// What it says. [`OcspStatus::Unknown`] is not good.
    pub status: OcspStatus,
    /// Whether it was asked for now.
    pub from: AnsweredFrom,
    /// How many questions were sent for it, failed ones included.
    pub questions_sent: u32,
    /// Other certificates of the same person, where the answer carries them.
    pub links: Links,
    /// The proof.
    pub evidence: Arc<StatusEvidence>,
}

/// Why one responder gave no answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ResponderFailure {
    /// It gave none.
    Unavailable(Unavailable),
    /// What it gave does not hold.
    Unverified(OcspReason),
    /// It gave an older answer than it gave before, and no nonce to say otherwise.
    Replayed {
        /// producedAt of this one.
        produced_at: Timestamp,
        /// producedAt of the one seen before.
        seen: Timestamp,
    },
    /// It gave links that cannot be.
    ImpossibleLinks,
    /// What it gave is older than the question allows.
    TooOld {
        /// thisUpdate.
        this_update: Timestamp,
    },
}

impl ResponderFailure {
    /// The stable word for metrics and the operator's view.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(why) => why.code(),
            Self::Unverified(why) => why.check().as_str(),
            Self::Replayed { .. } => "replayed",
            Self::ImpossibleLinks => "impossible_links",
            Self::TooOld { .. } => "too_old",
        }
    }
}

impl fmt::Display for ResponderFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(why) => why.fmt(f),
            Self::Unverified(why) => {
                write!(f, "the answer fails the check of {}: {why}", why.check().as_str())
            }
            Self::Replayed { produced_at, seen } => {
                write!(f, "an answer of {produced_at}, after one of {seen}")
            }
            Self::ImpossibleLinks => f.write_str("links that cannot be"),
            Self::TooOld { this_update } => {
                write!(f, "the answer is of {this_update}, which is too old here")
            }
        }
    }
}

impl From<Unavailable> for ResponderFailure {
    fn from(why: Unavailable) -> Self {
        Self::Unavailable(why)
    }
}

/// No answer. Never to be read as "good".
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum StatusFailure {
    /// The issuer's key is not pinned.
    UnknownIssuer,
    /// No responder gave one that holds.
    NoAnswer {
        /// Each responder that was tried or left alone, by its label, with why.
        responders: Vec<(String, ResponderFailure)>,
        /// How many questions were sent.
        questions_sent: u32,
    },
    /// Two verified answers contradict one another, or one says "good" after another said "revoked": an incident.
    Contradiction {
        /// The labels of those who gave them.
        responders: [String; 2],
        /// How many questions were sent.
        questions_sent: u32,
    },
}

impl StatusFailure {
    /// The stable word for metrics and the operator's view.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownIssuer => "unknown_issuer",
            Self::NoAnswer { .. } => "no_answer",
            Self::Contradiction { .. } => "contradiction",
        }
    }
}

impl fmt::Display for StatusFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownIssuer => f.write_str("the issuer is not pinned"),
            Self::NoAnswer { responders, .. } => {
                f.write_str("no responder answered")?;
                for (label, why) in responders {
                    write!(f, "; {label}: {why}")?;
                }
                Ok(())
            }
            Self::Contradiction {
                responders: [one, other],
                ..
            } => write!(f, "{one} and {other} contradict one another"),
        }
    }
}

impl std::error::Error for StatusFailure {}

/// Who knows whether a certificate is revoked.
#[async_trait]
pub trait StatusSource: Send + Sync {
    /// Asks. Returns only answers that were verified.
    ///
    /// An implementation bounds its time and the size of answers, and counts every question that it sends.
    async fn ask(&self, question: &StatusQuestion<'_>) -> Result<StatusAnswer, StatusFailure>;
}
