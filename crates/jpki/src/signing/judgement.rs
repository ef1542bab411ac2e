//! Whether a signature made with an examined certificate counts: dates and status.

use domain::Timestamp;
use pki::RevocationReason;

use crate::evaluation::{Step, Verdict};

use super::profile::{Examined, SigningReason, note};

/// Why the status of a certificate is not known. Never to be read as "good".
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum StatusGap {
    /// No list speaks about it.
    NoList,
    /// What is known is too old.
    Stale,
    /// Nobody answered.
    Unreachable,
    /// Two sources contradict one another.
    Contradiction,
    /// The responder does not know the certificate.
    Unknown,
}

impl StatusGap {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoList => "no_list",
            Self::Stale => "stale",
            Self::Unreachable => "unreachable",
            Self::Contradiction => "contradiction",
            Self::Unknown => "unknown",
        }
    }
}

/// What is known about the revocation of a certificate now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SigningStatus {
    /// Not revoked.
    Good,
    /// Revoked. Final, certificateHold included: JPKI never releases one.
    Revoked {
        /// Why.
        reason: RevocationReason,
        /// When.
        at: Timestamp,
    },
    /// Not known.
    Unknown(StatusGap),
}

/// When a signature was made, as far as anybody knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Moment {
    /// What the signer wrote. A claim.
    pub claimed: Option<Timestamp>,
    /// The earliest time at which this very signature is proven to have existed: an earlier verification of ours.
    pub proven: Option<Timestamp>,
    /// Now: when it is presented.
    pub now: Timestamp,
    /// Seconds by which the signer's clock may be ahead.
    pub clock_skew_seconds: i64,
}

impl Moment {
    /// Presented now, nothing else known.
    pub const fn now(now: Timestamp) -> Self {
        Self {
            claimed: None,
            proven: None,
            now,
            clock_skew_seconds: 300,
        }
    }

    /// With the signer's claim.
    #[must_use]
    pub const fn claiming(self, claimed: Option<Timestamp>) -> Self {
        Self { claimed, ..self }
    }

    /// The time by which the signature surely existed.
    pub fn existed_at(&self) -> Timestamp {
        self.proven.map_or(self.now, |proven| proven.min(self.now))
    }
}

/// The outcome.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Opinion {
    /// It counts.
    Valid,
    /// It does not.
    Invalid,
    /// Not known: do not rely on it.
    Indeterminate,
}

impl Opinion {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Indeterminate => "indeterminate",
        }
    }
}

/// What the rules about time said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Judgement {
    /// Every rule, in order.
    pub trace: Vec<Step>,
    /// The outcome.
    pub opinion: Opinion,
    /// Why not valid; none where it is.
    pub reason: Option<SigningReason>,
}

type Rule = fn(&Examined, &Moment, &SigningStatus) -> Result<(), (Opinion, SigningReason)>;

const RULES: [(&str, Rule); 5] = [
    ("signing_time_is_not_in_the_future", not_in_future),
    ("signed_after_validity_began", after_begin),
    ("signing_certificate_is_not_revoked", not_revoked),
    ("signed_before_validity_ended", before_end),
    ("status_is_known", status_known),
];

/// The rules in order, for documents and tests.
pub fn judgement_rule_names() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|(name, _)| *name)
}

impl Examined {
    /// Judges a signature that was made, or is claimed to have been made, at a moment. A revocation is final, so it is told even
    /// where other things are wrong too.
    pub fn judge(&self, moment: &Moment, status: &SigningStatus) -> Judgement {
        let mut trace = Vec::new();
        let mut outcome = None;
        for (name, rule) in RULES {
            if outcome.is_some() {
                trace.push(Step {
                    rule: name,
                    verdict: Verdict::NotRun,
                    detail: None,
                });
                continue;
            }
            let seen = rule(self, moment, status);
            note(
                &mut trace,
                name,
                &seen.as_ref().map(|()| None).map_err(|(_, reason)| reason.clone()),
            );
            outcome = seen.err();
        }
        match outcome {
            None => Judgement {
                trace,
                opinion: Opinion::Valid,
                reason: None,
            },
            Some((opinion, reason)) => Judgement {
                trace,
                opinion,
                reason: Some(reason),
            },
        }
    }
}

fn not_in_future(_: &Examined, moment: &Moment, _: &SigningStatus) -> Result<(), (Opinion, SigningReason)> {
    let latest = moment.now.plus_seconds(moment.clock_skew_seconds);
    match moment.claimed {
        Some(claimed) if claimed > latest => Err((Opinion::Invalid, SigningReason::SignedInFuture)),
        _ => Ok(()),
    }
}

fn after_begin(
    examined: &Examined,
    moment: &Moment,
    _: &SigningStatus,
) -> Result<(), (Opinion, SigningReason)> {
    let begin = examined.certificate().not_before();
    let claims_earlier = moment
        .claimed
        .is_some_and(|claimed| claimed.plus_seconds(moment.clock_skew_seconds) < begin);
    if moment.now < begin {
        Err((Opinion::Invalid, SigningReason::NotYetValid))
    } else if claims_earlier {
        Err((Opinion::Invalid, SigningReason::SignedBeforeValidity))
    } else {
        Ok(())
    }
}

fn not_revoked(
    _: &Examined,
    moment: &Moment,
    status: &SigningStatus,
) -> Result<(), (Opinion, SigningReason)> {
    let SigningStatus::Revoked { reason, at } = *status else {
        return Ok(());
    };
    let revoked = SigningReason::Revoked { reason, at };
    // A key that was known to others says nothing at any time.
    let compromised = matches!(
        reason,
        RevocationReason::KeyCompromise | RevocationReason::CaCompromise
    );
    // Only what is proven to be earlier counts: a date of revocation that is still to come, or a clock of ours that is behind, excuses
    // nothing.
    let proven_earlier = moment.proven.is_some_and(|proven| proven.min(moment.now) < at);
    if proven_earlier && !compromised {
        Ok(())
    } else if moment.claimed.is_some_and(|claimed| claimed < at) && !compromised {
        Err((Opinion::Indeterminate, revoked))
    } else {
        Err((Opinion::Invalid, revoked))
    }
}

fn before_end(
    examined: &Examined,
    moment: &Moment,
    _: &SigningStatus,
) -> Result<(), (Opinion, SigningReason)> {
    // The last second of validity counts whole (RFC 5280 section 4.1.2.5).
    let end = examined.certificate().not_after().plus_seconds(1);
    if moment.existed_at() < end {
        Ok(())
    } else if moment.claimed.is_some_and(|claimed| claimed < end) {
        Err((Opinion::Indeterminate, SigningReason::Expired))
    } else {
        Err((Opinion::Invalid, SigningReason::Expired))
    }
}

fn status_known(_: &Examined, _: &Moment, status: &SigningStatus) -> Result<(), (Opinion, SigningReason)> {
    match status {
        SigningStatus::Unknown(gap) => Err((Opinion::Indeterminate, SigningReason::StatusUnknown(*gap))),
        _ => Ok(()),
    }
}
