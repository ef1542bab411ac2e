//! The assertion as a value (core-2.0-os section 2), read strictly from octets whose signature verified.

use domain::Timestamp;
use xml::Element;

use super::{ASSERTION, SamlReason};

const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/// An attribute with its values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attribute {
    /// `Name`, a URI.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
}

/// What an assertion says; nothing about it is checked yet but the signature.
pub(super) struct Assertion {
    pub(super) id: String,
    pub(super) issuer: String,
    pub(super) name_id: String,
    pub(super) confirmations: Vec<Bearer>,
    pub(super) not_before: Option<Timestamp>,
    pub(super) not_on_or_after: Timestamp,
    /// Each restriction must name us.
    pub(super) audiences: Vec<Vec<String>>,
    pub(super) authn_instant: Timestamp,
    pub(super) session_index: Option<String>,
    pub(super) level: String,
    pub(super) attributes: Vec<Attribute>,
}

/// A bearer confirmation (profiles-2.0-os section 4.1.4.2).
pub(super) struct Bearer {
    pub(super) recipient: String,
    pub(super) in_response_to: Option<String>,
    pub(super) not_on_or_after: Timestamp,
    pub(super) has_not_before: bool,
}

const fn malformed(what: &'static str) -> SamlReason {
    SamlReason::Malformed { what }
}

impl Assertion {
    pub(super) fn read(root: Element<'_>) -> Result<Self, SamlReason> {
        if !root.is(ASSERTION, "Assertion") || root.attribute("Version") != Some("2.0") {
            return Err(malformed("Assertion"));
        }
        let subject = one(root, "Subject")?;
        let conditions = one(root, "Conditions")?;
        let statement = one(root, "AuthnStatement")?;
        let context = one(statement, "AuthnContext")?;
        let confirmations = children(subject, "SubjectConfirmation")?
            .into_iter()
            .filter(|confirmation| confirmation.attribute("Method") == Some(BEARER))
            .map(Bearer::read)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            id: attribute(root, "ID")?.to_owned(),
            issuer: one(root, "Issuer")?.text()?,
            name_id: one(subject, "NameID")?.text()?,
            confirmations,
            not_before: conditions
                .attribute("NotBefore")
                .map(|text| time("NotBefore", text))
                .transpose()?,
            not_on_or_after: time("NotOnOrAfter", attribute(conditions, "NotOnOrAfter")?)?,
            audiences: audiences(conditions)?,
            authn_instant: time("AuthnInstant", attribute(statement, "AuthnInstant")?)?,
            session_index: statement.attribute("SessionIndex").map(str::to_owned),
            level: one(context, "AuthnContextClassRef")?.text()?,
            attributes: attributes(root)?,
        })
    }
}

impl Bearer {
    fn read(confirmation: Element<'_>) -> Result<Self, SamlReason> {
        let data = one(confirmation, "SubjectConfirmationData")?;
        Ok(Self {
            recipient: attribute(data, "Recipient")?.to_owned(),
            in_response_to: data.attribute("InResponseTo").map(str::to_owned),
            not_on_or_after: time("NotOnOrAfter", attribute(data, "NotOnOrAfter")?)?,
            has_not_before: data.attribute("NotBefore").is_some(),
        })
    }
}

/// The audience restrictions; any other condition that forbids something is unknown, so nothing is accepted (section 2.5.1).
fn audiences(conditions: Element<'_>) -> Result<Vec<Vec<String>>, SamlReason> {
    let mut found = Vec::new();
    for condition in conditions.elements()? {
        if condition.is(ASSERTION, "AudienceRestriction") {
            let audiences = children(condition, "Audience")?;
            found.push(
                audiences
                    .into_iter()
                    .map(Element::text)
                    .collect::<Result<_, _>>()?,
            );
        } else if !condition.is(ASSERTION, "OneTimeUse") && !condition.is(ASSERTION, "ProxyRestriction") {
            return Err(SamlReason::UnknownCondition);
        }
    }
    Ok(found)
}

fn attributes(root: Element<'_>) -> Result<Vec<Attribute>, SamlReason> {
    let mut found = Vec::new();
    for statement in children(root, "AttributeStatement")? {
        for one in children(statement, "Attribute")? {
            let values = children(one, "AttributeValue")?;
            found.push(Attribute {
                name: attribute(one, "Name")?.to_owned(),
                values: values.into_iter().map(Element::text).collect::<Result<_, _>>()?,
            });
        }
    }
    Ok(found)
}

fn attribute<'d>(of: Element<'d>, local: &'static str) -> Result<&'d str, SamlReason> {
    of.attribute(local).ok_or(malformed(local))
}

fn time(what: &'static str, text: &str) -> Result<Timestamp, SamlReason> {
    Timestamp::parse_rfc3339(text).map_err(|_| malformed(what))
}

/// The only child of a name.
fn one<'d>(of: Element<'d>, local: &'static str) -> Result<Element<'d>, SamlReason> {
    match children(of, local)?.as_slice() {
        [one] => Ok(*one),
        _ => Err(malformed(local)),
    }
}

fn children<'d>(of: Element<'d>, local: &str) -> Result<Vec<Element<'d>>, SamlReason> {
    Ok(of
        .elements()?
        .into_iter()
        .filter(|child| child.is(ASSERTION, local))
        .collect())
}
