//! Answers by SOAP: `samlp:ArtifactResponse` (core-2.0-os section 3.5.2) and the Response to a query (section 3.3.3).

use domain::{Entropy, Timestamp};
use xml::NewElement;
use xml::dsig::{Draft, SignatureAlgorithm};

use super::assertion::attribute_statement;
use super::response::write_status;
use super::{AssertionDraft, Attribute, EncryptedAssertion, SignedAssertion, Signing, wire_time};
use crate::binding::soap;
use crate::elements::{MessageId, Status};
use crate::names::{FORMAT_PERSISTENT, PROTOCOL, saml, samlp};
use crate::{IdpFacts, Qualifiers, Reason};

/// What an answer by SOAP is made with.
#[derive(Clone, Copy, Debug)]
pub struct Answering<'a> {
    /// Who answers.
    pub idp: &'a IdpFacts,
    /// Whom: the service's `entityID`.
    pub service: &'a str,
    /// Which request, by its `ID`.
    pub in_response_to: &'a str,
    /// When.
    pub now: Timestamp,
}

/// An answer that waits for its signature.
#[derive(Debug)]
pub struct AnswerDraft(Draft);

impl AnswerDraft {
    /// What the signer signs.
    pub fn signing_input(&self) -> &[u8] {
        self.0.signing_input()
    }

    /// How the signer signs it.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }

    /// The envelope (for ECDSA `r || s`, see [`Draft::attach`]).
    pub fn attach(self, signature: &[u8]) -> Result<Vec<u8>, Reason> {
        Ok(soap::encode(&self.0.attach(signature)?.to_canonical()?))
    }
}

/// An `ArtifactResponse` around a message as it was composed, or around nothing where there is none: whoever asks cannot
/// tell an artifact that never was from one that was used (section 3.5.3). `message` is in exclusive canonical form.
///
/// Its own names have another prefix than those of the message, so that the message's canonical form, which declares its
/// prefixes itself, stands in the canonical form of the whole as it is.
pub fn artifact_response(
    answering: &Answering<'_>,
    message: Option<&[u8]>,
    status: Status,
    signing: Signing<'_>,
    entropy: &dyn Entropy,
) -> Result<AnswerDraft, Reason> {
    let mut response = around("ArtifactResponse")
        .attribute("Version", "2.0")
        .attribute("ID", MessageId::generate(entropy).as_str().to_owned())
        .attribute("IssueInstant", wire_time(answering.now)?)
        .attribute("InResponseTo", answering.in_response_to.to_owned())
        .child(saml("Issuer").text(answering.idp.entity_id.clone()))
        .child(write_status(status, None));
    if let Some(message) = message {
        response = response.canonical_child(message.to_vec());
    }
    Ok(AnswerDraft(Draft::new(
        response,
        1,
        signing.algorithm,
        signing.certificate,
    )?))
}

const fn around(local: &'static str) -> NewElement {
    NewElement::new(xml::Name::new("soapsamlp", PROTOCOL, local))
}

/// What is said about a person without their being there: attributes, and no statement of authentication.
pub fn attribute_assertion(
    answering: &Answering<'_>,
    name: (&str, &Qualifiers),
    attributes: &[Attribute],
    lifetime_seconds: i64,
    signing: Signing<'_>,
    entropy: &dyn Entropy,
) -> Result<AssertionDraft, Reason> {
    let id = MessageId::generate(entropy);
    let skew = answering.idp.clock_skew_seconds.saturating_neg();
    let until = answering.now.plus_seconds(lifetime_seconds);
    let conditions = saml("Conditions")
        .attribute("NotBefore", wire_time(answering.now.plus_seconds(skew))?)
        .attribute("NotOnOrAfter", wire_time(until)?)
        .child(saml("AudienceRestriction").child(saml("Audience").text(answering.service.to_owned())));
    let assertion = saml("Assertion")
        .attribute("Version", "2.0")
        .attribute("ID", id.as_str().to_owned())
        .attribute("IssueInstant", wire_time(answering.now)?)
        .child(saml("Issuer").text(answering.idp.entity_id.clone()))
        .child(saml("Subject").child(as_asked(name)))
        .child(conditions)
        .children(attribute_statement(attributes));
    AssertionDraft::of(id, assertion, signing)
}

/// The name as it stands in the query, with what stood beside it and nothing more (core-2.0-os section 3.3.4).
fn as_asked((name, beside): (&str, &Qualifiers)) -> NewElement {
    saml("NameID")
        .attribute("Format", FORMAT_PERSISTENT)
        .attribute_if("NameQualifier", beside.name_qualifier.clone())
        .attribute_if("SPNameQualifier", beside.sp_name_qualifier.clone())
        .attribute_if("SPProvidedID", beside.sp_provided_id.clone())
        .text(name.to_owned())
}

/// What the Response to a query carries.
#[derive(Clone, Copy, Debug)]
pub enum Answered<'a> {
    /// An assertion that the service can read as it is.
    Assertion(&'a SignedAssertion),
    /// One that its key opens.
    Encrypted(&'a EncryptedAssertion),
    /// Why not.
    Status(Status),
}

/// The Response to a query.
pub fn query_response(
    answering: &Answering<'_>,
    answered: Answered<'_>,
    signing: Signing<'_>,
    entropy: &dyn Entropy,
) -> Result<AnswerDraft, Reason> {
    let (status, assertion) = match answered {
        Answered::Assertion(assertion) => (Status::SUCCESS, Some(assertion.element.clone())),
        Answered::Encrypted(assertion) => (Status::SUCCESS, Some(assertion.element.clone())),
        Answered::Status(status) => (status, None),
    };
    let response = samlp("Response")
        .attribute("Version", "2.0")
        .attribute("ID", MessageId::generate(entropy).as_str().to_owned())
        .attribute("IssueInstant", wire_time(answering.now)?)
        .attribute("InResponseTo", answering.in_response_to.to_owned())
        .child(saml("Issuer").text(answering.idp.entity_id.clone()))
        .child(write_status(status, None))
        .children(assertion);
    Ok(AnswerDraft(Draft::new(
        response,
        1,
        signing.algorithm,
        signing.certificate,
    )?))
}
