//! What is SQLite's own about the Ledger: disk, restart, tampering, and a second process's view.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::Path;
use std::sync::Arc;

use audit::Action;
use audit::chain::{Break, Link, Why, export_line, verify, verify_lines};
use rusqlite::Connection;
use store::conformance::sample::{self, World};
use store::{AuditRecord, Batch, CommitOutcome, Ledger, StoreFault, Write};
use store_sql::{LedgerOptions, SqlLedger, Synchronous};

fn open(path: &Path) -> Arc<SqlLedger> {
    Arc::new(SqlLedger::open(path, &LedgerOptions::default()).unwrap())
}

fn signed_in() -> Batch {
    Batch::new().event(sample::event(Action::SignIn))
}

/// A batch of several pages.
fn bulky(key: &str) -> Batch {
    Batch::new().write(Write::PutState {
        key: key.to_owned(),
        value: "x".repeat(20_000),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let options = LedgerOptions {
        max_pages: Some(60),
        ..LedgerOptions::default()
    };
    let ledger = Arc::new(SqlLedger::open(folder.path().join("l.sqlite"), &options).unwrap());
    let mut answered = Vec::new();
    for number in 0..20 {
        let batch = bulky(&number.to_string()).event(sample::event(Action::SignIn));
        answered.push((number, ledger.commit(batch).await));
    }
    let committed = answered.iter().filter(|(_, outcome)| outcome.is_ok()).count();
    assert!(committed > 0 && committed < 20, "{committed} fitted");
    for (number, outcome) in answered {
        let stored = ledger.state(&number.to_string()).await.unwrap();
        match outcome {
            Ok(outcome) => {
                assert_eq!(outcome, CommitOutcome::Committed);
                assert!(stored.is_some());
            }
            Err(fault) => {
                assert!(matches!(fault, StoreFault::Unavailable(_)), "{fault:?}");
                assert_eq!(stored, None);
            }
        }
    }
    let audit = usize::try_from(ledger.counts().await.unwrap().audit).unwrap();
    assert_eq!(audit, committed);
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_finishes_what_waits_and_refuses_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.sqlite");
    let ledger = open(&path);
    let waiting: Vec<_> = (0..200)
        .map(|_| {
            let ledger = Arc::clone(&ledger);
            tokio::spawn(async move { ledger.commit(signed_in()).await })
        })
        .collect();
    tokio::task::yield_now().await;
    ledger.close().await;
    ledger.close().await;
    let mut committed = 0;
    for task in waiting {
        match task.await.unwrap() {
            Ok(outcome) => {
                assert_eq!(outcome, CommitOutcome::Committed);
                committed += 1;
            }
            Err(fault) => assert_eq!(fault, StoreFault::Unavailable("the store is closed".to_owned())),
        }
    }
    let closed = StoreFault::Unavailable("the store is closed".to_owned());
    assert_eq!(ledger.commit(signed_in()).await, Err(closed.clone()));
    assert_eq!(ledger.counts().await, Err(closed));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(
        left.len(),
        1,
        "the write-ahead log was folded into the file: {left:?}"
    );
    assert_eq!(open(&path).counts().await.unwrap().audit, committed);
}

/// Statements without waiting for the disk still do the same; the option exists for the test of durability.
#[tokio::test(flavor = "multi_thread")]
async fn synchronous_off_is_possible_and_not_the_default() {
    assert_eq!(LedgerOptions::default().synchronous, Synchronous::Full);
    let folder = tempfile::tempdir().unwrap();
    let options = LedgerOptions {
        synchronous: Synchronous::Off,
        ..LedgerOptions::default()
    };
    let ledger = SqlLedger::open(folder.path().join("l.sqlite"), &options).unwrap();
    assert_eq!(ledger.commit(signed_in()).await, Ok(CommitOutcome::Committed));
}

async fn log_of_five(path: &Path) -> Vec<AuditRecord> {
    let ledger = open(path);
    for _ in 0..5 {
        assert_eq!(ledger.commit(signed_in()).await, Ok(CommitOutcome::Committed));
    }
    let records = ledger.audit_from(1, 100).await.unwrap();
    ledger.close().await;
    records
}

fn judge(records: &[AuditRecord]) -> Result<u64, Break> {
    let links = records.iter().map(|record| Link {
        position: record.position,
        text: &record.text,
        hash: &record.hash,
    });
    verify(links).map(|head| head.position)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_refuses_changes_and_shows_those_that_were_forced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.sqlite");
    assert_eq!(judge(&log_of_five(&path).await), Ok(5));
    let intruder = Connection::open(&path).unwrap();
    let alter = "UPDATE audit_record SET event = replace(event, 'sign_in', 'sign_up') WHERE place = 3";
    let refused = intruder.execute(alter, []).unwrap_err().to_string();
    assert!(refused.contains("append-only"), "{refused}");
    let refused = intruder.execute("DELETE FROM audit_record WHERE place = 5", []);
    assert!(refused.unwrap_err().to_string().contains("append-only"));

    intruder
        .execute_batch("DROP TRIGGER audit_record_no_update; DROP TRIGGER audit_record_no_delete")
        .unwrap();
    let spare =
        "UPDATE audit_record SET event = replace(event, '\"sign_in\"', '\"session_ended\"') WHERE place = 3";
    assert_eq!(intruder.execute(spare, []).unwrap(), 1);
    let ledger = open(&path);
    let records = ledger.audit_from(1, 100).await.unwrap();
    let hash = Break {
        position: 3,
        why: Why::Hash,
    };
    assert_eq!(judge(&records), Err(hash));
    intruder
        .execute("DELETE FROM audit_record WHERE place = 2", [])
        .unwrap();
    let records = ledger.audit_from(1, 100).await.unwrap();
    let gap = Break {
        position: 2,
        why: Why::Position { found: 3 },
    };
    assert_eq!(judge(&records), Err(gap));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_the_log_verifies_offline() {
    let folder = tempfile::tempdir().unwrap();
    let records = log_of_five(&folder.path().join("l.sqlite")).await;
    let lines: Vec<String> = records
        .iter()
        .map(|record| {
            let link = Link {
                position: record.position,
                text: &record.text,
                hash: &record.hash,
            };
            export_line(link).unwrap()
        })
        .collect();
    let head = verify_lines(audit::chain::Head::GENESIS, &lines).unwrap();
    assert_eq!(head.hash.to_string(), records[4].hash);
    // A record as JSON, with its readable event, is an export line too.
    let whole = records
        .iter()
        .map(|record| serde_json::to_string(record).unwrap());
    assert_eq!(verify_lines(audit::chain::Head::GENESIS, whole), Ok(head));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_row_is_corrupt_and_its_value_is_not_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.sqlite");
    let ledger = open(&path);
    let dynamic: Arc<dyn Ledger> = ledger.clone();
    let world = World::in_ledger(&dynamic).await;
    let vandal = Connection::open(&path).unwrap();
    vandal.execute("UPDATE session SET version = -1", []).unwrap();
    let negative = ledger.session(&world.session.id).await;
    assert!(matches!(negative, Err(StoreFault::Corrupt(_))), "{negative:?}");
    vandal
        .execute("UPDATE session SET version = 1, method = 'telepathy'", [])
        .unwrap();
    vandal
        .execute("UPDATE service SET record = '{\"secret\":\"telepathy\"}'", [])
        .unwrap();
    let answers = [
        ledger.session(&world.session.id).await.map(drop),
        ledger.service(&world.service.id).await.map(drop),
        ledger.services().await.map(drop),
    ];
    for answer in answers {
        match answer {
            Err(StoreFault::Corrupt(why)) => assert!(!why.contains("telepathy"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    // Others are not concerned.
    assert!(ledger.account(&world.account.id).await.unwrap().is_some());
    assert_eq!(ledger.commit(signed_in()).await, Ok(CommitOutcome::Committed));
}

/// A number that the database cannot hold sinks its own batch and no other.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_beyond_the_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder.path().join("l.sqlite"));
    let dynamic: Arc<dyn Ledger> = ledger.clone();
    let world = World::in_ledger(&dynamic).await;
    let batch = signed_in().write(Write::RecheckSession {
        id: world.session.id.clone(),
        generation: domain::RevocationGeneration(u64::MAX),
    });
    assert!(matches!(ledger.commit(batch).await, Err(StoreFault::Corrupt(_))));
    assert_eq!(ledger.session(&world.session.id).await, Ok(Some(world.session)));
    assert_eq!(ledger.counts().await.unwrap().audit, 0);
}

/// The operators' command line writes while the server does.
#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_writer_delays_and_does_not_break() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.sqlite");
    let ledger = open(&path);
    let foreign = Connection::open(&path).unwrap();
    foreign.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting = {
        let ledger = Arc::clone(&ledger);
        tokio::spawn(async move { ledger.commit(signed_in()).await })
    };
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    // Reading does not wait for anybody's writing.
    assert_eq!(ledger.counts().await.unwrap().audit, 0);
    foreign.execute_batch("COMMIT").unwrap();
    assert_eq!(waiting.await.unwrap(), Ok(CommitOutcome::Committed));
    assert_eq!(ledger.counts().await.unwrap().audit, 1);
}

#[tokio::test]
async fn a_runtime_with_one_thread_suffices() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder.path().join("l.sqlite"));
    assert_eq!(ledger.commit(signed_in()).await, Ok(CommitOutcome::Committed));
    assert_eq!(ledger.counts().await.unwrap().audit, 1);
    ledger.close().await;
}
