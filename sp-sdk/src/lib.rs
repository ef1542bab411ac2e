//! For ministries: ask the platform to sign somebody in, and verify what it answers.
//!
//! **Owns** the service's side of both protocols: [`oidc`] over the `openidconnect` library and [`saml`] over this house's own
//! reader of signed XML; what a service must remember between asking and being answered ([`Pending`]); and, with the feature
//! `web`, what a small service in the web framework needs besides (`web`).
//!
//! A sign-in is two calls. `begin` gives an address to send the browser to and a `Sent…` to keep for that browser; the answer
//! goes with the same value into `finish` (OpenID Connect) or `verify` (SAML), which consumes it, so that one question has one
//! answer. Everything that the standards tell a service to check is checked there: a `SignIn` is the proof.
//!
//! **Deliberately absent**: sessions of the service, accounts of the service, decryption of assertions (do not put an encryption
//! key into the metadata that you register), logout, anything about cards: a service learns a pseudonym and a level.
//!
//! **Neighbours**: `examples/oidc_service.rs` and `examples/saml_service.rs` are whole services in one file each; `cargo xtask
//! demo` starts them.
//!
//! **One more check**: a variant in the `reason.rs` of its protocol with the section that asks for it, its line where the others
//! are, and a test in which an otherwise good answer lacks just that.

mod machine;
pub mod oidc;
mod pending;
pub mod saml;
#[cfg(feature = "web")]
pub mod web;

pub use machine::{MachineClock, MachineEntropy};
pub use pending::Pending;
