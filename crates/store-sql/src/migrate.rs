//! Bringing a file to this version's shape: numbered steps, each in one transaction, never back.

use rusqlite::{Connection, params};

/// One step.
pub(crate) struct Migration {
    pub(crate) number: i64,
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

/// Why a file cannot be brought to this version's shape.
#[derive(Debug)]
pub(crate) enum MigrateError {
    /// The file was written by a newer version of the platform.
    Newer { found: i64, known: i64 },
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

/// Applies what is missing. Two processes may start at once: the second finds everything done.
pub(crate) fn migrate(
    connection: &Connection,
    application_id: i32,
    steps: &[Migration],
) -> Result<(), MigrateError> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let done = apply_missing(connection, application_id, steps);
    connection.execute_batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    done
}

fn apply_missing(
    connection: &Connection,
    application_id: i32,
    steps: &[Migration],
) -> Result<(), MigrateError> {
    connection.execute_batch(TABLE)?;
    let found: i64 = connection.query_row(
        "SELECT COALESCE(MAX(number), 0) FROM schema_migration",
        [],
        |row| row.get(0),
    )?;
    let known = steps.last().map_or(0, |step| step.number);
    if found > known {
        return Err(MigrateError::Newer { found, known });
    }
    for step in steps.iter().filter(|step| step.number > found) {
        connection.execute_batch(step.text)?;
        connection.execute(
            "INSERT INTO schema_migration (number, name) VALUES ($1, $2)",
            params![step.number, step.name],
        )?;
    }
    if found == 0 {
        connection.pragma_update(None, "application_id", application_id)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
