//! Who somebody is, over the years: continuity of identity, and 利用登録.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by panicking"
)]

mod consents;
mod continuity;
mod decisions;
mod enrolment;
#[path = "../device/kiosk.rs"]
#[allow(dead_code, reason = "the tests of terminals use the rest")]
mod kiosk;
mod leaving;
mod merging;
mod pinless;
#[path = "../device/reader.rs"]
#[allow(dead_code, reason = "the tests of devices use the rest")]
mod reader;
mod same_items;
mod saml_release;
mod signing_lists;
mod support;
