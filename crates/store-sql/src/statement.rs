//! Running one statement. Every one is prepared once per connection and kept.

use rusqlite::{Connection, Params, Row};

use crate::trouble::Trouble;

/// Declares statements and, beside them, the list of all that the placeholder test walks.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)+) => {
        $($(#[$doc])* pub(crate) const $name: &str = $text;)+

        /// Every statement of this file.
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),+];
    };
}
pub(crate) use statements;

/// The first row, read.
pub(crate) fn one<T, P: Params>(
    connection: &Connection,
    text: &str,
    params: P,
    read: impl FnOnce(&Row<'_>) -> Result<T, Trouble>,
) -> Result<Option<T>, Trouble> {
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(read).transpose()
}

/// Every row, read.
pub(crate) fn many<T, P: Params>(
    connection: &Connection,
    text: &str,
    params: P,
    read: impl Fn(&Row<'_>) -> Result<T, Trouble>,
) -> Result<Vec<T>, Trouble> {
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Whether there is a row.
pub(crate) fn exists<P: Params>(connection: &Connection, text: &str, params: P) -> Result<bool, Trouble> {
    let mut statement = connection.prepare_cached(text)?;
    Ok(statement.query(params)?.next()?.is_some())
}

/// How many rows the statement changed.
pub(crate) fn change<P: Params>(connection: &Connection, text: &str, params: P) -> Result<usize, Trouble> {
    Ok(connection.prepare_cached(text)?.execute(params)?)
}

#[cfg(test)]
mod tests;
