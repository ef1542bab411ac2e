//! The authorization request (OpenID Connect Core 1.0 section 3.1.2.1): as it came, and as checked.

use std::fmt;

use domain::{CodeChallenge, Language, ServiceId};
use serde::{Deserialize, Serialize};

use crate::parameters::Parameters;
use crate::{Hint, Reason, ReturnAddress, registration};

/// Every parameter that we know. `claims`, `display`, `resource` and others are unknown here and thus ignored.
const KNOWN: [&str; 18] = [
    "acr_values",
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "id_token_hint",
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    "registration",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "ui_locales",
];
const MAX_BYTES: usize = 16 * 1024;

/// Parameters of an authorization request that no rule has seen, except that `client_id` is there once and well-formed, so
/// that the client can be looked up.
#[derive(Clone, Eq, PartialEq)]
pub struct UncheckedAuthorizationRequest {
    parameters: Parameters,
    client_id: String,
}

impl UncheckedAuthorizationRequest {
    /// Reads the raw query of a GET or the raw body of a POST (both must be served: OpenID Connect Core 1.0 section 3.1.2.1).
    /// Every refusal here is a page of ours: there is no verified place to send the person back to.
    pub fn parse(raw: &[u8]) -> Result<Self, Reason> {
        let parameters = Parameters::parse(raw, &KNOWN, MAX_BYTES)?;
        parameters.refuse_repeated("client_id")?;
        let client_id = parameters
            .get("client_id")
            .ok_or(Reason::ClientIdMissing)?
            .to_owned();
        registration::client_id(&client_id).map_err(|_| Reason::ClientIdMalformed)?;
        Ok(Self {
            parameters,
            client_id,
        })
    }

    /// Whom to look up.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(crate) fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }
}

impl fmt::Debug for UncheckedAuthorizationRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UncheckedAuthorizationRequest")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// `response_mode` (OAuth 2.0 Multiple Response Type Encoding Practices section 2.1; Form Post Response Mode 1.0).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// Parameters in the query of the redirect URI.
    #[default]
    Query,
    /// Parameters in a form that the browser posts.
    FormPost,
}

/// `prompt` (OpenID Connect Core 1.0 section 3.1.2.1).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Prompt {
    /// Show nothing; answer with an error instead.
    pub none: bool,
    /// Ask for the card again.
    pub login: bool,
    /// Ask for consent again.
    pub consent: bool,
    /// Let the person choose the account.
    pub select_account: bool,
}

/// What the client asks for.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AuthorizationRequest {
    /// The registry's name of the client.
    pub service: ServiceId,
    /// `client_id`.
    pub client_id: String,
    /// Where and how the answer goes.
    pub return_to: ReturnAddress,
    /// Granted scopes: those of the request that we know, each once, in the order of the request.
    pub scope: Vec<String>,
    /// `nonce`.
    pub nonce: Option<String>,
    /// PKCE challenge, S256.
    pub code_challenge: CodeChallenge,
    /// `prompt`.
    pub prompt: Prompt,
    /// `max_age` in seconds.
    pub max_age_seconds: Option<u32>,
    /// `acr_values` in the client's order, each once. Which of them we reach is decided by policy.
    pub acr_values: Vec<String>,
    /// Languages of `ui_locales` that our pages have, in the client's order.
    pub ui_languages: Vec<Language>,
    /// `id_token_hint`, unverified.
    pub id_token_hint: Option<Hint>,
}
