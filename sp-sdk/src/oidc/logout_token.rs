//! Logout tokens: the platform tells, without the browser, that a person signed out (Back-Channel Logout 1.0 section 2.6).

use domain::Timestamp;
use serde_json::{Map, Value};

use super::relying_party::check_issue;
use super::{OidcReason, RelyingParty};
use crate::one_use::{OneUse, Use};
use crate::session::SignedOut;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const MAX_ID: usize = 256;
/// A logout token is about now: section 4 recommends two minutes at most between `iat` and `exp`.
const LONGEST_SECONDS: i64 = 600;

/// A logout token that counts. End the sessions that [`HeardToken::signed_out`] names, then call [`HeardToken::done`]: a token whose
/// work failed is not remembered, so that the platform's next try does it.
#[derive(Debug)]
pub struct HeardToken {
    signed_out: SignedOut,
    id: String,
    until: Timestamp,
}

impl HeardToken {
    /// Who signed out, and where.
    pub fn signed_out(&self) -> &SignedOut {
        &self.signed_out
    }

    /// The sessions are ended: this token ends nothing again.
    pub fn done(self, heard: &dyn OneUse, now: Timestamp) {
        heard.remember(&self.id, self.until, now);
    }
}

impl RelyingParty {
    /// Verifies the form field `logout_token`.
    ///
    /// # Errors
    /// [`OidcReason::HeardBefore`]: its work is done; answer 200 (the platform repeats a message whose answer was lost). All others:
    /// answer 400, [`OidcReason::MemoryUnavailable`] and those about the network 503.
    pub async fn hear_logout(
        &self,
        logout_token: &str,
        heard: &dyn OneUse,
        now: Timestamp,
    ) -> Result<HeardToken, OidcReason> {
        // Typed: neither an ID token nor an access token is taken for one (section 2.4 recommends it; the platform always does it).
        let accept = (&[self.algorithm][..], &["logout+jwt"][..], false);
        let verified = self.provider.verify(logout_token, accept, now).await?;
        let claims = verified.claims().map_err(OidcReason::Signature)?;
        check_issue(&claims, &self.config.issuer, &self.config.client_id, now)?;
        let token = read(&claims)?;
        match heard.knows(&token.id, now) {
            Use::First => Ok(token),
            Use::Again => Err(OidcReason::HeardBefore),
            Use::Unavailable => Err(OidcReason::MemoryUnavailable),
        }
    }
}

/// What is of logout tokens alone.
fn read(claims: &Map<String, Value>) -> Result<HeardToken, OidcReason> {
    let text = |name: &'static str| match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if (1..=MAX_ID).contains(&text.len()) => Ok(Some(text.clone())),
        Some(_) => Err(OidcReason::Claim(name)),
    };
    let event = claims.get("events").and_then(|events| events.get(EVENT));
    if !event.is_some_and(Value::is_object) {
        return Err(OidcReason::Claim("events"));
    }
    if claims.contains_key("nonce") {
        return Err(OidcReason::Claim("nonce"));
    }
    let (subject, session) = (text("sub")?, text("sid")?);
    if subject.is_none() && session.is_none() {
        return Err(OidcReason::Claim("sid"));
    }
    let time = |name: &'static str| {
        claims
            .get(name)
            .and_then(Value::as_i64)
            .ok_or(OidcReason::Claim(name))
    };
    let (issued, ends) = (time("iat")?, time("exp")?);
    if !(0..=LONGEST_SECONDS).contains(&ends.saturating_sub(issued)) {
        return Err(OidcReason::Claim("exp"));
    }
    Ok(HeardToken {
        signed_out: SignedOut {
            subject,
            sessions: session.into_iter().collect(),
        },
        id: format!("logout:{}", text("jti")?.ok_or(OidcReason::Claim("jti"))?),
        until: Timestamp::from_seconds(ends).plus_seconds(super::relying_party::SKEW_SECONDS),
    })
}

#[cfg(test)]
mod tests;
