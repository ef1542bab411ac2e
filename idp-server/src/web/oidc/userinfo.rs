//! User information (OpenID Connect Core 1.0 section 5.3): what the ID token said, as long as it still holds.

use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, HttpResponse, web};
use oidc::{FlaggedText, OpaqueSecret, PersonClaims, Reason, Reply, UserInfo, bearer};

use super::token::{NoToken, release};
use super::{answer, fault};
use crate::app::App;
use crate::web::enrolment::register;
use crate::web::error::Problem;
use crate::web::login::recheck;

/// `GET` and `POST /oidc/userinfo`.
pub async fn get(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let authorization = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    match read(&app, authorization, request.uri().query()).await {
        Ok(reply) => answer(&reply),
        Err(NoToken::Refused(reason)) => answer(&bearer::refusal(&reason, app.config.front.origin.as_str())),
        Err(NoToken::Broken(problem)) => fault(&problem),
    }
}

async fn read(app: &App, authorization: Option<&str>, query: Option<&str>) -> Result<Reply, NoToken> {
    let presented = bearer::read(authorization, query)?;
    let Some(token) = app.ledger.access_token(&OpaqueSecret::hash_of(presented)).await? else {
        return Err(Reason::TokenUnknown.into());
    };
    let Some(grant) = app.ledger.grant(&token.grant).await? else {
        return Err(Reason::TokenUnknown.into());
    };
    let live = bearer::approve(presented, &token, &grant, app.clock.now())?;
    let service = app.ledger.service(&grant.service).await?;
    let Some(service) = service.filter(super::is_active) else {
        return Err(Reason::GrantRevoked.into());
    };
    // A session that ended, or whose certificate was revoked since, answers nothing more.
    if recheck::again(app, &grant.session, &service).await?.is_some() {
        return Err(Reason::GrantRevoked.into());
    }
    let Some(pseudonym) = app.ledger.pseudonym(&grant.account, &service.sector).await? else {
        return Err(Problem::Fault("a grant without a pseudonym".to_owned()).into());
    };
    let items =
        register::open_items(app, &grant.account, &grant.released, &grant.service, "userinfo").await?;
    Ok(UserInfo {
        token: live,
        subject: &pseudonym.value,
        release: release(&grant),
        person: PersonClaims {
            name: items.name.as_ref().map(flagged),
            address: items.address.as_ref().map(flagged),
            birth_date: items.birth_date.as_deref(),
            sex: items.sex.as_deref(),
        },
    }
    .reply())
}

fn flagged((text, flags): &(String, String)) -> FlaggedText<'_> {
    FlaggedText { text, flags }
}
