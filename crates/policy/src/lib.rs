//! Pure decisions about levels.
//!
//! **Owns** the assurance lattice in use ([`demand`], [`reach`]) and the names by which requests speak of it
//! ([`AuthenticationContext`]), the same for both protocols.
//!
//! **Deliberately absent**: any protocol's message, storage, time. Names of context classes are data here, because
//! the meaning of a name is a decision about levels, not about syntax.
//!
//! **Neighbours**: `login` asks what meets what; the web translates a checked request into names and back.
//!
//! How certain the platform must be that a certificate is not revoked is asked for beside a level, and stands beside it here
//! ([`choose_certainty`]).
//!
//! **One more context name**: a row in `context.rs` with its source.

mod assurance;
mod certainty;
mod context;

pub use assurance::{demand, reach, reach_below};
pub use certainty::{
    CertaintyChoice, CertaintyName, asks_only_for_certainty, choose_certainty, demand_certainty,
    known_certainties,
};
pub use context::{
    AuthenticationContext, Comparison, ContextChoice, choose_context, context_named, context_of,
    known_contexts,
};
