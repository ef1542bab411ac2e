//! The consent window: what is shown is what is released.

use actix_web::{HttpResponse, web};
use audit::{Action, Actor, Event, Outcome};
use domain::{Consent, ReleasedAttribute};
use login::{Refusal, Step, Transaction, next_step};
use serde::Deserialize;
use store::{Batch, CommitOutcome, Precondition, Write};

use super::{Rows, parse, proceed, refused, transactions};
use crate::web::context::Context;
use crate::web::error::{Problem, require_form_token};

/// The page.
pub fn page(
    context: &Context,
    transaction: &Transaction,
    rows: &Rows,
    attributes: &[ReleasedAttribute],
) -> Result<HttpResponse, Problem> {
    super::page::consent(context, transaction, rows, attributes)
}

/// The form of the consent page. `attributes` repeats what was shown.
#[derive(Deserialize)]
pub struct ConsentForm {
    token: String,
    decision: String,
    attributes: String,
}

/// `POST /sign-in/{transaction}/consent`.
pub async fn post(mut context: Context, id: web::Path<String>, form: web::Form<ConsentForm>) -> HttpResponse {
    let result = decide(&mut context, &id, &form).await;
    context.answer(result)
}

/// What was shown, as the form carries it.
pub fn shown(attributes: &[ReleasedAttribute]) -> String {
    serde_json::to_string(attributes).unwrap_or_default()
}

async fn decide(context: &mut Context, id: &str, form: &ConsentForm) -> Result<HttpResponse, Problem> {
    require_form_token(context, &form.token)?;
    let mut transaction = transactions::load(context, &parse(id)?).await?;
    let rows = Rows::load(context, &transaction).await?;
    // Only what the dispatcher asks right now can be agreed to: not before the card, not for a suspended service, and not
    // to something else than was shown.
    let step = next_step(&transaction, &rows.standing(context), context.now());
    let Step::Consent(asked) = step else { return proceed(context, transaction).await };
    if form.attributes != shown(&asked) {
        return proceed(context, transaction).await;
    }
    if form.decision != "agree" {
        if let Some(session) = &rows.session {
            let mut event = Event::new(
                context.now(),
                Action::ConsentDeclined,
                Outcome::Done,
                Actor::Person(Some(session.account.clone())),
            );
            event.account = Some(session.account.clone());
            event.service = Some(transaction.service.clone());
            event.transaction = Some(transaction.id.clone());
            context.ledger.commit(Batch::new().event(event)).await?;
        }
        return refused::within(context, &transaction, Refusal::ConsentDeclined).await;
    }
    agree(context, &mut transaction, &rows, asked).await?;
    proceed(context, transaction).await
}

async fn agree(
    context: &Context,
    transaction: &mut Transaction,
    rows: &Rows,
    asked: Vec<ReleasedAttribute>,
) -> Result<(), Problem> {
    let (Some(session), Some(service)) = (&rows.session, &rows.service) else { return Ok(()) };
    let mut event = Event::new(
        context.now(),
        Action::ConsentGiven,
        Outcome::Done,
        Actor::Person(Some(session.account.clone())),
    )
    .fact("attributes", shown(&asked));
    event.account = Some(session.account.clone());
    event.session = Some(session.id.clone());
    event.service = Some(service.id.clone());
    event.transaction = Some(transaction.id.clone());
    let batch = Batch::new()
        .require(Precondition::SessionAt { id: session.id.clone(), version: session.version })
        .require(Precondition::ServiceAt { id: service.id.clone(), version: service.version })
        .write(Write::PutConsent(Consent {
            account: session.account.clone(),
            service: service.id.clone(),
            attributes: asked.clone(),
            given_at: context.now(),
        }))
        .event(event);
    // A lost race changes nothing: the dispatcher looks again and asks again if it must.
    if context.ledger.commit(batch).await? == CommitOutcome::Committed {
        transaction.agreed = Some(asked);
        transactions::save(context, transaction).await?;
    }
    Ok(())
}
