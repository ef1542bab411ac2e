//! The revocation data changed since a session's certificate was last found good: look again, before anything is issued; at the account
//! behind it too.

use audit::{Action, Actor, Event, Outcome};
use domain::{
    AccountState, Credential, CredentialState, RefreshFamily, RevocationGeneration, Service, Session,
    SessionId, Timestamp,
};
use login::Refusal;
use pki::SerialNumber;
use store::{Batch, CommitOutcome, Write};
use zeroize::Zeroizing;

use crate::app::App;
use crate::sessions::{self, Cause, FoundBy};
use crate::trust::{Covered, Trust};
use crate::vault::Owner;
use crate::web::context::Context;
use crate::web::error::Problem;

/// Looks again, for a sign-in. `Some` says what the person is told: a session whose certificate no longer holds ends here.
pub async fn session(context: &Context, id: &SessionId) -> Result<Option<Refusal>, Problem> {
    match look(context.app(), id).await {
        Ok(Looked::Holds(_)) => Ok(None),
        Ok(Looked::Ended(refusal @ Refusal::AccountClosed)) => Ok(Some(refusal)),
        Ok(Looked::Ended(_)) => Ok(Some(Refusal::SessionEndedByRevocation)),
        Err(Problem::Refused(refused)) => Ok(Some(refused.refusal)),
        Err(problem) => Err(problem),
    }
}

/// Why nothing may be issued to a service just now: without current revocation data nobody can say that a certificate still holds,
/// also when it was found good by the data that has become too old. The list that speaks about the certificate decides; how old it may
/// be, the service may have declared.
fn out_of_date(trust: &Trust, service: &Service, covered: &Covered, now: Timestamp) -> Option<Refusal> {
    match trust.freshness_for(service, covered, now) {
        revocation::Freshness::Fresh | revocation::Freshness::StaleAllowed { .. } => None,
        revocation::Freshness::Refuse => Some(Refusal::CrlStale),
        revocation::Freshness::Missing => Some(Refusal::CrlMissing),
    }
}

/// Looks again at a session's certificate, before something is answered to a service from it. `Some` says why the session was ended;
/// `None` that it holds (and is marked as checked at the generation in force).
pub async fn again(app: &App, id: &SessionId, service: &Service) -> Result<Option<Refusal>, Problem> {
    match look(app, id).await? {
        Looked::Ended(refusal) => Ok(Some(refusal)),
        Looked::Holds(covered) => {
            let refusal = out_of_date(&app.trust.load(), service, &covered, app.clock.now());
            refusal.map_or(Ok(None), |refusal| Err(refusal.into()))
        }
    }
}

/// What a look at a session finds.
enum Looked {
    /// It ended, here or before.
    Ended(Refusal),
    /// Its certificate was found good at the data in force, which says so by these lists.
    Holds(Covered),
}

/// What is known of a certificate without a session.
pub enum Certificate {
    /// It holds, by the data of this generation, and its account is open.
    Good(RevocationGeneration),
    /// It holds no longer, was replaced, or its account is closed.
    Over,
}

/// Looks at the certificate behind refresh tokens whose session may be over: the person agreed to access that outlives it.
pub async fn certificate(
    app: &App,
    family: &RefreshFamily,
    service: &Service,
) -> Result<Certificate, Problem> {
    let now = app.clock.now();
    let (credential, account) = (
        app.ledger.credential(&family.credential).await?,
        app.ledger.account(&family.account).await?,
    );
    let (Some(credential), Some(account)) = (credential, account) else {
        return Ok(Certificate::Over);
    };
    let covered = Covered::sealed(&app.vault, family.points.as_ref(), &family.account, &credential)?;
    app.shelves.catch_up(&app.trust);
    let trust = app.trust.load_full();
    if let Some(refusal) = out_of_date(&trust, service, &covered, now) {
        return Err(refusal.into());
    }
    let in_use = credential.account == account.id
        && credential.state == CredentialState::Active
        && account.state == AccountState::Active
        && trust.is_pinned(&credential.issuer_key_hash);
    if !in_use {
        return Ok(Certificate::Over);
    }
    if trust.generation() == family.checked_generation && now < credential.not_after {
        return Ok(Certificate::Good(family.checked_generation));
    }
    let mut opened =
        Event::new(now, Action::SerialOpened, Outcome::Done, Actor::Platform).fact("purpose", "status");
    opened.account = Some(account.id.clone());
    app.ledger.commit(Batch::new().event(opened)).await?;
    let serial = serial_of(app, &credential)?;
    match trust.status(&credential, serial.as_ref(), &covered, now) {
        Ok(()) => Ok(Certificate::Good(trust.generation())),
        Err(refusal @ (Refusal::CrlStale | Refusal::CrlMissing)) => Err(refusal.into()),
        Err(_) => Ok(Certificate::Over),
    }
}

async fn look(app: &App, id: &SessionId) -> Result<Looked, Problem> {
    const ENDED: Looked = Looked::Ended(Refusal::SessionEndedByRevocation);
    let now = app.clock.now();
    let Some(session) = app
        .ledger
        .session(id)
        .await?
        .filter(|session| session.is_live(now))
    else {
        return Ok(ENDED);
    };
    // What began while its account was closed or merged, and was not ended with it, ends where it is used.
    let account = app.ledger.account(&session.account).await?;
    if !account.is_some_and(|account| account.state == AccountState::Active) {
        let cause = Cause {
            actor: Actor::Platform,
            ..Cause::wish("account_closed", &session)
        };
        sessions::end(app, &session, &cause).await?;
        return Ok(Looked::Ended(Refusal::AccountClosed));
    }
    let Some(credential) = app.ledger.credential(&session.credential).await? else {
        return Err(Problem::Fault("a session without its credential".to_owned()));
    };
    let covered = Covered::of(&app.vault, &session, &credential)?;
    // What any process has put in use by now.
    app.shelves.catch_up(&app.trust);
    let trust = app.trust.load_full();
    if session.checked_generation == trust.generation() && trust.is_pinned(&credential.issuer_key_hash) {
        return Ok(Looked::Holds(covered));
    }
    let mut opened =
        Event::new(now, Action::SerialOpened, Outcome::Done, Actor::Platform).fact("purpose", "status");
    opened.account = Some(session.account.clone());
    opened.session = Some(id.clone());
    // On record before it is opened, whatever becomes of the rest.
    app.ledger.commit(Batch::new().event(opened)).await?;
    let serial = serial_of(app, &credential)?;
    match trust.status(&credential, serial.as_ref(), &covered, now) {
        Ok(()) if keep(app, &session, &trust).await? => Ok(Looked::Holds(covered)),
        Ok(()) => Ok(ENDED),
        // Not knowing is no reason to end a session, and no reason to issue from it either.
        Err(refusal @ (Refusal::CrlStale | Refusal::CrlMissing)) => Err(refusal.into()),
        Err(refusal) => {
            let cause = Cause::refused(refusal, trust.generation(), FoundBy::Use);
            sessions::end(app, &session, &cause).await?;
            Ok(Looked::Ended(refusal))
        }
    }
}

/// The certificate holds at the data in force. `false`: somebody ended the session meanwhile.
async fn keep(app: &App, session: &Session, trust: &Trust) -> Result<bool, Problem> {
    let generation = trust.generation();
    let mut event = Event::new(
        app.clock.now(),
        Action::SessionRechecked,
        Outcome::Done,
        Actor::Platform,
    )
    .fact("generation", generation.to_string());
    event.account = Some(session.account.clone());
    event.session = Some(session.id.clone());
    let batch = Batch::new()
        .write(Write::RecheckSession {
            id: session.id.clone(),
            generation,
        })
        .event(event);
    Ok(app.ledger.commit(batch).await? == CommitOutcome::Committed)
}

/// Opens the serial number of a credential. Whoever calls has put it on record before.
pub fn serial_of(app: &App, credential: &Credential) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let serial = app
        .vault
        .open(&credential.serial, Owner::Account(&credential.account))?;
    SerialNumber::from_bytes(&serial)
        .map_err(|_| Problem::Fault("a sealed serial that is none".to_owned()))?;
    Ok(serial)
}
