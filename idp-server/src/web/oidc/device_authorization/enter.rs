//! The page where a person enters the code of a device (RFC 8628 section 3.3), and the sign-in that it begins.
//!
//! Opening the page does nothing, with a code in its address neither: links are opened by machines too, and by people whom somebody sent
//! one. The code is spent by the first browser that sends the form.

use actix_web::{HttpResponse, web};
use domain::{Service, TokenHash};
use login::Transaction;
use oidc::device_authorization::{Stage, UserCode};
use serde::Deserialize;

use super::{Continuation, PAGE, held, limits};
use crate::pages::{DeviceCodePage, DeviceCodeProblem};
use crate::web::context::{Context, with_cookie};
use crate::web::error::{Problem, own_page};
use crate::web::login::{reply, transactions};
use crate::web::oidc::{facts, is_active};
use crate::web::{cookies, headers};

/// Purpose of the form's token.
const FORM: &str = "device code";
/// The longest code that is written back into the page.
const LONGEST: usize = 32;

/// `GET /activate`, and `?user_code=…` (`verification_uri_complete`).
pub async fn get(mut context: Context) -> HttpResponse {
    let _ = context.name_browser();
    let typed = context.query("user_code").unwrap_or_default();
    let response = context.answer(draw(&context, &typed, None)).await;
    match &context.browser {
        Some(browser) => with_cookie(response, &cookies::browser(browser)),
        None => response,
    }
}

/// The form.
#[derive(Deserialize)]
pub struct CodeForm {
    csrf: String,
    user_code: String,
}

/// `POST /activate`.
pub async fn post(mut context: Context, form: web::Form<CodeForm>) -> HttpResponse {
    let result = enter(&mut context, &form).await;
    context.answer(result).await
}

async fn enter(context: &mut Context, form: &CodeForm) -> Result<HttpResponse, Problem> {
    if !context.form_token_matches(FORM, &form.csrf) {
        return Err(Problem::ForeignForm);
    }
    limits::may_try(context).await?;
    // What is no code guesses none, and closes the page for nobody else.
    let Some(code) = UserCode::read(&form.user_code) else {
        return draw(context, &form.user_code, Some(DeviceCodeProblem::Unknown));
    };
    let Some((code, mut asked, service)) = look_up(context, &code).await? else {
        metrics::counter!("user_codes_unknown_total").increment(1);
        limits::missed(context).await?;
        return draw(context, &form.user_code, Some(DeviceCodeProblem::Unknown));
    };
    if let Stage::Entered { transaction } = &asked.stage {
        // The browser that entered it comes back to where it was; no other one learns that there is such a code.
        return match transactions::load(context, transaction).await {
            Ok(transaction) if !transaction.answered => Ok(to(&transaction)),
            Ok(_) | Err(Problem::Refused(_)) => {
                draw(context, &form.user_code, Some(DeviceCodeProblem::Unknown))
            }
            Err(problem) => Err(problem),
        };
    }
    if !limits::is_first_entry(context, &code).await? {
        return draw(context, &form.user_code, Some(DeviceCodeProblem::Unknown));
    }
    let continuation = Continuation {
        code: code.clone(),
        expires_at: asked.expires_at,
        scope: asked.wanted.scope.clone(),
        auth_time_required: asked.wanted.auth_time_required,
        terms: asked.wanted.terms.clone(),
        matched: None,
        ending: None,
    };
    let continuation = reply::Continuation::Device(continuation).to_text()?;
    let transaction =
        transactions::begin(context, &service.id, asked.wanted.ask.clone(), continuation).await?;
    if asked.enter(transaction.id.clone(), context.now()).is_err() {
        return draw(context, &form.user_code, Some(DeviceCodeProblem::Unknown));
    }
    held::save(context, &code, &asked).await?;
    metrics::counter!("user_codes_entered_total").increment(1);
    Ok(to(&transaction))
}

fn to(transaction: &Transaction) -> HttpResponse {
    headers::see_other(&format!("/sign-in/{}", transaction.id))
}

/// What a code leads to, while its time lasts and its service may have devices.
async fn look_up(
    context: &Context,
    code: &UserCode,
) -> Result<Option<(TokenHash, held::Asked, Service)>, Problem> {
    let Some(device) = held::find(context, code).await? else {
        return Ok(None);
    };
    let Some(asked) = held::load(context, &device).await? else {
        return Ok(None);
    };
    let service = context.ledger.service(&asked.service).await?;
    let Some(service) = service.filter(is_active) else {
        return Ok(None);
    };
    let has_devices = facts(&service)?.tokens.device_authorization;
    let in_time = context.now() < asked.expires_at;
    Ok((has_devices && in_time).then_some((device, asked, service)))
}

fn draw(context: &Context, typed: &str, problem: Option<DeviceCodeProblem>) -> Result<HttpResponse, Problem> {
    let page = DeviceCodePage {
        frame: context.frame(),
        typed: typed.chars().take(LONGEST).collect(),
        problem,
        enter: context.form(FORM, PAGE.to_owned()),
    };
    Ok(own_page(context.render(&page)?))
}
