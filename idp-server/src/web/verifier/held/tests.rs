use store::memory::MemoryLedger;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn held() -> Held {
    Held {
        verifier: "bank-a".to_owned(),
        purpose: "mailing".to_owned(),
        registered_at: at(0),
        until: at(4_000_000_000),
        ended: None,
        sealed: SealedSerial {
            key_version: 1,
            sealed: String::new(),
        },
        seen: Seen::default(),
    }
}

async fn put(ledger: &dyn Ledger, record: Record) {
    let batch = Batch::new().write(Write::PutRecord(record));
    assert_eq!(ledger.commit(batch).await.unwrap(), CommitOutcome::Committed);
}

/// A registered watch, and its record as somebody read it before the sweep wrote to it.
async fn swept_meanwhile(ledger: &dyn Ledger) -> Record {
    let value = serde_json::to_string(&held()).unwrap();
    put(
        ledger,
        Record::new(RecordKind::StatusWatch, "sw_1", value).tagged(OPEN),
    )
    .await;
    let read = ledger
        .record(RecordKind::StatusWatch, "sw_1")
        .await
        .unwrap()
        .unwrap();
    let seen = Held {
        seen: Seen {
            told: None,
            pending_since: Some(at(1)),
        },
        ..held()
    };
    put(ledger, seen.changed(&read).unwrap()).await;
    read
}

#[tokio::test]
async fn a_withdrawal_is_not_lost_to_the_sweep() {
    let ledger = MemoryLedger::new();
    let stale = swept_meanwhile(&ledger).await;
    end(&ledger, &stale, held(), "person", Actor::Person(None), at(9))
        .await
        .unwrap();
    let now = ledger
        .record(RecordKind::StatusWatch, "sw_1")
        .await
        .unwrap()
        .unwrap();
    let ended = Held::of(&now).unwrap();
    assert_eq!(
        ended.ended.as_ref().map(|ended| ended.by.as_str()),
        Some("person")
    );
    assert_eq!(ended.seen.pending_since, Some(at(1)), "what the sweep saw stays");
    assert!(!now.tags.contains(&OPEN.to_owned()));
    assert!(!watch_is_open(&ledger, "sw_1", at(10)).await.unwrap());
    // Ended once, it stays as it ended, also for somebody who read it before.
    end(&ledger, &stale, held(), "verifier", Actor::Platform, at(11))
        .await
        .unwrap();
    let now = ledger
        .record(RecordKind::StatusWatch, "sw_1")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(Held::of(&now).unwrap(), ended);
}

#[tokio::test]
async fn a_watch_is_open_until_its_term_and_none_is_not() {
    let ledger = MemoryLedger::new();
    swept_meanwhile(&ledger).await;
    let open = |id: &'static str, now| watch_is_open(&ledger, id, now);
    assert!(open("sw_1", at(5)).await.unwrap());
    assert!(!open("sw_1", at(4_000_000_000)).await.unwrap());
    assert!(!open("sw_2", at(5)).await.unwrap());
}

#[tokio::test]
async fn a_consent_is_registered_or_barred_but_not_both_and_by_its_own_signer() {
    let ledger = MemoryLedger::new();
    let (mine, other) = (
        vec!["subject:1:a".to_owned(), "subject:2:b".to_owned()],
        vec!["subject:1:c".to_owned()],
    );
    let take = |subject: &[String]| once(Batch::new(), "sw_1", subject, at(99));
    assert_eq!(
        ledger.commit(take(&other)).await.unwrap(),
        CommitOutcome::Committed
    );
    assert_eq!(
        ledger.commit(take(&mine)).await.unwrap(),
        CommitOutcome::Committed
    );
    // After a change of the vault's key one name is enough to be recognised.
    for again in [mine.clone(), mine[1..].to_vec()] {
        assert_ne!(
            ledger.commit(take(&again)).await.unwrap(),
            CommitOutcome::Committed
        );
    }
}
