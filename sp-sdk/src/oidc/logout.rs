//! Logout through the browser: begun here (RP-Initiated Logout 1.0), or told by a page of the platform (Front-Channel Logout 1.0).

use domain::Timestamp;
use jose::digest;
use serde::{Deserialize, Serialize};

use super::{OidcReason, RelyingParty};
use crate::key::random_text;
use crate::session::SignedOut;

/// What is kept for the browser until it comes back from the platform.
#[derive(Clone, Deserialize, Serialize)]
pub struct SentLogout {
    state: String,
}

impl std::fmt::Debug for SentLogout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SentLogout(..)")
    }
}

impl SentLogout {
    /// Whether `state` is that of our question (section 3): else somebody else sent this browser here, and nothing was ended for us.
    pub fn is_answered_by(&self, state: Option<&str>) -> bool {
        state.is_some_and(|state| digest::same(state.as_bytes(), self.state.as_bytes()))
    }
}

/// The query of a front-channel logout, as it came.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct FrontChannelLogout {
    /// `iss`
    #[serde(default)]
    pub iss: Option<String>,
    /// `sid`
    #[serde(default)]
    pub sid: Option<String>,
}

impl RelyingParty {
    /// Where to send the browser once the own session is ended, and what to keep for it. `None`: the platform has no such endpoint.
    ///
    /// The ID token says who asks and about which session; without it the platform asks the person (section 2).
    pub async fn begin_logout(
        &self,
        id_token: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<(String, SentLogout)>, OidcReason> {
        let known = self.provider.current(now).await;
        let Some(endpoint) = &known.discovered.end_session_endpoint else {
            return Ok(None);
        };
        let mut address = url::Url::parse(endpoint)
            .map_err(|_| OidcReason::Discovery("its end_session_endpoint is malformed".to_owned()))?;
        let sent = SentLogout {
            state: random_text(self.entropy.as_ref()),
        };
        {
            let mut query = address.query_pairs_mut();
            query.append_pair("client_id", &self.config.client_id);
            if let Some(id_token) = id_token {
                query.append_pair("id_token_hint", id_token);
            }
            if let Some(back) = &self.config.post_logout_redirect_uri {
                query.append_pair("post_logout_redirect_uri", back);
                query.append_pair("state", &sent.state);
            }
        }
        Ok(Some((address.into(), sent)))
    }

    /// Which session a page of the platform's says is over. It is unsigned, and any page can make a browser load it: it ends the named
    /// session alone, which nobody can name who does not know its `sid` (section 3: both or neither).
    pub fn hear_front_channel(&self, told: &FrontChannelLogout) -> Result<SignedOut, OidcReason> {
        if told.iss.as_deref() != Some(&self.config.issuer) {
            return Err(OidcReason::AnotherIssuer);
        }
        let session = told.sid.clone().filter(|sid| !sid.is_empty() && sid.len() <= 256);
        Ok(SignedOut {
            subject: None,
            sessions: vec![session.ok_or(OidcReason::Missing { parameter: "sid" })?],
        })
    }
}
