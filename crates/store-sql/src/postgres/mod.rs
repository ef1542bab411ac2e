//! The Ledger on PostgreSQL.
//!
//! **Owns** connections to one database ([`live`]: one connection, [`lines`]: all of them), its tables ([`tables`]), and how
//! a batch is committed there ([`commit`]).
//!
//! **Deliberately absent**: statements and plans, which are SQLite's too (`ledger`); Ephemera, which many nodes keep in
//! Redis.
//!
//! # How a batch is committed
//! One transaction per batch, in two bursts. The first carries `BEGIN`, the lock of the Ledger, every step of the plan
//! and the question for the end of the audit log; the second the audit records and `COMMIT`. The lock (an advisory one,
//! held to the end of the transaction) makes batches of all nodes follow one another, as the one audit chain demands
//! anyway: so a look-up and the write that trusts it see one state, conflicts have the same names as on SQLite,
//! and no two batches can deadlock. What still fails for another's sake (SQLSTATE 40001, 40P01, 23505) is tried again a few times.
//!
//! # When the connection dies during `COMMIT`
//! Each connection writes in every transaction how many it has carried out (`batch_marker`). The batch in doubt held
//! the lock: whoever has the lock next, on a new connection, knows that its fate is sealed and reads the marker. Written: it was
//! committed. Not written: it was not, and is carried out now. Not to be read in time: [`store::StoreFault::Unknown`].

mod commit;
mod lines;
mod live;
mod tables;
mod tls;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use store::{Batch, CommitOutcome, StoreFault};

use self::lines::Lines;
use self::live::Failed;
use crate::columns::{Cells, Value};
use crate::ledger::Books;
use crate::ledger::source::Source;
use crate::open::OpenError;
use crate::trouble::Trouble;

/// Where the database is and how it is used.
#[derive(Clone)]
pub struct PostgresOptions {
    /// Host name or address and port of each server; the first that takes writes is used.
    pub servers: Vec<(String, u16)>,
    /// The database.
    pub database: String,
    /// The role.
    pub user: String,
    /// The file that holds the role's password; read at every connecting, so that it can be changed while the platform runs.
    pub password_file: Option<PathBuf>,
    /// The schema, if not the role's own first one. Letters, digits and `_`.
    pub schema: Option<String>,
    /// TLS with the server's name verified; `None` speaks in clear.
    pub tls: Option<Arc<ClientConfig>>,
    /// How many connections read at most; each thread that asks has its own as far as they go.
    pub readers: usize,
    /// How many connections commit.
    pub writers: usize,
    /// How many batches may wait; one more is refused as unavailable.
    pub queue: usize,
    /// How long connecting to one server may take.
    pub connect_timeout: Duration,
    /// How long one statement, the wait for a lock included, may take.
    pub statement_timeout: Duration,
    /// How long a read or a batch waits for a database that went away.
    pub patience: Duration,
}

impl PostgresOptions {
    /// One server, with the defaults of operation.
    pub fn new(
        host: impl Into<String>,
        port: u16,
        database: impl Into<String>,
        user: impl Into<String>,
    ) -> Self {
        Self {
            servers: vec![(host.into(), port)],
            database: database.into(),
            user: user.into(),
            password_file: None,
            schema: None,
            tls: None,
            readers: 8,
            writers: 4,
            queue: 4096,
            connect_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(5),
            patience: Duration::from_secs(5),
        }
    }

    /// The database in words, without secrets.
    pub fn place(&self) -> String {
        let servers: Vec<String> = self
            .servers
            .iter()
            .map(|(host, port)| format!("{host}:{port}"))
            .collect();
        let schema = self
            .schema
            .as_ref()
            .map_or_else(String::new, |name| format!(" schema {name}"));
        format!("postgresql://{}/{}{schema}", servers.join(","), self.database)
    }
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresOptions({})", self.place())
    }
}

/// A PostgreSQL database.
pub struct PostgresDatabase {
    lines: Arc<Lines>,
}

/// The Ledger on a PostgreSQL database.
pub type PostgresLedger = Books<PostgresDatabase>;

impl Books<PostgresDatabase> {
    /// Connects, brings the tables to this version's shape, and keeps the connections that the options name. Those that commit
    /// live on the runtime that this is called on; those that read on that of the thread that first needs them.
    pub async fn connect(options: PostgresOptions) -> Result<Self, OpenError> {
        let lines = Lines::open(options).await?;
        Ok(Self {
            source: PostgresDatabase {
                lines: Arc::new(lines),
            },
        })
    }

    /// Takes no more batches, finishes those that are under way, and closes the connections.
    pub async fn close(&self) {
        self.source.lines.close().await;
    }
}

impl PostgresDatabase {
    async fn rows<T>(
        &self,
        many: bool,
        text: &'static str,
        values: Vec<Value<'_>>,
        read: impl Fn(&dyn Cells) -> Result<T, Trouble> + Send,
    ) -> Result<Vec<T>, StoreFault> {
        let rows = self.lines.read(many, text, &values).await?;
        let read: Result<Vec<T>, Trouble> = rows.iter().map(|row| read(row)).collect();
        Ok(read?)
    }
}

impl Source for PostgresDatabase {
    async fn one<T: Send + 'static>(
        &self,
        text: &'static str,
        values: Vec<Value<'_>>,
        read: impl Fn(&dyn Cells) -> Result<T, Trouble> + Copy + Send + Sync + 'static,
    ) -> Result<Option<T>, StoreFault> {
        Ok(self.rows(false, text, values, read).await?.into_iter().next())
    }

    async fn few<T: Send + 'static>(
        &self,
        text: &'static str,
        values: Vec<Value<'_>>,
        read: impl Fn(&dyn Cells) -> Result<T, Trouble> + Copy + Send + Sync + 'static,
    ) -> Result<Vec<T>, StoreFault> {
        self.rows(false, text, values, read).await
    }

    async fn many<T: Send + 'static>(
        &self,
        text: &'static str,
        values: Vec<Value<'_>>,
        read: impl Fn(&dyn Cells) -> Result<T, Trouble> + Copy + Send + Sync + 'static,
    ) -> Result<Vec<T>, StoreFault> {
        self.rows(true, text, values, read).await
    }

    async fn commit(&self, batch: Batch) -> Result<CommitOutcome, StoreFault> {
        Lines::commit(&self.lines, batch).await
    }
}

impl From<Failed> for StoreFault {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Lost(why) | Failed::Again(why) => Self::Unavailable(why),
            Failed::Row(why) => Self::Corrupt(why),
        }
    }
}
