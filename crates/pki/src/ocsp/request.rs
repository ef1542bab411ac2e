//! Questions (RFC 6960 section 4.1): one certificate, a nonce, no signature.

use std::fmt;

use aws_lc_rs::digest::{self, Algorithm};

use crate::path::TrustAnchor;
use crate::serial::SerialNumber;
use crate::{Oid, tlv};

/// id-pkix-ocsp-nonce.
pub(super) const NONCE: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.1.2");
const SHA1: Oid = Oid::new_unwrap("1.3.14.3.2.26");
const SHA256: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.1");

/// RFC 9654 section 2.1. Clients are to send 32.
pub const MAX_NONCE_BYTES: usize = 128;

/// How a CertID names the issuer. A name only: no security rests on it, since the signature decides who answered and the
/// issuer's key is pinned.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CertIdHash {
    /// What older responders know, the only hash of the lightweight profile (RFC 5019).
    Sha1,
    /// RFC 6960, RFC 9654.
    Sha256,
}

impl CertIdHash {
    pub(super) const fn oid(self) -> Oid {
        match self {
            Self::Sha1 => SHA1,
            Self::Sha256 => SHA256,
        }
    }

    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
        }
    }

    fn of(self, bytes: &[u8]) -> Vec<u8> {
        digest::digest(self.algorithm(), bytes).as_ref().to_vec()
    }
}

/// Names a certificate on the wire (section 4.1.1).
#[derive(Clone, Eq, PartialEq)]
pub(super) struct CertId {
    pub(super) hash: CertIdHash,
    pub(super) issuer_name: Vec<u8>,
    pub(super) issuer_key: Vec<u8>,
    pub(super) serial: SerialNumber,
}

/// A question about one certificate. `Debug` shows neither the serial number nor the bytes.
#[derive(Clone, Eq, PartialEq)]
pub struct OcspRequest {
    der: Vec<u8>,
    cert_id: CertId,
    nonce: Option<Vec<u8>>,
    issuer_key_hash: String,
}

impl OcspRequest {
    /// Asks about the certificate that `issuer` issued under `serial`. `nonce` has 1 to [`MAX_NONCE_BYTES`] unpredictable bytes
    /// (32 by RFC 9654); an empty or longer one is left out, and then a policy that requires it accepts no answer.
    pub fn new(issuer: &TrustAnchor, serial: &SerialNumber, hash: CertIdHash, nonce: Option<&[u8]>) -> Self {
        let nonce = nonce.filter(|nonce| (1..=MAX_NONCE_BYTES).contains(&nonce.len()));
        let cert_id = CertId {
            hash,
            issuer_name: hash.of(issuer.name().as_der()),
            issuer_key: hash.of(issuer.certificate().public_key().key_bytes()),
            serial: serial.clone(),
        };
        Self {
            der: encode(&cert_id, nonce),
            cert_id,
            nonce: nonce.map(<[u8]>::to_vec),
            issuer_key_hash: issuer.key_hash().to_owned(),
        }
    }

    /// The bytes of an application/ocsp-request.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    pub(super) fn cert_id(&self) -> &CertId {
        &self.cert_id
    }

    pub(super) fn nonce(&self) -> Option<&[u8]> {
        self.nonce.as_deref()
    }

    pub(super) fn issuer_key_hash(&self) -> &str {
        &self.issuer_key_hash
    }
}

impl fmt::Debug for OcspRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OcspRequest")
            .field("hash", &self.cert_id.hash)
            .field("nonce", &self.nonce.is_some())
            .finish_non_exhaustive()
    }
}

fn encode(cert_id: &CertId, nonce: Option<&[u8]>) -> Vec<u8> {
    let identifier = |oid: Oid| element(tlv::OBJECT_IDENTIFIER, oid.as_bytes());
    let algorithm = element(
        tlv::SEQUENCE,
        // NULL parameters, as every deployed responder expects them.
        &[identifier(cert_id.hash.oid()), vec![5, 0]].concat(),
    );
    let mut serial = cert_id.serial.expose_bytes().to_vec();
    if serial.first().is_some_and(|first| *first >= 0x80) {
        serial.insert(0, 0);
    }
    let cert_id = element(
        tlv::SEQUENCE,
        &[
            algorithm,
            element(tlv::OCTET_STRING, &cert_id.issuer_name),
            element(tlv::OCTET_STRING, &cert_id.issuer_key),
            element(tlv::INTEGER, &serial),
        ]
        .concat(),
    );
    let list = element(tlv::SEQUENCE, &element(tlv::SEQUENCE, &cert_id));
    let extensions = nonce.map_or_else(Vec::new, |nonce| {
        let value = element(tlv::OCTET_STRING, &element(tlv::OCTET_STRING, nonce));
        let extension = element(tlv::SEQUENCE, &[identifier(NONCE), value].concat());
        element(tlv::context(2), &element(tlv::SEQUENCE, &extension))
    });
    let request = element(tlv::SEQUENCE, &[list, extensions].concat());
    element(tlv::SEQUENCE, &request)
}

/// Tag, length, content. A question is far shorter than 64 KiB by construction.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let [.., high, low] = content.len().to_be_bytes();
    match (high, low) {
        (0, 0..=0x7f) => out.push(low),
        (0, _) => out.extend([0x81, low]),
        _ => out.extend([0x82, high, low]),
    }
    out.extend_from_slice(content);
    out
}
