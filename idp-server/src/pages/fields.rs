//! Names and values of the form fields that pages send: the templates write them, the handlers read them.

/// The hidden field that ties a form to the browser it was shown in.
pub const CSRF: &str = "csrf";

/// Which family of door names to use for an attempt.
pub const FAMILY: &str = "family";
/// TLS 1.3 and 1.2.
pub const FAMILY_CARD: &str = "card";
/// TLS 1.2 only.
pub const FAMILY_CARD12: &str = "card12";

/// The person's answer on the consent page.
pub const DECISION: &str = "decision";
/// The person agrees.
pub const DECISION_AGREE: &str = "agree";
/// The person declines.
pub const DECISION_DECLINE: &str = "decline";

/// The two digits of a screen.
pub const NUMBER: &str = "number";
/// None of the numbers that are shown.
pub const NUMBER_NONE: &str = "none";

/// The code that a device shows.
pub const USER_CODE: &str = "user_code";

/// Which session to end (a `domain::SessionId`).
pub const SESSION: &str = "session";

/// What the operator typed on the reference page.
pub const REFERENCE: &str = "reference";

/// The operator's answer to a question of identity.
pub const VERDICT: &str = "verdict";
/// On what grounds.
pub const GROUNDS: &str = "grounds";
/// What is done with a question: propose, confirm, decline.
pub const ACT: &str = "act";

/// The signed file of 利用登録.
pub const FILE: &str = "file";
