//! Who was answered within a session, how a session ends, and who is to be told.
//!
//! **Owns** three registers. *Participants*: one record per (session, service), written in the batch that issues, with the names by which
//! a SAML service knows the person (`participants.rs`). *Endings*: one record per session that ended before its time, whoever ended it,
//! written in the batch that ends it. *Notices*: one record per service that is to be told, the receipt of what became of it
//! (`notices.rs`); made from the participants right after the end, when no further one can join.
//!
//! **Deliberately absent**: telling anybody (`jobs/logout` without the browser, `web/logout` through it), and why a session ends (whoever
//! looked knows).
//!
//! **One more way for a session to end**: a [`Cause`], and [`end`] or [`add_ending`] with it; never [`Write::EndSession`] alone.

mod notices;
mod participants;

use audit::{Action, Actor, Event, Outcome};
use domain::{AccountId, RevocationGeneration, ServiceId, Session, SessionId, Timestamp};
use login::Refusal;
use serde::{Deserialize, Serialize};
use store::{Batch, CommitOutcome, Conflict, Ledger, Precondition, Record, RecordKind, StoreFault, Write};

pub use notices::{Channel, Notice, State, by_message, due, of_session, settle, waiting_endings};
pub use participants::{
    IssuedName, Participant, inherit, known_as, name_again, participant, participants_of, session_index,
    took_part,
};

use crate::app::App;

/// Days for which an ending and its receipts are kept.
pub const ENDING_KEPT_DAYS: i64 = 7;

/// How often a lost race is tried again.
const RACES: u32 = 16;

/// On endings whose notices are still to be made.
const NEW: &str = "new";

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

/// Why a session ends.
#[derive(Clone, Debug)]
pub struct Cause {
    /// The reason's stable word.
    pub code: String,
    /// Who ends it.
    pub actor: Actor,
    /// The state of the revocation data and who looked, where a certificate no longer holds.
    pub found: Option<(RevocationGeneration, FoundBy)>,
    /// The service that asked for it: it knows already.
    pub asked_by: Option<ServiceId>,
    /// Whether the browser of the session is here, so that services can be told through it.
    pub browser: bool,
}

impl Cause {
    /// The person's own wish.
    pub fn wish(code: &str, session: &Session) -> Self {
        Self {
            code: code.to_owned(),
            actor: Actor::Person(Some(session.account.clone())),
            found: None,
            asked_by: None,
            browser: false,
        }
    }

    /// A certificate that no longer holds.
    pub fn refused(refusal: Refusal, generation: RevocationGeneration, found_by: FoundBy) -> Self {
        Self {
            code: refusal.code().to_owned(),
            actor: Actor::Platform,
            found: Some((generation, found_by)),
            asked_by: None,
            browser: false,
        }
    }

    fn event(&self, now: Timestamp, session: &Session, services: usize) -> Event {
        let outcome = match self.found {
            Some(_) => Outcome::Refused {
                code: self.code.clone(),
            },
            None => Outcome::Done,
        };
        let mut event = Event::new(now, Action::SessionEnded, outcome, self.actor.clone())
            .fact("services", services.to_string());
        event = match self.found {
            Some((generation, found_by)) => event
                .fact("generation", generation.to_string())
                .fact("found_by", found_by.as_str()),
            None => event.fact("reason", &*self.code),
        };
        event.account = Some(session.account.clone());
        event.session = Some(session.id.clone());
        event.service.clone_from(&self.asked_by);
        event
    }
}

/// A session that ended before its time: the value of a [`RecordKind::SessionEnding`], under the session's id.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Ending {
    /// Which session.
    pub session: SessionId,
    /// Whose.
    pub account: AccountId,
    /// When it ended.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// At which state of the revocation data, where that was the reason.
    #[serde(default)]
    pub generation: Option<RevocationGeneration>,
    /// Which services were answered in it.
    pub services: Vec<ServiceId>,
    /// The service that asked for it.
    #[serde(default)]
    pub asked_by: Option<ServiceId>,
    /// Whether the browser of the session was there.
    #[serde(default)]
    pub browser: bool,
}

/// Ends a session. `false`: it had ended already.
pub async fn end(app: &App, session: &Session, cause: &Cause) -> Result<bool, StoreFault> {
    let mut session = session.clone();
    for _ in 0..RACES {
        let batch = Batch::new().require(Precondition::SessionAt {
            id: session.id.clone(),
            version: session.version,
        });
        let batch = add_ending(app, batch, &session, cause).await?;
        match app.ledger.commit(batch).await? {
            CommitOutcome::Committed => {
                if let Some((_, found_by)) = cause.found {
                    metrics::counter!("sessions_ended_by_revocation_total", "found_by" => found_by.as_str())
                        .increment(1);
                }
                // Where a person waits, whoever answers them tells the services at once.
                if !cause.browser {
                    app.logouts_waiting.notify_one();
                }
                return Ok(true);
            }
            // Somebody found it good at other data meanwhile, which excuses nothing; or ended it.
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

/// Adds the end of a session to a batch. The caller requires the session's version, or ends it again when the batch loses.
pub async fn add_ending(
    app: &App,
    batch: Batch,
    session: &Session,
    cause: &Cause,
) -> Result<Batch, StoreFault> {
    ending_at(&*app.ledger, batch, session, cause, app.clock.now()).await
}

/// Adds to a batch what ends a session because its account is closed or merged; loses when the session changes meanwhile.
pub async fn end_with_account(
    ledger: &dyn Ledger,
    batch: Batch,
    session: &Session,
    actor: &Actor,
    now: Timestamp,
) -> Result<Batch, StoreFault> {
    let batch = batch.require(Precondition::SessionAt {
        id: session.id.clone(),
        version: session.version,
    });
    let cause = Cause {
        actor: actor.clone(),
        ..Cause::wish("account_closed", session)
    };
    ending_at(ledger, batch, session, &cause, now).await
}

async fn ending_at(
    ledger: &dyn Ledger,
    batch: Batch,
    session: &Session,
    cause: &Cause,
    now: Timestamp,
) -> Result<Batch, StoreFault> {
    let mut services: Vec<ServiceId> = participants_of(ledger, &session.id)
        .await?
        .into_iter()
        .map(|participant| participant.service)
        .collect();
    services.sort();
    services.dedup();
    let ending = Ending {
        session: session.id.clone(),
        account: session.account.clone(),
        at: now,
        reason: cause.code.clone(),
        generation: cause.found.map(|(generation, _)| generation),
        services,
        asked_by: cause.asked_by.clone(),
        browser: cause.browser,
    };
    let value = serde_json::to_string(&ending).unwrap_or_default();
    let record = Record::new(RecordKind::SessionEnding, session.id.as_str(), value)
        .tagged(NEW)
        .expiring(now.plus_seconds(ENDING_KEPT_DAYS * 86_400));
    Ok(batch
        .write(Write::EndSession {
            id: session.id.clone(),
            at: now,
        })
        .write(Write::PutRecord(record))
        .event(cause.event(now, session, ending.services.len())))
}
