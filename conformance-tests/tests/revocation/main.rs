//! Revocation as people and services meet it: how certain an answer is, how old lists may be, what a swap ends, wherever it is
//! noticed, and what no delivery can do.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails at once and loudly"
)]

mod certainty;
mod deliveries;
mod freshness;
mod partitions;
mod pins;
mod support;
mod two_processes;
