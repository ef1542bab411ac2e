//! Explain: an exchange fails, its reference stands in the answer, and within two seconds the service's developer reads with the
//! service's own credentials what was wrong: which digest over which octets, which key was tried, audience, clock, destination.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails at once and loudly"
)]

mod access;
mod clients;
mod description;
mod endpoints;
mod registration;
mod saml;
mod support;
