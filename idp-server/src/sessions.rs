//! Who was answered within a session, and how a session ends by the platform's own decision.
//!
//! **Owns** two registers. *Participants*: one record per (session, service), written in the batch that issues. *Endings*: one
//! record per session that ended because its certificate no longer holds, with the services that were answered in it; written in
//! the batch that ends it. The logout channels will read the endings and remove each once its services were told; until then they
//! expire by themselves.
//!
//! **Deliberately absent**: telling anybody (there is no logout channel yet), and why a session ends (whoever looked knows).

use audit::{Action, Actor, Event, Outcome};
use domain::{AccountId, RevocationGeneration, ServiceId, Session, SessionId, Timestamp};
use login::Refusal;
use serde::{Deserialize, Serialize};
use store::{Batch, CommitOutcome, Conflict, Ledger, Precondition, Record, RecordKind, StoreFault, Write};

use crate::app::App;

/// Days for which an ending waits for whoever tells the services: longer than any session of theirs lives.
const ENDING_KEPT_DAYS: i64 = 7;

/// How often a lost race is tried again.
const RACES: u32 = 16;

/// Most services that an ending names.
const MOST_SERVICES: u32 = 1000;

/// Who found out that a certificate no longer holds.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundBy {
    /// The session was used, and its certificate looked at again.
    Use,
    /// All sessions were looked at after new revocation data.
    Sweep,
    /// The authority's responder was asked.
    Responder,
}

impl FoundBy {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Use => "use",
            Self::Sweep => "sweep",
            Self::Responder => "responder",
        }
    }
}

/// A session that the platform ended: the value of a [`RecordKind::SessionEnding`], under the session's id, tagged with each
/// service.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Ending {
    /// Which session.
    pub session: SessionId,
    /// Whose.
    pub account: AccountId,
    /// When it ended.
    pub at: Timestamp,
    /// Why: the public code of the refusal (`revoked`, `expired`, `unknown_ca`), or `account_closed`.
    pub reason: String,
    /// At which state of the revocation data.
    pub generation: RevocationGeneration,
    /// Which services were answered in it.
    pub services: Vec<ServiceId>,
}

/// That a service is being answered within a session; nothing where it was answered before.
pub async fn participant(
    ledger: &dyn Ledger,
    session: &Session,
    service: &ServiceId,
) -> Result<Option<Write>, StoreFault> {
    let key = format!("{}:{service}", session.id);
    if ledger
        .record(RecordKind::SessionParticipant, &key)
        .await?
        .is_some()
    {
        return Ok(None);
    }
    let value = serde_json::to_string(service).unwrap_or_default();
    let record = Record::new(RecordKind::SessionParticipant, key, value)
        .tagged(session.id.as_str())
        .expiring(session.expires_at);
    Ok(Some(Write::PutRecord(record)))
}

/// Ends a session whose certificate no longer holds. `false`: it had ended already.
pub async fn end(
    app: &App,
    session: &Session,
    refusal: Refusal,
    generation: RevocationGeneration,
    found_by: FoundBy,
) -> Result<bool, StoreFault> {
    let mut session = session.clone();
    for _ in 0..RACES {
        let batch = ending_batch(app, &session, refusal, generation, found_by).await?;
        match app.ledger.commit(batch).await? {
            CommitOutcome::Committed => {
                metrics::counter!("sessions_ended_by_revocation_total", "found_by" => found_by.as_str())
                    .increment(1);
                return Ok(true);
            }
            // Somebody found it good at other data meanwhile, which excuses nothing; or ended it, or answered a service in it.
            CommitOutcome::Conflict(Conflict::Precondition(_) | Conflict::RecordVersion { .. }) => {
                match app.ledger.session(&session.id).await? {
                    Some(now) if now.is_live(app.clock.now()) => session = now,
                    _ => return Ok(false),
                }
            }
            CommitOutcome::Conflict(conflict) => {
                return Err(StoreFault::Unknown(format!(
                    "a session could not be ended: {conflict:?}"
                )));
            }
        }
    }
    Err(StoreFault::Unavailable("a session kept changing".to_owned()))
}

/// Adds to a batch what ends a session because its account is closed or merged; loses when the session changes meanwhile.
pub async fn end_with_account(
    ledger: &dyn Ledger,
    batch: Batch,
    session: &Session,
    actor: &Actor,
    now: Timestamp,
) -> Result<Batch, StoreFault> {
    const REASON: &str = "account_closed";
    let (ending, record) = ending_of(ledger, session, REASON, session.checked_generation, now).await?;
    let mut event = Event::new(now, Action::SessionEnded, Outcome::Done, actor.clone())
        .fact("reason", REASON)
        .fact("services", ending.services.len().to_string());
    event.account = Some(session.account.clone());
    event.session = Some(session.id.clone());
    Ok(ended(batch, session, record, now).event(event))
}

/// The record for whoever tells the services.
async fn ending_of(
    ledger: &dyn Ledger,
    session: &Session,
    reason: &str,
    generation: RevocationGeneration,
    now: Timestamp,
) -> Result<(Ending, Record), StoreFault> {
    let answered = ledger
        .records_tagged(
            RecordKind::SessionParticipant,
            session.id.as_str(),
            None,
            MOST_SERVICES,
        )
        .await?;
    let ending = Ending {
        session: session.id.clone(),
        account: session.account.clone(),
        at: now,
        reason: reason.to_owned(),
        generation,
        services: answered
            .iter()
            .filter_map(|record| serde_json::from_str(&record.value).ok())
            .collect(),
    };
    let value = serde_json::to_string(&ending).unwrap_or_default();
    let mut record = Record::new(RecordKind::SessionEnding, session.id.as_str(), value)
        .expiring(now.plus_seconds(ENDING_KEPT_DAYS * 86_400));
    for service in &ending.services {
        record = record.tagged(service.as_str());
    }
    Ok((ending, record))
}

fn ended(batch: Batch, session: &Session, record: Record, now: Timestamp) -> Batch {
    batch
        .require(Precondition::SessionAt {
            id: session.id.clone(),
            version: session.version,
        })
        .write(Write::EndSession {
            id: session.id.clone(),
            at: now,
        })
        .write(Write::PutRecord(record))
}

async fn ending_batch(
    app: &App,
    session: &Session,
    refusal: Refusal,
    generation: RevocationGeneration,
    found_by: FoundBy,
) -> Result<Batch, StoreFault> {
    let now = app.clock.now();
    let (ending, record) = ending_of(&*app.ledger, session, refusal.code(), generation, now).await?;
    let outcome = Outcome::Refused {
        code: refusal.code().to_owned(),
    };
    let mut event = Event::new(now, Action::SessionEnded, outcome, Actor::Platform)
        .fact("generation", generation.to_string())
        .fact("found_by", found_by.as_str())
        .fact("services", ending.services.len().to_string());
    event.account = Some(session.account.clone());
    event.session = Some(session.id.clone());
    Ok(ended(Batch::new(), session, record, now).event(event))
}
