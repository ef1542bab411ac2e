//! The two storage ports.
//!
//! **Owns** [`Ledger`] (what must never be lost: accounts, credentials, registry, sessions, grants, audit) and
//! [`Ephemera`] (what may be lost, but never comes back once consumed: transactions, tickets, rate counters),
//! their errors, the in-memory double ([`memory`]) and the conformance kit that judges every backend (`conformance`,
//! behind the feature of that name).
//!
//! **Deliberately absent**: drivers, SQL, and policy. A port answers with rows; what they mean is decided above.
//!
//! **Neighbours**: `store-sql` implements both (the Ledger on PostgreSQL too), `store-redis` the second; `idp-server` composes batches.
//!
//! # The law of the Ledger
//! Reads are plain. Changes are one [`Batch`]: preconditions, writes and audit events, which commit together
//! durably or not at all. No transaction is held across an await. **No reply byte, cookie or token leaves the
//! platform before the commit that it depends on has returned.** Whatever must happen once across a failover is a
//! unique insert in such a batch ([`Write::InsertSingleUse`]).
//!
//! # One more register
//! What is written and read rarely needs no table: a variant of [`RecordKind`], and the room's own JSON in a [`Record`].
//!
//! # One more row kind
//! A word in `domain`; a variant of [`Write`] (and of [`Precondition`] or [`Conflict`] if it can lose a race); a read on
//! [`Ledger`]; a case in the conformance kit; a migration and statements in `store-sql`.

mod batch;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod ephemera;
mod error;
mod ledger;
pub mod memory;
mod record;

pub use batch::{Batch, CommitOutcome, Conflict, Precondition, SingleUseKind, Write};
pub use ephemera::{Consumed, Ephemera, EphemeraKey, EphemeraKind};
pub use error::StoreFault;
pub use ledger::{AuditRecord, Ledger, LedgerCounts, ServiceProtocol};
pub use record::{Record, RecordKind};
