//! Bearer tokens (RFC 6750): reading them from a request, and the challenge when they are refused.
//!
//! **Owns** the `Authorization: Bearer` form and the checks of a stored token.
//!
//! **Deliberately absent**: tokens in a form body and in the query (RFC 6750 sections 2.2 and 2.3; RFC 9700 section 4.3.2
//! forbids the latter), look-ups.
//!
//! **Neighbours**: `userinfo.rs`.
//!
//! **One more check**: an argument and a line in [`approve`].

use domain::{AccessToken, AuthorizationGrant, Timestamp};
use serde_json::json;

use crate::reply::{error_description, quoted};
use crate::{ErrorCode, Reason, Reply};

const MAX_TOKEN: usize = 512;

/// Reads the token from the `Authorization` header. `query` is the raw query, in which no token may be.
pub fn read<'a>(authorization: Option<&'a str>, query: Option<&str>) -> Result<&'a str, Reason> {
    let in_query = query.is_some_and(|query| {
        url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")
    });
    if in_query {
        return Err(Reason::TokenInQuery);
    }
    let header = authorization.ok_or(Reason::TokenMissing)?;
    let (scheme, token) = header.split_once(' ').ok_or(Reason::BearerMalformed)?;
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Err(Reason::BearerMalformed);
    }
    // b64token of RFC 6750 section 2.1.
    let body = token.trim_end_matches('=');
    let character = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
    if body.is_empty() || token.len() > MAX_TOKEN || !body.bytes().all(character) {
        return Err(Reason::BearerMalformed);
    }
    Ok(token)
}

/// Proof that an access token counts now. Made by [`approve`] alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LiveToken<'a> {
    grant: &'a AuthorizationGrant,
}

impl<'a> LiveToken<'a> {
    /// The grant behind it.
    pub fn grant(&self) -> &'a AuthorizationGrant {
        self.grant
    }
}

/// Checks the token and grant that were found by the hash of `presented`.
pub fn approve<'a>(
    presented: &str,
    token: &AccessToken,
    grant: &'a AuthorizationGrant,
    now: Timestamp,
) -> Result<LiveToken<'a>, Reason> {
    if crate::OpaqueSecret::hash_of(presented) != token.hash || token.grant != grant.id {
        return Err(Reason::TokenUnknown);
    }
    if grant.revoked_at.is_some() {
        return Err(Reason::GrantRevoked);
    }
    if now >= token.expires_at {
        return Err(Reason::TokenExpired);
    }
    if !grant.scope.split(' ').any(|scope| scope == "openid") {
        return Err(Reason::ScopeInsufficient);
    }
    Ok(LiveToken { grant })
}

/// The refusal with its challenge (RFC 6750 section 3): without a token in the request, the challenge names no error.
pub fn refusal(reason: &Reason, issuer: &str) -> Reply {
    let error = match reason.error_code() {
        // The grant behind a token is nothing the resource request knows: for it, the token is invalid.
        ErrorCode::InvalidGrant => ErrorCode::InvalidToken,
        other => other,
    };
    let status = match (reason, error) {
        (Reason::TokenMissing, _) | (_, ErrorCode::InvalidToken) => 401,
        (_, ErrorCode::InsufficientScope) => 403,
        _ => 400,
    };
    let realm = format!("Bearer realm=\"{}\"", quoted(issuer));
    let (challenge, body) = if *reason == Reason::TokenMissing {
        (realm, json!({}))
    } else {
        let description = error_description(&reason.to_string());
        let scope = if error == ErrorCode::InsufficientScope {
            ", scope=\"openid\""
        } else {
            ""
        };
        (
            format!(
                "{realm}, error=\"{}\", error_description=\"{description}\"{scope}",
                error.as_str()
            ),
            json!({ "error": error.as_str(), "error_description": description }),
        )
    };
    let mut reply = Reply::json(status, &body);
    reply.headers.push(("www-authenticate", challenge));
    reply
}

#[cfg(test)]
mod tests;
