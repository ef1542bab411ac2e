//! What a logout response must be besides a good logout message (`rules/logout_message/`).

pub(crate) mod it_answers_our_request;

use crate::Reason;
use crate::elements::LogoutResponse;

/// Everything that a rule may look at.
pub(crate) struct Answered<'a> {
    pub(crate) response: &'a LogoutResponse,
    /// The `ID` of the request that was sent to this very service.
    pub(crate) request: &'a str,
}

/// A rule as a row of the table in `check_logout.rs`.
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) citation: &'static str,
    pub(crate) check: fn(&Answered<'_>) -> Result<(), Reason>,
}
