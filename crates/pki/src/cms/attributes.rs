//! Signed attributes (RFC 5652 sections 5.3, 5.4 and 11).

use domain::Timestamp;

use crate::document_signature::DigestAlgorithm;
use crate::tlv::{self, Element, Reader};
use crate::{Certificate, Oid, cms::Reason, validity};

const CONTENT_TYPE: Oid = Oid::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: Oid = Oid::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: Oid = Oid::new_unwrap("1.2.840.113549.1.9.5");
const SIGNING_CERTIFICATE_V2: Oid = Oid::new_unwrap("1.2.840.113549.1.9.16.2.47");

const MAX_ATTRIBUTES: usize = 32;

/// The signed attributes of one signer.
#[derive(Clone, Debug)]
pub(super) struct SignedAttributes<'a> {
    /// As on the wire, the tag of the SET OF in place of the context tag: what the signature is made over (section 5.4).
    pub(super) signed: Vec<u8>,
    pub(super) content_type: Oid,
    pub(super) message_digest: &'a [u8],
    pub(super) signing_time: Option<Timestamp>,
    signing_certificate: Option<Element<'a>>,
}

impl<'a> SignedAttributes<'a> {
    /// Reads `[0] IMPLICIT SET OF Attribute`.
    pub(super) fn read(element: &Element<'a>) -> Result<Self, Reason> {
        let mut seen: Vec<(Oid, Element<'a>)> = Vec::new();
        let mut previous: &[u8] = &[];
        let mut list = element.inside();
        while !list.is_empty() {
            if seen.len() >= MAX_ATTRIBUTES {
                return Err(Reason::TooManyAttributes {
                    limit: MAX_ATTRIBUTES,
                });
            }
            let whole = list.expect(tlv::SEQUENCE)?;
            if whole.whole <= previous {
                return Err(Reason::AttributesNotDer);
            }
            previous = whole.whole;
            let (oid, values) = attribute(&whole)?;
            if seen.iter().any(|(known, _)| *known == oid) {
                return Err(Reason::DuplicateAttribute { oid });
            }
            seen.push((oid, values));
        }
        let only = |oid: Oid| {
            seen.iter()
                .find(|(known, _)| *known == oid)
                .map(|(_, values)| single_value(oid, values))
                .transpose()
        };
        let demanded = |oid| only(oid)?.ok_or(Reason::AttributeMissing { oid });
        let content_type = demanded(CONTENT_TYPE)?;
        let message_digest = demanded(MESSAGE_DIGEST)?;
        let content_type = expect(CONTENT_TYPE, &content_type, tlv::OBJECT_IDENTIFIER)
            .and_then(|()| tlv::oid(&content_type).map_err(Reason::from))?;
        expect(MESSAGE_DIGEST, &message_digest, tlv::OCTET_STRING)?;
        let signing_time = only(SIGNING_TIME)?
            .map(|value| validity::read(&value).map_err(|_| Reason::MalformedAttribute { oid: SIGNING_TIME }))
            .transpose()?;
        let mut signed = element.whole.to_vec();
        if let Some(tag) = signed.first_mut() {
            *tag = tlv::SET;
        }
        Ok(Self {
            signed,
            content_type,
            message_digest: message_digest.content,
            signing_time,
            signing_certificate: only(SIGNING_CERTIFICATE_V2)?,
        })
    }

    /// Whether the signer named this certificate, where the signer named one (RFC 5035 section 3): the first ESSCertIDv2.
    pub(super) fn names(&self, certificate: &Certificate) -> Result<(), Reason> {
        let Some(attribute) = &self.signing_certificate else {
            return Ok(());
        };
        let malformed = Reason::MalformedAttribute {
            oid: SIGNING_CERTIFICATE_V2,
        };
        let (digest, named) = first_certificate_id(attribute).map_err(|_| malformed)?;
        if digest.digest(certificate.der()) == named {
            Ok(())
        } else {
            Err(Reason::SignerCertificateDiffers)
        }
    }
}

/// SigningCertificateV2 ::= SEQUENCE { certs SEQUENCE OF ESSCertIDv2, ... };
/// ESSCertIDv2 ::= SEQUENCE { hashAlgorithm DEFAULT SHA-256, certHash OCTET STRING, issuerSerial OPTIONAL }.
fn first_certificate_id<'a>(attribute: &Element<'a>) -> Result<(DigestAlgorithm, &'a [u8]), Reason> {
    let mut certificates = attribute.inside().expect(tlv::SEQUENCE)?.inside();
    let mut first = certificates.expect(tlv::SEQUENCE)?.inside();
    let digest = first
        .optional(tlv::SEQUENCE)?
        .map_or(Ok(DigestAlgorithm::Sha256), |algorithm| {
            super::algorithm::digest(&algorithm)
        })?;
    Ok((digest, first.expect(tlv::OCTET_STRING)?.content))
}

/// Attribute ::= SEQUENCE { attrType, attrValues SET OF }.
fn attribute<'a>(element: &Element<'a>) -> Result<(Oid, Element<'a>), Reason> {
    let mut fields: Reader<'a> = element.inside();
    let oid = tlv::oid(&fields.expect(tlv::OBJECT_IDENTIFIER)?)?;
    let values = fields.expect(tlv::SET)?;
    fields.end()?;
    Ok((oid, values))
}

fn single_value<'a>(oid: Oid, values: &Element<'a>) -> Result<Element<'a>, Reason> {
    let malformed = Reason::MalformedAttribute { oid };
    let mut inside = values.inside();
    let value = inside.any().map_err(|_| malformed.clone())?;
    inside.end().map_err(|_| malformed)?;
    Ok(value)
}

fn expect(oid: Oid, value: &Element<'_>, tag: u8) -> Result<(), Reason> {
    if value.tag == tag {
        Ok(())
    } else {
        Err(Reason::MalformedAttribute { oid })
    }
}

/// Whether bytes have the form of signed attributes: a SET OF Attribute with content-type or message-digest among them. Nobody
/// who is shown such bytes as a document can know whether a CMS message was signed instead.
pub fn is_signed_attributes(bytes: &[u8]) -> bool {
    let Ok(set) = tlv::single(bytes, tlv::SET) else {
        return false;
    };
    let mut list = set.inside();
    let mut betrays = false;
    while !list.is_empty() {
        let Ok((oid, _)) = list
            .expect(tlv::SEQUENCE)
            .map_err(Reason::from)
            .and_then(|element| attribute(&element))
        else {
            return false;
        };
        betrays |= oid == CONTENT_TYPE || oid == MESSAGE_DIGEST;
    }
    betrays
}
