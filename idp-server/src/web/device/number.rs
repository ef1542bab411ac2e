//! The page that asks for the number, for a device that does not ask itself: a phone opens it after the card has signed.
//!
//! Whoever opens it shows a token that only the reader was told; it stands in for the form token too, because the page belongs to
//! the try and not to a browser of ours.

use actix_web::{HttpResponse, web};
use login::device::{DeviceAttempt, Stage};
use serde::Deserialize;
use store::{EphemeraKey, EphemeraKind};
use subtle::ConstantTimeEq;

use super::{DeviceProblem, attempts, progress};
use crate::pages::{DeviceNumberPage, PostForm, fields};
use crate::secret::{Secret, hash_of};
use crate::web::context::Context;
use crate::web::error::{Problem, own_page};
use crate::web::login::transactions;

/// The page's token: from the reader's secret, and no way back to it.
pub(super) fn token(reader: &Secret) -> String {
    reader.derived("device number page")
}

/// Keeps what the token is checked against, by the try's name.
pub(super) async fn open(context: &Context, attempt: &DeviceAttempt, reader: &Secret) -> Result<(), Problem> {
    let hash = hash_of(&[token(reader).as_bytes()]).0;
    let until = attempt
        .begun_at
        .plus_seconds(i64::from(context.config.session.transaction_seconds));
    context
        .ephemera
        .put(&key(attempt), hash.into_bytes(), context.now(), until)
        .await?;
    Ok(())
}

fn key(attempt: &DeviceAttempt) -> EphemeraKey {
    EphemeraKey::new(EphemeraKind::DeviceCode, format!("page:{}", attempt.id))
}

/// The query of the page.
#[derive(Deserialize)]
pub struct NumberQuery {
    t: Option<String>,
}

/// `GET /device/number/{attempt}?t=…`.
pub async fn get(context: Context, id: web::Path<String>, query: web::Query<NumberQuery>) -> HttpResponse {
    let token = query.t.clone().unwrap_or_default();
    let result = async {
        let attempt = of_page(&context, &id, &token).await?;
        let ask = matches!(attempt.stage, Stage::Unconfirmed { .. });
        match &attempt.stage {
            Stage::Refused { refusal, .. } => Err((*refusal).into()),
            _ => draw(&context, &attempt, ask.then_some(token)).await,
        }
    }
    .await;
    context.answer(result).await
}

/// The forms of the page.
#[derive(Deserialize)]
pub struct NumberForm {
    csrf: String,
    number: Option<String>,
    decision: Option<String>,
}

/// `POST /device/number/{attempt}`.
pub async fn post(context: Context, id: web::Path<String>, form: web::Form<NumberForm>) -> HttpResponse {
    let result = async {
        if context.is_from_elsewhere() {
            return Err(Problem::ForeignForm);
        }
        let mut attempt = of_page(&context, &id, &form.csrf).await?;
        let disowned = form.decision.as_deref() == Some(fields::DECISION_DECLINE);
        let typed = form.number.as_deref().filter(|_| !disowned);
        match progress::confirm(&context, &mut attempt, typed).await {
            Ok(()) => draw(&context, &attempt, None).await,
            Err(DeviceProblem::Refused { refusal, reference }) => {
                Err(Problem::Refused(Box::new(crate::web::error::Refused {
                    refusal,
                    reference,
                    way: None,
                })))
            }
            Err(DeviceProblem::Other(problem)) => Err(problem),
            Err(_) => Err(Problem::NotFound),
        }
    }
    .await;
    context.answer(result).await
}

async fn of_page(context: &Context, id: &str, token: &str) -> Result<DeviceAttempt, Problem> {
    let id = id.parse().map_err(|_| Problem::NotFound)?;
    let attempt = attempts::load(context, &id).await?.ok_or(Problem::NotFound)?;
    let kept = context
        .ephemera
        .get(&key(&attempt), context.now())
        .await?
        .unwrap_or_default();
    let brought = hash_of(&[token.as_bytes()]).0;
    if !kept.is_empty() && bool::from(kept.ct_eq(brought.as_bytes())) {
        return Ok(attempt);
    }
    context.may_begin()?;
    Err(Problem::NotFound)
}

async fn draw(
    context: &Context,
    attempt: &DeviceAttempt,
    ask: Option<String>,
) -> Result<HttpResponse, Problem> {
    let transaction = transactions::stored(context, &attempt.transaction).await?;
    let service = context
        .ledger
        .service(&transaction.service)
        .await?
        .ok_or(Problem::NotFound)?;
    let page = DeviceNumberPage {
        frame: context.frame(),
        service_name: service.name,
        ask: ask.map(|token| PostForm {
            url: format!("/device/number/{}", attempt.id),
            csrf: token,
        }),
    };
    Ok(own_page(context.render(&page)?))
}
