//! What a person answers to a device: the number that it shows and a yes, or a no.
//!
//! A person answers once, whatever number of forms is sent at once and whatever Ephemera forgets: the answer's unique insert in the Ledger
//! comes before anything follows from it (`docs/decisions/0028`).

use actix_web::{HttpResponse, web};
use audit::{Action, Actor, Event, Outcome};
use domain::{AuthorizationGrant, GrantId, GrantTerms, Localized, Timestamp, TokenHash};
use login::{Permit, Transaction};
use oidc::device_authorization::DeviceFault;
use oidc::grants::device_code::{GRANT_TYPE, no_challenge};
use store::{Batch, CommitOutcome, Record, RecordKind, SingleUseKind, Write};

use super::{Continuation, Ending, held};
use crate::pages::{DeviceEndPage, DeviceEnding, DeviceMatch};
use crate::web::context::Context;
use crate::web::error::{Problem, own_page};
use crate::web::headers;
use crate::web::login::reply::{self, Prepared};
use crate::web::login::{Rows, parse, transactions};
use crate::web::oidc::provider_facts;

/// Seconds that a device has at least for fetching what was agreed to at the last moment.
const TO_FETCH: i64 = 60;

fn of(transaction: &Transaction) -> Result<Option<Continuation>, Problem> {
    Ok(match reply::Continuation::of(transaction)? {
        reply::Continuation::Device(continuation) => Some(continuation),
        _ => None,
    })
}

/// What the page of agreement shows of the device, where one asks.
pub async fn shown(context: &Context, transaction: &Transaction) -> Result<Option<DeviceMatch>, Problem> {
    let Some(continuation) = of(transaction)? else {
        return Ok(None);
    };
    let asked = held::load(context, &continuation.code).await?;
    // Where the ask was lost there is nothing to pick, and the answer is that it is over.
    Ok(Some(match asked {
        Some(asked) => DeviceMatch {
            choices: asked.numbers.choices().to_vec(),
            asked_at: asked.asked_at,
        },
        None => DeviceMatch {
            choices: Vec::new(),
            asked_at: transaction.created_at,
        },
    }))
}

/// Holds a person's yes against the device, before it counts. `None`: nobody but a browser is to be answered, or the number is right.
pub async fn pick(
    context: &Context,
    transaction: &mut Transaction,
    rows: &Rows,
    picked: Option<&str>,
) -> Result<Option<HttpResponse>, Problem> {
    let (Some(mut continuation), Some(session)) = (of(transaction)?, &rows.session) else {
        return Ok(None);
    };
    if continuation.matched.as_ref() == Some(&session.id) {
        return Ok(None);
    }
    let asked = held::load(context, &continuation.code).await?;
    let verdict = asked.as_ref().map_or(Err(DeviceFault::Expired), |asked| {
        asked.pick(&transaction.id, picked.unwrap_or_default(), context.now())
    });
    let outcome = verdict.map_or_else(
        |fault| Outcome::Refused {
            code: fault.code().to_owned(),
        },
        |()| Outcome::Done,
    );
    let mut event = Event::new(
        context.now(),
        Action::DeviceNumberPicked,
        outcome,
        Actor::Person(Some(session.account.clone())),
    );
    event.account = Some(session.account.clone());
    event.session = Some(session.id.clone());
    event.service = Some(transaction.service.clone());
    event.transaction = Some(transaction.id.clone());
    let first = spend(context, &continuation.code, Some(event)).await?;
    let ending = match verdict {
        Ok(()) if first => {
            metrics::counter!("device_numbers_total", "picked" => "right").increment(1);
            continuation.matched = Some(session.id.clone());
            keep(context, transaction, continuation).await?;
            return Ok(None);
        }
        Err(DeviceFault::Denied) if first => {
            metrics::counter!("device_numbers_total", "picked" => "wrong").increment(1);
            tracing::warn!(
                service = %transaction.service,
                "a person picked a number that the device does not show; somebody may have sent them its code"
            );
            Ending::OtherNumber
        }
        _ => Ending::Over,
    };
    transaction.answered = true;
    end(context, transaction, continuation, ending).await.map(Some)
}

/// Whether this is the first answer.
async fn spend(context: &Context, code: &TokenHash, event: Option<Event>) -> Result<bool, Problem> {
    let life = i64::from(context.config.oidc.device_code_seconds);
    let mut batch = Batch::new().write(Write::InsertSingleUse {
        kind: SingleUseKind::DeviceAnswer,
        key: code.0.clone(),
        expires_at: context.now().plus_seconds(4 * life),
    });
    batch.events.extend(event);
    Ok(context.ledger.commit(batch).await? == CommitOutcome::Committed)
}

async fn keep(
    context: &Context,
    transaction: &mut Transaction,
    continuation: Continuation,
) -> Result<(), Problem> {
    transaction.continuation = reply::Continuation::Device(continuation).to_text()?;
    transactions::save(context, transaction).await
}

/// The device hears no; the person reads why.
async fn end(
    context: &Context,
    transaction: &mut Transaction,
    mut continuation: Continuation,
    ending: Ending,
) -> Result<HttpResponse, Problem> {
    if let Some(mut asked) = held::load(context, &continuation.code).await? {
        asked.refuse();
        held::save(context, &continuation.code, &asked).await?;
    }
    continuation.ending = Some(ending);
    keep(context, transaction, continuation).await?;
    Ok(to_the_end(transaction))
}

fn to_the_end(transaction: &Transaction) -> HttpResponse {
    headers::see_other(&format!("/activate/done/{}", transaction.id))
}

/// Until when a device fetches what was agreed to now: as long as its code lives, and a moment at least.
fn fetched_by(code_dies: Timestamp, now: Timestamp) -> Timestamp {
    code_dies.max(now.plus_seconds(TO_FETCH))
}

/// Makes the grant that the device will find; nothing leaves before the batch commits.
pub fn prepare(
    context: &Context,
    transaction: &Transaction,
    permit: &Permit,
    continuation: &Continuation,
) -> Result<Prepared, Problem> {
    if continuation.matched.as_ref() != Some(permit.session()) {
        return Err(Problem::Fault(
            "a device's request was about to be granted without its number".to_owned(),
        ));
    }
    let now = context.now();
    let grant = AuthorizationGrant {
        id: GrantId::generate(&*context.entropy),
        code: continuation.code.clone(),
        service: permit.service().clone(),
        account: permit.account().clone(),
        session: permit.session().clone(),
        redirect_uri: GRANT_TYPE.to_owned(),
        code_challenge: no_challenge(),
        nonce: None,
        scope: continuation.scope.clone(),
        acr: permit.context().to_owned(),
        auth_time_required: continuation.auth_time_required
            || transaction.ask.freshness.max_age_seconds.is_some(),
        released: permit.released().to_vec(),
        level: permit.level(),
        method: permit.method(),
        certainty: permit.certainty(),
        authenticated_at: permit.authenticated_at(),
        checked_generation: permit.generation(),
        issued_at: now,
        expires_at: fetched_by(continuation.expires_at, now),
        revoked_at: None,
    };
    let mut writes = Vec::new();
    if continuation.terms != GrantTerms::default() {
        let text =
            serde_json::to_string(&continuation.terms).map_err(|error| Problem::Fault(error.to_string()))?;
        // As long as anything that is issued on the code at once can be asked about.
        let life = provider_facts(context).access_token_lifetime_seconds + 3600;
        let record = Record::new(RecordKind::GrantTerms, grant.id.as_str(), text)
            .expiring(grant.expires_at.plus_seconds(life));
        writes.push(Write::PutRecord(record));
    }
    writes.push(Write::InsertGrant(grant));
    Ok(Prepared {
        name: None,
        writes,
        action: Action::DeviceAuthorized,
        response: to_the_end(transaction),
    })
}

/// A no of the person's or of the platform's: the device hears that it was refused, and its code is spent.
pub async fn refuse(
    context: &Context,
    transaction: &Transaction,
    continuation: Continuation,
) -> Result<HttpResponse, Problem> {
    let _ = spend(context, &continuation.code, None).await?;
    let mut over = transaction.clone();
    end(context, &mut over, continuation, Ending::Refused).await
}

/// `GET /activate/done/{transaction}`: how it ended, for the browser that entered the code.
pub async fn done(mut context: Context, id: web::Path<String>) -> HttpResponse {
    let result = async {
        let transaction = transactions::load(&mut context, &parse(&id)?).await?;
        let continuation = of(&transaction)?.ok_or(Problem::NotFound)?;
        let ending = if context.ledger.grant_by_code(&continuation.code).await?.is_some() {
            DeviceEnding::Connected
        } else {
            match continuation.ending {
                Some(Ending::Refused) => DeviceEnding::Refused,
                Some(Ending::OtherNumber) => DeviceEnding::OtherNumber,
                Some(Ending::Over) => DeviceEnding::Over,
                None => return Ok(headers::see_other(&format!("/sign-in/{}", transaction.id))),
            }
        };
        let service = context.ledger.service(&transaction.service).await?;
        let page = DeviceEndPage {
            frame: context.frame(),
            service_name: service.map_or_else(unnamed, |service| service.name),
            ending,
        };
        Ok(own_page(context.render(&page)?))
    }
    .await;
    context.answer(result).await
}

fn unnamed() -> Localized {
    Localized {
        ja: "サービス".to_owned(),
        en: "the service".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_is_fetched_while_the_code_lives_and_a_minute_at_least() {
        let now = Timestamp::from_seconds(1_800_000_000);
        for (code_lives, seconds) in [(600, 600), (61, 61), (60, 60), (1, 60), (-1, 60)] {
            let fetched_by = fetched_by(now.plus_seconds(code_lives), now);
            assert_eq!(fetched_by.seconds_since(now), seconds, "{code_lives}");
        }
    }
}
