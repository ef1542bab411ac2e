//! Records: versions, tags, pages, expiry; and the walk over live sessions.

use std::sync::Arc;

use super::{commits, refuses, writes};
use crate::conformance::sample::{self, NOW, World};
use crate::conformance::{Case, LedgerFactory, RACERS, cases, race};
use crate::{Batch, CommitOutcome, Conflict, Precondition, Record, RecordKind, Write};

pub(super) const CASES: &[Case<dyn LedgerFactory>] = cases![LedgerFactory;
    a_record_reads_back_as_written, registers_do_not_meet, a_record_changes_by_one_version,
    one_of_many_changes_wins, tags_find_and_pages_end, removed_and_expired_records_go,
    live_sessions_are_walked_in_pages];

fn watch(key: &str) -> Record {
    Record::new(RecordKind::StatusWatch, key, format!(r#"{{"of":"{key}"}}"#))
}

fn keys(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.key.as_str()).collect()
}

async fn a_record_reads_back_as_written(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("record").await;
    let record = watch("案件").tagged("z").tagged("a").expiring(NOW);
    writes(&ledger, Write::PutRecord(record.clone())).await;
    let read = ledger.record(RecordKind::StatusWatch, "案件").await;
    assert_eq!(read, Ok(Some(record)));
    assert_eq!(ledger.counts().await.unwrap().records, 1);
    assert_eq!(ledger.record(RecordKind::StatusWatch, "").await, Ok(None));
}

async fn registers_do_not_meet(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("registers").await;
    for kind in RecordKind::ALL {
        let record = Record::new(kind, "same", format!("{:?}", kind.as_str())).tagged("tag");
        writes(&ledger, Write::PutRecord(record.clone())).await;
        assert_eq!(ledger.record(kind, "same").await, Ok(Some(record.clone())));
        assert_eq!(ledger.records(kind, None, 9).await, Ok(vec![record.clone()]));
        assert_eq!(
            ledger.records_tagged(kind, "tag", None, 9).await,
            Ok(vec![record])
        );
        assert_eq!(RecordKind::from_text(kind.as_str()), Some(kind));
    }
}

async fn a_record_changes_by_one_version(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("versions").await;
    let first = watch("k").tagged("old");
    let lost = Conflict::RecordVersion {
        kind: RecordKind::StatusWatch,
        key: "k".to_owned(),
    };
    let second = first.changed("2".to_owned());
    refuses(
        &ledger,
        Batch::new().write(Write::PutRecord(second.clone())),
        lost.clone(),
    )
    .await;
    writes(&ledger, Write::PutRecord(first.clone())).await;
    refuses(&ledger, Batch::new().write(Write::PutRecord(first)), lost.clone()).await;
    let second = Record {
        tags: vec!["new".to_owned()],
        ..second
    };
    writes(&ledger, Write::PutRecord(second.clone())).await;
    refuses(
        &ledger,
        Batch::new().write(Write::PutRecord(second.clone())),
        lost,
    )
    .await;
    let read = ledger.record(RecordKind::StatusWatch, "k").await;
    assert_eq!(read, Ok(Some(second.clone())));
    let tagged = async |tag| ledger.records_tagged(RecordKind::StatusWatch, tag, None, 9).await;
    assert_eq!(tagged("old").await, Ok(vec![]));
    assert_eq!(tagged("new").await, Ok(vec![second]));
    let at = |version| Precondition::RecordAt {
        kind: RecordKind::StatusWatch,
        key: "k".to_owned(),
        version,
    };
    commits(&ledger, Batch::new().require(at(2))).await;
    for version in [0, 1, 3] {
        let batch = Batch::new().require(at(version));
        refuses(&ledger, batch, Conflict::Precondition(at(version))).await;
    }
    let absent = |kind, key: &str| Precondition::as_read(kind, key, None);
    let there = absent(RecordKind::StatusWatch, "k");
    refuses(
        &ledger,
        Batch::new().require(there.clone()),
        Conflict::Precondition(there.clone()),
    )
    .await;
    for elsewhere in [
        absent(RecordKind::StatusWatch, "j"),
        absent(RecordKind::Enrolment, "k"),
    ] {
        commits(&ledger, Batch::new().require(elsewhere)).await;
    }
    let gone = Write::RemoveRecord {
        kind: RecordKind::StatusWatch,
        key: "k".to_owned(),
    };
    writes(&ledger, gone).await;
    commits(&ledger, Batch::new().require(there)).await;
}

async fn one_of_many_changes_wins(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("record_race").await;
    writes(&ledger, Write::PutRecord(watch("k"))).await;
    let answers = race(RACERS, |number| {
        let ledger = Arc::clone(&ledger);
        async move {
            let change = watch("k").changed(number.to_string());
            ledger.commit(Batch::new().write(Write::PutRecord(change))).await
        }
    })
    .await;
    let won: Vec<usize> = answers
        .iter()
        .enumerate()
        .filter(|(_, answer)| **answer == Ok(CommitOutcome::Committed))
        .map(|(number, _)| number)
        .collect();
    assert_eq!(won.len(), 1);
    let read = ledger
        .record(RecordKind::StatusWatch, "k")
        .await
        .unwrap()
        .unwrap();
    assert_eq!((read.version, read.value), (2, won[0].to_string()));
}

async fn tags_find_and_pages_end(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("record_pages").await;
    for key in ["c", "a", "e", "b", "d"] {
        let tag = if "ace".contains(key) { "odd" } else { "even" };
        writes(&ledger, Write::PutRecord(watch(key).tagged(tag).tagged("all"))).await;
    }
    let kind = RecordKind::StatusWatch;
    let all = ledger.records(kind, None, 9).await.unwrap();
    assert_eq!(keys(&all), ["a", "b", "c", "d", "e"]);
    assert_eq!(keys(&ledger.records(kind, None, 2).await.unwrap()), ["a", "b"]);
    assert_eq!(
        keys(&ledger.records(kind, Some("b"), 2).await.unwrap()),
        ["c", "d"]
    );
    assert_eq!(keys(&ledger.records(kind, Some("e"), 2).await.unwrap()), [""; 0]);
    let odd = ledger.records_tagged(kind, "odd", None, 2).await.unwrap();
    assert_eq!(keys(&odd), ["a", "c"]);
    let rest = ledger.records_tagged(kind, "odd", Some("c"), 2).await.unwrap();
    assert_eq!(keys(&rest), ["e"]);
    assert_eq!(ledger.records_tagged(kind, "od", None, 9).await, Ok(vec![]));
}

async fn removed_and_expired_records_go(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("record_ends").await;
    let kind = RecordKind::StatusWatch;
    let remove = |key: &str| Write::RemoveRecord {
        kind,
        key: key.to_owned(),
    };
    let past = watch("past").tagged("t").expiring(NOW.plus_millis(-1));
    for record in [
        past,
        watch("now").tagged("t").expiring(NOW),
        watch("ever").tagged("t"),
    ] {
        writes(&ledger, Write::PutRecord(record)).await;
    }
    writes(&ledger, Write::Purge { before: NOW }).await;
    let left = ledger.records_tagged(kind, "t", None, 9).await.unwrap();
    assert_eq!(keys(&left), ["ever", "now"]);
    assert_eq!(ledger.record(kind, "past").await, Ok(None));
    writes(&ledger, remove("ever")).await;
    writes(&ledger, remove("ever")).await;
    assert_eq!(keys(&ledger.records(kind, None, 9).await.unwrap()), ["now"]);
    assert_eq!(
        keys(&ledger.records_tagged(kind, "t", None, 9).await.unwrap()),
        ["now"]
    );
    writes(&ledger, Write::PutRecord(watch("ever"))).await;
    assert_eq!(
        keys(&ledger.records_tagged(kind, "t", None, 9).await.unwrap()),
        ["now"]
    );
}

async fn live_sessions_are_walked_in_pages(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("live_sessions").await;
    let world = World::in_ledger(&ledger).await;
    let mut ids = vec![world.session.id.clone()];
    for number in 0..5_i64 {
        let mut session = sample::session(&world.credential);
        if number == 1 {
            session.expires_at = NOW;
        }
        writes(&ledger, Write::InsertSession(session.clone())).await;
        match number {
            0 => {
                let end = Write::EndSession {
                    id: session.id,
                    at: NOW,
                };
                writes(&ledger, end).await;
            }
            1 => {}
            _ => ids.push(session.id),
        }
    }
    ids.sort();
    let mut walked = Vec::new();
    loop {
        let page = ledger.live_sessions(walked.last(), 2, NOW).await.unwrap();
        assert!(page.len() <= 2);
        if page.is_empty() {
            break;
        }
        walked.extend(page.into_iter().map(|session| session.id));
    }
    assert_eq!(walked, ids);
}
