//! What is the double's own; the rest is the kit's.

use domain::Timestamp;

use super::*;
use crate::conformance::sample::{self, NOW};
use crate::{Batch, CommitOutcome, Ephemera, EphemeraKey, EphemeraKind, Ledger, StoreFault, Write};

#[tokio::test]
async fn a_broken_ledger_answers_with_its_fault_and_forgets_nothing() {
    let ledger = MemoryLedger::new();
    let account = sample::account();
    let insert = || Batch::new().write(Write::InsertAccount(account.clone()));
    let fault = StoreFault::Unavailable("the test pulled the plug".to_owned());
    ledger.break_with(Some(fault.clone()));
    assert_eq!(ledger.commit(insert()).await, Err(fault.clone()));
    assert_eq!(ledger.account(&account.id).await, Err(fault.clone()));
    assert_eq!(ledger.audit_from(1, 1).await, Err(fault));
    ledger.break_with(None);
    assert_eq!(ledger.account(&account.id).await, Ok(None));
    assert_eq!(ledger.commit(insert()).await, Ok(CommitOutcome::Committed));
}

#[tokio::test]
async fn broken_ephemera_answer_with_their_fault_and_forget_nothing() {
    let ephemera = MemoryEphemera::new();
    let key = EphemeraKey::new(EphemeraKind::Ticket, "t");
    let end: Timestamp = NOW.plus_seconds(1);
    ephemera.put(&key, vec![1], NOW, end).await.unwrap();
    let fault = StoreFault::Unavailable("the test pulled the plug".to_owned());
    ephemera.break_with(Some(fault.clone()));
    assert_eq!(ephemera.consume(&key, NOW, end).await, Err(fault.clone()));
    assert_eq!(ephemera.get(&key, NOW).await, Err(fault));
    ephemera.break_with(None);
    assert_eq!(ephemera.get(&key, NOW).await, Ok(Some(vec![1])));
}
