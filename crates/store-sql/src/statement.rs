//! Running one statement on SQLite. Every one is prepared once per connection and kept.

use rusqlite::{Connection, params_from_iter};

use crate::columns::{Cells, Value};
use crate::trouble::{Trouble, unreadable};

/// Declares statements and, beside them, the list of all.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)+) => {
        $($(#[$doc])* pub(crate) const $name: &str = $text;)+

        /// Every statement of this file.
        #[allow(dead_code, reason = "PostgreSQL prepares those of the Ledger; tests walk all")]
        pub(crate) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),+];
    };
}
pub(crate) use statements;

/// The first row, read.
pub(crate) fn one<T>(
    connection: &Connection,
    text: &str,
    values: &[Value<'_>],
    read: impl FnOnce(&dyn Cells) -> Result<T, Trouble>,
) -> Result<Option<T>, Trouble> {
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query(params_from_iter(values))?;
    rows.next()?.map(|row| read(row)).transpose()
}

/// Every row, read.
pub(crate) fn many<T>(
    connection: &Connection,
    text: &str,
    values: &[Value<'_>],
    read: impl Fn(&dyn Cells) -> Result<T, Trouble>,
) -> Result<Vec<T>, Trouble> {
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Whether there is a row.
pub(crate) fn exists(connection: &Connection, text: &str, values: &[Value<'_>]) -> Result<bool, Trouble> {
    let mut statement = connection.prepare_cached(text)?;
    Ok(statement.query(params_from_iter(values))?.next()?.is_some())
}

/// How many rows the statement changed.
pub(crate) fn change(connection: &Connection, text: &str, values: &[Value<'_>]) -> Result<u64, Trouble> {
    let changed = connection
        .prepare_cached(text)?
        .execute(params_from_iter(values))?;
    u64::try_from(changed).map_err(|_| unreadable("a count"))
}

#[cfg(test)]
mod tests;
