//! A code becomes tokens, once (OpenID Connect Core 1.0 section 3.1.3).

use audit::{Action, Actor};
use domain::{
    AuthenticationMethod, AuthorizationGrant, GrantTerms, RefreshFamily, RefreshPermission, Session,
    Timestamp,
};
use oidc::authorization_details::narrowed;
use oidc::grants::refresh_token::RefreshToken;
use oidc::grants::{Approved, authorization_code, device_code};
use oidc::{CodeRequest, OpaqueSecret, Reason, Reply, Sender, TokenResponse};
use store::{Batch, CommitOutcome, Conflict, Record, RecordKind, SingleUseKind, Write};

use super::issue::{self, Order, Tried};
use super::provider_facts;
use super::standing::{self, Asked};
use super::token::{Authenticated, NoToken, Wanted};
use crate::app::App;
use crate::web::error::Problem;
use crate::web::login::recheck;
use crate::web::login::today::{self, Today};

/// How often a lost race is tried again.
pub(super) const RACES: u32 = 4;

/// `grant_type=authorization_code`; `None`: the client's record changed meanwhile.
pub async fn code(
    app: &App,
    by: &Authenticated,
    asked: &CodeRequest<'_>,
    wanted: Wanted<'_>,
) -> Result<Option<Reply>, NoToken> {
    for _ in 0..RACES {
        match one_try(app, by, asked, wanted).await? {
            Tried::Answered(reply) => return Ok(Some(reply)),
            Tried::Overtaken => return Ok(None),
            Tried::Again => {}
        }
    }
    Err(Problem::Fault("rows kept changing under a code".to_owned()).into())
}

async fn one_try(
    app: &App,
    by: &Authenticated,
    asked: &CodeRequest<'_>,
    wanted: Wanted<'_>,
) -> Result<Tried, NoToken> {
    let now = app.clock.now();
    let grant = app
        .ledger
        .grant_by_code(&OpaqueSecret::hash_of(asked.code))
        .await?
        // A device's code is none of these, and showing it here neither spends nor withdraws anything.
        .filter(|grant| !device_code::is_of_a_device(grant))
        .ok_or(Reason::CodeUnknown)?;
    let terms = standing::terms(app, &grant).await?;
    let today = Today::of(app, &grant.account).await?;
    let grant = today.lowered(grant);
    let judged = authorization_code::approve(&grant, asked, &by.client, now)
        .and_then(|approved| authorization_code::check_key(&terms, wanted.sender).map(|()| approved));
    let approved = match judged {
        Ok(approved) => approved,
        Err(reason) => {
            // A code that was redeemed and comes again is a replay even when it is late or wrong in another way.
            if grant.service == *by.client.service() {
                withdraw_if_redeemed(app, by, &grant).await?;
            }
            return Err(reason.into());
        }
    };
    let order = Redeemed {
        grant: &grant,
        terms: &terms,
        today: &today,
        kind: SingleUseKind::AuthorizationCode,
    };
    once(app, by, &order, approved, wanted).await
}

/// A code that was judged, and what it stands for.
pub(super) struct Redeemed<'a> {
    /// The grant, as it is worth today.
    pub grant: &'a AuthorizationGrant,
    /// What its request asked beyond a plain code.
    pub terms: &'a GrantTerms,
    /// How the person stands today.
    pub today: &'a Today,
    /// Which kind of code, for its one use.
    pub kind: SingleUseKind,
}

/// Issues what a code stands for, the first time that it is shown; the second time everything that was issued on it is withdrawn.
pub(super) async fn once(
    app: &App,
    by: &Authenticated,
    &Redeemed {
        grant,
        terms,
        today,
        kind,
    }: &Redeemed<'_>,
    approved: Approved<'_>,
    Wanted {
        resource,
        details,
        sender,
    }: Wanted<'_>,
) -> Result<Tried, NoToken> {
    let now = app.clock.now();
    let resource = issue::resource(app, terms, resource)?;
    let details = narrowed(terms.authorization_details.as_deref(), details)?;
    // The certificate behind the session is looked at once more, at the revocation state in force now.
    if recheck::again(app, &grant.session, &by.service).await?.is_some() {
        return Err(Reason::GrantRevoked.into());
    }
    if !standing::meets_floor(app, today, grant, Asked::Code(terms)).await? {
        return Err(Reason::SignInNoLongerHolds.into());
    }
    let order = Order {
        service: &by.service,
        facts: &by.facts,
        approved,
        sender,
        scope: None,
        resource,
        authorization_details: details.as_deref(),
        in_id_token: &terms.in_id_token,
        refreshed: false,
    };
    let made = issue::make(app, &order, now).await?;
    // What was looked at a moment ago must still be so when the token becomes durable.
    let session = app.ledger.session(&grant.session).await?;
    let Some(session) = session.filter(|session| session.is_live(now)) else {
        return Err(Reason::GrantRevoked.into());
    };
    let refresh = refresh_token(app, by, (grant, terms), &session, sender);
    let used_until = refresh
        .as_ref()
        .map_or(made.row.expires_at, |(_, family)| family.expires_at);
    let conditions = today.required(issue::conditions(grant, by));
    let mut batch = issue::within(conditions, &session)
        .write(Write::InsertSingleUse {
            kind,
            key: grant.code.0.clone(),
            expires_at: used_until.plus_seconds(3600),
        })
        .write(Write::InsertAccessToken(made.row.clone()))
        .event(issue::event(
            app,
            Action::TokenIssued,
            grant,
            Actor::Service(by.service.id.clone()),
        ));
    if let Some((_, family)) = &refresh {
        batch = batch.write(Write::PutRecord(record(family)?));
    }
    match app.ledger.commit(batch).await? {
        CommitOutcome::Committed => {
            metrics::counter!("tokens_issued_total").increment(1);
            let response = TokenResponse {
                access_token: &made.access_token,
                token_type: made.token_type,
                refresh_token: refresh.as_ref().map(|(token, _)| token),
                id_token: &made.id_token,
                scope: &grant.scope,
                authorization_details: details.as_deref(),
            };
            Ok(Tried::Answered(response.reply(&provider_facts(app))))
        }
        CommitOutcome::Conflict(Conflict::AlreadyUsed(used)) if used == kind => {
            withdraw(app, by, grant).await?;
            Err(Reason::CodeReplayed.into())
        }
        CommitOutcome::Conflict(conflict) if today::changed(&conflict) => Ok(Tried::Again),
        CommitOutcome::Conflict(conflict) => issue::lost(&conflict),
    }
}

/// The first refresh token of a grant, where the client is registered for them. A public client's is bound to the key that it proved
/// (RFC 9449 section 5); one that proved none gets one that is rotated and nothing else.
fn refresh_token(
    app: &App,
    by: &Authenticated,
    (grant, terms): (&AuthorizationGrant, &GrantTerms),
    session: &Session,
    sender: Sender<'_>,
) -> Option<(RefreshToken, RefreshFamily)> {
    // PIN-less use vouches in the sign-in that it was made for, and for nothing after.
    let lasts = grant.method != AuthenticationMethod::CardPinless;
    if by.facts.tokens.refresh == RefreshPermission::Never || !lasts {
        return None;
    }
    let now = app.clock.now();
    let offline = standing::is_offline(grant);
    let token = RefreshToken::first(&grant.id, &*app.entropy);
    let expires_at = end(app, session, offline, now);
    let bound = |key: Option<&str>| key.filter(|_| by.client.is_public()).map(str::to_owned);
    let family = RefreshFamily {
        grant: grant.id.clone(),
        service: grant.service.clone(),
        account: grant.account.clone(),
        session: grant.session.clone(),
        credential: session.credential.clone(),
        family: token.family(),
        current: vec![token.hash()],
        previous: None,
        rotated_at: now,
        issued_at: now,
        expires_at,
        offline,
        jkt: bound(sender.jkt),
        certificate: bound(sender.certificate),
        terms: terms.clone(),
        points: session.points.clone(),
        checked_generation: session.checked_generation,
    };
    Some((token, family))
}

fn end(app: &App, session: &Session, offline: bool, now: Timestamp) -> Timestamp {
    if offline {
        now.plus_seconds(i64::from(app.config.oidc.offline_seconds))
    } else {
        session.expires_at
    }
}

/// The record of a family's first version. It is found by the account and the client too, for whoever withdraws a consent.
fn record(family: &RefreshFamily) -> Result<Record, Problem> {
    let text = serde_json::to_string(family).map_err(|error| Problem::Fault(error.to_string()))?;
    Ok(
        Record::new(RecordKind::RefreshFamily, family.grant.as_str(), text)
            .tagged(family.account.as_str())
            .tagged(family.session.as_str())
            .expiring(family.expires_at.plus_seconds(86_400)),
    )
}

/// Withdraws a grant whose code was redeemed before; leaves one alone that nobody redeemed.
async fn withdraw_if_redeemed(
    app: &App,
    by: &Authenticated,
    grant: &AuthorizationGrant,
) -> Result<(), NoToken> {
    // The single-use row decides: inserting it says whether it was there, and spends a code that was shown wrongly.
    let spend = Batch::new().write(Write::InsertSingleUse {
        kind: SingleUseKind::AuthorizationCode,
        key: grant.code.0.clone(),
        expires_at: app.clock.now().plus_seconds(3600),
    });
    match app.ledger.commit(spend).await? {
        CommitOutcome::Committed => Ok(()),
        CommitOutcome::Conflict(_) => withdraw(app, by, grant).await,
    }
}

/// A code came again: everything issued on it is withdrawn (RFC 6749 section 4.1.2); not by a request that came before with its very proof.
async fn withdraw(app: &App, by: &Authenticated, grant: &AuthorizationGrant) -> Result<(), NoToken> {
    metrics::counter!("codes_replayed_total").increment(1);
    issue::withdraw(
        app,
        grant,
        Action::CodeReplayed,
        Actor::Platform,
        by.spends.as_ref(),
    )
    .await
}
