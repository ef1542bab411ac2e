//! Who somebody is, over the years: continuity of identity, and 利用登録.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by panicking"
)]

mod continuity;
mod decisions;
mod enrolment;
mod leaving;
mod merging;
mod same_items;
mod saml_release;
mod support;
