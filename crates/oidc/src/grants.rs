//! Grants: what may be exchanged for tokens.
//!
//! **Owns** one file per grant type; each checks what is stored against what is presented and returns its own proof.
//!
//! **Deliberately absent**: look-ups, single use (a unique insert of the caller), what is issued.
//!
//! **Neighbours**: `client_authentication` proves the client first; `id_token.rs` wants the proof.
//!
//! **One more grant**: a file here, a variant of `GrantRequest`, its name in `discovery.rs`.

pub mod authorization_code;
