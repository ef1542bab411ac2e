//! Another account registered the same four items, as after a loss that J-LIS linked to nothing: a person decides whether they are one.

use domain::{AccountId, AccountState, Entropy, Reference, Timestamp};
use login::Conflict;
use store::{Batch, Ledger, Precondition, Record, RecordKind, Write};

use crate::web::error::Problem;
use crate::web::login::desk::decisions::{Decision, OPEN};

/// Accounts with the same items, and questions about them, that are looked at.
const MOST: u32 = 16;

/// What to add to the batch that enrols, where there is something to ask: the question, and that everybody in question is still there.
///
/// What was answered stays answered: accounts that were found to be different people's are not asked about together again. A third one
/// with the same items is asked about beside each of them.
pub(in crate::web::enrolment) async fn question(
    ledger: &dyn Ledger,
    entropy: &dyn Entropy,
    now: Timestamp,
    (enrolling, record): (&AccountId, &Record),
) -> Result<Option<Batch>, Problem> {
    let Some(tag) = record.tags.iter().find(|tag| tag.starts_with("items:")) else {
        return Ok(None);
    };
    let others = others(ledger, enrolling, tag).await?;
    let asked = asked(ledger, tag).await?;
    let open = |decision: &Decision| decision.ruling.is_none();
    let answered_for = |these: &[&AccountId]| {
        asked
            .iter()
            .any(|(_, decision)| !open(decision) && these.iter().all(|one| decision.accounts.contains(one)))
    };
    // Whoever was found not to be the one enrolling is not asked about again.
    let unanswered: Vec<AccountId> = others
        .into_iter()
        .filter(|other| !answered_for(&[enrolling, other]))
        .collect();
    let told_apart = unanswered.iter().enumerate().any(|(place, one)| {
        let rest = unanswered.iter().skip(place + 1);
        rest.into_iter().any(|other| answered_for(&[one, other]))
    });
    let groups: Vec<Vec<AccountId>> = if told_apart {
        unanswered.into_iter().map(|other| vec![other]).collect()
    } else if unanswered.is_empty() {
        Vec::new()
    } else {
        vec![unanswered]
    };
    let mut batch = Batch::new();
    for mut accounts in groups {
        accounts.push(enrolling.clone());
        let known = asked
            .iter()
            .filter(|(_, decision)| open(decision))
            .find(|(_, decision)| accounts.iter().all(|one| decision.accounts.contains(one)));
        if known.is_some() {
            continue;
        }
        // An open question about some of them is asked anew about all; one about others, or an answered one, stays as it is.
        let former = asked.iter().find(|(_, decision)| {
            open(decision) && decision.accounts.iter().all(|one| accounts.contains(one))
        });
        for account in &accounts {
            batch = batch.require(Precondition::AccountActive(account.clone()));
        }
        batch = batch.write(Write::PutRecord(ask(
            entropy, now, tag, accounts, former, &asked,
        )?));
        metrics::counter!("identity_decisions_opened_total").increment(1);
    }
    Ok((!batch.writes.is_empty()).then_some(batch))
}

/// Those who registered the same, and are still there.
async fn others(ledger: &dyn Ledger, enrolling: &AccountId, tag: &str) -> Result<Vec<AccountId>, Problem> {
    let found = ledger
        .records_tagged(RecordKind::Enrolment, tag, None, MOST)
        .await?;
    let mut others = Vec::new();
    for account in found
        .iter()
        .filter_map(|record| record.key.parse::<AccountId>().ok())
    {
        let row = ledger.account(&account).await?;
        if account != *enrolling && row.is_some_and(|row| row.state == AccountState::Active) {
            others.push(account);
        }
    }
    Ok(others)
}

/// Every question about these items: the first one's key is their tag.
async fn asked(ledger: &dyn Ledger, tag: &str) -> Result<Vec<(Record, Decision)>, Problem> {
    let first = ledger.record(RecordKind::IdentityDecision, tag).await?;
    let further = ledger
        .records_tagged(RecordKind::IdentityDecision, tag, None, MOST)
        .await?;
    first
        .into_iter()
        .chain(further.into_iter().filter(|record| record.key != tag))
        .map(|record| Decision::read(&record).map(|decision| (record, decision)))
        .collect()
}

fn ask(
    entropy: &dyn Entropy,
    now: Timestamp,
    tag: &str,
    accounts: Vec<AccountId>,
    former: Option<&(Record, Decision)>,
    asked: &[(Record, Decision)],
) -> Result<Record, Problem> {
    let reference = Reference::generate(entropy);
    let decision = Decision {
        why: Conflict::SameItems,
        accounts,
        opened_at: now,
        reference: reference.clone(),
        proposed: None,
        ruling: None,
    };
    let key = match former {
        Some((former, _)) => former.key.clone(),
        None if asked.is_empty() => tag.to_owned(),
        None => format!("{tag}:{}", reference.as_str()),
    };
    let mut question = Record::new(RecordKind::IdentityDecision, key, decision.text()?)
        .tagged(OPEN)
        .tagged(tag)
        .tagged(reference.as_str());
    if let Some((former, before)) = former {
        question.version = former.version.saturating_add(1);
        // Whoever was told the first reference still finds the question.
        question = question.tagged(before.reference.as_str());
    }
    for account in &decision.accounts {
        question = question.tagged(account.as_str());
    }
    Ok(question)
}

#[cfg(test)]
mod tests;
