//! Differential tests against the `xmlsec1` and `xmllint` commands (apt: xmlsec1, libxml2-utils): what we sign they
//! verify, what we encrypt they decrypt, what they sign we verify, and both canonicalise alike.
//!
//! A missing command fails these tests; it does not skip them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod agreement;
mod canonical;
mod encrypt;
mod fixpoint;
mod foreign;
mod sign;
mod support;
