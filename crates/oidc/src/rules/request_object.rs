//! Rules of the request object (RFC 9101, OpenID Connect Core 1.0 section 6).
//!
//! **Owns** one file per rule. Each has `CITES` (where it is written) and `check` (the row of the table in `request_object.rs`), and a
//! reader where the rule gives a value. The first, the signature, makes what the others look at.
//!
//! **Deliberately absent**: what the parameters inside mean: they pass the rules of the authorization request like any others. Nested JWE:
//! it is not offered, and five parts are no compact JWS.
//!
//! **Neighbours**: `request_object.rs`, `authorization_request`.
//!
//! **One more rule**: a file here and its row in the table.

pub mod agrees_with_what_is_beside_it;
pub mod audience_is_this_provider;
pub mod holds_no_other_message;
pub mod identifier_is_bounded;
pub mod issuer_is_the_client;
pub mod members_are_parameters;
pub mod reference_is_registered;
pub mod signature_is_by_a_registered_key;
pub mod time_is_now;

use serde_json::Value;

use crate::Reason;
use crate::request_object::ObjectAsk;

/// A claim that must be text.
fn text<'a>(ask: &ObjectAsk<'a>, name: &'static str) -> Result<&'a str, Reason> {
    ask.claims
        .get(name)
        .and_then(Value::as_str)
        .ok_or(Reason::RequestObjectClaim(name))
}
