//! Rules of a device's request (RFC 8628 section 3.1) that the authorization request does not have.
//!
//! **Owns** one file per rule: `CITES` (where it is written) and `check` (the row of the table in `device_authorization/mod.rs`).
//!
//! **Deliberately absent**: rules that mean the same for both requests (`rules/authorization_request/`).
//!
//! **Neighbours**: `device_authorization/mod.rs`.
//!
//! **One more rule**: a file here and its row in the table.

pub mod client_is_registered_for_devices;
pub mod page_is_wanted;
