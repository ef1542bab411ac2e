//! For ministries: ask the platform to sign somebody in, and verify what it answers.
//!
//! **Owns** the service's side of both protocols: [`oidc`] and [`saml`], over the same rooms (`jose`, `xml`, `saml`, `oidc`, `policy`) that
//! the platform itself is built of; what a service needs around them: sessions ([`session`]), level guards ([`guard`]), the gate that puts
//! both together ([`gate`]), a resource server's side ([`resource`]), the linking of customers a service already has
//! ([`account_linking`]); and, with the feature `web`, all of that for the web framework (`web`).
//!
//! A sign-in is two calls. `begin` gives an address to send the browser to and a `Sent…` to keep for that browser; the answer
//! goes with the same value into `finish` (OpenID Connect) or `verify` (SAML), which consumes it, so that one question has one
//! answer. Everything that the standards tell a service to check is checked there: a `SignIn` is the proof. Most services never make
//! these calls: they put a [`gate::Gate`] in front of their pages.
//!
//! **Deliberately absent**: the service's own data and pages, refresh tokens, anything about cards: a service learns a pseudonym and a
//! level. No clock and no task of its own: `now` is an argument, and what is old is read again when somebody needs it.
//!
//! **Neighbours**: `examples/` are whole services in one file each; `cargo xtask demo` starts two of them; `README.md` leads from nothing
//! to a signed-in citizen.
//!
//! **One more check**: a variant in the `reason.rs` of its protocol with the section that asks for it, its line where the others
//! are, and a test in which an otherwise good answer lacks just that.

pub mod account_linking;
pub mod gate;
pub mod guard;
pub mod http;
pub mod key;
mod last_good;
mod machine;
pub mod oidc;
mod one_use;
mod pending;
pub mod resource;
pub mod saml;
pub mod session;
#[cfg(feature = "web")]
pub mod web;

pub use machine::{MachineClock, MachineEntropy};
pub use one_use::{OneUse, SeenOnce, Use};
pub use pending::Pending;

/// The blocks of the README.
#[cfg(all(doctest, feature = "web"))]
#[doc = include_str!("../README.md")]
struct Readme;
