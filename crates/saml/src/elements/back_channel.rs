//! The messages that services send by SOAP (core-2.0-os sections 3.3.2.3 and 3.5.1), read strictly.

use domain::Timestamp;
use xml::Element;

use super::{any_uri, date_time, nc_name};
use crate::Reason;
use crate::elements::authn_request::{only_attributes, read_issuer, required};
use crate::names::{ASSERTION, PROTOCOL};

/// Octets of an artifact's text that are read; type 4 needs 60.
const ARTIFACT_LIMIT: usize = 256;
/// Attributes that one query may name.
const ATTRIBUTE_LIMIT: usize = 128;
/// Octets of a name identifier (section 8.3.7).
const NAME_LIMIT: usize = 256;

/// What every request has (section 3.2.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestHead {
    /// `ID`
    pub id: String,
    /// `Version`, as it stands.
    pub version: String,
    /// `IssueInstant`
    pub issue_instant: Timestamp,
    /// `Destination`
    pub destination: Option<String>,
    /// `saml:Issuer`
    pub issuer: String,
}

/// `samlp:ArtifactResolve`.
#[derive(Clone, Eq, PartialEq)]
pub struct ArtifactResolve {
    /// What every request has.
    pub head: RequestHead,
    /// `samlp:Artifact`, as it stands.
    pub artifact: String,
}

impl std::fmt::Debug for ArtifactResolve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ArtifactResolve({:?})", self.head)
    }
}

/// `samlp:AttributeQuery`.
#[derive(Clone, Eq, PartialEq)]
pub struct AttributeQuery {
    /// What every request has.
    pub head: RequestHead,
    /// `Format` of the name; none means unspecified.
    pub format: Option<String>,
    /// `NameQualifier`
    pub name_qualifier: Option<String>,
    /// `SPNameQualifier`
    pub sp_name_qualifier: Option<String>,
    /// `SPProvidedID`
    pub sp_provided_id: Option<String>,
    /// The name.
    pub name: String,
    /// Names of the attributes that are asked for; empty means all.
    pub attributes: Vec<String>,
}

impl std::fmt::Debug for AttributeQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "AttributeQuery({:?}, {} attributes)",
            self.head,
            self.attributes.len()
        )
    }
}

const HEAD_ATTRIBUTES: [&str; 5] = ["ID", "Version", "IssueInstant", "Destination", "Consent"];
const ISSUER: (&str, &str) = (ASSERTION, "Issuer");
const SIGNATURE: (&str, &str) = (xml::dsig::NAMESPACE, "Signature");
const EXTENSIONS: (&str, &str) = (PROTOCOL, "Extensions");

impl RequestHead {
    fn read(root: Element<'_>, name: &'static str, issuer: Option<Element<'_>>) -> Result<Self, Reason> {
        if !root.is(PROTOCOL, name) {
            return Err(Reason::NotTheMessage {
                wanted: name,
                found: Reason::bounded(root.local_name()),
            });
        }
        only_attributes(root, &HEAD_ATTRIBUTES)?;
        let destination = root.attribute("Destination");
        Ok(Self {
            id: nc_name("ID", required(root, "ID")?)?,
            version: Reason::bounded(required(root, "Version")?),
            issue_instant: date_time("IssueInstant", required(root, "IssueInstant")?)?,
            destination: destination.map(|v| any_uri("Destination", v)).transpose()?,
            issuer: read_issuer(issuer.ok_or(Reason::Missing { what: "Issuer" })?)?,
        })
    }
}

impl ArtifactResolve {
    /// Reads the element.
    pub fn read(root: Element<'_>) -> Result<Self, Reason> {
        let sequence = [ISSUER, SIGNATURE, EXTENSIONS, (PROTOCOL, "Artifact")];
        let children = in_order(root, &sequence, usize::MAX)?;
        let at = |place| first(&children, place);
        let head = RequestHead::read(root, "ArtifactResolve", at(0))?;
        let artifact = at(3).ok_or(Reason::Missing { what: "Artifact" })?;
        only_attributes(artifact, &[])?;
        let artifact = artifact.text()?.trim().to_owned();
        if artifact.len() > ARTIFACT_LIMIT {
            return Err(Reason::InvalidValue { what: "Artifact" });
        }
        Ok(Self { head, artifact })
    }
}

impl AttributeQuery {
    /// Reads the element. The subject is a plain name: encrypted names and confirmations are not asked with here.
    /// Values that a query wants (section 3.3.2.3) are refused rather than passed over.
    pub fn read(root: Element<'_>) -> Result<Self, Reason> {
        let sequence = [
            ISSUER,
            SIGNATURE,
            EXTENSIONS,
            (ASSERTION, "Subject"),
            (ASSERTION, "Attribute"),
        ];
        let children = in_order(root, &sequence, 4)?;
        let head = RequestHead::read(root, "AttributeQuery", first(&children, 0))?;
        let subject = first(&children, 3).ok_or(Reason::Missing { what: "Subject" })?;
        only_attributes(subject, &[])?;
        let name = match subject.elements()?.as_slice() {
            [name] if name.is(ASSERTION, "NameID") => *name,
            [] => return Err(Reason::Missing { what: "NameID" }),
            [other, ..] => {
                return Err(Reason::UnexpectedElement {
                    element: Reason::bounded(other.local_name()),
                });
            }
        };
        only_attributes(
            name,
            &["Format", "NameQualifier", "SPNameQualifier", "SPProvidedID"],
        )?;
        let uri = |what: &'static str| name.attribute(what).map(|v| any_uri(what, v)).transpose();
        let text = name.text()?;
        if text.is_empty() || text.len() > NAME_LIMIT {
            return Err(Reason::InvalidValue { what: "NameID" });
        }
        Ok(Self {
            head,
            format: uri("Format")?,
            name_qualifier: uri("NameQualifier")?,
            sp_name_qualifier: uri("SPNameQualifier")?,
            sp_provided_id: name.attribute("SPProvidedID").map(provided).transpose()?,
            name: text,
            attributes: read_attributes(&children)?,
        })
    }
}

fn provided(id: &str) -> Result<String, Reason> {
    if id.len() > NAME_LIMIT {
        return Err(Reason::InvalidValue { what: "SPProvidedID" });
    }
    Ok(id.to_owned())
}

/// Section 3.3.2.3: the same name twice in one query is not allowed.
fn read_attributes(children: &[(usize, Element<'_>)]) -> Result<Vec<String>, Reason> {
    let mut names: Vec<String> = Vec::new();
    for (_, attribute) in children.iter().filter(|(place, _)| *place == 4) {
        for (namespace, local, _) in attribute.attributes() {
            // `saml:Attribute` takes any attribute of other namespaces (section 2.7.3.1).
            if namespace.is_empty() && !matches!(local, "Name" | "NameFormat" | "FriendlyName") {
                return Err(Reason::UnexpectedAttribute {
                    attribute: Reason::bounded(local),
                });
            }
        }
        if !attribute.elements()?.is_empty() {
            return Err(Reason::UnexpectedElement {
                element: "AttributeValue".to_owned(),
            });
        }
        let name = any_uri("Name", required(*attribute, "Name")?)?;
        if names.contains(&name) || names.len() == ATTRIBUTE_LIMIT {
            return Err(Reason::InvalidValue { what: "Attribute" });
        }
        names.push(name);
    }
    Ok(names)
}

/// Children with their places in the schema's sequence; each at most once and in order, `repeats` as often as it likes.
fn in_order<'d>(
    root: Element<'d>,
    sequence: &[(&str, &str)],
    repeats: usize,
) -> Result<Vec<(usize, Element<'d>)>, Reason> {
    let mut found = Vec::new();
    let mut next = 0;
    for child in root.elements()? {
        let place = sequence
            .iter()
            .position(|(namespace, local)| child.is(namespace, local))
            .filter(|place| *place >= next)
            .ok_or_else(|| Reason::UnexpectedElement {
                element: Reason::bounded(child.local_name()),
            })?;
        next = if place == repeats { place } else { place + 1 };
        found.push((place, child));
    }
    Ok(found)
}

fn first<'d>(children: &[(usize, Element<'d>)], place: usize) -> Option<Element<'d>> {
    children
        .iter()
        .find(|(at, _)| *at == place)
        .map(|(_, child)| *child)
}
