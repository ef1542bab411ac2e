//! Documents that are too large for a tree: a group of named items, cut into pieces of which each is read as a small document, while the
//! canonical form of the whole is digested.
//!
//! **Owns** the cutting ([`Shape`], [`StreamLimits`]), the signature over such a document ([`SignedStream::verify`]) and the second walk
//! that hands out its pieces ([`SignedStream::read`]), each from the octets that were signed. Memory is bounded by one piece, whatever the
//! document's size.
//!
//! **Deliberately absent**: a canonicaliser of its own. A piece stands in the start tags of the groups around it, is read by the one reader
//! and written by the one canonicaliser; what is cut off again is the same for every piece.
//!
//! **Neighbours**: `federation` knows what the groups and items mean.

mod cut;
mod signed;
mod step;
#[cfg(test)]
mod tests;

pub use signed::{Piece, SignedStream};

use crate::Limits;

/// What the document is made of.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Namespace of groups and items.
    pub namespace: &'static str,
    /// Local name of a group: the root, and groups within groups.
    pub group: &'static str,
    /// Local name of an item.
    pub item: &'static str,
    /// The attribute that names an item.
    pub name: &'static str,
    /// Local name of what may stand beside the items, once in a group.
    pub beside: &'static str,
}

/// How much is read.
#[derive(Clone, Copy, Debug)]
pub struct StreamLimits {
    /// Octets of the whole.
    pub size: u64,
    /// Bounds on one piece with the start tags around it.
    pub piece: Limits,
    /// Groups within one another.
    pub depth: usize,
    /// Items and groups.
    pub pieces: usize,
    /// Identifiers (`ID`, `Id`, `id`, `xml:id`).
    pub ids: usize,
}
