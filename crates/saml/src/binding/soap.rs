//! SAML over SOAP 1.1 (bindings-2.0-os section 3.2): one message in one body, asked and answered on one connection.
//!
//! Nobody's address counts: a message is believed by its signature alone, and only the octets that it covers are read
//! ([`SoapRequest::verify`]).

use xml::dsig::{self, VerificationKey, Verified};
use xml::{Document, Element, Limits};

use crate::Reason;
use crate::elements::read_issuer;
use crate::names::ASSERTION;

/// The namespace of SOAP 1.1 envelopes.
pub const NAMESPACE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// What both directions are sent as (SOAP 1.1 section 6.1).
pub const CONTENT_TYPE: &str = "text/xml; charset=utf-8";
/// The header that goes with it (section 3.2.2.2); nothing depends on it.
pub const ACTION: &str = "http://www.oasis-open.org/committees/security";
/// Octets of an envelope that are looked at.
pub const BODY_LIMIT: usize = 256 * 1024;

/// A message as it came in: nothing about it is true yet.
pub struct SoapRequest {
    envelope: Vec<u8>,
}

impl std::fmt::Debug for SoapRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SoapRequest({} octets)", self.envelope.len())
    }
}

impl SoapRequest {
    /// Takes an envelope in: SOAP 1.1, no header that must be understood, one body with one element.
    pub fn decode(envelope: &[u8]) -> Result<Self, Reason> {
        if envelope.len() > BODY_LIMIT {
            return Err(Reason::ParameterTooLong {
                name: "Envelope",
                limit: BODY_LIMIT,
            });
        }
        message(&Document::parse(envelope, &Limits::message())?)?;
        Ok(Self {
            envelope: envelope.to_vec(),
        })
    }

    /// Namespace and local name of the message: what somebody claims to ask.
    pub fn name(&self) -> Result<(String, String), Reason> {
        let document = self.document()?;
        let message = message(&document)?;
        Ok((
            Reason::bounded(message.namespace()),
            Reason::bounded(message.local_name()),
        ))
    }

    /// Who claims to ask: good for looking up [`crate::ServiceFacts`] and for nothing else.
    pub fn issuer(&self) -> Result<String, Reason> {
        let document = self.document()?;
        let first = message(&document)?.elements()?.first().copied();
        match first {
            Some(issuer) if issuer.is(ASSERTION, "Issuer") => read_issuer(issuer),
            _ => Err(Reason::Missing { what: "Issuer" }),
        }
    }

    /// The octets that one of the keys signed, which are the whole message and nothing around it. An unsigned message
    /// has none.
    pub fn verify(&self, keys: &[VerificationKey]) -> Result<Verified, Reason> {
        let document = self.document()?;
        let message = message(&document)?;
        let signed = message
            .elements()?
            .iter()
            .any(|child| child.is(dsig::NAMESPACE, "Signature"));
        if !signed {
            return Err(Reason::SignatureDemanded);
        }
        Ok(dsig::verify(message, keys)?)
    }

    /// Looks at the message, for whoever has to explain a refusal.
    pub(crate) fn look<T>(&self, look: impl FnOnce(Element<'_>) -> T) -> Result<T, Reason> {
        let document = self.document()?;
        Ok(look(message(&document)?))
    }

    fn document(&self) -> Result<Document<'_>, Reason> {
        Ok(Document::parse(&self.envelope, &Limits::message())?)
    }
}

/// The one element in the one body.
fn message<'d>(document: &'d Document<'_>) -> Result<Element<'d>, Reason> {
    let envelope = document.root();
    if envelope.local_name() != "Envelope" || envelope.namespace() != NAMESPACE {
        return Err(Reason::NotSoapEnvelope {
            found: Reason::bounded(envelope.namespace()),
        });
    }
    let children = envelope.elements()?;
    let body = match children.as_slice() {
        [body] => *body,
        [header, body] if header.is(NAMESPACE, "Header") => {
            understood(*header)?;
            *body
        }
        _ => return Err(Reason::SoapBody),
    };
    if !body.is(NAMESPACE, "Body") {
        return Err(Reason::SoapBody);
    }
    match body.elements()?.as_slice() {
        [message] => Ok(*message),
        _ => Err(Reason::SoapBody),
    }
}

/// Section 3.2.2: headers may be there and must not be needed. None is understood here.
fn understood(header: Element<'_>) -> Result<(), Reason> {
    for block in header.elements()? {
        match block.qualified_attribute(NAMESPACE, "mustUnderstand") {
            None | Some("0") => {}
            Some(_) => {
                return Err(Reason::SoapMustUnderstand {
                    found: Reason::bounded(block.local_name()),
                });
            }
        }
    }
    Ok(())
}

/// The message of an answer that somebody sent us by SOAP, as its own document (canonical, signature kept). Good for a
/// message whose own signature is verified next.
pub fn decode_response(envelope: &[u8]) -> Result<Vec<u8>, Reason> {
    let request = SoapRequest::decode(envelope)?;
    let document = request.document()?;
    Ok(xml::canonicalise(message(&document)?, &[])?)
}

/// An envelope around a message in exclusive canonical form (whatever this crate composes is). A signature inside holds
/// as before: exclusive canonicalisation does not see what stands around.
pub fn encode(message: &[u8]) -> Vec<u8> {
    let mut envelope = format!("<soap11:Envelope xmlns:soap11=\"{NAMESPACE}\"><soap11:Body>").into_bytes();
    envelope.extend_from_slice(message);
    envelope.extend_from_slice(b"</soap11:Body></soap11:Envelope>");
    envelope
}

/// Whose mistake a fault is (SOAP 1.1 section 4.4.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FaultCode {
    /// The envelope is of another SOAP.
    VersionMismatch,
    /// A header that must be understood is not.
    MustUnderstand,
    /// The message is wrong.
    Client,
    /// We are.
    Server,
}

impl FaultCode {
    /// The code that tells a refusal.
    pub const fn of(reason: &Reason) -> Self {
        match reason {
            Reason::NotSoapEnvelope { .. } => Self::VersionMismatch,
            Reason::SoapMustUnderstand { .. } => Self::MustUnderstand,
            _ => Self::Client,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::VersionMismatch => "VersionMismatch",
            Self::MustUnderstand => "MustUnderstand",
            Self::Client => "Client",
            Self::Server => "Server",
        }
    }
}

/// A fault instead of a message (section 3.2.2.1: only for what has no SAML answer; HTTP status 500 goes with it). The
/// code says no more than whose mistake it is: nobody is known yet whom more could be told.
pub fn fault(code: FaultCode) -> Vec<u8> {
    let word = code.word();
    encode(
        format!(
            "<soap11:Fault><faultcode>soap11:{word}</faultcode><faultstring>{word}</faultstring></soap11:Fault>"
        )
        .as_bytes(),
    )
}

#[cfg(test)]
mod tests;
