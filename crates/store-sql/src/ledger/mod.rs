//! The durable port: its rows, its statements and the plan of a batch, the same for both dialects.

mod check;
mod desk;
pub(crate) mod migrations;
pub(crate) mod plan;
mod port;
mod rows;
pub(crate) mod source;
mod sqlite;
pub(crate) mod statements;
mod write;

use std::path::Path;
use std::time::Duration;

use self::desk::LedgerDesk;
pub(crate) use self::desk::{head, record};
use self::sqlite::SqliteFile;
use crate::group::Writer;
use crate::open::{self, OpenError, Shape, Tuning};
use crate::readers::Readers;

/// Whether `COMMIT` waits for the disk.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Synchronous {
    /// Yes: what was answered survives a power cut. (The workspace builds SQLite with `HAVE_FDATASYNC`, see
    /// `.cargo/config.toml`: the system call to look for is `fdatasync` on the `-wal` file.)
    #[default]
    Full,
    /// No. Exists so that a test can show that the test of durability notices; never for operation.
    Off,
}

impl Synchronous {
    const fn pragma(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Off => "OFF",
        }
    }
}

/// How the Ledger is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LedgerOptions {
    /// Whether `COMMIT` waits for the disk.
    pub synchronous: Synchronous,
    /// How long to wait while another process (the operators' command line) writes.
    pub busy_timeout: Duration,
    /// How many batches may wait; one more is refused as unavailable.
    pub queue: usize,
    /// How many batches share one durable transaction.
    pub group: usize,
    /// How many reading connections are kept open.
    pub readers: usize,
    /// Largest size of the file in pages of 4096 bytes.
    pub max_pages: Option<u32>,
}

impl Default for LedgerOptions {
    fn default() -> Self {
        Self {
            synchronous: Synchronous::Full,
            busy_timeout: Duration::from_secs(5),
            queue: 4096,
            group: 256,
            readers: 4,
            max_pages: None,
        }
    }
}

/// "gLed"
const SHAPE: Shape = Shape {
    application_id: 0x674c_6564,
    migrations: migrations::ALL,
    shrinks: false,
};

/// The Ledger on a database of either dialect.
pub struct Books<S> {
    pub(crate) source: S,
}

/// The Ledger on a SQLite file.
pub type SqlLedger = Books<SqliteFile>;

impl<S> std::fmt::Debug for Books<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqlLedger")
    }
}

impl Books<SqliteFile> {
    /// Opens the file, making it when it is absent. Blocks; call it at start-up.
    pub fn open(path: impl AsRef<Path>, options: &LedgerOptions) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let tuning = Tuning {
            synchronous: options.synchronous.pragma(),
            busy_timeout: options.busy_timeout,
            max_pages: options.max_pages,
        };
        let connection = open::writer(path, &SHAPE, &tuning)?;
        let desk = LedgerDesk::new();
        let writer =
            Writer::start("ledger", connection, desk, options.queue, options.group).map_err(|error| {
                OpenError::Other {
                    path: path.to_owned(),
                    why: error.to_string(),
                }
            })?;
        Ok(Self {
            source: SqliteFile {
                writer,
                readers: Readers::of(path, options.readers, options.busy_timeout),
            },
        })
    }

    /// Takes no more batches, finishes those that wait, and closes the file.
    pub async fn close(&self) {
        self.source.readers.close();
        self.source.writer.close().await;
    }
}

#[cfg(test)]
pub(crate) use statements::ALL;

#[cfg(test)]
mod tests {
    use super::*;

    /// In a write-ahead log, `NORMAL` loses the last commits in a power cut (SQLite manual, `PRAGMA synchronous`).
    #[test]
    fn what_is_answered_is_on_the_disk_unless_a_test_says_otherwise() {
        assert_eq!(LedgerOptions::default().synchronous.pragma(), "FULL");
        assert_eq!(Synchronous::Off.pragma(), "OFF");
    }
}
