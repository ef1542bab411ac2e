//! What the screen shows while a card is used in a device, and how it takes the outcome: by a ticket like the certificate door's, for the
//! browser that began and nobody else.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use login::device::{DeviceAttempt, Stage};
use login::{DoorOutcome, Refusal, Ticket, Transaction};
use store::{EphemeraKey, EphemeraKind};

use super::attempts;
use crate::listeners::door::RETURN_PATH;
use crate::pages::{DevicePage, DeviceStage};
use crate::secret::Secret;
use crate::web::context::Context;
use crate::web::error::Problem;
use crate::web::headers;
use crate::web::login::{Rows, page, parse, refused, transactions};

/// `GET /sign-in/{transaction}/device/{attempt}`.
pub async fn get(mut context: Context, path: web::Path<(String, String)>) -> HttpResponse {
    let (transaction, attempt) = path.into_inner();
    let result = show(&mut context, &transaction, &attempt).await;
    context.answer(result).await
}

async fn show(context: &mut Context, transaction: &str, attempt: &str) -> Result<HttpResponse, Problem> {
    let transaction = transactions::load(context, &parse(transaction)?).await?;
    let id = attempt.parse().map_err(|_| Problem::NotFound)?;
    let attempt = attempts::load(context, &id)
        .await?
        .filter(|attempt| attempt.transaction == transaction.id)
        .filter(|attempt| context.browser_hash().as_ref() == Some(&attempt.browser))
        .ok_or(Problem::NotFound)?;
    let stage = match &attempt.stage {
        Stage::Refused {
            reference: Some(reference),
            ..
        } => {
            let page = format!("/sign-in/{}/refused/{reference}", transaction.id);
            return Ok(headers::see_other(&page));
        }
        Stage::Refused { refusal, .. } => return refused::within(context, &transaction, *refusal).await,
        Stage::Ready { evidence, trace } => {
            let outcome = DoorOutcome::Proven((**evidence).clone());
            return take(context, &attempt, outcome, trace.clone()).await;
        }
        Stage::Taken => return Ok(headers::see_other(&format!("/sign-in/{}", transaction.id))),
        _ if attempt.is_late(context.now()) => {
            return refused::within(context, &transaction, Refusal::DeviceTooLate).await;
        }
        Stage::Offered => DeviceStage::Code(attempt.code.clone()),
        Stage::Challenged { .. } => DeviceStage::Waiting,
        Stage::Unconfirmed { number, .. } => DeviceStage::Number(number.clone()),
    };
    draw(context, &transaction, &attempt, stage).await
}

async fn draw(
    context: &Context,
    transaction: &Transaction,
    attempt: &DeviceAttempt,
    stage: DeviceStage,
) -> Result<HttpResponse, Problem> {
    let rows = Rows::load(context, transaction).await?;
    let page = DevicePage {
        frame: context.frame(),
        service_name: page::service_name(&rows),
        stage,
        here: format!("/sign-in/{}/device/{}", transaction.id, attempt.id),
        cancel: Some(page::cancel(context, transaction)),
    };
    Ok(headers::page(
        StatusCode::OK,
        context.render(&page)?,
        &page::targets(transaction)?,
    ))
}

/// Hangs the outcome on a ticket. A screen that is reloaded may get a second one, but the try behind them signs in once (decided in
/// the Ledger).
async fn take(
    context: &Context,
    attempt: &DeviceAttempt,
    outcome: DoorOutcome,
    trace: String,
) -> Result<HttpResponse, Problem> {
    let now = context.now();
    let expires_at = now.plus_seconds(i64::from(context.config.session.ticket_seconds));
    let ticket = Ticket {
        attempt: attempt.attempt(),
        outcome,
        trace,
        expires_at,
    };
    let secret = Secret::generate(&*context.entropy);
    let key = EphemeraKey::new(EphemeraKind::Ticket, secret.hash().0);
    let bytes = serde_json::to_vec(&ticket).map_err(|error| Problem::Fault(error.to_string()))?;
    context.ephemera.put(&key, bytes, now, expires_at).await?;
    let mut taken = attempt.clone();
    taken.stage = Stage::Taken;
    attempts::save(context, &taken).await?;
    Ok(headers::see_other(&format!(
        "{RETURN_PATH}?t={}",
        secret.reveal()
    )))
}
