//! The national index from outside: against a plain map, against bad deliveries, against damage, against being killed, and between
//! processes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test's own helpers"
)]

mod damage;
mod deliveries;
mod interruption;
mod model;
mod processes;
mod refusals;
mod world;
