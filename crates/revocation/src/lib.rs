//! The revocation index: what verified lists say about a serial number, exactly, and how fresh that is.
//!
//! **Owns** the national index of one authority ([`national`]): taking in deliveries, the files and their integrity, look-ups, what is
//! newly revoked; and the pure judgement of freshness.
//!
//! **Deliberately absent**: fetching (a list is a `Read`), clocks, tasks, probabilistic filters (a "maybe" has no place in front of a
//! sign-in), knowledge of JPKI. Files are touched through `mapped` alone, in a directory that is handed in.
//!
//! **Neighbours**: `pki` verifies lists; `jpki` asks about serial numbers.
//!
//! **One more structure behind the index**: another container in `national/container.rs`, or another version of the manifest; the
//! property test against a plain map and the tests with damaged files stay.

mod freshness;
pub mod national;
mod status;

pub use freshness::{Coverage, Freshness, FreshnessPolicy, freshness};
pub use national::{
    Fault, Ingest, ListFacts, NationalIndex, NewlyRevoked, PartStatus, Refusal, Report, Shelf, Taken, Terms,
    Watcher,
};
pub use status::Status;
