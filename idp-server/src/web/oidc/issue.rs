//! What every grant issues: an access token, an ID token, and the conditions under which they may become durable.

use audit::{Action, Actor, Event, Outcome};
use domain::{
    AccessToken, AuthorizationGrant, GrantTerms, IdTokenAlgorithm, PseudonymValue, ReleasedAttribute,
    Service, Session, Timestamp,
};
use keys::{KeyUse, SigningAlgorithm};
use oidc::access_token::{AccessTokenClaims, AccessTokenFacts, AccessTokenText, Limits};
use oidc::dpop::DpopFault;
use oidc::grants::Approved;
use oidc::{ClientFacts, IdTokenClaims, IdTokenFacts, Reason, Release, Reply, Sender, TokenFault};
use store::{Batch, CommitOutcome, Conflict, Precondition, SingleUseKind, Write};

use super::provider_facts;
use super::token::{Authenticated, NoToken};
use crate::app::App;
use crate::signing::ActiveKey;
use crate::web::enrolment::register;
use crate::web::error::Problem;

/// What is to be issued.
pub struct Order<'a> {
    /// The client's record.
    pub service: &'a Service,
    /// What rules know of it.
    pub facts: &'a ClientFacts,
    /// The grant, and the proof that this client may have it now.
    pub approved: Approved<'a>,
    /// To which keys the access token is bound.
    pub sender: Sender<'a>,
    /// A narrower scope than the grant's.
    pub scope: Option<&'a str>,
    /// For which resource; none is our own user information.
    pub resource: Option<&'a str>,
    /// What was agreed to beyond scopes.
    pub authorization_details: Option<&'a str>,
    /// Which of the 基本4情報 the request wants in the ID token.
    pub in_id_token: &'a [ReleasedAttribute],
    /// Whether a refresh token was exchanged.
    pub refreshed: bool,
}

/// What was made, not yet durable.
pub struct Made {
    /// The access token.
    pub access_token: AccessTokenText,
    /// `token_type`.
    pub token_type: &'static str,
    /// The ID token.
    pub id_token: String,
    /// The access token's row.
    pub row: AccessToken,
}

/// Makes both tokens.
pub async fn make(app: &App, order: &Order<'_>, now: Timestamp) -> Result<Made, NoToken> {
    let grant = order.approved.grant();
    let provider = provider_facts(app);
    let pseudonym = app
        .ledger
        .pseudonym(&grant.account, &order.service.sector)
        .await?;
    let Some(pseudonym) = pseudonym else {
        return Err(Problem::Fault("a grant without a pseudonym".to_owned()).into());
    };
    let limits = Limits::of(order.sender, order.scope);
    let access_token = match order.resource {
        None => AccessTokenText::opaque(&limits, &*app.entropy),
        Some(resource) => signed(app, order, resource, (&pseudonym.value, &limits), now)?,
    };
    let algorithm = order.facts.id_token_algorithm;
    let key = ActiveKey::of(
        &app.signing,
        KeyUse::OpenIdConnect,
        SigningAlgorithm::from(algorithm),
    )?;
    let sid = super::sid(&grant.session, &grant.service);
    // Never more than the person agreed to, whatever is asked; and nothing that no longer holds.
    let wanted: Vec<_> = order
        .in_id_token
        .iter()
        .copied()
        .filter(|attribute| grant.released.contains(attribute))
        .collect();
    let items = register::open_items(app, &grant.account, &wanted, &grant.service, "id_token").await?;
    let claims = IdTokenClaims::compose(
        &order.approved,
        &IdTokenFacts {
            subject: &pseudonym.value,
            release: release(grant),
            method: grant.method,
            person: super::userinfo::person(&items),
            session: Some(&sid),
            access_token: access_token.reveal(),
            algorithm,
            refreshed: order.refreshed,
        },
        &provider,
        now,
    );
    let input = claims
        .signing_input(algorithm, key.key().id.as_str())
        .map_err(|error| Problem::Fault(error.to_string()))?;
    let signature = key.sign(input.bytes())?;
    Ok(Made {
        row: AccessToken {
            hash: access_token.hash(),
            grant: grant.id.clone(),
            issued_at: now,
            expires_at: now.plus_seconds(provider.access_token_lifetime_seconds),
        },
        access_token,
        token_type: limits.token_type(),
        id_token: input.attach(&signature),
    })
}

/// An access token for a resource (RFC 9068), always by our ES256 key: resource servers need not know how a client has its ID tokens.
fn signed(
    app: &App,
    order: &Order<'_>,
    resource: &str,
    (subject, limits): (&PseudonymValue, &Limits),
    now: Timestamp,
) -> Result<AccessTokenText, NoToken> {
    let grant = order.approved.grant();
    let key = ActiveKey::of(&app.signing, KeyUse::OpenIdConnect, SigningAlgorithm::Es256)?;
    let facts = AccessTokenFacts {
        resource,
        client_id: order.approved.client().client_id(),
        subject,
        release: release(grant),
        limits,
        authorization_details: order.authorization_details,
    };
    let claims = AccessTokenClaims::compose(grant, &facts, &provider_facts(app), &*app.entropy, now);
    let input = claims
        .signing_input(IdTokenAlgorithm::Es256, key.key().id.as_str())
        .map_err(|error| Problem::Fault(error.to_string()))?;
    let signature = key.sign(input.bytes())?;
    Ok(AccessTokenText::signed(input.attach(&signature)))
}

/// For which resource the access token is: the one that is named, if it was granted; the one that was granted, if none is named; our own
/// user information where none was granted (RFC 8707 section 2.2).
pub fn resource<'a>(
    app: &App,
    terms: &'a GrantTerms,
    asked: Option<&'a str>,
) -> Result<Option<&'a str>, Reason> {
    let own = provider_facts(app).userinfo_endpoint;
    let is_own = |one: &str| one == own;
    let named: Result<Option<&str>, Reason> = match (asked, terms.resources.as_slice()) {
        (Some(asked), granted) if granted.iter().any(|one| one == asked) => Ok(Some(asked)),
        // Where nothing else was granted, user information is what there is.
        (Some(asked), []) if is_own(asked) => Ok(None),
        (Some(_), _) => Err(Reason::Token(TokenFault::ResourceNotGranted)),
        (None, []) => Ok(None),
        (None, [one]) => Ok(Some(one)),
        (None, _) => Err(Reason::Token(TokenFault::SeveralResources)),
    };
    // Its tokens are opaque: only we read them.
    named.map(|resource| resource.filter(|one| !is_own(one)))
}

/// What must still be so when tokens become durable; the proof that brought them is spent with them.
pub fn conditions(grant: &AuthorizationGrant, by: &Authenticated) -> Batch {
    let service = &by.service;
    by.spends
        .iter()
        .cloned()
        .fold(Batch::new(), Batch::write)
        .require(Precondition::GrantLive(grant.id.clone()))
        .require(Precondition::AccountActive(grant.account.clone()))
        .require(Precondition::ServiceAt {
            id: service.id.clone(),
            version: service.version,
        })
}

/// What came of one try to issue.
pub enum Tried {
    /// The answer.
    Answered(Reply),
    /// What it rests on changed meanwhile, and is to be looked at again.
    Again,
    /// The client's own record changed meanwhile: whoever authenticated the client looks again.
    Overtaken,
}

/// Why a batch of tokens lost, where that is the same for every grant. A client's record changes under its requests without anybody's
/// doing wrong: keys that it publishes are looked for by a job.
pub fn lost(conflict: &Conflict) -> Result<Tried, NoToken> {
    match conflict {
        Conflict::Precondition(Precondition::ServiceAt { .. }) => Ok(Tried::Overtaken),
        Conflict::AlreadyUsed(SingleUseKind::DpopProof) => Err(Reason::Dpop(DpopFault::Replayed).into()),
        _ => Err(Reason::SignInNoLongerHolds.into()),
    }
}

/// The same of the session that a grant rests on.
#[must_use]
pub fn within(batch: Batch, session: &Session) -> Batch {
    batch
        .require(Precondition::CredentialActive(session.credential.clone()))
        .require(Precondition::SessionAt {
            id: session.id.clone(),
            version: session.version,
        })
}

/// What the person agreed to; and `auth_time` where the request's `max_age` makes it part of the protocol (OpenID Connect Core
/// 1.0 section 2).
pub fn release(grant: &AuthorizationGrant) -> Release {
    let mut release = Release::of(&grant.released);
    release.time |= grant.auth_time_required;
    release
}

/// Withdraws a grant, and so everything that was issued on it: access tokens and refresh tokens. A proof that came with what led here is
/// spent with it: whoever sends a copied request again, proof and all, has nothing withdrawn, and hears that the proof was used.
pub async fn withdraw(
    app: &App,
    grant: &AuthorizationGrant,
    action: Action,
    actor: Actor,
    spends: Option<&Write>,
) -> Result<(), NoToken> {
    let batch = spends
        .cloned()
        .into_iter()
        .fold(Batch::new(), Batch::write)
        .write(Write::RevokeGrant {
            id: grant.id.clone(),
            at: app.clock.now(),
        })
        .event(event(app, action, grant, actor));
    match app.ledger.commit(batch).await? {
        CommitOutcome::Conflict(Conflict::AlreadyUsed(SingleUseKind::DpopProof)) => {
            Err(Reason::Dpop(DpopFault::Replayed).into())
        }
        _ => Ok(()),
    }
}

/// An event about a grant.
pub fn event(app: &App, action: Action, grant: &AuthorizationGrant, actor: Actor) -> Event {
    let mut event =
        Event::new(app.clock.now(), action, Outcome::Done, actor).fact("grant", grant.id.as_str());
    event.account = Some(grant.account.clone());
    event.session = Some(grant.session.clone());
    event.service = Some(grant.service.clone());
    event
}
