//! To the certificate door: a fresh label for each try. The page that was clicked stays visible while the browser's dialog and the
//! PIN happen; when the person comes back to it, the try did not reach us, and the page helps
//! (`docs/decisions/0001-certificate-door-spike.md`).

use actix_web::{HttpResponse, web};
use domain::AttemptId;
use login::{Attempt, DoorFamily, Refusal, Transaction};
use serde::Deserialize;
use store::{EphemeraKey, EphemeraKind};

use super::{parse, transactions};
use crate::pages::fields;
use crate::secret::Secret;
use crate::web::context::Context;
use crate::web::error::{Problem, require_form_token};
use crate::web::headers;

/// The form of the sign-in page.
#[derive(Deserialize)]
pub struct AttemptForm {
    csrf: String,
    family: Option<String>,
}

/// `POST /sign-in/{transaction}/card`: begins a try and leads to the door.
pub async fn post(mut context: Context, id: web::Path<String>, form: web::Form<AttemptForm>) -> HttpResponse {
    let result = begin(&mut context, &id, &form).await;
    context.answer(result).await
}

/// `POST /sign-in/{transaction}/anew`: a person who left wants to begin anew, and uses the card once more.
pub async fn anew(mut context: Context, id: web::Path<String>, form: web::Form<AttemptForm>) -> HttpResponse {
    let result = async {
        require_form_token(&context, &form.csrf)?;
        let mut transaction = transactions::load(&mut context, &parse(&id)?).await?;
        transaction.anew.clone_from(&transaction.left);
        transactions::save(&context, &transaction).await?;
        begin(&mut context, &id, &form).await
    }
    .await;
    context.answer(result).await
}

/// Why no further try may begin within a transaction.
pub fn no_further_try(context: &Context, transaction: &Transaction) -> Option<Refusal> {
    if context.now() >= transaction.expires_at {
        Some(Refusal::TransactionExpired)
    } else if transaction.answered {
        Some(Refusal::TransactionAnswered)
    } else if transaction.attempts >= context.config.session.attempts {
        Some(Refusal::TooManyAttempts)
    } else {
        None
    }
}

async fn begin(context: &mut Context, id: &str, form: &AttemptForm) -> Result<HttpResponse, Problem> {
    require_form_token(context, &form.csrf)?;
    let mut transaction = transactions::load(context, &parse(id)?).await?;
    let now = context.now();
    if let Some(refusal) = no_further_try(context, &transaction) {
        return super::refused::within(context, &transaction, refusal).await;
    }
    transaction.attempts += 1;
    let Some(browser) = context.browser_hash() else {
        return Err(Refusal::TransactionUnknown.into());
    };
    let family = match form.family.as_deref() {
        Some(fields::FAMILY_CARD12) => DoorFamily::Card12,
        _ => DoorFamily::Card,
    };
    let attempt = Attempt {
        id: AttemptId::generate(&*context.entropy),
        transaction: transaction.id.clone(),
        browser,
        family: Some(family),
        started_at: now,
    };
    let handle = Secret::generate(&*context.entropy);
    let key = EphemeraKey::new(EphemeraKind::Attempt, handle.hash().0);
    let bytes = serde_json::to_vec(&attempt).map_err(|error| Problem::Fault(error.to_string()))?;
    let until = now.plus_seconds(i64::from(context.config.session.transaction_seconds));
    // Asked together, the two become one transaction of the store. Nobody has the handle before both are kept.
    let (counted, kept) = tokio::join!(
        transactions::save(context, &transaction),
        context.ephemera.put(&key, bytes, now, until)
    );
    counted?;
    kept?;
    metrics::counter!("attempts_total", "family" => family.as_str()).increment(1);
    Ok(headers::see_other(&context.door_url(
        family,
        &attempt.id,
        &handle,
    )))
}
