//! A device claims the code that a screen shows.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use login::Refusal;
use login::challenge::Channel;
use serde::Deserialize;

use super::begin::Given;
use super::{DeviceProblem, attempts, problem, wire};
use crate::web::context::Context;
use crate::web::login::transactions;

/// What the device sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    code: String,
    channel: Channel,
}

/// `POST /device/claims`.
pub async fn post(context: Context, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let result = claim(&context, &request, payload).await;
    problem::answer(&context, result)
}

async fn claim(
    context: &Context,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, DeviceProblem> {
    context.may_begin()?;
    let asked: Claim = wire::read(request, payload).await?;
    let mut attempt = attempts::claim(context, &asked.code).await?;
    let transaction = transactions::stored(context, &attempt.transaction).await?;
    let service = context
        .ledger
        .service(&transaction.service)
        .await?
        .ok_or(Refusal::ServiceUnknown)?;
    let issued = attempts::issue(context, &mut attempt, asked.channel, (service.id, service.name)).await?;
    wire::json(StatusCode::CREATED, &Given::new(context, &attempt, &issued))
}
