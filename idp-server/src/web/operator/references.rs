//! A reference opened: the whole chain of decisions, to the authenticated operator, on record. People read a page, programs
//! JSON; which of them asks, the `Accept` header says.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use audit::{Action, Actor, Event, Outcome};
use domain::{Localized, Reference, ServiceId};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{AuditRecord, Batch, EphemeraKey, EphemeraKind, StoreFault};

use super::operators::{self, Operators};
use super::page;
use crate::app::App;
use crate::pages::{ReferenceLookup, ReferenceRecord};
use crate::web::headers;
use crate::web::login::refused::RefusalRecord;

/// What a reference opens.
#[derive(Debug)]
pub enum Opened {
    /// A durable record.
    Audit(Box<AuditRecord>),
    /// What is kept for two hours of a refusal before possession was proven.
    Kept(RefusalRecord),
}

/// The query of the form on the page.
#[derive(Deserialize)]
pub(super) struct Search {
    reference: Option<String>,
}

/// `GET /references/{reference}`.
pub(super) async fn get(
    app: web::Data<App>,
    operators: web::Data<Operators>,
    request: HttpRequest,
    reference: web::Path<String>,
) -> HttpResponse {
    answer(&app, &operators, &request, Some(&reference)).await
}

/// `GET /references?reference=…`: what the form on the page sends; without a query the empty form.
pub(super) async fn search(
    app: web::Data<App>,
    operators: web::Data<Operators>,
    request: HttpRequest,
    search: web::Query<Search>,
) -> HttpResponse {
    answer(&app, &operators, &request, search.reference.as_deref()).await
}

async fn answer(
    app: &App,
    operators: &Operators,
    request: &HttpRequest,
    typed: Option<&str>,
) -> HttpResponse {
    let Some(operator) = operators.authenticate(request) else {
        return operators::challenge();
    };
    match look_up(app, typed, operator).await {
        Ok(lookup) if page::is_preferred(request) => page::show(app, request, &lookup),
        Ok(lookup) => as_json(lookup),
        Err(fault) => {
            tracing::error!(error = %fault, "a reference could not be opened");
            error(
                StatusCode::SERVICE_UNAVAILABLE,
                "the store does not answer; try again",
            )
        }
    }
}

/// What came of looking: for the page, and for programs.
pub(super) struct LookUp {
    /// For the page.
    pub(super) seen: ReferenceLookup,
    /// For programs.
    json: Option<Value>,
}

async fn look_up(app: &App, typed: Option<&str>, operator: &str) -> Result<LookUp, StoreFault> {
    let nothing = |seen| LookUp { seen, json: None };
    let typed = match typed.map(str::trim) {
        None => return Ok(nothing(ReferenceLookup::Blank)),
        Some("") => return Ok(nothing(ReferenceLookup::Empty)),
        Some(typed) => typed,
    };
    let Ok(reference) = typed.parse::<Reference>() else {
        // The field takes 32 characters; what is longer was not typed there, and is not repeated.
        let typed = typed.chars().take(32).collect();
        return Ok(nothing(ReferenceLookup::Malformed(typed)));
    };
    let Some(opened) = open(app, &reference, operator).await? else {
        return Ok(nothing(ReferenceLookup::NotFound(reference)));
    };
    let json = Some(opened.json(&reference));
    let record = opened.record(app, reference).await?;
    Ok(LookUp {
        seen: ReferenceLookup::Found(Box::new(record)),
        json,
    })
}

fn as_json(lookup: LookUp) -> HttpResponse {
    match (lookup.json, lookup.seen) {
        (Some(found), _) => headers::json(StatusCode::OK, found.to_string()),
        (None, ReferenceLookup::NotFound(_)) => {
            error(StatusCode::NOT_FOUND, "unknown, or older than what is kept")
        }
        (None, _) => error(
            StatusCode::BAD_REQUEST,
            "not a reference: ten characters as shown on the page",
        ),
    }
}

fn error(status: StatusCode, text: &str) -> HttpResponse {
    headers::json(status, json!({ "error": text }).to_string())
}

/// Opens a reference in an operator's name. Durable records first, then what is kept for two hours.
pub async fn open(app: &App, reference: &Reference, operator: &str) -> Result<Option<Opened>, StoreFault> {
    let found = if let Some(record) = app.ledger.audit_by_reference(reference).await? {
        Some(Opened::Audit(Box::new(record)))
    } else {
        let key = EphemeraKey::new(EphemeraKind::RefusalTrace, reference.as_str());
        let kept = app.ephemera.get(&key, app.clock.now()).await?;
        kept.and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .map(Opened::Kept)
    };
    if found.is_some() {
        let event = Event::new(
            app.clock.now(),
            Action::ReferenceOpened,
            Outcome::Done,
            Actor::Operator(operator.to_owned()),
        )
        .fact("reference", reference.as_str());
        app.ledger.commit(Batch::new().event(event)).await?;
    }
    Ok(found)
}

impl Opened {
    /// For programs.
    pub fn json(&self, reference: &Reference) -> Value {
        match self {
            Self::Audit(record) => json!({
                "reference": reference, "kept": "audit", "position": record.position, "event": record.event,
            }),
            Self::Kept(record) => json!({ "reference": reference, "kept": "for two hours", "event": record }),
        }
    }

    /// For the page.
    async fn record(self, app: &App, reference: Reference) -> Result<ReferenceRecord, StoreFault> {
        Ok(match self {
            Self::Audit(record) => {
                let event = record.event;
                ReferenceRecord {
                    reference,
                    at: event.at,
                    action: spelt(event.action),
                    outcome: event.outcome,
                    service: named(app, event.service).await?,
                    transaction: event.transaction,
                    facts: event.facts,
                    trace: event.trace,
                }
            }
            Self::Kept(record) => ReferenceRecord {
                reference,
                at: record.at,
                action: spelt(Action::SignIn),
                outcome: Outcome::Refused {
                    code: record.refusal.code().to_owned(),
                },
                service: named(app, record.service).await?,
                transaction: record.transaction,
                facts: BTreeMap::new(),
                trace: record.trace,
            },
        })
    }
}

/// An action as it is spelt in the audit.
fn spelt(action: Action) -> String {
    match serde_json::to_value(action) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// A service with its name; one that is no longer in the registry is known by its identifier alone.
async fn named(app: &App, id: Option<ServiceId>) -> Result<Option<(ServiceId, Localized)>, StoreFault> {
    let Some(id) = id else { return Ok(None) };
    let name = app.ledger.service(&id).await?.map_or_else(
        || Localized {
            ja: id.as_str().to_owned(),
            en: id.as_str().to_owned(),
        },
        |service| service.name,
    );
    Ok(Some((id, name)))
}
