//! Revocation (RFC 7009): a client gives a token back. Whichever token of a grant it names, the whole grant is withdrawn: its refresh
//! tokens, and every access token that was issued on it.

use actix_web::{HttpRequest, HttpResponse, web};
use audit::{Action, Actor};
use domain::AuthorizationGrant;
use oidc::explain::Endpoint;
use oidc::grants::refresh_token::Presented;
use oidc::{OpaqueSecret, Reason, Reply, TokenFault};

use super::token::{self, NoToken};
use super::{answer, fault, issue, standing};
use crate::app::App;
use crate::exchanges::oidc as exchanges;

/// `POST /oidc/revocation`.
pub async fn post(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    match revoke(&app, &request, &body).await {
        Ok(()) => answer(&Reply::empty()),
        Err(NoToken::Refused(reason)) => {
            let reply = Reply::token_error(&reason, app.config.front.origin.as_str());
            exchanges::refused(&app, Endpoint::Revocation, &request, &body, &reason, reply).await
        }
        Err(NoToken::Broken(problem)) => fault(&problem),
    }
}

async fn revoke(app: &App, request: &HttpRequest, body: &[u8]) -> Result<(), NoToken> {
    let unchecked = token::read(request, body)?;
    let by = token::authenticate(app, request, &unchecked).await?;
    // A token that nobody knows is revoked already (section 2.2).
    let Some(grant) = behind(app, unchecked.token()?).await? else {
        return Ok(());
    };
    if grant.service != *by.client.service() {
        return Err(Reason::Token(TokenFault::OfAnotherClient).into());
    }
    if grant.revoked_at.is_some() {
        return Ok(());
    }
    issue::withdraw(
        app,
        &grant,
        Action::TokenRevoked,
        Actor::Service(grant.service.clone()),
        None,
    )
    .await
}

/// The grant behind a token of any kind that was really issued.
async fn behind(app: &App, shown: &str) -> Result<Option<AuthorizationGrant>, NoToken> {
    let id = match Presented::parse(shown) {
        Some(presented) => {
            let family = standing::family(app, &presented.grant).await?;
            family
                .filter(|family| presented.is_of(&family.value))
                .map(|family| family.value.grant)
        }
        None => app
            .ledger
            .access_token(&OpaqueSecret::hash_of(shown))
            .await?
            .map(|token| token.grant),
    };
    match id {
        Some(id) => Ok(app.ledger.grant(&id).await?),
        None => Ok(None),
    }
}
