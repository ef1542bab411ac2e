//! One connection: made, its statements prepared, its errors sorted.

use std::borrow::Cow;
use std::collections::HashMap;
use std::error::Error as _;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use futures_util::future::try_join_all;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, Error, NoTls, Row, Statement};

use super::PostgresOptions;
use super::tls::MakeTls;
use crate::columns::{Cells, Value};
use crate::ledger::statements;
use crate::trouble::{Trouble, unreadable};

/// Why a statement did not do what it should. No text holds a row's values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Failed {
    /// The connection or the server is gone, or the server takes no writes; another connection may do.
    Lost(String),
    /// Somebody else was in the way; the same again may do.
    Again(String),
    /// These values cannot be written, or what is stored cannot be read.
    Row(String),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        let Some(answer) = error.as_db_error() else {
            let cause = error
                .source()
                .map_or_else(String::new, |cause| format!(": {cause}"));
            return if error.is_closed() || !is_conversion(&error) {
                Self::Lost(format!("{error}{cause}"))
            } else {
                Self::Row("a column holds another type than this version writes".to_owned())
            };
        };
        let code = answer.code();
        let said = format!("SQLSTATE {}", code.code());
        if *code == SqlState::T_R_SERIALIZATION_FAILURE
            || *code == SqlState::T_R_DEADLOCK_DETECTED
            || *code == SqlState::UNIQUE_VIOLATION
        {
            return Self::Again(said);
        }
        match code.code().get(..2) {
            // Data exceptions and broken constraints: this batch's own fault.
            Some("22" | "23") => Self::Row(said),
            // Connecting refused, too many connections, shutting down, a lock or a statement that took too long, a server
            // that only reads: the server's own words help and hold no values.
            _ => Self::Lost(format!("{said}: {}", answer.message())),
        }
    }
}

/// Whether our own reading of an answer failed, rather than the connection.
fn is_conversion(error: &Error) -> bool {
    let text = error.to_string();
    text.starts_with("error deserializing") || text.starts_with("error serializing")
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Text(text) => written(text).as_ref().to_sql(kind, out),
            Self::Integer(number) => number.to_sql(kind, out),
            Self::Nothing => Ok(IsNull::Yes),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::TEXT)
    }

    to_sql_checked!();
}

impl Cells for Row {
    fn text(&self, column: usize) -> Result<Option<String>, Trouble> {
        let text: Option<String> = self.try_get(column).map_err(|_| unreadable("a text"))?;
        text.map(meant).transpose()
    }

    fn integer(&self, column: usize) -> Result<Option<i64>, Trouble> {
        self.try_get(column).map_err(|_| unreadable("a number"))
    }
}

/// PostgreSQL keeps every text but those that hold the character 0, which strangers may send and SQLite keeps. This mark,
/// which Unicode assigns to nothing, stands before what stands for it, and before itself.
const MARK: char = '\u{fffe}';

/// A text as it is kept.
fn written(text: &str) -> Cow<'_, str> {
    if text.contains(['\0', MARK]) {
        let marked = text.replace(MARK, "\u{fffe}m").replace('\0', "\u{fffe}0");
        Cow::Owned(marked)
    } else {
        Cow::Borrowed(text)
    }
}

/// What [`written`] was made from.
fn meant(text: String) -> Result<String, Trouble> {
    if !text.contains(MARK) {
        return Ok(text);
    }
    let mut parts = text.split(MARK);
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (character, rest) = match (part.strip_prefix('0'), part.strip_prefix('m')) {
            (Some(rest), _) => ('\0', rest),
            (_, Some(rest)) => (MARK, rest),
            (None, None) => return Err(unreadable("a text")),
        };
        whole.push(character);
        whole.push_str(rest);
    }
    Ok(whole)
}

/// A connection in use.
pub(super) struct Live {
    client: Client,
    prepared: HashMap<&'static str, Statement>,
    driver: AbortHandle,
    /// The connection's own name among the markers.
    pub(super) marker: String,
    /// How many batches it has committed.
    pub(super) tally: AtomicI64,
}

impl Drop for Live {
    /// Whatever was under way is over: the server sees the end of the connection and undoes it.
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// What only PostgreSQL is told.
pub(super) mod own {
    /// Batches of all nodes follow one another, from here to the end of the transaction.
    pub(crate) const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema(), 4736))";
    /// This connection's batch of this number.
    pub(crate) const MARK: &str = "INSERT INTO batch_marker (connection, tally) VALUES ($1, $2) \
        ON CONFLICT (connection) DO UPDATE SET tally = excluded.tally, written_at = now()";
    /// How far a connection came.
    pub(crate) const MARKED: &str = "SELECT tally FROM batch_marker WHERE connection = $1";
    /// Markers of connections that nobody can be in doubt about any more.
    pub(crate) const FORGET_MARKS: &str =
        "DELETE FROM batch_marker WHERE written_at < now() - interval '1 day'";

    pub(crate) const ALL: &[&str] = &[LOCK, MARK, MARKED, FORGET_MARKS];
}

impl Live {
    /// Connects and prepares every statement of the Ledger, all at once. A statement that the tables do not fit fails here.
    pub(super) async fn connect(options: &PostgresOptions) -> Result<Self, Failed> {
        let (client, driver) = plain(options).await?;
        let texts = statements::ALL
            .iter()
            .map(|(_, text)| *text)
            .chain(own::ALL.iter().copied());
        let client_ref = &client;
        let prepared = try_join_all(
            texts.map(|text| async move { Ok::<_, Error>((text, client_ref.prepare(text).await?)) }),
        );
        let prepared = prepared.await?.into_iter().collect();
        let marker = client.query_one("SELECT gen_random_uuid()::text", &[]).await?;
        Ok(Self {
            prepared,
            driver,
            marker: marker.try_get(0)?,
            tally: AtomicI64::new(0),
            client,
        })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// The number of the next batch.
    pub(super) fn next(&self) -> i64 {
        self.tally.load(Ordering::Relaxed).saturating_add(1)
    }

    /// A statement of ours; all are prepared.
    fn statement(&self, text: &'static str) -> Result<&Statement, Failed> {
        self.prepared
            .get(text)
            .ok_or_else(|| Failed::Row("a statement that nobody prepared".to_owned()))
    }

    /// Rows.
    pub(super) async fn rows(&self, text: &'static str, values: &[Value<'_>]) -> Result<Vec<Row>, Failed> {
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(bound).collect();
        Ok(self.client.query(self.statement(text)?, &values).await?)
    }

    /// How many rows a statement found or changed.
    pub(super) async fn run(&self, text: &'static str, values: &[Value<'_>]) -> Result<u64, Failed> {
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(bound).collect();
        Ok(self.client.execute(self.statement(text)?, &values).await?)
    }

    /// `BEGIN`, `COMMIT`, `ROLLBACK`.
    pub(super) async fn say(&self, text: &str) -> Result<(), Failed> {
        Ok(self.client.batch_execute(text).await?)
    }
}

fn bound<'v>(value: &'v Value<'v>) -> &'v (dyn ToSql + Sync) {
    value
}

/// A connection without prepared statements, and the task that drives it.
pub(super) async fn plain(options: &PostgresOptions) -> Result<(Client, AbortHandle), Failed> {
    let config = config(options)?;
    let all = u32::try_from(options.servers.len()).unwrap_or(u32::MAX).max(1);
    let connecting = async {
        match &options.tls {
            None => {
                let (client, connection) = config.connect(NoTls).await?;
                Ok((client, Handle::current().spawn(connection).abort_handle()))
            }
            Some(tls) => {
                let (client, connection) = config.connect(MakeTls::new(tls)).await?;
                Ok((client, Handle::current().spawn(connection).abort_handle()))
            }
        }
    };
    let patience = options.connect_timeout.saturating_mul(all);
    tokio::time::timeout(patience, connecting)
        .await
        .unwrap_or_else(|_| Err(Failed::Lost("connecting took too long".to_owned())))
}

fn config(options: &PostgresOptions) -> Result<Config, Failed> {
    let mut config = Config::new();
    for (host, port) in &options.servers {
        config.host(host).port(*port);
    }
    if let Some(path) = &options.password_file {
        let password = std::fs::read(path)
            .map_err(|error| Failed::Lost(format!("cannot read {}: {error}", path.display())))?;
        config.password(password.trim_ascii_end());
    }
    config
        .dbname(&options.database)
        .user(&options.user)
        .application_name("gap-idp-server")
        .options(settings(options))
        .connect_timeout(options.connect_timeout)
        .keepalives_idle(Duration::from_secs(10))
        .tcp_user_timeout(options.statement_timeout.saturating_mul(2))
        .target_session_attrs(TargetSessionAttrs::ReadWrite)
        .ssl_mode(if options.tls.is_some() {
            SslMode::Require
        } else {
            SslMode::Disable
        });
    Ok(config)
}

/// What holds for a session. A node that stops in the middle of a transaction holds the lock of all:
/// `idle_in_transaction_session_timeout` takes it from it.
fn settings(options: &PostgresOptions) -> String {
    let millis = options.statement_timeout.as_millis();
    let mut settings = format!(
        "-c statement_timeout={millis} -c lock_timeout={millis} -c idle_in_transaction_session_timeout={millis} \
         -c default_transaction_isolation=read\\ committed"
    );
    if let Some(schema) = &options.schema {
        settings.push_str(" -c search_path=");
        settings.push_str(schema);
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_kept_without_the_character_0_and_read_back() {
        for text in [
            "",
            "名前",
            "\0",
            "a\0b\0\0",
            "\u{fffe}",
            "\u{fffe}0\0m\u{fffe}\u{fffe}m",
            "0m",
        ] {
            let kept = written(text).into_owned();
            assert!(!kept.contains('\0'));
            assert_eq!(meant(kept).ok().as_deref(), Some(text));
        }
        assert!(meant("\u{fffe}x".to_owned()).is_err(), "nobody writes this");
    }
}
