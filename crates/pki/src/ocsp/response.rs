//! Responses taken apart (RFC 6960 section 4.2). Nothing here is believed yet; everything is bounded, and nothing is copied.

use domain::Timestamp;

use crate::extension::Extension;
use crate::serial::SerialNumber;
use crate::tlv::{self, Element, Reader};
use crate::{Oid, Reason, RevocationReason, validity};

use super::reason::{OcspReason, OcspStage, ResponseStatus};

const BASIC: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.1.1");
const CRL_REFERENCES: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.1.3");
const ARCHIVE_CUTOFF: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.1.6");
/// id-pkix-ocsp-extended-revoke (section 4.4.8).
pub(super) const EXTENDED_REVOKE: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.1.9");
/// May be critical without harm: they change nothing about what is decided here.
pub(super) const KNOWN: [Oid; 4] = [
    super::request::NONCE,
    CRL_REFERENCES,
    ARCHIVE_CUTOFF,
    EXTENDED_REVOKE,
];

const MAX_CERTIFICATES: usize = 8;
const MAX_SINGLES: usize = 16;
const MAX_EXTENSIONS: usize = 16;

/// BasicOCSPResponse.
pub(super) struct Basic<'a> {
    /// What is signed.
    pub(super) data: Element<'a>,
    pub(super) algorithm: &'a [u8],
    pub(super) signature: &'a [u8],
    /// DER of the enclosed certificates.
    pub(super) certificates: Vec<&'a [u8]>,
}

/// ResponseData.
pub(super) struct Data<'a> {
    pub(super) responder: ResponderId<'a>,
    pub(super) produced_at: Timestamp,
    pub(super) singles: Vec<Single<'a>>,
    pub(super) extensions: Vec<Extension<'a>>,
}

#[derive(Clone, Copy)]
pub(super) enum ResponderId<'a> {
    /// DER of a Name.
    Name(&'a [u8]),
    /// SHA-1 of the key's bits.
    Key(&'a [u8]),
}

/// SingleResponse.
pub(super) struct Single<'a> {
    pub(super) hash: Oid,
    pub(super) issuer_name: &'a [u8],
    pub(super) issuer_key: &'a [u8],
    /// Without its sign byte.
    pub(super) serial: &'a [u8],
    pub(super) status: SingleStatus,
    pub(super) this_update: Timestamp,
    pub(super) next_update: Option<Timestamp>,
    pub(super) extensions: Vec<Extension<'a>>,
}

#[derive(Clone, Copy)]
pub(super) enum SingleStatus {
    Good,
    Revoked { at: Timestamp, reason: RevocationReason },
    Unknown,
}

/// Names the place of what went wrong.
fn at<T>(stage: OcspStage, read: Result<T, Reason>) -> Result<T, OcspReason> {
    read.map_err(|reason| OcspReason::Malformed { stage, reason })
}

impl<'a> Basic<'a> {
    /// OCSPResponse down to the signature.
    pub(super) fn read(der: &'a [u8]) -> Result<Self, OcspReason> {
        let bytes = at(OcspStage::Response, outer(der))?;
        match bytes {
            Outer::Failed(status) => Err(OcspReason::NotSuccessful(status)),
            Outer::Bytes { oid, .. } if oid != BASIC => Err(OcspReason::ResponseType { oid }),
            Outer::Bytes { response, .. } => Self::read_basic(response),
        }
    }

    fn read_basic(response: &'a [u8]) -> Result<Self, OcspReason> {
        let stage = OcspStage::Basic;
        let mut fields = at(stage, tlv::single(response, tlv::SEQUENCE))?.inside();
        let data = at(stage, fields.expect(tlv::SEQUENCE))?;
        let algorithm = at(stage, fields.expect(tlv::SEQUENCE))?.whole;
        let signature = at(
            stage,
            fields
                .expect(tlv::BIT_STRING)
                .and_then(|bits| tlv::whole_bits(&bits)),
        )?;
        let mut certificates = Vec::new();
        if let Some(wrapped) = at(stage, fields.optional(tlv::context(0)))? {
            let mut list = at(stage, tlv::single(wrapped.content, tlv::SEQUENCE))?.inside();
            while !list.is_empty() {
                if certificates.len() >= MAX_CERTIFICATES {
                    return Err(OcspReason::TooMany {
                        what: "certs",
                        limit: MAX_CERTIFICATES,
                    });
                }
                certificates.push(at(stage, list.expect(tlv::SEQUENCE))?.whole);
            }
        }
        at(stage, fields.end())?;
        Ok(Self {
            data,
            algorithm,
            signature,
            certificates,
        })
    }
}

enum Outer<'a> {
    Failed(ResponseStatus),
    Bytes { oid: Oid, response: &'a [u8] },
}

fn outer(der: &[u8]) -> Result<Outer<'_>, Reason> {
    let mut fields = tlv::single(der, tlv::SEQUENCE)?.inside();
    let status = match fields.expect(tlv::ENUMERATED)?.content {
        [status] => *status,
        _ => {
            return Err(Reason::Malformed {
                field: "responseStatus",
            });
        }
    };
    let failed = match status {
        0 => {
            let bytes = fields.expect(tlv::context(0))?;
            fields.end()?;
            let mut bytes = tlv::single(bytes.content, tlv::SEQUENCE)?.inside();
            let oid = tlv::oid(&bytes.expect(tlv::OBJECT_IDENTIFIER)?)?;
            let response = bytes.expect(tlv::OCTET_STRING)?.content;
            bytes.end()?;
            return Ok(Outer::Bytes { oid, response });
        }
        1 => ResponseStatus::MalformedRequest,
        2 => ResponseStatus::InternalError,
        3 => ResponseStatus::TryLater,
        5 => ResponseStatus::SignatureRequired,
        6 => ResponseStatus::Unauthorized,
        other => ResponseStatus::Other(other),
    };
    Ok(Outer::Failed(failed))
}

impl<'a> Data<'a> {
    pub(super) fn read(data: &Element<'a>) -> Result<Self, OcspReason> {
        let stage = OcspStage::Data;
        let mut fields = data.inside();
        // version [0] EXPLICIT DEFAULT v1: DER leaves v1 out, and there is no other.
        if at(stage, fields.optional(tlv::context(0)))?.is_some() {
            return at(stage, Err(Reason::Version));
        }
        let responder = at(stage, responder(&mut fields))?;
        let produced_at = at(stage, fields.any().and_then(|time| generalized(&time)))?;
        let mut list = at(stage, fields.expect(tlv::SEQUENCE))?.inside();
        let mut singles = Vec::new();
        while !list.is_empty() {
            if singles.len() >= MAX_SINGLES {
                return Err(OcspReason::TooMany {
                    what: "responses",
                    limit: MAX_SINGLES,
                });
            }
            singles.push(Single::read(&mut list)?);
        }
        let extensions = extensions(at(stage, fields.optional(tlv::context(1)))?)?;
        at(stage, fields.end())?;
        Ok(Self {
            responder,
            produced_at,
            singles,
            extensions,
        })
    }
}

fn responder<'a>(fields: &mut Reader<'a>) -> Result<ResponderId<'a>, Reason> {
    let choice = fields.any()?;
    match choice.tag {
        0xa1 => Ok(ResponderId::Name(
            tlv::single(choice.content, tlv::SEQUENCE)?.whole,
        )),
        0xa2 => Ok(ResponderId::Key(
            tlv::single(choice.content, tlv::OCTET_STRING)?.content,
        )),
        _ => Err(Reason::Malformed { field: "ResponderID" }),
    }
}

impl<'a> Single<'a> {
    fn read(list: &mut Reader<'a>) -> Result<Self, OcspReason> {
        let stage = OcspStage::Single;
        let mut fields = at(stage, list.expect(tlv::SEQUENCE))?.inside();
        let (hash, issuer_name, issuer_key, serial) = at(stage, cert_id(&mut fields))?;
        let status = at(stage, status(&mut fields))?;
        let this_update = at(stage, fields.any().and_then(|time| generalized(&time)))?;
        let next_update = match at(stage, fields.optional(tlv::context(0)))? {
            None => None,
            Some(wrapped) => Some(at(stage, only_time(&wrapped))?),
        };
        let extensions = extensions(at(stage, fields.optional(tlv::context(1)))?)?;
        at(stage, fields.end())?;
        Ok(Self {
            hash,
            issuer_name,
            issuer_key,
            serial,
            status,
            this_update,
            next_update,
            extensions,
        })
    }
}

type CertIdFields<'a> = (Oid, &'a [u8], &'a [u8], &'a [u8]);

fn cert_id<'a>(fields: &mut Reader<'a>) -> Result<CertIdFields<'a>, Reason> {
    let mut cert_id = fields.expect(tlv::SEQUENCE)?.inside();
    let mut algorithm = cert_id.expect(tlv::SEQUENCE)?.inside();
    let hash = tlv::oid(&algorithm.expect(tlv::OBJECT_IDENTIFIER)?)?;
    if !algorithm.is_empty() && algorithm.any()?.whole != [5, 0] {
        return Err(Reason::Malformed {
            field: "hashAlgorithm",
        });
    }
    algorithm.end()?;
    let issuer_name = cert_id.expect(tlv::OCTET_STRING)?.content;
    let issuer_key = cert_id.expect(tlv::OCTET_STRING)?.content;
    let serial = tlv::unsigned(cert_id.expect(tlv::INTEGER)?.content).map_err(|_| Reason::SerialNumber)?;
    if serial.len() > SerialNumber::MAX_BYTES {
        return Err(Reason::SerialNumber);
    }
    cert_id.end()?;
    Ok((hash, issuer_name, issuer_key, serial))
}

fn status(fields: &mut Reader<'_>) -> Result<SingleStatus, Reason> {
    let malformed = Err(Reason::Malformed { field: "CertStatus" });
    let choice = fields.any()?;
    match (choice.tag, choice.content) {
        (0x80, []) => Ok(SingleStatus::Good),
        (0x82, []) => Ok(SingleStatus::Unknown),
        (0xa1, _) => {
            let mut info = choice.inside();
            let at = generalized(&info.any()?)?;
            let reason = match info.optional(tlv::context(0))? {
                None => RevocationReason::Unspecified,
                Some(wrapped) => match tlv::single(wrapped.content, tlv::ENUMERATED)?.content {
                    // removeFromCRL is no reason to be revoked for, and is refused with the unknown codes.
                    [code] => RevocationReason::from_code(*code).ok_or(Reason::Malformed {
                        field: "revocationReason",
                    })?,
                    _ => return malformed,
                },
            };
            info.end()?;
            Ok(SingleStatus::Revoked { at, reason })
        }
        _ => malformed,
    }
}

/// RFC 6960 knows only GeneralizedTime, whatever the year.
fn generalized(element: &Element<'_>) -> Result<Timestamp, Reason> {
    if element.tag == tlv::GENERALIZED_TIME {
        validity::read(element)
    } else {
        Err(Reason::UnexpectedTag {
            expected: tlv::GENERALIZED_TIME,
            found: element.tag,
        })
    }
}

fn only_time(wrapped: &Element<'_>) -> Result<Timestamp, Reason> {
    generalized(&tlv::single(wrapped.content, tlv::GENERALIZED_TIME)?)
}

/// `[1] EXPLICIT Extensions`, none of them twice.
fn extensions(wrapped: Option<Element<'_>>) -> Result<Vec<Extension<'_>>, OcspReason> {
    let stage = OcspStage::Extensions;
    let mut all: Vec<Extension<'_>> = Vec::new();
    let Some(wrapped) = wrapped else {
        return Ok(all);
    };
    let mut list = at(stage, tlv::single(wrapped.content, tlv::SEQUENCE))?.inside();
    while !list.is_empty() {
        if all.len() >= MAX_EXTENSIONS {
            return Err(OcspReason::TooMany {
                what: "extensions",
                limit: MAX_EXTENSIONS,
            });
        }
        let extension = at(stage, Extension::read(&mut list))?;
        let oid = extension.oid;
        if all.iter().any(|earlier| earlier.oid == oid) {
            return at(stage, Err(Reason::DuplicateExtension { oid }));
        }
        all.push(extension);
    }
    Ok(all)
}
