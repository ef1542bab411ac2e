//! What others publish about themselves, for those who consume it: SAML metadata of one entity or of thousands.
//!
//! **Owns** what makes a published document acceptable as a whole ([`Publication::accept`]: the pinned key over the root, `validUntil` in
//! its bounds, never older than the one before) and the walk over its entities, of which each is usable or refused for itself
//! ([`Publication::entities`]).
//!
//! **Deliberately absent**: fetching, files, schedules, and the registry: what a service may have is never read from what it publishes
//! (`trust-framework`). MDQ, trust chains and trust marks come with their issue.
//!
//! **Neighbours**: `xml` judges the signature and cuts large documents, `saml` reads an entity; `idp-server` fetches.
//!
//! **One more demand on a document**: a field of [`Demands`], its refusal in [`PublicationReason`], a row in the tests.

mod duration;
mod publication;
mod reason;

pub use duration::seconds_of_duration;
pub use publication::{Demands, Entity, Mark, Publication};
pub use reason::{EntityReason, PublicationReason};
