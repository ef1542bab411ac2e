//! Logout messages on their way out: requests to other services, responses to whoever asked (core-2.0-os section 3.7).

use domain::{Entropy, SloBinding, SloEndpoint, Timestamp};
use xml::NewElement;
use xml::dsig::Draft;

use super::response::write_status;
use super::{NameId, Signing, wire_time};
use crate::binding::post::PostForm;
use crate::binding::redirect::RedirectDraft;
use crate::binding::soap;
use crate::elements::{MessageId, Status};
use crate::names::{name_id_format_uri, saml, samlp};
use crate::{IdpFacts, LogoutReplyTo, Reason};

/// Whom a request is about.
#[derive(Clone, Copy, Debug)]
pub struct SignedOutPerson<'a> {
    /// Exactly the name that was issued.
    pub name: &'a NameId,
    /// The service's `entityID`.
    pub service: &'a str,
    /// `SessionIndex`, as it stood in the assertion.
    pub session_index: &'a str,
}

/// A logout message that is to be signed: how depends on the binding.
#[derive(Debug)]
pub struct LogoutDraft {
    element: NewElement,
    field: &'static str,
    binding: SloBinding,
    location: String,
    relay_state: Option<String>,
}

/// A logout message that waits for its signature.
#[derive(Debug)]
pub struct LogoutSigning {
    signing: Way,
    field: &'static str,
    binding: SloBinding,
    location: String,
    relay_state: Option<String>,
}

#[derive(Debug)]
enum Way {
    Query(RedirectDraft),
    Inside(Draft),
}

/// A signed logout message.
#[derive(Clone)]
pub enum OutgoingLogout {
    /// The address to redirect to.
    Redirect(String),
    /// The form to show.
    Post(PostForm),
    /// The envelope to send.
    Soap(Vec<u8>),
}

impl std::fmt::Debug for OutgoingLogout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Redirect(_) => "OutgoingLogout::Redirect(***)",
            Self::Post(_) => "OutgoingLogout::Post(***)",
            Self::Soap(_) => "OutgoingLogout::Soap(***)",
        })
    }
}

impl LogoutDraft {
    /// A request to an endpoint of a service, under an identifier that stays the same at every try.
    pub fn request(
        idp: &IdpFacts,
        to: &SloEndpoint,
        id: &str,
        person: &SignedOutPerson<'_>,
        (now, lifetime_seconds): (Timestamp, i64),
    ) -> Result<Self, Reason> {
        let name = saml("NameID")
            .attribute("Format", name_id_format_uri(person.name.format))
            .attribute("NameQualifier", idp.entity_id.clone())
            .attribute("SPNameQualifier", person.service.to_owned())
            .text(person.name.value.clone());
        let element = samlp("LogoutRequest")
            .attribute("Version", "2.0")
            .attribute("ID", id.to_owned())
            .attribute("IssueInstant", wire_time(now)?)
            .attribute("Destination", to.location.clone())
            .attribute("NotOnOrAfter", wire_time(now.plus_seconds(lifetime_seconds))?)
            .child(saml("Issuer").text(idp.entity_id.clone()))
            .child(name)
            .child(samlp("SessionIndex").text(person.session_index.to_owned()));
        Ok(Self {
            element,
            field: "SAMLRequest",
            binding: to.binding,
            location: to.location.clone(),
            relay_state: None,
        })
    }

    /// The response to whoever asked.
    pub fn response(
        idp: &IdpFacts,
        reply_to: &LogoutReplyTo,
        status: Status,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Self, Reason> {
        let element = samlp("LogoutResponse")
            .attribute("Version", "2.0")
            .attribute("ID", MessageId::generate(entropy).to_string())
            .attribute("IssueInstant", wire_time(now)?)
            .attribute_if("Destination", reply_to.location().map(str::to_owned))
            .attribute("InResponseTo", reply_to.in_response_to().to_owned())
            .child(saml("Issuer").text(idp.entity_id.clone()))
            .child(write_status(status, None));
        Ok(Self {
            element,
            field: "SAMLResponse",
            binding: reply_to.binding(),
            location: reply_to.location().unwrap_or_default().to_owned(),
            relay_state: reply_to.relay_state().map(str::to_owned),
        })
    }

    /// A message that the service's side composed (`sp-sdk`), a response or a request, to an endpoint of the identity provider.
    pub fn of_service(
        element: NewElement,
        is_response: bool,
        (binding, location): (SloBinding, &str),
        relay_state: Option<&str>,
    ) -> Self {
        Self {
            element,
            field: if is_response {
                "SAMLResponse"
            } else {
                "SAMLRequest"
            },
            binding,
            location: location.to_owned(),
            relay_state: relay_state.map(str::to_owned),
        }
    }

    /// To be signed: in the query by redirect (bindings-2.0-os section 3.4.4.1), inside otherwise.
    pub fn to_be_signed(self, signing: Signing<'_>) -> Result<LogoutSigning, Reason> {
        let way = match self.binding {
            SloBinding::HttpRedirect => Way::Query(RedirectDraft::message(
                self.field,
                &self.location,
                &self.element.to_canonical()?,
                self.relay_state.as_deref(),
                signing.algorithm,
            )?),
            SloBinding::HttpPost | SloBinding::Soap => Way::Inside(Draft::new(
                self.element,
                1,
                signing.algorithm,
                signing.certificate,
            )?),
        };
        Ok(LogoutSigning {
            signing: way,
            field: self.field,
            binding: self.binding,
            location: self.location,
            relay_state: self.relay_state,
        })
    }
}

impl LogoutSigning {
    /// What the signer signs.
    pub fn signing_input(&self) -> &[u8] {
        match &self.signing {
            Way::Query(draft) => draft.signing_input(),
            Way::Inside(draft) => draft.signing_input(),
        }
    }

    /// With its signature (for ECDSA `r || s`, see [`Draft::attach`]).
    pub fn attach(self, signature: &[u8]) -> Result<OutgoingLogout, Reason> {
        let octets = match self.signing {
            Way::Query(draft) => return Ok(OutgoingLogout::Redirect(draft.attach(signature))),
            Way::Inside(draft) => draft.attach(signature)?.to_canonical()?,
        };
        Ok(match self.binding {
            SloBinding::Soap => OutgoingLogout::Soap(soap::encode(&octets)),
            SloBinding::HttpPost | SloBinding::HttpRedirect => OutgoingLogout::Post(PostForm {
                action: self.location,
                field: self.field,
                message: xml::encode_base64(&octets),
                relay_state: self.relay_state,
            }),
        })
    }
}
