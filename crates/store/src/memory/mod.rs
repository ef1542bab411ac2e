//! The in-memory double: both ports with the exact semantics of the durable backends, for tests and demonstrations.
//!
//! **Owns** [`MemoryLedger`] and [`MemoryEphemera`]. Nothing outlives the process.
//!
//! **Deliberately absent**: speed. A commit copies every row and swaps the copy in, which makes "all or nothing"
//! true by construction.

mod apply;
mod ephemera;
mod ledger;
mod rows;

pub use ephemera::MemoryEphemera;
pub use ledger::MemoryLedger;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The lock, also when a test died while holding it.
fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
