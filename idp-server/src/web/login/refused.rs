//! Refusals within a sign-in: on record with a reference, shown to the person who began, told to the service in one word.

use actix_web::{HttpResponse, web};
use audit::{Action, Actor, Event, Outcome, TraceStep};
use domain::{Reference, ServiceState, TransactionId};
use login::{Refusal, ServiceAnswer, Transaction};
use serde::{Deserialize, Serialize};
use store::{Batch, CommitOutcome, EphemeraKey, EphemeraKind};

use super::{desk, parse, reply, transactions};
use crate::exchanges::sign_in as exchanges;
use crate::web::account::sign_in;
use crate::web::context::Context;
use crate::web::error::{Problem, Refused, Way, require_form_token};

/// What is kept of a refusal: for the page and, behind the reference, for the operator.
#[derive(Debug, Deserialize, Serialize)]
pub struct RefusalRecord {
    /// What was refused.
    pub refusal: Refusal,
    /// When.
    pub at: domain::Timestamp,
    /// Within which transaction.
    pub transaction: Option<TransactionId>,
    /// Asked by which service.
    pub service: Option<domain::ServiceId>,
    /// The chain of decisions.
    pub trace: Vec<TraceStep>,
}

/// How long a refusal can be opened when nothing durable was written about it. Strangers can cause such records, so not for long.
const KEPT_SECONDS: i64 = 2 * 3600;

/// Puts a refusal at the card on record. When a real certificate was proven it is an outcome, and goes to the audit durably; anything
/// that a stranger can make up, a certificate of their own included, is kept for two hours in Ephemera, so that strangers cannot make
/// us write.
pub async fn record(
    context: &Context,
    transaction: &Transaction,
    refusal: Refusal,
    trace: &str,
) -> Result<Reference, Problem> {
    let trace = desk::steps(trace);
    let reference = Reference::generate(&*context.entropy);
    if is_of_a_real_certificate(&trace) {
        audit(context, &reference, Some(transaction), refusal, &trace).await?;
    }
    put(context, &reference, Some(transaction), refusal, trace).await?;
    Ok(reference)
}

/// Whether the door saw possession of a certificate that a pinned CA signed: not to be had without a card.
fn is_of_a_real_certificate(trace: &[TraceStep]) -> bool {
    trace
        .iter()
        .any(|step| step.rule == "a_pinned_ca_signed_it" && step.verdict == audit::Verdict::Passed)
}

async fn audit(
    context: &Context,
    reference: &Reference,
    transaction: Option<&Transaction>,
    refusal: Refusal,
    trace: &[TraceStep],
) -> Result<(), Problem> {
    let outcome = Outcome::Refused {
        code: refusal.code().to_owned(),
    };
    let mut event = Event::new(context.now(), Action::SignIn, outcome, Actor::Person(None));
    if let Refusal::Revoked(reason) = refusal {
        event = event.fact("reason", reason.as_str());
    }
    event.service = transaction.map(|transaction| transaction.service.clone());
    event.transaction = transaction.map(|transaction| transaction.id.clone());
    event.reference = Some(reference.clone());
    event.trace = trace.to_vec();
    match context.ledger.commit(Batch::new().event(event)).await? {
        CommitOutcome::Committed => Ok(()),
        CommitOutcome::Conflict(conflict) => Err(Problem::Fault(format!(
            "a refusal could not be recorded: {conflict:?}"
        ))),
    }
}

/// Keeps the record that the page is drawn from, within the share of records that one address may cause: over it the page stands, and its
/// reference opens nothing.
pub async fn keep(
    context: &Context,
    reference: &Reference,
    transaction: Option<&Transaction>,
    refusal: Refusal,
    trace: Vec<TraceStep>,
) -> Result<(), Problem> {
    if context.may_begin().is_err() {
        metrics::counter!("refusal_records_left_out_total").increment(1);
        return Ok(());
    }
    put(context, reference, transaction, refusal, trace).await
}

/// Keeps the record that the page is drawn from.
async fn put(
    context: &Context,
    reference: &Reference,
    transaction: Option<&Transaction>,
    refusal: Refusal,
    trace: Vec<TraceStep>,
) -> Result<(), Problem> {
    if let Some(transaction) = transaction {
        exchanges::refused(context, transaction, refusal, reference);
    }
    let record = RefusalRecord {
        refusal,
        at: context.now(),
        transaction: transaction.map(|transaction| transaction.id.clone()),
        service: transaction.map(|transaction| transaction.service.clone()),
        trace,
    };
    let bytes = serde_json::to_vec(&record).map_err(|error| Problem::Fault(error.to_string()))?;
    let key = EphemeraKey::new(EphemeraKind::RefusalTrace, reference.as_str());
    context
        .ephemera
        .put(
            &key,
            bytes,
            context.now(),
            context.now().plus_seconds(KEPT_SECONDS),
        )
        .await?;
    Ok(())
}

/// A refusal by the dispatcher. One that must not show a page is answered to the service at once.
pub async fn within(
    context: &mut Context,
    transaction: &Transaction,
    refusal: Refusal,
) -> Result<HttpResponse, Problem> {
    let answers_at_once = matches!(
        refusal,
        Refusal::LoginRequired | Refusal::ConsentRequired | Refusal::ConsentDeclined | Refusal::Cancelled
    ) || (super::forbids_pages(transaction)
        && refusal.service_answer() != ServiceAnswer::Silence);
    if answers_at_once {
        return reply::refuse(context, transaction, refusal).await;
    }
    let reference = Reference::generate(&*context.entropy);
    let trace = vec![failed("next_step", refusal.code())];
    keep(context, &reference, Some(transaction), refusal, trace).await?;
    let way = way_on(context, transaction, refusal).await?;
    Err(Problem::Refused(Box::new(Refused {
        refusal,
        reference: Some(reference),
        way,
    })))
}

/// A refusal of a ticket that the door did issue. There is no way on: whoever brings it may not be the person who began.
pub async fn of_ticket(context: &Context, refusal: Refusal, door: &str) -> Problem {
    let mut trace = desk::steps(door);
    trace.push(failed("ticket_is_redeemable", refusal.code()));
    let reference = Reference::generate(&*context.entropy);
    // A real card, and another browser than the one that began: the trace of phishing, for auditors.
    if is_of_a_real_certificate(&trace)
        && let Err(problem) = audit(context, &reference, None, refusal, &trace).await
    {
        return problem;
    }
    match keep(context, &reference, None, refusal, trace).await {
        Ok(()) => Problem::Refused(Box::new(Refused {
            refusal,
            reference: Some(reference),
            way: None,
        })),
        Err(problem) => problem,
    }
}

/// A reference for a refusal outside any transaction, kept like the others; none if the store does not answer.
pub async fn reference_of(context: &Context, refusal: Refusal) -> Option<Reference> {
    let reference = Reference::generate(&*context.entropy);
    let trace = vec![failed("request_belongs_to_a_sign_in", refusal.code())];
    keep(context, &reference, None, refusal, trace)
        .await
        .ok()
        .map(|()| reference)
}

fn failed(rule: &str, detail: &str) -> TraceStep {
    TraceStep {
        room: "login".to_owned(),
        rule: rule.to_owned(),
        verdict: audit::Verdict::Failed,
        detail: detail.to_owned(),
    }
}

/// The way on: only while the service may still be answered.
async fn way_on(
    context: &Context,
    transaction: &Transaction,
    refusal: Refusal,
) -> Result<Option<Way>, Problem> {
    let service = sign_in::asking(context, transaction).await?;
    let answerable = !transaction.answered && refusal.service_answer() != ServiceAnswer::Silence;
    let Some(service) = service.filter(|s| answerable && s.state == ServiceState::Active) else {
        return Ok(None);
    };
    let in_time = context.now() < transaction.expires_at;
    let may_retry = in_time
        && !matches!(
            refusal,
            Refusal::TooManyAttempts | Refusal::LevelUnreachable | Refusal::EnrolmentRequired
        );
    Ok(Some(Way {
        transaction: transaction.id.clone(),
        service_name: service.name,
        destination: reply::Continuation::of(transaction)?
            .destination()
            .map(str::to_owned),
        may_retry,
    }))
}

/// `GET /sign-in/{transaction}/refused/{reference}`: the page, for the browser that began.
pub async fn get(mut context: Context, path: web::Path<(String, String)>) -> HttpResponse {
    let (transaction, reference) = path.into_inner();
    let result = show(&mut context, &transaction, &reference).await;
    context.answer(result).await
}

async fn show(context: &mut Context, transaction: &str, reference: &str) -> Result<HttpResponse, Problem> {
    let transaction = transactions::load(context, &parse(transaction)?).await?;
    let reference: Reference = reference.parse().map_err(|_| Problem::NotFound)?;
    let key = EphemeraKey::new(EphemeraKind::RefusalTrace, reference.as_str());
    let record: RefusalRecord = context
        .ephemera
        .get(&key, context.now())
        .await?
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or(Problem::NotFound)?;
    if record.transaction.as_ref() != Some(&transaction.id) {
        return Err(Problem::NotFound);
    }
    let way = way_on(context, &transaction, record.refusal).await?;
    Err(Problem::Refused(Box::new(Refused {
        refusal: record.refusal,
        reference: Some(reference),
        way,
    })))
}

/// The form of the buttons that lead back to the service.
#[derive(Deserialize)]
pub struct ReturnForm {
    csrf: String,
}

/// `POST /sign-in/{transaction}/return`: back to the service, which learns only that authentication failed.
pub async fn post(mut context: Context, id: web::Path<String>, form: web::Form<ReturnForm>) -> HttpResponse {
    let result = async {
        require_form_token(&context, &form.csrf)?;
        let transaction = transactions::load(&mut context, &parse(&id)?).await?;
        reply::fail(&mut context, &transaction, ServiceAnswer::AuthenticationFailed).await
    }
    .await;
    context.answer(result).await
}

/// `POST /sign-in/{transaction}/cancel`: the person does not want to sign in.
pub async fn cancel(
    mut context: Context,
    id: web::Path<String>,
    form: web::Form<ReturnForm>,
) -> HttpResponse {
    let result = async {
        require_form_token(&context, &form.csrf)?;
        let transaction = transactions::load(&mut context, &parse(&id)?).await?;
        within(&mut context, &transaction, Refusal::Cancelled).await
    }
    .await;
    context.answer(result).await
}
