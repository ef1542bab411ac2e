//! OCSP: what is believed, what is refused at which check, and the same judgements as OpenSSL's.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod maker;
mod mutations;
mod openssl;
mod rules;
