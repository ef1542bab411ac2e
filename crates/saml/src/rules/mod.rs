//! The rules, one file each, named as sentences. Pure: values in, verdict out.
//!
//! **Owns** judgement of messages. **Deliberately absent**: order (that is `check.rs`), look-ups.
//!
//! **One more rule**: see the crate's head.

pub(crate) mod authn_request;
pub(crate) mod back_channel;
pub(crate) mod logout_message;
pub(crate) mod logout_request;
pub(crate) mod logout_response;
