//! The reply desk: a permit becomes a reply of the service's protocol, in the batch that says it was issued.
//!
//! What both protocols share is here: the rows that must not have changed since the dispatcher looked, that a transaction
//! is answered once, and the pairwise pseudonym. The protocol's room adds its own writes and composes the message.

use actix_web::HttpResponse;
use audit::{Action, Actor, Event, Outcome};
use domain::{Language, Pseudonym, PseudonymValue, Reference, SectorId};
use login::{Permit, Refusal, ServiceAnswer, Transaction};
use serde::{Deserialize, Serialize};
use store::{Batch, CommitOutcome, Conflict, Precondition, SingleUseKind, Write};

use super::{Rows, transactions};
use crate::app::App;
use crate::exchanges::sign_in as exchanges;
use crate::pages::ShownDetail;
use crate::sessions;
use crate::web::account::sign_in;
use crate::web::context::Context;
use crate::web::enrolment::register;
use crate::web::error::Problem;
use crate::web::{headers, oidc, saml};

/// The protocol's own part of a transaction.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Continuation {
    /// An authorization request.
    Oidc(oidc::Continuation),
    /// What a device asked for.
    Device(oidc::device_authorization::Continuation),
    /// An `AuthnRequest`.
    Saml(saml::Continuation),
    /// A page of ours.
    Own(sign_in::Continuation),
}

impl Continuation {
    /// Reads a transaction's part.
    pub fn of(transaction: &Transaction) -> Result<Self, Problem> {
        serde_json::from_str(&transaction.continuation).map_err(|error| Problem::Fault(error.to_string()))
    }

    /// Writes it.
    pub fn to_text(&self) -> Result<String, Problem> {
        serde_json::to_string(self).map_err(|error| Problem::Fault(error.to_string()))
    }

    /// Whether the service asks for access that outlives the session.
    pub fn outlives_the_session(&self) -> bool {
        match self {
            Self::Oidc(continuation) => oidc::standing::outlives_the_session(&continuation.scope),
            Self::Device(continuation) => oidc::standing::outlives_the_session(continuation.scope()),
            Self::Saml(_) | Self::Own(_) => false,
        }
    }

    /// What the service asks leave for beyond attributes, in a language.
    pub fn details(&self, app: &App, language: Language) -> Vec<ShownDetail> {
        match self {
            Self::Oidc(continuation) => oidc::demand::shown_details(app, &continuation.terms, language),
            Self::Device(continuation) => oidc::demand::shown_details(app, continuation.terms(), language),
            Self::Saml(_) | Self::Own(_) => Vec::new(),
        }
    }

    /// Where the reply goes, checked against the registry when the request was; a page of ours is nowhere else.
    pub fn destination(&self) -> Option<&str> {
        match self {
            Self::Oidc(continuation) => Some(&continuation.redirect_uri),
            Self::Saml(continuation) => Some(&continuation.acs_url),
            Self::Device(_) | Self::Own(_) => None,
        }
    }
}

/// How an issue ended.
pub enum Issued {
    /// Durable, and on its way.
    Sent(HttpResponse),
    /// A row changed meanwhile: ask the dispatcher again.
    Lost,
}

/// Issues what the permit allows.
pub async fn issue(
    context: &Context,
    transaction: &mut Transaction,
    permit: &Permit,
    rows: &Rows,
) -> Result<Issued, Problem> {
    let Some(service) = &rows.service else {
        return Ok(Issued::Lost);
    };
    if let Continuation::Own(own) = Continuation::of(transaction)? {
        return Ok(Issued::Sent(arrive(context, transaction, &own).await?));
    }
    if let Continuation::Saml(asked) = Continuation::of(transaction)?
        && saml::reply::needs_a_name_that_is_not_there(context, permit, service, &asked).await?
    {
        transaction.answered = true;
        transactions::save(context, transaction).await?;
        let response = saml::reply::refuse_a_new_name(context, service, &asked).await?;
        return Ok(Issued::Sent(response));
    }
    let (pseudonym, batch) = begin(context, permit, rows, &service.sector).await?;
    let prepared = match Continuation::of(transaction)? {
        Continuation::Oidc(continuation) => {
            oidc::reply::prepare(context, transaction, permit, service, &continuation)?
        }
        Continuation::Device(continuation) => {
            oidc::device_authorization::answer::prepare(context, transaction, permit, &continuation)?
        }
        Continuation::Saml(continuation) => {
            let items = register::open_items(
                context,
                permit.account(),
                permit.released(),
                permit.service(),
                "assertion",
            )
            .await?;
            saml::reply::prepare(context, permit, service, &continuation, (&pseudonym, &items)).await?
        }
        Continuation::Own(_) => return Err(Problem::Fault("a page of ours gets no reply".to_owned())),
    };
    // New revocation data came while the reply was composed, here or in another process: the dispatcher looks again.
    context.shelves.catch_up(&context.trust);
    let trust = context.trust.load_full();
    if trust.generation() != permit.generation() || !rows.rests_on_pinned(&trust) {
        return Ok(Issued::Lost);
    }
    let mut batch = batch;
    if let Some(session) = &rows.session {
        batch.writes.extend(
            sessions::participant(&*context.ledger, session, permit.service(), prepared.name.clone()).await?,
        );
    }
    batch.writes.extend(prepared.writes);
    let mut event = Event::new(
        context.now(),
        prepared.action,
        Outcome::Done,
        Actor::Person(Some(permit.account().clone())),
    )
    .fact("context", permit.context())
    .fact("level", format!("{} {}", permit.level().ial, permit.level().aal))
    .fact("generation", permit.generation().to_string())
    .fact("certainty", permit.certainty().as_str());
    event.account = Some(permit.account().clone());
    event.session = Some(permit.session().clone());
    event.service = Some(permit.service().clone());
    event.transaction = Some(transaction.id.clone());
    match context.ledger.commit(batch.event(event)).await? {
        CommitOutcome::Committed => {
            metrics::counter!("replies_total", "protocol" => service.protocol.as_str()).increment(1);
            transaction.answered = true;
            transactions::save(context, transaction).await?;
            ended(context, transaction).await?;
            Ok(Issued::Sent(prepared.response))
        }
        CommitOutcome::Conflict(Conflict::AlreadyUsed(_)) => {
            transaction.answered = true;
            transactions::save(context, transaction).await?;
            Ok(Issued::Lost)
        }
        CommitOutcome::Conflict(conflict) => {
            tracing::info!(?conflict, "a reply lost a race; the dispatcher looks again");
            Ok(Issued::Lost)
        }
    }
}

/// What is kept for a sign-in beside its transaction goes with it.
async fn ended(context: &Context, transaction: &Transaction) -> Result<(), Problem> {
    if let Continuation::Oidc(continuation) = Continuation::of(transaction)? {
        oidc::envelope::ended(context, &continuation.spends, transaction.browser.as_ref()).await;
    }
    Ok(())
}

/// On to the page of ours: nothing is issued, and nobody is told.
async fn arrive(
    context: &Context,
    transaction: &mut Transaction,
    own: &sign_in::Continuation,
) -> Result<HttpResponse, Problem> {
    transaction.answered = true;
    transactions::save(context, transaction).await?;
    Ok(headers::see_other(&own.destination()))
}

/// A protocol's part of an issue.
pub struct Prepared {
    /// Its writes.
    pub writes: Vec<Write>,
    /// The name by which the service will know the person, where it names it in logout requests.
    pub name: Option<sessions::IssuedName>,
    /// What the audit calls it.
    pub action: Action,
    /// The message, already signed; it leaves only after the commit.
    pub response: HttpResponse,
}

/// The shared half of the issuing batch, and the pseudonym that the service will see.
async fn begin(
    context: &Context,
    permit: &Permit,
    rows: &Rows,
    sector: &SectorId,
) -> Result<(PseudonymValue, Batch), Problem> {
    let now = context.now();
    let as_decided = rows.still.iter().cloned().fold(Batch::new(), Batch::require);
    let mut batch = as_decided
        .require(Precondition::AccountActive(permit.account().clone()))
        .require(Precondition::CredentialActive(permit.credential().clone()))
        .require(Precondition::SessionAt {
            id: permit.session().clone(),
            version: permit.session_version(),
        })
        .require(Precondition::ServiceAt {
            id: permit.service().clone(),
            version: permit.service_version(),
        })
        .write(Write::InsertSingleUse {
            kind: SingleUseKind::Transaction,
            key: permit.transaction().as_str().to_owned(),
            expires_at: now.plus_seconds(2 * i64::from(context.config.session.transaction_seconds)),
        });
    if let Some(known) = context.ledger.pseudonym(permit.account(), sector).await? {
        return Ok((known.value, batch));
    }
    let pseudonym = Pseudonym {
        account: permit.account().clone(),
        sector: sector.clone(),
        value: PseudonymValue::generate(&*context.entropy),
        created_at: now,
    };
    batch = batch.write(Write::InsertPseudonym(pseudonym.clone()));
    Ok((pseudonym.value, batch))
}

/// Answers a refusal to the service.
pub async fn refuse(
    context: &mut Context,
    transaction: &Transaction,
    refusal: Refusal,
) -> Result<HttpResponse, Problem> {
    metrics::counter!("refusals_total", "code" => refusal.code()).increment(1);
    // A page would help, and the service wants none (OpenID Connect Core 1.0 section 3.1.2.6).
    let answer = match refusal {
        Refusal::EnrolmentRequired if super::forbids_pages(transaction) => ServiceAnswer::InteractionRequired,
        refusal => refusal.service_answer(),
    };
    fail(context, transaction, answer).await
}

/// Sends the person back to the service with one word. A transaction that was answered stays answered; one that is sent
/// back is over.
pub async fn fail(
    context: &mut Context,
    transaction: &Transaction,
    answer: ServiceAnswer,
) -> Result<HttpResponse, Problem> {
    if transaction.answered {
        return Err(Refusal::TransactionAnswered.into());
    }
    let service = sign_in::asking(context, transaction).await?;
    let Some(service) = service.filter(|service| service.state == domain::ServiceState::Active) else {
        return Err(Refusal::ServiceSuspended.into());
    };
    let mut over = transaction.clone();
    over.answered = true;
    transactions::save(context, &over).await?;
    ended(context, &over).await?;
    // The service is told the reference that opens, to its developers, what it may know.
    let reference = Reference::generate(&*context.entropy);
    exchanges::answered(context, transaction, answer, &reference);
    match Continuation::of(transaction)? {
        Continuation::Oidc(continuation) => {
            oidc::reply::refuse(context, &service, &continuation, answer, &reference)
        }
        Continuation::Device(continuation) => {
            oidc::device_authorization::answer::refuse(context, &over, continuation).await
        }
        Continuation::Saml(continuation) => {
            saml::reply::refuse(context, &service, &continuation, answer, &reference).await
        }
        Continuation::Own(own) => Ok(headers::see_other(&own.destination())),
    }
}
