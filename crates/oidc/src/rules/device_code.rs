//! Rules of a device that asks for its tokens (RFC 8628 sections 3.4 and 3.5).
//!
//! **Owns** one file per rule: `CITES` (where it is written) and `check` (the row of a table in `grants/device_code.rs`).
//!
//! **Deliberately absent**: how often it asks (a counter of the caller's), whether the session, the account, the service and the
//! certificate behind the grant still hold (the caller's second look), whether the code is used for the first time (the batch that issues).
//!
//! **Neighbours**: `grants/device_code.rs`.
//!
//! **One more rule**: a file here and its row in a table.

pub mod client_is_still_registered_for_devices;
pub mod code_was_issued_to_the_client;
pub mod grant_is_in_time_and_not_withdrawn;
pub mod person_has_agreed;
pub mod sender_has_the_named_key;
