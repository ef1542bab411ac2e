//! Who works for whom, with a desk made for it.

use std::sync::Arc;

use super::*;
use crate::group::Served;

struct TestDesk;

impl Desk for TestDesk {
    type Order = i64;
    type Answer = i64;

    fn begin(&mut self, _connection: &Connection) -> Result<(), Trouble> {
        Ok(())
    }

    /// Inserts a number and answers how many there are; a negative one is undone.
    fn serve(&mut self, connection: &Connection, order: i64) -> Result<Served<i64>, Trouble> {
        connection.execute("INSERT INTO t (n) VALUES ($1)", [order])?;
        let count = connection.query_row("SELECT COUNT(*) FROM t", [], |row| row.get(0))?;
        Ok(if order < 0 {
            Served::Undo(count)
        } else {
            Served::Keep(count)
        })
    }
}

fn connect(folder: &tempfile::TempDir) -> Connection {
    let connection = Connection::open(folder.path().join("t.sqlite")).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection
        .execute_batch("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY)")
        .unwrap();
    connection.busy_timeout(Duration::ZERO).unwrap();
    connection
}

fn inline(folder: &tempfile::TempDir, patience: Duration) -> Arc<Inline<TestDesk>> {
    let limits = Limits {
        queue: 64,
        group: 8,
        patience,
    };
    Arc::new(Inline::new(connect(folder), TestDesk, limits))
}

#[tokio::test]
async fn one_alone_is_answered_at_once_and_may_be_undone() {
    let folder = tempfile::tempdir().unwrap();
    let inline = inline(&folder, Duration::from_secs(5));
    assert_eq!(inline.order(1).await, Ok(1));
    assert_eq!(inline.order(-2).await, Ok(2));
    assert!(matches!(inline.order(1).await, Err(StoreFault::Corrupt(_))));
    assert_eq!(inline.order(3).await, Ok(2), "what was undone is not there");
}

#[tokio::test]
async fn what_is_left_while_somebody_works_is_done_by_them() {
    let folder = tempfile::tempdir().unwrap();
    let inline = inline(&folder, Duration::from_secs(5));
    let held = inline.desk.lock().unwrap();
    let waiting: Vec<_> = (0..20).map(|number| inline.leave(number).unwrap().1).collect();
    assert_eq!(inline.work(), Stand::Elsewhere);
    drop(held);
    assert_eq!(inline.work(), Stand::Done);
    for (number, mut answer) in (1..).zip(waiting) {
        assert_eq!(answer.try_recv().unwrap(), Ok(number));
    }
}

#[tokio::test]
async fn another_process_is_waited_for_and_then_patience_ends() {
    let folder = tempfile::tempdir().unwrap();
    let other = connect(&folder);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let hasty = inline(&folder, Duration::from_millis(30));
    assert!(matches!(hasty.order(1).await, Err(StoreFault::Unavailable(_))));
    assert!(hasty.queue.lock().unwrap().orders.is_empty(), "it was taken back");
    let patient = inline(&folder, Duration::from_secs(30));
    let left = patient.leave(7).unwrap().1;
    let ordered = tokio::spawn({
        let patient = Arc::clone(&patient);
        async move { patient.order(8).await }
    });
    let until = Instant::now() + Duration::from_secs(10);
    while patient.queue.lock().unwrap().orders.len() < 2 && Instant::now() < until {
        tokio::task::yield_now().await;
    }
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(ordered.await.unwrap(), Ok(2));
    assert_eq!(left.await.unwrap(), Ok(1), "in the order in which they came");
}

#[tokio::test]
async fn too_many_and_too_late_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let inline = inline(&folder, Duration::from_secs(5));
    let held = inline.desk.lock().unwrap();
    let mut left: Vec<_> = (0..64).map(|number| inline.leave(number).unwrap().1).collect();
    assert!(matches!(inline.leave(64), Err(StoreFault::Unavailable(_))));
    drop(held);
    inline.close();
    assert_eq!(
        left.remove(63).try_recv().unwrap(),
        Ok(64),
        "what waited is finished"
    );
    assert!(matches!(inline.order(65).await, Err(StoreFault::Unavailable(_))));
    inline.close();
}
