//! Introspection (RFC 7662): a resource server asks about an access token that was shown to it.

use actix_web::http::header::ACCEPT;
use actix_web::{HttpRequest, HttpResponse, web};
use keys::{KeyUse, SigningAlgorithm};
use oidc::access_token::AccessTokenClaims;
use oidc::explain::Endpoint;
use oidc::introspection::{Introspection, SIGNED, who_may_ask};
use oidc::{OpaqueSecret, Reply};

use super::standing::{self, Asked};
use super::token::{self, Authenticated, NoToken};
use super::{answer, fault, provider_facts};
use crate::app::App;
use crate::exchanges::oidc as exchanges;
use crate::signing::ActiveKey;
use crate::web::login::today::Today;

/// `POST /oidc/introspection`.
pub async fn post(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    match ask(&app, &request, &body).await {
        Ok(reply) => answer(&reply),
        Err(NoToken::Refused(reason)) => {
            let reply = Reply::token_error(&reason, app.config.front.origin.as_str());
            exchanges::refused(&app, Endpoint::Introspection, &request, &body, &reason, reply).await
        }
        Err(NoToken::Broken(problem)) => fault(&problem),
    }
}

async fn ask(app: &App, request: &HttpRequest, body: &[u8]) -> Result<Reply, NoToken> {
    let unchecked = token::read(request, body)?;
    let by = token::authenticate(app, request, &unchecked).await?;
    who_may_ask(&by.client)?;
    let found = judge(app, &by, unchecked.token()?).await?;
    let wants_signed = request
        .headers()
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.split(',').any(|one| one.trim() == SIGNED));
    if !wants_signed {
        return Ok(found.reply());
    }
    let key = ActiveKey::of(&app.signing, KeyUse::OpenIdConnect, SigningAlgorithm::Es256)?;
    let input = found.signing_input(
        &by.client,
        &provider_facts(app),
        key.key().id.as_str(),
        app.clock.now(),
    );
    let signature = key.sign(input.bytes())?;
    Ok(Introspection::signed_reply(input.attach(&signature)))
}

async fn judge(app: &App, by: &Authenticated, shown: &str) -> Result<Introspection, NoToken> {
    let ours = app.signing.keys().ring().jwks();
    let Ok(claims) = AccessTokenClaims::read(shown, &ours, &provider_facts(app)) else {
        return Ok(Introspection::Inactive);
    };
    let Some(row) = app.ledger.access_token(&OpaqueSecret::hash_of(shown)).await? else {
        return Ok(Introspection::Inactive);
    };
    let Some(grant) = app.ledger.grant(&row.grant).await? else {
        return Ok(Introspection::Inactive);
    };
    let judged = Introspection::judge(shown, claims, (&row, &grant), &by.facts, app.clock.now());
    if !judged.is_active() {
        return Ok(judged);
    }
    // The client may have been suspended, the session ended, the certificate revoked: since a moment ago is early enough to say so.
    let service = app.ledger.service(&grant.service).await?;
    let Some(service) = service.filter(super::is_active) else {
        return Ok(Introspection::Inactive);
    };
    let today = Today::of(app, &grant.account).await?;
    // A signed token states the proofing of its day: withdrawn since, it says what is no longer so.
    let states_what_is_so = today.lowered(grant.clone()) == grant;
    let holds = states_what_is_so
        && standing::meets_floor(app, &today, &grant, Asked::With(&row)).await?
        && standing::holds(app, &grant, &service).await?;
    Ok(if holds { judged } else { Introspection::Inactive })
}
