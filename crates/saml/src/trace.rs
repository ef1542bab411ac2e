//! Which rules ran with which verdict: one value for refusal pages, the operator's view and offline replay.

use serde::Serialize;

use crate::Reason;

/// How a rule ended.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
#[non_exhaustive]
pub enum Verdict {
    /// The rule is met.
    Passed,
    /// The rule is broken.
    Failed {
        /// Why.
        reason: Reason,
    },
    /// An earlier rule failed.
    NotReached,
}

/// One rule with its verdict.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct TraceRow {
    /// The rule's name, a sentence: its file in `rules/`.
    pub rule: &'static str,
    /// Where the standard says so.
    pub citation: &'static str,
    /// How it ended.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Every rule in the order of the check.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Trace {
    rows: Vec<TraceRow>,
}

impl Trace {
    /// The rows in order.
    pub fn rows(&self) -> &[TraceRow] {
        &self.rows
    }

    pub(crate) fn passed(&mut self, rule: &'static str, citation: &'static str) {
        self.push(rule, citation, Verdict::Passed);
    }

    pub(crate) fn failed(&mut self, rule: &'static str, citation: &'static str, reason: Reason) {
        self.push(rule, citation, Verdict::Failed { reason });
    }

    pub(crate) fn not_reached(&mut self, rule: &'static str, citation: &'static str) {
        self.push(rule, citation, Verdict::NotReached);
    }

    fn push(&mut self, rule: &'static str, citation: &'static str, verdict: Verdict) {
        self.rows.push(TraceRow {
            rule,
            citation,
            verdict,
        });
    }
}
