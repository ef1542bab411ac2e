//! Keys in a service's metadata. A certificate is a wrapping of its key (Metadata IOP section 2.6.1): who signed it, with what, and its dates
//! mean nothing.

use der::{Decode, Encode};
use x509_cert::certificate::{CertificateInner, Raw};
use xml::Element;
use xml::dsig::VerificationKey;
use xml::enc::EncryptionKey;

use super::MetadataReason;
use super::service_provider::named;
use crate::encryption::{common_encryption, kept};

/// Keys of a role, standard base64 of DER `SubjectPublicKeyInfo`.
#[derive(Default)]
pub(super) struct Keys {
    /// That may sign what comes from it.
    pub(super) signing: Vec<String>,
    /// That may be encrypted to; the first is the one that is used.
    pub(super) encryption: Vec<String>,
    /// `md:EncryptionMethod`s beside the first, with their parameters.
    pub(super) methods: Vec<String>,
}

/// A key that may be encrypted to, with the methods beside it.
struct Receiving {
    key: String,
    methods: Vec<String>,
}

impl Keys {
    /// A key without `use` serves both (metadata-2.0-os section 2.4.1.1), as far as its kind can.
    ///
    /// While a partner rolls its keys, old, new and keys of kinds that are not ours stand side by side. One that cannot be used is passed
    /// over, unless it leaves none for its use: a service that wants encryption is never answered without.
    pub(super) fn read(role: Element<'_>) -> Result<Self, MetadataReason> {
        let mut signing = Vec::new();
        let mut receiving: Vec<Receiving> = Vec::new();
        let (mut no_signing, mut no_receiving) = (None, None);
        for descriptor in named(role, "KeyDescriptor")? {
            let (signs, encrypts) = match descriptor.attribute("use") {
                None => (true, true),
                Some("signing") => (true, false),
                Some("encryption") => (false, true),
                Some(_) => return Err(MetadataReason::InvalidValue { what: "use" }),
            };
            let usable = read_key(descriptor).and_then(|spki| {
                VerificationKey::from_spki(&spki)
                    .map(|_| spki)
                    .map_err(|_| MetadataReason::KeyUnusable)
            });
            let spki = match usable {
                Ok(spki) => spki,
                Err(MetadataReason::Xml(reason)) => return Err(MetadataReason::Xml(reason)),
                Err(why) => {
                    if signs {
                        no_signing.get_or_insert_with(|| why.clone());
                    }
                    if encrypts {
                        no_receiving.get_or_insert(why);
                    }
                    continue;
                }
            };
            let key = xml::encode_base64(&spki);
            if signs && !signing.contains(&key) {
                signing.push(key.clone());
            }
            if encrypts && EncryptionKey::from_spki(&spki).is_ok() {
                if !receiving.iter().any(|one| one.key == key) {
                    let methods = methods(descriptor)?;
                    receiving.push(Receiving { key, methods });
                }
            } else if !signs {
                no_receiving.get_or_insert(MetadataReason::KeyUnusable);
            }
        }
        match (no_signing, no_receiving) {
            (Some(why), _) if signing.is_empty() => return Err(why),
            (_, Some(why)) if receiving.is_empty() => return Err(why),
            _ => {}
        }
        Ok(Self::of(signing, receiving))
    }

    /// The first key whose own methods we have goes first, the others behind it in their order. Methods of one key say nothing of another.
    fn of(signing: Vec<String>, mut receiving: Vec<Receiving>) -> Self {
        receiving.sort_by_key(|one| common_encryption(&one.methods).is_none());
        Self {
            signing,
            methods: receiving
                .first()
                .map(|one| one.methods.clone())
                .unwrap_or_default(),
            encryption: receiving.into_iter().map(|one| one.key).collect(),
        }
    }
}

fn methods(descriptor: Element<'_>) -> Result<Vec<String>, MetadataReason> {
    let mut found = Vec::new();
    for method in named(descriptor, "EncryptionMethod")? {
        found.extend(kept(method)?.filter(|one| !found.contains(one)));
    }
    Ok(found)
}

fn within<'d>(parents: &[Element<'d>], local: &str) -> Result<Vec<Element<'d>>, MetadataReason> {
    let mut found = Vec::new();
    for parent in parents {
        found.extend(
            parent
                .elements()?
                .into_iter()
                .filter(|e| e.is(xml::dsig::NAMESPACE, local)),
        );
    }
    Ok(found)
}

/// The key of the first certificate of a `KeyDescriptor`, as DER `SubjectPublicKeyInfo`.
fn read_key(descriptor: Element<'_>) -> Result<Vec<u8>, MetadataReason> {
    let key_infos = within(&[descriptor], "KeyInfo")?;
    let certificates = within(&within(&key_infos, "X509Data")?, "X509Certificate")?;
    let first = certificates
        .first()
        .ok_or(MetadataReason::KeyWithoutCertificate)?;
    let der = xml::decode_base64(&first.text()?).map_err(|_| MetadataReason::CertificateUnreadable)?;
    key_of_certificate(&der)
}

/// The key of a certificate, as DER `SubjectPublicKeyInfo`. Nothing else of the certificate is looked at (Metadata IOP section 2.6.1).
pub fn key_of_certificate(der: &[u8]) -> Result<Vec<u8>, MetadataReason> {
    // The raw profile: serial numbers and dates outside RFC 5280 do not matter in a wrapping.
    CertificateInner::<Raw>::from_der(der)
        .and_then(|certificate| certificate.tbs_certificate().subject_public_key_info().to_der())
        .map_err(|_| MetadataReason::CertificateUnreadable)
}
