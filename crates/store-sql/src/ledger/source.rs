//! Where the Ledger's rows come from: what a dialect has to offer.

use std::future::Future;

use store::{Batch, CommitOutcome, StoreFault};

use crate::columns::{Cells, Value};
use crate::trouble::Trouble;

/// A database. Reads are one statement each, so that each sees one state of it.
pub(crate) trait Source: Send + Sync + 'static {
    /// The first row of a look-up by key.
    fn one<T: Send + 'static>(
        &self,
        text: &'static str,
        values: Vec<Value<'_>>,
        read: impl Fn(&dyn Cells) -> Result<T, Trouble> + Copy + Send + Sync + 'static,
    ) -> impl Future<Output = Result<Option<T>, StoreFault>> + Send;

    /// The rows of a look-up by key.
    fn few<T: Send + 'static>(
        &self,
        text: &'static str,
        values: Vec<Value<'_>>,
        read: impl Fn(&dyn Cells) -> Result<T, Trouble> + Copy + Send + Sync + 'static,
    ) -> impl Future<Output = Result<Vec<T>, StoreFault>> + Send;

    /// Rows without number, where nobody's look-up waits for them.
    fn many<T: Send + 'static>(
        &self,
        text: &'static str,
        values: Vec<Value<'_>>,
        read: impl Fn(&dyn Cells) -> Result<T, Trouble> + Copy + Send + Sync + 'static,
    ) -> impl Future<Output = Result<Vec<T>, StoreFault>> + Send;

    /// Commits a batch, or nothing of it.
    fn commit(&self, batch: Batch) -> impl Future<Output = Result<CommitOutcome, StoreFault>> + Send;
}
