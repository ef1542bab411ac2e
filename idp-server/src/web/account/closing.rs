//! 利用者の退会: a person closes their own account, with the card in hand.

use actix_web::{HttpResponse, web};
use audit::Actor;
use domain::ClosingReason;

use super::sign_in::{self, OwnPage};
use super::{FORM, TokenForm};
use crate::identity::Tools;
use crate::identity::decide::{self, NotDecided};
use crate::pages::ClosingPage;
use crate::web::context::{Context, with_cookie};
use crate::web::enrolment::fresh_session;
use crate::web::error::{Problem, own_page};
use crate::web::{cookies, headers};

/// Where the page is.
pub const PATH: &str = "/account/close";

/// `GET /account/close`: what closing means, and the form where the card was used a short while ago.
pub async fn get(mut context: Context) -> HttpResponse {
    let named = context.name_browser();
    let result = show(&context).await;
    let response = context.answer(result).await;
    match named {
        Some(browser) => with_cookie(response, &cookies::browser(&browser)),
        None => response,
    }
}

async fn show(context: &Context) -> Result<HttpResponse, Problem> {
    let fresh = fresh_session(context).await?.is_some();
    let page = ClosingPage {
        frame: context.frame(),
        close: fresh.then(|| context.form(FORM, PATH.to_owned())),
        sign_in: sign_in::form(context, OwnPage::Closing),
        account_url: "/account".to_owned(),
    };
    Ok(own_page(context.render(&page)?))
}

/// `POST /account/close`.
pub async fn post(context: Context, form: web::Form<TokenForm>) -> HttpResponse {
    let result = close(&context, &form.csrf).await;
    context.answer(result).await
}

async fn close(context: &Context, token: &str) -> Result<HttpResponse, Problem> {
    if !context.form_token_matches(FORM, token) {
        return Err(Problem::ForeignForm);
    }
    let Some(session) = fresh_session(context).await? else {
        return Ok(headers::see_other(PATH));
    };
    let tools = Tools::of(context);
    let actor = Actor::Person(Some(session.account.clone()));
    match decide::close_now(&tools, &session.account, &ClosingReason::OwnWish, (&actor, None)).await {
        // Closed from another browser at the same moment: that is what was wished.
        Ok(()) | Err(NotDecided::AccountClosed) => {}
        Err(NotDecided::Fault(problem)) => return Err(problem),
        Err(other) => return Err(Problem::Fault(other.to_string())),
    }
    metrics::counter!("accounts_closed_total", "reason" => "own_wish").increment(1);
    Ok(with_cookie(
        headers::see_other("/account?done=closed"),
        &cookies::no_session(),
    ))
}
