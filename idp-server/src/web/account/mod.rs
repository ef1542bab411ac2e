//! The person's own pages: their sessions, see them, end them; sign in for them; close the account.
//!
//! **Owns** `/account` and its forms, `closing.rs` (利用者の退会), `sign_in.rs` (the card, asked for by nobody but the person).
//! **Deliberately absent**: anything else about a person: the platform knows nothing else that it could show. What was registered is
//! `web/enrolment`'s.

pub mod closing;
pub mod sign_in;

use actix_web::{HttpResponse, web};
use domain::{ServiceId, Session, SessionId};
use serde::Deserialize;

use super::context::{Context, with_cookie};
use super::error::{Problem, own_page};
use super::logout::{self, Finish};
use super::{cookies, headers};
use crate::pages::{AccountNotice, AccountPage, SessionRow};
use crate::sessions::{self, Cause};

/// Purpose of the forms' token.
const FORM: &str = "account";

/// What was just done, as the address says it.
#[derive(Deserialize)]
pub struct AccountQuery {
    done: Option<String>,
}

/// A form with nothing but its token.
#[derive(Deserialize)]
pub struct TokenForm {
    csrf: String,
}

/// `GET /account`.
pub async fn get(mut context: Context, query: web::Query<AccountQuery>) -> HttpResponse {
    let named = context.name_browser();
    let result = show(&context, query.done.as_deref()).await;
    let response = context.answer(result).await;
    match named {
        Some(browser) => with_cookie(response, &cookies::browser(&browser)),
        None => response,
    }
}

/// The live session of this browser.
pub async fn current(context: &Context) -> Result<Option<Session>, Problem> {
    let Some(secret) = &context.session else {
        return Ok(None);
    };
    let session = context.ledger.session_by_secret(&secret.hash()).await?;
    Ok(session.filter(|session| session.is_live(context.now())))
}

async fn show(context: &Context, done: Option<&str>) -> Result<HttpResponse, Problem> {
    let mut sessions = Vec::new();
    if let Some(current) = current(context).await? {
        let all = context
            .ledger
            .live_sessions_of(&current.account, context.now())
            .await?;
        sessions = all
            .into_iter()
            .map(|session| row(&session, session.id == current.id))
            .collect();
        sessions.sort_by_key(|row: &SessionRow| !row.this_browser);
    }
    let page = AccountPage {
        frame: context.frame(),
        sessions,
        end: context.form(FORM, "/account/end".to_owned()),
        end_all: context.form(FORM, "/account/end-all".to_owned()),
        sign_in: sign_in::form(context, sign_in::OwnPage::Account),
        close_url: closing::PATH.to_owned(),
        notice: match done {
            Some("closed") => Some(AccountNotice::Closed),
            Some("one") => Some(AccountNotice::EndedOne),
            Some("all") => Some(AccountNotice::EndedAll),
            _ => None,
        },
    };
    Ok(own_page(context.render(&page)?))
}

fn row(session: &Session, this_browser: bool) -> SessionRow {
    SessionRow {
        id: session.id.clone(),
        started_at: session.authenticated_at,
        expires_at: session.expires_at,
        method: session.method,
        this_browser,
    }
}

/// The forms of the page.
#[derive(Deserialize)]
pub struct EndForm {
    csrf: String,
    session: Option<String>,
}

/// `POST /account/end`: one of the person's own sessions.
pub async fn end(context: Context, form: web::Form<EndForm>) -> HttpResponse {
    let result = end_one(&context, &form).await;
    context.answer(result).await
}

async fn end_one(context: &Context, form: &EndForm) -> Result<HttpResponse, Problem> {
    require(context, form)?;
    let Some(current) = current(context).await? else {
        return Ok(headers::see_other("/account"));
    };
    let id: SessionId = form
        .session
        .as_deref()
        .and_then(|id| id.parse().ok())
        .ok_or(Problem::NotFound)?;
    let session = context.ledger.session(&id).await?;
    // Somebody else's session is as good as none.
    let Some(session) = session.filter(|session| session.account == current.account) else {
        return Err(Problem::NotFound);
    };
    let here = session.id == current.id;
    end_sessions(context, std::slice::from_ref(&session), "own_choice", None, here).await?;
    if here {
        return logout::depart(context, vec![session.id], Finish::Here, true).await;
    }
    Ok(headers::see_other("/account?done=one"))
}

/// `POST /account/end-all`.
pub async fn end_all(context: Context, form: web::Form<EndForm>) -> HttpResponse {
    let result = async {
        require(&context, &form)?;
        if let Some(current) = current(&context).await? {
            let all = context
                .ledger
                .live_sessions_of(&current.account, context.now())
                .await?;
            for session in &all {
                let here = session.id == current.id;
                end_sessions(&context, std::slice::from_ref(session), "own_choice", None, here).await?;
            }
            let ended = all.into_iter().map(|session| session.id).collect();
            return logout::depart(&context, ended, Finish::Here, true).await;
        }
        Ok(with_cookie(
            headers::see_other("/account?done=all"),
            &cookies::no_session(),
        ))
    }
    .await;
    context.answer(result).await
}

fn require(context: &Context, form: &EndForm) -> Result<(), Problem> {
    if context.form_token_matches(FORM, &form.csrf) {
        Ok(())
    } else {
        Err(Problem::ForeignForm)
    }
}

/// Ends sessions of one person, durably, before anything is answered. `asked_by`: the service that asks for it. `here`: their browser is the one
/// that asks.
pub async fn end_sessions(
    context: &Context,
    ended: &[Session],
    reason: &str,
    asked_by: Option<&ServiceId>,
    here: bool,
) -> Result<(), Problem> {
    for session in ended {
        let cause = Cause {
            asked_by: asked_by.cloned(),
            browser: here,
            ..Cause::wish(reason, session)
        };
        sessions::end(context, session, &cause).await?;
    }
    Ok(())
}
