//! A device asks for its tokens (RFC 8628 sections 3.4 and 3.5).
//!
//! The yes is a grant in the Ledger, under the hash of the device code: so it is there on every node at once, and stays when Ephemera loses
//! the ask. That the code is used once is decided by the batch that issues.

use domain::GrantTerms;
use oidc::device_authorization::DeviceFault;
use oidc::grants::device_code::{Ask, approve, may_ask};
use oidc::{DeviceCodeRequest, OpaqueSecret, Reason, Reply, Sender};
use store::SingleUseKind;

use super::{held, limits};
use crate::app::App;
use crate::web::oidc::redeem;
use crate::web::oidc::token::{Authenticated, NoToken};

/// `grant_type=urn:ietf:params:oauth:grant-type:device_code`.
pub async fn token(
    app: &App,
    by: &Authenticated,
    shown: DeviceCodeRequest<'_>,
    resource: Option<&str>,
    sender: Sender<'_>,
) -> Result<Reply, NoToken> {
    let now = app.clock.now();
    let code = OpaqueSecret::hash_of(shown.device_code);
    let asked = held::load(app, &code).await?;
    let grant = app.ledger.grant_by_code(&code).await?;
    let terms = match &grant {
        Some(grant) => redeem::terms(app, grant).await?,
        None => GrantTerms::default(),
    };
    let ask = Ask {
        device_code: shown.device_code,
        asked_by: asked.as_ref().map(|asked| &asked.service),
        fault: asked.as_ref().map(|asked| asked.fault(now)),
        grant: grant.as_ref(),
        terms: &terms,
        client: &by.client,
        facts: &by.facts,
        sender,
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
    let of = (approved.grant(), &terms);
    redeem::once(
        app,
        by,
        of,
        approved,
        (resource, sender),
        SingleUseKind::DeviceCode,
    )
    .await
}
