//! The authorization request (OpenID Connect Core 1.0 section 3.1.2.1): as it came, and as checked.

use std::fmt;

use domain::{CodeChallenge, Language, ServiceId};
use serde::{Deserialize, Serialize};

use crate::claims::RequestedClaims;
use crate::parameters::Parameters;
use crate::{AuthenticatedClient, Hint, OpaqueSecret, Reason, ReturnAddress, registration};

/// Every parameter that we know; others are ignored.
pub(crate) const KNOWN: [&str; 24] = [
    "acr_values",
    "authorization_details",
    "claims",
    "claims_locales",
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "display",
    "dpop_jkt",
    "id_token_hint",
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    "registration",
    "request",
    "request_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "ui_locales",
];
const MAX_BYTES: usize = 16 * 1024;
/// The longest pushed request in bytes (RFC 9126 section 2.3, error 413).
pub const MAX_PUSHED_BYTES: usize = 64 * 1024;
const PUSHED_PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// How a request reached us.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Carried {
    /// By the authenticated client itself (RFC 9126), not by the browser.
    pub pushed: bool,
    /// In a request object signed by the client.
    pub signed: bool,
}

/// What a request comes in, when it does not stand in its parameters.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Envelope<'a> {
    /// It stands in the parameters.
    None,
    /// `request`: a request object by value.
    Object(&'a str),
    /// `request_uri` of ours: the secret part of the name under which a request was pushed.
    Pushed(&'a str),
    /// `request_uri` of the client's: a request object by reference.
    Reference(&'a str),
}

/// Parameters of an authorization request that no rule has seen, except that `client_id` is there once and well-formed, so
/// that the client can be looked up.
#[derive(Clone, Eq, PartialEq)]
pub struct UncheckedAuthorizationRequest {
    parameters: Parameters,
    client_id: String,
    carried: Carried,
}

/// As our own store keeps a pushed request.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    form: String,
    carried: Carried,
}

impl UncheckedAuthorizationRequest {
    /// Reads the raw query of a GET or the raw body of a POST (both must be served: OpenID Connect Core 1.0 section 3.1.2.1).
    /// Every refusal here is a page of ours: there is no verified place to send the person back to.
    pub fn parse(raw: &[u8]) -> Result<Self, Reason> {
        Self::of(Parameters::parse(raw, &KNOWN, MAX_BYTES)?, Carried::default())
    }

    /// Reads the raw body of a pushed request, in the name of the client that was authenticated with it (RFC 9126 section 2.1).
    /// A `client_id` beside the authentication must be the same.
    pub fn parse_pushed(raw: &[u8], client: &AuthenticatedClient) -> Result<Self, Reason> {
        let mut parameters = Parameters::parse(raw, &KNOWN, MAX_PUSHED_BYTES)?;
        parameters.refuse_any_repeated()?;
        if parameters.get("request_uri").is_some() {
            return Err(Reason::RequestUriPushed);
        }
        match parameters.get("client_id") {
            None => parameters.add("client_id", client.client_id().to_owned()),
            Some(named) if named == client.client_id() => {}
            Some(_) => return Err(Reason::ClientIdsDiffer),
        }
        let carried = Carried {
            pushed: true,
            signed: false,
        };
        Self::of(parameters, carried)
    }

    fn of(parameters: Parameters, carried: Carried) -> Result<Self, Reason> {
        parameters.refuse_repeated("client_id")?;
        let client_id = parameters
            .get("client_id")
            .ok_or(Reason::ClientIdMissing)?
            .to_owned();
        registration::client_id(&client_id).map_err(|_| Reason::ClientIdMalformed)?;
        Ok(Self {
            parameters,
            client_id,
            carried,
        })
    }

    /// Binds the code to the key of a proof that came with the request (RFC 9449 section 10.1). A `dpop_jkt` that names another key is
    /// refused as malformed.
    pub fn bind_to(&mut self, jkt: &str) -> Result<(), Reason> {
        match self.parameters.get("dpop_jkt") {
            None => self.parameters.add("dpop_jkt", jkt.to_owned()),
            Some(named) if named == jkt => {}
            Some(_) => return Err(Reason::ParameterMalformed("dpop_jkt")),
        }
        Ok(())
    }

    /// The request of an opened request object.
    pub(crate) fn opened(parameters: Parameters, around: &Self) -> Self {
        Self {
            parameters,
            client_id: around.client_id.clone(),
            carried: Carried {
                signed: true,
                ..around.carried
            },
        }
    }

    #[cfg(test)]
    pub(crate) fn carried_as(self, carried: Carried) -> Self {
        Self { carried, ..self }
    }

    /// A pushed request as our own store keeps it.
    pub fn to_stored(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Stored {
            form: self.parameters.to_form(),
            carried: self.carried,
        })
    }

    /// Reads [`Self::to_stored`] back; it is checked again, by the facts of now.
    pub fn from_stored(text: &[u8]) -> Result<Self, Reason> {
        let stored: Stored = serde_json::from_slice(text).map_err(|_| Reason::RequestUriUnknown)?;
        let parameters = Parameters::parse(stored.form.as_bytes(), &KNOWN, 3 * MAX_PUSHED_BYTES)?;
        Self::of(parameters, stored.carried)
    }

    /// Whom to look up.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// How it came.
    pub fn carried(&self) -> Carried {
        self.carried
    }

    /// What the request comes in. `request` and `request_uri` exclude one another (RFC 9101 section 5).
    pub fn envelope(&self) -> Result<Envelope<'_>, Reason> {
        self.parameters.refuse_repeated("request")?;
        self.parameters.refuse_repeated("request_uri")?;
        match (self.get("request"), self.get("request_uri")) {
            (None, None) => Ok(Envelope::None),
            (Some(object), None) => Ok(Envelope::Object(object)),
            (None, Some(uri)) => Ok(uri
                .strip_prefix(PUSHED_PREFIX)
                .map_or(Envelope::Reference(uri), Envelope::Pushed)),
            (Some(_), Some(_)) => Err(Reason::RequestTwice),
        }
    }

    /// The `request_uri` of a pushed request, from its secret (RFC 9126 section 2.2).
    pub fn pushed_uri(secret: &OpaqueSecret) -> String {
        format!("{PUSHED_PREFIX}{}", secret.reveal())
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

/// What is wanted of the sign-in and its tokens, in whatever way it was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Granted scopes.
    pub scope: &'a [String],
    /// `prompt`.
    pub prompt: Prompt,
    /// `max_age` in seconds.
    pub max_age_seconds: Option<u32>,
    /// `acr_values` in the client's order.
    pub acr_values: &'a [String],
    /// `claims`.
    pub claims: &'a RequestedClaims,
    /// `resource`.
    pub resources: &'a [String],
    /// `authorization_details` in one spelling.
    pub authorization_details: Option<&'a str>,
    /// `dpop_jkt`.
    pub dpop_thumbprint: Option<&'a str>,
}

impl AuthorizationRequest {
    /// What is wanted, apart from where the answer goes.
    pub fn wanted(&self) -> Wanted<'_> {
        Wanted {
            scope: &self.scope,
            prompt: self.prompt,
            max_age_seconds: self.max_age_seconds,
            acr_values: &self.acr_values,
            claims: &self.claims,
            resources: &self.resources,
            authorization_details: self.authorization_details.as_deref(),
            dpop_thumbprint: self.dpop_thumbprint.as_deref(),
        }
    }
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
    /// `claims`.
    pub claims: RequestedClaims,
    /// `resource`, each registered for the client and once.
    pub resources: Vec<String>,
    /// `authorization_details` in one spelling, of registered types.
    pub authorization_details: Option<String>,
    /// `dpop_jkt`.
    pub dpop_thumbprint: Option<String>,
    /// Languages of `ui_locales` that our pages have, in the client's order.
    pub ui_languages: Vec<Language>,
    /// `id_token_hint`, unverified.
    pub id_token_hint: Option<Hint>,
}
