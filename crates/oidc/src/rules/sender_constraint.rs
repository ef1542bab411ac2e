//! Rules about the keys to which a client's tokens are bound (RFC 8705 section 3, RFC 9449 section 5).
//!
//! **Owns** one file per rule: `CITES` (where it is written) and `check` (the row of the table in `sender.rs`).
//!
//! **Deliberately absent**: whether a proof or a certificate is any good (`rules/dpop_proof/`, the handshake), whether the key is the one
//! that a token is bound to (`rules/refresh_token/`, `bearer.rs`).
//!
//! **Neighbours**: `sender.rs`.
//!
//! **One more rule**: a file here and its row in the table.

pub mod certificate_comes_where_tokens_are_bound_to_it;
pub mod fapi_tokens_are_bound;
pub mod proof_comes_where_tokens_are_bound_to_it;
pub mod proof_is_of_an_algorithm_of_the_client;
