//! `id_token_hint`: an ID token of ours that a client shows again, at the authorization and the logout endpoint (OpenID
//! Connect Core 1.0 section 3.1.2.1, RP-Initiated Logout 1.0 section 2). It may be expired, but not forged.

use std::fmt;

use domain::Timestamp;
use jose::{Algorithm, JwkSet, Verification};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ClientFacts, ProviderFacts, Reason};

pub(crate) const MAX_BYTES: usize = 8 * 1024;

/// A token of ours that the client shows as a hint, unverified. Not printed.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Hint(String);

/// What an ID token of ours says about whom it was issued to. Not printed.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
pub struct VerifiedHint {
    /// `sub`: with `prompt=none`, `login_required` unless the signed-in person has this pseudonym.
    pub subject: String,
    /// `sid`.
    pub session: Option<String>,
    /// `iat`.
    pub issued_at: Timestamp,
}

impl fmt::Debug for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hint(***)")
    }
}

impl fmt::Debug for VerifiedHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifiedHint(***)")
    }
}

impl Hint {
    pub(crate) fn new(jws: &str) -> Self {
        Self(jws.to_owned())
    }

    /// The compact JWS.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Verifies signature, issuer and audience. `ours` are the published keys, retired ones included.
    pub fn verify(
        &self,
        client: &ClientFacts,
        ours: &JwkSet,
        provider: &ProviderFacts,
    ) -> Result<VerifiedHint, Reason> {
        let accept = Verification {
            algorithms: &[Algorithm::Es256, Algorithm::Rs256, Algorithm::Ps256],
            types: &["JWT"],
            untyped: false,
            max_bytes: MAX_BYTES,
        };
        let claims = jose::verify(&self.0, ours, &accept)
            .and_then(|verified| verified.claims())
            .map_err(Reason::HintRefused)?;
        let text = |name: &'static str| {
            claims
                .get(name)
                .and_then(Value::as_str)
                .ok_or(Reason::HintClaim(name))
        };
        if text("iss")? != provider.issuer {
            return Err(Reason::HintClaim("iss"));
        }
        if text("aud")? != client.client_id {
            return Err(Reason::HintClaim("aud"));
        }
        let issued = claims
            .get("iat")
            .and_then(Value::as_i64)
            .ok_or(Reason::HintClaim("iat"))?;
        Ok(VerifiedHint {
            subject: text("sub")?.to_owned(),
            session: claims.get("sid").and_then(Value::as_str).map(str::to_owned),
            issued_at: Timestamp::from_seconds(issued),
        })
    }
}

#[cfg(test)]
mod tests;
