//! OCSP: what is believed, what is refused at which check, and the same judgements as OpenSSL's.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::too_many_lines,
    reason = "tests"
)]

mod maker;
mod mutations;
mod openssl;
mod responders;
mod rules;
