//! From columns to words and back: a row is read from left to right, each column as what it is.

use std::str::FromStr;

use domain::Timestamp;
use rusqlite::Row;
use rusqlite::types::FromSql;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::de::value::{Error as SpellingError, StrDeserializer};

use crate::trouble::{Trouble, unreadable};

/// The columns of a row that were not read yet.
pub(crate) struct Columns<'r> {
    row: &'r Row<'r>,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(crate) fn of(row: &'r Row<'r>) -> Self {
        Self { row, next: 0 }
    }

    /// The next column as it is.
    pub(crate) fn plain<T: FromSql>(&mut self) -> Result<T, Trouble> {
        let column = self.next;
        self.next = column.saturating_add(1);
        Ok(self.row.get(column)?)
    }

    pub(crate) fn text(&mut self) -> Result<String, Trouble> {
        self.plain()
    }

    /// An identifier.
    pub(crate) fn parsed<T: FromStr>(&mut self) -> Result<T, Trouble> {
        self.text()?
            .parse()
            .map_err(|_| unreadable(std::any::type_name::<T>()))
    }

    /// A word of an enum without fields.
    pub(crate) fn word<T: DeserializeOwned>(&mut self) -> Result<T, Trouble> {
        let text = self.text()?;
        let spelling: StrDeserializer<'_, SpellingError> =
            serde::de::IntoDeserializer::into_deserializer(text.as_str());
        T::deserialize(spelling).map_err(|_| unreadable(std::any::type_name::<T>()))
    }

    /// A nested value kept as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&mut self) -> Result<T, Trouble> {
        serde_json::from_str(&self.text()?).map_err(|_| unreadable(std::any::type_name::<T>()))
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, Trouble> {
        self.plain().map(Timestamp::from_millis)
    }

    pub(crate) fn time_if_any(&mut self) -> Result<Option<Timestamp>, Trouble> {
        Ok(self.plain::<Option<i64>>()?.map(Timestamp::from_millis))
    }

    /// A count, version or generation: never negative.
    pub(crate) fn unsigned<T: TryFrom<i64>>(&mut self) -> Result<T, Trouble> {
        T::try_from(self.plain::<i64>()?).map_err(|_| unreadable("a number that is not negative"))
    }
}

/// A number that fits the database's integers.
pub(crate) fn integer(number: u64) -> Result<i64, Trouble> {
    i64::try_from(number).map_err(|_| Trouble::Row("a number beyond 63 bits".to_owned()))
}

/// The spelling of an enum without fields.
pub(crate) fn spelled<T: Serialize>(word: &T) -> Result<String, Trouble> {
    match serde_json::to_value(word) {
        Ok(serde_json::Value::String(text)) => Ok(text),
        _ => Err(unreadable("a word")),
    }
}

/// A nested value as JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, Trouble> {
    serde_json::to_string(value).map_err(|_| unreadable("JSON"))
}
