//! Bodies: small, JSON, and nothing in them that the interface does not know.

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::DeviceProblem;
use crate::secret::Secret;
use crate::web::error::Problem;
use crate::web::headers;

/// Octets of a body: a certificate and a signature in base64, with room to spare.
const BODY_LIMIT: usize = 16 * 1024;

const TOO_LARGE: DeviceProblem = DeviceProblem::Request {
    status: StatusCode::PAYLOAD_TOO_LARGE,
    code: "too_large",
    title: "a body of at most 16 KiB",
};

/// Reads a body. Cross-site pages cannot send this content type without being asked first (a form cannot, and a script is asked
/// by CORS, which we never answer), so a cookie that rides along is the caller's own.
pub(in crate::web) async fn read<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<T, DeviceProblem> {
    let json = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            let essence = value.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("application/json")
        });
    if !json {
        return Err(DeviceProblem::Request {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            code: "content_type",
            title: "application/json only",
        });
    }
    let declared = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > BODY_LIMIT) {
        return Err(TOO_LARGE);
    }
    let body = match payload.to_bytes_limited(BODY_LIMIT).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            return Err(DeviceProblem::malformed(
                "unreadable_body",
                "the body could not be read",
            ));
        }
        Err(_) => return Err(TOO_LARGE),
    };
    serde_json::from_slice(&body)
        .map_err(|_| DeviceProblem::malformed("malformed_body", "not the JSON that is taken here"))
}

/// The secret of the device, from `Authorization: Bearer`.
pub(in crate::web) fn bearer(request: &HttpRequest) -> Result<Secret, DeviceProblem> {
    request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .and_then(Secret::parse)
        .ok_or(DeviceProblem::UNKNOWN)
}

/// An answer.
pub(in crate::web) fn json(status: StatusCode, body: &impl Serialize) -> Result<HttpResponse, DeviceProblem> {
    let text = serde_json::to_string(body).map_err(|error| Problem::Fault(error.to_string()))?;
    Ok(headers::json(status, text))
}

/// Octets from standard base64, at most so many.
pub(in crate::web) fn octets(text: &str, most: usize) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok().filter(|octets| octets.len() <= most)
}

/// Octets of ours on the wire.
pub(in crate::web) fn base64url(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}
