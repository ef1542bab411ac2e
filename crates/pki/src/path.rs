//! Paths from a certificate to an authority that is trusted.
//!
//! **Owns** two ways of believing a certificate. The direct one ([`VerifiedPath`]) knows no intermediate authorities: it is
//! what a JPKI certificate needs, and the sign-in path uses nothing else. The general one ([`find_path`]) is RFC 5280
//! section 6 whole, with path building in front (RFC 4158): cross-certificates, link certificates after a re-key, several
//! key generations under one name. It ends in a [`ValidatedPath`] or a [`PathRefusal`], and either way in an
//! [`Explanation`] that says which certificate met which rule.
//!
//! **Deliberately absent**: fetching of anything (certificates and lists are arguments), host names and every rule of the
//! web's own certificate policy, DSA, deltas' scheduling. Nobody builds a path without a [`Budget`].
//!
//! **Neighbours**: `signature.rs` verifies, `extension.rs` reads; `revocation` (the crate) answers for the nation's lists,
//! [`revocation`](self) here for the lists of authorities.
//!
//! **One more rule**: a variant of [`Rule`] and of [`PathReason`], its place in `validate.rs` in the order of section 6.1,
//! its step in the explanation, its vector or test.

mod building;
mod direct;
mod form;
mod inputs;
mod name_constraints;
mod policy_graph;
mod pool;
mod reason;
mod search;
mod status;
mod trace;
mod validate;

pub use direct::{TrustAnchor, VerifiedPath};
pub use inputs::{AnchorUse, Budget, Form, PathInputs};
pub use pool::{Anchors, Issuers, Target};
pub use reason::{Bound, PathReason, StatusGap};
pub use search::{PathRefusal, ValidatedPath, find_path};
pub use status::{RevocationList, RevocationLists, Status};
pub use trace::{Attempt, Explanation, Fact, Mark, Rule, Step, Work};
