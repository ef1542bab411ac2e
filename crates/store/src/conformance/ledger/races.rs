//! Many at once. Every race runs over two handles on the same data, as two processes would.

use std::sync::Arc;

use audit::Action;
use domain::{RevocationGeneration, Service, Session, SessionState};

use super::{log, writes};
use crate::conformance::sample::{self, NOW, World};
use crate::conformance::{Case, LedgerFactory, RACERS, cases, race};
use crate::{Batch, CommitOutcome, Conflict, Ledger, Precondition, SingleUseKind, StoreFault, Write};

pub(super) const CASES: &[Case<dyn LedgerFactory>] = cases![LedgerFactory;
    one_of_many_uses_a_key, one_of_many_first_sign_ins_makes_the_account, one_of_many_names_the_person,
    one_of_many_changes_a_session, one_of_many_changes_a_service, nothing_is_issued_after_the_end,
    a_commit_is_seen_by_the_other_at_once, a_batch_is_seen_whole, the_log_has_no_gaps_under_load,
    a_loser_by_its_last_event_leaves_no_gap];

type Outcome = Result<CommitOutcome, StoreFault>;

async fn pair(factory: &Arc<dyn LedgerFactory>, name: &str) -> [Arc<dyn Ledger>; 2] {
    [factory.open(name).await, factory.open(name).await]
}

/// Races the batches over both handles; exactly one commits, and the others lose for this reason.
async fn one_wins(pair: &[Arc<dyn Ledger>; 2], batch: impl Fn(usize) -> Batch, lost: Conflict) {
    let outcomes: Vec<Outcome> = race(RACERS, |number| {
        let ledger = Arc::clone(&pair[number % 2]);
        let batch = batch(number).event(sample::event(Action::SignIn));
        async move { ledger.commit(batch).await }
    })
    .await;
    let before = log::whole(&pair[0]).await.len();
    assert_eq!(before, 1, "only the winner is in the log");
    let mut winners = 0;
    for outcome in outcomes {
        match outcome.unwrap() {
            CommitOutcome::Committed => winners += 1,
            CommitOutcome::Conflict(conflict) => assert_eq!(conflict, lost),
        }
    }
    assert_eq!(winners, 1);
}

async fn one_of_many_uses_a_key(factory: Arc<dyn LedgerFactory>) {
    let pair = pair(&factory, "race_key").await;
    let kind = SingleUseKind::AuthorizationCode;
    let batch = |_| {
        Batch::new().write(Write::InsertSingleUse {
            kind,
            key: "code".to_owned(),
            expires_at: NOW,
        })
    };
    one_wins(&pair, batch, Conflict::AlreadyUsed(kind)).await;
    assert_eq!(pair[1].counts().await.unwrap().single_use, 1);
}

async fn one_of_many_first_sign_ins_makes_the_account(factory: Arc<dyn LedgerFactory>) {
    let pair = pair(&factory, "race_first").await;
    let digest = sample::credential(&sample::account().id).digest;
    let batch = |_| {
        let account = sample::account();
        let mut credential = sample::credential(&account.id);
        credential.digest = digest.clone();
        let session = sample::session(&credential);
        Batch::new()
            .write(Write::InsertAccount(account))
            .write(Write::InsertCredential(credential))
            .write(Write::InsertSession(session))
    };
    one_wins(&pair, batch, Conflict::CredentialExists).await;
    let counts = pair[1].counts().await.unwrap();
    assert_eq!((counts.accounts, counts.credentials, counts.sessions), (1, 1, 1));
    let credential = pair[0].credential_by_digest(&digest).await.unwrap().unwrap();
    assert!(pair[1].account(&credential.account).await.unwrap().is_some());
}

async fn one_of_many_names_the_person(factory: Arc<dyn LedgerFactory>) {
    let pair = pair(&factory, "race_pseudonym").await;
    let account = World::in_ledger(&pair[0]).await.account.id;
    let sector = sample::service().sector;
    let batch = |_| {
        let mut pseudonym = sample::pseudonym(&account);
        pseudonym.sector = sector.clone();
        Batch::new().write(Write::InsertPseudonym(pseudonym))
    };
    one_wins(&pair, batch, Conflict::PseudonymExists).await;
    let chosen = pair[0].pseudonym(&account, &sector).await.unwrap().unwrap();
    let found = pair[1].pseudonym_by_value(&sector, &chosen.value).await;
    assert_eq!(found, Ok(Some(chosen)));
}

async fn one_of_many_changes_a_session(factory: Arc<dyn LedgerFactory>) {
    let pair = pair(&factory, "race_session").await;
    let id = World::in_ledger(&pair[0]).await.session.id;
    let read = Precondition::SessionAt {
        id: id.clone(),
        version: 1,
    };
    let batch = |number| {
        Batch::new().require(read.clone()).write(Write::RecheckSession {
            id: id.clone(),
            generation: RevocationGeneration(u64::try_from(number).unwrap()),
        })
    };
    one_wins(&pair, batch, Conflict::Precondition(read.clone())).await;
    assert_eq!(pair[0].session(&id).await.unwrap().unwrap().version, 2);
}

async fn one_of_many_changes_a_service(factory: Arc<dyn LedgerFactory>) {
    let pair = pair(&factory, "race_service").await;
    let service = World::in_ledger(&pair[0]).await.service;
    let batch = |number: usize| {
        let mut changed = Service {
            version: 2,
            ..service.clone()
        };
        changed.name.en = number.to_string();
        Batch::new().write(Write::UpdateService(changed))
    };
    one_wins(&pair, batch, Conflict::ServiceVersion(service.id.clone())).await;
    assert_eq!(pair[0].service(&service.id).await.unwrap().unwrap().version, 2);
}

/// Ends the session in the middle of a crowd that issues codes on it.
async fn nothing_is_issued_after_the_end(factory: Arc<dyn LedgerFactory>) {
    let pair = pair(&factory, "race_end").await;
    let world = World::in_ledger(&pair[0]).await;
    let session = Session { ..world.session };
    let outcomes: Vec<Outcome> = race(RACERS, |number| {
        let ledger = Arc::clone(&pair[number % 2]);
        let batch = if number == RACERS / 2 {
            let id = session.id.clone();
            Batch::new()
                .write(Write::EndSession { id, at: NOW })
                .event(sample::event(Action::SessionEnded))
        } else {
            Batch::new()
                .require(Precondition::SessionAt {
                    id: session.id.clone(),
                    version: 1,
                })
                .write(Write::InsertGrant(sample::grant(&world.service.id, &session)))
                .event(sample::event(Action::CodeIssued))
        };
        async move { ledger.commit(batch).await }
    })
    .await;
    let committed = outcomes
        .iter()
        .filter(|outcome| **outcome == Ok(CommitOutcome::Committed));
    let records = log::whole(&pair[0]).await;
    assert_eq!(records.len(), committed.count());
    assert_eq!(records.last().unwrap().event.action, Action::SessionEnded);
    let grants = pair[0].counts().await.unwrap().grants;
    assert_eq!(
        u64::try_from(records.len()).unwrap(),
        grants,
        "one grant was there before, one record is the end"
    );
    let stored = pair[1].session(&session.id).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.version), (SessionState::Ended, 2));
}

async fn a_commit_is_seen_by_the_other_at_once(factory: Arc<dyn LedgerFactory>) {
    let pair = pair(&factory, "seen").await;
    for round in 0..50_usize {
        let account = sample::account();
        writes(&pair[round % 2], Write::InsertAccount(account.clone())).await;
        for ledger in &pair {
            assert_eq!(ledger.account(&account.id).await, Ok(Some(account.clone())));
        }
    }
}

/// While batches of one account and one credential are written, nobody ever sees one without the other.
async fn a_batch_is_seen_whole(factory: Arc<dyn LedgerFactory>) {
    let pair = pair(&factory, "whole").await;
    race(RACERS, |number| {
        let ledger = Arc::clone(&pair[number % 2]);
        async move {
            for _ in 0..8 {
                if number % 4 == 0 {
                    let counts = ledger.counts().await.unwrap();
                    assert_eq!(counts.accounts, counts.credentials);
                } else {
                    let account = sample::account();
                    let credential = sample::credential(&account.id);
                    let batch = Batch::new()
                        .write(Write::InsertAccount(account))
                        .write(Write::InsertCredential(credential));
                    super::commits(&ledger, batch).await;
                }
            }
        }
    })
    .await;
    let counts = pair[0].counts().await.unwrap();
    assert_eq!((counts.accounts, counts.credentials), (24 * 8, 24 * 8));
}

/// Winners and losers in one crowd, some with several events: positions follow one another and the chain holds.
async fn the_log_has_no_gaps_under_load(factory: Arc<dyn LedgerFactory>) {
    let pair = pair(&factory, "load").await;
    let written: Vec<usize> = race(RACERS, |number| {
        let ledger = Arc::clone(&pair[number % 2]);
        async move {
            let mut written = 0;
            for round in 0..8 {
                let mut batch = Batch::new().write(Write::InsertSingleUse {
                    kind: SingleUseKind::Ticket,
                    key: format!("{round}-{}", number / 2),
                    expires_at: NOW,
                });
                for _ in 0..=number % 3 {
                    batch = batch.event(sample::event(Action::SignIn).fact("by", number.to_string()));
                }
                if ledger.commit(batch).await.unwrap() == CommitOutcome::Committed {
                    written += 1 + number % 3;
                }
            }
            written
        }
    })
    .await;
    let records = log::whole(&pair[1]).await;
    assert_eq!(records.len(), written.iter().sum::<usize>());
    assert_eq!(pair[0].counts().await.unwrap().single_use, 8 * 16);
}

/// Half of the crowd loses only at its last event, after its others already had their places.
async fn a_loser_by_its_last_event_leaves_no_gap(factory: Arc<dyn LedgerFactory>) {
    let pair = pair(&factory, "last_event").await;
    let mut taken = sample::event(Action::SignIn);
    taken.reference = Some(sample::reference());
    super::commits(&pair[0], Batch::new().event(taken.clone())).await;
    let outcomes: Vec<Outcome> = race(RACERS, |number| {
        let ledger = Arc::clone(&pair[(number / 2) % 2]);
        let mut batch = Batch::new().event(sample::event(Action::SignIn));
        if number % 2 == 0 {
            batch = batch.event(taken.clone());
        }
        async move { ledger.commit(batch).await }
    })
    .await;
    for (number, outcome) in outcomes.into_iter().enumerate() {
        let expected = if number % 2 == 0 {
            CommitOutcome::Conflict(Conflict::Duplicate("reference"))
        } else {
            CommitOutcome::Committed
        };
        assert_eq!(outcome, Ok(expected));
    }
    assert_eq!(log::whole(&pair[1]).await.len(), 1 + RACERS / 2);
}
