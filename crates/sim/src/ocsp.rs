//! OCSP (RFC 6960) as the simulated J-LIS speaks it: reading requests, writing answers, right or wrong.
//!
//! The answer carries the certificate of a delegated responder, which the key generation that issued the certificate in question
//! has certified (section 4.2.2.2). The links of J-LIS ride in a singleExtension under an object identifier of ours, since the
//! real one is not public:
//!
//! ```text
//! Links ::= SEQUENCE OF SEQUENCE {
//!     kind           ENUMERATED { predecessor(0), successor(1), signing(2), authentication(3), phone(4), card(5) },
//!     caKind         ENUMERATED { userAuthentication(0), digitalSignature(1) },
//!     issuerKeyHash  OCTET STRING (SIZE (32)),   -- SHA-256 of the issuing SubjectPublicKeyInfo
//!     serial         INTEGER }
//! ```

use aws_lc_rs::digest;
use domain::Timestamp;

use crate::SimError;
use crate::asn1::{self, Oid};
use crate::authority::{Authority, CaKind};
use crate::certificate::{
    self, DIGITAL_SIGNATURE, Unsigned, extended_key_usage, extension, key_usage, oids, signed,
    subject_key_identifier,
};
use crate::crl::RevocationReason;
use crate::keys::{KeyAlgorithm, KeyCache, PrivateKey, Seed};
use crate::simulation::CertificateLink;

/// Where the links ride by default: a placeholder of ours under the JPKI arc.
pub const DEFAULT_LINK_OID: &str = "1.2.392.200149.8.5.99.1";

const BASIC: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.1.1");
const NONCE: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.1.2");
const NO_CHECK: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.1.5");
const OCSP_SIGNING: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.3.9");
const SHA1: Oid = Oid::new_unwrap("1.3.14.3.2.26");
const SHA256: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.1");
const SEQUENCE: u8 = 0x30;
const OCTET_STRING: u8 = 0x04;
const DAY_SECONDS: i64 = 86_400;

/// Which certificate is asked about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct CertId {
    /// The whole CertID, to be echoed.
    pub(crate) der: Vec<u8>,
    algorithm: Vec<u8>,
    name_hash: Vec<u8>,
    key_hash: Vec<u8>,
    pub(crate) serial: u64,
}

/// A request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct OcspRequest {
    pub(crate) asked: Vec<CertId>,
    /// The content of the nonce extension's extnValue.
    pub(crate) nonce: Option<Vec<u8>>,
}

impl OcspRequest {
    /// At most 32 questions; `None` for what is no request.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        const MAX_QUESTIONS: usize = 32;
        let (request, _) = asn1::expect(SEQUENCE, der)?;
        let (mut rest, _) = asn1::expect(SEQUENCE, request)?;
        for optional in [0xa0, 0xa1] {
            if let Some((_, after)) = asn1::expect(optional, rest) {
                rest = after;
            }
        }
        let (mut list, rest) = asn1::expect(SEQUENCE, rest)?;
        let mut asked = Vec::new();
        while !list.is_empty() {
            let (single, after) = asn1::expect(SEQUENCE, list)?;
            asked.push(CertId::read(single)?);
            list = after;
            if asked.len() > MAX_QUESTIONS {
                return None;
            }
        }
        let nonce = match asn1::expect(0xa2, rest) {
            Some((extensions, _)) => Self::nonce(extensions).ok()?,
            None => None,
        };
        Some(Self { asked, nonce })
    }

    /// The nonce among requestExtensions.
    fn nonce(extensions: &[u8]) -> Result<Option<Vec<u8>>, Unreadable> {
        let (mut list, _) = asn1::expect(SEQUENCE, extensions).ok_or(Unreadable)?;
        while !list.is_empty() {
            let (one, after) = asn1::expect(SEQUENCE, list).ok_or(Unreadable)?;
            let (kind, mut rest) = asn1::expect(0x06, one).ok_or(Unreadable)?;
            if let Some((_, value)) = asn1::expect(0x01, rest) {
                rest = value;
            }
            if kind == NONCE.as_bytes() {
                let (value, _) = asn1::expect(OCTET_STRING, rest).ok_or(Unreadable)?;
                return Ok(Some(value.to_vec()));
            }
            list = after;
        }
        Ok(None)
    }
}

/// Extensions that are none.
struct Unreadable;

impl CertId {
    fn read(request: &[u8]) -> Option<Self> {
        let (der, _) = asn1::whole(request)?;
        let (id, _) = asn1::expect(SEQUENCE, der)?;
        let (algorithm, rest) = asn1::expect(SEQUENCE, id)?;
        let (algorithm, _) = asn1::expect(0x06, algorithm)?;
        let (name_hash, rest) = asn1::expect(OCTET_STRING, rest)?;
        let (key_hash, rest) = asn1::expect(OCTET_STRING, rest)?;
        let (serial, _) = asn1::expect(0x02, rest)?;
        let significant: Vec<u8> = serial.iter().copied().skip_while(|byte| *byte == 0).collect();
        if significant.len() > 8 {
            return None;
        }
        Some(Self {
            der: der.to_vec(),
            algorithm: algorithm.to_vec(),
            name_hash: name_hash.to_vec(),
            key_hash: key_hash.to_vec(),
            serial: significant
                .iter()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        })
    }

    /// Whether it is this authority's certificate (RFC 6960 section 4.1.1): SHA-1 or SHA-256 of name and key.
    pub(crate) fn names(&self, authority: &Authority) -> bool {
        let algorithm = if self.algorithm == SHA1.as_bytes() {
            &digest::SHA1_FOR_LEGACY_USE_ONLY
        } else if self.algorithm == SHA256.as_bytes() {
            &digest::SHA256
        } else {
            return false;
        };
        digest::digest(algorithm, &authority.name).as_ref() == self.name_hash
            && digest::digest(algorithm, &authority.key.public_bytes()).as_ref() == self.key_hash
    }

    /// The same question about another serial number.
    pub(crate) fn about(&self, serial: u64) -> Vec<u8> {
        let algorithm = asn1::sequence(&[asn1::tlv(0x06, &self.algorithm), asn1::null()]);
        asn1::sequence(&[
            algorithm,
            asn1::octet_string(&self.name_hash),
            asn1::octet_string(&self.key_hash),
            asn1::integer(serial),
        ])
    }
}

/// What is said about a certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Status {
    Good,
    Revoked(Timestamp, RevocationReason),
    Unknown,
}

/// One answer within a response.
#[derive(Clone, Debug)]
pub(crate) struct Single {
    pub(crate) cert_id: Vec<u8>,
    pub(crate) status: Status,
    pub(crate) this_update: Timestamp,
    pub(crate) next_update: Option<Timestamp>,
    /// DER of singleExtensions' elements.
    pub(crate) extensions: Vec<Vec<u8>>,
}

impl Single {
    fn der(&self) -> Vec<u8> {
        let status = match self.status {
            Status::Good => asn1::context_primitive(0, &[]),
            Status::Revoked(at, reason) => {
                let mut parts = vec![asn1::generalized_time(at)];
                if reason != RevocationReason::Unspecified {
                    parts.push(asn1::context(0, &asn1::enumerated(reason.code())));
                }
                asn1::context(1, &parts.concat())
            }
            Status::Unknown => asn1::context_primitive(2, &[]),
        };
        let mut parts = vec![
            self.cert_id.clone(),
            status,
            asn1::generalized_time(self.this_update),
        ];
        parts.extend(
            self.next_update
                .map(|at| asn1::context(0, &asn1::generalized_time(at))),
        );
        if !self.extensions.is_empty() {
            parts.push(asn1::context(1, &asn1::sequence(&self.extensions)));
        }
        asn1::sequence(&parts)
    }
}

/// The link extension. `issuer_key_hash` of each link must be hexadecimal, or it becomes empty.
pub(crate) fn link_extension(identifier: Oid, links: &[CertificateLink]) -> Vec<u8> {
    let all: Vec<Vec<u8>> = links
        .iter()
        .map(|link| {
            let kind = match link.name.ca_kind {
                CaKind::UserAuthentication => 0,
                CaKind::DigitalSignature => 1,
            };
            asn1::sequence(&[
                asn1::enumerated(link.kind.code()),
                asn1::enumerated(kind),
                asn1::octet_string(&unhex(&link.name.issuer_key_hash)),
                asn1::unsigned(&unhex(&link.name.serial)),
            ])
        })
        .collect();
    extension(identifier, false, &asn1::sequence(&all))
}

fn unhex(text: &str) -> Vec<u8> {
    let (pairs, _) = text.as_bytes().as_chunks::<2>();
    pairs
        .iter()
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// How a responder's certificate is made.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum ResponderFlaw {
    None,
    /// Without id-kp-OCSPSigning.
    NoPurpose,
    /// It ended yesterday.
    Expired,
}

/// A delegated responder of one authority.
#[derive(Clone, Debug)]
pub(crate) struct Responder {
    name: Vec<u8>,
    key: PrivateKey,
    certificate: Vec<u8>,
}

impl Responder {
    /// Certified by the authority from a day before `now` for thirty days.
    pub(crate) fn generate(
        cache: &KeyCache,
        seed: &Seed,
        authority: &Authority,
        flaw: ResponderFlaw,
        now: Timestamp,
    ) -> Result<Self, SimError> {
        let key = cache.key(seed, "OCSP responder", KeyAlgorithm::Rsa2048)?;
        let name = certificate::name(&[
            (oids::COUNTRY, "JP"),
            (oids::ORGANIZATION, "JPKI-TEST"),
            (oids::COMMON_NAME, "Simulated OCSP responder"),
        ]);
        let (not_before, not_after) = if flaw == ResponderFlaw::Expired {
            (
                now.plus_seconds(-30 * DAY_SECONDS),
                now.plus_seconds(-DAY_SECONDS),
            )
        } else {
            (now.plus_seconds(-DAY_SECONDS), now.plus_seconds(30 * DAY_SECONDS))
        };
        let mut extensions = vec![key_usage(DIGITAL_SIGNATURE)];
        if flaw != ResponderFlaw::NoPurpose {
            extensions.push(extended_key_usage(OCSP_SIGNING));
        }
        let issuer_identifier =
            asn1::sequence(&[asn1::context_primitive(0, &authority.key.key_identifier())]);
        extensions.extend([
            extension(NO_CHECK, false, &asn1::null()),
            extension(oids::AUTHORITY_KEY_IDENTIFIER, false, &issuer_identifier),
            subject_key_identifier(&key.key_identifier()),
        ]);
        let certificate = Unsigned {
            serial: vec![0x7f, authority.generation, u8::from(flaw == ResponderFlaw::None)],
            issuer: &authority.name,
            subject: &name,
            not_before,
            not_after,
            spki: &key.spki(),
            extensions,
        }
        .sign(&authority.key)?;
        Ok(Self {
            name,
            key,
            certificate,
        })
    }

    /// A successful response.
    pub(crate) fn response(
        &self,
        by_name: bool,
        produced_at: Timestamp,
        singles: &[Single],
        nonce: Option<&[u8]>,
    ) -> Result<Vec<u8>, SimError> {
        let responder = if by_name {
            asn1::context(1, &self.name)
        } else {
            asn1::context(2, &asn1::octet_string(&self.key.key_identifier()))
        };
        let singles: Vec<Vec<u8>> = singles.iter().map(Single::der).collect();
        let mut parts = vec![
            responder,
            asn1::generalized_time(produced_at),
            asn1::sequence(&singles),
        ];
        if let Some(nonce) = nonce {
            let extensions = asn1::sequence(&[extension(NONCE, false, nonce)]);
            parts.push(asn1::context(1, &extensions));
        }
        let mut basic = signed(&asn1::sequence(&parts), self.key.signature_algorithm(), &self.key)?;
        // SIGNED{} with one member more: the certificates.
        let certificates = asn1::context(0, &asn1::sequence(std::slice::from_ref(&self.certificate)));
        if let Some((content, _)) = asn1::expect(SEQUENCE, &basic) {
            basic = asn1::sequence(&[content.to_vec(), certificates]);
        }
        let bytes = asn1::sequence(&[asn1::oid(BASIC), asn1::octet_string(&basic)]);
        Ok(asn1::sequence(&[asn1::enumerated(0), asn1::context(0, &bytes)]))
    }
}

/// A response that only says why there is no answer (RFC 6960 section 4.2.1): 1 malformedRequest, 2 internalError,
/// 3 tryLater, 6 unauthorized.
pub(crate) fn unsuccessful(status: u8) -> Vec<u8> {
    asn1::sequence(&[asn1::enumerated(status)])
}

/// A nonce extension's value with other bytes of the same length.
pub(crate) fn another_nonce(nonce: &[u8]) -> Vec<u8> {
    let mut other = nonce.to_vec();
    if let Some(last) = other.last_mut() {
        *last ^= 0xff;
    }
    other
}
