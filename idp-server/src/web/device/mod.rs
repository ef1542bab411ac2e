//! The second front door: a card in a device whose browser holds no certificates (set-top box, phone, kiosk) signs a
//! challenge of ours (`login::challenge`).
//!
//! **Owns** the JSON interface of such devices (`begin.rs`, `claim.rs`, `proof.rs`, `progress.rs`; described in
//! `docs/device.md`), the page that the screen shows meanwhile (`screen.rs`), the page that asks for the number where the device
//! has no keys of its own for that (`number.rs`), and how often a device may ask (`poll_limit.rs`).
//!
//! **Deliberately absent**: digests. The interface issues whole challenges and takes a certificate and a signature; what was signed
//! is written again from what is kept. Sessions: the outcome hangs on the same one-time ticket as at the certificate door, redeemed
//! by the browser that began, and from there on the matching desk and the dispatcher know no difference but the method.
//!
//! **Neighbours**: `login::device` says who may do what next; `jpki::Possession` verifies; the door's `verdict` weighs the
//! certificate; `login/card_return.rs` redeems.
//!
//! **One more thing that a device may ask**: a handler here that answers [`problem::DeviceProblem`] for every no, its row in
//! `routes.rs` and in `docs/device.md`, a case in `conformance-tests/tests/device/`.

mod attempts;
pub mod begin;
pub mod claim;
pub mod number;
pub mod poll_limit;
mod problem;
pub mod progress;
pub mod proof;
pub mod screen;
mod wire;

pub use attempts::is_enough as is_offered;
pub(super) use problem::{DeviceProblem, answer};
pub(super) use wire::{base64url, json, octets};
