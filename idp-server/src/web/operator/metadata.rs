//! What operators see of metadata sources: how old, until when, what came of the last look, and which entities are refused for which reason.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::StoreFault;
use trust_framework::sources::{Counts, FetchedService, SourceState};

use super::operators::{self, Operators};
use crate::app::App;
use crate::web::headers;

/// Where it is.
pub(super) const PATH: &str = "/metadata";
/// Entities in one answer.
const PAGE: u32 = 500;

/// How a source stands.
#[derive(Clone, Debug, Serialize)]
pub struct SourceStatus {
    /// Its name.
    pub source: String,
    /// Whether what was accepted last holds now: otherwise its services are refused.
    pub in_force: bool,
    /// When a document was accepted or confirmed last.
    pub accepted_at: Option<Timestamp>,
    /// Seconds since then.
    pub age_seconds: Option<i64>,
    /// Until when it holds.
    pub valid_until: Option<Timestamp>,
    /// When it is looked at again.
    pub next_at: Option<Timestamp>,
    /// Why the last look accepted nothing, or not everything.
    pub problem: Option<String>,
    /// What came of what was accepted.
    pub counts: Counts,
}

/// How every configured source stands.
///
/// # Errors
/// The store's.
pub async fn status(app: &App) -> Result<Vec<SourceStatus>, StoreFault> {
    let now = app.clock.now();
    let mut all = Vec::new();
    for source in &app.config.metadata.source {
        let (state, _) = SourceState::read(&*app.ledger, &source.name).await?;
        all.push(SourceStatus {
            source: source.name.clone(),
            in_force: state.holds(now),
            accepted_at: state.accepted_at,
            age_seconds: state.age_seconds(now),
            valid_until: state.valid_until,
            next_at: state.next_at,
            problem: state.problem,
            counts: state.counts,
        });
    }
    Ok(all)
}

/// Entities of a source: all, or those that are refused.
#[derive(Deserialize)]
pub(super) struct Asked {
    source: Option<String>,
    after: Option<String>,
}

/// `GET /metadata`, and `GET /metadata?source=…&after=…` for the entities of one.
pub(super) async fn get(
    app: web::Data<App>,
    operators: web::Data<Operators>,
    request: HttpRequest,
    asked: web::Query<Asked>,
) -> HttpResponse {
    if operators.authenticate(&request).is_none() {
        return operators::challenge();
    }
    let body = match &asked.source {
        None => status(&app).await.map(|sources| json!({ "sources": sources })),
        Some(source) => entities(&app, source, asked.after.as_deref()).await,
    };
    match body {
        Ok(body) => headers::json(StatusCode::OK, body.to_string()),
        Err(fault) => {
            tracing::error!(error = %fault, "an operator's question could not be answered");
            let body = json!({ "error": "the store does not answer; try again" });
            headers::json(StatusCode::SERVICE_UNAVAILABLE, body.to_string())
        }
    }
}

async fn entities(app: &App, source: &str, after: Option<&str>) -> Result<serde_json::Value, StoreFault> {
    let page = FetchedService::page(&*app.ledger, source, after, PAGE).await?;
    let full = u32::try_from(page.len()).is_ok_and(|count| count == PAGE);
    let next = page.last().filter(|_| full).map(|(record, _)| record.key.clone());
    let rows: Vec<_> = page
        .into_iter()
        .map(|(_, entity)| json!({ "entity_id": entity.entity_id, "service": entity.service, "refused": entity.refused }))
        .collect();
    Ok(json!({ "entities": rows, "next": next }))
}

/// Gauges, when somebody looks.
pub(super) async fn observe(app: &App) {
    let Ok(all) = status(app).await else { return };
    let now = app.clock.now();
    for source in all {
        let set = |name: &'static str, value: i64| {
            metrics::gauge!(name, "source" => source.source.clone())
                .set(i32::try_from(value).map_or(f64::MAX, f64::from));
        };
        set("metadata_in_force", i64::from(source.in_force));
        set("metadata_problem", i64::from(source.problem.is_some()));
        set(
            "metadata_services",
            i64::try_from(source.counts.services).unwrap_or(i64::MAX),
        );
        set(
            "metadata_refused",
            i64::try_from(source.counts.refused).unwrap_or(i64::MAX),
        );
        if let Some(age) = source.age_seconds {
            set("metadata_age_seconds", age);
        }
        if let Some(until) = source.valid_until {
            set("metadata_valid_seconds", until.seconds_since(now));
        }
    }
}
