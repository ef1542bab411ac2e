//! Signed JSON: JWS compact (RFC 7515), JWK sets (RFC 7517), key thumbprints (RFC 7638) and the few digests that
//! OAuth and OpenID Connect are made of.
//!
//! **Owns** the algorithm allow-list ([`Algorithm`]: ES256, ES384, Ed25519 (also as EdDSA), PS256, RS256), the two-phase signing of compact JWS
//! ([`SigningInput`]), verification against a given [`JwkSet`] ([`verify`]) and the one strict JSON reader
//! ([`json::read_object`]: bounded, repeated names refused).
//!
//! **Deliberately absent**: private keys (a signature is attached, never made here), `none` and every HMAC algorithm,
//! keys from a header (`jku`, `x5u`, `x5c` are never looked at, `jwk` in a proof of possession alone: [`PossessedKey`]), JWE, the JSON serialisations, `crit` extensions,
//! clock and meaning of claims (they belong to the protocol that reads them).
//!
//! **Neighbours**: `keys` signs what [`SigningInput::bytes`] gives; `oidc` reads and writes claims; below is the crypto
//! provider only.
//!
//! **One more algorithm**: a variant of [`Algorithm`] with its name, its key type in [`Jwk::fits`], its verification in
//! `jwk/signature.rs`, a row in the tables of `verify/tests.rs`; the compiler lists the rest.

mod algorithm;
mod base64url;
pub mod digest;
pub mod json;
mod jwk;
mod reason;
mod sign;
mod verify;

pub use algorithm::Algorithm;
pub use base64url::{decode as decode_base64url, encode as encode_base64url};
pub use jwk::{Jwk, JwkSet, PublicKey};
pub use reason::{Part, Reason};
pub use sign::{Header, SigningInput};
pub use verify::{
    Inspection, PossessedKey, ProtectedHeader, UnverifiedClaims, Verification, VerifiedJws, verify,
};
