//! The Ledger's rows in a SQLite file: one writer thread, readers beside it.

use store::{Batch, CommitOutcome, StoreFault};

use super::desk::LedgerDesk;
use super::source::Source;
use crate::columns::{Cells, Value};
use crate::group::Writer;
use crate::readers::Readers;
use crate::statement::{many, one};
use crate::trouble::Trouble;

/// A SQLite file.
pub struct SqliteFile {
    pub(super) writer: Writer<LedgerDesk>,
    pub(super) readers: Readers,
}

impl Source for SqliteFile {
    async fn one<T: Send + 'static>(
        &self,
        text: &'static str,
        values: Vec<Value<'_>>,
        read: impl Fn(&dyn Cells) -> Result<T, Trouble> + Copy + Send + Sync + 'static,
    ) -> Result<Option<T>, StoreFault> {
        self.readers
            .look_up(|connection| one(connection, text, &values, read))
            .await
    }

    async fn few<T: Send + 'static>(
        &self,
        text: &'static str,
        values: Vec<Value<'_>>,
        read: impl Fn(&dyn Cells) -> Result<T, Trouble> + Copy + Send + Sync + 'static,
    ) -> Result<Vec<T>, StoreFault> {
        self.readers
            .look_up(|connection| many(connection, text, &values, read))
            .await
    }

    async fn many<T: Send + 'static>(
        &self,
        text: &'static str,
        values: Vec<Value<'_>>,
        read: impl Fn(&dyn Cells) -> Result<T, Trouble> + Copy + Send + Sync + 'static,
    ) -> Result<Vec<T>, StoreFault> {
        let values: Vec<Value<'static>> = values.into_iter().map(Value::kept).collect();
        self.readers
            .list(move |connection| many(connection, text, &values, read))
            .await
    }

    async fn commit(&self, batch: Batch) -> Result<CommitOutcome, StoreFault> {
        self.writer.order(batch).await
    }
}
