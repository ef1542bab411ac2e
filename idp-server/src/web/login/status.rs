//! The status desk: a service asks for more certainty than the day's lists give, so the authority's responder is asked about the
//! session's certificate, right before something is issued. No answer is no good answer.

use audit::{Action, Actor, Event, Outcome};
use domain::{Credential, Session, SessionId};
use jlis::{AnsweredFrom, Asker, CertificateName, StatusAnswer, StatusFailure, StatusQuestion};
use jpki::crosscheck::{ListWord, OcspWord, Unconfirmed};
use jpki::{CaKind, Crosscheck, crosscheck};
use login::{Refusal, StatusSeen, Transaction};
use pki::SerialNumber;
use store::Batch;

use super::{recheck, transactions};
use crate::jobs::questions;
use crate::sessions::{self, Cause, FoundBy};
use crate::trust::Covered;
use crate::web::context::Context;
use crate::web::error::Problem;

/// Asks. `None`: good, and the transaction remembers it; the dispatcher decides what that allows.
pub async fn ask(
    context: &Context,
    transaction: &mut Transaction,
    id: &SessionId,
) -> Result<Option<Refusal>, Problem> {
    let Some(session) = context.ledger.session(id).await? else {
        return Ok(None);
    };
    let Some(credential) = context.ledger.credential(&session.credential).await? else {
        return Err(Problem::Fault("a session without its credential".to_owned()));
    };
    // On record before it is opened, whatever becomes of the rest.
    let opened = event(
        context,
        transaction,
        &session,
        Action::SerialOpened,
        Outcome::Done,
    )
    .fact("purpose", "ocsp");
    context.ledger.commit(Batch::new().event(opened)).await?;
    let name = CertificateName {
        ca_kind: CaKind::UserAuthentication,
        issuer_key_hash: credential.issuer_key_hash.clone(),
        serial: SerialNumber::from_bytes(&recheck::serial_of(context, &credential)?)
            .map_err(|_| Problem::Fault("a sealed serial that is none".to_owned()))?,
    };
    let asked_at = context.now();
    let answer = question(context, transaction, &name).await;
    let covered = Covered::of(&context.vault, &session, &credential)?;
    let found = hold_against_lists(context, &name, &credential, &covered, answer)?;
    match found {
        Found::Good => {
            transaction.status = Some(StatusSeen {
                session: session.id,
                generation: session.checked_generation,
                asked_at,
            });
            transactions::save(context, transaction).await?;
            Ok(None)
        }
        Found::Not(refusal, why) => {
            tell(context, transaction, &session, refusal, &why).await?;
            Ok(Some(refusal))
        }
    }
}

/// What came of it.
enum Found {
    /// Both say good.
    Good,
    /// Anything else, with facts for the audit.
    Not(Refusal, Vec<(&'static str, String)>),
}

async fn question(
    context: &Context,
    transaction: &Transaction,
    name: &CertificateName,
) -> Result<StatusAnswer, StatusFailure> {
    let trust = context.trust.load_full();
    let asker = Asker::Service(transaction.service.clone());
    let question = StatusQuestion::new(name, trust.profile(), &asker, context.now());
    match &context.status {
        Some(source) => source.ask(&question).await,
        None => Err(StatusFailure::NoAnswer {
            responders: Vec::new(),
            questions_sent: 0,
        }),
    }
}

/// The lists as they are now, not as they were when the question went out.
fn hold_against_lists(
    context: &Context,
    name: &CertificateName,
    credential: &Credential,
    covered: &Covered,
    answer: Result<StatusAnswer, StatusFailure>,
) -> Result<Found, Problem> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(StatusFailure::Contradiction { responders, .. }) => {
            let facts = vec![
                ("answer", "responders_contradict".to_owned()),
                ("responders", responders.join(" ")),
            ];
            return Ok(Found::Not(Refusal::StatusContradiction, facts));
        }
        Err(failure) => {
            metrics::counter!("status_unavailable_total").increment(1);
            tracing::warn!(reason = %failure, "no responder gave an answer that can be relied on");
            let facts = vec![("answer", failure.code().to_owned())];
            return Ok(Found::Not(Refusal::StatusUnavailable, facts));
        }
    };
    context.shelves.catch_up(&context.trust);
    let trust = context.trust.load_full();
    if !trust.is_pinned(&credential.issuer_key_hash) {
        return Ok(Found::Not(Refusal::UnknownCa, Vec::new()));
    }
    let Some(index) = trust.index(CaKind::UserAuthentication) else {
        return Ok(Found::Not(Refusal::CrlMissing, Vec::new()));
    };
    let status = index
        .lookup(&name.serial)
        .map_err(|fault| Problem::Fault(fault.to_string()))?;
    let list = trust.coverage(covered).map(|made| ListWord {
        status,
        this_update: made.this_update,
        usable: trust.freshness_about(covered, context.now()).is_usable(),
    });
    let ocsp = OcspWord {
        status: answer.status,
        this_update: answer.evidence.this_update,
    };
    let lag = i64::try_from(context.config.jpki.list_lag_seconds).unwrap_or(i64::MAX);
    let found = crosscheck(list, Some(ocsp), lag);
    let refusal = match found {
        Crosscheck::Good(_) => return Ok(Found::Good),
        Crosscheck::Revoked { reason, .. } => Refusal::Revoked(crate::trust::revoked(reason)),
        Crosscheck::Unconfirmed(Unconfirmed::UnknownToOcsp) => Refusal::StatusUnknown,
        Crosscheck::Unconfirmed(Unconfirmed::NoWitness) => Refusal::StatusUnavailable,
        Crosscheck::Contradiction(_) => Refusal::StatusContradiction,
    };
    let from = match answer.from {
        AnsweredFrom::Responder => "responder",
        AnsweredFrom::Memory => "memory",
    };
    let facts = vec![
        ("answer", found.code().to_owned()),
        ("responder", answer.evidence.responder.clone()),
        ("from", from.to_owned()),
        ("generation", index.generation().to_string()),
    ];
    Ok(Found::Not(refusal, facts))
}

/// Puts it on record, and ends the session where that is the answer.
async fn tell(
    context: &Context,
    transaction: &Transaction,
    session: &Session,
    refusal: Refusal,
    facts: &[(&'static str, String)],
) -> Result<(), Problem> {
    let action = if refusal == Refusal::StatusContradiction {
        metrics::counter!("status_contradictions_total").increment(1);
        tracing::error!(
            "the responder and the lists contradict one another: nobody is let in by choosing one of the two"
        );
        Action::StatusContradiction
    } else {
        Action::StatusAsked
    };
    let outcome = Outcome::Refused {
        code: refusal.code().to_owned(),
    };
    let mut event = event(context, transaction, session, action, outcome);
    for (name, value) in facts {
        event = event.fact(name, value.clone());
    }
    let mut batch = Batch::new().event(event);
    if refusal == Refusal::StatusContradiction {
        batch = batch.write(questions::note_contradiction(context.now()));
    }
    context.ledger.commit(batch).await?;
    if matches!(refusal, Refusal::Revoked(_) | Refusal::UnknownCa) {
        let generation = context.trust.load().generation();
        let cause = Cause::refused(refusal, generation, FoundBy::Responder);
        sessions::end(context, session, &cause).await?;
    }
    Ok(())
}

fn event(
    context: &Context,
    transaction: &Transaction,
    session: &Session,
    action: Action,
    outcome: Outcome,
) -> Event {
    let mut event = Event::new(context.now(), action, outcome, Actor::Platform);
    event.account = Some(session.account.clone());
    event.session = Some(session.id.clone());
    event.service = Some(transaction.service.clone());
    event.transaction = Some(transaction.id.clone());
    event
}
