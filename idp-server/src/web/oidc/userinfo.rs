//! User information (OpenID Connect Core 1.0 section 5.3): what the ID token said, as long as it still holds.

use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::ReleasedAttribute;
use keys::{KeyUse, SigningAlgorithm};
use oidc::dpop::{DpopFault, ProvenKey};
use oidc::explain::Endpoint;
use oidc::{FlaggedText, OpaqueSecret, PersonClaims, Reason, Reply, Sender, UserInfo, bearer};

use super::issue::release;
use super::standing::{self, Asked};
use super::token::{self, NoToken};
use super::{answer, connection, dpop, fault, provider_facts};
use crate::app::App;
use crate::exchanges::oidc as exchanges;
use crate::listeners::mutual_tls::ClientCertificate;
use crate::signing::ActiveKey;
use crate::web::enrolment::register::{self, Items};
use crate::web::error::Problem;
use crate::web::login::today::Today;

/// `GET` and `POST /oidc/userinfo`.
pub async fn get(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let response = match read(&app, &request).await {
        Ok(reply) => answer(&reply),
        // Nothing was shown: that is how a client asks what is needed, and nothing went wrong.
        Err(NoToken::Refused(Reason::TokenMissing)) => answer(&bearer::refusal(
            &Reason::TokenMissing,
            app.config.front.origin.as_str(),
        )),
        Err(NoToken::Refused(reason)) => {
            let reply = bearer::refusal(&reason, app.config.front.origin.as_str());
            exchanges::refused(&app, Endpoint::UserInfo, &request, &[], &reason, reply).await
        }
        Err(NoToken::Broken(problem)) => fault(&problem),
    };
    dpop::with_nonce(&app, &request, response)
}

async fn read(app: &App, request: &HttpRequest) -> Result<Reply, NoToken> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let authorization = headers.next().map(|value| value.to_str().unwrap_or("\u{fffd}"));
    if headers.next().is_some() {
        return Err(Reason::BearerMalformed.into());
    }
    let shown = bearer::read(authorization, request.uri().query())?;
    // The token first: whoever shows none of ours has nothing else looked at.
    let token = app
        .ledger
        .access_token(&OpaqueSecret::hash_of(shown.token))
        .await?;
    let Some(token) = token else {
        return Err(token::stranger(app, request, Reason::TokenUnknown));
    };
    let Some(grant) = app.ledger.grant(&token.grant).await? else {
        return Err(token::stranger(app, request, Reason::TokenUnknown));
    };
    let provider = provider_facts(app);
    let address = connection::address(request, &provider, &provider.userinfo_endpoint);
    let proven = dpop::prove(app, request, &address, Some(shown.token))?;
    if shown.scheme == bearer::Scheme::Dpop && proven.is_none() {
        return Err(Reason::Dpop(DpopFault::Missing).into());
    }
    let certificate = ClientCertificate::of(request);
    let sender = Sender {
        jkt: proven.as_ref().map(ProvenKey::jkt),
        certificate: certificate.as_ref().map(ClientCertificate::confirmation),
    };
    let today = Today::of(app, &grant.account).await?;
    let grant = today.lowered(grant);
    let live = bearer::approve(shown, sender, &token, &grant, app.clock.now())?;
    let service = app.ledger.service(&grant.service).await?;
    let Some(service) = service.filter(super::is_active) else {
        return Err(Reason::GrantRevoked.into());
    };
    let client = super::facts(&service)?;
    oidc::sender::proof_fits(&client, proven.as_ref())?;
    // A proof is spent for the token that it belongs to, once everything else holds: not by whoever has only one of the two.
    if let Some(proven) = &proven {
        dpop::spend(app, proven).await?;
    }
    // A session that ended, whose certificate was revoked, or which is below what the person demands since, answers nothing more.
    if !standing::meets_floor(app, &today, &grant, Asked::With(&token)).await?
        || !standing::holds(app, &grant, &service).await?
    {
        return Err(Reason::GrantRevoked.into());
    }
    let Some(pseudonym) = app.ledger.pseudonym(&grant.account, &service.sector).await? else {
        return Err(Problem::Fault("a grant without a pseudonym".to_owned()).into());
    };
    let shown = within(&grant.released, &grant.scope, live.scope());
    let items = register::open_items(app, &grant.account, &shown, &grant.service, "userinfo").await?;
    let told = UserInfo {
        token: live,
        subject: &pseudonym.value,
        release: release(&grant),
        person: person(&items),
    };
    let Some(setting) = client.tokens.userinfo_algorithm else {
        return Ok(told.reply());
    };
    let key = ActiveKey::of(
        &app.signing,
        KeyUse::OpenIdConnect,
        SigningAlgorithm::from(setting),
    )?;
    let input = told.signing_input(&client, setting, &provider_facts(app), key.key().id.as_str());
    let signature = key.sign(input.bytes())?;
    Ok(UserInfo::signed_reply(input.attach(&signature)))
}

/// What was released, without that for which the grant has a scope and the token has not.
fn within(released: &[ReleasedAttribute], granted: &str, token: &str) -> Vec<ReleasedAttribute> {
    let names = |scope: &str, attribute: ReleasedAttribute| {
        scope
            .split(' ')
            .any(|one| oidc::attribute_of_scope(one) == Some(attribute))
    };
    released
        .iter()
        .copied()
        .filter(|attribute| !names(granted, *attribute) || names(token, *attribute))
        .collect()
}

/// Items as claims.
pub(super) fn person(items: &Items) -> PersonClaims<'_> {
    PersonClaims {
        name: items.name.as_ref().map(flagged),
        address: items.address.as_ref().map(flagged),
        birth_date: items.birth_date.as_deref(),
        sex: items.sex.as_deref(),
    }
}

fn flagged((text, flags): &(String, String)) -> FlaggedText<'_> {
    FlaggedText { text, flags }
}
