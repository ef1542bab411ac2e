//! Rules of a DPoP proof (RFC 9449 section 4.3).
//!
//! **Owns** one file per rule: `CITES` (where it is written) and `check` (the row of the table in `dpop/mod.rs`); the first one reads
//! the proof, because before it there is nothing that another could look at.
//!
//! **Deliberately absent**: single use of the `jti` (the caller's unique insert).
//!
//! **Neighbours**: `dpop/mod.rs`.
//!
//! **One more rule**: a file here and its row in the table.

pub mod access_token_is_the_one_shown;
pub mod address_is_that_of_the_request;
pub mod identifier_is_bounded_text;
pub mod method_is_that_of_the_request;
pub mod nonce_is_one_of_ours;
pub mod proof_is_of_now;
pub mod proof_is_signed_by_its_own_key;
