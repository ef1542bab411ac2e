//! Rules, one file each, named as sentences.
//!
//! **Owns** every reason to refuse a request that can be told from the request and the facts alone.
//!
//! **Deliberately absent**: order (it is the tables in `check.rs`, `device_authorization/mod.rs`, `grants/device_code.rs`, `dpop/mod.rs`,
//! `client_metadata.rs`, `grants/refresh_token.rs`, `client_certificate.rs`, `sender.rs`) and look-ups.
//!
//! **Neighbours**: `check.rs` runs them; `Reason` names what they refuse.
//!
//! **One more rule**: a file with `CITES`, `check`, a reader when it gives a value, and a test with two tables.

pub mod authorization_request;
pub mod client_certificate;
pub mod client_metadata;
pub mod device_authorization_request;
pub mod device_code;
pub mod dpop_proof;
pub mod refresh_token;
pub mod request_object;
pub mod sender_constraint;
