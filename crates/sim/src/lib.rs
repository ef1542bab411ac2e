//! The simulated JPKI: certification authorities, cards, revocation lists, the answers of J-LIS, and faults on demand.
//!
//! **Owns** everything that stands in for the real JPKI in tests, in the demo and in benchmarks, repeatable from a
//! seed; TLS server certificates for the same purposes; the permutations of signature wrapping ([`xml_wrapping`]); the command `gap-sim`.
//!
//! **Deliberately absent**: any use of our own verifying rooms (`pki`, `jpki`, `revocation`). The simulation writes DER
//! with its own hands, so a mistake in a verifier cannot hide behind the same mistake here. Nothing here protects a
//! secret: PINs and keys lie in clear in its folder.
//!
//! **Neighbours**: judges and the demo import it; nothing that goes to production does.
//!
//! **One more fault**: a variant of [`fault::Fault`], its place in `profile.rs`, a row in the test of the rule it meets.

#![allow(clippy::doc_markdown, reason = "ASN.1 names its types in camel case")]

mod asn1;
pub mod authority;
mod calendar;
pub mod card;
mod certificate;
pub mod cms;
pub mod crl;
mod error;
pub mod export;
pub mod fault;
pub mod gpki;
pub mod items;
pub mod jlis_server;
pub mod keys;
pub mod national_crl;
pub mod ocsp;
pub mod person;
pub mod pkcs12;
pub mod profile;
pub mod record;
pub mod server_certificate;
pub mod simulation;
pub mod tls;
pub mod xml_wrapping;

pub use certificate::pem;
pub use error::SimError;
pub use simulation::{CardRequest, Simulation};
