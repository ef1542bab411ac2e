//! What operators see of logouts: every service that is, was or could not be told, with the receipt. Nothing names a person: a session is
//! named as in the audit.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Record, RecordKind, StoreFault};

use super::operators::{self, Operators};
use crate::app::App;
use crate::sessions::Notice;
use crate::web::headers;

/// Where it is.
pub(super) const PATH: &str = "/logouts";
/// Receipts in one answer.
const PAGE: u32 = 500;

/// Which receipts: those of a session or of a service, else all; from behind a key on.
#[derive(Deserialize)]
pub(super) struct Asked {
    session: Option<String>,
    service: Option<String>,
    after: Option<String>,
}

/// `GET /logouts?session=…&service=…&after=…`.
pub(super) async fn get(
    app: web::Data<App>,
    operators: web::Data<Operators>,
    request: HttpRequest,
    asked: web::Query<Asked>,
) -> HttpResponse {
    if operators.authenticate(&request).is_none() {
        return operators::challenge();
    }
    match read(&app, &asked).await {
        Ok(records) => {
            let full = u32::try_from(records.len()).is_ok_and(|count| count == PAGE);
            let next = records.last().filter(|_| full).map(|record| record.key.clone());
            let receipts: Vec<Value> = records.iter().filter_map(receipt).collect();
            let body = json!({ "receipts": receipts, "next": next });
            headers::json(StatusCode::OK, body.to_string())
        }
        Err(fault) => {
            tracing::error!(error = %fault, "an operator's question could not be answered");
            let body = json!({ "error": "the store does not answer; try again" });
            headers::json(StatusCode::SERVICE_UNAVAILABLE, body.to_string())
        }
    }
}

async fn read(app: &App, asked: &Asked) -> Result<Vec<Record>, StoreFault> {
    let (kind, after) = (RecordKind::LogoutNotice, asked.after.as_deref());
    match asked.session.as_deref().or(asked.service.as_deref()) {
        Some(tag) => app.ledger.records_tagged(kind, tag, after, PAGE).await,
        None => app.ledger.records(kind, after, PAGE).await,
    }
}

fn receipt(record: &Record) -> Option<Value> {
    let notice = Notice::of(record)?;
    Some(json!({
        "session": notice.session,
        "service": notice.service,
        "at": notice.at.to_string(),
        "channel": notice.channel,
        "message": notice.message,
        "state": notice.state,
        "tries": notice.tries,
        "last_try": notice.last_try.map(|at| at.to_string()),
        "next_try": notice.next_try.to_string(),
        "problem": notice.problem,
    }))
}
