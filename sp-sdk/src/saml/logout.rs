//! Single Logout (profiles-2.0-os section 4.4): ours towards the platform, the platform's towards us, by Redirect, POST and SOAP.

use domain::{Entropy, SloBinding, Timestamp};
use saml::binding::IncomingLogout;
use saml::elements::{LogoutRequest, LogoutResponse, MessageId, NamedPrincipal, Principal};
use saml::reply::{LogoutDraft, OutgoingLogout, Signing};
use saml::{HeardLogout, hear_logout};
use serde::{Deserialize, Serialize};
use xml::dsig::SignatureAlgorithm;
use xml::{Name, NewElement};

use super::{ASSERTION, OneUse, PERSISTENT, PROTOCOL, SamlReason, ServiceProvider, Use};
use crate::session::SignedOut;

/// How old a message may be, the difference of clocks not counted.
const MAX_AGE_SECONDS: i64 = 300;
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
const RESPONDER: &str = "urn:oasis:names:tc:SAML:2.0:status:Responder";
const PARTIAL: &str = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout";
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

/// What is kept for the browser until the platform answers our request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SentLogout {
    id: String,
}

/// What the platform says of our request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LoggedOut {
    /// Everywhere.
    Everywhere,
    /// Here and at the platform, but somewhere else it failed: the person should close the browser.
    Partly,
    /// The platform did not.
    No,
}

/// A request of the platform's that counts. End the sessions that [`HeardRequest::signed_out`] names, call [`HeardRequest::done`], then
/// answer. A request whose work failed is not remembered, so that the platform's next try does it; by SOAP that next try comes where
/// no `LogoutResponse` was given (HTTP 503), since any status in one is final.
#[derive(Debug)]
pub struct HeardRequest {
    signed_out: SignedOut,
    is_repeated: bool,
    remembered_as: String,
    forgotten_at: Timestamp,
    id: String,
    binding: SloBinding,
    relay_state: Option<String>,
}

impl HeardRequest {
    /// Who signed out, and where.
    pub fn signed_out(&self) -> &SignedOut {
        &self.signed_out
    }

    /// Its work is done already, and the answer was lost: nothing is to be ended (whoever signed in since is meant by another message),
    /// and the answer is that it is ended. By SOAP alone.
    pub fn is_repeated(&self) -> bool {
        self.is_repeated
    }

    /// The sessions are ended: this request ends nothing again.
    pub fn done(&self, seen: &dyn OneUse, now: Timestamp) {
        seen.remember(&self.remembered_as, self.forgotten_at, now);
    }

    /// By which binding it came, and is answered.
    pub fn binding(&self) -> SloBinding {
        self.binding
    }
}

/// What a message of either kind says of itself.
struct Header<'a> {
    version: &'a str,
    issuer: &'a str,
    destination: Option<&'a str>,
    issued: Timestamp,
}

impl ServiceProvider {
    /// Our request about a person that we signed out here, by one of the platform's bindings; signed.
    pub fn begin_logout(
        &self,
        (pseudonym, session_index): (&str, Option<&str>),
        binding: SloBinding,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<(OutgoingLogout, SentLogout), SamlReason> {
        let endpoint = self
            .identity_provider
            .single_logout(binding)
            .ok_or(SamlReason::NoEndpoint { what: "logout" })?;
        let id = MessageId::generate(entropy).to_string();
        let name = assertion("NameID")
            .attribute("Format", PERSISTENT)
            .attribute("NameQualifier", self.identity_provider.entity_id().to_owned())
            .attribute("SPNameQualifier", self.entity_id.clone())
            .text(pseudonym.to_owned());
        let until = now.plus_seconds(MAX_AGE_SECONDS);
        let element = message("LogoutRequest", &id, &endpoint.location, now)?
            .attribute("NotOnOrAfter", wire_time(until)?)
            .child(assertion("Issuer").text(self.entity_id.clone()))
            .child(name)
            .children(session_index.map(|index| protocol("SessionIndex").text(index.to_owned())));
        let draft = LogoutDraft::of_service(element, false, (binding, &endpoint.location), None);
        Ok((self.signed(draft)?, SentLogout { id }))
    }

    /// The platform's response to our request.
    pub fn hear_logout_response(
        &self,
        incoming: &IncomingLogout,
        sent: &SentLogout,
        now: Timestamp,
    ) -> Result<LoggedOut, SamlReason> {
        let (heard, signed) = self.hear(incoming)?;
        let HeardLogout::Response(response) = heard else {
            return Err(SamlReason::Malformed {
                what: "LogoutResponse",
            });
        };
        // By SOAP it came on the connection that we opened, under TLS, to the address of the platform's metadata.
        if !signed && incoming.binding() != SloBinding::Soap {
            return Err(SamlReason::Unsigned);
        }
        self.check(&header_of_response(&response), incoming.binding(), now)?;
        if response.in_response_to.as_deref() != Some(&sent.id) {
            return Err(SamlReason::AnswersAnotherRequest);
        }
        let said = |code: &str| response.status.iter().any(|one| one == code);
        Ok(match response.status.first().map(String::as_str) {
            Some(SUCCESS) if !said(PARTIAL) => LoggedOut::Everywhere,
            _ if said(PARTIAL) => LoggedOut::Partly,
            _ => LoggedOut::No,
        })
    }

    /// A request of the platform's.
    ///
    /// # Errors
    /// Nothing is ended. [`SamlReason::Replayed`]: its work is done, and a browser brings it again; a server that repeats itself is
    /// answered again ([`HeardRequest::is_repeated`]).
    pub fn hear_logout_request(
        &self,
        incoming: &IncomingLogout,
        seen: &dyn OneUse,
        now: Timestamp,
    ) -> Result<HeardRequest, SamlReason> {
        let (heard, signed) = self.hear(incoming)?;
        let HeardLogout::Request(request) = heard else {
            return Err(SamlReason::Malformed {
                what: "LogoutRequest",
            });
        };
        if !signed {
            return Err(SamlReason::Unsigned);
        }
        self.check(&header_of_request(&request), incoming.binding(), now)?;
        let late = now.plus_seconds(-self.clock_skew_seconds);
        if request.not_on_or_after.is_some_and(|end| end <= late) {
            return Err(SamlReason::Expired);
        }
        let name = self.named(&request.principal)?;
        let forget = request
            .issue_instant
            .plus_seconds(MAX_AGE_SECONDS)
            .plus_seconds(self.clock_skew_seconds);
        let remembered_as = format!("logout:{}", request.id);
        let is_repeated = match seen.knows(&remembered_as, now) {
            Use::First => false,
            Use::Again if incoming.binding() == SloBinding::Soap => true,
            Use::Again => return Err(SamlReason::Replayed),
            Use::Unavailable => return Err(SamlReason::MemoryUnavailable),
        };
        Ok(HeardRequest {
            is_repeated,
            remembered_as,
            forgotten_at: forget,
            signed_out: SignedOut {
                subject: Some(name),
                sessions: request.session_indexes,
            },
            id: request.id,
            binding: incoming.binding(),
            relay_state: incoming.relay_state().map(str::to_owned),
        })
    }

    /// Our response; `ended` says that the sessions are over here.
    pub fn answer_logout(
        &self,
        heard: HeardRequest,
        ended: bool,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<OutgoingLogout, SamlReason> {
        let place = match heard.binding {
            // On the connection that it came by.
            SloBinding::Soap => String::new(),
            binding => {
                let endpoint = self
                    .identity_provider
                    .single_logout(binding)
                    .ok_or(SamlReason::NoEndpoint { what: "logout" })?;
                let response = endpoint.response_location.as_ref();
                response.unwrap_or(&endpoint.location).clone()
            }
        };
        let id = MessageId::generate(entropy).to_string();
        let status = if ended { SUCCESS } else { RESPONDER };
        let element = message("LogoutResponse", &id, &place, now)?
            .attribute("InResponseTo", heard.id)
            .child(assertion("Issuer").text(self.entity_id.clone()))
            .child(protocol("Status").child(protocol("StatusCode").attribute("Value", status)));
        let draft = LogoutDraft::of_service(
            element,
            true,
            (heard.binding, &place),
            heard.relay_state.as_deref(),
        );
        self.signed(draft)
    }

    fn hear(&self, incoming: &IncomingLogout) -> Result<(HeardLogout, bool), SamlReason> {
        hear_logout(incoming, self.identity_provider.keys()).map_err(|reason| match reason {
            saml::Reason::Xml(reason) => SamlReason::Xml(reason),
            other => SamlReason::Logout(other),
        })
    }

    /// Who speaks, to whom and when.
    fn check(&self, header: &Header<'_>, binding: SloBinding, now: Timestamp) -> Result<(), SamlReason> {
        if header.version != "2.0" {
            return Err(SamlReason::Malformed { what: "Version" });
        }
        if header.issuer != self.identity_provider.entity_id() {
            return Err(SamlReason::AnotherIssuer);
        }
        let here = match binding {
            SloBinding::Soap => self.single_logout_soap.as_deref(),
            SloBinding::HttpRedirect | SloBinding::HttpPost => self.single_logout.as_deref(),
        };
        let for_us = match (header.destination, binding) {
            // On a connection between servers the message has no place to name.
            (None | Some(""), SloBinding::Soap) => true,
            (destination, _) => destination.is_some() && destination == here,
        };
        if !for_us {
            return Err(SamlReason::ForAnotherPlace { what: "Destination" });
        }
        if header.issued > now.plus_seconds(self.clock_skew_seconds) {
            return Err(SamlReason::NotYetValid);
        }
        if now.seconds_since(header.issued) > MAX_AGE_SECONDS.saturating_add(self.clock_skew_seconds) {
            return Err(SamlReason::Expired);
        }
        Ok(())
    }

    /// The name that the platform issued to us.
    fn named(&self, principal: &Principal) -> Result<String, SamlReason> {
        let Principal::Named(NamedPrincipal {
            format,
            name_qualifier,
            sp_name_qualifier,
            value,
        }) = principal
        else {
            return Err(SamlReason::Malformed { what: "NameID" });
        };
        let platform = |name: &String| name == self.identity_provider.entity_id();
        let known = |format: &String| [PERSISTENT, TRANSIENT, UNSPECIFIED].contains(&format.as_str());
        let ours = name_qualifier.as_ref().is_none_or(platform)
            && sp_name_qualifier
                .as_ref()
                .is_none_or(|name| *name == self.entity_id)
            && format.as_ref().is_none_or(known);
        if ours {
            Ok(value.clone())
        } else {
            Err(SamlReason::ForAnotherAudience)
        }
    }

    fn signed(&self, draft: LogoutDraft) -> Result<OutgoingLogout, SamlReason> {
        let signing = Signing {
            algorithm: SignatureAlgorithm::EcdsaSha256,
            certificate: None,
        };
        let waiting = draft.to_be_signed(signing).map_err(SamlReason::Request)?;
        let signature = self.own_keys.sign(waiting.signing_input())?;
        waiting.attach(&signature).map_err(SamlReason::Request)
    }
}

fn message(
    name: &'static str,
    id: &str,
    destination: &str,
    now: Timestamp,
) -> Result<NewElement, SamlReason> {
    let place = (!destination.is_empty()).then(|| destination.to_owned());
    Ok(protocol(name)
        .attribute("ID", id.to_owned())
        .attribute("Version", "2.0")
        .attribute("IssueInstant", wire_time(now)?)
        .attribute_if("Destination", place))
}

fn header_of_request(request: &LogoutRequest) -> Header<'_> {
    Header {
        version: &request.version,
        issuer: &request.issuer,
        destination: request.destination.as_deref(),
        issued: request.issue_instant,
    }
}

fn header_of_response(response: &LogoutResponse) -> Header<'_> {
    Header {
        version: &response.version,
        issuer: &response.issuer,
        destination: response.destination.as_deref(),
        issued: response.issue_instant,
    }
}

const fn protocol(local: &'static str) -> NewElement {
    NewElement::new(Name::new("samlp", PROTOCOL, local))
}

const fn assertion(local: &'static str) -> NewElement {
    NewElement::new(Name::new("saml", ASSERTION, local))
}

fn wire_time(at: Timestamp) -> Result<String, SamlReason> {
    at.to_rfc3339()
        .map_err(|_| SamlReason::Malformed { what: "the time" })
}
