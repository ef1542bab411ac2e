//! `private_key_jwt` (RFC 7523 sections 2.2 and 3, draft-ietf-oauth-rfc7523bis, OpenID Connect Core 1.0 section 9).

use domain::{Timestamp, TokenHash};
use jose::{Algorithm, JwkSet, Verification};
use serde_json::{Map, Value};

use super::SpentAssertion;
use crate::numeric_date::numeric_date;
use crate::token::MAX_ASSERTION;
use crate::{AssertionAudience, ProviderFacts, Reason};

/// Algorithms that clients may sign with; the discovery document lists them.
pub(crate) const ALGORITHMS: [Algorithm; 6] = Algorithm::ALL;
/// The longest time from now to `exp`, in seconds: a `jti` must be remembered until then.
pub const MAX_LIFE_SECONDS: i64 = 3600;
const MAX_JTI: usize = 255;

/// What is accepted of one client.
pub(super) struct Accepted<'a> {
    /// Algorithms.
    pub(super) algorithms: &'a [Algorithm],
    /// Which `aud` is ours.
    pub(super) audience: AssertionAudience,
}

pub(super) fn check(
    jwt: &str,
    client_id: &str,
    keys: &JwkSet,
    accepted: &Accepted<'_>,
    provider: &ProviderFacts,
    now: Timestamp,
) -> Result<SpentAssertion, Reason> {
    let accept = Verification {
        algorithms: accepted.algorithms,
        types: &["JWT", "client-authentication+jwt"],
        untyped: true,
        max_bytes: MAX_ASSERTION,
    };
    let verified = jose::verify(jwt, keys, &accept).map_err(Reason::AssertionRefused)?;
    let claims = verified.claims().map_err(Reason::AssertionRefused)?;
    if text(&claims, "iss")? != client_id || text(&claims, "sub")? != client_id {
        return Err(Reason::AssertionNotByClient);
    }
    check_audience(&claims, accepted.audience, provider)?;
    let expires = check_times(&claims, provider, now)?;
    let id = text(&claims, "jti")?;
    if !(1..=MAX_JTI).contains(&id.len()) {
        return Err(Reason::AssertionClaim("jti"));
    }
    // A client_id has no control characters, so the pair has one spelling.
    Ok(SpentAssertion {
        key: TokenHash(jose::digest::sha256_hex(format!("{client_id}\0{id}").as_bytes())),
        until: expires.plus_seconds(provider.clock_skew_seconds),
    })
}

/// We alone: an assertion that others would take too could be played to us by them.
fn check_audience(
    claims: &Map<String, Value>,
    accepted: AssertionAudience,
    provider: &ProviderFacts,
) -> Result<(), Reason> {
    let ours = |value: &Value| match accepted {
        AssertionAudience::IssuerOnly => value == provider.issuer.as_str(),
        AssertionAudience::IssuerOrTokenEndpoint => {
            // RFC 9126 section 2 adds the endpoint of pushed requests.
            [
                &provider.issuer,
                &provider.token_endpoint,
                &provider.pushed_authorization_request_endpoint,
            ]
            .into_iter()
            .any(|ours| value == ours.as_str())
        }
    };
    let audience = claims.get("aud").ok_or(Reason::AssertionClaim("aud"))?;
    let is_ours = match (audience, accepted) {
        (Value::Array(values), AssertionAudience::IssuerOrTokenEndpoint) => match values.as_slice() {
            [one] => ours(one),
            _ => false,
        },
        (one, _) => ours(one),
    };
    if is_ours {
        Ok(())
    } else {
        Err(Reason::AssertionForAnother)
    }
}

/// `exp` is required; `iat` and `nbf`, if there, are not in the future. Clocks may differ by the skew, the end excluded.
fn check_times(
    claims: &Map<String, Value>,
    provider: &ProviderFacts,
    now: Timestamp,
) -> Result<Timestamp, Reason> {
    let skew = provider.clock_skew_seconds;
    let expires = time(claims, "exp")?.ok_or(Reason::AssertionClaim("exp"))?;
    if now >= expires.plus_seconds(skew) {
        return Err(Reason::AssertionExpired);
    }
    if expires > now.plus_seconds(MAX_LIFE_SECONDS + skew) {
        return Err(Reason::AssertionLivesTooLong);
    }
    for name in ["iat", "nbf"] {
        if time(claims, name)?.is_some_and(|at| at > now.plus_seconds(skew)) {
            return Err(Reason::AssertionNotYetValid);
        }
    }
    Ok(expires)
}

fn text<'a>(claims: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, Reason> {
    claims
        .get(name)
        .and_then(Value::as_str)
        .ok_or(Reason::AssertionClaim(name))
}

fn time(claims: &Map<String, Value>, name: &'static str) -> Result<Option<Timestamp>, Reason> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => numeric_date(value).map(Some).ok_or(Reason::AssertionClaim(name)),
    }
}
