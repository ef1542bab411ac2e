//! Answers to an authorization request: where they go and what they carry (RFC 6749 sections 4.1.2 and 4.1.2.1, with `iss` of
//! RFC 9207 in every one of them).

use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use crate::check::Ask;
use crate::rules::authorization_request::{
    redirect_uri_is_registered_exactly::{self, RegisteredRedirect},
    response_mode_is_query_or_form_post, state_is_bounded_text,
};
use crate::{ErrorCode, ProviderFacts, Reason, ResponseMode};

/// A verified place for the answer. Needs a [`RegisteredRedirect`], which only the rule can make.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReturnAddress {
    redirect: RegisteredRedirect,
    mode: ResponseMode,
    state: Option<String>,
}

impl ReturnAddress {
    /// The address of a request whose client and redirect URI hold. A malformed `state` or `response_mode` is left out, so that
    /// the refusal of just that can be sent.
    pub(crate) fn of(ask: &Ask<'_>) -> Result<Self, Reason> {
        Ok(Self {
            redirect: redirect_uri_is_registered_exactly::read(ask)?,
            mode: response_mode_is_query_or_form_post::read(ask).unwrap_or_default(),
            state: state_is_bounded_text::read(ask).unwrap_or_default(),
        })
    }

    /// The redirect URI, octet by octet as registered. The CSP of the page that posts the form names it.
    pub fn redirect_uri(&self) -> &str {
        self.redirect.as_str()
    }

    /// The code (RFC 6749 section 4.1.2).
    pub fn with_code(&self, code: &str, provider: &ProviderFacts) -> AuthorizationResponse {
        self.compose(vec![("code", code.to_owned())], provider)
    }

    /// An error (RFC 6749 section 4.1.2.1, OpenID Connect Core 1.0 section 3.1.2.6). The description is for developers.
    pub fn with_error(
        &self,
        error: ErrorCode,
        description: &str,
        provider: &ProviderFacts,
    ) -> AuthorizationResponse {
        let mut fields = vec![("error", error.as_str().to_owned())];
        let description = crate::reply::error_description(description);
        if !description.is_empty() {
            fields.push(("error_description", description));
        }
        self.compose(fields, provider)
    }

    fn compose(
        &self,
        mut fields: Vec<(&'static str, String)>,
        provider: &ProviderFacts,
    ) -> AuthorizationResponse {
        if let Some(state) = &self.state {
            fields.push(("state", state.clone()));
        }
        fields.push(("iss", provider.issuer.clone()));
        let to = self.redirect.as_str();
        match self.mode {
            ResponseMode::FormPost => AuthorizationResponse::FormPost {
                action: to.to_owned(),
                fields,
            },
            ResponseMode::Query => AuthorizationResponse::Redirect {
                location: with_query(to, &fields),
            },
        }
    }
}

/// An answer, ready for the web room.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub enum AuthorizationResponse {
    /// `303 See Other` to this address (RFC 9700 section 4.12: never 307).
    Redirect {
        /// `Location`.
        location: String,
    },
    /// A page with a form and a visible button.
    FormPost {
        /// `action`.
        action: String,
        /// Hidden fields, in order.
        fields: Vec<(&'static str, String)>,
    },
}

impl std::fmt::Debug for AuthorizationResponse {
    /// Shows neither code nor state.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Redirect { .. } => "AuthorizationResponse::Redirect(***)",
            Self::FormPost { .. } => "AuthorizationResponse::FormPost(***)",
        })
    }
}

/// Adds parameters to an address that may have a query already (RFC 6749 section 3.1.2: it must be retained). The address is
/// never parsed and written again, so its octets stay.
pub(crate) fn with_query(address: &str, fields: &[(&'static str, String)]) -> String {
    let joint = match address.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some((_, query)) if query.ends_with('&') => "",
        Some(_) => "&",
    };
    let mut writer = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        writer.append_pair(name, value);
    }
    format!("{address}{joint}{}", writer.finish())
}

#[cfg(test)]
mod tests;
