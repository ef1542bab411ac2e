//! The token endpoint (OpenID Connect Core 1.0 section 3.1.3): a code becomes an ID token and an access token, once.

use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, HttpResponse, web};
use audit::{Action, Actor, Event, Outcome};
use domain::{AccessToken, AuthorizationGrant, Service, ServiceId};
use keys::{KeyUse, SigningAlgorithm};
use oidc::grants::authorization_code::{self, Approved};
use oidc::{
    AuthenticatedClient, ClientFacts, GrantRequest, IdTokenClaims, IdTokenFacts, OpaqueSecret, Reason,
    Release, Reply, TokenResponse, UncheckedTokenRequest,
};
use store::{Batch, CommitOutcome, Conflict, Precondition, SingleUseKind, Write};

use super::{answer, fault, provider_facts};
use crate::app::App;
use crate::signing::ActiveKey;
use crate::web::error::Problem;
use crate::web::login::recheck;

/// Why there is no token: the client's reason, or a fault of ours.
pub enum NoToken {
    /// Told to the client.
    Refused(Reason),
    /// Logged, told as `server_error`.
    Broken(Problem),
}

impl From<Reason> for NoToken {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason)
    }
}

impl From<Problem> for NoToken {
    fn from(problem: Problem) -> Self {
        Self::Broken(problem)
    }
}

impl From<store::StoreFault> for NoToken {
    fn from(fault: store::StoreFault) -> Self {
        Self::Broken(fault.into())
    }
}

impl From<crate::signing::SigningFault> for NoToken {
    fn from(fault: crate::signing::SigningFault) -> Self {
        Self::Broken(fault.into())
    }
}

/// `POST /oidc/token`.
pub async fn post(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let authorization = headers.next().map(|value| value.to_str().unwrap_or("\u{fffd}"));
    match redeem(&app, &body, authorization).await {
        Ok(reply) => answer(&reply),
        Err(NoToken::Refused(reason)) => {
            metrics::counter!("token_requests_refused_total", "reason" => reason.code()).increment(1);
            answer(&Reply::token_error(&reason, app.config.front.origin.as_str()))
        }
        Err(NoToken::Broken(problem)) => fault(&problem),
    }
}

async fn redeem(app: &App, body: &[u8], authorization: Option<&str>) -> Result<Reply, NoToken> {
    let now = app.clock.now();
    let provider = provider_facts(app);
    let request = UncheckedTokenRequest::parse(body, authorization)?;
    let Some((service, facts)) = super::find(app, request.client_id()).await? else {
        return Err(Reason::UnknownClient.into());
    };
    if !super::is_active(&service) {
        return Err(Reason::UnknownClient.into());
    }
    let client = oidc::authenticate(&request, &facts, &provider, now)?;
    spend_assertion(app, &client).await?;
    let GrantRequest::AuthorizationCode(asked) = request.grant()? else {
        return Err(Reason::GrantTypeUnsupported.into());
    };
    let Some(grant) = app
        .ledger
        .grant_by_code(&OpaqueSecret::hash_of(asked.code))
        .await?
    else {
        return Err(Reason::CodeUnknown.into());
    };
    let approved = match authorization_code::approve(&grant, &asked, &client, now) {
        Ok(approved) => approved,
        Err(reason) => {
            // A code that was redeemed and comes again is a replay even when it is late or wrong in another way.
            if grant.service == *client.service() {
                withdraw_if_redeemed(app, &grant).await?;
            }
            return Err(reason.into());
        }
    };
    // The certificate behind the session is looked at once more, at the revocation state in force now.
    if recheck::again(app, &grant.session, &service).await?.is_some() {
        return Err(Reason::GrantRevoked.into());
    }
    issue(app, &service, &facts, &approved).await
}

/// A client assertion is used once (RFC 7523 section 3, `jti`).
pub(super) async fn spend_assertion(app: &App, client: &AuthenticatedClient) -> Result<(), NoToken> {
    let Some(spent) = client.spent() else {
        return Ok(());
    };
    let batch = Batch::new().write(Write::InsertSingleUse {
        kind: SingleUseKind::ClientAssertion,
        key: format!("{}:{}", client.service(), spent.key.0),
        expires_at: spent.until,
    });
    match app.ledger.commit(batch).await? {
        CommitOutcome::Committed => Ok(()),
        CommitOutcome::Conflict(_) => Err(Reason::AssertionReplayed.into()),
    }
}

async fn issue(
    app: &App,
    service: &Service,
    facts: &ClientFacts,
    approved: &Approved<'_>,
) -> Result<Reply, NoToken> {
    let grant = approved.grant();
    let now = app.clock.now();
    let provider = provider_facts(app);
    let Some(pseudonym) = app.ledger.pseudonym(&grant.account, &service.sector).await? else {
        return Err(Problem::Fault("a grant without a pseudonym".to_owned()).into());
    };
    let access_token = OpaqueSecret::generate(&*app.entropy);
    let algorithm = SigningAlgorithm::from(facts.id_token_algorithm);
    let key = ActiveKey::of(&app.signing, KeyUse::OpenIdConnect, algorithm)?;
    let sid = super::sid(&grant.session, &grant.service);
    let claims = IdTokenClaims::compose(
        approved,
        &IdTokenFacts {
            subject: &pseudonym.value,
            release: release(grant),
            method: grant.method,
            session: Some(&sid),
            access_token: access_token.reveal(),
            algorithm: facts.id_token_algorithm,
        },
        &provider,
        now,
    );
    let input = claims
        .signing_input(facts.id_token_algorithm, key.key().id.as_str())
        .map_err(|error| Problem::Fault(error.to_string()))?;
    let signature = key.sign(input.bytes())?;
    let id_token = input.attach(&signature);
    // What was looked at a moment ago must still be so when the token becomes durable.
    let session = app.ledger.session(&grant.session).await?;
    let Some(session) = session.filter(|session| session.is_live(now)) else {
        return Err(Reason::GrantRevoked.into());
    };
    let batch = Batch::new()
        .require(Precondition::GrantLive(grant.id.clone()))
        .require(Precondition::AccountActive(grant.account.clone()))
        .require(Precondition::CredentialActive(session.credential.clone()))
        .require(Precondition::SessionAt {
            id: session.id.clone(),
            version: session.version,
        })
        .require(Precondition::ServiceAt {
            id: service.id.clone(),
            version: service.version,
        })
        .write(Write::InsertSingleUse {
            kind: SingleUseKind::AuthorizationCode,
            key: grant.code.0.clone(),
            expires_at: now.plus_seconds(provider.access_token_lifetime_seconds + 3600),
        })
        .write(Write::InsertAccessToken(AccessToken {
            hash: access_token.hash(),
            grant: grant.id.clone(),
            issued_at: now,
            expires_at: now.plus_seconds(provider.access_token_lifetime_seconds),
        }))
        .event(event(
            app,
            Action::TokenIssued,
            grant,
            Actor::Service(service.id.clone()),
        ));
    match app.ledger.commit(batch).await? {
        CommitOutcome::Committed => {
            metrics::counter!("tokens_issued_total").increment(1);
            let response = TokenResponse {
                access_token: &access_token,
                id_token: &id_token,
                scope: &grant.scope,
            };
            Ok(response.reply(&provider))
        }
        CommitOutcome::Conflict(Conflict::AlreadyUsed(_)) => {
            withdraw(app, grant).await?;
            Err(Reason::CodeReplayed.into())
        }
        CommitOutcome::Conflict(Conflict::Precondition(Precondition::ServiceAt { .. })) => {
            Err(Reason::UnknownClient.into())
        }
        CommitOutcome::Conflict(_) => Err(Reason::GrantRevoked.into()),
    }
}

/// What the person agreed to; and `auth_time` where the request's `max_age` makes it part of the protocol (OpenID Connect Core
/// 1.0 section 2).
pub fn release(grant: &AuthorizationGrant) -> Release {
    let mut release = Release::of(&grant.released);
    release.time |= grant.auth_time_required;
    release
}

/// Withdraws a grant whose code was redeemed before; leaves one alone that nobody redeemed.
async fn withdraw_if_redeemed(app: &App, grant: &AuthorizationGrant) -> Result<(), NoToken> {
    // The single-use row decides: inserting it says whether it was there, and spends a code that was shown wrongly.
    let spend = Batch::new().write(Write::InsertSingleUse {
        kind: SingleUseKind::AuthorizationCode,
        key: grant.code.0.clone(),
        expires_at: app.clock.now().plus_seconds(3600),
    });
    match app.ledger.commit(spend).await? {
        CommitOutcome::Committed => Ok(()),
        CommitOutcome::Conflict(_) => withdraw(app, grant).await,
    }
}

/// A code came again: everything issued on it is withdrawn (RFC 6749 section 4.1.2).
async fn withdraw(app: &App, grant: &AuthorizationGrant) -> Result<(), NoToken> {
    metrics::counter!("codes_replayed_total").increment(1);
    let batch = Batch::new()
        .write(Write::RevokeGrant {
            id: grant.id.clone(),
            at: app.clock.now(),
        })
        .event(event(app, Action::CodeReplayed, grant, Actor::Platform));
    app.ledger.commit(batch).await?;
    Ok(())
}

fn event(app: &App, action: Action, grant: &AuthorizationGrant, actor: Actor) -> Event {
    let service: ServiceId = grant.service.clone();
    let mut event =
        Event::new(app.clock.now(), action, Outcome::Done, actor).fact("grant", grant.id.as_str());
    event.account = Some(grant.account.clone());
    event.session = Some(grant.session.clone());
    event.service = Some(service);
    event
}
