//! The steps by which the Ledger's tables came to be, one text per dialect under the same number and name.
//!
//! **One more**: both texts, a row here, and the kind: [`Kind::Expand`] unless something goes that yesterday's binary uses.

use crate::migrate::{Kind, Migration};

macro_rules! step {
    ($number:literal, $name:literal, $kind:expr, $file:literal) => {
        Migration {
            number: $number,
            name: $name,
            kind: $kind,
            sqlite: include_str!(concat!("../../migrations/sqlite/ledger/", $file)),
            postgresql: Some(include_str!(concat!(
                "../../migrations/postgresql/ledger/",
                $file
            ))),
        }
    };
}

pub(crate) const ALL: &[Migration] = &[
    step!(1, "first", Kind::Expand, "0001_first.sql"),
    step!(2, "records", Kind::Expand, "0002_records.sql"),
    step!(3, "grant_method", Kind::Expand, "0003_grant_method.sql"),
    step!(4, "account_closing", Kind::Expand, "0004_account_closing.sql"),
    step!(5, "session_points", Kind::Expand, "0005_session_points.sql"),
];
