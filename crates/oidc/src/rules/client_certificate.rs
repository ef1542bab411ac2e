//! Rules of a client's certificate (RFC 8705 section 2).
//!
//! **Owns** one file per rule: `CITES` (where it is written) and `check` (the row of the table in `client_certificate.rs`). Each passes
//! what is not its concern: names are looked at for `tls_client_auth`, keys for `self_signed_tls_client_auth`.
//!
//! **Deliberately absent**: possession (the handshake proved it), path validation itself (a fact that the listener brings).
//!
//! **Neighbours**: `client_certificate.rs`.
//!
//! **One more rule**: a file here and its row in the table.

pub mod authority_stands_behind_the_name;
pub mod certificate_is_of_now;
pub mod key_is_a_registered_one;
pub mod subject_is_the_registered_one;
