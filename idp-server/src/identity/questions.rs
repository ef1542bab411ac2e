//! Questions whether accounts with the same four items are one person's, when one of the accounts ends.

use domain::AccountId;
use login::Conflict;
use store::{Batch, Ledger, Precondition, RecordKind, Write};

use crate::web::error::Problem;
use crate::web::login::desk::decisions::{Decision, OPEN};

/// Open questions of one account that are looked at.
const MOST: u32 = 64;

/// Adds to a batch that an account is in question no more: what it registered is gone with it. A question about fewer than two accounts is
/// none.
pub(super) async fn without(
    ledger: &dyn Ledger,
    batch: Batch,
    account: &AccountId,
) -> Result<Batch, Problem> {
    without_but(ledger, batch, account, None).await
}

/// The same, but for the question that is just being answered.
pub(super) async fn without_but(
    ledger: &dyn Ledger,
    mut batch: Batch,
    account: &AccountId,
    answered: Option<&str>,
) -> Result<Batch, Problem> {
    let asked = ledger
        .records_tagged(RecordKind::IdentityDecision, account.as_str(), None, MOST)
        .await?;
    for record in asked
        .iter()
        .filter(|record| Some(record.key.as_str()) != answered)
    {
        let mut decision = Decision::read(record)?;
        let is_open = decision.ruling.is_none() && record.tags.iter().any(|tag| tag == OPEN);
        if !is_open || decision.why != Conflict::SameItems {
            continue;
        }
        decision.accounts.retain(|one| one != account);
        // What was proposed was about other accounts.
        decision.proposed = None;
        batch = if decision.accounts.len() < 2 {
            batch
                .require(Precondition::as_read(record.kind, &record.key, Some(record)))
                .write(Write::RemoveRecord {
                    kind: record.kind,
                    key: record.key.clone(),
                })
        } else {
            let mut changed = record.changed(decision.text()?);
            changed.tags.retain(|tag| tag != account.as_str());
            batch.write(Write::PutRecord(changed))
        };
    }
    Ok(batch)
}
