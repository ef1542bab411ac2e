//! Reading of a message (RFC 5652 sections 3 and 5.1), with bounds.

use crate::document_signature::{DigestAlgorithm, DocumentScheme};
use crate::tlv::{self, Element, Reader};
use crate::{Name, Oid, SerialNumber, cms::Reason};

use super::algorithm;
use super::attributes::SignedAttributes;

/// No message longer than this is read, its document included.
pub const MAX_CMS_BYTES: usize = 16 * 1024 * 1024;
/// No message with more signers is read.
pub const MAX_CMS_SIGNERS: usize = 8;
/// No message with more certificates is read.
pub const MAX_CMS_CERTIFICATES: usize = 16;
/// A digest for each signer is enough.
const MAX_DIGESTS: usize = MAX_CMS_SIGNERS;

const SIGNED_DATA: Oid = Oid::new_unwrap("1.2.840.113549.1.7.2");
const DATA: Oid = Oid::new_unwrap("1.2.840.113549.1.7.1");
/// `[0]` IMPLICIT OCTET STRING, and OCTET STRING in pieces.
const KEY_IDENTIFIER: u8 = 0x80;
const OCTET_STRING_IN_PIECES: u8 = 0x24;

/// How a message names its signer (section 5.3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SignerId {
    /// Version 1.
    IssuerAndSerial {
        /// The issuer's name.
        issuer: Name,
        /// The serial number.
        serial: SerialNumber,
    },
    /// Version 3.
    SubjectKeyId(Vec<u8>),
}

/// One signer, nothing verified yet.
#[derive(Clone, Debug)]
pub struct SignerInfo<'a> {
    pub(super) id: SignerId,
    pub(super) scheme: DocumentScheme,
    pub(super) attributes: SignedAttributes<'a>,
    pub(super) signature: &'a [u8],
}

impl SignerInfo<'_> {
    /// Whom the message names.
    pub fn id(&self) -> &SignerId {
        &self.id
    }

    /// How the signature was made.
    pub fn scheme(&self) -> DocumentScheme {
        self.scheme
    }
}

/// A message, taken apart. Nothing in it is believed until [`SignedData::verify`] says so.
#[derive(Clone, Debug)]
pub struct SignedData<'a> {
    pub(super) content_type: Oid,
    pub(super) content: Option<&'a [u8]>,
    pub(super) certificates: Vec<&'a [u8]>,
    pub(super) signers: Vec<SignerInfo<'a>>,
}

impl<'a> SignedData<'a> {
    /// Reads a DER ContentInfo with a SignedData of at most [`MAX_CMS_BYTES`].
    ///
    /// # Errors
    /// The first thing that is not as it should be; [`Reason::IndefiniteLength`] for BER.
    pub fn parse(der: &'a [u8]) -> Result<Self, Reason> {
        if der.len() > MAX_CMS_BYTES {
            return Err(Reason::TooLarge { limit: MAX_CMS_BYTES });
        }
        let mut outer = Reader::new(der);
        let info = next(&mut outer, tlv::SEQUENCE)?;
        outer.end()?;
        let mut fields = info.inside();
        let oid = tlv::oid(&next(&mut fields, tlv::OBJECT_IDENTIFIER)?)?;
        if oid != SIGNED_DATA {
            return Err(Reason::NotSignedData { oid });
        }
        let wrapped = next(&mut fields, tlv::context(0))?;
        fields.end()?;
        let mut inner = wrapped.inside();
        let signed_data = next(&mut inner, tlv::SEQUENCE)?;
        inner.end()?;
        Self::read(signed_data.inside())
    }

    fn read(mut fields: Reader<'a>) -> Result<Self, Reason> {
        // 1 or 3; 4 and 5 announce attribute certificates and foreign forms, which nobody here reads.
        let version = next(&mut fields, tlv::INTEGER)?;
        if !matches!(version.content, [1 | 3]) {
            return Err(Reason::Version);
        }
        let digests = digests(&next(&mut fields, tlv::SET)?)?;
        let (content_type, content) = encapsulated(&next(&mut fields, tlv::SEQUENCE)?)?;
        if content_type != DATA && version.content == [1] {
            return Err(Reason::Version);
        }
        let certificates = match optional(&mut fields, tlv::context(0))? {
            None => Vec::new(),
            Some(set) => certificates(&set)?,
        };
        optional(&mut fields, tlv::context(1))?;
        let mut signers = Vec::new();
        let mut list = next(&mut fields, tlv::SET)?.inside();
        fields.end()?;
        while !list.is_empty() {
            if signers.len() >= MAX_CMS_SIGNERS {
                return Err(Reason::TooManySigners {
                    limit: MAX_CMS_SIGNERS,
                });
            }
            let signer = signer(&next(&mut list, tlv::SEQUENCE)?)?;
            if !digests.contains(&signer.scheme.digest) {
                return Err(Reason::DigestsDiffer);
            }
            signers.push(signer);
        }
        if signers.is_empty() {
            return Err(Reason::NoSigner);
        }
        Ok(Self {
            content_type,
            content,
            certificates,
            signers,
        })
    }

    /// The document inside, if it is. Not yet known to be what was signed.
    pub fn attached(&self) -> Option<&'a [u8]> {
        self.content
    }

    /// The signers.
    pub fn signers(&self) -> &[SignerInfo<'a>] {
        &self.signers
    }

    /// DER of the embedded certificates: candidates, believed in nothing.
    pub fn certificates(&self) -> &[&'a [u8]] {
        &self.certificates
    }
}

/// The next element with a tag; BER is told from other defects, since its sender can do something about it.
fn next<'a>(reader: &mut Reader<'a>, tag: u8) -> Result<Element<'a>, Reason> {
    let indefinite = reader.announces_indefinite_length();
    reader.expect(tag).map_err(|reason| {
        if indefinite {
            Reason::IndefiniteLength
        } else {
            Reason::Unreadable(reason)
        }
    })
}

fn optional<'a>(reader: &mut Reader<'a>, tag: u8) -> Result<Option<Element<'a>>, Reason> {
    if reader.peek() == Some(tag) {
        next(reader, tag).map(Some)
    } else {
        Ok(None)
    }
}

fn digests(set: &Element<'_>) -> Result<Vec<DigestAlgorithm>, Reason> {
    let mut known = Vec::new();
    let mut count = 0_usize;
    let mut refused = None;
    let mut list = set.inside();
    while !list.is_empty() {
        count = count.saturating_add(1);
        if count > MAX_DIGESTS {
            return Err(Reason::TooManySigners {
                limit: MAX_CMS_SIGNERS,
            });
        }
        match algorithm::digest(&next(&mut list, tlv::SEQUENCE)?) {
            Ok(digest) => known.push(digest),
            Err(reason) => refused = Some(reason),
        }
    }
    // A message that announces nothing that counts has no signer that counts; say which algorithm was met.
    match (known.is_empty(), refused) {
        (true, Some(reason)) => Err(reason),
        _ => Ok(known),
    }
}

/// EncapsulatedContentInfo ::= SEQUENCE { eContentType, eContent [0] EXPLICIT OCTET STRING OPTIONAL }.
fn encapsulated<'a>(element: &Element<'a>) -> Result<(Oid, Option<&'a [u8]>), Reason> {
    let mut fields = element.inside();
    let content_type = tlv::oid(&next(&mut fields, tlv::OBJECT_IDENTIFIER)?)?;
    let content = match optional(&mut fields, tlv::context(0))? {
        None => None,
        Some(wrapped) => {
            let mut inside = wrapped.inside();
            if inside.peek() == Some(OCTET_STRING_IN_PIECES) {
                return Err(Reason::IndefiniteLength);
            }
            let content = next(&mut inside, tlv::OCTET_STRING)?.content;
            inside.end()?;
            Some(content)
        }
    };
    fields.end()?;
    Ok((content_type, content))
}

/// CertificateSet: other choices than Certificate are counted and skipped.
fn certificates<'a>(set: &Element<'a>) -> Result<Vec<&'a [u8]>, Reason> {
    let mut all = Vec::new();
    let mut count = 0_usize;
    let mut list = set.inside();
    while !list.is_empty() {
        count = count.saturating_add(1);
        if count > MAX_CMS_CERTIFICATES {
            return Err(Reason::TooManyCertificates {
                limit: MAX_CMS_CERTIFICATES,
            });
        }
        let one = list.any()?;
        if one.tag == tlv::SEQUENCE {
            all.push(one.whole);
        }
    }
    Ok(all)
}

fn signer<'a>(element: &Element<'a>) -> Result<SignerInfo<'a>, Reason> {
    let mut fields = element.inside();
    let version = next(&mut fields, tlv::INTEGER)?;
    let id = match (version.content, fields.peek()) {
        ([1], Some(tlv::SEQUENCE)) => {
            let mut pair = next(&mut fields, tlv::SEQUENCE)?.inside();
            let issuer = Name::from_der(next(&mut pair, tlv::SEQUENCE)?.whole)?;
            let serial = SerialNumber::from_integer(next(&mut pair, tlv::INTEGER)?.content)?;
            pair.end()?;
            SignerId::IssuerAndSerial { issuer, serial }
        }
        ([3], Some(KEY_IDENTIFIER)) => {
            SignerId::SubjectKeyId(next(&mut fields, KEY_IDENTIFIER)?.content.to_vec())
        }
        _ => return Err(Reason::Version),
    };
    let digest = algorithm::digest(&next(&mut fields, tlv::SEQUENCE)?)?;
    let attributes = optional(&mut fields, tlv::context(0))?
        .ok_or(Reason::NoSignedAttributes)
        .and_then(|set| SignedAttributes::read(&set))?;
    let scheme = algorithm::signature(&next(&mut fields, tlv::SEQUENCE)?, digest)?;
    let signature = next(&mut fields, tlv::OCTET_STRING)?.content;
    optional(&mut fields, tlv::context(1))?;
    fields.end()?;
    Ok(SignerInfo {
        id,
        scheme,
        attributes,
        signature,
    })
}
