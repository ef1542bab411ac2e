//! Device authorization (RFC 8628) over HTTP: a device without a browser asks, a person agrees in a browser, the device gets tokens.
//!
//! **Owns** the endpoint where a device asks (`endpoint.rs`), the page where a person enters its code (`enter.rs`), what the person
//! answers, with the number that the device shows (`answer.rs`), what the device gets (`grant.rs`), what is kept meanwhile (`held.rs`),
//! and how often codes may be tried and devices may ask (`limits.rs`).
//!
//! **Deliberately absent**: rules (they are in `oidc::device_authorization` and `oidc::grants::device_code`), the sign-in in between (it
//! is the usual one, `web/login`), cards in devices (`web/device`: there a device has the card; here it has neither card nor browser).
//!
//! **Neighbours**: `token.rs` calls `grant.rs`; `login/consent.rs` calls `answer.rs` before anything is agreed to.
//!
//! **One more thing that a device may ask for**: its rule in `oidc`, its member in [`Wanted`].

pub mod answer;
pub mod endpoint;
pub mod enter;
pub mod grant;
mod held;
mod limits;

use domain::{GrantTerms, SessionId, Timestamp, TokenHash};
use login::Ask;
use serde::{Deserialize, Serialize};

/// Where people enter the code of a device (`verification_uri`).
pub const PAGE: &str = "/activate";

/// What the sign-in has to know of a device's request.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// In words of no protocol.
    ask: Ask,
    /// Granted scopes, space separated.
    scope: String,
    /// `auth_time` is an essential claim.
    auth_time_required: bool,
    /// What is asked of the tokens beyond scopes.
    terms: GrantTerms,
}

/// How a sign-in for a device ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Ending {
    /// The person, or a rule of the platform, said no.
    Refused,
    /// A number was picked that the device does not show.
    OtherNumber,
    /// Too late, or answered before.
    Over,
}

/// Our own part of a transaction that a device's code began.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Continuation {
    /// SHA-256 of the device code.
    code: TokenHash,
    /// When the codes die.
    expires_at: Timestamp,
    /// Granted scopes, space separated.
    scope: String,
    /// `auth_time` is an essential claim.
    auth_time_required: bool,
    /// What is asked of the tokens beyond scopes.
    terms: GrantTerms,
    /// The session of the person who picked the device's number. Nothing is issued without it.
    matched: Option<SessionId>,
    /// How it ended, where nothing was issued.
    ending: Option<Ending>,
}

impl Continuation {
    /// Granted scopes, space separated.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// What is asked of the tokens beyond scopes.
    pub fn terms(&self) -> &GrantTerms {
        &self.terms
    }
}
