//! Metadata (metadata-2.0-os): ours is written, a service provider's is read.
//!
//! **Owns** [`IdpMetadata`] with its two-phase signature, and [`read_service_provider`], which turns what
//! `mod_auth_mellon` and Shibboleth generate into a registry record's settings.
//!
//! **Deliberately absent**: aggregates, `MDQ`, trust in signed metadata (that is `federation`), fetching.
//!
//! **One more thing read**: a field of [`ServiceProvider`], and a real file in its tests.

mod algorithms;
mod display_names;
mod identity_provider;
mod keys;
mod reason;
mod requested;
mod service_provider;

pub use algorithms::SIGNED_WITH;
pub use display_names::DisplayNames;
pub use identity_provider::{IdpMetadata, MetadataDraft};
pub use keys::key_of_certificate;
pub use reason::MetadataReason;
pub use service_provider::{
    ServiceProvider, creation_instant, is_service_provider, read_entity, read_service_provider, valid_until,
};
