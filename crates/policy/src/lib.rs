//! Pure decisions about levels.
//!
//! **Owns** the one decision in which every demand (the service's record, the request, the person's floor) and every supply (what
//! vouches, the source's cap, the partner's ceiling) meet ([`decide`]), and the names by which requests speak of points of the lattice
//! ([`AuthenticationContext`]), the same for both protocols.
//!
//! **Deliberately absent**: any protocol's message, storage, time; the lattice itself, which is words (`domain::Assurance`). Names of
//! context classes are data here, because the meaning of a name is a decision about levels, not about syntax.
//!
//! **Neighbours**: `login` asks what meets what; the web translates a checked request into names and back.
//!
//! How certain the platform must be that a certificate is not revoked is asked for beside a level, and stands beside it here
//! ([`choose_certainty`]).
//!
//! **One more context name**: a row in `context.rs` with its source, behind every weaker one. **One more component**: a field of
//! `domain::Assurance`, a truth value of [`Shortfall`], a line in `decide/tests.rs`.

mod assurance;
mod certainty;
mod context;
mod decide;

pub use assurance::{reach, reach_below};
pub use certainty::{
    CertaintyChoice, CertaintyName, asks_only_for_certainty, choose_certainty, known_certainties,
};
pub use context::{
    AuthenticationContext, Callable, Comparison, Dialect, acceptable_contexts, answered_contexts,
    context_named, context_of, is_uri, known_contexts,
};
pub use decide::{Ceilings, Demands, Met, Shortfall, Vouched, brought, decide};
