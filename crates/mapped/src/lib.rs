//! Files of a directory that is handed in: mapped for reading, written beside and put in place whole, locked for one writer.
//!
//! **Owns** the only `unsafe` of this repository (one line, in `map.rs`, where what makes it sound is said), and every touch of the
//! file system below the ports: [`Directory`], [`Draft`], [`Mapped`], [`WriterLock`].
//!
//! **Deliberately absent**: any choice of a place (the operator names the directory), any content (`revocation` knows what the bytes
//! mean and checks each page before it believes it), writing to a mapped file.
//!
//! **Neighbours**: `revocation` keeps its indexes here.
//!
//! **One more thing to do with files**: only if a room below the ports needs it; above them, `std::fs` is at hand.

mod directory;
mod draft;
mod map;

pub use directory::{Directory, Identity, WriterLock};
pub use draft::Draft;
pub use map::Mapped;
