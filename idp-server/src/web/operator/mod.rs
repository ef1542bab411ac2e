//! The operator's side: health, readiness, metrics, references.
//!
//! **Owns** the endpoints of the operator's listener and the check of operator tokens. Health and readiness answer anybody
//! who reaches the listener; metrics and references need a token, and opening a reference is an audited act. References are a
//! page in a browser (`page.rs`) and JSON elsewhere; so is the age of revocation lists (`revocation.rs`). Questions of identity are
//! answered on a page by two operators (`identity.rs`).
//!
//! **Deliberately absent**: everything about people beyond what a reference opens.

mod exchanges;
mod identity;
mod logouts;
mod metadata;
mod operators;
mod page;
mod references;
mod revocation;
mod telling;

use ::revocation::NationalIndex;
use actix_web::web::{self, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use domain::Timestamp;
use jpki::CaKind;
use metrics_exporter_prometheus::PrometheusHandle;

use super::headers;
use crate::app::App;
use crate::trust::Trust;

pub use exchanges::{json_of as exchange_json, open as open_exchange};
pub use metadata::status as metadata_status;
pub use operators::{Operators, OperatorsError};
pub use references::{Opened, open as open_reference};
pub use revocation::{AuthorityStatus, ListStatus, status as revocation_status};
pub use telling::Telling;

/// Mounts the operator's endpoints.
pub fn mount(config: &mut ServiceConfig) {
    config
        .route("/health", get().to(health))
        .route("/ready", get().to(ready))
        .route("/metrics", get().to(metrics))
        .route(page::PATH, get().to(references::search))
        .route("/references/{reference}", get().to(references::get))
        .route(identity::PATH, get().to(identity::list))
        .route("/identity/{reference}", get().to(identity::get))
        .route("/identity/{reference}", post().to(identity::post))
        .route(revocation::PATH, get().to(revocation::get))
        .route("/revocation/questions", get().to(revocation::account))
        .route(logouts::PATH, get().to(logouts::get))
        .route(exchanges::PATH, get().to(exchanges::get))
        .route(metadata::PATH, get().to(metadata::get))
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
    app.shelves.catch_up(&app.trust);
    // One late list stops those whom it covers; the newest says whether anybody can sign in.
    let freshness = app.trust.load().newest_freshness(now);
    let ready = ledger && ephemera && freshness.is_usable();
    let body = serde_json::json!({
        "ready": ready, "ledger": ledger, "ephemera": ephemera, "revocation_data": revocation::word(freshness),
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
    app.shelves.catch_up(&app.trust);
    let trust = app.trust.load();
    gauge("revocation_generation", Some(trust.generation().0));
    let authentication = trust.index(CaKind::UserAuthentication);
    gauge("revocation_entries", authentication.map(NationalIndex::len));
    gauge(
        "revocation_usable",
        Some(u64::from(trust.freshness(now).is_usable())),
    );
    for kind in [CaKind::UserAuthentication, CaKind::DigitalSignature] {
        observe_authority(&trust, kind, now);
    }
    observe_promise(app).await;
    metadata::observe(app).await;
    gauge("ephemera_entries", app.ephemera.held().await.ok());
    if let Ok(counts) = app.ledger.counts().await {
        gauge("ledger_accounts", Some(counts.accounts));
        gauge("ledger_sessions", Some(counts.sessions));
        gauge("ledger_audit_records", Some(counts.audit));
    }
}

/// Whether verifiers are told in the promised time: measured now, from outside the jobs that tell.
async fn observe_promise(app: &App) {
    let Ok(telling) = Telling::measure(app).await else {
        return;
    };
    let lag = |stage: &'static str, seconds: i64| {
        metrics::gauge!("verification_notice_lag_seconds", "stage" => stage)
            .set(i32::try_from(seconds).map_or(f64::MAX, f64::from));
    };
    lag("told", telling.told);
    lag("pushed", telling.pushed);
    gauge("verification_notice_promise_seconds", Some(telling.promised));
    gauge("verification_notices_late", Some(u64::from(telling.is_late())));
}

/// Every state is a series of its own, one when it is the state of the authority's lists: an alarm needs no table of numbers.
fn observe_authority(trust: &Trust, kind: CaKind, now: Timestamp) {
    let ca = kind.as_str();
    let state = revocation::word(trust.freshness_of(kind, now));
    for word in ["fresh", "stale_allowed", "refuse", "missing"] {
        metrics::gauge!("revocation_state", "ca" => ca, "state" => word)
            .set(f64::from(u8::from(word == state)));
    }
    let unreadable = u8::from(trust.fault(kind).is_some());
    metrics::gauge!("revocation_index_unreadable", "ca" => ca).set(f64::from(unreadable));
    let Some(index) = trust.index(kind) else { return };
    let set = |name: &'static str, value: u64| {
        metrics::gauge!(name, "ca" => ca).set(f64::from(u32::try_from(value).unwrap_or(u32::MAX)));
    };
    set("revocation_index_generation", index.generation().0);
    set("revocation_index_entries", index.len());
    set(
        "revocation_index_lists",
        u64::try_from(index.parts().count()).unwrap_or(u64::MAX),
    );
    if let Some(oldest) = index.oldest_coverage() {
        let age = now.seconds_since(oldest.this_update);
        set(
            "revocation_index_age_seconds",
            u64::try_from(age).unwrap_or_default(),
        );
    }
}

fn gauge(name: &'static str, value: Option<u64>) {
    // Gauges are floating point; counts beyond 2^32 lose nothing that anybody reads.
    if let Some(value) = value {
        metrics::gauge!(name).set(f64::from(u32::try_from(value).unwrap_or(u32::MAX)));
    }
}
