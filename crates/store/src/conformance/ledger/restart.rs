//! What was committed is there when the same data is opened again.

use std::sync::Arc;

use audit::Action;

use super::{commits, log, refuses};
use crate::conformance::sample::{self, NOW, World};
use crate::conformance::{Case, LedgerFactory, cases};
use crate::{Batch, Conflict, SingleUseKind, Write};

pub(super) const CASES: &[Case<dyn LedgerFactory>] =
    cases![LedgerFactory; what_was_committed_outlives_a_restart, the_chain_goes_on_after_a_restart];

async fn what_was_committed_outlives_a_restart(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("restart").await;
    let world = World::in_ledger(&ledger).await;
    let used = Write::InsertSingleUse {
        kind: SingleUseKind::Ticket,
        key: "t".to_owned(),
        expires_at: NOW,
    };
    commits(&ledger, Batch::new().write(used.clone())).await;
    let counts = ledger.counts().await;
    drop(ledger);
    let ledger = factory.open("restart").await;
    assert_eq!(ledger.counts().await, counts);
    assert_eq!(
        ledger.session_by_secret(&world.session.secret).await,
        Ok(Some(world.session))
    );
    assert_eq!(ledger.service(&world.service.id).await, Ok(Some(world.service)));
    let again = Batch::new().write(used);
    refuses(&ledger, again, Conflict::AlreadyUsed(SingleUseKind::Ticket)).await;
}

async fn the_chain_goes_on_after_a_restart(factory: Arc<dyn LedgerFactory>) {
    for length in 1..=3 {
        let ledger = factory.open("restart_log").await;
        let batch = Batch::new().event(sample::event(Action::Reloaded));
        commits(&ledger, batch).await;
        assert_eq!(log::whole(&ledger).await.len(), length);
    }
}
