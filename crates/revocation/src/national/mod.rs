//! The national index: every revoked certificate of one authority, exactly, from lists of any size.
//!
//! **Owns** the taking in of deliveries ([`Shelf::ingest`]), the index on disk and in every process ([`NationalIndex`]), and the
//! look-out for the next one ([`Watcher`]).
//!
//! **Deliberately absent**: fetching (a list is a [`std::io::Read`]), clocks (`now` is an argument), tasks (whoever calls from an
//! async program does so on a thread for blocking work), and any answer that is "probably".
//!
//! **Neighbours**: `pki` reads and verifies lists while they stream by.

mod build;
mod changes;
mod container;
mod fate;
mod gather;
mod index;
mod ingest;
mod manifest;
mod pages;
mod place;
mod plan;
mod reason;
mod shelf;
mod terms;

pub use changes::NewlyRevoked;
pub use index::{NationalIndex, PartStatus};
pub use ingest::{Ingest, ListFacts, Taken};
pub use reason::{Fault, Refusal};
pub use shelf::{Shelf, Watcher};
pub use terms::{Report, Terms};
