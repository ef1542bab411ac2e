//! The card has answered: if it is genuine and still good, the one transaction that the terminal named goes on as this person's.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use audit::{Action, Actor, Event, Outcome, Verdict};
use domain::{AttemptId, AuthenticationMethod, Ial, Session, SessionId, SessionState};
use login::{Evidence, Transaction};
use serde::Deserialize;
use store::{Batch, CommitOutcome, Conflict, Consumed, Precondition, SingleUseKind, Write};

use super::genuine_card::{self, CardIsGenuine};
use super::present::{self, Presence};
use super::request::{self, Asked};
use crate::listeners::door::verdict;
use crate::secret::{Secret, hash_of};
use crate::web::context::Context;
use crate::web::device::{DeviceProblem, answer, json, octets};
use crate::web::error::Problem;
use crate::web::login::{attempt, transactions};

/// Where terminals bring answers.
pub const PATH: &str = "/terminal/answers";

/// What the terminal sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Brought {
    presence: AttemptId,
    /// DER in standard base64, once more: it is not kept.
    certificate: String,
    /// Standard base64.
    answer: String,
}

/// `POST /terminal/answers`.
pub async fn post(mut context: Context, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let result = finish(&mut context, &request, payload).await;
    answer(&context, result)
}

async fn finish(
    context: &mut Context,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, DeviceProblem> {
    present::mechanism(context)?;
    let asked: Asked<Brought> = request::read(context, request, payload, PATH).await?;
    let presence = take(context, &asked).await?;
    let mut transaction = transactions::load(context, &presence.transaction).await?;
    let service = present::may_be_used_here(context, &asked.terminal, &transaction).await?;
    if let Some(refusal) = attempt::no_further_try(context, &transaction) {
        return Err(refusal.into());
    }
    let malformed = || DeviceProblem::malformed("malformed_body", "certificate and answer in base64");
    let certificate = octets(&asked.what.certificate, 8 * 1024).ok_or_else(malformed)?;
    let answered = octets(&asked.what.answer, 1024).ok_or_else(malformed)?;
    if hash_of(&[&certificate]).0 != presence.certificate {
        return Err(NOT_GENUINE);
    }
    // Revocation data may have changed since the certificate was presented.
    let evidence = present::weigh(context, &transaction, &asked.name, &certificate, &presence.id).await?;
    let Some(birth_date) = present::birth_date(context, &presence.credential, &service).await? else {
        return Err(present::NOT_POSSIBLE);
    };
    let challenge = jose::decode_base64url(&presence.challenge)
        .ok_or_else(|| Problem::Fault("a kept challenge that is none".to_owned()))?;
    let port = present::mechanism(context)?;
    let Some(genuine) = genuine_card::prove(port, &certificate, &birth_date, &challenge, &answered) else {
        metrics::counter!("pinless_not_genuine_total").increment(1);
        return Err(NOT_GENUINE);
    };
    let session = sign_in(context, &asked.name, &presence, &transaction, &evidence, &genuine).await?;
    transaction.authenticated = Some(session.clone());
    transaction.presence = Some(session);
    transactions::save(context, &transaction).await?;
    let go_on = context
        .config
        .front
        .origin
        .url(&format!("/sign-in/{}", transaction.id));
    json(StatusCode::OK, &serde_json::json!({ "continue": go_on }))
}

const NOT_GENUINE: DeviceProblem = DeviceProblem::Request {
    status: StatusCode::FORBIDDEN,
    code: "card_not_genuine",
    title: "no genuine card of this certificate answered this challenge",
};

const UNKNOWN: DeviceProblem = DeviceProblem::Request {
    status: StatusCode::GONE,
    code: "presence_unknown",
    title: "no such presence of this terminal, or answered, or too late",
};

/// The presence, for the terminal that began it, once: a wrong answer needs a new challenge.
async fn take(context: &Context, asked: &Asked<Brought>) -> Result<Presence, DeviceProblem> {
    let now = context.now();
    let key = present::key(&asked.what.presence);
    let tombstone = now.plus_seconds(3600);
    let Consumed::First(bytes) = context.ephemera.consume(&key, now, tombstone).await? else {
        return Err(UNKNOWN);
    };
    let presence: Presence =
        serde_json::from_slice(&bytes).map_err(|error| Problem::Fault(error.to_string()))?;
    if presence.terminal == asked.name && now < presence.expires_at {
        Ok(presence)
    } else {
        Err(UNKNOWN)
    }
}

/// A session for this transaction alone. Its secret leaves nobody's hands because nobody gets it.
async fn sign_in(
    context: &Context,
    terminal: &str,
    presence: &Presence,
    transaction: &Transaction,
    evidence: &Evidence,
    _genuine: &CardIsGenuine,
) -> Result<SessionId, DeviceProblem> {
    let now = context.now();
    let method = AuthenticationMethod::CardPinless;
    let lifetime = i64::from(context.config.terminal.session_seconds);
    let session = Session {
        id: SessionId::generate(&*context.entropy),
        secret: Secret::generate(&*context.entropy).hash(),
        account: presence.credential.account.clone(),
        credential: presence.credential.id.clone(),
        method,
        // That somebody held the card up says nothing about who they are proofed to be.
        level: context.reach(method, Ial::Zero),
        authenticated_at: now,
        checked_generation: evidence.generation,
        points: context.vault.points_of_account(
            evidence.points.as_ref(),
            &presence.id,
            &presence.credential.account,
        )?,
        expires_at: now.plus_seconds(lifetime).min(evidence.not_after),
        state: SessionState::Active,
        version: 1,
    };
    let mut event = Event::new(
        now,
        Action::SignIn,
        Outcome::Done,
        Actor::Person(Some(session.account.clone())),
    )
    .fact("method", method.as_str())
    .fact("level", format!("{} {}", session.level.ial, session.level.aal))
    .fact("generation", evidence.generation.to_string())
    .fact("terminal", terminal);
    event.account = Some(session.account.clone());
    event.session = Some(session.id.clone());
    event.service = Some(transaction.service.clone());
    event.transaction = Some(transaction.id.clone());
    event.trace = vec![
        verdict::step(
            "terminal",
            "terminal_is_approved",
            Verdict::Passed,
            terminal.to_owned(),
        ),
        verdict::step(
            "terminal",
            "a_genuine_card_answered",
            Verdict::Passed,
            String::new(),
        ),
    ];
    let batch = Batch::new()
        .require(Precondition::AccountActive(session.account.clone()))
        .require(Precondition::CredentialActive(session.credential.clone()))
        .write(Write::InsertSingleUse {
            kind: SingleUseKind::DeviceChallenge,
            key: presence.challenge.clone(),
            expires_at: now.plus_seconds(3600),
        })
        .write(Write::InsertSession(session.clone()))
        .event(event);
    match context.ledger.commit(batch).await? {
        CommitOutcome::Committed => {
            metrics::counter!("sign_ins_total").increment(1);
            Ok(session.id)
        }
        CommitOutcome::Conflict(Conflict::Precondition(_)) => Err(present::NOT_POSSIBLE),
        // Ephemera may forget that a presence was taken; the challenge's row does not.
        CommitOutcome::Conflict(Conflict::AlreadyUsed(_)) => Err(UNKNOWN),
        CommitOutcome::Conflict(conflict) => Err(Problem::Fault(format!(
            "a sign-in without PIN could not be written: {conflict:?}"
        ))
        .into()),
    }
}
