//! The software key does PSS and shows no PIN: this is not a real card, nor its dialog, but everything else is as people meet it.
//!
//! Debian's Chromium, headless, with a card in its NSS database and a policy that answers the certificate dialog, signs in by
//! clicking (`browser/README.md`, `browser/walk.mjs`). A missing program fails and says what to run; nothing is skipped.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a harness that cannot do its work must fail the test at once and loudly"
)]

mod activation;
mod chromium;
mod devices;
mod every_page;
mod operator;
mod own_pages;
#[path = "../identity/support.rs"]
#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "the identity tests use the rest, and say what went wrong by panicking"
)]
mod people;
#[path = "../device/reader.rs"]
#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "the tests of devices use the rest, and say what went wrong by panicking"
)]
mod reader;
mod sign_in;
mod trouble;
