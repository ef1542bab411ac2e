//! The audit log: every event of every committed batch, in order, chained, readable as it was written.

use std::sync::Arc;

use audit::chain::{Link, verify};
use audit::{Action, Actor, Event, Outcome, TraceStep, Verdict};
use domain::TransactionId;

use super::{commits, refuses};
use crate::conformance::sample::{self, Counting, NOW};
use crate::conformance::{Case, LedgerFactory, cases};
use crate::{AuditRecord, Batch, Conflict, Ledger, Precondition};

pub(super) const CASES: &[Case<dyn LedgerFactory>] = cases![LedgerFactory;
    events_read_back_in_order, every_actor_and_outcome_reads_back, the_log_is_read_in_pages,
    a_losing_batch_leaves_no_gap, two_writers_share_one_chain];

/// The whole log; it must follow its own chain.
pub(super) async fn whole(ledger: &Arc<dyn Ledger>) -> Vec<AuditRecord> {
    let records = ledger.audit_from(1, u32::MAX).await.unwrap();
    let links = records.iter().map(|record| Link {
        position: record.position,
        text: &record.text,
        hash: &record.hash,
    });
    let head = verify(links).expect("the log follows its chain");
    assert_eq!(head.position, ledger.counts().await.unwrap().audit);
    records
}

async fn events_read_back_in_order(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("events").await;
    let events: Vec<Event> = (0..3)
        .map(|n| sample::event(Action::SignIn).fact("n", n.to_string()))
        .collect();
    let batch = Batch::new().event(events[0].clone()).event(events[1].clone());
    commits(&ledger, batch).await;
    commits(&ledger, Batch::new().event(events[2].clone())).await;
    let records = whole(&ledger).await;
    let read: Vec<Event> = records.iter().map(|record| record.event.clone()).collect();
    assert_eq!(read, events);
    for record in records {
        assert_eq!(record.text, serde_json::to_string(&record.event).unwrap());
    }
}

async fn every_actor_and_outcome_reads_back(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("actors").await;
    let account = sample::account().id;
    let code = "card_revoked".to_owned();
    let actors = [
        Actor::Person(None),
        Actor::Person(Some(account.clone())),
        Actor::Service(sample::service().id),
        Actor::Operator("当直".to_owned()),
        Actor::Platform,
    ];
    for actor in actors {
        for outcome in [Outcome::Done, Outcome::Refused { code: code.clone() }] {
            let mut event = Event::new(NOW, Action::SignIn, outcome, actor.clone()).fact("acr", "a\"b\\c");
            event.account = Some(account.clone());
            event.session = Some(sample::session(&sample::credential(&account)).id);
            event.service = Some(sample::service().id);
            event.transaction = Some(TransactionId::generate(&Counting));
            event.reference = Some(sample::reference());
            event.trace = vec![TraceStep {
                room: "jpki".to_owned(),
                rule: "policy".to_owned(),
                verdict: Verdict::NotRun,
                detail: String::new(),
            }];
            commits(&ledger, Batch::new().event(event.clone())).await;
            let reference = event.reference.clone().unwrap();
            let found = ledger.audit_by_reference(&reference).await.unwrap().unwrap();
            assert_eq!(found.event, event);
        }
    }
    assert_eq!(whole(&ledger).await.len(), 10);
    let unknown = ledger.audit_by_reference(&sample::reference()).await;
    assert_eq!(unknown, Ok(None));
}

async fn the_log_is_read_in_pages(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("pages").await;
    for _ in 0..5 {
        commits(&ledger, Batch::new().event(sample::event(Action::SignIn))).await;
    }
    let positions = async |from, limit| -> Vec<u64> {
        let page = ledger.audit_from(from, limit).await.unwrap();
        page.iter().map(|record| record.position).collect()
    };
    assert_eq!(positions(0, 2).await, [1, 2]);
    assert_eq!(positions(1, 2).await, [1, 2]);
    assert_eq!(positions(3, 2).await, [3, 4]);
    assert_eq!(positions(5, 2).await, [5]);
    assert!(positions(6, 2).await.is_empty());
    assert!(positions(u64::MAX, 2).await.is_empty());
    assert!(positions(1, 0).await.is_empty());
}

async fn a_losing_batch_leaves_no_gap(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("gap").await;
    let event = || sample::event(Action::SignIn);
    commits(&ledger, Batch::new().event(event())).await;
    let lost = Precondition::AccountActive(sample::account().id);
    let batch = Batch::new().require(lost.clone()).event(event()).event(event());
    refuses(&ledger, batch, Conflict::Precondition(lost)).await;
    commits(&ledger, Batch::new().event(event())).await;
    let positions: Vec<u64> = whole(&ledger)
        .await
        .iter()
        .map(|record| record.position)
        .collect();
    assert_eq!(positions, [1, 2]);
}

/// Strictly in turns, so that each writer's last look at the log is always out of date.
async fn two_writers_share_one_chain(factory: Arc<dyn LedgerFactory>) {
    let pair = [factory.open("turns").await, factory.open("turns").await];
    for turn in 0..6_usize {
        let event = sample::event(Action::SignIn).fact("turn", turn.to_string());
        commits(&pair[turn % 2], Batch::new().event(event)).await;
        assert_eq!(whole(&pair[(turn + 1) % 2]).await.len(), turn + 1);
    }
}
