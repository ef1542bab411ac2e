//! The operator's side: health, readiness, metrics, references.
//!
//! **Owns** the endpoints of the operator's listener and the check of operator tokens. Health and readiness answer anybody
//! who reaches the listener; metrics and references need a token, and opening a reference is an audited act. References are a
//! page in a browser (`page.rs`) and JSON elsewhere.
//!
//! **Deliberately absent**: everything about people beyond what a reference opens.

mod operators;
mod page;
mod references;

use actix_web::web::{self, ServiceConfig, get};
use actix_web::{HttpRequest, HttpResponse};
use metrics_exporter_prometheus::PrometheusHandle;

use super::headers;
use crate::app::App;

pub use operators::{Operators, OperatorsError};
pub use references::{Opened, open as open_reference};

/// Mounts the operator's endpoints.
pub fn mount(config: &mut ServiceConfig) {
    config
        .route("/health", get().to(health))
        .route("/ready", get().to(ready))
        .route("/metrics", get().to(metrics))
        .route(page::PATH, get().to(references::search))
        .route("/references/{reference}", get().to(references::get))
        .route("/assets/{name}", get().to(super::home::asset));
}

/// `GET /health`: the process answers.
async fn health() -> HttpResponse {
    headers::json(actix_web::http::StatusCode::OK, r#"{"status":"up"}"#.to_owned())
}

/// `GET /ready`: sign-ins can succeed: the stores answer, and the revocation data is usable.
async fn ready(app: web::Data<App>) -> HttpResponse {
    let now = app.clock.now();
    let ledger = app.ledger.state("revocation_generation").await.is_ok();
    let ephemera = app.ephemera.held().await.is_ok();
    let freshness = app.trust.load().freshness(now);
    let ready = ledger && ephemera && freshness.is_usable();
    let word = match freshness {
        revocation::Freshness::Fresh => "fresh",
        revocation::Freshness::StaleAllowed { .. } => "stale_allowed",
        revocation::Freshness::Refuse => "refuse",
        revocation::Freshness::Missing => "missing",
    };
    let body = serde_json::json!({
        "ready": ready, "ledger": ledger, "ephemera": ephemera, "revocation_data": word,
    });
    let status = if ready {
        actix_web::http::StatusCode::OK
    } else {
        actix_web::http::StatusCode::SERVICE_UNAVAILABLE
    };
    headers::json(status, body.to_string())
}

/// `GET /metrics`: Prometheus text.
async fn metrics(
    app: web::Data<App>,
    operators: web::Data<Operators>,
    handle: web::Data<PrometheusHandle>,
    request: HttpRequest,
) -> HttpResponse {
    if operators.authenticate(&request).is_none() {
        return operators::challenge();
    }
    observe(&app).await;
    handle.run_upkeep();
    headers::common(HttpResponse::Ok())
        .insert_header(("content-type", "text/plain; version=0.0.4"))
        .body(handle.render())
}

/// Gauges that are read when somebody looks.
async fn observe(app: &App) {
    let now = app.clock.now();
    let trust = app.trust.load();
    gauge("revocation_generation", Some(trust.generation().0));
    gauge(
        "revocation_entries",
        trust.revoked().and_then(|count| u64::try_from(count).ok()),
    );
    gauge(
        "revocation_usable",
        Some(u64::from(trust.freshness(now).is_usable())),
    );
    gauge("ephemera_entries", app.ephemera.held().await.ok());
    if let Ok(counts) = app.ledger.counts().await {
        gauge("ledger_accounts", Some(counts.accounts));
        gauge("ledger_sessions", Some(counts.sessions));
        gauge("ledger_audit_records", Some(counts.audit));
    }
}

fn gauge(name: &'static str, value: Option<u64>) {
    // Gauges are floating point; counts beyond 2^32 lose nothing that anybody reads.
    if let Some(value) = value {
        metrics::gauge!(name).set(f64::from(u32::try_from(value).unwrap_or(u32::MAX)));
    }
}
