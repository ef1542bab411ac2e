//! A refresh token becomes new tokens, and is replaced by the next one (RFC 6749 section 6, RFC 9700 section 4.14), unless the client's
//! profile has no rotation.
//!
//! The family is a versioned record: of any number of processes one alone can rotate it. Whoever loses looks again, and then sees a
//! token that was used: a retry where the sender proved a key, theft otherwise.

use audit::{Action, Actor};
use oidc::grants::refresh_token::{Ask, Presented, RefreshFault, approve};
use oidc::{Reason, RefreshRequest, Reply, Sender, TokenResponse};
use store::{CommitOutcome, Conflict, Precondition, Write};

use super::issue::{self, Order};
use super::provider_facts;
use super::standing::{self, Asked};
use super::token::{Authenticated, NoToken};
use crate::app::App;
use crate::web::error::Problem;
use crate::web::login::today::{self, Today};

/// How often a lost race is tried again.
const RACES: u32 = 4;

/// `grant_type=refresh_token`.
pub async fn token(
    app: &App,
    by: &Authenticated,
    asked: RefreshRequest<'_>,
    resource: Option<&str>,
    sender: Sender<'_>,
) -> Result<Reply, NoToken> {
    let presented = Presented::parse(asked.refresh_token).ok_or(Reason::Refresh(RefreshFault::Unknown))?;
    for _ in 0..RACES {
        if let Some(reply) = once(app, by, (&presented, asked.scope), resource, sender).await? {
            return Ok(reply);
        }
    }
    Err(Problem::Fault("a family of refresh tokens kept changing".to_owned()).into())
}

/// One try; `None`: somebody else rotated the family meanwhile.
async fn once(
    app: &App,
    by: &Authenticated,
    (presented, scope): (&Presented, Option<&str>),
    resource: Option<&str>,
    sender: Sender<'_>,
) -> Result<Option<Reply>, NoToken> {
    let now = app.clock.now();
    let unknown = Reason::Refresh(RefreshFault::Unknown);
    let family = standing::family(app, &presented.grant)
        .await?
        .ok_or(unknown.clone())?;
    let grant = app.ledger.grant(&presented.grant).await?.ok_or(unknown)?;
    let today = Today::of(app, &grant.account).await?;
    let grant = today.lowered(grant);
    let ask = Ask {
        presented,
        family: &family.value,
        grant: &grant,
        client: &by.client,
        sender,
        scope,
        now,
    };
    let approved = match approve(&ask) {
        Ok(approved) => approved,
        Err(reason) => {
            if reason == Reason::Refresh(RefreshFault::Reused) {
                metrics::counter!("refresh_tokens_reused_total").increment(1);
                let (action, actor) = (Action::RefreshTokenReused, Actor::Platform);
                issue::withdraw(app, &grant, action, actor, by.spends.as_ref()).await?;
            }
            return Err(reason.into());
        }
    };
    let resource = issue::resource(app, &family.value.terms, resource)?;
    // A floor that was raised since ends nothing: the person may lower it again, or sign in as it demands.
    if !standing::meets_floor(app, &today, &grant, Asked::Refresh).await?
        || !standing::holds(app, &grant, &by.service).await?
    {
        return Err(Reason::SignInNoLongerHolds.into());
    }
    let order = Order {
        service: &by.service,
        facts: &by.facts,
        approved: approved.approved(),
        sender,
        scope: approved.scope(),
        resource,
        authorization_details: family.value.terms.authorization_details.as_deref(),
        in_id_token: &family.value.terms.in_id_token,
        refreshed: true,
    };
    let made = issue::make(app, &order, now).await?;
    let mut batch = today
        .required(issue::conditions(&grant, by))
        .require(Precondition::CredentialActive(family.value.credential.clone()));
    let mut next = None;
    if !approved.keeps_its_token(by.facts.profile) {
        let (token, rotated) = approved.rotate(&*app.entropy, now);
        let text = serde_json::to_string(&rotated).map_err(|error| Problem::Fault(error.to_string()))?;
        batch = batch.write(Write::PutRecord(family.record.changed(text)));
        next = Some(token);
    }
    batch = batch
        .write(Write::InsertAccessToken(made.row.clone()))
        .event(issue::event(
            app,
            Action::TokenRefreshed,
            &grant,
            Actor::Service(by.service.id.clone()),
        ));
    if !family.value.offline {
        let session = app.ledger.session(&grant.session).await?;
        let Some(session) = session.filter(|session| session.is_live(now)) else {
            return Err(Reason::SignInNoLongerHolds.into());
        };
        batch = issue::within(batch, &session);
    }
    match app.ledger.commit(batch).await? {
        CommitOutcome::Committed => {
            metrics::counter!("tokens_refreshed_total").increment(1);
            let response = TokenResponse {
                access_token: &made.access_token,
                token_type: made.token_type,
                refresh_token: next.as_ref(),
                id_token: &made.id_token,
                scope: approved.scope().unwrap_or(&grant.scope),
                authorization_details: family.value.terms.authorization_details.as_deref(),
            };
            Ok(Some(response.reply(&provider_facts(app))))
        }
        CommitOutcome::Conflict(Conflict::RecordVersion { .. }) => Ok(None),
        CommitOutcome::Conflict(conflict) if today::changed(&conflict) => Ok(None),
        CommitOutcome::Conflict(conflict) => Err(issue::lost(&conflict).into()),
    }
}
