//! Rules of a refresh token that comes back (RFC 6749 section 6, RFC 9700 section 4.14).
//!
//! **Owns** one file per rule: `CITES` (where it is written) and `check` (the row of the table in `grants/refresh_token.rs`).
//!
//! **Deliberately absent**: whether the session, the account, the service and the certificate behind the grant still hold (the
//! caller's second look), who of several wins (the caller's record version).
//!
//! **Neighbours**: `grants/refresh_token.rs`.
//!
//! **One more rule**: a file here and its row in the table.

pub mod client_is_still_registered_for_refresh;
pub mod family_belongs_to_the_client;
pub mod family_is_alive;
pub mod scope_is_no_wider;
pub mod sender_has_the_bound_key;
pub mod token_belongs_to_the_family;
pub mod token_was_not_used_before;
