//! Rules of the authorization request.
//!
//! **Owns** one file per rule. Each has `CITES` (where it is written), `check` (the row of the table in `check.rs`) and, where
//! the parameter has a value, a reader that `check.rs` uses to compose the checked request.
//!
//! **Deliberately absent**: what depends on the person or the session (`prompt=none` without session, levels): that is
//! decided by `login`.
//!
//! **Neighbours**: `check.rs`.
//!
//! **One more rule**: a file here and its row in the table.

pub mod acr_values_are_bounded;
pub mod authorization_details_are_as_their_types_say;
pub mod claims_are_bounded;
pub mod client_is_the_one_looked_up;
pub mod dpop_jkt_is_a_thumbprint;
pub mod hints_are_bounded;
pub mod max_age_is_a_number_of_seconds;
pub mod no_parameter_is_repeated;
pub mod nonce_is_bounded_text;
pub mod pkce_challenge_is_s256;
pub mod prompt_is_understood;
pub mod redirect_uri_is_registered_exactly;
pub mod request_came_as_registered;
pub mod request_is_opened;
pub mod resources_are_registered;
pub mod response_mode_is_query_or_form_post;
pub mod response_type_is_code;
pub mod scope_asks_for_openid;
pub mod state_is_bounded_text;

/// The values of a space-separated list (RFC 6749 section 3.3), each once, in order.
fn distinct(list: &str) -> Vec<&str> {
    let mut seen = Vec::new();
    for value in list.split(' ').filter(|value| !value.is_empty()) {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}
