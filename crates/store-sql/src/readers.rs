//! Connections that read.
//!
//! A look-up by key runs on the thread that asks (why: see the crate's own words). Such a connection never waits
//! inside SQLite: in WAL mode a reader is told "busy" only while a file is being recovered or shut, and then the
//! task sleeps, not the thread. What reads many rows goes to a blocking thread.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use store::StoreFault;

use crate::open;
use crate::trouble::Trouble;

/// How long a reader that was told "busy" sleeps before it asks again.
const NAP: Duration = Duration::from_millis(2);

struct Shelf {
    /// Connections at rest; `None` after closing.
    idle: Mutex<Option<Vec<Connection>>>,
    path: PathBuf,
    /// How many are kept at rest.
    kept: usize,
    patience: Duration,
}

/// The connections of one file.
#[derive(Clone)]
pub(crate) struct Readers(Arc<Shelf>);

impl Readers {
    /// `kept`: how many connections rest between reads; `patience`: how long a read waits while the file is busy.
    pub(crate) fn of(path: &Path, kept: usize, patience: Duration) -> Self {
        Self(Arc::new(Shelf {
            idle: Mutex::new(Some(Vec::new())),
            path: path.to_owned(),
            kept,
            patience,
        }))
    }

    /// A look-up: few rows by an index.
    pub(crate) async fn look_up<T>(
        &self,
        read: impl Fn(&Connection) -> Result<T, Trouble> + Send,
    ) -> Result<T, StoreFault>
    where
        T: Send,
    {
        let began = Instant::now();
        loop {
            match self.0.once(&read)? {
                Err(Trouble::Busy) if began.elapsed() < self.0.patience => tokio::time::sleep(NAP).await,
                answer => return Ok(answer?),
            }
        }
    }

    /// Many rows, on a blocking thread.
    pub(crate) async fn list<T>(
        &self,
        read: impl Fn(&Connection) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, StoreFault>
    where
        T: Send + 'static,
    {
        let shelf = Arc::clone(&self.0);
        let work = move || {
            let began = Instant::now();
            loop {
                match shelf.once(&read)? {
                    Err(Trouble::Busy) if began.elapsed() < shelf.patience => std::thread::sleep(NAP),
                    answer => return Ok(answer?),
                }
            }
        };
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|_| Err(StoreFault::Unavailable("a reading thread ended early".to_owned())))
    }

    /// Closes the connections; reads from now on are refused.
    pub(crate) fn close(&self) {
        drop(self.0.hold().take());
    }
}

impl Shelf {
    fn hold(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One try on one connection, which goes back to rest only after a clean answer.
    fn once<T>(
        &self,
        read: &impl Fn(&Connection) -> Result<T, Trouble>,
    ) -> Result<Result<T, Trouble>, StoreFault> {
        let resting = match self.hold().as_mut() {
            Some(idle) => idle.pop(),
            None => return Err(StoreFault::Unavailable("the store is closed".to_owned())),
        };
        let connection = match resting {
            Some(connection) => connection,
            None => match open::reader(&self.path) {
                Ok(connection) => connection,
                Err(error) => return Ok(Err(Trouble::from(error))),
            },
        };
        let answer = read(&connection);
        if !matches!(answer, Err(Trouble::Backend(_)))
            && let Some(idle) = self.hold().as_mut()
            && idle.len() < self.kept
        {
            idle.push(connection);
        }
        Ok(answer)
    }
}
