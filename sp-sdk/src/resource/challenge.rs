//! Why a token does not open a page, and the answer that says what to do (RFC 6750 section 3, RFC 9449 section 7.1, RFC 9470 section 3).

use std::fmt;

use policy::Shortfall;
use serde_json::{Value, json};

use super::Wanted;
use crate::oidc::OidcReason;

/// Why a token does not open a page.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TokenReason {
    /// None was shown.
    Missing,
    /// It was shown in a way that is not read (in the query, twice, malformed).
    Malformed,
    /// Not the platform's, or it counts no more.
    Unknown,
    /// Over by our clock.
    Expired,
    /// For another resource.
    Audience,
    /// Bound to a key whose proof is missing, for another request, used before, or by another key.
    Proof,
    /// Bound to a TLS certificate that is not this connection's.
    Certificate,
    /// A scope is missing.
    Scope,
    /// The sign-in behind it is not strong or recent enough.
    SignIn(Shortfall),
    /// We cannot say: a fault on our side or on the way.
    Fault(OidcReason),
}

impl fmt::Display for TokenReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("show an access token"),
            Self::Malformed => f.write_str("show one access token in the Authorization header"),
            Self::Unknown => f.write_str("the token does not count"),
            Self::Expired => f.write_str("the token is over"),
            Self::Audience => {
                f.write_str("the token is for another resource: ask for one with the parameter resource")
            }
            Self::Proof => f.write_str(
                "the token is bound to a key: show it as DPoP with a fresh proof for this request",
            ),
            Self::Certificate => f.write_str("the token is bound to another TLS certificate"),
            Self::Scope => f.write_str("a scope is missing"),
            Self::SignIn(missing) => write!(f, "a stronger or more recent sign-in is needed ({missing})"),
            Self::Fault(reason) => write!(f, "we cannot look at the token now: {reason}"),
        }
    }
}

impl std::error::Error for TokenReason {}

/// What to answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Challenge {
    /// Why, for the log.
    pub reason: TokenReason,
    /// HTTP status.
    pub status: u16,
    /// `WWW-Authenticate`, a header each.
    pub authenticate: Vec<String>,
    /// JSON.
    pub body: Value,
}

impl Challenge {
    pub(super) fn of(reason: TokenReason, wanted: &Wanted<'_>, metadata: &str) -> Self {
        let (status, error) = match &reason {
            TokenReason::Missing => (401, None),
            TokenReason::Malformed => (400, Some("invalid_request")),
            TokenReason::Unknown
            | TokenReason::Expired
            | TokenReason::Audience
            | TokenReason::Certificate => (401, Some("invalid_token")),
            TokenReason::Proof => (401, Some("invalid_dpop_proof")),
            TokenReason::Scope => (403, Some("insufficient_scope")),
            TokenReason::SignIn(_) => (401, Some("insufficient_user_authentication")),
            TokenReason::Fault(_) => {
                return Self {
                    reason,
                    status: 503,
                    authenticate: Vec::new(),
                    body: json!({ "error": "temporarily_unavailable" }),
                };
            }
        };
        let mut parameters = vec![("resource_metadata", metadata.to_owned())];
        if let Some(error) = error {
            parameters.push(("error", error.to_owned()));
            parameters.push(("error_description", reason.to_string()));
        }
        if !wanted.scopes.is_empty() {
            parameters.push(("scope", wanted.scopes.join(" ")));
        }
        if matches!(reason, TokenReason::SignIn(_)) {
            let step_up = wanted.guard.step_up(false);
            let names = step_up.acr_values();
            if !names.is_empty() {
                parameters.push(("acr_values", names.join(" ")));
            }
            let age = step_up.max_age_seconds();
            parameters.extend(age.map(|seconds| ("max_age", seconds.to_string())));
        }
        let mut body = json!({});
        if let Some(members) = body.as_object_mut() {
            let said = parameters.iter().filter(|(name, _)| *name != "resource_metadata");
            members.extend(said.map(|(name, value)| ((*name).to_owned(), json!(value))));
        }
        // Values are ours and have neither quotes nor backslashes.
        let written: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name}=\"{value}\""))
            .collect();
        let written = written.join(", ");
        let algorithms = oidc::dpop::ALGORITHMS.map(jose::Algorithm::name).join(" ");
        let bound = format!("DPoP {written}, algs=\"{algorithms}\"");
        let authenticate = match reason {
            TokenReason::Proof => vec![bound],
            _ => vec![bound, format!("Bearer {written}")],
        };
        Self {
            reason,
            status,
            authenticate,
            body,
        }
    }
}
