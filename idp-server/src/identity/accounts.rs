//! What merging and closing write.

use std::collections::HashSet;

use audit::{Action, Actor, Event, Outcome};
use domain::{AccountId, Assurance, Closing, ClosingReason};
use store::{Batch, CommitOutcome, Conflict, Ledger, Precondition, Record, RecordKind, StoreFault, Write};

use super::{Tools, leftovers, questions};
use crate::sessions;
use crate::vault::Owner;
use crate::web::enrolment::register;
use crate::web::error::Problem;

/// Linked certificates that are moved at most: a card and a phone with all their renewals stay far below.
const MOST_LINKS: u32 = 500;

/// Adds to a batch what makes `others` part of `survivor`: their certificates, the pseudonyms of sectors where the survivor has none, and
/// the newest enrolment move; their sessions end; they are closed. Loses if any of them is closed meanwhile. `answers`: the question that
/// is answered by it.
pub async fn merge(
    tools: &Tools<'_>,
    batch: Batch,
    survivor: &AccountId,
    others: &[AccountId],
    (actor, answers): (&Actor, Option<&str>),
) -> Result<Batch, Problem> {
    let mut batch = batch.require(Precondition::AccountActive(survivor.clone()));
    batch = register::merged(tools, batch, survivor, others).await?;
    batch = join_floors(tools.ledger, batch, survivor, others).await?;
    for other in others {
        batch = batch.require(Precondition::AccountActive(other.clone()));
        batch = end_sessions(tools, batch, other, actor).await?;
        batch = questions::without_but(tools.ledger, batch, other, answers).await?;
        batch = move_credentials(tools, batch, other, survivor).await?;
        let inherited = inherited(tools, survivor, other).await?;
        let mut event = Event::new(tools.now, Action::AccountsMerged, Outcome::Done, actor.clone())
            .fact("merged", other.as_str())
            .fact("pseudonyms_inherited", inherited.to_string());
        event.account = Some(survivor.clone());
        batch = batch
            .write(leftovers::marked(tools, other, actor).await?)
            .write(Write::InheritPseudonyms {
                from: other.clone(),
                to: survivor.clone(),
            })
            .write(Write::CloseAccount {
                id: other.clone(),
                closing: Closing {
                    at: tools.now,
                    reason: ClosingReason::Merged {
                        into: survivor.clone(),
                    },
                },
            })
            .event(event);
    }
    Ok(batch)
}

/// Whatever each of the accounts demanded of every sign-in, the one that is left demands: nobody lowers it, a merge neither.
pub async fn join_floors(
    ledger: &dyn Ledger,
    mut batch: Batch,
    survivor: &AccountId,
    others: &[AccountId],
) -> Result<Batch, Problem> {
    const KIND: RecordKind = RecordKind::AssuranceFloor;
    let read = |record: &Record| {
        serde_json::from_str::<Assurance>(&record.value)
            .map_err(|error| Problem::Fault(format!("a floor on record: {error}")))
    };
    let own = ledger.record(KIND, survivor.as_str()).await?;
    let before = own.as_ref().map_or(Ok(Assurance::LEAST), read)?;
    let mut joined = before;
    for other in others {
        let record = ledger.record(KIND, other.as_str()).await?;
        batch = batch.require(Precondition::as_read(KIND, other.as_str(), record.as_ref()));
        let Some(record) = record else {
            continue;
        };
        joined = joined.join(read(&record)?);
        batch = batch.write(Write::RemoveRecord {
            kind: KIND,
            key: record.key,
        });
    }
    if joined == before {
        return Ok(batch);
    }
    let value = serde_json::to_string(&joined).map_err(|error| Problem::Fault(error.to_string()))?;
    Ok(batch.write(Write::PutRecord(match own {
        Some(own) => own.changed(value),
        None => Record::new(KIND, survivor.as_str(), value),
    })))
}

/// Adds to a batch what closes an account: its sessions end, what was registered goes, its certificates and pseudonyms stay with it.
pub async fn close(
    tools: &Tools<'_>,
    batch: Batch,
    account: &AccountId,
    reason: ClosingReason,
    actor: &Actor,
) -> Result<Batch, Problem> {
    let batch = batch.require(Precondition::AccountActive(account.clone()));
    let batch = end_sessions(tools, batch, account, actor).await?;
    let batch = register::removed(tools, batch, account, actor).await?;
    let batch = questions::without(tools.ledger, batch, account).await?;
    let mut event = Event::new(tools.now, Action::AccountClosed, Outcome::Done, actor.clone())
        .fact("reason", reason.as_str());
    event.account = Some(account.clone());
    Ok(batch
        .write(leftovers::marked(tools, account, actor).await?)
        .write(Write::CloseAccount {
            id: account.clone(),
            closing: Closing {
                at: tools.now,
                reason,
            },
        })
        .event(event))
}

pub(super) async fn end_sessions(
    tools: &Tools<'_>,
    mut batch: Batch,
    account: &AccountId,
    actor: &Actor,
) -> Result<Batch, StoreFault> {
    for session in tools.ledger.live_sessions_of(account, tools.now).await? {
        batch = sessions::end_with_account(tools.ledger, batch, &session, actor, tools.now).await?;
    }
    Ok(batch)
}

/// Adds to a batch the move of every certificate of an account. Their serials are opened and sealed anew; that stands in the audit before.
pub async fn move_credentials(
    tools: &Tools<'_>,
    mut batch: Batch,
    from: &AccountId,
    to: &AccountId,
) -> Result<Batch, Problem> {
    let credentials = tools.ledger.credentials_of(from).await?;
    if credentials.is_empty() {
        return Ok(batch);
    }
    let mut opened = Event::new(tools.now, Action::SerialOpened, Outcome::Done, Actor::Platform)
        .fact("purpose", "sealed to another account")
        .fact("to", to.as_str());
    opened.account = Some(from.clone());
    tools.ledger.commit(Batch::new().event(opened)).await?;
    for credential in credentials {
        let serial = tools.vault.open(&credential.serial, Owner::Account(from))?;
        batch = batch.write(Write::MoveCredential {
            id: credential.id,
            to: to.clone(),
            serial: tools.vault.seal(&serial, Owner::Account(to))?,
        });
    }
    Ok(batch)
}

/// Adds to a batch that what J-LIS linked to one account's certificates is another's.
pub async fn move_links(
    ledger: &dyn Ledger,
    mut batch: Batch,
    from: &AccountId,
    to: &AccountId,
) -> Result<Batch, Problem> {
    let links = ledger
        .records_tagged(RecordKind::LinkedCertificate, from.as_str(), None, MOST_LINKS)
        .await?;
    for record in links {
        let value = serde_json::to_string(to).map_err(|error| Problem::Fault(error.to_string()))?;
        let mut moved = record.changed(value);
        moved.tags.retain(|tag| tag != from.as_str());
        batch = batch.write(Write::PutRecord(moved.tagged(to.as_str())));
    }
    Ok(batch)
}

/// In how many sectors the survivor takes over a name.
async fn inherited(tools: &Tools<'_>, survivor: &AccountId, other: &AccountId) -> Result<usize, StoreFault> {
    let own: HashSet<_> = tools
        .ledger
        .pseudonyms_of(survivor)
        .await?
        .into_iter()
        .map(|row| row.sector)
        .collect();
    let of_other = tools.ledger.pseudonyms_of(other).await?;
    Ok(of_other.iter().filter(|row| !own.contains(&row.sector)).count())
}

/// Whether a lost batch is worth composing again: rows that it was composed from changed, and the accounts are still open.
pub(super) fn is_worth_another_try(outcome: &CommitOutcome) -> bool {
    matches!(
        outcome,
        CommitOutcome::Conflict(
            Conflict::RecordVersion { .. }
                | Conflict::Precondition(
                    Precondition::SessionAt { .. }
                        | Precondition::RecordAt { .. }
                        | Precondition::RecordAbsent { .. }
                )
        )
    )
}
