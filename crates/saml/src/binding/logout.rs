//! Logout messages as they come in: by HTTP-Redirect, HTTP-POST or SOAP, a request or the response to one of ours.

use domain::{SamlBinding, SloBinding};
use xml::{Document, Limits};

use super::form::raw_values;
use super::{Incoming, post, redirect, soap};
use crate::Reason;
use crate::elements::{LogoutRequest, LogoutResponse};

const REQUEST: &str = "SAMLRequest";
const RESPONSE: &str = "SAMLResponse";

/// A logout message as it came in: nothing about it is true yet.
#[derive(Debug)]
pub struct IncomingLogout {
    pub(crate) incoming: Incoming,
    pub(crate) binding: SloBinding,
    is_response: bool,
}

impl IncomingLogout {
    /// By HTTP-Redirect: the raw query.
    pub fn redirect(raw_query: &str) -> Result<Self, Reason> {
        if raw_query.len() > redirect::QUERY_LIMIT {
            return Err(Reason::ParameterTooLong {
                name: REQUEST,
                limit: redirect::QUERY_LIMIT,
            });
        }
        let field = field(raw_query)?;
        Ok(Self {
            incoming: redirect::decode_field(raw_query, field)?,
            binding: SloBinding::HttpRedirect,
            is_response: field == RESPONSE,
        })
    }

    /// By HTTP-POST: the raw body of the form.
    pub fn post(body: &[u8]) -> Result<Self, Reason> {
        if body.len() > post::BODY_LIMIT {
            return Err(Reason::ParameterTooLong {
                name: REQUEST,
                limit: post::BODY_LIMIT,
            });
        }
        let text = std::str::from_utf8(body).map_err(|_| Reason::ParameterEncoding { name: REQUEST })?;
        let field = field(text)?;
        Ok(Self {
            incoming: post::decode_field(body, field)?,
            binding: SloBinding::HttpPost,
            is_response: field == RESPONSE,
        })
    }

    /// By SOAP: a request in an envelope.
    pub fn soap_request(envelope: &[u8]) -> Result<Self, Reason> {
        Self::soap(envelope, false)
    }

    /// By SOAP: the answer to a request of ours, in an envelope.
    pub fn soap_response(envelope: &[u8]) -> Result<Self, Reason> {
        Self::soap(envelope, true)
    }

    fn soap(envelope: &[u8], is_response: bool) -> Result<Self, Reason> {
        Ok(Self {
            incoming: Incoming {
                // Like a posted one: its signature is inside.
                binding: SamlBinding::HttpPost,
                xml: soap::decode_response(envelope)?,
                relay_state: None,
                detached: None,
            },
            binding: SloBinding::Soap,
            is_response,
        })
    }

    /// Whether it is a response.
    pub fn is_response(&self) -> bool {
        self.is_response
    }

    /// By which binding it came.
    pub fn binding(&self) -> SloBinding {
        self.binding
    }

    /// `RelayState`, opaque.
    pub fn relay_state(&self) -> Option<&str> {
        self.incoming.relay_state()
    }

    /// Who claims to speak: good for looking up [`crate::ServiceFacts`] and for nothing else.
    pub fn issuer(&self) -> Result<String, Reason> {
        let document = Document::parse(&self.incoming.xml, &Limits::message())?;
        if self.is_response {
            Ok(LogoutResponse::read(document.root())?.issuer)
        } else {
            Ok(LogoutRequest::read(document.root())?.issuer)
        }
    }

    /// Which request a response claims to answer: good for looking it up and for nothing else.
    pub fn in_response_to(&self) -> Result<String, Reason> {
        let document = Document::parse(&self.incoming.xml, &Limits::message())?;
        LogoutResponse::read(document.root())?
            .in_response_to
            .ok_or(Reason::AnswersAnother)
    }
}

/// Exactly one of the two.
fn field(text: &str) -> Result<&'static str, Reason> {
    match raw_values(text, [REQUEST, RESPONSE])? {
        [Some(_), None] => Ok(REQUEST),
        [None, Some(_)] => Ok(RESPONSE),
        [None, None] => Err(Reason::ParameterMissing { name: REQUEST }),
        [Some(_), Some(_)] => Err(Reason::ParameterRepeated { name: RESPONSE }),
    }
}
