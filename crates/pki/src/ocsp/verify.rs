//! The verification: pure, one check after another, in the order of [`super::OcspCheck`].

use std::fmt;

use domain::Timestamp;

use crate::extension::Extension;
use crate::path::TrustAnchor;
use crate::{Oid, RevocationReason, tlv};

use super::links::{self, OcspLink};
use super::policy::{NonceRule, OcspPolicy};
use super::reason::{CertIdField, OcspReason};
use super::request::{CertId, MAX_NONCE_BYTES, NONCE, OcspRequest};
use super::responder;
use super::response::{Basic, Data, EXTENDED_REVOKE, KNOWN, Single, SingleStatus};

/// What an answer says about the certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OcspStatus {
    /// Not revoked.
    Good,
    /// Revoked. Final, certificateHold included: JPKI never releases one.
    Revoked {
        /// Why.
        reason: RevocationReason,
        /// When.
        at: Timestamp,
    },
    /// The responder knows nothing about it, or says that it was never issued. Not good.
    Unknown,
}

/// By what right the responder answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Authorisation {
    /// With the authority's own key.
    Authority,
    /// With a key that the authority certified for this.
    Delegated,
    /// With a key that the operator pinned.
    Pinned,
}

/// What became of the nonce.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NonceVerdict {
    /// It came back: the answer was made for this question.
    Matched,
    /// None came back, which the policy allows: the answer may be an older one that is still within its dates.
    Absent,
}

/// A verified answer. Made only by [`verify`].
#[derive(Clone, Eq, PartialEq)]
pub struct OcspAnswer {
    status: OcspStatus,
    produced_at: Timestamp,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    valid_until: Timestamp,
    authorisation: Authorisation,
    responder_key_hash: String,
    nonce: NonceVerdict,
    links: Vec<OcspLink>,
}

impl OcspAnswer {
    /// What it says.
    pub fn status(&self) -> OcspStatus {
        self.status
    }

    /// When it was signed.
    pub fn produced_at(&self) -> Timestamp {
        self.produced_at
    }

    /// When this was known to be so.
    pub fn this_update(&self) -> Timestamp {
        self.this_update
    }

    /// When there will be newer information.
    pub fn next_update(&self) -> Option<Timestamp> {
        self.next_update
    }

    /// Until when the answer may be used again: nextUpdate without any skew, or the assumed life, and never longer than
    /// the policy's age.
    pub fn valid_until(&self) -> Timestamp {
        self.valid_until
    }

    /// By what right it was given.
    pub fn authorisation(&self) -> Authorisation {
        self.authorisation
    }

    /// Lower-case hexadecimal SHA-256 of the responder's SubjectPublicKeyInfo.
    pub fn responder_key_hash(&self) -> &str {
        &self.responder_key_hash
    }

    /// Whether it was made for this question.
    pub fn nonce(&self) -> NonceVerdict {
        self.nonce
    }

    /// Other certificates of the same person, at most [`super::MAX_LINKS`].
    pub fn links(&self) -> &[OcspLink] {
        &self.links
    }
}

impl fmt::Debug for OcspAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OcspAnswer")
            .field("status", &self.status)
            .field("produced_at", &self.produced_at)
            .field("this_update", &self.this_update)
            .field("next_update", &self.next_update)
            .field("authorisation", &self.authorisation)
            .field("nonce", &self.nonce)
            .field("links", &self.links.len())
            .finish_non_exhaustive()
    }
}

/// Verifies the bytes of an application/ocsp-response as the answer to a question (RFC 6960 section 3.2).
///
/// `anchors` are the pinned generations of the authority, the one that the question was built for among them.
pub fn verify(
    response: &[u8],
    request: &OcspRequest,
    anchors: &[&TrustAnchor],
    policy: &OcspPolicy,
    now: Timestamp,
) -> Result<OcspAnswer, OcspReason> {
    if response.len() > policy.max_bytes {
        return Err(OcspReason::TooLarge {
            limit: policy.max_bytes,
        });
    }
    let issuer = anchors
        .iter()
        .copied()
        .find(|anchor| anchor.key_hash() == request.issuer_key_hash())
        .ok_or(OcspReason::UnknownIssuer)?;
    let basic = Basic::read(response)?;
    let data = Data::read(&basic.data)?;
    let signer = responder::authorised(&basic, data.responder, issuer, anchors, policy, now)?;
    // From here on the bytes are the responder's own words.
    let nonce = nonce(&data.extensions, request.nonce(), policy.nonce)?;
    let single = about(&data.singles, request.cert_id())?;
    extensions_are_known(&data.extensions, None)?;
    extensions_are_known(&single.extensions, policy.link_extension)?;
    let valid_until = dates(&data, single, policy, now)?;
    let links = policy
        .link_extension
        .and_then(|oid| find(&single.extensions, oid))
        .map_or_else(|| Ok(Vec::new()), |extension| links::read(extension.value))
        .map_err(OcspReason::Links)?;
    Ok(OcspAnswer {
        status: status(single, &data.extensions),
        produced_at: data.produced_at,
        this_update: single.this_update,
        next_update: single.next_update,
        valid_until,
        authorisation: signer.authorisation,
        responder_key_hash: signer.key_hash,
        nonce,
        links,
    })
}

fn find<'e, 'a>(extensions: &'e [Extension<'a>], oid: Oid) -> Option<&'e Extension<'a>> {
    extensions.iter().find(|extension| extension.oid == oid)
}

/// RFC 9654 section 2.1: an OCTET STRING of 1 to 128 bytes inside the extension's own.
fn nonce(
    extensions: &[Extension<'_>],
    sent: Option<&[u8]>,
    rule: NonceRule,
) -> Result<NonceVerdict, OcspReason> {
    let returned = match find(extensions, NONCE) {
        None => None,
        Some(extension) => match tlv::single(extension.value, tlv::OCTET_STRING) {
            Ok(nonce) if (1..=MAX_NONCE_BYTES).contains(&nonce.content.len()) => Some(nonce.content),
            _ => return Err(OcspReason::NonceDiffers),
        },
    };
    match (sent, returned) {
        (Some(sent), Some(returned)) if sent == returned => Ok(NonceVerdict::Matched),
        // A nonce that we did not send belongs to somebody else's question.
        (_, Some(_)) => Err(OcspReason::NonceDiffers),
        (_, None) => match rule {
            NonceRule::Required => Err(OcspReason::NonceMissing),
            NonceRule::Optional => Ok(NonceVerdict::Absent),
        },
    }
}

/// The one answer that is about the certificate, every field of the CertID compared.
fn about<'s, 'a>(singles: &'s [Single<'a>], wanted: &CertId) -> Result<&'s Single<'a>, OcspReason> {
    let mut found = None;
    let mut nearest = CertIdField::Algorithm;
    for single in singles {
        match difference(single, wanted) {
            Some(field) => nearest = furthest(nearest, field),
            None if found.is_some() => return Err(OcspReason::Ambiguous),
            None => found = Some(single),
        }
    }
    found.ok_or(OcspReason::OtherCertificate { differs: nearest })
}

fn difference(single: &Single<'_>, wanted: &CertId) -> Option<CertIdField> {
    if single.hash != wanted.hash.oid() {
        Some(CertIdField::Algorithm)
    } else if single.issuer_name != wanted.issuer_name {
        Some(CertIdField::IssuerName)
    } else if single.issuer_key != wanted.issuer_key {
        Some(CertIdField::IssuerKey)
    } else if single.serial != wanted.serial.expose_bytes() {
        Some(CertIdField::Serial)
    } else {
        None
    }
}

fn furthest(a: CertIdField, b: CertIdField) -> CertIdField {
    let rank = |field| match field {
        CertIdField::Algorithm => 0,
        CertIdField::IssuerName => 1,
        CertIdField::IssuerKey => 2,
        CertIdField::Serial => 3,
    };
    if rank(b) > rank(a) { b } else { a }
}

fn extensions_are_known(extensions: &[Extension<'_>], also: Option<Oid>) -> Result<(), OcspReason> {
    extensions
        .iter()
        .find(|extension| {
            extension.critical && !KNOWN.contains(&extension.oid) && Some(extension.oid) != also
        })
        .map_or(Ok(()), |extension| {
            Err(OcspReason::UnknownCriticalExtension { oid: extension.oid })
        })
}

/// RFC 6960 section 4.2.2.1, with a tolerance for clocks that differ. Returns until when the answer may be used again.
fn dates(
    data: &Data<'_>,
    single: &Single<'_>,
    policy: &OcspPolicy,
    now: Timestamp,
) -> Result<Timestamp, OcspReason> {
    let skew = policy.clock_skew_seconds;
    if let Some(at) = [data.produced_at, single.this_update]
        .into_iter()
        .find(|at| *at > now.plus_seconds(skew))
    {
        return Err(OcspReason::FromTheFuture { at });
    }
    let backwards = single.next_update.is_some_and(|next| next < single.this_update);
    if backwards || single.this_update > data.produced_at.plus_seconds(skew) {
        return Err(OcspReason::DatesDisagree);
    }
    let end = single
        .next_update
        .unwrap_or_else(|| single.this_update.plus_seconds(policy.assumed_lifetime_seconds));
    if now > end.plus_seconds(skew) {
        return Err(OcspReason::Expired { at: end });
    }
    let oldest = single.this_update.plus_seconds(policy.max_age_seconds);
    if now > oldest.plus_seconds(skew) {
        return Err(OcspReason::TooOld {
            this_update: single.this_update,
        });
    }
    Ok(end.min(oldest))
}

fn status(single: &Single<'_>, extensions: &[Extension<'_>]) -> OcspStatus {
    match single.status {
        SingleStatus::Good => OcspStatus::Good,
        SingleStatus::Unknown => OcspStatus::Unknown,
        // Section 2.2: never issued, said as certificateHold since 1970-01-01.
        SingleStatus::Revoked {
            at,
            reason: RevocationReason::CertificateHold,
        } if at == Timestamp::from_seconds(0) && find(extensions, EXTENDED_REVOKE).is_some() => {
            OcspStatus::Unknown
        }
        SingleStatus::Revoked { at, reason } => OcspStatus::Revoked { reason, at },
    }
}
