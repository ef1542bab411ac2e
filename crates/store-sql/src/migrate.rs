//! Bringing a database to this version's shape: numbered steps, each in one transaction, never back.
//!
//! # Two versions at once
//! While a new version is rolled out, yesterday's binary runs on today's tables. So a step either **expands** (adds what
//! yesterday's binary does not see: a table, a column with a default) or **contracts** (takes away what no binary uses that
//! knows the step `oldest`). The database keeps with each step the number that a binary must know to work with it;
//! a binary that knows less is refused, any other is welcome, however many steps it has never heard of. A step that
//! contracts is carried out only on a database that was at `oldest` already: then the release in between was in use.

use rusqlite::{Connection, params};

/// Whether yesterday's binary can go on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Adds only what a binary that does not know it never meets.
    Expand,
    /// Takes away what binaries before the step of this number still use.
    #[allow(dead_code, reason = "no release has taken anything away yet; tests do")]
    Contract {
        /// The lowest step that a binary must know.
        oldest: i64,
    },
}

impl Kind {
    /// The spelling in the database.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Expand => "expand",
            Self::Contract { .. } => "contract",
        }
    }

    /// The lowest step that a binary must know to work with the tables after this one.
    pub(crate) const fn oldest(self) -> i64 {
        match self {
            Self::Expand => 0,
            Self::Contract { oldest } => oldest,
        }
    }
}

/// One step.
#[derive(Debug)]
pub(crate) struct Migration {
    pub(crate) number: i64,
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) sqlite: &'static str,
    /// Nothing for what is never kept in PostgreSQL.
    pub(crate) postgresql: Option<&'static str>,
}

/// What a database says of itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stand {
    /// Its last step; 0 when it is new.
    pub(crate) found: i64,
    /// The lowest step that a binary must know.
    pub(crate) needs: i64,
}

/// Why a database is not for this binary.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unfit {
    /// Something that this binary uses was taken away by a newer one.
    Newer { found: i64, known: i64 },
    /// A release was left out: what the last one still uses would be taken away.
    Skipped { found: i64, oldest: i64 },
}

/// The steps that are missing, unless the database is not for this binary.
pub(crate) fn missing(stand: Stand, steps: &'static [Migration]) -> Result<Vec<&'static Migration>, Unfit> {
    let Stand { found, needs } = stand;
    let known = steps.last().map_or(0, |step| step.number);
    if needs > known {
        return Err(Unfit::Newer { found, known });
    }
    let missing: Vec<&Migration> = steps.iter().filter(|step| step.number > found).collect();
    let oldest = missing.iter().map(|step| step.kind.oldest()).max().unwrap_or(0);
    if found > 0 && found < oldest {
        return Err(Unfit::Skipped { found, oldest });
    }
    Ok(missing)
}

/// Why a file cannot be brought to this version's shape.
#[derive(Debug)]
pub(crate) enum MigrateError {
    /// It is not for this binary.
    Unfit(Unfit),
    /// A statement failed.
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for MigrateError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migration (
    number INTEGER NOT NULL PRIMARY KEY,
    name   TEXT    NOT NULL
) STRICT";

/// Columns that came after the first files were made.
const TABLE_LATER: &str = "ALTER TABLE schema_migration ADD COLUMN kind TEXT NOT NULL DEFAULT 'expand';
     ALTER TABLE schema_migration ADD COLUMN oldest INTEGER NOT NULL DEFAULT 0";

/// Applies what is missing to a file. Two processes may start at once: the second finds everything done.
pub(crate) fn migrate(
    connection: &Connection,
    application_id: i32,
    steps: &'static [Migration],
) -> Result<(), MigrateError> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let done = apply_missing(connection, application_id, steps);
    connection.execute_batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    done
}

fn apply_missing(
    connection: &Connection,
    application_id: i32,
    steps: &'static [Migration],
) -> Result<(), MigrateError> {
    connection.execute_batch(TABLE)?;
    let kinds: i64 = connection.query_row(
        "SELECT COUNT(*) FROM pragma_table_info('schema_migration') WHERE name = 'kind'",
        [],
        |row| row.get(0),
    )?;
    if kinds == 0 {
        connection.execute_batch(TABLE_LATER)?;
    }
    let stand = connection.query_row(
        "SELECT COALESCE(MAX(number), 0), COALESCE(MAX(oldest), 0) FROM schema_migration",
        [],
        |row| {
            Ok(Stand {
                found: row.get(0)?,
                needs: row.get(1)?,
            })
        },
    )?;
    for step in missing(stand, steps).map_err(MigrateError::Unfit)? {
        connection.execute_batch(step.sqlite)?;
        connection.execute(
            "INSERT INTO schema_migration (number, name, kind, oldest) VALUES ($1, $2, $3, $4)",
            params![step.number, step.name, step.kind.as_str(), step.kind.oldest()],
        )?;
    }
    if stand.found == 0 {
        connection.pragma_update(None, "application_id", application_id)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
