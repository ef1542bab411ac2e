//! The running platform judged from outside.
//!
//! **Owns** the harness: a whole platform in its own folder with a simulated JPKI ([`Platform`]), a browser with a card in its
//! reader ([`Browser`]), the simulated J-LIS as a process ([`Jlis`]), and service providers that we did not write ([`Apache`]). The tests themselves are in `tests/`, foreign parts (Apache modules, Chromium) in `real_sp/` and
//! `browser/`.
//!
//! **Deliberately absent**: any look inside. The platform is the compiled `idp-server` with a configuration file; what is judged
//! is what comes over its sockets, into its log and into its files.
//!
//! **One more foreign client**: a folder with its configuration, a test file that starts it beside a [`Platform`].

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a harness that cannot do its work must fail the test at once and loudly"
)]

mod apache;
mod browser;
mod client_certificates;
mod detail_types;
mod device_client;
mod document_server;
mod jlis;
mod machine_client;
mod operator;
mod platform;
mod proofs;
mod relying_party;
mod saml_metadata;
mod saml_party;
mod saml_service;
mod schemas;
mod self_registration;
mod signing_client;
mod torn;
mod traffic;

pub use apache::{Apache, Mellon, OpenIdc, Shibboleth};
pub use browser::{Browser, Form, Hop, LoadError, Page};
pub use client_certificates::{ClientCertificates, MutualTls, Wanted};
pub use detail_types::DETAIL_TYPES;
pub use device_client::{AskedDevice, DEVICE_GRANT, agreeing, declining};
pub use document_server::DocumentServer;
pub use jlis::{Held, Jlis};
pub use machine_client::{MachineClient, Told};
pub use platform::{MachineClock, MachineEntropy, Platform, PlatformOptions, free_port, program};
pub use proofs::DpopKey;
pub use relying_party::{RelyingParty, Tokens};
pub use saml_party::{KnownPerson, SamlParty, deflated, encoded, soap_envelope};
pub use saml_service::SamlService;
pub use schemas::judged_by_schema;
pub use self_registration::{SELF_REGISTRATION, SelfRegistered, least};
pub use signing_client::{SigningClient, random_name};
pub use traffic::Traffic;

/// The token of the second operator, `checker`.
pub const CHECKER_TOKEN: &str = "checker-token-of-the-tests-0123456789";

/// The file of operators' tokens.
fn operators(token: &str) -> String {
    format!("tester:{token}\nchecker:{CHECKER_TOKEN}\n")
}
