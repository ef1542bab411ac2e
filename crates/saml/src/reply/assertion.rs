//! The assertion of a Web SSO reply (profiles-2.0-os section 4.1.4.2; core-2.0-os section 2).

use domain::{Entropy, NameIdFormat, Timestamp};
use xml::NewElement;
use xml::dsig::{Draft, SignatureAlgorithm};
use xml::enc::{self, ContentCipher, EncryptionKey, KeyTransport};

use super::{Issuance, Signing, wire_time};
use crate::elements::MessageId;
use crate::names::{name_id_format_uri, saml};
use crate::{IdpFacts, Reason};

const METHOD_BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const NAME_FORMAT_URI: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";

/// Who the person is to this service.
#[derive(Clone, Eq, PartialEq)]
pub struct NameId {
    /// Kind of identifier.
    pub format: NameIdFormat,
    /// The pairwise pseudonym, or a fresh random value for a transient identifier.
    pub value: String,
}

impl std::fmt::Debug for NameId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NameId({:?})", self.format)
    }
}

/// One attribute with text values.
#[derive(Clone, Eq, PartialEq)]
pub struct Attribute {
    /// `Name`, a URI.
    pub name: String,
    /// `FriendlyName`, for people who read assertions.
    pub friendly_name: Option<String>,
    /// Values; each becomes one `saml:AttributeValue`.
    pub values: Vec<String>,
}

impl std::fmt::Debug for Attribute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attribute({}, {} values)", self.name, self.values.len())
    }
}

/// What an assertion says about one sign-in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AssertionContent {
    /// Who.
    pub name_id: NameId,
    /// When the person was authenticated (not when the session was used again).
    pub authn_instant: Timestamp,
    /// `SessionIndex`: names the session towards this service; must not be linkable between services.
    pub session_index: String,
    /// When the service should ask again.
    pub session_not_on_or_after: Option<Timestamp>,
    /// `AuthnContextClassRef`
    pub authn_context_class: String,
    /// Attributes in the order given; none means no statement.
    pub attributes: Vec<Attribute>,
    /// For how many seconds the service may accept the assertion.
    pub lifetime_seconds: i64,
}

/// An assertion that waits for its signature.
#[derive(Debug)]
pub struct AssertionDraft {
    id: MessageId,
    draft: Draft,
}

impl AssertionDraft {
    /// Composes the assertion. Fails when a value cannot be written in XML or a time is outside the calendar.
    pub fn compose(
        issuance: &Issuance<'_>,
        content: &AssertionContent,
        signing: Signing<'_>,
        entropy: &dyn Entropy,
    ) -> Result<Self, Reason> {
        let id = MessageId::generate(entropy);
        let assertion = saml("Assertion")
            .attribute("Version", "2.0")
            .attribute("ID", id.as_str().to_owned())
            .attribute("IssueInstant", wire_time(issuance.now)?)
            .child(saml("Issuer").text(issuance.idp.entity_id.clone()))
            .child(subject(issuance, content)?)
            .child(conditions(issuance, content)?)
            .child(authn_statement(content)?)
            .children(attribute_statement(&content.attributes));
        Self::of(id, assertion, signing)
    }

    pub(super) fn of(id: MessageId, assertion: NewElement, signing: Signing<'_>) -> Result<Self, Reason> {
        let draft = Draft::new(assertion, 1, signing.algorithm, signing.certificate)?;
        Ok(Self { id, draft })
    }

    /// What the signer signs.
    pub fn signing_input(&self) -> &[u8] {
        self.draft.signing_input()
    }

    /// How the signer signs it.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.draft.algorithm()
    }

    /// With its signature (for ECDSA `r || s`, see [`Draft::attach`]).
    pub fn attach(self, signature: &[u8]) -> Result<SignedAssertion, Reason> {
        Ok(SignedAssertion {
            id: self.id,
            element: self.draft.attach(signature)?,
        })
    }
}

/// A signed assertion.
#[derive(Clone, Debug)]
pub struct SignedAssertion {
    id: MessageId,
    pub(super) element: NewElement,
}

impl SignedAssertion {
    /// `ID`, for the audit.
    pub fn id(&self) -> &MessageId {
        &self.id
    }

    /// Encrypts it to a key of the service (core-2.0-os section 2.3.4: signed first, then encrypted).
    pub fn encrypt(
        &self,
        spki: &[u8],
        cipher: ContentCipher,
        transport: KeyTransport,
        entropy: &dyn Entropy,
    ) -> Result<EncryptedAssertion, Reason> {
        let key = EncryptionKey::from_spki(spki).map_err(|_| Reason::RegisteredKeyUnusable)?;
        let data = enc::encrypt(&self.element, &key, cipher, transport, entropy)?;
        Ok(EncryptedAssertion {
            element: saml("EncryptedAssertion").child(data),
        })
    }
}

/// A signed assertion that only the service can read.
#[derive(Clone, Debug)]
pub struct EncryptedAssertion {
    pub(super) element: NewElement,
}

fn not_on_or_after(issuance: &Issuance<'_>, content: &AssertionContent) -> Result<String, Reason> {
    wire_time(issuance.now.plus_seconds(content.lifetime_seconds))
}

pub(super) fn name_id(idp: &IdpFacts, service: &str, name: &NameId) -> NewElement {
    saml("NameID")
        .attribute("Format", name_id_format_uri(name.format))
        .attribute("NameQualifier", idp.entity_id.clone())
        .attribute("SPNameQualifier", service.to_owned())
        .text(name.value.clone())
}

/// Section 4.1.4.2: bearer, with recipient and request; `NotBefore` must not be there.
fn subject(issuance: &Issuance<'_>, content: &AssertionContent) -> Result<NewElement, Reason> {
    let reply_to = issuance.reply_to;
    let name_id = name_id(issuance.idp, &reply_to.service, &content.name_id);
    let data = saml("SubjectConfirmationData")
        .attribute_if("InResponseTo", reply_to.in_response_to.clone())
        .attribute("NotOnOrAfter", not_on_or_after(issuance, content)?)
        .attribute("Recipient", reply_to.location.clone());
    Ok(saml("Subject").child(name_id).child(
        saml("SubjectConfirmation")
            .attribute("Method", METHOD_BEARER)
            .child(data),
    ))
}

/// Valid from the clock skew ago, so that a service whose clock is behind accepts what was issued now.
fn conditions(issuance: &Issuance<'_>, content: &AssertionContent) -> Result<NewElement, Reason> {
    let skew = issuance.idp.clock_skew_seconds.saturating_neg();
    Ok(saml("Conditions")
        .attribute("NotBefore", wire_time(issuance.now.plus_seconds(skew))?)
        .attribute("NotOnOrAfter", not_on_or_after(issuance, content)?)
        .child(saml("AudienceRestriction").child(saml("Audience").text(issuance.reply_to.service.clone()))))
}

fn authn_statement(content: &AssertionContent) -> Result<NewElement, Reason> {
    Ok(saml("AuthnStatement")
        .attribute("AuthnInstant", wire_time(content.authn_instant)?)
        .attribute("SessionIndex", content.session_index.clone())
        .attribute_if(
            "SessionNotOnOrAfter",
            content.session_not_on_or_after.map(wire_time).transpose()?,
        )
        .child(
            saml("AuthnContext")
                .child(saml("AuthnContextClassRef").text(content.authn_context_class.clone())),
        ))
}

pub(super) fn attribute_statement(attributes: &[Attribute]) -> Option<NewElement> {
    if attributes.is_empty() {
        return None;
    }
    Some(
        saml("AttributeStatement").children(attributes.iter().map(|attribute| {
            saml("Attribute")
                .attribute("Name", attribute.name.clone())
                .attribute("NameFormat", NAME_FORMAT_URI)
                .attribute_if("FriendlyName", attribute.friendly_name.clone())
                .children(
                    attribute
                        .values
                        .iter()
                        .map(|value| saml("AttributeValue").text(value.clone())),
                )
        })),
    )
}
