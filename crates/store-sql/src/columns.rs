//! From columns to words and back: a row is read from left to right, each column as what it is, whichever driver it came
//! from; and what a statement is given is one of three kinds of value.

use std::borrow::Cow;
use std::str::FromStr;

use domain::Timestamp;
use rusqlite::types::{ToSqlOutput, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::de::value::{Error as SpellingError, StrDeserializer};

use crate::trouble::{Trouble, unreadable};

/// What a statement is given. Both dialects know no more than this: integers of 64 bits, text, and nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Value<'v> {
    Text(Cow<'v, str>),
    Integer(i64),
    Nothing,
}

impl Value<'_> {
    /// A value that borrows from nobody.
    pub(crate) fn kept(self) -> Value<'static> {
        match self {
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Integer(number) => Value::Integer(number),
            Self::Nothing => Value::Nothing,
        }
    }
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(text: &'v str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'v> From<&'v String> for Value<'v> {
    fn from(text: &'v String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Integer(i64::from(number))
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(time: Timestamp) -> Self {
        Self::Integer(time.millis())
    }
}

impl<'v, T: Into<Value<'v>>> From<Option<T>> for Value<'v> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Nothing => ValueRef::Null,
        }))
    }
}

/// A list of values for a statement.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::columns::Value::from($value)),*]
    };
}
pub(crate) use values;

/// A row of any driver.
pub(crate) trait Cells {
    /// A column that holds text or nothing.
    fn text(&self, column: usize) -> Result<Option<String>, Trouble>;
    /// A column that holds an integer or nothing.
    fn integer(&self, column: usize) -> Result<Option<i64>, Trouble>;
}

impl Cells for rusqlite::Row<'_> {
    fn text(&self, column: usize) -> Result<Option<String>, Trouble> {
        Ok(self.get(column)?)
    }

    fn integer(&self, column: usize) -> Result<Option<i64>, Trouble> {
        Ok(self.get(column)?)
    }
}

/// The columns of a row that were not read yet.
pub(crate) struct Columns<'r> {
    row: &'r dyn Cells,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(crate) fn of(row: &'r dyn Cells) -> Self {
        Self { row, next: 0 }
    }

    fn place(&mut self) -> usize {
        let column = self.next;
        self.next = column.saturating_add(1);
        column
    }

    pub(crate) fn text(&mut self) -> Result<String, Trouble> {
        self.text_if_any()?.ok_or_else(|| unreadable("a text"))
    }

    pub(crate) fn text_if_any(&mut self) -> Result<Option<String>, Trouble> {
        let column = self.place();
        self.row.text(column)
    }

    fn integer_if_any(&mut self) -> Result<Option<i64>, Trouble> {
        let column = self.place();
        self.row.integer(column)
    }

    fn integer(&mut self) -> Result<i64, Trouble> {
        self.integer_if_any()?.ok_or_else(|| unreadable("a number"))
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
        self.integer().map(Timestamp::from_millis)
    }

    pub(crate) fn time_if_any(&mut self) -> Result<Option<Timestamp>, Trouble> {
        Ok(self.integer_if_any()?.map(Timestamp::from_millis))
    }

    /// A count, version or generation: never negative.
    pub(crate) fn unsigned<T: TryFrom<i64>>(&mut self) -> Result<T, Trouble> {
        T::try_from(self.integer()?).map_err(|_| unreadable("a number that is not negative"))
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
