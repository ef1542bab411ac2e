//! The person's own pages: their sessions, see them, end them; sign in for them; close the account.
//!
//! **Owns** `/account` and its forms, `closing.rs` (利用者の退会), `sign_in.rs` (the card, asked for by nobody but the person).
//! **Deliberately absent**: anything else about a person: the platform knows nothing else that it could show. What was registered is
//! `web/enrolment`'s.

pub mod closing;
pub mod sign_in;

use actix_web::{HttpResponse, web};
use audit::{Action, Actor, Event, Outcome};
use domain::{Session, SessionId};
use serde::Deserialize;
use store::{Batch, Write};

use super::context::{Context, with_cookie};
use super::error::{Problem, own_page};
use super::{cookies, headers};
use crate::pages::{AccountNotice, AccountPage, SessionRow, SignedOutPage};

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
    end_sessions(context, std::slice::from_ref(&session), "own_choice").await?;
    let response = headers::see_other("/account?done=one");
    Ok(if session.id == current.id {
        with_cookie(response, &cookies::no_session())
    } else {
        response
    })
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
            end_sessions(&context, &all, "own_choice").await?;
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

/// Ends sessions of one person, durably, before anything is answered.
pub async fn end_sessions(context: &Context, sessions: &[Session], reason: &str) -> Result<(), Problem> {
    let now = context.now();
    let mut batch = Batch::new();
    for session in sessions {
        let mut event = Event::new(
            now,
            Action::SessionEnded,
            Outcome::Done,
            Actor::Person(Some(session.account.clone())),
        )
        .fact("reason", reason);
        event.account = Some(session.account.clone());
        event.session = Some(session.id.clone());
        batch = batch
            .write(Write::EndSession {
                id: session.id.clone(),
                at: now,
            })
            .event(event);
    }
    match context.ledger.commit(batch).await? {
        store::CommitOutcome::Committed => Ok(()),
        store::CommitOutcome::Conflict(conflict) => Err(Problem::Fault(format!("{conflict:?}"))),
    }
}

/// The page after signing out.
pub fn signed_out(context: &Context) -> Result<HttpResponse, Problem> {
    let page = SignedOutPage {
        frame: context.frame(),
        service_name: None,
        return_url: None,
    };
    Ok(with_cookie(
        own_page(context.render(&page)?),
        &cookies::no_session(),
    ))
}
