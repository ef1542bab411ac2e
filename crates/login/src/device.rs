//! A try with a card in a device whose browser holds no certificates: who may do what next, as a life cycle.
//!
//! Two parties take part. The **screen** is the browser that began the sign-in; the session will be its, and only it can take
//! the outcome (its cookie). The **reader** is whoever holds the card; it has a secret of its own. They are the same device
//! ([`SessionAt::ThisDevice`]), or the screen shows a code and another device claims it ([`SessionAt::OtherScreen`]). Then the
//! card's signature is not enough: the screen shows two digits, only after the card has signed, and the person at the reader
//! has to type them, once. A letter, a poster or a program that sent the code beforehand cannot know them.

use domain::{AttemptId, Reference, Timestamp, TokenHash, TransactionId};
use serde::{Deserialize, Serialize};

use crate::challenge::{Challenge, SessionAt};
use crate::{Attempt, Evidence, Refusal};

/// Where a try stands.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "stage", deny_unknown_fields)]
pub enum Stage {
    /// The screen shows a code that nobody has claimed yet.
    Offered,
    /// A reader has the challenge.
    Challenged {
        /// What it was given: the octets are written again from this.
        challenge: Challenge,
    },
    /// The card has signed; the screen shows the number and the reader's person must type it.
    Unconfirmed {
        /// What was proven.
        evidence: Box<Evidence>,
        /// The chain of decisions, JSON text for the operator.
        trace: String,
        /// Two digits.
        number: String,
        /// Until when it may be typed.
        until: Timestamp,
    },
    /// Proven, and confirmed where that was needed; the screen may take it.
    Ready {
        /// What was proven.
        evidence: Box<Evidence>,
        /// The chain of decisions, JSON text for the operator.
        trace: String,
    },
    /// The screen took it.
    Taken,
    /// Over.
    Refused {
        /// Why.
        refusal: Refusal,
        /// What opens the chain of decisions.
        reference: Option<Reference>,
    },
}

impl Stage {
    /// The spelling on the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Challenged { .. } => "challenged",
            Self::Unconfirmed { .. } => "unconfirmed",
            Self::Ready { .. } => "ready",
            Self::Taken => "taken",
            Self::Refused { .. } => "refused",
        }
    }
}

/// One try. Kept in Ephemera under its id.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceAttempt {
    /// Its name in URLs.
    pub id: AttemptId,
    /// For which transaction.
    pub transaction: TransactionId,
    /// The browser that began: the screen.
    pub browser: TokenHash,
    /// Where the session will be.
    pub session_at: SessionAt,
    /// The code that the screen shows, as shown; empty where there is none.
    pub code: String,
    /// SHA-256 of the reader's secret, once there is a reader.
    pub reader: Option<TokenHash>,
    /// When it began.
    pub begun_at: Timestamp,
    /// When an unclaimed code or an unsigned challenge dies.
    pub expires_at: Timestamp,
    /// Where it stands.
    pub stage: Stage,
}

impl DeviceAttempt {
    /// Gives the challenge to a reader. Whether it is the first reader is decided by consuming the code.
    pub fn challenge(
        &mut self,
        reader: TokenHash,
        challenge: Challenge,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        match self.stage {
            Stage::Offered if now < self.expires_at => {
                self.reader = Some(reader);
                self.expires_at = challenge.expires_at;
                self.stage = Stage::Challenged { challenge };
                Ok(())
            }
            Stage::Offered => Err(Refusal::DeviceTooLate),
            _ => Err(Refusal::DeviceCodeUnknown),
        }
    }

    /// What the reader was given and may still sign. Whether it is the first signature is decided by a unique insert in the
    /// Ledger.
    pub fn signable(&self, now: Timestamp) -> Result<&Challenge, Refusal> {
        match &self.stage {
            Stage::Challenged { challenge } if now < challenge.expires_at => Ok(challenge),
            Stage::Challenged { .. } => Err(Refusal::DeviceTooLate),
            Stage::Refused { refusal, .. } => Err(*refusal),
            _ => Err(Refusal::DeviceChallengeUsed),
        }
    }

    /// The card has signed. On another screen than the reader's the number is asked for first.
    pub fn proven(&mut self, evidence: Evidence, trace: String, number: String, until: Timestamp) {
        let evidence = Box::new(evidence);
        self.stage = match self.session_at {
            SessionAt::ThisDevice => Stage::Ready { evidence, trace },
            SessionAt::OtherScreen => Stage::Unconfirmed {
                evidence,
                trace,
                number,
                until,
            },
        };
    }

    /// The person at the reader typed a number: right or over. Whether it is the first typing is decided by a counter.
    pub fn confirm(&mut self, typed: &str, now: Timestamp) -> Result<(), Refusal> {
        let Stage::Unconfirmed {
            evidence,
            trace,
            number,
            until,
        } = &self.stage
        else {
            return Err(match &self.stage {
                Stage::Refused { refusal, .. } => *refusal,
                _ => Refusal::DeviceChallengeUsed,
            });
        };
        if now >= *until {
            return Err(Refusal::DeviceTooLate);
        }
        if typed != number {
            return Err(Refusal::DeviceNotConfirmed);
        }
        self.stage = Stage::Ready {
            evidence: evidence.clone(),
            trace: trace.clone(),
        };
        Ok(())
    }

    /// It is over.
    pub fn refuse(&mut self, refusal: Refusal, reference: Option<Reference>) {
        self.stage = Stage::Refused { refusal, reference };
    }

    /// The try as the ticket carries it.
    pub fn attempt(&self) -> Attempt {
        Attempt {
            id: self.id.clone(),
            transaction: self.transaction.clone(),
            browser: self.browser.clone(),
            family: None,
            started_at: self.begun_at,
        }
    }

    /// Whether its time is over although nobody has said so.
    pub fn is_late(&self, now: Timestamp) -> bool {
        match &self.stage {
            Stage::Offered | Stage::Challenged { .. } => now >= self.expires_at,
            Stage::Unconfirmed { until, .. } => now >= *until,
            Stage::Ready { .. } | Stage::Taken | Stage::Refused { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests;
