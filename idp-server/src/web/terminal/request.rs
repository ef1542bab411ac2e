//! Who asks: every request of a terminal is signed with the key of its certificate, whole, for this address, once.
//!
//! A compact JWS (RFC 7515), media type `application/jose`, `typ` `gap-terminal-request+jwt`, ES256 or PS256 as the terminal's key
//! is; claims `iss` (its name), `aud` (the address), `iat`, `jti` and what is asked.

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, web};
use jose::{Algorithm, UnverifiedClaims, Verification};
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::{Batch, CommitOutcome, SingleUseKind, Write};

use crate::terminals::{self, Terminal, TerminalState};
use crate::web::context::Context;
use crate::web::device::DeviceProblem;
use crate::web::error::Problem;

/// Octets of a request: two certificates' worth of base64url.
const MOST: usize = 16 * 1024;
/// Seconds by which a terminal's clock may differ.
const CLOCK_SECONDS: i64 = 60;

const ACCEPTED: Verification<'_> = Verification {
    algorithms: &[Algorithm::Es256, Algorithm::Ps256],
    types: &["gap-terminal-request+jwt"],
    untyped: false,
    max_bytes: MOST,
};

const UNAUTHORIZED: DeviceProblem = DeviceProblem::Request {
    status: StatusCode::UNAUTHORIZED,
    code: "terminal_unauthorized",
    title: "no request that an approved terminal signed for this address",
};

/// What an approved terminal asks.
pub(super) struct Asked<T> {
    /// Its name.
    pub(super) name: String,
    /// What the register says of it.
    pub(super) terminal: Terminal,
    /// What it asks.
    pub(super) what: T,
}

/// Reads a request: only an active terminal's, for this address, fresh, the first time.
pub(super) async fn read<T: DeserializeOwned>(
    context: &Context,
    request: &HttpRequest,
    payload: web::Payload,
    path: &str,
) -> Result<Asked<T>, DeviceProblem> {
    let token = body(request, payload).await?;
    let unverified = UnverifiedClaims::read(&token, MOST).map_err(|_| unauthorized(context))?;
    let name = unverified.text("iss").unwrap_or_default().to_owned();
    let Some((_, terminal)) = terminals::find(&*context.ledger, &name).await? else {
        return Err(unauthorized(context));
    };
    let keys = terminal
        .keys()
        .map_err(|reason| Problem::Fault(format!("a registered terminal's key: {reason}")))?;
    let mut claims = jose::verify(&token, &keys, &ACCEPTED)
        .and_then(|verified| verified.claims())
        .map_err(|_| unauthorized(context))?;
    let now = context.now();
    if now >= terminal.not_after {
        return Err(unauthorized(context));
    }
    if let TerminalState::Suspended { .. } = terminal.state {
        return Err(DeviceProblem::Request {
            status: StatusCode::FORBIDDEN,
            code: "terminal_suspended",
            title: "this terminal is suspended",
        });
    }
    let (audience, issued_at, id) = (claims.remove("aud"), claims.remove("iat"), claims.remove("jti"));
    claims.remove("iss");
    if audience != Some(Value::String(context.config.front.origin.url(path))) {
        return Err(unauthorized(context));
    }
    let age = issued_at
        .and_then(|iat| iat.as_i64())
        .map(|iat| now.seconds().saturating_sub(iat));
    if !age.is_some_and(|age| (-CLOCK_SECONDS..=CLOCK_SECONDS).contains(&age)) {
        return Err(DeviceProblem::malformed(
            "request_time",
            "iat differs from our clock by more than a minute",
        ));
    }
    once(context, &name, id).await?;
    let what = serde_json::from_value(Value::Object(claims))
        .map_err(|_| DeviceProblem::malformed("malformed_body", "not the claims that are taken here"))?;
    Ok(Asked { name, terminal, what })
}

/// Guessing is counted as beginning is.
fn unauthorized(context: &Context) -> DeviceProblem {
    match context.may_begin() {
        Ok(()) => UNAUTHORIZED,
        Err(problem) => problem.into(),
    }
}

async fn once(context: &Context, name: &str, id: Option<Value>) -> Result<(), DeviceProblem> {
    let id = match id {
        Some(Value::String(id)) if (16..=64).contains(&id.len()) && id.is_ascii() => id,
        _ => {
            return Err(DeviceProblem::malformed(
                "malformed_body",
                "jti has 16 to 64 characters",
            ));
        }
    };
    let batch = Batch::new().write(Write::InsertSingleUse {
        kind: SingleUseKind::ClientAssertion,
        key: format!("terminal:{name}:{id}"),
        expires_at: context.now().plus_seconds(4 * CLOCK_SECONDS),
    });
    match context.ledger.commit(batch).await? {
        CommitOutcome::Committed => Ok(()),
        CommitOutcome::Conflict(_) => Err(DeviceProblem::Request {
            status: StatusCode::CONFLICT,
            code: "request_replayed",
            title: "this request came before",
        }),
    }
}

async fn body(request: &HttpRequest, payload: web::Payload) -> Result<String, DeviceProblem> {
    let jose = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.eq_ignore_ascii_case("application/jose"));
    if !jose {
        return Err(DeviceProblem::Request {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            code: "content_type",
            title: "application/jose only",
        });
    }
    let too_large = DeviceProblem::Request {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        code: "too_large",
        title: "a body of at most 16 KiB",
    };
    match payload.to_bytes_limited(MOST).await {
        Ok(Ok(body)) => String::from_utf8(body.to_vec())
            .map_err(|_| DeviceProblem::malformed("malformed_body", "not a compact JWS")),
        Ok(Err(_)) => Err(DeviceProblem::malformed(
            "unreadable_body",
            "the body could not be read",
        )),
        Err(_) => Err(too_large),
    }
}
