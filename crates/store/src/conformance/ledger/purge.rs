//! What a purge takes and what it leaves.

use std::sync::Arc;

use audit::Action;
use domain::{Session, Timestamp};

use super::{commits, refuses, writes};
use crate::conformance::sample::{self, NOW, World};
use crate::conformance::{Case, LedgerFactory, cases};
use crate::{Batch, Conflict, Record, RecordKind, SingleUseKind, Write};

pub(super) const CASES: &[Case<dyn LedgerFactory>] = cases![LedgerFactory;
    used_keys_go_after_their_time, sessions_go_after_their_end, a_grant_stays_while_a_token_of_it_does,
    a_grant_stays_while_its_refresh_tokens_do,    what_must_last_stays];

fn used(key: &str, expires_at: Timestamp) -> Write {
    Write::InsertSingleUse {
        kind: SingleUseKind::SamlRequest,
        key: key.to_owned(),
        expires_at,
    }
}

async fn used_keys_go_after_their_time(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("purge_keys").await;
    let early = used("early", NOW.plus_millis(-1));
    let due = used("due", NOW);
    let batch = Batch::new().write(early.clone()).write(due.clone());
    commits(&ledger, batch).await;
    writes(&ledger, Write::Purge { before: NOW }).await;
    let kept = Batch::new().write(due);
    refuses(&ledger, kept, Conflict::AlreadyUsed(SingleUseKind::SamlRequest)).await;
    writes(&ledger, early).await;
}

async fn sessions_go_after_their_end(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("purge_sessions").await;
    let world = World::in_ledger(&ledger).await;
    let with = |expires_at| Session {
        expires_at,
        ..sample::session(&world.credential)
    };
    let expired = with(NOW.plus_millis(-1));
    let at_its_end = with(NOW);
    let ended_before = with(NOW.plus_seconds(9));
    let ended_now = with(NOW.plus_seconds(9));
    for session in [&expired, &at_its_end, &ended_before, &ended_now] {
        writes(&ledger, Write::InsertSession(session.clone())).await;
    }
    for (session, at) in [(&ended_before, NOW.plus_millis(-1)), (&ended_now, NOW)] {
        let id = session.id.clone();
        writes(&ledger, Write::EndSession { id, at }).await;
    }
    writes(&ledger, Write::Purge { before: NOW }).await;
    for gone in [&expired, &ended_before] {
        assert_eq!(ledger.session(&gone.id).await, Ok(None));
        assert_eq!(ledger.session_by_secret(&gone.secret).await, Ok(None));
    }
    for kept in [&world.session, &at_its_end, &ended_now] {
        assert!(ledger.session(&kept.id).await.unwrap().is_some());
    }
}

async fn a_grant_stays_while_a_token_of_it_does(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("purge_grants").await;
    let world = World::in_ledger(&ledger).await;
    let mut bare = sample::grant(&world.service.id, &world.session);
    bare.expires_at = NOW.plus_seconds(60);
    let token = sample::access_token(&world.grant.id);
    let batch = Batch::new()
        .write(Write::InsertGrant(bare.clone()))
        .write(Write::InsertAccessToken(token.clone()));
    commits(&ledger, batch).await;
    let purge = |seconds| Write::Purge {
        before: NOW.plus_seconds(seconds),
    };
    writes(&ledger, purge(60)).await;
    assert!(ledger.grant(&bare.id).await.unwrap().is_some());
    writes(&ledger, purge(600)).await;
    assert_eq!(ledger.grant(&bare.id).await, Ok(None), "its code is long dead");
    assert!(ledger.grant(&world.grant.id).await.unwrap().is_some());
    assert!(ledger.access_token(&token.hash).await.unwrap().is_some());
    writes(&ledger, purge(601)).await;
    assert_eq!(ledger.access_token(&token.hash).await, Ok(None));
    assert_eq!(ledger.grant(&world.grant.id).await, Ok(None));
}

async fn a_grant_stays_while_its_refresh_tokens_do(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("purge_families").await;
    let world = World::in_ledger(&ledger).await;
    let family = Record::new(
        RecordKind::RefreshFamily,
        world.grant.id.as_str(),
        "{}".to_owned(),
    )
    .expiring(world.grant.expires_at.plus_seconds(100));
    writes(&ledger, Write::PutRecord(family)).await;
    let purge = |seconds| Write::Purge {
        before: world.grant.expires_at.plus_seconds(seconds),
    };
    writes(&ledger, purge(100)).await;
    assert!(ledger.grant(&world.grant.id).await.unwrap().is_some());
    writes(&ledger, purge(101)).await;
    assert_eq!(ledger.grant(&world.grant.id).await, Ok(None));
    assert_eq!(ledger.counts().await.unwrap().records, 0);
}

async fn what_must_last_stays(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("purge_lasting").await;
    let world = World::in_ledger(&ledger).await;
    let pseudonym = sample::pseudonym(&world.account.id);
    let consent = sample::consent(&world.account.id, &world.service.id);
    let state = Write::PutState {
        key: "k".to_owned(),
        value: "v".to_owned(),
    };
    let batch = Batch::new()
        .write(Write::InsertPseudonym(pseudonym.clone()))
        .write(Write::PutConsent(consent.clone()))
        .write(state)
        .event(sample::event(Action::ConsentGiven));
    commits(&ledger, batch).await;
    let before = Timestamp::from_millis(i64::MAX);
    writes(&ledger, Write::Purge { before }).await;
    let (account, service) = (world.account, world.service);
    assert_eq!(ledger.account(&account.id).await, Ok(Some(account.clone())));
    assert_eq!(
        ledger.credential(&world.credential.id).await,
        Ok(Some(world.credential))
    );
    assert_eq!(
        ledger.pseudonym(&account.id, &pseudonym.sector).await,
        Ok(Some(pseudonym))
    );
    assert_eq!(ledger.consent(&account.id, &service.id).await, Ok(Some(consent)));
    assert_eq!(ledger.service(&service.id).await, Ok(Some(service)));
    assert_eq!(ledger.state("k").await, Ok(Some("v".to_owned())));
    let counts = ledger.counts().await.unwrap();
    assert_eq!((counts.sessions, counts.grants, counts.audit), (0, 0, 1));
}
