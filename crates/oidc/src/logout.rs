//! RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0).

use std::fmt;

use domain::ServiceId;
use jose::{JwkSet, UnverifiedClaims};
use serde::{Deserialize, Serialize};

use crate::parameters::Parameters;
use crate::response::with_query;
use crate::{ClientFacts, Hint, ProviderFacts, Reason, VerifiedHint, hint, registration};

const KNOWN: [&str; 6] = [
    "client_id",
    "id_token_hint",
    "logout_hint",
    "post_logout_redirect_uri",
    "state",
    "ui_locales",
];
const MAX_BYTES: usize = 16 * 1024;
const MAX_STATE: usize = 2048;

/// A logout request of which only the shape is known.
#[derive(Clone, Eq, PartialEq)]
pub struct UncheckedLogoutRequest {
    parameters: Parameters,
    client_id: Option<String>,
}

impl fmt::Debug for UncheckedLogoutRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UncheckedLogoutRequest")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// A verified place to go after logout. Made by [`UncheckedLogoutRequest::check`] alone; the stored form is read back from our
/// own store only.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LogoutReturn {
    redirect_uri: String,
    state: Option<String>,
}

impl LogoutReturn {
    /// Where to, with `state`.
    pub fn location(&self) -> String {
        match &self.state {
            None => self.redirect_uri.clone(),
            Some(state) => with_query(&self.redirect_uri, &[("state", state.clone())]),
        }
    }
}

/// A checked logout request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LogoutRequest {
    /// The client, if it named itself.
    pub service: Option<ServiceId>,
    /// Who is to be signed out, by a token of ours: pseudonym and `sid`. Without it the person must be asked (section 2:
    /// anybody could have made this link). With it, compare with the session of the browser; ask when they differ.
    pub hint: Option<VerifiedHint>,
    /// Where to go afterwards.
    pub return_to: Option<LogoutReturn>,
}

impl UncheckedLogoutRequest {
    /// Reads the raw query of a GET or the raw body of a POST (section 2 wants both).
    pub fn parse(raw: &[u8]) -> Result<Self, Reason> {
        let parameters = Parameters::parse(raw, &KNOWN, MAX_BYTES)?;
        parameters.refuse_any_repeated()?;
        let hinted = match parameters.get("id_token_hint") {
            None => None,
            Some(shown) => {
                // Only to choose the client; `check` looks at the verified claims.
                let claims = UnverifiedClaims::read(shown, hint::MAX_BYTES).map_err(Reason::HintRefused)?;
                Some(claims.text("aud").ok_or(Reason::HintClaim("aud"))?.to_owned())
            }
        };
        let named = parameters.get("client_id").map(str::to_owned);
        let client_id = match (named, hinted) {
            (Some(named), Some(hinted)) if named != hinted => return Err(Reason::ClientIdsDiffer),
            (named, hinted) => named.or(hinted),
        };
        if let Some(id) = &client_id {
            registration::client_id(id).map_err(|_| Reason::ClientIdMalformed)?;
        }
        Ok(Self {
            parameters,
            client_id,
        })
    }

    /// Whom to look up, if anybody.
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// Checks the request. `client` is what `client_id()` names; `ours` are the published keys, retired ones included. The
    /// hint may be expired (section 2), but not forged.
    pub fn check(
        &self,
        client: Option<&ClientFacts>,
        ours: &JwkSet,
        provider: &ProviderFacts,
    ) -> Result<LogoutRequest, Reason> {
        if self.client_id.as_deref() != client.map(|client| client.client_id.as_str()) {
            return Err(Reason::UnknownClient);
        }
        let hint = match (self.parameters.get("id_token_hint"), client) {
            (Some(shown), Some(client)) => Some(Hint::new(shown).verify(client, ours, provider)?),
            // A hint names a client (`parse`), so without client there is no hint.
            _ => None,
        };
        Ok(LogoutRequest {
            service: client.map(|client| client.service.clone()),
            hint,
            return_to: self.return_to(client)?,
        })
    }

    fn return_to(&self, client: Option<&ClientFacts>) -> Result<Option<LogoutReturn>, Reason> {
        let Some(asked) = self.parameters.get("post_logout_redirect_uri") else {
            return Ok(None);
        };
        let client = client.ok_or(Reason::PostLogoutRedirectUriWithoutClient)?;
        let registered = client
            .post_logout_redirect_uris
            .iter()
            .find(|registered| registered.as_bytes() == asked.as_bytes())
            .ok_or(Reason::PostLogoutRedirectUriNotRegistered)?;
        let state = self.parameters.get("state");
        let plain =
            |state: &str| state.len() <= MAX_STATE && state.bytes().all(|b| (0x20..=0x7e).contains(&b));
        if state.is_some_and(|state| !plain(state)) {
            return Err(Reason::ParameterMalformed("state"));
        }
        Ok(Some(LogoutReturn {
            redirect_uri: registered.clone(),
            state: state.map(str::to_owned),
        }))
    }
}

#[cfg(test)]
mod tests;
