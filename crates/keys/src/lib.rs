//! The platform's own keys: who signs, with which key, in which part of its life; and the keys of the serial vault.
//!
//! **Owns** the [`Signer`] port, the [`Ring`] of signing keys with its life cycle (announced → active → retired → removed),
//! what each protocol publishes of it (JWK set, SAML certificates), the [`SealingKeys`] of the serial vault, and one
//! adapter that needs no driver: [`file`], keys in a directory.
//!
//! **Deliberately absent**: HSM drivers (`keys-pkcs11` implements the same port), TLS keys (configuration of the listeners),
//! ambient time (`now` is an argument). Private keys never leave the provider's objects; nothing here prints one.
//!
//! **Neighbours**: `jose` and `saml` prepare what is signed and attach the signature; `idp-server` holds one ring and one
//! signer and swaps both at reload.
//!
//! **One more signer**: implement [`Signer`] in its own room, keyed by [`KeyId`]; build the ring with [`Ring::new`].

pub mod certificate;
pub mod file;
mod public;
mod ring;
mod sealing;
mod signer;

pub use public::{PublicPart, PublicPartError};
pub use ring::{Activation, KeyState, KeyUse, Removal, Ring, RingFault, SigningKey};
pub use sealing::{CertificateKind, Owner, SealingFault, SealingKeys};
pub use signer::{KeyId, KeyIdError, Signer, SignerFault, SigningAlgorithm};
