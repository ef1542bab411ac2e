//! A reference opened: the whole chain of decisions, to the authenticated operator, on record.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use audit::{Action, Actor, Event, Outcome};
use domain::Reference;
use serde_json::{Value, json};
use store::{Batch, EphemeraKey, EphemeraKind, StoreFault};

use super::operators::{self, Operators};
use crate::app::App;
use crate::web::headers;
use crate::web::login::refused::RefusalRecord;

/// `GET /references/{reference}`.
pub(super) async fn get(
    app: web::Data<App>,
    operators: web::Data<Operators>,
    request: HttpRequest,
    reference: web::Path<String>,
) -> HttpResponse {
    let Some(operator) = operators.authenticate(&request) else {
        return operators::challenge();
    };
    let Ok(reference) = reference.parse::<Reference>() else {
        return error(
            StatusCode::BAD_REQUEST,
            "not a reference: ten characters as shown on the page",
        );
    };
    match open(&app, &reference, operator).await {
        Ok(Some(found)) => headers::json(StatusCode::OK, found.to_string()),
        Ok(None) => error(StatusCode::NOT_FOUND, "unknown, or older than what is kept"),
        Err(fault) => {
            tracing::error!(error = %fault, "a reference could not be opened");
            error(
                StatusCode::SERVICE_UNAVAILABLE,
                "the store does not answer; try again",
            )
        }
    }
}

fn error(status: StatusCode, text: &str) -> HttpResponse {
    headers::json(status, json!({ "error": text }).to_string())
}

/// Opens a reference in an operator's name. Durable records first, then what is kept for a day.
pub async fn open(app: &App, reference: &Reference, operator: &str) -> Result<Option<Value>, StoreFault> {
    let found = if let Some(record) = app.ledger.audit_by_reference(reference).await? {
        Some(json!({
            "reference": reference, "kept": "audit", "position": record.position, "event": record.event,
        }))
    } else {
        let key = EphemeraKey::new(EphemeraKind::RefusalTrace, reference.as_str());
        let kept = app.ephemera.get(&key, app.clock.now()).await?;
        kept.and_then(|bytes| serde_json::from_slice::<RefusalRecord>(&bytes).ok())
            .map(|record| json!({ "reference": reference, "kept": "for two hours", "event": record }))
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
