//! SQL behind the storage ports.
//!
//! **Owns** [`SqlLedger`] on SQLite with the one writer thread by which its file is changed, [`SqlEphemera`], changed by whoever asks,
//! [`PostgresLedger`] (`postgres/`), and what both dialects share: statements, plans of batches, rows, migrations.
//!
//! **Deliberately absent**: meaning. What a row allows is decided above; here rows are kept. No time is read: every
//! time in a row is the application's. No statement holds a value: everything is bound.
//!
//! **Neighbours**: `store` is the port and judges this room with its conformance kit; `idp-server` opens the files and connects.
//!
//! # How a batch becomes durable in a file
//! Batches wait in a bounded queue. The writer thread takes what waits (a *group*), opens one transaction
//! (`BEGIN IMMEDIATE`: another process may write the same file), gives each batch a savepoint, and commits once.
//! A batch that conflicts rolls back its savepoint and nothing else. Nobody is answered before `COMMIT` returned;
//! when it fails, every batch of the group fails (`group.rs`).
//!
//! # Why Ephemera have no thread
//! Their changes wait for no disk, and a hand-over to a thread and back costs more than the change. So whoever asks makes it, and whoever
//! comes meanwhile leaves an order that is made with the next ones (`inline.rs`).
//!
//! # Why a read stays on its async thread
//! One look-up by key costs 4 µs of CPU when it runs where it is asked, 19–25 µs behind `spawn_blocking` and 38 µs
//! behind a thread of its own (measured, 2 cores, rows of 400 bytes, all in memory). A sign-in reads about ten rows.
//! In WAL mode a reader never waits for the writer; lists go to a blocking thread (`readers.rs`).
//!
//! # One text for two dialects
//! `$n` placeholders first occur in ascending order, because SQLite numbers them by occurrence; no `now()`, no
//! boolean, no dialect's function. A test walks all of them. What creates tables is per dialect under `migrations/`.
//!
//! # One more row kind
//! A migration with the next number in each dialect (`ledger/migrations.rs`), statements, a row reader, an arm in
//! `ledger/write.rs` (and `check.rs`): the steps of a plan, none of which needs the answer of another.

mod columns;
mod ephemera;
mod group;
mod inline;
mod ledger;
mod migrate;
mod open;
mod postgres;
mod readers;
mod statement;
mod trouble;

pub use ephemera::{EphemeraOptions, SqlEphemera};
pub use ledger::{LedgerOptions, SqlLedger, Synchronous};
pub use open::OpenError;
pub use postgres::{PostgresLedger, PostgresOptions};
