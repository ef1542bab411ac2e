//! The interface for approved verifiers, as a bank sees it: verdicts, evidence, watches, notices, the latest items, limits, and everything
//! that must not come out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's own helpers"
)]

mod access;
mod bad_input;
mod bank_sample;
mod description;
mod items;
mod mutual_tls;
mod push;
mod secrecy;
mod support;
mod verdicts;
mod watches;
