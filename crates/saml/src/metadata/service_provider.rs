//! A service provider's metadata, read for the registry.

use domain::{AcsBinding, AcsEndpoint, NameIdFormat, SamlSettings, SloBinding, SloEndpoint, Timestamp};
use xml::{Document, Element, Limits};

use super::keys::Keys;
use super::{DisplayNames, MetadataReason, algorithms, requested};
use crate::Reason;
use crate::elements::{any_uri, boolean, date_time, unsigned_short};
use crate::names::{
    BINDING_POST, BINDING_REDIRECT, BINDING_SOAP, MDRPI, METADATA, PROTOCOL, acs_binding, name_id_format,
};

/// What a service provider's metadata says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServiceProvider {
    /// The settings of its registry record. `sign_response`, `subject_id` and `unsolicited` are
    /// ours to decide and false here.
    pub settings: SamlSettings,
    /// Names for people, as far as the metadata has them.
    pub names: DisplayNames,
    /// `validUntil` of the entity or the role, the earlier one; the caller compares it with its clock.
    pub valid_until: Option<Timestamp>,
    /// `md:EncryptionMethod` identifiers beside its encryption keys, in order.
    pub encryption_methods: Vec<String>,
}

/// Reads one `md:EntityDescriptor` with a SAML 2.0 service provider.
///
/// A signature in it is not verified: the operator who imports a file vouches for it. Certificates are wrappings of
/// keys, their dates and issuers mean nothing (Metadata IOP section 2.6.1).
pub fn read_service_provider(bytes: &[u8]) -> Result<ServiceProvider, MetadataReason> {
    let document = Document::parse(bytes, &Limits::metadata())?;
    read_entity(document.root())
}

/// As [`read_service_provider`], of an entity within a document that somebody else judged.
pub fn read_entity(entity: Element<'_>) -> Result<ServiceProvider, MetadataReason> {
    if !entity.is(METADATA, "EntityDescriptor") {
        return Err(MetadataReason::NotEntityDescriptor {
            found: Reason::bounded(entity.local_name()),
        });
    }
    let role = service_provider_role(entity)?;
    let keys = Keys::read(role)?;
    algorithms::read_what_we_sign(entity, role)?;
    let flag = |what: &'static str| value(what, role.attribute(what), boolean).map(Option::unwrap_or_default);
    let signs = !keys.signing.is_empty();
    let settings = SamlSettings {
        entity_id: value("entityID", entity.attribute("entityID"), any_uri)?
            .ok_or(MetadataReason::Missing { what: "entityID" })?,
        assertion_consumer_services: read_acs(role, signs)?,
        single_logout_services: read_slo(role)?,
        signing_keys: keys.signing,
        encryption_keys: keys.encryption,
        encryption_methods: keys.methods.clone(),
        authn_requests_signed: flag("AuthnRequestsSigned")?,
        want_assertions_signed: flag("WantAssertionsSigned")?,
        sign_response: false,
        name_id_formats: read_formats(role)?,
        subject_id_requirement: requested::subject_id(entity)?,
        attribute_services: requested::attribute_services(role)?,
        subject_id: false,
        unsolicited: false,
        fetched: None,
    };
    if settings.authn_requests_signed && settings.signing_keys.is_empty() {
        return Err(MetadataReason::SignedWithoutKey);
    }
    Ok(ServiceProvider {
        settings,
        names: DisplayNames::read(entity, role)?,
        valid_until: [valid_until(entity)?, valid_until(role)?]
            .into_iter()
            .flatten()
            .min(),
        encryption_methods: keys.methods,
    })
}

/// `validUntil` of an entity, a role or a group of entities.
pub fn valid_until(element: Element<'_>) -> Result<Option<Timestamp>, MetadataReason> {
    value("validUntil", element.attribute("validUntil"), date_time)
}

/// When the document was made: `mdrpi:PublicationInfo/@creationInstant` in the extensions of its root (saml-metadata-rpi-v1.0 section 2.2).
pub fn creation_instant(root: Element<'_>) -> Result<Option<Timestamp>, MetadataReason> {
    for extensions in named(root, "Extensions")? {
        for info in extensions.elements()? {
            if info.is(MDRPI, "PublicationInfo") {
                return value("creationInstant", info.attribute("creationInstant"), date_time);
            }
        }
    }
    Ok(None)
}

/// Whether an entity has the role of a service provider, of whatever protocol.
pub fn is_service_provider(entity: Element<'_>) -> bool {
    named(entity, "SPSSODescriptor").map_or(true, |roles| !roles.is_empty())
}

fn service_provider_role(entity: Element<'_>) -> Result<Element<'_>, MetadataReason> {
    let speaks_saml_2 = |role: &Element<'_>| {
        role.attribute("protocolSupportEnumeration")
            .is_some_and(|protocols| protocols.split_ascii_whitespace().any(|p| p == PROTOCOL))
    };
    let mut roles = entity
        .elements()?
        .into_iter()
        .filter(|e| e.is(METADATA, "SPSSODescriptor"))
        .filter(speaks_saml_2);
    let role = roles.next().ok_or(MetadataReason::NotServiceProvider)?;
    match roles.next() {
        None => Ok(role),
        Some(_) => Err(MetadataReason::SeveralServiceProviders),
    }
}

/// HTTP-POST, and HTTP-Artifact where a key can tell who resolves; the others are never answered.
fn read_acs(role: Element<'_>, signs: bool) -> Result<Vec<AcsEndpoint>, MetadataReason> {
    let mut found: Vec<AcsEndpoint> = Vec::new();
    for element in named(role, "AssertionConsumerService")? {
        let binding = match element.attribute("Binding").and_then(acs_binding) {
            Some(AcsBinding::HttpArtifact) if !signs => continue,
            Some(binding) => binding,
            None => continue,
        };
        let index = value("index", element.attribute("index"), unsigned_short)?
            .ok_or(MetadataReason::Missing { what: "index" })?;
        if found.iter().any(|acs| acs.index == index) {
            return Err(MetadataReason::AcsIndexRepeated { index });
        }
        found.push(AcsEndpoint {
            binding,
            index,
            location: location(element, "Location")?.ok_or(MetadataReason::Missing { what: "Location" })?,
            is_default: value("isDefault", element.attribute("isDefault"), boolean)?,
        });
    }
    if found.is_empty() {
        return Err(MetadataReason::NoAcs);
    }
    Ok(found)
}

fn read_slo(role: Element<'_>) -> Result<Vec<SloEndpoint>, MetadataReason> {
    let mut found = Vec::new();
    for element in named(role, "SingleLogoutService")? {
        let binding = match element.attribute("Binding") {
            Some(BINDING_REDIRECT) => SloBinding::HttpRedirect,
            Some(BINDING_POST) => SloBinding::HttpPost,
            Some(BINDING_SOAP) => SloBinding::Soap,
            _ => continue,
        };
        found.push(SloEndpoint {
            binding,
            location: location(element, "Location")?.ok_or(MetadataReason::Missing { what: "Location" })?,
            response_location: location(element, "ResponseLocation")?,
        });
    }
    Ok(found)
}

/// Formats that we do not issue are left out: a service that lists only such is asked by its requests.
fn read_formats(role: Element<'_>) -> Result<Vec<NameIdFormat>, MetadataReason> {
    let mut found = Vec::new();
    for element in named(role, "NameIDFormat")? {
        if let Some(format) = name_id_format(element.text()?.trim())
            && !found.contains(&format)
        {
            found.push(format);
        }
    }
    Ok(found)
}

pub(super) fn named<'d>(parent: Element<'d>, local: &str) -> Result<Vec<Element<'d>>, MetadataReason> {
    Ok(parent
        .elements()?
        .into_iter()
        .filter(|e| e.is(METADATA, local))
        .collect())
}

pub(super) fn value<T>(
    what: &'static str,
    text: Option<&str>,
    read: impl Fn(&'static str, &str) -> Result<T, Reason>,
) -> Result<Option<T>, MetadataReason> {
    text.map(|text| read(what, text))
        .transpose()
        .map_err(|_| MetadataReason::InvalidValue { what })
}

/// An address that a browser may be sent to with an assertion: `https`, or `http` on this very machine.
fn location(element: Element<'_>, what: &'static str) -> Result<Option<String>, MetadataReason> {
    let Some(location) = value(what, element.attribute(what), any_uri)? else {
        return Ok(None);
    };
    if is_https(&location) || is_local_http(&location) {
        Ok(Some(location))
    } else {
        Err(MetadataReason::InsecureLocation {
            location: Reason::bounded(&location),
        })
    }
}

fn is_https(location: &str) -> bool {
    location
        .strip_prefix("https://")
        .is_some_and(|rest| !authority(rest).is_empty() && !authority(rest).contains('@'))
}

fn is_local_http(location: &str) -> bool {
    let Some(rest) = location.strip_prefix("http://") else {
        return false;
    };
    let authority = authority(rest);
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    matches!(host, "localhost" | "127.0.0.1" | "[::1]") || host.ends_with(".localhost")
}

fn authority(rest: &str) -> &str {
    rest.split(['/', '?', '#', '\\']).next().unwrap_or("")
}

#[cfg(test)]
mod tests;
