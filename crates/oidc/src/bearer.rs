//! Access tokens at a resource of ours (RFC 6750, RFC 8705 section 3, RFC 9449 section 7): reading them from a request, and the challenge when they are
//! refused.
//!
//! **Owns** the `Authorization: Bearer` and `DPoP` forms and the checks of a stored token.
//!
//! **Deliberately absent**: tokens in a form body and in the query (RFC 6750 sections 2.2 and 2.3; RFC 9700 section 4.3.2
//! forbids the latter), look-ups.
//!
//! **Neighbours**: `userinfo.rs`; `access_token.rs` says what limits a token.
//!
//! **One more check**: an argument and a line in [`approve`].

use domain::{AccessToken, AuthorizationGrant, Timestamp};
use serde_json::json;

use crate::access_token::Limits;
use crate::dpop::{self, DpopFault};
use crate::reply::{error_description, quoted};
use crate::{ErrorCode, Reason, Reply, Sender, TokenFault};

/// How a token was shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scheme {
    /// `Bearer`.
    Bearer,
    /// `DPoP`: with a proof.
    Dpop,
}

/// A token as it was shown.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Shown<'a> {
    /// How.
    pub scheme: Scheme,
    /// The token.
    pub token: &'a str,
}

impl std::fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shown({:?}, ***)", self.scheme)
    }
}

const MAX_TOKEN: usize = 8 * 1024;

/// Reads the token from the `Authorization` header. `query` is the raw query, in which no token may be.
pub fn read<'a>(authorization: Option<&'a str>, query: Option<&str>) -> Result<Shown<'a>, Reason> {
    let in_query = query.is_some_and(|query| {
        url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")
    });
    if in_query {
        return Err(Reason::TokenInQuery);
    }
    let header = authorization.ok_or(Reason::TokenMissing)?;
    let (scheme, token) = header.split_once(' ').ok_or(Reason::BearerMalformed)?;
    let scheme = match scheme {
        bearer if bearer.eq_ignore_ascii_case("Bearer") => Scheme::Bearer,
        dpop if dpop.eq_ignore_ascii_case("DPoP") => Scheme::Dpop,
        _ => return Err(Reason::BearerMalformed),
    };
    // b64token of RFC 6750 section 2.1.
    let body = token.trim_end_matches('=');
    let character = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
    if body.is_empty() || token.len() > MAX_TOKEN || !body.bytes().all(character) {
        return Err(Reason::BearerMalformed);
    }
    Ok(Shown { scheme, token })
}

/// Proof that an access token counts now. Made by [`approve`] alone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LiveToken<'a> {
    grant: &'a AuthorizationGrant,
    limits: Limits,
}

impl<'a> LiveToken<'a> {
    /// The grant behind it.
    pub fn grant(&self) -> &'a AuthorizationGrant {
        self.grant
    }

    /// What it was issued for: all that was granted, or less.
    pub fn scope(&self) -> &str {
        self.limits.scope.as_deref().unwrap_or(&self.grant.scope)
    }
}

/// Checks the token and grant that were found by the hash of `presented`.
///
/// A token that is bound to a key is none without proof of that key, whatever it is called; and a token that is not bound is no `DPoP`
/// token (RFC 9449 section 7.2).
pub fn approve<'a>(
    shown: Shown<'_>,
    sender: Sender<'_>,
    token: &AccessToken,
    grant: &'a AuthorizationGrant,
    now: Timestamp,
) -> Result<LiveToken<'a>, Reason> {
    if crate::OpaqueSecret::hash_of(shown.token) != token.hash || token.grant != grant.id {
        return Err(Reason::TokenUnknown);
    }
    if grant.revoked_at.is_some() {
        return Err(Reason::GrantRevoked);
    }
    if now >= token.expires_at {
        return Err(Reason::TokenExpired);
    }
    // A signed token is for another resource: it has no limits that could be read here.
    let limits = Limits::read(shown.token).ok_or(Reason::TokenUnknown)?;
    if !limits.admit_certificate(sender) {
        return Err(Reason::Token(TokenFault::CertificateDiffers));
    }
    if !limits.admit_key(sender) || (shown.scheme == Scheme::Dpop) != limits.jkt.is_some() {
        return Err(Reason::Dpop(DpopFault::KeyDiffers));
    }
    let live = LiveToken { grant, limits };
    if !live.scope().split(' ').any(|scope| scope == "openid") {
        return Err(Reason::ScopeInsufficient);
    }
    Ok(live)
}

/// The refusal with its challenge (RFC 6750 section 3): without a token in the request, the challenge names no error.
pub fn refusal(reason: &Reason, issuer: &str) -> Reply {
    let error = match reason.error_code() {
        // The grant behind a token is nothing the resource request knows: for it, the token is invalid.
        ErrorCode::InvalidGrant => ErrorCode::InvalidToken,
        other => other,
    };
    let status = match (reason, error) {
        (Reason::TokenMissing, _)
        | (_, ErrorCode::InvalidToken | ErrorCode::InvalidDpopProof | ErrorCode::UseDpopNonce) => 401,
        (_, ErrorCode::InsufficientScope) => 403,
        _ => 400,
    };
    // Where the resource says who its authorization server is (RFC 9728 section 5.1).
    let realm = format!(
        "realm=\"{0}\", resource_metadata=\"{0}{1}\"",
        quoted(issuer),
        crate::protected_resource::PATH
    );
    let algorithms = format!(
        "algs=\"{}\"",
        dpop::ALGORITHMS.map(jose::Algorithm::name).join(" ")
    );
    let (about, body) = if *reason == Reason::TokenMissing {
        (String::new(), json!({}))
    } else {
        let description = error_description(&reason.to_string());
        let scope = if error == ErrorCode::InsufficientScope {
            ", scope=\"openid\""
        } else {
            ""
        };
        (
            format!(
                ", error=\"{}\", error_description=\"{description}\"{scope}",
                error.as_str()
            ),
            json!({ "error": error.as_str(), "error_description": description }),
        )
    };
    // Both schemes are offered; what went wrong stands with the one that it belongs to (RFC 9449 section 7.1).
    let of_dpop = matches!(reason, Reason::Dpop(_));
    let (bearer, dpop) = if of_dpop {
        ("", about.as_str())
    } else {
        (about.as_str(), "")
    };
    let mut reply = Reply::json(status, &body);
    reply
        .headers
        .push(("www-authenticate", format!("Bearer {realm}{bearer}")));
    reply
        .headers
        .push(("www-authenticate", format!("DPoP {realm}{dpop}, {algorithms}")));
    reply
}

#[cfg(test)]
mod tests;
