//! Attacks on the running platform, one folder a protocol, one file a kind of attack.
//!
//! **Owns** every attack that the field has published against an identity provider's two protocols and its pages, each as a black-box
//! test: what the attacker has, what is sent, and how the platform refuses. **Deliberately absent**: wrong use without an attacker
//! (`tests/oidc`, `tests/saml`), attacks on the card's handshake (`tests/door`, `tests/device`), parsers against random octets
//! (`fuzz`). **One more attack**: a file here (or a row in the table of its kind), with the paper or section that describes it.

#![allow(
    clippy::too_many_lines,
    clippy::type_complexity,
    reason = "an attack is a table: long, and of rows of its own shape"
)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails at once and loudly"
)]

mod oidc;
mod saml;
mod table;
mod web;
