//! Accounts are closed, and merged: what moves, what stays, and that no pseudonym is ever lost or had by two.

use std::sync::Arc;

use domain::{Account, AccountId, AccountState, Closing, ClosingReason, CredentialState, Pseudonym};

use super::{commits, refuses, writes};
use crate::conformance::sample::{self, NOW, World};
use crate::conformance::{Case, LedgerFactory, RACERS, cases, race};
use crate::{Batch, CommitOutcome, Conflict, Ledger, Precondition, Write};

pub(super) const CASES: &[Case<dyn LedgerFactory>] = cases![LedgerFactory;
    every_way_of_closing_reads_back, an_account_is_closed_once, one_of_many_closes_an_account,
    a_credential_moves_with_its_serial, pseudonyms_are_inherited_where_there_is_none,
    what_a_closing_or_move_names_must_exist, a_merge_is_one_batch];

fn closed(reason: ClosingReason) -> Closing {
    Closing { at: NOW, reason }
}

async fn another(ledger: &Arc<dyn Ledger>) -> AccountId {
    let account = sample::account();
    writes(ledger, Write::InsertAccount(account.clone())).await;
    account.id
}

async fn state(ledger: &Arc<dyn Ledger>, id: &AccountId) -> AccountState {
    ledger.account(id).await.unwrap().unwrap().state
}

async fn every_way_of_closing_reads_back(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("closing").await;
    let survivor = another(&ledger).await;
    let merged = ClosingReason::Merged {
        into: survivor.clone(),
    };
    for reason in [ClosingReason::OwnWish, ClosingReason::Decided, merged] {
        let id = another(&ledger).await;
        let closing = closed(reason);
        let write = Write::CloseAccount {
            id: id.clone(),
            closing: closing.clone(),
        };
        writes(&ledger, write).await;
        assert_eq!(state(&ledger, &id).await, AccountState::Closed(closing.clone()));
        // One that comes closed, as a copy of the data would, reads back too.
        let copy = Account {
            state: AccountState::Closed(closing),
            ..sample::account()
        };
        writes(&ledger, Write::InsertAccount(copy.clone())).await;
        assert_eq!(ledger.account(&copy.id).await, Ok(Some(copy)));
    }
    assert_eq!(state(&ledger, &survivor).await, AccountState::Active);
}

async fn an_account_is_closed_once(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("closed_once").await;
    let id = another(&ledger).await;
    for reason in [ClosingReason::OwnWish, ClosingReason::Decided] {
        let write = Write::CloseAccount {
            id: id.clone(),
            closing: closed(reason),
        };
        writes(&ledger, write).await;
        let first = AccountState::Closed(closed(ClosingReason::OwnWish));
        assert_eq!(state(&ledger, &id).await, first, "the first reason stays");
    }
    let active = Precondition::AccountActive(id);
    refuses(
        &ledger,
        Batch::new().require(active.clone()),
        Conflict::Precondition(active),
    )
    .await;
}

async fn one_of_many_closes_an_account(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("closing_race").await;
    let id = another(&ledger).await;
    let answers = race(RACERS, |_| {
        let (ledger, id) = (Arc::clone(&ledger), id.clone());
        async move {
            let batch = Batch::new()
                .require(Precondition::AccountActive(id.clone()))
                .write(Write::CloseAccount {
                    id,
                    closing: closed(ClosingReason::Decided),
                });
            ledger.commit(batch).await.unwrap()
        }
    })
    .await;
    let done = answers
        .iter()
        .filter(|answer| **answer == CommitOutcome::Committed)
        .count();
    assert_eq!(done, 1);
}

async fn a_credential_moves_with_its_serial(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("moving").await;
    let world = World::in_ledger(&ledger).await;
    let superseded = sample::credential(&world.account.id);
    commits(
        &ledger,
        Batch::new()
            .write(Write::InsertCredential(superseded.clone()))
            .write(Write::SupersedeCredential(superseded.id.clone())),
    )
    .await;
    let to = another(&ledger).await;
    for (id, state) in [
        (&world.credential.id, CredentialState::Active),
        (&superseded.id, CredentialState::Superseded),
    ] {
        let sealed = sample::credential(&to).serial;
        let write = Write::MoveCredential {
            id: id.clone(),
            to: to.clone(),
            serial: sealed.clone(),
        };
        writes(&ledger, write).await;
        let stored = ledger.credential(id).await.unwrap().unwrap();
        assert_eq!((stored.account, stored.serial), (to.clone(), sealed));
        assert_eq!(stored.state, state, "moving changes nothing else");
    }
    assert_eq!(ledger.credentials_of(&world.account.id).await, Ok(Vec::new()));
    assert_eq!(ledger.credentials_of(&to).await.unwrap().len(), 2);
    let found = ledger.credential_by_digest(&world.credential.digest).await;
    assert_eq!(found.unwrap().unwrap().account, to);
}

async fn pseudonyms_are_inherited_where_there_is_none(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("inherit").await;
    let (from, to) = (another(&ledger).await, another(&ledger).await);
    let stranger = sample::pseudonym(&another(&ledger).await);
    let only_from = sample::pseudonym(&from);
    let only_to = sample::pseudonym(&to);
    let both_from = sample::pseudonym(&from);
    let both_to = Pseudonym {
        sector: both_from.sector.clone(),
        ..sample::pseudonym(&to)
    };
    let all = [&stranger, &only_from, &only_to, &both_from, &both_to];
    for row in all {
        writes(&ledger, Write::InsertPseudonym(row.clone())).await;
    }
    let write = Write::InheritPseudonyms {
        from: from.clone(),
        to: to.clone(),
    };
    // Again changes nothing.
    for _again in 0..2 {
        writes(&ledger, write.clone()).await;
        let inherited = Pseudonym {
            account: to.clone(),
            ..only_from.clone()
        };
        let at = |row: &Pseudonym| (row.account.clone(), row.sector.clone());
        for row in [&inherited, &only_to, &both_from, &both_to, &stranger] {
            let (account, sector) = at(row);
            let some = Ok(Some(row.clone()));
            assert_eq!(ledger.pseudonym(&account, &sector).await, some);
            assert_eq!(ledger.pseudonym_by_value(&sector, &row.value).await, some);
        }
        assert_eq!(ledger.pseudonym(&from, &only_from.sector).await, Ok(None));
        assert_eq!(ledger.pseudonyms_of(&from).await, Ok(vec![both_from.clone()]));
        let mut of_to = ledger.pseudonyms_of(&to).await.unwrap();
        of_to.retain(|row| ![&inherited, &only_to, &both_to].contains(&row));
        assert_eq!(of_to, Vec::new());
    }
}

async fn what_a_closing_or_move_names_must_exist(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("closing_missing").await;
    let world = World::in_ledger(&ledger).await;
    let (known, nobody) = (world.account.id, sample::account().id);
    let no_account = Conflict::Missing("account");
    let merged = |into: &AccountId| closed(ClosingReason::Merged { into: into.clone() });
    let close = |id: &AccountId, closing| Write::CloseAccount {
        id: id.clone(),
        closing,
    };
    let inherit = |from: &AccountId, to: &AccountId| Write::InheritPseudonyms {
        from: from.clone(),
        to: to.clone(),
    };
    let carry = |id, to: &AccountId| Write::MoveCredential {
        id,
        to: to.clone(),
        serial: sample::credential(&known).serial,
    };
    let no_credential = sample::credential(&known).id;
    for (write, conflict) in [
        (close(&nobody, closed(ClosingReason::OwnWish)), no_account.clone()),
        (close(&known, merged(&nobody)), no_account.clone()),
        (inherit(&nobody, &known), no_account.clone()),
        (inherit(&known, &nobody), no_account.clone()),
        (carry(world.credential.id.clone(), &nobody), no_account),
        (carry(no_credential, &known), Conflict::Missing("credential")),
    ] {
        refuses(&ledger, Batch::new().write(write), conflict).await;
    }
    assert_eq!(state(&ledger, &known).await, AccountState::Active);
}

/// Everything of a merge stands or falls together: one conflict, and nothing moved.
async fn a_merge_is_one_batch(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("merge").await;
    let world = World::in_ledger(&ledger).await;
    let (from, to) = (world.account.id, another(&ledger).await);
    let pseudonym = sample::pseudonym(&from);
    writes(&ledger, Write::InsertPseudonym(pseudonym.clone())).await;
    let merge = Batch::new()
        .require(Precondition::AccountActive(from.clone()))
        .require(Precondition::AccountActive(to.clone()))
        .write(Write::MoveCredential {
            id: world.credential.id.clone(),
            to: to.clone(),
            serial: sample::credential(&to).serial,
        })
        .write(Write::InheritPseudonyms {
            from: from.clone(),
            to: to.clone(),
        })
        .write(Write::CloseAccount {
            id: from.clone(),
            closing: closed(ClosingReason::Merged { into: to.clone() }),
        });
    let loses = merge
        .clone()
        .write(Write::SupersedeCredential(sample::credential(&to).id));
    refuses(&ledger, loses, Conflict::Missing("credential")).await;
    assert_eq!(state(&ledger, &from).await, AccountState::Active);
    assert_eq!(ledger.credentials_of(&from).await.unwrap().len(), 1);
    assert_eq!(ledger.pseudonyms_of(&from).await, Ok(vec![pseudonym]));
    commits(&ledger, merge.clone()).await;
    refuses(
        &ledger,
        merge,
        Conflict::Precondition(Precondition::AccountActive(from.clone())),
    )
    .await;
    assert_eq!(ledger.credentials_of(&from).await, Ok(Vec::new()));
    assert_eq!(ledger.pseudonyms_of(&from).await, Ok(Vec::new()));
}
