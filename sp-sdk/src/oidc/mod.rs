//! The service's side of OpenID Connect: authorization code with PKCE, over this house's own `jose`.
//!
//! **Owns** [`RelyingParty`]: the question ([`RelyingParty::begin`], pushed where the client can prove itself), the redemption and
//! verification of the answer ([`RelyingParty::finish`]), logout begun here and told by the platform ([`RelyingParty::hear_logout`]);
//! and [`Provider`], the platform's documents and keys, kept fresh and kept.
//!
//! **Deliberately absent**: implicit and hybrid flows, dynamic registration, refresh tokens (a service that needs the person again asks
//! the person again), user information (the ID token carries what is released).
//!
//! **Neighbours**: `jose` verifies signatures and reads JSON strictly; the other side of the same standard is the room `oidc`. Why not
//! the `openidconnect` library: idp-server/docs/decisions/0032-own-relying-party.md.

mod config;
mod logout;
mod logout_token;
pub(crate) mod provider;
mod reason;
mod relying_party;
mod sign_in;

pub use config::{ClientSecret, OidcConfig};
pub use logout::{FrontChannelLogout, SentLogout};
pub use logout_token::HeardToken;
pub use provider::Provider;
pub use reason::OidcReason;
pub use relying_party::RelyingParty;
pub use sign_in::{Answer, RequestOptions, SentRequest, SignIn};

#[cfg(test)]
pub(crate) mod sample;
