//! Cases of the durable port.

mod accounts;
mod conflicts;
mod log;
mod preconditions;
mod purge;
mod races;
mod records;
mod restart;
mod rows;

use std::sync::Arc;

use super::{Case, LedgerFactory, sample};
use crate::{Batch, CommitOutcome, Conflict, Ledger, Write};

pub(super) fn all() -> Vec<&'static Case<dyn LedgerFactory>> {
    [
        rows::CASES,
        accounts::CASES,
        preconditions::CASES,
        conflicts::CASES,
        log::CASES,
        purge::CASES,
        races::CASES,
        records::CASES,
        restart::CASES,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Commits, and it must be done.
async fn commits(ledger: &Arc<dyn Ledger>, batch: Batch) {
    assert_eq!(ledger.commit(batch).await, Ok(CommitOutcome::Committed));
}

/// Commits one write, and it must be done.
async fn writes(ledger: &Arc<dyn Ledger>, write: Write) {
    commits(ledger, Batch::new().write(write)).await;
}

/// Commits the batch with bait before its writes and after its events; it must lose for this reason, and nothing of
/// the bait may be seen.
async fn refuses(ledger: &Arc<dyn Ledger>, mut batch: Batch, expected: Conflict) {
    let account = sample::account();
    let state = sample::name();
    let reference = sample::reference();
    let mut event = sample::event(audit::Action::AccountCreated);
    event.reference = Some(reference.clone());
    batch.writes.insert(0, Write::InsertAccount(account.clone()));
    batch.writes.insert(
        1,
        Write::PutState {
            key: state.clone(),
            value: "bait".to_owned(),
        },
    );
    batch.events.insert(0, event);
    let before = ledger.counts().await.unwrap();

    assert_eq!(ledger.commit(batch).await, Ok(CommitOutcome::Conflict(expected)));

    assert_eq!(
        ledger.counts().await.unwrap(),
        before,
        "a losing batch leaves no row"
    );
    assert_eq!(ledger.account(&account.id).await, Ok(None));
    assert_eq!(ledger.state(&state).await, Ok(None));
    assert_eq!(ledger.audit_by_reference(&reference).await, Ok(None));
}
