//! How a try stands, for its reader; and the number that its person types.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use audit::Verdict;
use login::Refusal;
use login::challenge::SessionAt;
use login::device::{DeviceAttempt, Stage};
use serde::{Deserialize, Serialize};

use super::{DeviceProblem, attempts, problem, proof, wire};
use crate::listeners::door::verdict;
use crate::secret::Secret;
use crate::web::context::Context;

/// How it stands.
#[derive(Serialize)]
pub(super) struct Progress {
    status: &'static str,
    interval: u32,
    /// Where this device goes on with its sign-in; only if it began that itself.
    #[serde(rename = "continue", skip_serializing_if = "Option::is_none")]
    go_on: Option<String>,
    /// A page of ours that asks for the number, for devices that do not ask themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    number_page: Option<String>,
}

impl Progress {
    pub(super) fn of(context: &Context, attempt: &DeviceAttempt, secret: &Secret) -> Self {
        let origin = &context.config.front.origin;
        let ready = matches!(attempt.stage, Stage::Ready { .. });
        let unconfirmed = matches!(attempt.stage, Stage::Unconfirmed { .. });
        Self {
            status: attempt.stage.as_str(),
            interval: context.config.device.interval_seconds.get(),
            go_on: (ready && attempt.session_at == SessionAt::ThisDevice)
                .then(|| origin.url(&format!("/sign-in/{}/device/{}", attempt.transaction, attempt.id))),
            number_page: unconfirmed.then(|| {
                let token = super::number::token(secret);
                origin.url(&format!("/device/number/{}?t={token}", attempt.id))
            }),
        }
    }
}

/// `GET /device/attempts/{attempt}`.
pub async fn get(context: Context, id: web::Path<String>, request: HttpRequest) -> HttpResponse {
    let result = look(&context, &id, &request).await;
    problem::answer(&context, result)
}

async fn look(context: &Context, id: &str, request: &HttpRequest) -> Result<HttpResponse, DeviceProblem> {
    let secret = wire::bearer(request)?;
    let attempt = attempts::of_reader(context, id, &secret).await?;
    if let Err(seconds) = context.device_polls.admits(&attempt.id) {
        metrics::counter!("device_slow_downs_total").increment(1);
        return Err(DeviceProblem::SlowDown { seconds });
    }
    if let Stage::Refused { refusal, reference } = &attempt.stage {
        return Err(DeviceProblem::Refused {
            refusal: *refusal,
            reference: reference.clone(),
        });
    }
    if attempt.is_late(context.now()) {
        return Err(Refusal::DeviceTooLate.into());
    }
    wire::json(StatusCode::OK, &Progress::of(context, &attempt, &secret))
}

/// What the device sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    /// Two digits as the screen shows them; `null` says that it was not this person who began.
    number: Option<String>,
}

/// `POST /device/attempts/{attempt}/number`.
pub async fn number(
    context: Context,
    id: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let result = async {
        let secret = wire::bearer(&request)?;
        let mut attempt = attempts::of_reader(&context, &id, &secret).await?;
        let typed: Typed = wire::read(&request, payload).await?;
        confirm(&context, &mut attempt, typed.number.as_deref()).await?;
        wire::json(StatusCode::OK, &Progress::of(&context, &attempt, &secret))
    }
    .await;
    problem::answer(&context, result)
}

/// The person at the reader typed a number, or said that it was not they. One answer: a wrong one ends the try.
pub(super) async fn confirm(
    context: &Context,
    attempt: &mut DeviceAttempt,
    typed: Option<&str>,
) -> Result<(), DeviceProblem> {
    let Stage::Unconfirmed { trace, .. } = &attempt.stage else {
        return Err(match &attempt.stage {
            Stage::Refused { refusal, .. } => (*refusal).into(),
            _ => Refusal::DeviceChallengeUsed.into(),
        });
    };
    let trace = trace.clone();
    if !attempts::is_first_number(context, &attempt.id).await? {
        return Err(Refusal::DeviceChallengeUsed.into());
    }
    match attempt.confirm(typed.unwrap_or_default(), context.now()) {
        Ok(()) => {
            attempts::save(context, attempt).await?;
            Ok(())
        }
        Err(refusal) => {
            let mut steps = crate::web::login::steps(&trace);
            let detail = if typed.is_some() {
                "another number"
            } else {
                "disowned"
            };
            steps.push(proof::step("the_number_matches", Verdict::Failed, detail));
            Err(proof::end(context, attempt, refusal, &verdict::text(&steps)).await?)
        }
    }
}
