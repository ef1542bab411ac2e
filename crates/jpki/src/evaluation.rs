//! What the rules said, rule by rule: the refusal page, the operator's view and a later replay read this one value.

use crate::holder::Holder;
use crate::reason::Reason;

/// What became of a rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It held.
    Passed,
    /// It did not, and decided.
    Failed,
    /// An earlier rule had decided.
    NotRun,
}

impl Verdict {
    /// The spelling in the audit.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotRun => "not_run",
        }
    }
}

/// One line of the trace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// The rule, as a sentence with underscores: also the name of its file.
    pub rule: &'static str,
    /// What became of it.
    pub verdict: Verdict,
    /// What it saw, for the operator. Never a serial number, a name, a date of the certificate or a key of its holder.
    pub detail: Option<String>,
}

/// The decision about one certificate.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// Every rule of the table, in order.
    pub trace: Vec<Step>,
    /// Who may sign in, or why not.
    pub verdict: Result<Holder, Reason>,
}
