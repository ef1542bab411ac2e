//! SQLite before the kit that judges every backend.

#![allow(clippy::unwrap_used, reason = "a test's factory has nobody to answer to")]

use std::sync::Arc;

use async_trait::async_trait;
use store::conformance::{EphemeraFactory, LedgerFactory, judge_ephemera, judge_ledger};
use store::{Ephemera, Ledger};
use store_sql::{EphemeraOptions, LedgerOptions, SqlEphemera, SqlLedger};
use tempfile::TempDir;

/// Each name is a file; opening a name again is another handle with its own writer thread on the same file.
struct Files(TempDir);

#[async_trait]
impl LedgerFactory for Files {
    async fn open(&self, name: &str) -> Arc<dyn Ledger> {
        let path = self.0.path().join(format!("{name}.sqlite"));
        Arc::new(SqlLedger::open(path, &LedgerOptions::default()).unwrap())
    }
}

#[async_trait]
impl EphemeraFactory for Files {
    async fn open(&self, name: &str) -> Arc<dyn Ephemera> {
        let path = self.0.path().join(format!("{name}.sqlite"));
        Arc::new(SqlEphemera::open(path, &EphemeraOptions::default()).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite_is_a_ledger() {
    judge_ledger(Arc::new(Files(TempDir::new().unwrap()))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite_is_ephemera() {
    judge_ephemera(Arc::new(Files(TempDir::new().unwrap()))).await;
}
