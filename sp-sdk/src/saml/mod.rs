//! The service's side of SAML 2.0 Web Browser SSO.
//!
//! **Owns** the platform's metadata as a service reads it ([`IdentityProvider`]), the request ([`ServiceProvider::begin`]), the
//! verification of the Response ([`ServiceProvider::verify`]) and the memory of assertions that were used ([`OneUse`]).
//!
//! **Deliberately absent**: keys from inside a message, messages that are answers to nothing, encrypted assertions, Artifact.
//! What is read, is read from the octets whose signature verified (`xml::dsig::Verified`), never from the document beside them.
//!
//! **Neighbours**: `xml` verifies; the other side of the same standard is the room `saml`.

mod assertion;
mod identity_provider;
mod metadata;
mod one_use;
mod reason;
mod request;
mod response;

pub use assertion::Attribute;
pub use identity_provider::{IdentityProvider, MetadataTrust};
pub use one_use::{OneUse, SeenAssertions, Use};
pub use reason::SamlReason;
pub use request::{RequestOptions, SentRequest};
pub use response::SignIn;

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const BINDING_REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const BINDING_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

/// A service, and whom it trusts.
#[derive(Clone, Debug)]
pub struct ServiceProvider {
    /// Our `entityID`.
    pub entity_id: String,
    /// Our assertion consumer service: where the browser posts the Response.
    pub assertion_consumer_service: String,
    /// The platform.
    pub identity_provider: IdentityProvider,
    /// How far our clock and the platform's may differ.
    pub clock_skew_seconds: i64,
}

impl ServiceProvider {
    /// Difference of clocks that is allowed unless one says otherwise.
    pub const DEFAULT_CLOCK_SKEW_SECONDS: i64 = 60;
}

#[cfg(test)]
mod tests;
