//! `samlp:AuthnRequest` (core-2.0-os section 3.4.1), read strictly.

use domain::Timestamp;
use xml::Element;

use super::{any_uri, boolean, date_time, nc_name, unsigned_short};
use crate::Reason;
use crate::names::{ASSERTION, FORMAT_ENTITY, PROTOCOL, XSI};

/// Classes that one request may name.
const CONTEXT_LIMIT: usize = 16;

/// What an `AuthnRequest` says, not yet judged.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthnRequest {
    /// `ID`
    pub id: String,
    /// `Version`, as it stands.
    pub version: String,
    /// `IssueInstant`
    pub issue_instant: Timestamp,
    /// `Destination`
    pub destination: Option<String>,
    /// `saml:Issuer`. Optional in the schema, required by profiles-2.0-os section 4.1.4.1.
    pub issuer: String,
    /// `ForceAuthn`, false unless given.
    pub force_authn: bool,
    /// `IsPassive`, false unless given.
    pub is_passive: bool,
    /// `ProtocolBinding`
    pub protocol_binding: Option<String>,
    /// `AssertionConsumerServiceURL`
    pub acs_url: Option<String>,
    /// `AssertionConsumerServiceIndex`
    pub acs_index: Option<u16>,
    /// `samlp:NameIDPolicy`
    pub name_id_policy: Option<NameIdPolicy>,
    /// `samlp:RequestedAuthnContext`
    pub requested_authn_context: Option<RequestedAuthnContext>,
    /// `AttributeConsumingServiceIndex`
    pub attribute_service_index: Option<u16>,
    /// Whether there is a `saml:Subject`.
    pub has_subject: bool,
}

/// `samlp:NameIDPolicy` (section 3.4.1.1).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NameIdPolicy {
    /// `Format`
    pub format: Option<String>,
    /// `SPNameQualifier`
    pub sp_name_qualifier: Option<String>,
    /// `AllowCreate`, false unless given.
    pub allow_create: bool,
}

/// `Comparison` of a requested context (section 3.3.2.2.1).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Comparison {
    /// One of the classes.
    #[default]
    Exact,
    /// At least as strong as one of the classes.
    Minimum,
    /// As strong as possible without being stronger than one of the classes.
    Maximum,
    /// Stronger than every class.
    Better,
}

/// `samlp:RequestedAuthnContext` (section 3.3.2.2.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestedAuthnContext {
    /// How the classes are compared.
    pub comparison: Comparison,
    /// `saml:AuthnContextClassRef` in order of preference; empty when declarations were named instead.
    pub classes: Vec<String>,
}

/// The schema's sequence (section 3.4.1 and 3.2.1).
const SEQUENCE: [(&str, &str); 8] = [
    (ASSERTION, "Issuer"),
    (xml::dsig::NAMESPACE, "Signature"),
    (PROTOCOL, "Extensions"),
    (ASSERTION, "Subject"),
    (PROTOCOL, "NameIDPolicy"),
    (ASSERTION, "Conditions"),
    (PROTOCOL, "RequestedAuthnContext"),
    (PROTOCOL, "Scoping"),
];

const ATTRIBUTES: [&str; 12] = [
    "ID",
    "Version",
    "IssueInstant",
    "Destination",
    "Consent",
    "ForceAuthn",
    "IsPassive",
    "ProtocolBinding",
    "AssertionConsumerServiceURL",
    "AssertionConsumerServiceIndex",
    "AttributeConsumingServiceIndex",
    "ProviderName",
];

impl AuthnRequest {
    /// Reads the element. `Extensions`, `Conditions`, `Scoping`, `Consent` and `ProviderName`
    /// are allowed and not heeded, as the standard leaves open.
    pub fn read(root: Element<'_>) -> Result<Self, Reason> {
        if !root.is(PROTOCOL, "AuthnRequest") {
            return Err(Reason::NotAuthnRequest {
                found: Reason::bounded(root.local_name()),
            });
        }
        only_attributes(root, &ATTRIBUTES)?;
        let children = Children::read(root)?;
        let uri = |what: &'static str| root.attribute(what).map(|v| any_uri(what, v)).transpose();
        let flag = |what: &'static str| root.attribute(what).map_or(Ok(false), |v| boolean(what, v));
        let index = |what: &'static str| root.attribute(what).map(|v| unsigned_short(what, v)).transpose();
        Ok(Self {
            id: nc_name("ID", required(root, "ID")?)?,
            version: Reason::bounded(required(root, "Version")?),
            issue_instant: date_time("IssueInstant", required(root, "IssueInstant")?)?,
            destination: uri("Destination")?,
            issuer: read_issuer(children.get(0).ok_or(Reason::Missing { what: "Issuer" })?)?,
            force_authn: flag("ForceAuthn")?,
            is_passive: flag("IsPassive")?,
            protocol_binding: uri("ProtocolBinding")?,
            acs_url: uri("AssertionConsumerServiceURL")?,
            acs_index: index("AssertionConsumerServiceIndex")?,
            name_id_policy: children.get(4).map(read_name_id_policy).transpose()?,
            requested_authn_context: children.get(6).map(read_requested_context).transpose()?,
            attribute_service_index: index("AttributeConsumingServiceIndex")?,
            has_subject: children.get(3).is_some(),
        })
    }
}

/// Children by their place in the sequence; each at most once and in order.
struct Children<'d>([Option<Element<'d>>; 8]);

impl<'d> Children<'d> {
    fn read(root: Element<'d>) -> Result<Self, Reason> {
        let mut found = [None; 8];
        let mut next = 0;
        for child in root.elements()? {
            let place = SEQUENCE
                .iter()
                .position(|(namespace, local)| child.is(namespace, local))
                .filter(|place| *place >= next)
                .ok_or_else(|| Reason::UnexpectedElement {
                    element: Reason::bounded(child.local_name()),
                })?;
            if let Some(slot) = found.get_mut(place) {
                *slot = Some(child);
            }
            next = place + 1;
        }
        Ok(Self(found))
    }

    fn get(&self, place: usize) -> Option<Element<'d>> {
        self.0.get(place).copied().flatten()
    }
}

/// Section 2.2.5 and profiles section 4.1.4.1: the entity identifier, no qualifiers, Format absent or entity.
pub(crate) fn read_issuer(issuer: Element<'_>) -> Result<String, Reason> {
    only_attributes(issuer, &["Format"])?;
    if issuer
        .attribute("Format")
        .is_some_and(|format| format != FORMAT_ENTITY)
    {
        return Err(Reason::InvalidValue {
            what: "Issuer Format",
        });
    }
    any_uri("Issuer", &issuer.text()?)
}

fn read_name_id_policy(policy: Element<'_>) -> Result<NameIdPolicy, Reason> {
    only_attributes(policy, &["Format", "SPNameQualifier", "AllowCreate"])?;
    empty(policy)?;
    Ok(NameIdPolicy {
        format: policy
            .attribute("Format")
            .map(|v| any_uri("Format", v))
            .transpose()?,
        sp_name_qualifier: policy
            .attribute("SPNameQualifier")
            .map(|v| any_uri("SPNameQualifier", v))
            .transpose()?,
        allow_create: policy
            .attribute("AllowCreate")
            .map_or(Ok(false), |v| boolean("AllowCreate", v))?,
    })
}

fn read_requested_context(context: Element<'_>) -> Result<RequestedAuthnContext, Reason> {
    only_attributes(context, &["Comparison"])?;
    let comparison = match context.attribute("Comparison") {
        None | Some("exact") => Comparison::Exact,
        Some("minimum") => Comparison::Minimum,
        Some("maximum") => Comparison::Maximum,
        Some("better") => Comparison::Better,
        Some(_) => return Err(Reason::InvalidValue { what: "Comparison" }),
    };
    let references = context.elements()?;
    if references.is_empty() || references.len() > CONTEXT_LIMIT {
        return Err(Reason::InvalidValue {
            what: "RequestedAuthnContext",
        });
    }
    let declared = references.iter().all(|r| r.is(ASSERTION, "AuthnContextDeclRef"));
    let mut classes = Vec::new();
    for reference in references {
        if reference.is(ASSERTION, "AuthnContextClassRef") {
            only_attributes(reference, &[])?;
            classes.push(any_uri("AuthnContextClassRef", &reference.text()?)?);
        } else if !declared {
            return Err(Reason::UnexpectedElement {
                element: Reason::bounded(reference.local_name()),
            });
        }
    }
    Ok(RequestedAuthnContext { comparison, classes })
}

pub(crate) fn required<'d>(element: Element<'d>, what: &'static str) -> Result<&'d str, Reason> {
    element.attribute(what).ok_or(Reason::Missing { what })
}

fn empty(element: Element<'_>) -> Result<(), Reason> {
    match element.elements()?.first() {
        None => Ok(()),
        Some(child) => Err(Reason::UnexpectedElement {
            element: Reason::bounded(child.local_name()),
        }),
    }
}

/// Attributes of XML Schema's own instance namespace (`xsi:schemaLocation`) may stand anywhere.
pub(crate) fn only_attributes(element: Element<'_>, known: &[&str]) -> Result<(), Reason> {
    for (namespace, local, _) in element.attributes() {
        let allowed = namespace == XSI || (namespace.is_empty() && known.contains(&local));
        if !allowed {
            return Err(Reason::UnexpectedAttribute {
                attribute: Reason::bounded(local),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
