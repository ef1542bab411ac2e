//! What the writer thread does with each order. Every order runs inside a transaction that holds the file's only
//! write lock, so "read, then write" is atomic across processes.

use domain::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, params};
use store::{Consumed, EphemeraKey};

use super::statements as sql;
use crate::group::{Desk, Served};
use crate::trouble::{Trouble, unreadable};

pub(super) enum Order {
    Put {
        key: EphemeraKey,
        value: Vec<u8>,
        now: Timestamp,
        expires_at: Timestamp,
    },
    Consume {
        key: EphemeraKey,
        now: Timestamp,
        tombstone_until: Timestamp,
    },
    Remove(EphemeraKey),
    Count {
        key: EphemeraKey,
        now: Timestamp,
        window_seconds: u32,
    },
    Purge(Timestamp),
}

pub(super) enum Answer {
    Done,
    Consumed(Consumed),
    Number(u64),
}

pub(super) struct EphemeraDesk;

impl Desk for EphemeraDesk {
    type Order = Order;
    type Answer = Answer;

    fn begin(&mut self, _connection: &Connection) -> Result<(), Trouble> {
        Ok(())
    }

    fn serve(&mut self, connection: &Connection, order: Order) -> Result<Served<Answer>, Trouble> {
        let answer = match order {
            Order::Put {
                key,
                value,
                now,
                expires_at,
            } => {
                let row = params![
                    key.kind.as_str(),
                    key.name,
                    value,
                    expires_at.millis(),
                    now.millis()
                ];
                change(connection, sql::PUT, row)?;
                Answer::Done
            }
            Order::Consume {
                key,
                now,
                tombstone_until,
            } => Answer::Consumed(consume(connection, &key, now, tombstone_until)?),
            Order::Remove(key) => {
                let place = params![key.kind.as_str(), key.name];
                change(connection, sql::REMOVE_ENTRY, place)?;
                change(connection, sql::REMOVE_COUNTER, place)?;
                Answer::Done
            }
            Order::Count {
                key,
                now,
                window_seconds,
            } => Answer::Number(count(connection, &key, now, window_seconds)?),
            Order::Purge(now) => Answer::Number(purge(connection, now)?),
        };
        Ok(Served::Keep(answer))
    }
}

fn consume(
    connection: &Connection,
    key: &EphemeraKey,
    now: Timestamp,
    tombstone_until: Timestamp,
) -> Result<Consumed, Trouble> {
    let place = params![key.kind.as_str(), key.name, now.millis()];
    let held: Option<Option<Vec<u8>>> = connection
        .prepare_cached(sql::HELD_ENTRY)?
        .query_row(place, |row| row.get(0))
        .optional()?;
    match held {
        None => Ok(Consumed::Unknown),
        Some(None) => Ok(Consumed::Again),
        Some(Some(value)) => {
            let grave = params![tombstone_until.millis(), key.kind.as_str(), key.name];
            change(connection, sql::BURY, grave)?;
            Ok(Consumed::First(value))
        }
    }
}

fn count(
    connection: &Connection,
    key: &EphemeraKey,
    now: Timestamp,
    window_seconds: u32,
) -> Result<u64, Trouble> {
    let ends_at = now.plus_seconds(i64::from(window_seconds));
    let row = params![key.kind.as_str(), key.name, ends_at.millis(), now.millis()];
    let tally: i64 = connection
        .prepare_cached(sql::COUNT)?
        .query_row(row, |row| row.get(0))?;
    u64::try_from(tally).map_err(|_| unreadable("a count"))
}

/// How many rows the statement changed.
fn change(connection: &Connection, text: &str, row: impl Params) -> Result<usize, Trouble> {
    Ok(connection.prepare_cached(text)?.execute(row)?)
}

/// Pages given back to the file system per purge; more would hold the writer up.
const PAGES_RETURNED: u32 = 4096;

fn purge(connection: &Connection, now: Timestamp) -> Result<u64, Trouble> {
    let entries = change(connection, sql::PURGE_ENTRIES, [now.millis()])?;
    let counters = change(connection, sql::PURGE_COUNTERS, [now.millis()])?;
    // Each page is one step of the statement, which answers with an empty row.
    let mut shrink = connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES_RETURNED})"))?;
    let mut steps = shrink.query([])?;
    while steps.next()?.is_some() {}
    u64::try_from(entries.saturating_add(counters)).map_err(|_| unreadable("a count"))
}
