//! A device asks for its tokens (RFC 8628 sections 3.4 and 3.5).
//!
//! The yes is a grant in the Ledger, under the hash of the device code: so it is there on every node at once, and stays when Ephemera loses
//! the ask. That the code is used once is decided by the batch that issues.

use domain::{GrantTerms, TokenHash};
use oidc::device_authorization::DeviceFault;
use oidc::grants::device_code::{Ask, approve, may_ask};
use oidc::{DeviceCodeRequest, OpaqueSecret, Reason, Reply};
use store::SingleUseKind;

use super::{held, limits};
use crate::app::App;
use crate::web::error::Problem;
use crate::web::login::today::Today;
use crate::web::oidc::issue::Tried;
use crate::web::oidc::redeem::{self, Redeemed};
use crate::web::oidc::standing;
use crate::web::oidc::token::{Authenticated, NoToken, Wanted};

/// `grant_type=urn:ietf:params:oauth:grant-type:device_code`; `None`: the client's record changed meanwhile.
pub async fn token(
    app: &App,
    by: &Authenticated,
    shown: &DeviceCodeRequest<'_>,
    wanted: Wanted<'_>,
) -> Result<Option<Reply>, NoToken> {
    for _ in 0..redeem::RACES {
        match one_try(app, by, shown, wanted).await? {
            Tried::Answered(reply) => return Ok(Some(reply)),
            Tried::Overtaken => return Ok(None),
            Tried::Again => {}
        }
    }
    Err(Problem::Fault("rows kept changing under a device code".to_owned()).into())
}

async fn one_try(
    app: &App,
    by: &Authenticated,
    shown: &DeviceCodeRequest<'_>,
    wanted: Wanted<'_>,
) -> Result<Tried, NoToken> {
    let now = app.clock.now();
    let code = OpaqueSecret::hash_of(shown.device_code);
    let asked = held::load(app, &code).await?;
    // What the person agreed to, worth what it is worth today.
    let standing = match app.ledger.grant_by_code(&code).await? {
        None => None,
        Some(grant) => {
            let terms = standing::terms(app, &grant).await?;
            let today = Today::of(app, &grant.account).await?;
            Some((today.lowered(grant), terms, today))
        }
    };
    let none = GrantTerms::default();
    let ask = Ask {
        device_code: shown.device_code,
        asked_by: asked.as_ref().map(|asked| &asked.service),
        fault: asked.as_ref().map(|asked| asked.fault(now)),
        grant: standing.as_ref().map(|(grant, _, _)| grant),
        terms: standing.as_ref().map_or(&none, |(_, terms, _)| terms),
        client: &by.client,
        facts: &by.facts,
        sender: wanted.sender,
        now,
    };
    may_ask(&ask)?;
    let approved = match approve(&ask) {
        Ok(approved) => approved,
        Err(Reason::Device(DeviceFault::Pending)) if !limits::in_its_time(app, &code).await? => {
            metrics::counter!("devices_slowed_down_total").increment(1);
            return Err(Reason::Device(DeviceFault::TooOften).into());
        }
        Err(reason) => return Err(reason.into()),
    };
    let Some((grant, terms, today)) = &standing else {
        return Err(Reason::Device(DeviceFault::Pending).into());
    };
    let redeemed = Redeemed {
        grant,
        terms,
        today,
        kind: SingleUseKind::DeviceCode,
    };
    redeem::once(app, by, &redeemed, approved, wanted).await
}

/// Whether a device code was ever given out, as far as it is still kept.
pub async fn known(app: &App, code: &TokenHash) -> Result<Result<(), Reason>, NoToken> {
    let kept = held::load(app, code).await?.is_some() || app.ledger.grant_by_code(code).await?.is_some();
    Ok(kept.then_some(()).ok_or(Reason::Device(DeviceFault::Unknown)))
}
