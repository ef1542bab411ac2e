//! Back from the certificate door: redeem the ticket with the browser that began, once.

use actix_web::{HttpResponse, web};
use domain::TokenHash;
use login::{DoorOutcome, Refusal, Ticket, TicketRefusal, redeemable};
use serde::Deserialize;
use store::{Consumed, EphemeraKey, EphemeraKind};

use super::{desk, refused, transactions};
use crate::secret::Secret;
use crate::web::context::{Context, with_cookie};
use crate::web::error::Problem;
use crate::web::{cookies, headers};

/// The query of the return.
#[derive(Deserialize)]
pub struct ReturnQuery {
    t: Option<String>,
}

/// `GET /card/return?t=…`: a clean URL follows at once, whatever happened.
pub async fn get(mut context: Context, query: web::Query<ReturnQuery>) -> HttpResponse {
    let secret = query.t.as_deref().and_then(Secret::parse);
    let result = match secret {
        Some(secret) => redeem(&mut context, &secret).await,
        None => Err(Refusal::TicketExpired.into()),
    };
    context.answer(result).await
}

/// What is used once: the ticket, or the try at a device that may have hung on more than one (its screen may be reloaded).
fn used_once(ticket: &Ticket, name: TokenHash) -> TokenHash {
    match ticket.attempt.family {
        Some(_) => name,
        None => TokenHash(format!("device:{}", ticket.attempt.id)),
    }
}

async fn redeem(context: &mut Context, secret: &Secret) -> Result<HttpResponse, Problem> {
    let now = context.now();
    let name = secret.hash();
    let key = EphemeraKey::new(EphemeraKind::Ticket, name.0.clone());
    let tombstone = now.plus_seconds(i64::from(context.config.session.lifetime_seconds));
    let bytes = match context.ephemera.consume(&key, now, tombstone).await? {
        Consumed::First(bytes) => bytes,
        Consumed::Again => return Err(refused::of_ticket(context, Refusal::TicketUsed, "").await),
        Consumed::Unknown => return Err(Refusal::TicketExpired.into()),
    };
    let ticket: Ticket = serde_json::from_slice(&bytes).map_err(|error| Problem::Fault(error.to_string()))?;
    match redeemable(&ticket, context.browser_hash().as_ref(), now) {
        Ok(()) => {}
        Err(TicketRefusal::OtherBrowser) => {
            return Err(refused::of_ticket(context, Refusal::TicketOtherBrowser, &ticket.trace).await);
        }
        Err(TicketRefusal::Expired) => {
            let transaction = transactions::load(context, &ticket.attempt.transaction).await?;
            return refused::within(context, &transaction, Refusal::TicketExpired).await;
        }
    }
    let mut transaction = transactions::load(context, &ticket.attempt.transaction).await?;
    if transaction.answered {
        return refused::within(context, &transaction, Refusal::TransactionAnswered).await;
    }
    if now >= transaction.expires_at {
        return refused::within(context, &transaction, Refusal::TransactionExpired).await;
    }
    let clean = format!("/sign-in/{}", transaction.id);
    match &ticket.outcome {
        DoorOutcome::Refused(refusal) => {
            let reference = refused::record(context, &transaction, *refusal, &ticket.trace).await?;
            Ok(headers::see_other(&format!("{clean}/refused/{reference}")))
        }
        DoorOutcome::Proven(evidence) => {
            match desk::sign_in(
                context,
                &mut transaction,
                &ticket,
                evidence,
                &used_once(&ticket, name),
            )
            .await?
            {
                desk::SignedIn::Session { id, secret } => {
                    transaction.authenticated = Some(id);
                    transactions::save(context, &transaction).await?;
                    Ok(with_cookie(
                        headers::see_other(&clean),
                        &cookies::session(&secret),
                    ))
                }
                desk::SignedIn::Refused(reference) => {
                    Ok(headers::see_other(&format!("{clean}/refused/{reference}")))
                }
            }
        }
    }
}
