//! Namespaces and the prefixes that we write them with.

use xml::{Name, NewElement};

pub(crate) const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
pub(crate) const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
pub(crate) const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
pub(crate) const MDUI: &str = "urn:oasis:names:tc:SAML:metadata:ui";
pub(crate) const MDATTR: &str = "urn:oasis:names:tc:SAML:metadata:attribute";
pub(crate) const MDRPI: &str = "urn:oasis:names:tc:SAML:metadata:rpi";
pub(crate) const ALGSUPPORT: &str = "urn:oasis:names:tc:SAML:metadata:algsupport";
pub(crate) const SHIBMD: &str = "urn:mace:shibboleth:metadata:1.0";
pub(crate) const XML: &str = "http://www.w3.org/XML/1998/namespace";
pub(crate) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

pub(crate) const BINDING_REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
pub(crate) const BINDING_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

pub(crate) const BINDING_SIMPLE_SIGN: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST-SimpleSign";
pub(crate) const BINDING_ARTIFACT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact";
pub(crate) const BINDING_SOAP: &str = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP";

pub(crate) const FORMAT_ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
pub(crate) const FORMAT_UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
pub(crate) const FORMAT_PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
pub(crate) const FORMAT_TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

pub(crate) const fn saml(local: &'static str) -> NewElement {
    NewElement::new(Name::new("saml", ASSERTION, local))
}

pub(crate) const fn samlp(local: &'static str) -> NewElement {
    NewElement::new(Name::new("samlp", PROTOCOL, local))
}

pub(crate) const fn md(local: &'static str) -> NewElement {
    NewElement::new(Name::new("md", METADATA, local))
}

/// The binding with this identifier, if it is one that we answer by.
pub(crate) fn acs_binding(uri: &str) -> Option<domain::AcsBinding> {
    match uri {
        BINDING_POST => Some(domain::AcsBinding::HttpPost),
        BINDING_ARTIFACT => Some(domain::AcsBinding::HttpArtifact),
        _ => None,
    }
}

/// The identifier of a name identifier format (core-2.0-os section 8.3).
pub(crate) const fn name_id_format_uri(format: domain::NameIdFormat) -> &'static str {
    match format {
        domain::NameIdFormat::Persistent => FORMAT_PERSISTENT,
        domain::NameIdFormat::Transient => FORMAT_TRANSIENT,
    }
}

/// The format with this identifier, if it is one that we issue.
pub(crate) fn name_id_format(uri: &str) -> Option<domain::NameIdFormat> {
    match uri {
        FORMAT_PERSISTENT => Some(domain::NameIdFormat::Persistent),
        FORMAT_TRANSIENT => Some(domain::NameIdFormat::Transient),
        _ => None,
    }
}
