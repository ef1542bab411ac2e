//! `samlp:LogoutRequest` and `samlp:LogoutResponse` (core-2.0-os section 3.7), read strictly.

use domain::Timestamp;
use xml::Element;

use super::authn_request::{only_attributes, read_issuer, required};
use super::{any_uri, date_time, nc_name};
use crate::Reason;
use crate::names::{ASSERTION, PROTOCOL};

/// Namespace of the extension.
const ASYNCHRONOUS: &str = "urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo";
/// Session indexes that one request may name.
const INDEX_LIMIT: usize = 64;
/// Octets of a name identifier or session index.
const TEXT_LIMIT: usize = 1024;

/// A name identifier as somebody else wrote it (core-2.0-os section 2.2.3). Not printed.
#[derive(Clone, Eq, PartialEq)]
pub struct NamedPrincipal {
    /// `Format`
    pub format: Option<String>,
    /// `NameQualifier`
    pub name_qualifier: Option<String>,
    /// `SPNameQualifier`
    pub sp_name_qualifier: Option<String>,
    /// The value.
    pub value: String,
}

impl std::fmt::Debug for NamedPrincipal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NamedPrincipal(***)")
    }
}

/// Who is to be signed out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Principal {
    /// `saml:NameID`
    Named(NamedPrincipal),
    /// `saml:EncryptedID`, which nobody here can open.
    Encrypted,
    /// `saml:BaseID`, of no kind that was ever issued here.
    Other,
}

/// What a `LogoutRequest` says, not yet judged.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogoutRequest {
    /// `ID`
    pub id: String,
    /// `Version`, as it stands.
    pub version: String,
    /// `IssueInstant`
    pub issue_instant: Timestamp,
    /// `Destination`
    pub destination: Option<String>,
    /// `saml:Issuer`; required by profiles-2.0-os section 4.4.4.1.
    pub issuer: String,
    /// `NotOnOrAfter`
    pub not_on_or_after: Option<Timestamp>,
    /// Who.
    pub principal: Principal,
    /// `samlp:SessionIndex`; none means every session of the person's at this service.
    pub session_indexes: Vec<String>,
    /// `aslo:Asynchronous`: whoever asks waits for no response (SAML V2.0 Asynchronous Single Logout Protocol Extension section 2.2).
    pub is_asynchronous: bool,
}

/// What a `LogoutResponse` says, not yet judged.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogoutResponse {
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
    /// `InResponseTo`
    pub in_response_to: Option<String>,
    /// The status codes from the top level downwards.
    pub status: Vec<String>,
}

impl LogoutRequest {
    /// Reads the element. `Reason`, `Consent` and all of `Extensions` but one are allowed and not heeded.
    pub fn read(root: Element<'_>) -> Result<Self, Reason> {
        if !root.is(PROTOCOL, "LogoutRequest") {
            return Err(Reason::NotLogoutMessage {
                found: Reason::bounded(root.local_name()),
            });
        }
        let known = [
            "ID",
            "Version",
            "IssueInstant",
            "Destination",
            "Consent",
            "Reason",
            "NotOnOrAfter",
        ];
        only_attributes(root, &known)?;
        let mut children = Children::of(root)?;
        let issuer = read_issuer(
            children
                .take(ASSERTION, "Issuer")
                .ok_or(Reason::Missing { what: "Issuer" })?,
        )?;
        let _ = children.take(xml::dsig::NAMESPACE, "Signature");
        let is_asynchronous = match children.take(PROTOCOL, "Extensions") {
            Some(extensions) => extensions
                .elements()?
                .iter()
                .any(|one| one.is(ASYNCHRONOUS, "Asynchronous")),
            None => false,
        };
        let principal = if let Some(name) = children.take(ASSERTION, "NameID") {
            Principal::Named(read_name(name)?)
        } else if children.take(ASSERTION, "EncryptedID").is_some() {
            Principal::Encrypted
        } else if children.take(ASSERTION, "BaseID").is_some() {
            Principal::Other
        } else {
            return Err(Reason::Missing { what: "NameID" });
        };
        let mut session_indexes = Vec::new();
        while let Some(index) = children.take(PROTOCOL, "SessionIndex") {
            if session_indexes.len() >= INDEX_LIMIT {
                return Err(Reason::InvalidValue { what: "SessionIndex" });
            }
            only_attributes(index, &[])?;
            session_indexes.push(text("SessionIndex", index)?);
        }
        children.end()?;
        Ok(Self {
            id: nc_name("ID", required(root, "ID")?)?,
            version: Reason::bounded(required(root, "Version")?),
            issue_instant: date_time("IssueInstant", required(root, "IssueInstant")?)?,
            destination: destination(root)?,
            issuer,
            not_on_or_after: root
                .attribute("NotOnOrAfter")
                .map(|at| date_time("NotOnOrAfter", at))
                .transpose()?,
            principal,
            session_indexes,
            is_asynchronous,
        })
    }
}

impl LogoutResponse {
    /// Reads the element. Messages and details of the status are allowed and not heeded.
    pub fn read(root: Element<'_>) -> Result<Self, Reason> {
        if !root.is(PROTOCOL, "LogoutResponse") {
            return Err(Reason::NotLogoutMessage {
                found: Reason::bounded(root.local_name()),
            });
        }
        let known = [
            "ID",
            "Version",
            "IssueInstant",
            "Destination",
            "Consent",
            "InResponseTo",
        ];
        only_attributes(root, &known)?;
        let mut children = Children::of(root)?;
        let issuer = read_issuer(
            children
                .take(ASSERTION, "Issuer")
                .ok_or(Reason::Missing { what: "Issuer" })?,
        )?;
        let _ = children.take(xml::dsig::NAMESPACE, "Signature");
        let _ = children.take(PROTOCOL, "Extensions");
        let status = children
            .take(PROTOCOL, "Status")
            .ok_or(Reason::Missing { what: "Status" })?;
        children.end()?;
        Ok(Self {
            id: nc_name("ID", required(root, "ID")?)?,
            version: Reason::bounded(required(root, "Version")?),
            issue_instant: date_time("IssueInstant", required(root, "IssueInstant")?)?,
            destination: destination(root)?,
            issuer,
            in_response_to: root
                .attribute("InResponseTo")
                .map(|id| nc_name("InResponseTo", id))
                .transpose()?,
            status: read_status(status)?,
        })
    }
}

fn destination(root: Element<'_>) -> Result<Option<String>, Reason> {
    root.attribute("Destination")
        .map(|destination| any_uri("Destination", destination))
        .transpose()
}

fn read_name(name: Element<'_>) -> Result<NamedPrincipal, Reason> {
    only_attributes(
        name,
        &["Format", "NameQualifier", "SPNameQualifier", "SPProvidedID"],
    )?;
    let bounded = |what: &'static str| match name.attribute(what) {
        Some(value) if value.len() > TEXT_LIMIT => Err(Reason::InvalidValue { what }),
        value => Ok(value.map(str::to_owned)),
    };
    Ok(NamedPrincipal {
        format: bounded("Format")?,
        name_qualifier: bounded("NameQualifier")?,
        sp_name_qualifier: bounded("SPNameQualifier")?,
        value: text("NameID", name)?,
    })
}

fn text(what: &'static str, element: Element<'_>) -> Result<String, Reason> {
    let text = element.text()?;
    if text.is_empty() || text.len() > TEXT_LIMIT {
        return Err(Reason::InvalidValue { what });
    }
    Ok(text)
}

/// Two levels are named by the standard; a third of somebody's own is read and means nothing.
fn read_status(status: Element<'_>) -> Result<Vec<String>, Reason> {
    let code_of = |parent: Element<'_>| -> Result<Option<String>, Reason> {
        parent
            .elements()?
            .first()
            .filter(|code| code.is(PROTOCOL, "StatusCode"))
            .map(|code| any_uri("StatusCode", required(*code, "Value")?))
            .transpose()
    };
    let top = code_of(status)?.ok_or(Reason::Missing { what: "StatusCode" })?;
    let mut codes = vec![top];
    if let Some(first) = status.elements()?.first() {
        codes.extend(code_of(*first)?);
    }
    Ok(codes)
}

/// Children in the schema's order.
struct Children<'d>(std::iter::Peekable<std::vec::IntoIter<Element<'d>>>);

impl<'d> Children<'d> {
    fn of(root: Element<'d>) -> Result<Self, Reason> {
        Ok(Self(root.elements()?.into_iter().peekable()))
    }

    fn take(&mut self, namespace: &str, local: &str) -> Option<Element<'d>> {
        self.0.next_if(|child| child.is(namespace, local))
    }

    fn end(mut self) -> Result<(), Reason> {
        match self.0.next() {
            None => Ok(()),
            Some(child) => Err(Reason::UnexpectedElement {
                element: Reason::bounded(child.local_name()),
            }),
        }
    }
}
