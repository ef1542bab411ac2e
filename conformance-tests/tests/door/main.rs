//! The certificate door, judged from outside: who gets in, who is turned away, and how the person, the operator and the
//! service each learn of it.
//!
//! One module per question: `matrix` (which foreign TLS stacks get through), `second_stack` (RFC 9963 from a stack that is not
//! ours), `refusals` (every refusal as a page), `alerts` (what ends in a TLS alert, and why), `tickets` (attacks on the way
//! back), `cards` (several cards and tries in one browser), `reload` (without restart), `slow` (slow clients), `accounts`
//! (one person, one account, also while the source of links fails).
//!
//! **One more case**: a row in the table of the module that asks its question.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot do its work must fail at once and loudly"
)]

mod accounts;
mod alerts;
mod cards;
mod clients;
mod matrix;
mod refusals;
mod reload;
mod second_stack;
mod slow;
mod support;
mod tickets;
