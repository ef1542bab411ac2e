//! To the certificate door: a fresh label for each try, and a waiting page that helps with what only the browser sees.

use actix_web::{HttpResponse, web};
use domain::AttemptId;
use login::{Attempt, DoorFamily, Refusal};
use serde::Deserialize;
use store::{EphemeraKey, EphemeraKind};

use super::{parse, transactions};
use crate::secret::{self, Secret};
use crate::web::context::Context;
use crate::web::error::{Problem, require_form_token};
use crate::web::headers;

/// The form of the sign-in page.
#[derive(Deserialize)]
pub struct AttemptForm {
    csrf: String,
    family: Option<String>,
}

/// `POST /sign-in/{transaction}/card`: begins a try and leads to its waiting page.
pub async fn post(mut context: Context, id: web::Path<String>, form: web::Form<AttemptForm>) -> HttpResponse {
    let result = begin(&mut context, &id, &form).await;
    context.answer(result)
}

async fn begin(context: &mut Context, id: &str, form: &AttemptForm) -> Result<HttpResponse, Problem> {
    require_form_token(context, &form.csrf)?;
    let mut transaction = transactions::load(context, &parse(id)?).await?;
    let now = context.now();
    if now >= transaction.expires_at {
        return super::refused::within(context, &transaction, Refusal::TransactionExpired).await;
    }
    if transaction.attempts >= context.config.session.attempts {
        return super::refused::within(context, &transaction, Refusal::TooManyAttempts).await;
    }
    transaction.attempts += 1;
    transactions::save(context, &transaction).await?;
    let Some(browser) = &context.browser else { return Err(Refusal::TransactionUnknown.into()) };
    let family = match form.family.as_deref() {
        Some("card12") => DoorFamily::Card12,
        _ => DoorFamily::Card,
    };
    let attempt = Attempt {
        id: AttemptId::generate(&*context.entropy),
        transaction: transaction.id.clone(),
        browser: browser.hash(),
        family,
        started_at: now,
    };
    keep(context, &attempt, browser).await?;
    metrics::counter!("attempts_total", "family" => family.as_str()).increment(1);
    Ok(headers::see_other(&format!("/sign-in/{}/waiting/{}", transaction.id, attempt.id)))
}

async fn keep(context: &Context, attempt: &Attempt, browser: &Secret) -> Result<(), Problem> {
    let handle = handle(&attempt.id, browser);
    let key = EphemeraKey::new(EphemeraKind::Attempt, handle.hash().0);
    let bytes = serde_json::to_vec(attempt).map_err(|error| Problem::Fault(error.to_string()))?;
    let until = context.now().plus_seconds(i64::from(context.config.session.transaction_seconds));
    context.ephemera.put(&key, bytes, context.now(), until).await?;
    Ok(())
}

/// The opaque handle of a try: derived from the browser's secret, so the waiting page can be shown again without the
/// secret being stored anywhere.
fn handle(attempt: &AttemptId, browser: &Secret) -> Secret {
    browser.child(&format!("attempt {attempt}"))
}

/// `GET /sign-in/{transaction}/waiting/{attempt}`: the first time it goes on to the door by itself; when the person
/// comes back to it, the try did not reach us, and the page helps.
pub async fn waiting(mut context: Context, path: web::Path<(String, String)>) -> HttpResponse {
    let (transaction, attempt) = path.into_inner();
    let result = show_waiting(&mut context, &transaction, &attempt).await;
    context.answer(result)
}

async fn show_waiting(context: &mut Context, transaction: &str, attempt: &str) -> Result<HttpResponse, Problem> {
    let transaction = transactions::load(context, &parse(transaction)?).await?;
    let attempt: AttemptId = attempt.parse().map_err(|_| Problem::NotFound)?;
    let Some(browser) = context.browser.clone() else { return Err(Refusal::TransactionUnknown.into()) };
    let handle = handle(&attempt, &browser);
    let key = EphemeraKey::new(EphemeraKind::Attempt, handle.hash().0);
    let Some(bytes) = context.ephemera.get(&key, context.now()).await? else {
        return Ok(headers::see_other(&format!("/sign-in/{}", transaction.id)));
    };
    let kept: Attempt = serde_json::from_slice(&bytes).map_err(|error| Problem::Fault(error.to_string()))?;
    let shown = EphemeraKey::new(EphemeraKind::Rate, format!("waiting:{}", secret::hash_of(&[&bytes]).0));
    let window = context.config.session.transaction_seconds;
    let first_time = context.ephemera.count(&shown, context.now(), window).await? == 1;
    let rows = super::Rows::load(context, &transaction).await?;
    if first_time && !transaction.answered {
        let door = context.door_url(kept.family, &kept.id, &handle);
        super::page::waiting(context, &transaction, &rows, &door)
    } else {
        super::page::waiting_retry(context, &transaction, &rows)
    }
}
