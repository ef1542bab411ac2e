//! `GET /v1/openapi.json`: the description of the interface (`OpenAPI` 3.1), with what this platform's configuration says.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::VerifierProblem;
use super::asked::stranger_may_ask;
use crate::app::App;
use crate::web::headers;

/// The description, held against the handlers by `conformance-tests/tests/verification`.
const DESCRIPTION: &str = include_str!("openapi.json");

/// `GET /v1/openapi.json`.
pub async fn get(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, VerifierProblem> {
    stranger_may_ask(&app, &request)?;
    let mut description: Value =
        serde_json::from_str(DESCRIPTION).map_err(|why| VerifierProblem::Fault(why.to_string()))?;
    complete(&app, &mut description);
    Ok(headers::json(StatusCode::OK, description.to_string()))
}

/// Where the interface is answered, and how soon changes are told.
fn complete(app: &App, description: &mut Value) {
    let config = &app.config;
    let Some(members) = description.as_object_mut() else {
        return;
    };
    let mut servers = vec![json!({"url": config.front.origin.as_str()})];
    if let (Some(url), Some(token)) = (config.mutual_tls.url(""), config.mutual_tls.url("/v1/token")) {
        servers.push(json!({
            "url": url,
            "description": "The same operations for verifiers that prove themselves by a certificate (RFC 8705).",
        }));
        members.insert(
            "x-mtls-endpoint-aliases".to_owned(),
            json!({"token_endpoint": token, "servers": [url]}),
        );
    }
    members.insert("servers".to_owned(), Value::Array(servers));
    members.insert(
        "x-status-promise".to_owned(),
        json!({
            "notice_within_seconds": config.verification.notice_seconds,
            "reading_patience_seconds": config.verification.reading_patience_seconds,
        }),
    );
}
