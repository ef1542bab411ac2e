//! A refresh token becomes new tokens, and is replaced by the next one (RFC 6749 section 6, RFC 9700 section 4.14), unless the client's
//! profile has no rotation.
//!
//! The family is a versioned record: of any number of processes one alone can rotate it. Whoever loses looks again, and then sees a
//! token that was used: a retry where the sender proved a key, theft otherwise.

use audit::{Action, Actor};
use oidc::authorization_details::narrowed;
use oidc::grants::refresh_token::{Ask, Presented, RefreshFault, approve};
use oidc::{Reason, RefreshRequest, Reply, TokenResponse};
use store::{CommitOutcome, Conflict, Precondition, Write};

use super::issue::{self, Order, Tried};
use super::provider_facts;
use super::standing::{self, Asked};
use super::token::{Authenticated, NoToken, Wanted};
use crate::app::App;
use crate::web::error::Problem;
use crate::web::login::today::{self, Today};

/// How often a lost race is tried again.
const RACES: u32 = 4;

/// `grant_type=refresh_token`; `None`: the client's record changed meanwhile.
pub async fn token(
    app: &App,
    by: &Authenticated,
    asked: RefreshRequest<'_>,
    wanted: Wanted<'_>,
) -> Result<Option<Reply>, NoToken> {
    let presented = Presented::parse(asked.refresh_token).ok_or(Reason::Refresh(RefreshFault::Unknown))?;
    for _ in 0..RACES {
        match once(app, by, (&presented, asked.scope), wanted).await? {
            Tried::Answered(reply) => return Ok(Some(reply)),
            Tried::Overtaken => return Ok(None),
            Tried::Again => {}
        }
    }
    Err(Problem::Fault("a family of refresh tokens kept changing".to_owned()).into())
}

async fn once(
    app: &App,
    by: &Authenticated,
    (presented, scope): (&Presented, Option<&str>),
    Wanted {
        resource,
        details,
        sender,
    }: Wanted<'_>,
) -> Result<Tried, NoToken> {
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
        permission: by.facts.tokens.refresh,
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
    // Less for this token; the family keeps the whole.
    let details = narrowed(family.value.terms.authorization_details.as_deref(), details)?;
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
        authorization_details: details.as_deref(),
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
                authorization_details: details.as_deref(),
            };
            Ok(Tried::Answered(response.reply(&provider_facts(app))))
        }
        // Somebody else rotated the family.
        CommitOutcome::Conflict(Conflict::RecordVersion { .. }) => Ok(Tried::Again),
        CommitOutcome::Conflict(conflict) if today::changed(&conflict) => Ok(Tried::Again),
        CommitOutcome::Conflict(conflict) => issue::lost(&conflict),
    }
}
