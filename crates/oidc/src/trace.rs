//! Which rules ran with which verdict: one value for the refusal page, the operator's view and replay.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::Reason;

/// What a rule said.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// Nothing to say against it.
    Passed,
    /// Refused.
    Refused {
        /// `Reason::code`.
        reason: Cow<'static, str>,
        /// The reason as a sentence, without secrets.
        detail: String,
    },
    /// An earlier rule refused.
    NotReached,
}

/// One rule's line.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TraceLine {
    /// The rule, a sentence.
    pub rule: Cow<'static, str>,
    /// Where it is written.
    pub cites: Cow<'static, str>,
    /// What it said.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Every rule of one check, in order.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Trace {
    /// The lines.
    pub lines: Vec<TraceLine>,
}

impl Trace {
    pub(crate) fn note(&mut self, rule: &'static str, cites: &'static str, verdict: Verdict) {
        self.lines.push(TraceLine {
            rule: Cow::Borrowed(rule),
            cites: Cow::Borrowed(cites),
            verdict,
        });
    }

    /// Puts the lines of what was looked at before in front.
    pub fn precede(&mut self, mut earlier: Self) {
        earlier.lines.append(&mut self.lines);
        *self = earlier;
    }

    /// A trace of one rule that refused.
    pub fn refused(rule: &'static str, cites: &'static str, reason: &Reason) -> Self {
        let mut trace = Self::default();
        trace.note(rule, cites, Verdict::of(&Err(reason.clone())));
        trace
    }

    /// The line that refused, if any.
    pub fn refusal(&self) -> Option<&TraceLine> {
        self.lines
            .iter()
            .find(|line| matches!(line.verdict, Verdict::Refused { .. }))
    }
}

impl Verdict {
    pub(crate) fn of(result: &Result<(), Reason>) -> Self {
        match result {
            Ok(()) => Self::Passed,
            Err(reason) => Self::Refused {
                reason: Cow::Borrowed(reason.code()),
                detail: reason.to_string(),
            },
        }
    }
}
