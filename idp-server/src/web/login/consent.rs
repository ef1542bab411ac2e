//! The consent window: what is shown is what is released.

use actix_web::{HttpResponse, web};
use audit::{Action, Actor, Event, Outcome};
use domain::{Consent, ReleasedAttribute, SessionId};
use login::{Agreement, Refusal, Step, Transaction, next_step};
use serde::Deserialize;
use store::{Batch, CommitOutcome, Precondition, Write};

use super::{Rows, parse, proceed, refused, transactions};
use crate::pages::fields;
use crate::web::context::Context;
use crate::web::error::Problem;
use crate::web::oidc::device_authorization;

/// The form's purpose names what was shown, and to whom: agreeing to one list is not agreeing to another, and one person's page does not
/// agree for the next person in this browser.
pub fn purpose(transaction: &Transaction, session: &SessionId, shown: &[ReleasedAttribute]) -> String {
    format!("consent {} {session} {}", transaction.id, list(shown))
}

fn list(attributes: &[ReleasedAttribute]) -> String {
    serde_json::to_string(attributes).unwrap_or_default()
}

/// The form of the consent page.
#[derive(Deserialize)]
pub struct ConsentForm {
    csrf: String,
    decision: String,
    /// The number that a device shows, where one asks.
    number: Option<String>,
}

/// `POST /sign-in/{transaction}/consent`.
pub async fn post(mut context: Context, id: web::Path<String>, form: web::Form<ConsentForm>) -> HttpResponse {
    let result = decide(&mut context, &id, &form).await;
    context.answer(result).await
}

async fn decide(context: &mut Context, id: &str, form: &ConsentForm) -> Result<HttpResponse, Problem> {
    let mut transaction = transactions::load(context, &parse(id)?).await?;
    let rows = Rows::load(context, &transaction).await?;
    // Only what the dispatcher asks right now can be agreed to: not before the card, not for a suspended service, and not
    // to something else than was shown.
    let step = next_step(&transaction, &rows.standing(context), context.now());
    let Step::Consent(asked) = step else {
        return proceed(context, transaction).await;
    };
    let Some(asked_of) = rows.session.as_ref().map(|session| session.id.clone()) else {
        return proceed(context, transaction).await;
    };
    if !context.form_token_matches(&purpose(&transaction, &asked_of, &asked), &form.csrf) {
        return Err(Problem::ForeignForm);
    }
    if form.decision != fields::DECISION_AGREE {
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
    if let Some(answer) =
        device_authorization::answer::pick(context, &mut transaction, &rows, form.number.as_deref()).await?
    {
        return Ok(answer);
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
    let (Some(session), Some(service)) = (&rows.session, &rows.service) else {
        return Ok(());
    };
    let mut event = Event::new(
        context.now(),
        Action::ConsentGiven,
        Outcome::Done,
        Actor::Person(Some(session.account.clone())),
    )
    .fact("attributes", list(&asked));
    event.account = Some(session.account.clone());
    event.session = Some(session.id.clone());
    event.service = Some(service.id.clone());
    event.transaction = Some(transaction.id.clone());
    // What was agreed to before, for another request, stays agreed to: a request that asks for less ends nothing that rests on it. What
    // the service is registered for no more is let go.
    let mut attributes = asked.clone();
    let before = rows.consent.iter().flat_map(|consent| &consent.attributes);
    attributes.extend(
        before
            .filter(|known| !asked.contains(known) && service.released_attributes.contains(known))
            .copied(),
    );
    let batch = Batch::new()
        .require(Precondition::SessionAt {
            id: session.id.clone(),
            version: session.version,
        })
        .require(Precondition::ServiceAt {
            id: service.id.clone(),
            version: service.version,
        })
        .write(Write::PutConsent(Consent {
            account: session.account.clone(),
            service: service.id.clone(),
            attributes,
            given_at: context.now(),
        }))
        .event(event);
    // A lost race changes nothing: the dispatcher looks again and asks again if it must.
    if context.ledger.commit(batch).await? == CommitOutcome::Committed {
        transaction.agreed = Some(Agreement {
            session: session.id.clone(),
            attributes: asked,
        });
        transactions::save(context, transaction).await?;
    }
    Ok(())
}
