//! What is opened and what is not.

use store::Ledger;
use store::memory::MemoryLedger;

use super::*;

/// Between the reading and the opening the person withdraws, or registers anew: nothing is opened, and no entry says so.
#[tokio::test]
async fn nothing_is_opened_of_what_changed_since_it_was_read() {
    let ledger = MemoryLedger::new();
    let record = Record::new(RecordKind::Enrolment, "acc", "{}".to_owned());
    let put = |record: &Record| Batch::new().write(Write::PutRecord(record.clone()));
    let event = || {
        Event::new(
            Timestamp::from_seconds(1),
            Action::ItemsOpened,
            Outcome::Done,
            Actor::Platform,
        )
    };
    let open = async || ledger.commit(opening(&record, event())).await.unwrap();
    assert_ne!(open().await, CommitOutcome::Committed, "not there");
    ledger.commit(put(&record)).await.unwrap();
    assert_eq!(open().await, CommitOutcome::Committed);
    ledger
        .commit(put(&record.changed("{}".to_owned())))
        .await
        .unwrap();
    assert_ne!(open().await, CommitOutcome::Committed, "registered anew");
    ledger
        .commit(removing(Batch::new(), &record.changed(String::new())))
        .await
        .unwrap();
    assert_ne!(open().await, CommitOutcome::Committed, "withdrawn");
    assert_eq!(ledger.counts().await.unwrap().audit, 1);
}
