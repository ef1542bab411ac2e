//! Deciding a question of identity: by one operator at the machine itself, by two on the page.

use audit::{Action, Actor, Event, Outcome};
use domain::{AccountId, AccountState, ClosingReason, Reference};
use login::Conflict as Why;
use store::{Batch, CommitOutcome, Conflict, Ledger, Precondition, Record, RecordKind, StoreFault, Write};

use super::accounts::is_worth_another_try;
use super::{Tools, carrying_on, close, end_leftovers, merge};
use crate::web::error::Problem;
use crate::web::login::desk::decisions::{Decision, OPEN, Taken, Verdict};

/// How often a lost race is tried again.
const RACES: u32 = 16;
/// Longest grounds, in characters.
const MAX_GROUNDS: usize = 500;

/// Why nothing was decided.
#[derive(Debug)]
#[non_exhaustive]
pub enum NotDecided {
    /// No such question.
    NoSuchQuestion,
    /// Somebody decided it already; a new question is asked if the facts change.
    AlreadyDecided,
    /// Nothing was proposed, or what was proposed is another thing by now.
    NothingProposed,
    /// Whoever proposed cannot confirm.
    SameOperator,
    /// There is no such account.
    NoSuchAccount,
    /// The account is closed.
    AccountClosed,
    /// The answer does not fit the question.
    NoAnswerToThis,
    /// Grounds are missing or longer than 500 characters.
    Grounds,
    /// Somebody else decided or changed it at the same moment.
    Meanwhile,
    /// We broke.
    Fault(Problem),
}

impl std::fmt::Display for NotDecided {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NoSuchQuestion => "no such question",
            Self::AlreadyDecided => "already decided; a new question is asked if the facts change",
            Self::NothingProposed => "nothing is proposed, or something else by now",
            Self::SameOperator => "another operator has to confirm",
            Self::NoSuchAccount => "no such account",
            Self::AccountClosed => "that account is closed",
            Self::NoAnswerToThis => {
                "no answer to this question: accounts with the same items are merged or kept apart, and only accounts in question"
            }
            Self::Grounds => "grounds are needed, at most 500 characters",
            Self::Meanwhile => "somebody else decided at the same moment",
            Self::Fault(problem) => return write!(f, "{problem:?}"),
        })
    }
}

impl std::error::Error for NotDecided {}

impl From<Problem> for NotDecided {
    fn from(problem: Problem) -> Self {
        Self::Fault(problem)
    }
}

impl From<StoreFault> for NotDecided {
    fn from(fault: StoreFault) -> Self {
        Self::Fault(fault.into())
    }
}

/// A question by the reference that the person was shown first, or by its key.
pub async fn find(ledger: &dyn Ledger, question: &str) -> Result<(Record, Decision), NotDecided> {
    let found = match question.parse::<Reference>() {
        Ok(reference) => ledger
            .records_tagged(RecordKind::IdentityDecision, reference.as_str(), None, 1)
            .await?
            .pop(),
        Err(_) => ledger.record(RecordKind::IdentityDecision, question).await?,
    };
    let record = found.ok_or(NotDecided::NoSuchQuestion)?;
    let decision = Decision::read(&record)?;
    Ok((record, decision))
}

/// Whether an answer fits a question, as things stand.
async fn fits(ledger: &dyn Ledger, decision: &Decision, taken: &Taken) -> Result<(), NotDecided> {
    if decision.ruling.is_some() {
        return Err(NotDecided::AlreadyDecided);
    }
    let grounds = taken.grounds.trim();
    if grounds.is_empty() || grounds.chars().count() > MAX_GROUNDS {
        return Err(NotDecided::Grounds);
    }
    let of_items = decision.why == Why::SameItems;
    // Whoever was merged since it was asked is meant by the account of now; and nobody else is.
    let mut in_question = Vec::new();
    for account in &decision.accounts {
        in_question.push(carrying_on(ledger, account).await?);
    }
    let is_meant = |account: &AccountId| in_question.contains(account) || decision.accounts.contains(account);
    let account = match &taken.verdict {
        Verdict::Merged(account) if decision.accounts.contains(account) => account,
        Verdict::Person(account) if !of_items && is_meant(account) => account,
        Verdict::Apart if of_items => return Ok(()),
        Verdict::NewPerson | Verdict::Refused if !of_items => return Ok(()),
        _ => return Err(NotDecided::NoAnswerToThis),
    };
    match ledger.account(account).await?.map(|account| account.state) {
        Some(AccountState::Active) => Ok(()),
        Some(AccountState::Closed(_)) => Err(NotDecided::AccountClosed),
        None => Err(NotDecided::NoSuchAccount),
    }
}

fn event(action: Action, decision: &Decision, taken: &Taken, operator: &str) -> Event {
    let mut event = Event::new(
        taken.at,
        action,
        Outcome::Done,
        Actor::Operator(operator.to_owned()),
    )
    .fact("verdict", taken.verdict.as_str())
    .fact("why", decision.why.as_str())
    .fact("first_reference", decision.reference.as_str());
    if let Verdict::Person(account) | Verdict::Merged(account) = &taken.verdict {
        event.account = Some(account.clone());
    }
    event
}

fn at_this_version(record: &Record) -> Batch {
    Batch::new().require(Precondition::RecordAt {
        kind: record.kind,
        key: record.key.clone(),
        version: record.version,
    })
}

/// Decides, at once. What the answer means is written in the same batch: a merge is done when the answer is on record, and not otherwise.
pub async fn decide(
    tools: &Tools<'_>,
    question: &str,
    taken: &Taken,
    operator: &str,
) -> Result<Record, NotDecided> {
    decide_at(tools, question, None, taken, operator).await
}

/// The same of the question as it was seen: where it was asked anew meanwhile, about other accounts perhaps, nothing is decided.
async fn decide_at(
    tools: &Tools<'_>,
    question: &str,
    version: Option<u64>,
    taken: &Taken,
    operator: &str,
) -> Result<Record, NotDecided> {
    for _ in 0..RACES {
        let (record, decision) = find(tools.ledger, question).await?;
        if version.is_some_and(|seen| record.version != seen) {
            return Err(NotDecided::Meanwhile);
        }
        fits(tools.ledger, &decision, taken).await?;
        let (outcome, changed) = commit(tools, &record, decision, taken, operator).await?;
        match outcome {
            CommitOutcome::Committed => return Ok(changed),
            // The question itself changed: whoever decides looks at it again.
            CommitOutcome::Conflict(
                Conflict::Precondition(Precondition::RecordAt { ref key, .. })
                | Conflict::RecordVersion { ref key, .. },
            ) if *key == record.key => return Err(NotDecided::Meanwhile),
            outcome if is_worth_another_try(&outcome) => {}
            CommitOutcome::Conflict(Conflict::Precondition(Precondition::AccountActive(_))) => {
                return Err(NotDecided::AccountClosed);
            }
            CommitOutcome::Conflict(_) => return Err(NotDecided::Meanwhile),
        }
    }
    Err(NotDecided::Meanwhile)
}

async fn commit(
    tools: &Tools<'_>,
    record: &Record,
    mut decision: Decision,
    taken: &Taken,
    operator: &str,
) -> Result<(CommitOutcome, Record), NotDecided> {
    let actor = Actor::Operator(operator.to_owned());
    let mut batch = at_this_version(record);
    let mut others = Vec::new();
    if let Verdict::Merged(survivor) = &taken.verdict {
        others = open_others(tools.ledger, &decision.accounts, survivor).await?;
        batch = merge(tools, batch, survivor, &others, (&actor, Some(&record.key))).await?;
    }
    let mut event = event(Action::IdentityDecided, &decision, taken, operator);
    if let Some(proposed) = decision.proposed.take() {
        event = event.fact("proposed_by", proposed.by);
    }
    decision.ruling = Some(taken.clone());
    let mut changed = record.changed(decision.text()?);
    changed.tags.retain(|tag| tag != OPEN);
    let batch = batch.write(Write::PutRecord(changed.clone())).event(event);
    let outcome = tools.ledger.commit(batch).await?;
    if outcome == CommitOutcome::Committed {
        for other in &others {
            end_leftovers(tools, other, &actor).await?;
        }
    }
    Ok((outcome, changed))
}

/// Those accounts in question, besides the survivor, that are still open.
async fn open_others(
    ledger: &dyn Ledger,
    accounts: &[AccountId],
    survivor: &AccountId,
) -> Result<Vec<AccountId>, NotDecided> {
    let mut others: Vec<AccountId> = Vec::new();
    for id in accounts.iter().filter(|id| *id != survivor) {
        let account = ledger.account(id).await?;
        if account.is_some_and(|account| account.state == AccountState::Active) && !others.contains(id) {
            others.push(id.clone());
        }
    }
    Ok(others)
}

/// Proposes an answer to the question as it was shown; another operator confirms it, or declines.
pub async fn propose(
    tools: &Tools<'_>,
    question: &str,
    version: u64,
    taken: Taken,
) -> Result<(), NotDecided> {
    let (record, mut decision) = find(tools.ledger, question).await?;
    if decision.proposed.is_some() || record.version != version {
        return Err(NotDecided::Meanwhile);
    }
    fits(tools.ledger, &decision, &taken).await?;
    let event = event(Action::IdentityProposed, &decision, &taken, &taken.by);
    decision.proposed = Some(taken);
    store(tools.ledger, &record, &decision, event).await
}

/// Confirms what another operator proposed: it is decided.
pub async fn confirm(
    tools: &Tools<'_>,
    question: &str,
    version: u64,
    operator: &str,
) -> Result<(), NotDecided> {
    let (record, decision) = find(tools.ledger, question).await?;
    let proposed = decision
        .proposed
        .filter(|_| record.version == version)
        .ok_or(NotDecided::NothingProposed)?;
    if proposed.by == operator {
        return Err(NotDecided::SameOperator);
    }
    let taken = Taken {
        by: format!("{}, {operator}", proposed.by),
        at: tools.now,
        ..proposed
    };
    decide_at(tools, &record.key, Some(version), &taken, operator)
        .await
        .map(drop)
}

/// Takes a proposal back or declines it: the question is open again.
pub async fn decline(
    tools: &Tools<'_>,
    question: &str,
    version: u64,
    operator: &str,
) -> Result<(), NotDecided> {
    let (record, mut decision) = find(tools.ledger, question).await?;
    let proposed = decision
        .proposed
        .take()
        .filter(|_| record.version == version)
        .ok_or(NotDecided::NothingProposed)?;
    let mut event = event(Action::IdentityProposalDeclined, &decision, &proposed, operator);
    event.at = tools.now;
    store(tools.ledger, &record, &decision, event).await
}

async fn store(
    ledger: &dyn Ledger,
    record: &Record,
    decision: &Decision,
    event: Event,
) -> Result<(), NotDecided> {
    let batch = at_this_version(record)
        .write(Write::PutRecord(record.changed(decision.text()?)))
        .event(event);
    match ledger.commit(batch).await? {
        CommitOutcome::Committed => Ok(()),
        CommitOutcome::Conflict(_) => Err(NotDecided::Meanwhile),
    }
}

/// Merges two accounts without a question, at the machine itself.
pub async fn merge_now(
    tools: &Tools<'_>,
    survivor: &AccountId,
    other: &AccountId,
    (operator, grounds): (&str, &str),
) -> Result<(), NotDecided> {
    if survivor == other {
        return Err(NotDecided::NoAnswerToThis);
    }
    let actor = Actor::Operator(operator.to_owned());
    let others = [other.clone()];
    for _ in 0..RACES {
        both_known(tools.ledger, [survivor, other]).await?;
        let batch = merge(tools, Batch::new(), survivor, &others, (&actor, None)).await?;
        if done(tools.ledger, with_grounds(batch, grounds)?).await? {
            return Ok(end_leftovers(tools, other, &actor).await?);
        }
    }
    Err(NotDecided::Meanwhile)
}

/// Closes an account: by an operator's decision, or by the person's own wish.
pub async fn close_now(
    tools: &Tools<'_>,
    account: &AccountId,
    reason: &ClosingReason,
    (actor, grounds): (&Actor, Option<&str>),
) -> Result<(), NotDecided> {
    for _ in 0..RACES {
        both_known(tools.ledger, [account, account]).await?;
        let mut batch = close(tools, Batch::new(), account, reason.clone(), actor).await?;
        if let Some(grounds) = grounds {
            batch = with_grounds(batch, grounds)?;
        }
        if done(tools.ledger, batch).await? {
            return Ok(end_leftovers(tools, account, actor).await?);
        }
    }
    Err(NotDecided::Meanwhile)
}

/// The grounds, in the entry that says what was done.
fn with_grounds(mut batch: Batch, grounds: &str) -> Result<Batch, NotDecided> {
    let grounds = grounds.trim();
    if grounds.is_empty() || grounds.chars().count() > MAX_GROUNDS {
        return Err(NotDecided::Grounds);
    }
    if let Some(event) = batch.events.pop() {
        batch.events.push(event.fact("grounds", grounds));
    }
    Ok(batch)
}

async fn both_known(ledger: &dyn Ledger, accounts: [&AccountId; 2]) -> Result<(), NotDecided> {
    for id in accounts {
        if ledger.account(id).await?.is_none() {
            return Err(NotDecided::NoSuchAccount);
        }
    }
    Ok(())
}

/// `false`: try again.
async fn done(ledger: &dyn Ledger, batch: Batch) -> Result<bool, NotDecided> {
    match ledger.commit(batch).await? {
        CommitOutcome::Committed => Ok(true),
        outcome if is_worth_another_try(&outcome) => Ok(false),
        CommitOutcome::Conflict(Conflict::Precondition(Precondition::AccountActive(_))) => {
            Err(NotDecided::AccountClosed)
        }
        CommitOutcome::Conflict(_) => Err(NotDecided::Meanwhile),
    }
}
