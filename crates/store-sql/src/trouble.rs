//! What can go wrong between a statement and its answer, and whose fault it is.

use std::fmt;

use rusqlite::ErrorCode;
use store::StoreFault;

/// A failed statement. Texts come from SQLite and from us and never hold a row's values.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Somebody else holds the lock; it may go away.
    Busy,
    /// This row or this order is unreadable or breaks a rule; others are not concerned.
    Row(String),
    /// The file, the disk or the connection: nothing in flight can be trusted.
    Backend(String),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        match &error {
            E::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
                ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig => {
                    Self::Row(error.to_string())
                }
                _ => Self::Backend(error.to_string()),
            },
            E::FromSqlConversionFailure(..) | E::IntegralValueOutOfRange(..) | E::InvalidColumnType(..) => {
                Self::Row("a column holds another type than this version writes".to_owned())
            }
            _ => Self::Backend(error.to_string()),
        }
    }
}

impl From<Trouble> for StoreFault {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Busy => Self::Unavailable("another process holds the database".to_owned()),
            Trouble::Row(why) => Self::Corrupt(why),
            Trouble::Backend(why) => Self::Unavailable(why),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("another process holds the database"),
            Self::Row(why) | Self::Backend(why) => f.write_str(why),
        }
    }
}

/// A value that this version cannot read, named by what it should have been.
pub(crate) fn unreadable(what: &str) -> Trouble {
    Trouble::Row(format!("not readable as {what}"))
}
