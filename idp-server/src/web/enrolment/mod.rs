//! 利用登録: the person registers with the 署名用 certificate, by signing a consent document.
//!
//! **Owns** `/enrolment` and its forms: the document ([`document`]), the upload ([`upload`]), the check of what was signed
//! ([`check`]), the register of enrolments ([`register`]).
//!
//! **Deliberately absent**: keys and PINs (the card's software signs; nothing of it comes here but the signed file), the raw
//! certificate (it is looked at and dropped; what is kept of it is a digest and a sealed serial), the 個人番号 (no JPKI
//! certificate holds one).
//!
//! **Neighbours**: `login::next_step` sends people here whose service asks for a proofed identity; `web/oidc/userinfo.rs` and
//! `web/saml/reply.rs` release what the register holds.
//!
//! **One more refusal**: a variant of `pages::EnrolmentRefusal`, its texts in both locales, a row in
//! conformance-tests/tests/identity/enrolment.rs.

mod act;
pub mod back;
mod check;
mod document;
pub mod register;
mod upload;

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use domain::Session;
use serde::Deserialize;
use store::{EphemeraKey, EphemeraKind};

use self::document::Draft;
use super::account::current;
use super::account::sign_in;
use super::context::{Context, with_cookie};
use super::error::{Problem, own_page};
use super::{cookies, headers};
use crate::pages::{EnrolmentPage, EnrolmentRefusal, EnrolmentStage};

/// Purpose of the forms' token.
const FORM: &str = "enrolment";
/// Seconds after the card was used within which a person may register: whoever finds an open browser later may not.
const FRESH_SECONDS: i64 = 900;
/// Seconds for which a document waits for its signature.
const DOCUMENT_SECONDS: i64 = 1800;

/// The state of the page besides what is kept.
#[derive(Deserialize)]
pub struct EnrolmentQuery {
    done: Option<String>,
}

/// A form with nothing but its token.
#[derive(Deserialize)]
pub struct TokenForm {
    csrf: String,
}

/// `GET /enrolment`.
pub async fn get(mut context: Context, query: web::Query<EnrolmentQuery>) -> HttpResponse {
    let named = context.name_browser();
    let result = show(&context, None, query.done.as_deref()).await;
    let response = context.answer(result).await;
    match named {
        Some(browser) => with_cookie(response, &cookies::browser(&browser)),
        None => response,
    }
}

/// Draws the page as things stand, with what was just refused.
async fn show(
    context: &Context,
    refusal: Option<EnrolmentRefusal>,
    done: Option<&str>,
) -> Result<HttpResponse, Problem> {
    let session = current(context).await?;
    let held = match &session {
        Some(session) => register::summary(context, &session.account).await?,
        None => None,
    };
    let stage = match &session {
        None => EnrolmentStage::SignInFirst,
        Some(session) if !is_fresh(context, session) => EnrolmentStage::SignInFirst,
        Some(session) => match draft(context, session).await? {
            Some(draft) => EnrolmentStage::Sign {
                text: draft.text(),
                language: draft.language,
                expires_at: draft.expires_at,
            },
            None => EnrolmentStage::Begin,
        },
    };
    let page = EnrolmentPage {
        frame: context.frame(),
        stage,
        held,
        refusal,
        withdrawn: done == Some("withdrawn"),
        enrolled: done == Some("enrolled"),
        begin: context.form(FORM, back::with("/enrolment/begin", context)),
        upload: context.form(FORM, back::with("/enrolment/signed", context)),
        sign_in: sign_in::form(context, sign_in::OwnPage::Enrolment),
        back: back::way(context).await?,
        withdraw: context.form(FORM, "/enrolment/withdraw".to_owned()),
    };
    let html = context.render(&page)?;
    Ok(match refusal {
        None => own_page(html),
        Some(refusal) => {
            let status = actix_web::http::StatusCode::from_u16(refusal.status())
                .unwrap_or(actix_web::http::StatusCode::FORBIDDEN);
            headers::page(status, html, &headers::FormTargets::own())
        }
    })
}

/// Whether the card was used a short while ago, with its PIN, through TLS: nothing weaker registers anybody, or closes an account.
pub fn is_fresh(context: &Context, session: &Session) -> bool {
    session.method == domain::AuthenticationMethod::CardTls
        && context.now().seconds_since(session.authenticated_at) <= FRESH_SECONDS
}

fn key(session: &Session) -> EphemeraKey {
    EphemeraKey::new(EphemeraKind::EnrolmentDocument, session.id.as_str())
}

async fn draft(context: &Context, session: &Session) -> Result<Option<Draft>, Problem> {
    let Some(bytes) = context.ephemera.get(&key(session), context.now()).await? else {
        return Ok(None);
    };
    let draft: Draft = serde_json::from_slice(&bytes).map_err(|error| Problem::Fault(error.to_string()))?;
    Ok(Some(draft).filter(|draft| context.now() < draft.expires_at))
}

/// The session of this browser, if the card was used a short while ago.
pub async fn fresh_session(context: &Context) -> Result<Option<Session>, Problem> {
    Ok(current(context)
        .await?
        .filter(|session| is_fresh(context, session)))
}

/// `POST /enrolment/begin`: a fresh document, in place of one that waited.
pub async fn begin(context: Context, form: web::Form<TokenForm>) -> HttpResponse {
    let result = begin_document(&context, &form).await;
    context.answer(result).await
}

async fn begin_document(context: &Context, form: &TokenForm) -> Result<HttpResponse, Problem> {
    require(context, &form.csrf)?;
    let here = back::with("/enrolment", context);
    let Some(session) = fresh_session(context).await? else {
        return Ok(headers::see_other(&here));
    };
    let draft = Draft::new(context, &session, register::wanted(context).await?);
    let bytes = serde_json::to_vec(&draft).map_err(|error| Problem::Fault(error.to_string()))?;
    context
        .ephemera
        .put(&key(&session), bytes, context.now(), draft.expires_at)
        .await?;
    Ok(headers::see_other(&here))
}

/// `GET /enrolment/document`: the document as a file, to the byte as it must be signed.
pub async fn download(context: Context) -> HttpResponse {
    let result = async {
        let Some(session) = fresh_session(&context).await? else {
            return Ok(headers::see_other("/enrolment"));
        };
        let Some(draft) = draft(&context, &session).await? else {
            return Ok(headers::see_other("/enrolment"));
        };
        let mut response = headers::common(HttpResponse::Ok());
        Ok(response
            .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
            .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"enrolment.txt\""))
            .body(draft.text()))
    }
    .await;
    context.answer(result).await
}

/// `POST /enrolment/signed`: the signed file.
pub async fn signed(context: Context, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let result = act::enrol(&context, content_type, &body).await;
    context.answer(result).await
}

/// `POST /enrolment/withdraw`: everything that was registered goes.
pub async fn withdraw(context: Context, form: web::Form<TokenForm>) -> HttpResponse {
    let result = async {
        require(&context, &form.csrf)?;
        if let Some(session) = current(&context).await? {
            register::withdraw(&context, &session).await?;
        }
        Ok(headers::see_other("/enrolment?done=withdrawn"))
    }
    .await;
    context.answer(result).await
}

fn require(context: &Context, brought: &str) -> Result<(), Problem> {
    if context.form_token_matches(FORM, brought) {
        Ok(())
    } else {
        Err(Problem::ForeignForm)
    }
}
