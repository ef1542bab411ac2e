//! `GET /v1/openapi.json`: the description of the interface (`OpenAPI` 3.1).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use crate::web::headers;

/// The description, held against the handlers by `conformance-tests/tests/verification`.
const DESCRIPTION: &str = include_str!("openapi.json");

/// `GET /v1/openapi.json`.
pub async fn get() -> HttpResponse {
    headers::json(StatusCode::OK, DESCRIPTION.to_owned())
}
