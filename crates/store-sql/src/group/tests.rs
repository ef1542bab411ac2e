//! Groups that fail, with a desk made for it. `commit_group` is called directly, so the test decides who shares one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// What the test's desk is told to do.
#[derive(Clone, Debug)]
enum Order {
    Insert(i64),
    /// Inserts, then asks for its changes to be undone.
    Conflict(i64),
    /// Inserts, then breaks a rule of its own row.
    Unreadable(i64),
    /// Inserts that many rows of 4000 bytes.
    Many(i64),
    /// Ends the transaction under the writer's feet.
    Sabotage,
}

#[derive(Clone, Default)]
struct TestDesk {
    begun: Arc<AtomicUsize>,
}

impl Desk for TestDesk {
    type Order = Order;
    type Answer = &'static str;

    fn begin(&mut self, _connection: &Connection) -> Result<(), Trouble> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn serve(&mut self, connection: &Connection, order: Order) -> Result<Served<&'static str>, Trouble> {
        let insert = |n: i64| connection.execute("INSERT INTO t (n, x) VALUES ($1, zeroblob(4000))", [n]);
        match order {
            Order::Insert(n) => insert(n).map(|_| Served::Keep("kept")).map_err(Trouble::from),
            Order::Conflict(n) => insert(n).map(|_| Served::Undo("lost")).map_err(Trouble::from),
            Order::Unreadable(n) => {
                insert(n)?;
                Err(Trouble::Row("broken".to_owned()))
            }
            Order::Many(count) => {
                for n in 0..count {
                    insert(1_000 + n)?;
                }
                Ok(Served::Keep("kept"))
            }
            Order::Sabotage => {
                connection.execute_batch("ROLLBACK")?;
                Ok(Served::Keep("kept"))
            }
        }
    }
}

struct Bench {
    connection: Connection,
    _folder: tempfile::TempDir,
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let connection = Connection::open(folder.path().join("t.sqlite")).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection
        .execute_batch(
            "CREATE TABLE t (n INTEGER PRIMARY KEY, x BLOB);
             CREATE TABLE late (n INTEGER REFERENCES t (n) DEFERRABLE INITIALLY DEFERRED);
             PRAGMA foreign_keys = ON",
        )
        .unwrap();
    Bench {
        connection,
        _folder: folder,
    }
}

impl Bench {
    /// Runs the orders as one group; what each of them was answered.
    fn group(&self, orders: &[Order]) -> Vec<Result<&'static str, StoreFault>> {
        let (group, mut answers): (Vec<_>, Vec<_>) = orders
            .iter()
            .map(|order| {
                let (reply, answer) = oneshot::channel();
                ((order.clone(), reply), answer)
            })
            .unzip();
        for (reply, answer) in commit_group(&self.connection, &mut TestDesk::default(), group) {
            reply.send(answer).unwrap();
        }
        assert!(self.connection.is_autocommit(), "no transaction stays open");
        answers
            .iter_mut()
            .map(|answer| answer.try_recv().unwrap())
            .collect()
    }

    fn rows(&self) -> Vec<i64> {
        let mut statement = self.connection.prepare("SELECT n FROM t ORDER BY n").unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }
}

#[test]
fn a_conflict_and_a_broken_row_concern_nobody_else() {
    let bench = bench();
    let answers = bench.group(&[
        Order::Insert(1),
        Order::Conflict(2),
        Order::Unreadable(3),
        // The database itself refuses the second 1.
        Order::Insert(1),
        Order::Insert(4),
    ]);
    assert_eq!(answers[0], Ok("kept"));
    assert_eq!(answers[1], Ok("lost"));
    assert_eq!(answers[2], Err(StoreFault::Corrupt("broken".to_owned())));
    assert!(matches!(answers[3], Err(StoreFault::Corrupt(_))));
    assert_eq!(answers[4], Ok("kept"));
    assert_eq!(bench.rows(), [1, 4]);
}

#[test]
fn a_full_disk_fails_the_whole_group_and_leaves_nothing() {
    let bench = bench();
    bench
        .connection
        .pragma_update(None, "max_page_count", 20)
        .unwrap();
    let answers = bench.group(&[
        Order::Insert(1),
        Order::Conflict(2),
        Order::Many(50),
        Order::Insert(3),
    ]);
    for answer in answers {
        assert!(matches!(answer, Err(StoreFault::Unavailable(_))), "{answer:?}");
    }
    assert!(bench.rows().is_empty());
    // The writer goes on as soon as there is room.
    bench
        .connection
        .pragma_update(None, "max_page_count", 1000)
        .unwrap();
    assert_eq!(bench.group(&[Order::Insert(5)]), [Ok("kept")]);
    assert_eq!(bench.rows(), [5]);
}

#[test]
fn a_transaction_that_ended_by_itself_fails_the_whole_group() {
    let bench = bench();
    let answers = bench.group(&[Order::Insert(1), Order::Sabotage, Order::Insert(2)]);
    for answer in answers {
        assert!(matches!(answer, Err(StoreFault::Unavailable(_))), "{answer:?}");
    }
    assert!(bench.rows().is_empty());
}

/// A deferred rule that breaks at `COMMIT` stands for any `COMMIT` that does not succeed.
#[test]
fn a_commit_that_fails_fails_everybody_as_unknown() {
    let bench = bench();
    bench
        .connection
        .execute_batch(
            "CREATE TRIGGER bad AFTER INSERT ON t WHEN NEW.n = 13 BEGIN INSERT INTO late VALUES (99); END",
        )
        .unwrap();
    let answers = bench.group(&[Order::Insert(1), Order::Insert(13), Order::Insert(2)]);
    for answer in answers {
        assert!(matches!(answer, Err(StoreFault::Unknown(_))), "{answer:?}");
    }
    assert!(bench.rows().is_empty());
    assert_eq!(bench.group(&[Order::Insert(1)]), [Ok("kept")]);
}

#[test]
fn a_lock_held_elsewhere_fails_the_group_as_unavailable() {
    let bench = bench();
    let path = bench.connection.path().unwrap().to_owned();
    bench
        .connection
        .busy_timeout(std::time::Duration::from_millis(20))
        .unwrap();
    let other = Connection::open(path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for answer in bench.group(&[Order::Insert(1), Order::Insert(2)]) {
        assert!(matches!(answer, Err(StoreFault::Unavailable(_))), "{answer:?}");
    }
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(bench.group(&[Order::Insert(1)]), [Ok("kept")]);
}

#[tokio::test]
async fn what_waits_together_shares_a_transaction() {
    let bench = bench();
    let path = bench.connection.path().unwrap().to_owned();
    let desk = TestDesk::default();
    let begun = Arc::clone(&desk.begun);
    let connection = Connection::open(path).unwrap();
    connection
        .busy_timeout(std::time::Duration::from_secs(5))
        .unwrap();
    // While the lock is held, the first order is stuck and the others gather behind it.
    bench.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let writer = Arc::new(Writer::start("test", connection, desk, 100, 100).unwrap());
    let ask = |n| {
        let writer = Arc::clone(&writer);
        tokio::spawn(async move { writer.order(Order::Insert(n)).await })
    };
    let first = ask(0);
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    let rest: Vec<_> = (1..20).map(ask).collect();
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    bench.connection.execute_batch("COMMIT").unwrap();
    assert_eq!(first.await.unwrap(), Ok("kept"));
    for answer in rest {
        assert_eq!(answer.await.unwrap(), Ok("kept"));
    }
    assert_eq!(
        begun.load(Ordering::SeqCst),
        2,
        "one for the first, one for the other nineteen"
    );
    assert_eq!(bench.rows().len(), 20);
}

#[tokio::test]
async fn a_full_queue_refuses_and_a_closed_one_drains() {
    let bench = bench();
    let path = bench.connection.path().unwrap().to_owned();
    let connection = Connection::open(path).unwrap();
    connection
        .busy_timeout(std::time::Duration::from_secs(5))
        .unwrap();
    bench.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let writer = Arc::new(Writer::start("test", connection, TestDesk::default(), 3, 100).unwrap());
    let ask = |n| {
        let writer = Arc::clone(&writer);
        tokio::spawn(async move { writer.order(Order::Insert(n)).await })
    };
    let first = ask(0);
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    let waiting: Vec<_> = (1..4).map(ask).collect();
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    let refused = writer.order(Order::Insert(9)).await;
    assert_eq!(
        refused,
        Err(StoreFault::Unavailable("too many changes are waiting".to_owned()))
    );
    let closing = {
        let writer = Arc::clone(&writer);
        tokio::spawn(async move { writer.close().await })
    };
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    let late = writer.order(Order::Insert(10)).await;
    assert_eq!(
        late,
        Err(StoreFault::Unavailable("the store is closed".to_owned()))
    );
    bench.connection.execute_batch("COMMIT").unwrap();
    closing.await.unwrap();
    // Closing returned, so what waited is already there.
    assert_eq!(bench.rows(), [0, 1, 2, 3]);
    assert_eq!(first.await.unwrap(), Ok("kept"));
    for answer in waiting {
        assert_eq!(answer.await.unwrap(), Ok("kept"));
    }
}
