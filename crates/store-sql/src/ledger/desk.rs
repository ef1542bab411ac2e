//! What SQLite's writer thread does with one batch: preconditions, writes, audit records, in this order.

use audit::Event;
use audit::chain::Head;
use rusqlite::Connection;
use store::{Batch, CommitOutcome, Conflict};

use super::plan::Plan;
use super::statements as sql;
use crate::columns::{Cells, Columns, Value, integer, values};
use crate::group::{Desk, Served};
use crate::statement::{change, exists, one};
use crate::trouble::{Trouble, unreadable};

/// Either the effect is there, or this is why it is not; trouble is neither.
type Applied = Result<Result<(), Conflict>, Trouble>;

/// The Ledger's writer. Its head of the audit log is read anew in each transaction: another process may have
/// written since.
pub(super) struct LedgerDesk {
    head: Head,
}

impl LedgerDesk {
    pub(super) const fn new() -> Self {
        Self { head: Head::GENESIS }
    }
}

impl Desk for LedgerDesk {
    type Order = Batch;
    type Answer = CommitOutcome;

    fn begin(&mut self, connection: &Connection) -> Result<(), Trouble> {
        self.head = one(connection, sql::AUDIT_HEAD, &[], head)?.unwrap_or(Head::GENESIS);
        Ok(())
    }

    fn serve(&mut self, connection: &Connection, batch: Batch) -> Result<Served<CommitOutcome>, Trouble> {
        let mut after = self.head;
        let applied = apply(connection, &batch, &mut after)?;
        Ok(match applied {
            Ok(()) => {
                self.head = after;
                Served::Keep(CommitOutcome::Committed)
            }
            Err(conflict) => Served::Undo(CommitOutcome::Conflict(conflict)),
        })
    }
}

/// The end of the log.
pub(crate) fn head(row: &dyn Cells) -> Result<Head, Trouble> {
    let mut columns = Columns::of(row);
    Ok(Head {
        position: columns.unsigned()?,
        hash: columns.parsed()?,
    })
}

fn apply(connection: &Connection, batch: &Batch, head: &mut Head) -> Applied {
    for step in Plan::of(batch)?.steps {
        let rows = if step.reads {
            u64::from(exists(connection, step.text, &step.values)?)
        } else {
            change(connection, step.text, &step.values)?
        };
        if let Err(conflict) = step.judge(rows) {
            return Ok(Err(conflict));
        }
    }
    for event in &batch.events {
        if let Err(conflict) = append(connection, event, head)? {
            return Ok(Err(conflict));
        }
    }
    Ok(Ok(()))
}

fn append(connection: &Connection, event: &Event, head: &mut Head) -> Applied {
    if let Some(reference) = event.reference.as_ref()
        && exists(
            connection,
            sql::REFERENCE_IS_KNOWN,
            &[Value::from(reference.as_str())],
        )?
    {
        return Ok(Err(Conflict::Duplicate("reference")));
    }
    change(connection, sql::APPEND_AUDIT, &record(event, head)?)?;
    Ok(Ok(()))
}

/// The row of the event's record, which becomes the head.
pub(crate) fn record<'e>(event: &'e Event, head: &mut Head) -> Result<Vec<Value<'e>>, Trouble> {
    let text = serde_json::to_string(event).map_err(|_| unreadable("an event"))?;
    *head = head.append(&text);
    let reference = event.reference.as_ref().map(domain::Reference::as_str);
    Ok(values![
        integer(head.position)?,
        reference,
        text,
        head.hash.to_string()
    ])
}

#[cfg(test)]
mod tests {
    use audit::Action;
    use store::conformance::sample;

    use super::*;

    /// Within one group, a batch that lost gives its places in the log back to the next.
    #[test]
    fn a_place_is_taken_by_a_batch_that_stays() {
        let connection = Connection::open_in_memory().unwrap();
        let schema = include_str!("../../migrations/sqlite/ledger/0001_first.sql");
        connection.execute_batch(schema).unwrap();
        let mut desk = LedgerDesk::new();
        desk.begin(&connection).unwrap();
        let mut twice = sample::event(Action::SignIn);
        twice.reference = Some(sample::reference());
        let loser = Batch::new().event(twice.clone()).event(twice);
        connection.execute_batch("SAVEPOINT s").unwrap();
        assert!(matches!(desk.serve(&connection, loser), Ok(Served::Undo(_))));
        connection.execute_batch("ROLLBACK TO s").unwrap();
        assert_eq!(desk.head, Head::GENESIS);
        let winner = Batch::new().event(sample::event(Action::SignIn));
        assert!(matches!(desk.serve(&connection, winner), Ok(Served::Keep(_))));
        assert_eq!(desk.head.position, 1);
        let stored = one(&connection, sql::AUDIT_HEAD, &[], head).unwrap();
        assert_eq!(stored, Some(desk.head));
    }
}
