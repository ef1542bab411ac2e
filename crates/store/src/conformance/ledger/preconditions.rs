//! Each precondition holds when it should and loses when it should, before any write is looked at.

use std::sync::Arc;

use domain::{Account, AccountState, Service, ServiceState, SessionState, Timestamp};

use super::{commits, refuses, writes};
use crate::conformance::sample::{self, NOW, World};
use crate::conformance::{Case, LedgerFactory, cases};
use crate::{Batch, Conflict, Ledger, Precondition, Write};

pub(super) const CASES: &[Case<dyn LedgerFactory>] = cases![LedgerFactory;
    account_active, credential_active, session_at, service_at, grant_live,
    preconditions_come_before_writes, preconditions_see_what_was_before_the_batch];

async fn holds(ledger: &Arc<dyn Ledger>, precondition: Precondition) {
    commits(ledger, Batch::new().require(precondition)).await;
}

async fn fails(ledger: &Arc<dyn Ledger>, precondition: Precondition) {
    let batch = Batch::new().require(precondition.clone());
    refuses(ledger, batch, Conflict::Precondition(precondition)).await;
}

async fn account_active(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("account_active").await;
    let active = sample::account();
    let closed = Account {
        state: AccountState::Closed(domain::Closing {
            at: NOW,
            reason: domain::ClosingReason::Decided,
        }),
        ..sample::account()
    };
    for account in [&active, &closed] {
        writes(&ledger, Write::InsertAccount(account.clone())).await;
    }
    holds(&ledger, Precondition::AccountActive(active.id)).await;
    fails(&ledger, Precondition::AccountActive(closed.id)).await;
    fails(&ledger, Precondition::AccountActive(sample::account().id)).await;
}

async fn credential_active(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("credential_active").await;
    let world = World::in_ledger(&ledger).await;
    let id = world.credential.id;
    holds(&ledger, Precondition::CredentialActive(id.clone())).await;
    writes(&ledger, Write::SupersedeCredential(id.clone())).await;
    fails(&ledger, Precondition::CredentialActive(id)).await;
    let unknown = sample::credential(&world.account.id).id;
    fails(&ledger, Precondition::CredentialActive(unknown)).await;
}

async fn session_at(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("session_at").await;
    let world = World::in_ledger(&ledger).await;
    let at = |version| Precondition::SessionAt {
        id: world.session.id.clone(),
        version,
    };
    holds(&ledger, at(1)).await;
    fails(&ledger, at(2)).await;
    let recheck = Write::RecheckSession {
        id: world.session.id.clone(),
        generation: domain::RevocationGeneration(9),
    };
    writes(&ledger, recheck).await;
    fails(&ledger, at(1)).await;
    holds(&ledger, at(2)).await;
    let id = world.session.id.clone();
    writes(&ledger, Write::EndSession { id, at: NOW }).await;
    fails(&ledger, at(2)).await;
    fails(&ledger, at(3)).await;
    let unknown = Precondition::SessionAt {
        id: sample::session(&world.credential).id,
        version: 1,
    };
    fails(&ledger, unknown).await;
    let mut ended = sample::session(&world.credential);
    ended.state = SessionState::Ended;
    writes(&ledger, Write::InsertSession(ended.clone())).await;
    let ended = Precondition::SessionAt {
        id: ended.id,
        version: 1,
    };
    fails(&ledger, ended).await;
}

async fn service_at(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("service_at").await;
    let service = World::in_ledger(&ledger).await.service;
    let at = |version| Precondition::ServiceAt {
        id: service.id.clone(),
        version,
    };
    holds(&ledger, at(1)).await;
    fails(&ledger, at(0)).await;
    let change = |version, state| {
        Write::UpdateService(Service {
            version,
            state,
            ..service.clone()
        })
    };
    let reason = "audit".to_owned();
    writes(&ledger, change(2, ServiceState::Suspended { since: NOW, reason })).await;
    fails(&ledger, at(1)).await;
    fails(&ledger, at(2)).await;
    writes(&ledger, change(3, ServiceState::Active)).await;
    holds(&ledger, at(3)).await;
    fails(&ledger, at(1)).await;
    writes(&ledger, change(4, ServiceState::Removed { since: NOW })).await;
    fails(&ledger, at(4)).await;
    let id = sample::service().id;
    fails(&ledger, Precondition::ServiceAt { id, version: 1 }).await;
}

async fn grant_live(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("grant_live").await;
    let world = World::in_ledger(&ledger).await;
    let id = world.grant.id;
    holds(&ledger, Precondition::GrantLive(id.clone())).await;
    let at = Timestamp::from_millis(0);
    writes(&ledger, Write::RevokeGrant { id: id.clone(), at }).await;
    fails(&ledger, Precondition::GrantLive(id)).await;
    let unknown = sample::grant(&world.service.id, &world.session).id;
    fails(&ledger, Precondition::GrantLive(unknown)).await;
}

async fn preconditions_come_before_writes(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("order").await;
    let world = World::in_ledger(&ledger).await;
    let first = Precondition::AccountActive(sample::account().id);
    let second = Precondition::GrantLive(sample::grant(&world.service.id, &world.session).id);
    let batch = Batch::new()
        .write(Write::InsertCredential(world.credential))
        .require(first.clone())
        .require(second);
    refuses(&ledger, batch, Conflict::Precondition(first)).await;
}

async fn preconditions_see_what_was_before_the_batch(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("before").await;
    let world = World::in_ledger(&ledger).await;
    let id = world.session.id;
    let batch = Batch::new()
        .require(Precondition::SessionAt {
            id: id.clone(),
            version: 1,
        })
        .write(Write::EndSession { id, at: NOW });
    commits(&ledger, batch).await;
    let account = sample::account();
    let unmade = Precondition::AccountActive(account.id.clone());
    let batch = Batch::new()
        .require(unmade.clone())
        .write(Write::InsertAccount(account));
    refuses(&ledger, batch, Conflict::Precondition(unmade)).await;
}
