//! Keys in files: a directory with one PKCS#8 file per signing key and a register of their lives, and a file of sealing keys.
//!
//! **Owns** reading and writing, permissions (private files are refused unless only their owner can read them), generation,
//! and [`FileSigner`], which imports each key once and keeps the provider's object.
//!
//! **Deliberately absent**: encryption of the files (the disk's or the secret manager's task), watching for changes (the
//! caller opens again and swaps), key export.
//!
//! **Neighbours**: the ring and the signer port of this crate.
//!
//! **One more file**: a module here that reads through `private_file::read` and writes through `private_file::write`.

mod fault;
mod private_file;
mod sealing_file;
mod signer;
mod store;

pub use fault::FileFault;
pub use sealing_file::{add_sealing_version, init_sealing_keys, read_sealing_keys};
pub use signer::FileSigner;
pub use store::{FileKeys, Plan};
