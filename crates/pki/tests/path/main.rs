//! Paths over intermediate authorities: the bridge of the government PKI, building within bounds, the status of authorities,
//! and what malformed certificates end in.
//!
//! What the public vectors say is in `conformance-tests/tests/vectors`; here is what they do not ask.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's own helpers"
)]

mod bridge;
mod building;
mod malformed;
mod status;
mod support;
