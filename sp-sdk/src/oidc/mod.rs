//! The service's side of OpenID Connect: authorization code with PKCE, over the `openidconnect` library.
//!
//! **Owns** [`RelyingParty`]: discovery with refresh when the platform's keys roll over, the question
//! ([`RelyingParty::begin`]), the redemption and verification of the answer ([`RelyingParty::finish`]), and a bounded HTTP client.
//!
//! **Deliberately absent**: implicit and hybrid flows, dynamic registration, client assertions (`private_key_jwt` comes with the
//! first ministry that keeps a key), userinfo (the ID token carries what is released).
//!
//! **Neighbours**: the library checks signature, issuer, audience, expiry and nonce of the ID token; what it leaves to its caller
//! (state, `iss` of RFC 9207, freshness, level, `at_hash`) is checked here. The other side is the room `oidc`.

mod config;
mod http;
mod reason;
mod relying_party;
mod sign_in;

pub use config::{ClientSecret, OidcConfig};
pub use reason::OidcReason;
pub use relying_party::RelyingParty;
pub use sign_in::{Answer, RequestOptions, SentRequest, SignIn};
