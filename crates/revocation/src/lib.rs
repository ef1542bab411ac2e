//! The revocation index: what verified lists say about a serial number, exactly, and how fresh that is.
//!
//! **Owns** the in-memory index of one authority kind, its generation, and the pure judgement of freshness.
//!
//! **Deliberately absent**: fetching and swapping (the caller holds the index behind an atomic pointer), probabilistic
//! filters (a "maybe" has no place in front of a sign-in), knowledge of JPKI.
//!
//! **Neighbours**: `pki` verifies lists; `jpki` asks about serial numbers.
//!
//! **One more structure behind the index**: replace the inside of [`RevocationIndex`]; its functions and the property test
//! against a plain map stay.

mod freshness;
mod index;
pub mod national;

pub use freshness::{Coverage, Freshness, FreshnessPolicy, freshness};
pub use index::{Reason, RevocationIndex, Status};
pub use national::{Fault, Ingest, ListFacts, NationalIndex, Refusal, Report, Shelf, Taken, Terms, Watcher};
