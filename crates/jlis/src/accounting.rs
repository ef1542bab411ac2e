//! Who asked how often. Questions may cost money: the fee per question is waived "for the time being" only.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use domain::ServiceId;

/// On whose behalf a question is asked.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Asker {
    /// A service that a person signs in to.
    Service(ServiceId),
    /// An approved verifier, by its identifier in the register.
    Verifier(String),
    /// The platform itself: links of an unknown certificate, sessions re-checked.
    Platform,
}

impl fmt::Display for Asker {
    /// The label of metrics and accounts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(id) => id.fmt(f),
            Self::Verifier(id) => write!(f, "verifier:{id}"),
            Self::Platform => f.write_str("platform"),
        }
    }
}

/// What was asked.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum QuestionKind {
    /// OCSP about a 利用者証明用 certificate.
    StatusOfAuthentication,
    /// OCSP about a 署名用 certificate, which had another price.
    StatusOfSigning,
    /// Links.
    Links,
    /// Latest 基本4情報.
    FourItems,
}

impl QuestionKind {
    /// The stable word for metrics and accounts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StatusOfAuthentication => "status_authentication",
            Self::StatusOfSigning => "status_signing",
            Self::Links => "links",
            Self::FourItems => "four_items",
        }
    }
}

/// What became of a question that was sent.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum QuestionOutcome {
    /// An answer that can be relied on.
    Answered,
    /// None, or none that can be relied on. It may still be charged.
    Failed,
    /// Answered from memory: nothing was sent.
    Remembered,
}

impl QuestionOutcome {
    /// The stable word for metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Failed => "failed",
            Self::Remembered => "remembered",
        }
    }
}

/// One event of accounting.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Counted<'a> {
    /// On whose behalf.
    pub asker: &'a Asker,
    /// What.
    pub kind: QuestionKind,
    /// Whom, by the label of the configuration.
    pub responder: &'a str,
    /// With which result.
    pub outcome: QuestionOutcome,
    /// Until the result was there.
    pub millis: u64,
}

/// Takes note of every question, at once and without waiting. The server makes metrics of it and keeps a durable account.
pub trait QuestionCounter: Send + Sync {
    /// A question was sent and its result is there, or it was answered from memory.
    fn count(&self, event: &Counted<'_>);

    /// Two responders, named by their labels, gave verified answers that cannot both be true: an incident, to be alarmed.
    fn contradiction(&self, kind: QuestionKind, responders: [&str; 2]);
}

/// Counts per asker and kind, until a job carries the sums into a durable account.
#[derive(Debug, Default)]
pub struct Tally {
    sums: Mutex<BTreeMap<(Asker, QuestionKind), u64>>,
}

impl Tally {
    /// Takes out all sums of questions that were really sent since the last time.
    pub fn take(&self) -> Vec<(Asker, QuestionKind, u64)> {
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *sums)
            .into_iter()
            .map(|((asker, kind), sum)| (asker, kind, sum))
            .collect()
    }

    /// Puts sums back that could not be kept, to be taken again.
    pub fn put_back(&self, sums: Vec<(Asker, QuestionKind, u64)>) {
        for (asker, kind, sum) in sums {
            self.add(asker, kind, sum);
        }
    }

    fn add(&self, asker: Asker, kind: QuestionKind, more: u64) {
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = sums.entry((asker, kind)).or_default();
        *sum = sum.saturating_add(more);
    }
}

impl QuestionCounter for Tally {
    fn count(&self, event: &Counted<'_>) {
        if event.outcome != QuestionOutcome::Remembered {
            self.add(event.asker.clone(), event.kind, 1);
        }
    }

    /// An account has no line for incidents.
    fn contradiction(&self, _: QuestionKind, _: [&str; 2]) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_summed_and_survives_a_failed_account() {
        let tally = Tally::default();
        let (one, two) = (Asker::Platform, Asker::Verifier("v".into()));
        for (asker, outcome) in [
            (&one, QuestionOutcome::Answered),
            (&one, QuestionOutcome::Failed),
            (&one, QuestionOutcome::Remembered),
            (&two, QuestionOutcome::Answered),
        ] {
            tally.count(&Counted {
                asker,
                kind: QuestionKind::Links,
                responder: "first",
                outcome,
                millis: 1,
            });
        }
        let kind = QuestionKind::Links;
        let sums = vec![(two, kind, 1), (one.clone(), kind, 2)];
        assert_eq!(tally.take(), sums);
        assert_eq!(tally.take(), []);
        tally.put_back(sums);
        tally.put_back(vec![(one.clone(), kind, 3)]);
        assert!(tally.take().contains(&(one, kind, 5)));
    }
}
