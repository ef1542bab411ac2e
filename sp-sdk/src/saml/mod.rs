//! The service's side of SAML 2.0: Web Browser SSO and Single Logout.
//!
//! **Owns** the platform's metadata as a service reads it ([`IdentityProvider`]) and reads it again ([`Party`]), the request
//! ([`ServiceProvider::begin`]), the verification of the Response, encrypted or not ([`ServiceProvider::verify`]), logout messages in both
//! directions (`logout.rs`), and our own metadata ([`OwnMetadata`]).
//!
//! **Deliberately absent**: keys from inside a message, messages that are answers to nothing, Artifact. What is read, is read from the
//! octets whose signature verified (`xml::dsig::Verified`), never from the document beside them.
//!
//! **Neighbours**: `xml` verifies and opens; the other side of the same standard is the room `saml`, whose bindings are used here.

mod assertion;
mod identity_provider;
mod logout;
mod metadata;
mod own_keys;
mod party;
mod reason;
mod request;
mod response;

use std::sync::Arc;

pub use crate::one_use::{OneUse, SeenOnce as SeenAssertions, Use};
pub use assertion::Attribute;
pub use identity_provider::{IdentityProvider, MetadataTrust};
pub use logout::{HeardRequest, LoggedOut, SentLogout};
pub use metadata::OwnMetadata;
pub use own_keys::OwnKeys;
pub use party::{MetadataSource, Party};
pub use reason::SamlReason;
pub use request::{RequestOptions, SentRequest};
pub use response::SignIn;
pub use saml::binding::IncomingLogout;
pub use saml::binding::post::PostForm;
pub use saml::reply::OutgoingLogout;

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const BINDING_REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const BINDING_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
const BINDING_SOAP: &str = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP";
const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

/// A service, and whom it trusts.
#[derive(Clone, Debug)]
pub struct ServiceProvider {
    /// Our `entityID`.
    pub entity_id: String,
    /// Our assertion consumer service: where the browser posts the Response.
    pub assertion_consumer_service: String,
    /// Our single logout service by HTTP-Redirect and HTTP-POST, where there is one.
    pub single_logout: Option<String>,
    /// Our single logout service by SOAP, where there is one.
    pub single_logout_soap: Option<String>,
    /// The platform.
    pub identity_provider: IdentityProvider,
    /// Our keys: none are needed for signing in, one for logout, one for encrypted assertions.
    pub own_keys: Arc<OwnKeys>,
    /// How far our clock and the platform's may differ.
    pub clock_skew_seconds: i64,
}

impl ServiceProvider {
    /// Difference of clocks that is allowed unless one says otherwise.
    pub const DEFAULT_CLOCK_SKEW_SECONDS: i64 = 60;

    /// A service without keys and without logout.
    pub fn new(
        entity_id: &str,
        assertion_consumer_service: &str,
        identity_provider: IdentityProvider,
    ) -> Self {
        Self {
            entity_id: entity_id.to_owned(),
            assertion_consumer_service: assertion_consumer_service.to_owned(),
            single_logout: None,
            single_logout_soap: None,
            identity_provider,
            own_keys: Arc::default(),
            clock_skew_seconds: Self::DEFAULT_CLOCK_SKEW_SECONDS,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
