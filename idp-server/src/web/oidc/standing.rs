//! Whether what stands behind a grant still holds: looked at before anything is answered from it (redemption, refresh, user
//! information, introspection).
//!
//! A grant rests on the session in which the person agreed, and ends with it. Where the person agreed to access that outlives the
//! session (`offline_access`), it rests on the certificate and the account instead: both are looked at anew, by the revocation data
//! that is in force.
//!
//! What the person demands of every sign-in, and how they are proofed, is looked at again beside it ([`Today`]): a floor that was raised
//! since refuses what it would have refused then.

use domain::{AccessToken, AuthorizationGrant, GrantTerms, Recency, RefreshFamily, Service};
use store::{Record, RecordKind, Write};

use crate::app::App;
use crate::web::error::Problem;
use crate::web::login::recheck::{self, Certificate};
use crate::web::login::today::Today;

/// The scope that asks for access which outlives the session.
pub const OFFLINE_ACCESS: &str = "offline_access";

/// The refresh tokens of a grant, with the record as it was read.
pub struct Family {
    /// The record.
    pub record: Record,
    /// What it says.
    pub value: RefreshFamily,
}

/// The refresh tokens of a grant, if it has any.
pub async fn family(app: &App, grant: &domain::GrantId) -> Result<Option<Family>, Problem> {
    let record = app
        .ledger
        .record(RecordKind::RefreshFamily, grant.as_str())
        .await?;
    let Some(record) = record else {
        return Ok(None);
    };
    let value = serde_json::from_str(&record.value)
        .map_err(|error| Problem::Fault(format!("a family of refresh tokens: {error}")))?;
    Ok(Some(Family { record, value }))
}

/// Whether a grant asks for access that outlives the session.
pub fn is_offline(grant: &AuthorizationGrant) -> bool {
    outlives_the_session(&grant.scope)
}

/// The same of a granted scope.
pub fn outlives_the_session(scope: &str) -> bool {
    scope.split(' ').any(|scope| scope == OFFLINE_ACCESS)
}

/// What a grant is asked for, and so how recently the card was used before it.
#[derive(Clone, Copy)]
pub enum Asked<'a> {
    /// Tokens for its code: still the sign-in itself.
    Code(&'a GrantTerms),
    /// What an access token opens. One that was issued when the code was already over came by a refresh.
    With(&'a AccessToken),
    /// New tokens, without the person.
    Refresh,
}

/// Whether a grant meets what the person demands today.
pub async fn meets_floor(
    app: &App,
    today: &Today,
    grant: &AuthorizationGrant,
    asked: Asked<'_>,
) -> Result<bool, Problem> {
    let used_before = |at: domain::Timestamp| Recency::reached(at.millis_since(grant.authenticated_at));
    let at_the_sign_in = |terms: &GrantTerms| {
        if terms.single_sign_on {
            used_before(grant.issued_at)
        } else {
            Recency::InThisSignIn
        }
    };
    let recency = match asked {
        Asked::Refresh => used_before(app.clock.now()),
        Asked::With(token) if token.issued_at >= grant.expires_at => used_before(token.issued_at),
        Asked::Code(terms) => at_the_sign_in(terms),
        // Only where it matters is it worth a look.
        Asked::With(_) if today.floor.recency == Recency::Anytime => Recency::Anytime,
        Asked::With(_) => at_the_sign_in(&terms(app, grant).await?),
    };
    Ok(today.admits(app, grant, recency))
}

/// What the request asked for beyond a plain code.
pub async fn terms(app: &App, grant: &AuthorizationGrant) -> Result<GrantTerms, Problem> {
    let record = app
        .ledger
        .record(RecordKind::GrantTerms, grant.id.as_str())
        .await?;
    record.map_or(Ok(GrantTerms::default()), |record| {
        serde_json::from_str(&record.value)
            .map_err(|error| Problem::Fault(format!("a grant's terms: {error}")))
    })
}

/// Whether the sign-in behind a grant still holds for an answer to this service, and the person's consent with it. `false`: it is
/// over. Not knowing (revocation data too old) is a [`Problem`].
pub async fn holds(app: &App, grant: &AuthorizationGrant, service: &Service) -> Result<bool, Problem> {
    let consent = app.ledger.consent(&grant.account, &grant.service).await?;
    if !consent.is_some_and(|consent| consent.covers(&grant.released)) {
        return Ok(false);
    }
    if is_offline(grant)
        && let Some(family) = family(app, &grant.id).await?
    {
        return without_session(app, &family, service).await;
    }
    Ok(recheck::again(app, &grant.session, service).await?.is_none())
}

/// The certificate and the account, whatever became of the session.
async fn without_session(app: &App, family: &Family, service: &Service) -> Result<bool, Problem> {
    let of = &family.value;
    let looked = recheck::certificate(app, of, service).await?;
    match looked {
        Certificate::Good(generation) => {
            if generation != of.checked_generation {
                let mut marked = of.clone();
                marked.checked_generation = generation;
                let text =
                    serde_json::to_string(&marked).map_err(|error| Problem::Fault(error.to_string()))?;
                let batch = store::Batch::new().write(Write::PutRecord(family.record.changed(text)));
                // Whoever was quicker has rotated it: then the next look marks it.
                let _ = app.ledger.commit(batch).await?;
            }
            Ok(true)
        }
        Certificate::Over => Ok(false),
    }
}
