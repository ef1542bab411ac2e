//! The port for what may be lost, on its own SQLite file.
//!
//! `synchronous=OFF`: nothing waits for the disk. `kill -9` loses nothing (the kernel has it); a power cut may lose
//! the last seconds or the whole file, and people start over. Nothing that was consumed is believed unconsumed for
//! it: whatever must happen once is decided by a unique insert in the Ledger.
//!
//! A file that a power cut left damaged is set aside under another name and a new one begun.

mod orders;
mod statements;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use store::{Consumed, Ephemera, EphemeraKey, StoreFault};

use self::orders::{Answer, EphemeraDesk, Order};
use crate::columns::Columns;
use crate::inline::{Inline, Limits};
use crate::migrate::{Kind, Migration};
use crate::open::{self, OpenError, Shape, Tuning};
use crate::readers::Readers;
use crate::statement::one;

/// How Ephemera are kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EphemeraOptions {
    /// How long to wait while another process writes.
    pub busy_timeout: Duration,
    /// How many changes may wait for another; one more is refused as unavailable.
    pub queue: usize,
    /// How many changes share one transaction.
    pub group: usize,
    /// How many reading connections are kept open.
    pub readers: usize,
    /// Largest size of the file in pages of 4096 bytes; a change that would go beyond is refused as unavailable.
    pub max_pages: Option<u32>,
}

impl Default for EphemeraOptions {
    fn default() -> Self {
        Self {
            busy_timeout: Duration::from_secs(5),
            queue: 4096,
            group: 256,
            readers: 4,
            // 1 GiB.
            max_pages: Some(262_144),
        }
    }
}

const SHAPE: Shape = Shape {
    // "gEph"
    application_id: 0x6745_7068,
    migrations: &[Migration {
        number: 1,
        name: "first",
        kind: Kind::Expand,
        sqlite: include_str!("../../migrations/sqlite/ephemera/0001_first.sql"),
        postgresql: None,
    }],
    shrinks: true,
};

/// Ephemera on a SQLite file.
pub struct SqlEphemera {
    writer: Arc<Inline<EphemeraDesk>>,
    readers: Readers,
}

impl std::fmt::Debug for SqlEphemera {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqlEphemera")
    }
}

impl SqlEphemera {
    /// Opens the file, making it when it is absent. Blocks; call it at start-up.
    pub fn open(path: impl AsRef<Path>, options: &EphemeraOptions) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let tuning = Tuning {
            synchronous: "OFF",
            busy_timeout: options.busy_timeout,
            max_pages: options.max_pages,
        };
        let mut connection = open::writer(path, &SHAPE, &tuning)?;
        if !is_sound(&connection) {
            drop(connection);
            set_aside(path)?;
            connection = open::writer(path, &SHAPE, &tuning)?;
        }
        // From here on nobody sleeps inside SQLite: whoever is told "busy" sleeps as a task.
        connection
            .busy_timeout(Duration::ZERO)
            .map_err(|error| OpenError::Other {
                path: path.to_owned(),
                why: error.to_string(),
            })?;
        let limits = Limits {
            queue: options.queue,
            group: options.group,
            patience: options.busy_timeout,
        };
        let writer = Arc::new(Inline::new(connection, EphemeraDesk, limits));
        Ok(Self {
            writer,
            readers: Readers::of(path, options.readers, options.busy_timeout),
        })
    }

    /// Takes no more orders, finishes what waits, and closes the file.
    pub async fn close(&self) {
        self.readers.close();
        let writer = Arc::clone(&self.writer);
        // The last connection of a file folds the write-ahead log into it.
        let _ = tokio::task::spawn_blocking(move || writer.close()).await;
    }
}

/// Whether the pages hang together. The file is small: it holds the sign-ins of some minutes.
fn is_sound(connection: &Connection) -> bool {
    connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
        .is_ok_and(|verdict| verdict == "ok")
}

/// Renames a damaged file and those beside it, so that somebody may look at it.
fn set_aside(path: &Path) -> Result<(), OpenError> {
    for ending in ["", "-wal", "-shm"] {
        let from = beside(path, ending);
        if from.exists() {
            let to = beside(path, &format!("{ending}.damaged"));
            std::fs::rename(&from, &to).map_err(|error| other(path, &error))?;
        }
    }
    Ok(())
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn other(path: &Path, error: &std::io::Error) -> OpenError {
    OpenError::Other {
        path: path.to_owned(),
        why: error.to_string(),
    }
}

fn mismatch() -> StoreFault {
    StoreFault::Corrupt("the writer answered another question".to_owned())
}

#[async_trait]
impl Ephemera for SqlEphemera {
    async fn put(
        &self,
        key: &EphemeraKey,
        value: Vec<u8>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreFault> {
        let order = Order::Put {
            key: key.clone(),
            value,
            now,
            expires_at,
        };
        self.writer.order(order).await.map(drop)
    }

    async fn get(&self, key: &EphemeraKey, now: Timestamp) -> Result<Option<Vec<u8>>, StoreFault> {
        let read = |connection: &Connection| {
            let place = params![key.kind.as_str(), key.name, now.millis()];
            let mut get = connection.prepare_cached(statements::GET)?;
            Ok(get.query_row(place, |row| row.get(0)).optional()?)
        };
        if let Some(found) = self.writer.glance(read) {
            return Ok(found);
        }
        self.readers.look_up(read).await
    }

    async fn consume(
        &self,
        key: &EphemeraKey,
        now: Timestamp,
        tombstone_until: Timestamp,
    ) -> Result<Consumed, StoreFault> {
        let order = Order::Consume {
            key: key.clone(),
            now,
            tombstone_until,
        };
        match self.writer.order(order).await? {
            Answer::Consumed(consumed) => Ok(consumed),
            _ => Err(mismatch()),
        }
    }

    async fn remove(&self, key: &EphemeraKey) -> Result<(), StoreFault> {
        self.writer.order(Order::Remove(key.clone())).await.map(drop)
    }

    async fn count(&self, key: &EphemeraKey, now: Timestamp, window_seconds: u32) -> Result<u64, StoreFault> {
        let order = Order::Count {
            key: key.clone(),
            now,
            window_seconds,
        };
        match self.writer.order(order).await? {
            Answer::Number(tally) => Ok(tally),
            _ => Err(mismatch()),
        }
    }

    async fn purge(&self, now: Timestamp) -> Result<u64, StoreFault> {
        // Many rows: not on a thread that serves others.
        let writer = Arc::clone(&self.writer);
        let purged = tokio::task::spawn_blocking(move || writer.order_blocking(Order::Purge(now))).await;
        let purged =
            purged.unwrap_or_else(|_| Err(StoreFault::Unavailable("a purge ended early".to_owned())));
        match purged? {
            Answer::Number(gone) => Ok(gone),
            _ => Err(mismatch()),
        }
    }

    async fn held(&self) -> Result<u64, StoreFault> {
        let held: Option<u64> = self
            .readers
            .list(|connection| {
                one(connection, statements::HELD, &[], |row| {
                    Columns::of(row).unsigned()
                })
            })
            .await?;
        Ok(held.unwrap_or(0))
    }
}

#[cfg(test)]
pub(crate) use statements::ALL;
