//! Verification of the answer (profiles-2.0-os sections 4.1.4.2, 4.1.4.3 and 4.1.4.5).

use std::fmt;

use domain::{RevocationCertainty, Timestamp};
use xml::dsig::{NAMESPACE as SIGNATURE, Verified, verify};
use xml::{Document, Element, Limits};

use super::assertion::{Assertion, Attribute, Bearer};
use super::{ASSERTION, OneUse, PROTOCOL, SamlReason, SentRequest, ServiceProvider, Use};

/// Octets of base64 that are read.
const LIMIT: usize = 384 * 1024;
const CERTAINTY: &str = "urn:jp:go:gap:attribute:revocation-certainty";
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// Proof that the platform signed this person in for us, just now and in answer to our question. Only
/// [`ServiceProvider::verify`] makes it.
#[derive(Clone, Eq, PartialEq)]
pub struct SignIn {
    pseudonym: String,
    level: String,
    authenticated_at: Timestamp,
    session_index: Option<String>,
    attributes: Vec<Attribute>,
    assertion: Vec<u8>,
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignIn({})", self.level)
    }
}

impl SignIn {
    /// Who the person is to this service: the same at each sign-in here, another at every other service.
    pub fn pseudonym(&self) -> &str {
        &self.pseudonym
    }

    /// `AuthnContextClassRef`: the level that was reached.
    pub fn level(&self) -> &str {
        &self.level
    }

    /// When the person used the card (not when the platform's session answered).
    pub fn authenticated_at(&self) -> Timestamp {
        self.authenticated_at
    }

    /// The session's name towards us.
    pub fn session_index(&self) -> Option<&str> {
        self.session_index.as_deref()
    }

    /// What was released besides.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The octets that the platform signed, for a service that must keep evidence.
    pub fn assertion(&self) -> &[u8] {
        &self.assertion
    }
}

impl ServiceProvider {
    /// Verifies the form field `SAMLResponse` as the answer to what was sent from this browser.
    pub fn verify(
        &self,
        saml_response: &str,
        sent: SentRequest,
        seen: &dyn OneUse,
        now: Timestamp,
    ) -> Result<SignIn, SamlReason> {
        // The request is spent here whatever the verdict.
        let verdict = self.verify_answer(saml_response, &sent, seen, now);
        drop(sent);
        verdict
    }

    pub(super) fn verify_answer(
        &self,
        saml_response: &str,
        sent: &SentRequest,
        seen: &dyn OneUse,
        now: Timestamp,
    ) -> Result<SignIn, SamlReason> {
        if saml_response.len() > LIMIT {
            return Err(SamlReason::TooLarge { limit: LIMIT });
        }
        if self.identity_provider.is_expired(now) {
            return Err(SamlReason::MetadataExpired);
        }
        let message = xml::decode_base64(saml_response)?;
        let document = Document::parse(&message, &Limits::message())?;
        let is_signature = |child: &Element<'_>| child.is(SIGNATURE, "Signature");
        // The assertion is signed always; where the Response is signed too, that signature must hold as well.
        let whole = if document.root().elements()?.iter().any(is_signature) {
            Some(verify(document.root(), self.identity_provider.keys())?)
        } else {
            None
        };
        let inner = whole.as_ref().map(xml::dsig::Verified::document).transpose()?;
        let response = inner.as_ref().map_or_else(|| document.root(), Document::root);
        self.check_envelope(response, sent)?;
        let verified = match the_assertion(response)? {
            Carried::Plain(assertion) => verify(assertion, self.identity_provider.keys())?,
            Carried::Encrypted(data) => self.open(data)?,
        };
        let assertion = Assertion::read(verified.document()?.root())?;
        self.check_assertion(&assertion, sent, now)?;
        let forget = assertion.not_on_or_after.plus_seconds(self.clock_skew_seconds);
        match seen.remember(&assertion.id, forget, now) {
            Use::First => {}
            Use::Again => return Err(SamlReason::Replayed),
            Use::Unavailable => return Err(SamlReason::MemoryUnavailable),
        }
        Ok(SignIn {
            pseudonym: assertion.name_id,
            level: assertion.level,
            authenticated_at: assertion.authn_instant,
            session_index: assertion.session_index,
            attributes: assertion.attributes,
            assertion: verified.canonical().to_vec(),
        })
    }

    /// What was encrypted to us is an assertion that the platform signed (core-2.0-os section 2.3.4: signed first), or it is refused
    /// in one way, so that nobody learns from us what is inside.
    fn open(&self, data: Element<'_>) -> Result<Verified, SamlReason> {
        let keys = self.own_keys.decryption();
        if keys.is_empty() {
            return Err(SamlReason::Encrypted);
        }
        let plain = xml::enc::decrypt(data, keys, &crate::MachineEntropy)?;
        let failed = |_| SamlReason::Xml(xml::Reason::DecryptionFailed);
        let document = Document::parse(&plain, &Limits::message()).map_err(failed)?;
        verify(document.root(), self.identity_provider.keys()).map_err(|reason| match reason {
            // The platform's new key, perhaps: the caller reads its metadata again. Whether a ciphertext was opened is no secret to
            // whoever made a well-formed assertion of it.
            xml::Reason::SignatureInvalid => SamlReason::Xml(xml::Reason::SignatureInvalid),
            other => failed(other),
        })
    }

    /// The Response around the assertion. What it says is mostly unsigned: it can refuse and cannot allow.
    fn check_envelope(&self, response: Element<'_>, sent: &SentRequest) -> Result<(), SamlReason> {
        if !response.is(PROTOCOL, "Response") || response.attribute("Version") != Some("2.0") {
            return Err(SamlReason::Malformed { what: "Response" });
        }
        if response.attribute("Destination") != Some(&self.assertion_consumer_service) {
            return Err(SamlReason::ForAnotherPlace { what: "Destination" });
        }
        if response.attribute("InResponseTo") != Some(&sent.id) {
            return Err(SamlReason::AnswersAnotherRequest);
        }
        for issuer in children(response, ASSERTION, "Issuer")? {
            if issuer.text()? != self.identity_provider.entity_id() {
                return Err(SamlReason::AnotherIssuer);
            }
        }
        check_status(response)
    }

    pub(super) fn check_assertion(
        &self,
        assertion: &Assertion,
        sent: &SentRequest,
        now: Timestamp,
    ) -> Result<(), SamlReason> {
        if assertion.issuer != self.identity_provider.entity_id() {
            return Err(SamlReason::AnotherIssuer);
        }
        let names_us = |restriction: &Vec<String>| restriction.contains(&self.entity_id);
        if assertion.audiences.is_empty() || !assertion.audiences.iter().all(names_us) {
            return Err(SamlReason::ForAnotherAudience);
        }
        let (early, late) = (
            now.plus_seconds(self.clock_skew_seconds),
            now.plus_seconds(-self.clock_skew_seconds),
        );
        if assertion.not_before.is_some_and(|begin| begin > early) || assertion.authn_instant > early {
            return Err(SamlReason::NotYetValid);
        }
        if assertion.not_on_or_after <= late {
            return Err(SamlReason::Expired);
        }
        self.check_confirmations(&assertion.confirmations, sent, late)?;
        // Where a certainty alone was asked for, its name is the answer.
        if !sent.levels.is_empty() && !sent.levels.contains(&assertion.level) {
            return Err(SamlReason::LevelNotAskedFor);
        }
        if let Some(asked) = &sent.certainty
            && !is_as_certain(assertion, asked)
        {
            return Err(SamlReason::CertaintyNotAskedFor);
        }
        if sent.force_authn && assertion.authn_instant < sent.sent_at.plus_seconds(-self.clock_skew_seconds) {
            return Err(SamlReason::NotFresh);
        }
        Ok(())
    }

    /// One bearer confirmation must be for this place, this request and this time.
    fn check_confirmations(
        &self,
        confirmations: &[Bearer],
        sent: &SentRequest,
        late: Timestamp,
    ) -> Result<(), SamlReason> {
        let judge = |bearer: &Bearer| {
            if bearer.recipient != self.assertion_consumer_service {
                Err(SamlReason::ForAnotherPlace { what: "Recipient" })
            } else if bearer.in_response_to.as_deref() != Some(&sent.id) {
                Err(SamlReason::AnswersAnotherRequest)
            } else if bearer.has_not_before {
                Err(SamlReason::Malformed { what: "NotBefore" })
            } else if bearer.not_on_or_after <= late {
                Err(SamlReason::Expired)
            } else {
                Ok(())
            }
        };
        let mut verdict = Err(SamlReason::NotBearer);
        for bearer in confirmations {
            verdict = judge(bearer);
            if verdict.is_ok() {
                break;
            }
        }
        verdict
    }
}

/// Whether the answer says that it is as certain as was asked for. The request is not signed, so what it asked for proves nothing.
fn is_as_certain(assertion: &Assertion, asked: &str) -> bool {
    let of = |name: &str| {
        let known = policy::known_certainties().iter();
        known
            .filter(|known| known.name == name)
            .map(|known| known.certainty)
            .next()
    };
    let Some(wanted) = of(asked) else {
        return assertion.level == asked;
    };
    let attribute = assertion.attributes.iter().find(|one| one.name == CERTAINTY);
    let said = attribute
        .into_iter()
        .flat_map(|one| &one.values)
        .chain([&assertion.level])
        .filter_map(|name| of(name));
    // Nobody is signed in without a look at the list.
    said.max().unwrap_or(RevocationCertainty::Crl) >= wanted
}

fn check_status(response: Element<'_>) -> Result<(), SamlReason> {
    let malformed = SamlReason::Malformed { what: "Status" };
    let [status] = children(response, PROTOCOL, "Status")?[..] else {
        return Err(malformed);
    };
    let [code] = children(status, PROTOCOL, "StatusCode")?[..] else {
        return Err(malformed);
    };
    let value = code.attribute("Value").ok_or(malformed)?;
    if value == SUCCESS {
        return Ok(());
    }
    let second = children(code, PROTOCOL, "StatusCode")?
        .first()
        .and_then(|second| second.attribute("Value"))
        .map(str::to_owned);
    Err(SamlReason::NotSignedIn {
        status: value.to_owned(),
        second,
    })
}

enum Carried<'d> {
    Plain(Element<'d>),
    Encrypted(Element<'d>),
}

/// There is one, readable or encrypted.
fn the_assertion(response: Element<'_>) -> Result<Carried<'_>, SamlReason> {
    let malformed = SamlReason::Malformed { what: "Assertion" };
    let plain = children(response, ASSERTION, "Assertion")?;
    let encrypted = children(response, ASSERTION, "EncryptedAssertion")?;
    match (plain.as_slice(), encrypted.as_slice()) {
        ([one], []) => Ok(Carried::Plain(*one)),
        ([], [one]) => match one.elements()?[..] {
            [data] => Ok(Carried::Encrypted(data)),
            _ => Err(malformed),
        },
        _ => Err(malformed),
    }
}

fn children<'d>(of: Element<'d>, namespace: &str, local: &str) -> Result<Vec<Element<'d>>, SamlReason> {
    Ok(of
        .elements()?
        .into_iter()
        .filter(|child| child.is(namespace, local))
        .collect())
}
