//! The adapter against servers that misbehave in every way: nothing of it is ever read as "good", "none" or "whole".

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]
#![allow(
    clippy::items_after_statements,
    clippy::too_many_lines,
    reason = "tables of faults are read from top to bottom"
)]

#[path = "../../../pki/tests/ocsp/maker.rs"]
mod maker;
mod others;
mod responders;
mod server;
mod status;
mod world;
