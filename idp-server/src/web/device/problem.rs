//! What a device is told when it does not get what it asks for: problem details (RFC 9457) with the stable code of the refusal.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use actix_web::{HttpResponse, HttpResponseBuilder};
use domain::Reference;
use login::Refusal;
use serde_json::json;

use crate::web::context::Context;
use crate::web::error::{Problem, page_for};
use crate::web::headers;

/// Why a device does not get what it asks for.
#[derive(Debug)]
pub(in crate::web) enum DeviceProblem {
    /// The request is not what the interface takes.
    Request {
        /// HTTP status.
        status: StatusCode,
        /// Stable code.
        code: &'static str,
        /// For developers; never text from the request.
        title: &'static str,
    },
    /// It asks more often than it may.
    SlowDown {
        /// Seconds to wait.
        seconds: u32,
    },
    /// The sign-in says no.
    Refused {
        /// Why.
        refusal: Refusal,
        /// What opens the chain of decisions.
        reference: Option<Reference>,
    },
    /// We broke, or somebody begins more than their share: as on a page.
    Other(Problem),
}

impl DeviceProblem {
    /// No such try, or not the secret that belongs to it.
    pub(in crate::web) const UNKNOWN: Self = Self::Request {
        status: StatusCode::UNAUTHORIZED,
        code: "unknown_attempt",
        title: "no attempt with this name and secret",
    };

    /// A request that is not what the interface takes.
    pub(in crate::web) const fn malformed(code: &'static str, title: &'static str) -> Self {
        Self::Request {
            status: StatusCode::BAD_REQUEST,
            code,
            title,
        }
    }
}

impl From<Problem> for DeviceProblem {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Refused(refused) => Self::Refused {
                refusal: refused.refusal,
                reference: refused.reference,
            },
            other => Self::Other(other),
        }
    }
}

impl From<Refusal> for DeviceProblem {
    fn from(refusal: Refusal) -> Self {
        Self::Refused {
            refusal,
            reference: None,
        }
    }
}

impl From<store::StoreFault> for DeviceProblem {
    fn from(fault: store::StoreFault) -> Self {
        Self::Other(fault.into())
    }
}

impl From<crate::vault::VaultFault> for DeviceProblem {
    fn from(fault: crate::vault::VaultFault) -> Self {
        Self::Other(fault.into())
    }
}

/// Turns a handler's result into an answer.
pub(in crate::web) fn answer(context: &Context, result: Result<HttpResponse, DeviceProblem>) -> HttpResponse {
    match result {
        Ok(response) => response,
        Err(DeviceProblem::Request { status, code, title }) => {
            metrics::counter!("device_requests_refused_total", "code" => code).increment(1);
            written(HttpResponse::build(status), status, code, title, None)
        }
        Err(DeviceProblem::SlowDown { seconds }) => {
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut builder = HttpResponse::build(status);
            builder.insert_header((RETRY_AFTER, seconds.to_string()));
            written(
                builder,
                status,
                "slow_down",
                "asked more often than the interval",
                None,
            )
        }
        Err(DeviceProblem::Refused { refusal, reference }) => {
            metrics::counter!("refusals_total", "code" => refusal.code()).increment(1);
            let status = StatusCode::from_u16(page_for(refusal).status()).unwrap_or(StatusCode::FORBIDDEN);
            written(
                HttpResponse::build(status),
                status,
                refusal.code(),
                "the sign-in is refused",
                reference.as_ref(),
            )
        }
        Err(DeviceProblem::Other(Problem::TooMany)) => {
            metrics::counter!("front_turned_away_total").increment(1);
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let title = "this address asks more than its share";
            written(HttpResponse::build(status), status, "busy", title, None)
        }
        Err(DeviceProblem::Other(Problem::Fault(why))) => {
            let reference = Reference::generate(&*context.entropy);
            tracing::error!(error = %why, fault.reference = %reference, "a device's request failed");
            metrics::counter!("faults_total").increment(1);
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            let builder = HttpResponse::build(status);
            written(builder, status, "server_fault", "we broke", Some(&reference))
        }
        Err(DeviceProblem::Other(_)) => {
            let status = StatusCode::NOT_FOUND;
            written(
                HttpResponse::build(status),
                status,
                "not_found",
                "no such thing",
                None,
            )
        }
    }
}

fn written(
    builder: HttpResponseBuilder,
    status: StatusCode,
    code: &str,
    title: &str,
    reference: Option<&Reference>,
) -> HttpResponse {
    let mut body = json!({
        "type": format!("urn:jp:go:gap:problem:{code}"),
        "title": title,
        "status": status.as_u16(),
        "code": code,
    });
    if let (Some(reference), Some(members)) = (reference, body.as_object_mut()) {
        members.insert("reference".to_owned(), reference.as_str().into());
    }
    headers::common(builder)
        .insert_header((CONTENT_TYPE, "application/problem+json"))
        .body(body.to_string())
}
