//! A try begins: by the device that began the sign-in itself, or at a screen that shows a code.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::TransactionId;
use login::Refusal;
use login::challenge::{Channel, SessionAt};
use login::device::DeviceAttempt;
use serde::{Deserialize, Serialize};

use super::{DeviceProblem, attempts, problem, wire};
use crate::web::context::Context;
use crate::web::error::{Problem, require_form_token};
use crate::web::headers;
use crate::web::login::parse;

/// What the device sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    transaction: TransactionId,
    channel: Channel,
}

/// What a reader is given.
#[derive(Serialize)]
pub(super) struct Given<'a> {
    attempt: &'a str,
    device_secret: &'a str,
    /// base64url of the octets that the card signs.
    challenge: String,
    /// The same for showing.
    challenge_text: String,
    session_at: &'static str,
    algorithms: Vec<&'static str>,
    expires_in: u32,
    interval: u32,
}

impl<'a> Given<'a> {
    pub(super) fn new(context: &Context, attempt: &'a DeviceAttempt, issued: &'a attempts::Issued) -> Self {
        Self {
            attempt: attempt.id.as_str(),
            device_secret: issued.secret.reveal(),
            challenge: wire::base64url(&issued.octets),
            challenge_text: String::from_utf8_lossy(&issued.octets).into_owned(),
            session_at: attempt.session_at.as_str(),
            algorithms: jpki::StatementAlgorithm::ALL
                .map(jpki::StatementAlgorithm::as_str)
                .to_vec(),
            expires_in: context.config.device.challenge_seconds,
            interval: context.config.device.interval_seconds.get(),
        }
    }
}

/// `POST /device/attempts`: the device is the browser that began the sign-in, and brings its cookie.
pub async fn post(mut context: Context, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let result = begin(&mut context, &request, payload).await;
    problem::answer(&context, result)
}

async fn begin(
    context: &mut Context,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, DeviceProblem> {
    context.may_begin()?;
    let asked: Begin = wire::read(request, payload).await?;
    // The one who names the transaction must be the browser that began it, and not become it here.
    if context.browser.is_none() {
        return Err(Refusal::TransactionUnknown.into());
    }
    let (mut attempt, transaction, rows) =
        attempts::begin(context, &asked.transaction, SessionAt::ThisDevice).await?;
    let service = rows.service.ok_or(Refusal::ServiceUnknown)?;
    let issued = attempts::issue(
        context,
        &mut attempt,
        asked.channel,
        (transaction.service, service.name),
    )
    .await?;
    wire::json(StatusCode::CREATED, &Given::new(context, &attempt, &issued))
}

/// The form of the sign-in page.
#[derive(Deserialize)]
pub struct ScreenForm {
    csrf: String,
}

/// `POST /sign-in/{transaction}/device`: this browser becomes the screen of a try with another device.
pub async fn at_screen(
    mut context: Context,
    id: web::Path<String>,
    form: web::Form<ScreenForm>,
) -> HttpResponse {
    let result = show_code(&mut context, &id, &form).await;
    context.answer(result).await
}

async fn show_code(context: &mut Context, id: &str, form: &ScreenForm) -> Result<HttpResponse, Problem> {
    require_form_token(context, &form.csrf)?;
    let (mut attempt, transaction, _) = attempts::begin(context, &parse(id)?, SessionAt::OtherScreen).await?;
    attempts::offer(context, &mut attempt).await?;
    Ok(headers::see_other(&format!(
        "/sign-in/{}/device/{}",
        transaction.id, attempt.id
    )))
}
