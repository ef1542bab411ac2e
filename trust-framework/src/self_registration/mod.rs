//! Clients that register themselves (RFC 7591, RFC 7592).
//!
//! **Owns** on whose word that may happen ([`InitialAccessToken`]), what is kept of it ([`ClientRegistration`]), what such a client is and
//! may never be (`policy.rs`), and the acts ([`SelfRegistrar`]), each one batch with its audit event.
//!
//! **Deliberately absent**: the rules about what is said (`oidc::ClientMetadata`, and `oidc::ClientFacts` as for every client), HTTP, the
//! fetching of what addresses lead to.
//!
//! **Neighbours**: `registrar.rs` holds the same records by an operator's hand: suspension, resumption and removal are its acts for these
//! clients too.
//!
//! **One more thing that such a client may be**: a line in `policy.rs` and in decision 0029.

mod initial_access_token;
mod operators;
mod policy;
mod registrar;
mod registration;
#[cfg(test)]
mod tests;

pub use initial_access_token::{InitialAccessToken, TokenOrder};
pub use registrar::{Registered, SelfRegistrar, SelfRegistrationRefusal};
pub use registration::{ClientRegistration, Known};
