//! What becomes of enrolments when accounts are merged or closed.

use audit::{Action, Actor, Event, Outcome};
use domain::AccountId;
use store::{Batch, Precondition, Record, RecordKind, Write};

use super::{Enrolment, fault, read};
use crate::identity::Tools;
use crate::trust::signing_points_of_survivor;
use crate::vault::Owner;
use crate::web::error::Problem;

/// Adds to a batch what becomes of enrolments when accounts become one: the newest is sealed anew to the survivor, the others go.
pub async fn merged(
    tools: &Tools<'_>,
    mut batch: Batch,
    survivor: &AccountId,
    others: &[AccountId],
) -> Result<Batch, Problem> {
    let mut newest: Option<(AccountId, Record, Enrolment)> = None;
    let mut version_at_survivor = 0;
    for account in std::iter::once(survivor).chain(others) {
        let Some(record) = tools
            .ledger
            .record(RecordKind::Enrolment, account.as_str())
            .await?
        else {
            // Nothing is registered at an account that is merged away meanwhile.
            if account != survivor {
                batch = batch.require(none_at(account));
            }
            continue;
        };
        if account == survivor {
            version_at_survivor = record.version;
        } else {
            batch = removing(batch, &record);
        }
        let enrolment = read(&record)?;
        if newest
            .as_ref()
            .is_none_or(|(.., held)| held.enrolled_at < enrolment.enrolled_at)
        {
            newest = Some((account.clone(), record, enrolment));
        }
    }
    let Some((of, record, mut enrolment)) = newest.filter(|(of, ..)| of != survivor) else {
        return Ok(batch);
    };
    let purpose = "sealed to another account";
    for action in [Action::SerialOpened, Action::ItemsOpened] {
        let mut opened = Event::new(tools.now, action, Outcome::Done, Actor::Platform)
            .fact("purpose", purpose)
            .fact("to", survivor.as_str());
        opened.account = Some(of.clone());
        // On record before it is opened, whatever becomes of the rest.
        tools.ledger.commit(Batch::new().event(opened)).await?;
    }
    let serial = tools.vault.open(&enrolment.serial, Owner::Account(&of))?;
    enrolment.serial = tools.vault.seal(&serial, Owner::Account(survivor))?;
    let items = tools.vault.open(&enrolment.items, Owner::Items(&of))?;
    enrolment.items = tools.vault.seal(&items, Owner::Items(survivor))?;
    enrolment.points = signing_points_of_survivor(tools.vault, enrolment.points.as_ref(), &of, survivor)?;
    let value = serde_json::to_string(&enrolment).map_err(|error| fault("an enrolment", &error))?;
    Ok(batch.write(Write::PutRecord(Record {
        key: survivor.as_str().to_owned(),
        version: version_at_survivor + 1,
        value,
        ..record
    })))
}

/// Adds to a batch what removes the enrolment of an account that is closed.
pub async fn removed(
    tools: &Tools<'_>,
    batch: Batch,
    account: &AccountId,
    actor: &Actor,
) -> Result<Batch, Problem> {
    let Some(record) = tools
        .ledger
        .record(RecordKind::Enrolment, account.as_str())
        .await?
    else {
        // Nothing is registered meanwhile: the closing is composed again with what it must remove.
        return Ok(batch.require(none_at(account)));
    };
    let mut event = Event::new(tools.now, Action::EnrolmentEnded, Outcome::Done, actor.clone())
        .fact("reason", "account_closed");
    event.account = Some(account.clone());
    Ok(removing(batch, &record).event(event))
}

/// Adds to a batch what removes an enrolment that is still there although its account is closed; nothing where none is.
pub async fn left_over(
    tools: &Tools<'_>,
    batch: Batch,
    account: &AccountId,
    actor: &Actor,
) -> Result<Batch, Problem> {
    let held = tools
        .ledger
        .record(RecordKind::Enrolment, account.as_str())
        .await?;
    match held {
        Some(_) => removed(tools, batch, account, actor).await,
        None => Ok(batch),
    }
}

fn none_at(account: &AccountId) -> Precondition {
    Precondition::as_read(RecordKind::Enrolment, account.as_str(), None)
}

pub(super) fn removing(batch: Batch, record: &Record) -> Batch {
    batch
        .require(Precondition::RecordAt {
            kind: record.kind,
            key: record.key.clone(),
            version: record.version,
        })
        .write(Write::RemoveRecord {
            kind: record.kind,
            key: record.key.clone(),
        })
}
