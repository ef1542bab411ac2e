//! The revocation data changed since a session's certificate was last found good: look again, before anything is issued.

use audit::{Action, Actor, Event, Outcome};
use domain::{Credential, SessionId, Timestamp};
use login::Refusal;
use store::{Batch, CommitOutcome, Write};

use crate::app::App;
use crate::vault::Owner;
use crate::web::context::Context;
use crate::web::error::Problem;

/// Looks again, for a sign-in. `Some` says what the person is told: a session whose certificate no longer holds ends here.
pub async fn session(context: &Context, id: &SessionId) -> Result<Option<Refusal>, Problem> {
    match again(context.app(), id).await {
        Ok(None) => Ok(None),
        Ok(Some(_)) => Ok(Some(Refusal::SessionEndedByRevocation)),
        Err(Problem::Refused(refused)) => Ok(Some(refused.refusal)),
        Err(problem) => Err(problem),
    }
}

/// Why nothing may be issued to anybody just now: without current revocation data nobody can say that a certificate still
/// holds, also when it was found good by the data that has become too old.
pub fn out_of_date(trust: &crate::trust::Trust, now: Timestamp) -> Option<Refusal> {
    match trust.freshness(now) {
        revocation::Freshness::Fresh | revocation::Freshness::StaleAllowed { .. } => None,
        revocation::Freshness::Refuse => Some(Refusal::CrlStale),
        revocation::Freshness::Missing => Some(Refusal::CrlMissing),
    }
}

/// Looks again at a session's certificate. `Some` says why the session was ended; `None` that it holds (and is marked as
/// checked at the generation in force).
pub async fn again(app: &App, id: &SessionId) -> Result<Option<Refusal>, Problem> {
    let Some(session) = app.ledger.session(id).await? else {
        return Ok(Some(Refusal::SessionEndedByRevocation));
    };
    let now = app.clock.now();
    if !session.is_live(now) {
        return Ok(Some(Refusal::SessionEndedByRevocation));
    }
    let trust = app.trust.load_full();
    if session.checked_generation == trust.generation() {
        return out_of_date(&trust, now).map_or(Ok(None), |refusal| Err(refusal.into()));
    }
    let Some(credential) = app.ledger.credential(&session.credential).await? else {
        return Err(Problem::Fault("a session without its credential".to_owned()));
    };
    let mut opened =
        Event::new(now, Action::SerialOpened, Outcome::Done, Actor::Platform).fact("purpose", "status");
    opened.account = Some(session.account.clone());
    opened.session = Some(id.clone());
    // On record before it is opened, whatever becomes of the rest.
    app.ledger.commit(Batch::new().event(opened)).await?;
    let standing = standing_of(app, &trust, &credential)?;
    let (write, action, outcome) = match standing {
        Ok(()) => (
            Write::RecheckSession {
                id: id.clone(),
                generation: trust.generation(),
            },
            Action::SessionRechecked,
            Outcome::Done,
        ),
        // Not knowing is no reason to end a session, and no reason to issue from it either.
        Err(refusal @ (Refusal::CrlStale | Refusal::CrlMissing)) => return Err(refusal.into()),
        Err(refusal) => (
            Write::EndSession {
                id: id.clone(),
                at: now,
            },
            Action::SessionEnded,
            Outcome::Refused {
                code: refusal.code().to_owned(),
            },
        ),
    };
    let mut event =
        Event::new(now, action, outcome, Actor::Platform).fact("generation", trust.generation().to_string());
    event.account = Some(session.account.clone());
    event.session = Some(id.clone());
    match app.ledger.commit(Batch::new().write(write).event(event)).await? {
        CommitOutcome::Committed => Ok(standing.err()),
        // Somebody ended the session meanwhile.
        CommitOutcome::Conflict(_) => Ok(Some(Refusal::SessionEndedByRevocation)),
    }
}

fn standing_of(
    app: &App,
    trust: &crate::trust::Trust,
    credential: &Credential,
) -> Result<Result<(), Refusal>, Problem> {
    let serial = app
        .vault
        .open(&credential.serial, Owner::Account(&credential.account))?;
    Ok(trust.status(&serial, credential.not_after, app.clock.now()))
}
