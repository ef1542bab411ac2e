//! Cards in devices whose browsers hold no certificates: challenge and response, number matching, what a relay obtains, and
//! PIN-less use at approved terminals.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says so when it fails"
)]

mod bad_input;
mod ceiling;
mod handshakes;
mod kiosk;
mod other_screen;
mod reader;
mod relay;
mod terminal;
mod this_device;
