//! The national index from outside: against a plain map, against bad deliveries, against damage, against being killed, and between
//! processes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's own helpers")]

mod deliveries;
mod model;
mod refusals;
mod world;
