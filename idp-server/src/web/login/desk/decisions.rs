//! Questions of identity that wait for a person: opened at the desk, decided by an operator (`idp-server identity`), read again
//! at the next sign-in with the same certificate.

use audit::{Action, Actor, Event, Outcome, TraceStep};
use domain::{AccountId, CertificateDigest, Reference, Timestamp};
use login::{Conflict, Evidence, Refusal, Ruling, Ticket, Transaction};
use serde::{Deserialize, Serialize};
use store::{Batch, CommitOutcome, Record, RecordKind, Write};

use super::record_key;
use crate::identity;
use crate::web::context::Context;
use crate::web::error::Problem;
use crate::web::login::refused;

/// Tag of decisions that nobody took yet.
pub const OPEN: &str = "open";

/// A question and, once somebody decided, its answer. Holds no name and no serial: the operator knows the person who stands at
/// the counter with a reference.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Why a person has to decide.
    pub why: Conflict,
    /// The accounts that may be concerned.
    pub accounts: Vec<AccountId>,
    /// When it was first asked.
    pub opened_at: Timestamp,
    /// What the person was told first; the key for who brings it to the counter.
    pub reference: Reference,
    /// An answer that one operator gave on the page and that waits for another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<Taken>,
    /// The answer.
    pub ruling: Option<Taken>,
}

/// An answer.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// What was decided.
    pub verdict: Verdict,
    /// By which operator.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// On what grounds, in the operator's words; never shown to the public.
    pub grounds: String,
}

/// What can be decided.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The certificate belongs to this account.
    Person(AccountId),
    /// It belongs to none of the accounts in question: a new one.
    NewPerson,
    /// It does not sign in.
    Refused,
    /// The accounts in question are one person's: all others were merged into this one, and the certificate is theirs.
    Merged(AccountId),
    /// The accounts in question are different people's, whatever they have in common.
    Apart,
}

impl Verdict {
    /// The stable word in the audit.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Person(_) => "person",
            Self::NewPerson => "new_person",
            Self::Refused => "refused",
            Self::Merged(_) => "merged",
            Self::Apart => "apart",
        }
    }
}

impl Decision {
    /// Reads a record.
    pub fn read(record: &Record) -> Result<Self, Problem> {
        serde_json::from_str(&record.value)
            .map_err(|error| Problem::Fault(format!("a decision cannot be read: {error}")))
    }

    /// The record's value.
    pub fn text(&self) -> Result<String, Problem> {
        serde_json::to_string(self).map_err(|error| Problem::Fault(error.to_string()))
    }

    fn ruling(&self) -> Ruling {
        match &self.ruling {
            None => Ruling::Open,
            Some(taken) => match &taken.verdict {
                Verdict::Person(account) | Verdict::Merged(account) => Ruling::Person(account.clone()),
                Verdict::NewPerson | Verdict::Apart => Ruling::NobodyOf(self.accounts.clone()),
                Verdict::Refused => Ruling::Refused,
            },
        }
    }
}

/// What was decided about a certificate, if it was ever asked.
pub(super) async fn ruling_on(
    context: &Context,
    digests: &[&CertificateDigest],
) -> Result<Option<Ruling>, Problem> {
    let Some((_, mut decision)) = record_of(context, digests).await? else {
        return Ok(None);
    };
    // Whoever was merged since is meant by their account of now.
    for account in &mut decision.accounts {
        *account = identity::carrying_on(&*context.ledger, account).await?;
    }
    Ok(Some(match decision.ruling() {
        Ruling::Person(account) => Ruling::Person(identity::carrying_on(&*context.ledger, &account).await?),
        ruling => ruling,
    }))
}

async fn record_of(
    context: &Context,
    digests: &[&CertificateDigest],
) -> Result<Option<(Record, Decision)>, Problem> {
    for digest in digests {
        let record = context
            .ledger
            .record(RecordKind::IdentityDecision, &record_key(digest))
            .await?;
        if let Some(record) = record {
            let decision = Decision::read(&record)?;
            return Ok(Some((record, decision)));
        }
    }
    Ok(None)
}

/// Asks a person, or asks again when what was decided looked at other people. `None` when somebody else wrote meanwhile: look again.
pub(super) async fn open(
    context: &Context,
    transaction: &Transaction,
    ticket: &Ticket,
    evidence: &Evidence,
    (why, accounts): (Conflict, Vec<AccountId>),
) -> Result<Option<Reference>, Problem> {
    let reference = refused::record(context, transaction, Refusal::IdentityUndecided, &ticket.trace).await?;
    let decision = Decision {
        why,
        accounts,
        opened_at: context.now(),
        reference: reference.clone(),
        proposed: None,
        ruling: None,
    };
    let mut record = Record::new(
        RecordKind::IdentityDecision,
        record_key(&evidence.digest),
        decision.text()?,
    )
    .expiring(evidence.not_after)
    .tagged(OPEN)
    .tagged(reference.as_str());
    for account in &decision.accounts {
        record = record.tagged(account.as_str());
    }
    if let Some((former, _)) = record_of(context, &[&evidence.digest]).await? {
        record.version = former.version.saturating_add(1);
    }
    let mut event = Event::new(
        context.now(),
        Action::IdentityUndecided,
        Outcome::Done,
        Actor::Platform,
    )
    .fact("why", why.as_str())
    .fact("first_reference", reference.as_str());
    event.service = Some(transaction.service.clone());
    event.transaction = Some(transaction.id.clone());
    let batch = Batch::new().write(Write::PutRecord(record)).event(event);
    match context.ledger.commit(batch).await? {
        CommitOutcome::Committed => {
            metrics::counter!("identity_decisions_opened_total").increment(1);
            Ok(Some(reference))
        }
        CommitOutcome::Conflict(_) => Ok(None),
    }
}

/// Nobody decided yet: the page again, whose reference leads the operator to the first one.
pub(super) async fn still_open(
    context: &Context,
    transaction: &Transaction,
    ticket: &Ticket,
    evidence: &Evidence,
) -> Result<Reference, Problem> {
    let detail = record_of(context, &[&evidence.digest])
        .await?
        .map(|(_, decision)| {
            format!(
                "{}, first reference {}",
                decision.why.as_str(),
                decision.reference
            )
        });
    let trace = with_step(ticket, detail.unwrap_or_default())?;
    refused::record(context, transaction, Refusal::IdentityUndecided, &trace).await
}

/// The door's chain of decisions and ours.
fn with_step(ticket: &Ticket, detail: String) -> Result<String, Problem> {
    let mut trace = super::steps(&ticket.trace);
    trace.push(TraceStep {
        room: "login".to_owned(),
        rule: "whose_it_is_can_be_told".to_owned(),
        verdict: audit::Verdict::Failed,
        detail,
    });
    serde_json::to_string(&trace).map_err(|error| Problem::Fault(error.to_string()))
}
