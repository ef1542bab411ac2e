//! What began between the reading and the closing of an account: ended, or brought along, right after; and by the job (`jobs/closings.rs`)
//! where whoever closed it died in between. A record under the account says that it is still to be done.

use audit::Actor;
use domain::AccountId;
use serde::{Deserialize, Serialize};
use store::{Batch, Ledger, Record, RecordKind, StoreFault, Write};

use super::Tools;
use super::accounts::{end_sessions, move_credentials};
use super::questions;
use crate::web::enrolment::register;
use crate::web::error::Problem;

/// Rounds in which what began while an account was closed is ended.
const ROUNDS: u32 = 16;
/// Closings that the job takes up at a time.
const PAGE: u32 = 100;
/// Days after which a mark is forgotten: sessions live hours.
const KEPT_DAYS: i64 = 7;

/// A closing whose rest is to be done.
#[derive(Deserialize, Serialize)]
struct Mark {
    /// Who closed it.
    actor: Actor,
}

/// The mark, for the batch that closes the account.
pub(super) async fn marked(tools: &Tools<'_>, account: &AccountId, actor: &Actor) -> Result<Write, Problem> {
    let mark = Mark { actor: actor.clone() };
    let value = serde_json::to_string(&mark).map_err(|error| Problem::Fault(error.to_string()))?;
    let former = tools
        .ledger
        .record(RecordKind::ClosedAccount, account.as_str())
        .await?;
    let mark = match former {
        Some(former) => former.changed(value),
        None => Record::new(RecordKind::ClosedAccount, account.as_str(), value),
    };
    Ok(Write::PutRecord(
        mark.expiring(tools.now.plus_seconds(KEPT_DAYS * 86_400)),
    ))
}

/// Ends, or brings along to the account that carries on, what began between the reading and the closing. Nothing could be issued from
/// it: every issue requires an active account.
pub async fn end_leftovers(tools: &Tools<'_>, account: &AccountId, actor: &Actor) -> Result<(), Problem> {
    let carries_on = super::carrying_on(tools.ledger, account).await?;
    for _ in 0..ROUNDS {
        let mut batch = end_sessions(tools, Batch::new(), account, actor).await?;
        if carries_on == *account {
            batch = register::left_over(tools, batch, account, actor).await?;
        } else {
            batch = move_credentials(tools, batch, account, &carries_on).await?;
        }
        batch = questions::without(tools.ledger, batch, account).await?;
        let is_done = batch.writes.is_empty();
        if is_done {
            batch = batch.write(Write::RemoveRecord {
                kind: RecordKind::ClosedAccount,
                key: account.as_str().to_owned(),
            });
        }
        tools.ledger.commit(batch).await?;
        if is_done {
            return Ok(());
        }
    }
    Err(Problem::Fault("a closed account kept changing".to_owned()))
}

/// Does what is left of closings that somebody began; answers how many.
pub async fn repeat(tools: &Tools<'_>) -> Result<usize, Problem> {
    let marks = unfinished(tools.ledger).await?;
    for (account, actor) in &marks {
        end_leftovers(tools, account, actor).await?;
    }
    Ok(marks.len())
}

async fn unfinished(ledger: &dyn Ledger) -> Result<Vec<(AccountId, Actor)>, StoreFault> {
    let marks = ledger.records(RecordKind::ClosedAccount, None, PAGE).await?;
    Ok(marks
        .iter()
        .filter_map(|record| {
            let mark: Mark = serde_json::from_str(&record.value).ok()?;
            Some((record.key.parse().ok()?, mark.actor))
        })
        .collect())
}
