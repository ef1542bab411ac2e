//! What the platform publishes: its discovery document and its keys, read at start, kept fresh, and kept when it cannot be read.
//!
//! How often they are read is in [`crate::last_good`]. Keys that could not be read again for [`STALE_SECONDS`] verify nothing: one that
//! the platform withdrew must not count for ever where it is unreachable.

use std::sync::Arc;

use domain::Timestamp;
use jose::{Algorithm, JwkSet, Verification, VerifiedJws};
use serde::Deserialize;

use super::OidcReason;
use crate::http::{Fetch, Outgoing};
use crate::last_good::LastGood;

/// Keys that could not be read again for so many seconds verify nothing.
pub(crate) const STALE_SECONDS: i64 = 86_400;

/// The members of the discovery document that a client needs (Discovery 1.0 section 3).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Discovered {
    issuer: String,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    pub(crate) pushed_authorization_request_endpoint: Option<String>,
    #[serde(default)]
    pub(crate) end_session_endpoint: Option<String>,
    #[serde(default)]
    pub(crate) introspection_endpoint: Option<String>,
    #[serde(default)]
    dpop_signing_alg_values_supported: Vec<String>,
}

impl Discovered {
    pub(crate) fn takes_dpop(&self) -> bool {
        self.dpop_signing_alg_values_supported
            .iter()
            .any(|one| one == "ES256")
    }
}

/// What is known.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) discovered: Discovered,
    keys: JwkSet,
}

/// The platform's published documents, shared by every user of them.
pub struct Provider {
    issuer: String,
    fetch: Arc<dyn Fetch>,
    known: LastGood<Known>,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Provider({})", self.issuer)
    }
}

impl Provider {
    /// Reads the documents of the platform with this issuer for the first time.
    pub async fn discover(issuer: &str, fetch: Arc<dyn Fetch>, now: Timestamp) -> Result<Self, OidcReason> {
        let known = read(issuer, fetch.as_ref()).await?;
        Ok(Self {
            issuer: issuer.to_owned(),
            fetch,
            known: LastGood::new(known, now),
        })
    }

    /// The platform's issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// When the documents in use were read: for the service's monitoring.
    pub fn read_at(&self) -> Timestamp {
        self.known.read_at()
    }

    /// Reads the documents anew. Where that fails the last good ones stay in use.
    pub async fn refresh(&self, now: Timestamp) -> Result<(), OidcReason> {
        self.known.trying(now);
        self.known
            .set(read(&self.issuer, self.fetch.as_ref()).await?, now);
        Ok(())
    }

    pub(crate) fn fetch(&self) -> &dyn Fetch {
        self.fetch.as_ref()
    }

    /// The documents, read again first where they are old and it is not too soon.
    pub(crate) async fn current(&self, now: Timestamp) -> Arc<Known> {
        if self.known.is_due(now) {
            // The last good ones stay where this fails.
            let _ = self.refresh(now).await;
        }
        self.known.get()
    }

    /// Verifies a signature of the platform's. A key that is not known may be new.
    pub(crate) async fn verify(
        &self,
        token: &str,
        (algorithms, types, untyped): (&[Algorithm], &[&str], bool),
        now: Timestamp,
    ) -> Result<VerifiedJws, OidcReason> {
        let accept = Verification {
            algorithms,
            types,
            untyped,
            max_bytes: 16 * 1024,
        };
        let known = self.current(now).await;
        let verdict = jose::verify(token, &known.keys, &accept);
        let verdict = match verdict {
            Err(jose::Reason::NoFittingKey) if self.known.may_try(now) => {
                self.refresh(now).await?;
                jose::verify(token, &self.known.get().keys, &accept)
            }
            verdict => verdict,
        };
        if now.seconds_since(self.known.read_at()) >= STALE_SECONDS {
            return Err(OidcReason::KeysTooOld);
        }
        verdict.map_err(OidcReason::Signature)
    }
}

async fn read(issuer: &str, fetch: &dyn Fetch) -> Result<Known, OidcReason> {
    let address = format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    );
    let document = get(fetch, &address).await?;
    let discovered: Discovered = serde_json::from_slice(&document)
        .map_err(|error| OidcReason::Discovery(format!("the document cannot be read: {error}")))?;
    // Discovery 1.0 section 4.3: octet by octet.
    if discovered.issuer != issuer {
        return Err(OidcReason::Discovery(
            "its issuer is another: write the setting issuer exactly as the platform does".to_owned(),
        ));
    }
    let own = [
        &discovered.authorization_endpoint,
        &discovered.token_endpoint,
        &discovered.jwks_uri,
    ];
    if own.iter().any(|url| !url.starts_with("https://")) {
        return Err(OidcReason::Discovery("an endpoint is not https".to_owned()));
    }
    let keys = get(fetch, &discovered.jwks_uri).await?;
    let keys = std::str::from_utf8(&keys)
        .ok()
        .and_then(|text| JwkSet::parse(text).ok())
        .ok_or_else(|| OidcReason::Discovery("its keys cannot be read".to_owned()))?;
    Ok(Known { discovered, keys })
}

async fn get(fetch: &dyn Fetch, url: &str) -> Result<Vec<u8>, OidcReason> {
    let answer = fetch.send(Outgoing::get(url)).await?;
    if answer.status == 200 {
        Ok(answer.body)
    } else {
        Err(OidcReason::Discovery(format!(
            "status {} at {url}",
            answer.status
        )))
    }
}

#[cfg(test)]
mod tests;
