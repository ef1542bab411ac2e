//! The platform's metadata (metadata-2.0-os), as a service reads it.

use der::Decode as _;
use der::Encode as _;
use domain::{SloBinding, SloEndpoint, Timestamp};
use x509_cert::certificate::{CertificateInner, Raw};
use xml::dsig::{NAMESPACE as SIGNATURE, VerificationKey, verify};
use xml::{Document, Element, Limits};

use super::{BINDING_POST, BINDING_REDIRECT, BINDING_SOAP, METADATA, SamlReason};

/// Why the metadata is believed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MetadataTrust {
    /// Its signature must verify under one of these keys, which came by another way.
    SignedBy(Vec<VerificationKey>),
    /// The way it came is trusted: from the operator by hand, or over TLS from the platform's own address.
    AsGiven,
}

/// The platform: who it is, where it is asked, and with which keys it signs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IdentityProvider {
    entity_id: String,
    single_sign_on: String,
    single_logout: Vec<SloEndpoint>,
    keys: Vec<VerificationKey>,
    valid_until: Option<Timestamp>,
}

impl IdentityProvider {
    /// Reads the metadata of the platform whose `entityID` one was told.
    pub fn from_metadata(
        metadata: &[u8],
        entity_id: &str,
        trust: &MetadataTrust,
        now: Timestamp,
    ) -> Result<Self, SamlReason> {
        let document = Document::parse(metadata, &Limits::metadata())?;
        let provider = match trust {
            MetadataTrust::AsGiven => Self::read(document.root())?,
            MetadataTrust::SignedBy(keys) => {
                let verified = verify(document.root(), keys)?;
                Self::read(verified.document()?.root())?
            }
        };
        if provider.entity_id != entity_id {
            return Err(SamlReason::AnotherIssuer);
        }
        if provider.is_expired(now) {
            return Err(SamlReason::MetadataExpired);
        }
        Ok(provider)
    }

    /// Its `entityID`.
    pub fn entity_id(&self) -> &str {
        &self.entity_id
    }

    /// Where it is asked, by redirect.
    pub fn single_sign_on(&self) -> &str {
        &self.single_sign_on
    }

    /// Where it takes logout messages by a binding.
    pub fn single_logout(&self, binding: SloBinding) -> Option<&SloEndpoint> {
        self.single_logout
            .iter()
            .find(|endpoint| endpoint.binding == binding)
    }

    /// Keys that its messages are verified with.
    pub(super) fn keys(&self) -> &[VerificationKey] {
        &self.keys
    }

    /// Whether it must be fetched again before anything is accepted: five minutes after its end, as clocks differ.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.valid_until
            .is_some_and(|until| domain::metadata_has_ended(until, now))
    }

    fn read(root: Element<'_>) -> Result<Self, SamlReason> {
        let malformed = |what| SamlReason::Malformed { what };
        if !root.is(METADATA, "EntityDescriptor") {
            return Err(malformed("EntityDescriptor"));
        }
        let entity_id = root.attribute("entityID").ok_or(malformed("entityID"))?;
        let valid_until = match root.attribute("validUntil") {
            None => None,
            Some(text) => Some(Timestamp::parse_rfc3339(text).map_err(|_| malformed("validUntil"))?),
        };
        let roles: Vec<_> = root
            .elements()?
            .into_iter()
            .filter(|role| role.is(METADATA, "IDPSSODescriptor"))
            .collect();
        let [role] = roles.as_slice() else {
            return Err(malformed("IDPSSODescriptor"));
        };
        // The role may end before its document (metadata-2.0-os section 2.4.1).
        let role_until = match role.attribute("validUntil") {
            None => None,
            Some(text) => Some(Timestamp::parse_rfc3339(text).map_err(|_| malformed("validUntil"))?),
        };
        let valid_until = [valid_until, role_until].into_iter().flatten().min();
        let mut single_sign_on = None;
        let (mut keys, mut single_logout) = (Vec::new(), Vec::new());
        for child in role.elements()? {
            if child.is(METADATA, "SingleSignOnService")
                && child.attribute("Binding") == Some(BINDING_REDIRECT)
            {
                single_sign_on = child.attribute("Location");
            } else if child.is(METADATA, "SingleLogoutService") {
                single_logout.extend(logout_endpoint(child));
            } else if child.is(METADATA, "KeyDescriptor") && child.attribute("use") != Some("encryption") {
                keys.extend(read_keys(child)?);
            }
        }
        let single_sign_on = single_sign_on
            .filter(|location| location.starts_with("https://"))
            .ok_or(malformed("SingleSignOnService"))?;
        if keys.is_empty() {
            return Err(malformed("KeyDescriptor"));
        }
        Ok(Self {
            entity_id: entity_id.to_owned(),
            single_sign_on: single_sign_on.to_owned(),
            single_logout,
            keys,
            valid_until,
        })
    }
}

/// An endpoint by a binding that we speak, over TLS; any other is passed over.
fn logout_endpoint(endpoint: Element<'_>) -> Option<SloEndpoint> {
    let binding = match endpoint.attribute("Binding")? {
        BINDING_REDIRECT => SloBinding::HttpRedirect,
        BINDING_POST => SloBinding::HttpPost,
        BINDING_SOAP => SloBinding::Soap,
        _ => return None,
    };
    let secure = |location: &&str| location.starts_with("https://");
    Some(SloEndpoint {
        binding,
        location: endpoint.attribute("Location").filter(secure)?.to_owned(),
        response_location: endpoint
            .attribute("ResponseLocation")
            .filter(secure)
            .map(str::to_owned),
    })
}

/// Keys of a `KeyDescriptor`. Its certificates only wrap them: dates and issuers of them mean nothing (SAML V2.0 Metadata
/// Interoperability Profile section 2.6.1). A key that cannot be used here, such as one of a kind to come that the platform announces, is
/// passed over: the others still verify.
fn read_keys(descriptor: Element<'_>) -> Result<Vec<VerificationKey>, SamlReason> {
    let mut keys = Vec::new();
    for info in children(descriptor, "KeyInfo")? {
        for data in children(info, "X509Data")? {
            for certificate in children(data, "X509Certificate")? {
                let der = xml::decode_base64(&certificate.text()?)?;
                let malformed = SamlReason::Malformed {
                    what: "X509Certificate",
                };
                let certificate = CertificateInner::<Raw>::from_der(&der).map_err(|_| malformed.clone())?;
                let spki = certificate.tbs_certificate().subject_public_key_info().to_der();
                keys.extend(VerificationKey::from_spki(&spki.map_err(|_| malformed)?));
            }
        }
    }
    Ok(keys)
}

fn children<'d>(of: Element<'d>, local: &str) -> Result<Vec<Element<'d>>, SamlReason> {
    Ok(of
        .elements()?
        .into_iter()
        .filter(|child| child.is(SIGNATURE, local))
        .collect())
}
