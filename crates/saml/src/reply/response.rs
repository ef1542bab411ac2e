//! The Response (core-2.0-os section 3.3.3) and the form that carries it (bindings-2.0-os section 3.5.4).

use domain::Entropy;
use xml::NewElement;
use xml::dsig::{Draft, SignatureAlgorithm};

use super::{EncryptedAssertion, Issuance, ReplyTo, SignedAssertion, Signing, wire_time};
use crate::Reason;
use crate::binding::post::PostForm;
use crate::elements::{MessageId, Status};
use crate::names::{saml, samlp};

/// A Response before it is decided whether it is signed.
#[derive(Clone, Debug)]
pub struct ResponseDraft {
    id: MessageId,
    element: NewElement,
    reply_to: ReplyTo,
}

/// A Response that waits for its signature.
#[derive(Debug)]
pub struct ResponseSigning {
    id: MessageId,
    draft: Draft,
    reply_to: ReplyTo,
}

/// A Response ready to be posted.
#[derive(Clone)]
pub struct Response {
    id: MessageId,
    xml: Vec<u8>,
    reply_to: ReplyTo,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Response({} octets)", self.xml.len())
    }
}

impl ResponseDraft {
    /// Success, with the assertion readable by the browser.
    pub fn success(
        issuance: &Issuance<'_>,
        assertion: &SignedAssertion,
        entropy: &dyn Entropy,
    ) -> Result<Self, Reason> {
        Self::compose(issuance, Status::SUCCESS, None, Some(&assertion.element), entropy)
    }

    /// Success, with the assertion readable by the service only.
    pub fn success_encrypted(
        issuance: &Issuance<'_>,
        assertion: &EncryptedAssertion,
        entropy: &dyn Entropy,
    ) -> Result<Self, Reason> {
        Self::compose(issuance, Status::SUCCESS, None, Some(&assertion.element), entropy)
    }

    /// Failure. `message` goes to the service: it never says why a person was refused.
    pub fn failure(
        issuance: &Issuance<'_>,
        status: Status,
        message: Option<&str>,
        entropy: &dyn Entropy,
    ) -> Result<Self, Reason> {
        Self::compose(issuance, status, message, None, entropy)
    }

    fn compose(
        issuance: &Issuance<'_>,
        status: Status,
        message: Option<&str>,
        assertion: Option<&NewElement>,
        entropy: &dyn Entropy,
    ) -> Result<Self, Reason> {
        let id = MessageId::generate(entropy);
        let reply_to = issuance.reply_to.clone();
        let element = samlp("Response")
            .attribute("Version", "2.0")
            .attribute("ID", id.as_str().to_owned())
            .attribute("IssueInstant", wire_time(issuance.now)?)
            .attribute("Destination", reply_to.location.clone())
            .attribute_if("InResponseTo", reply_to.in_response_to.clone())
            .child(saml("Issuer").text(issuance.idp.entity_id.clone()))
            .child(write_status(status, message))
            .children(assertion.cloned());
        Ok(Self {
            id,
            element,
            reply_to,
        })
    }

    /// Without a signature of its own: the assertion inside has one.
    pub fn unsigned(self) -> Result<Response, Reason> {
        Ok(Response {
            id: self.id,
            xml: self.element.to_canonical()?,
            reply_to: self.reply_to,
        })
    }

    /// To be signed as a whole.
    pub fn to_be_signed(self, signing: Signing<'_>) -> Result<ResponseSigning, Reason> {
        Ok(ResponseSigning {
            id: self.id,
            draft: Draft::new(self.element, 1, signing.algorithm, signing.certificate)?,
            reply_to: self.reply_to,
        })
    }
}

impl ResponseSigning {
    /// What the signer signs.
    pub fn signing_input(&self) -> &[u8] {
        self.draft.signing_input()
    }

    /// How the signer signs it.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.draft.algorithm()
    }

    /// With its signature (for ECDSA `r || s`, see [`Draft::attach`]).
    pub fn attach(self, signature: &[u8]) -> Result<Response, Reason> {
        Ok(Response {
            id: self.id,
            xml: self.draft.attach(signature)?.to_canonical()?,
            reply_to: self.reply_to,
        })
    }
}

impl Response {
    /// `ID`, for the audit.
    pub fn id(&self) -> &MessageId {
        &self.id
    }

    /// The message.
    pub fn xml(&self) -> &[u8] {
        &self.xml
    }

    /// To whom and where.
    pub fn reply_to(&self) -> &ReplyTo {
        &self.reply_to
    }

    /// The form that a page posts.
    pub fn post_form(&self) -> PostForm {
        PostForm {
            action: self.reply_to.location.clone(),
            field: "SAMLResponse",
            message: xml::encode_base64(&self.xml),
            relay_state: self.reply_to.relay_state.clone(),
        }
    }
}

pub(super) fn write_status(status: Status, message: Option<&str>) -> NewElement {
    let code = |uri: &'static str| samlp("StatusCode").attribute("Value", uri);
    samlp("Status")
        .child(code(status.top.uri()).children(status.second.map(|second| code(second.uri()))))
        .children(message.map(|text| samlp("StatusMessage").text(text.to_owned())))
}
