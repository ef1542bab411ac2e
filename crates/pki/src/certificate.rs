//! Certificates (RFC 5280 section 4.1).

use std::fmt;

use domain::Timestamp;

use crate::extension::Extensions;
use crate::key::PublicKey;
use crate::name::Name;
use crate::serial::SerialNumber;
use crate::signature::Signed;
use crate::tlv::{self, Reader};
use crate::{Reason, validity};

/// No certificate longer than this is read. A JPKI certificate has about 1.5 KB.
pub const MAX_CERTIFICATE_BYTES: usize = 16 * 1024;

/// A version 3 certificate, taken apart. Nothing in it is trusted until a [`crate::VerifiedPath`] says so.
///
/// `Debug` shows neither names nor the serial number.
#[derive(Clone, Eq, PartialEq)]
pub struct Certificate {
    der: Vec<u8>,
    serial: SerialNumber,
    issuer: Name,
    subject: Name,
    not_before: Timestamp,
    not_after: Timestamp,
    public_key: PublicKey,
    extensions: Extensions,
}

impl Certificate {
    /// Reads a DER certificate of at most [`MAX_CERTIFICATE_BYTES`].
    pub fn parse(der: &[u8]) -> Result<Self, Reason> {
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Err(Reason::TooLarge {
                limit: MAX_CERTIFICATE_BYTES,
            });
        }
        let signed = Signed::read(der)?;
        let mut tbs = signed.tbs.inside();
        let version = tbs.optional(tlv::context(0))?.ok_or(Reason::Version)?;
        if version.content != [tlv::INTEGER, 1, 2] {
            return Err(Reason::Version);
        }
        let serial = SerialNumber::from_integer(tbs.expect(tlv::INTEGER)?.content)?;
        if tbs.expect(tlv::SEQUENCE)?.whole != signed.algorithm {
            return Err(Reason::AlgorithmsDiffer);
        }
        let issuer = Name::from_der(tbs.expect(tlv::SEQUENCE)?.whole)?;
        let mut dates: Reader<'_> = tbs.expect(tlv::SEQUENCE)?.inside();
        let not_before = validity::read(&dates.any()?)?;
        let not_after = validity::read(&dates.any()?)?;
        dates.end()?;
        let subject = Name::from_der(tbs.expect(tlv::SEQUENCE)?.whole)?;
        let public_key = PublicKey::from_spki(tbs.expect(tlv::SEQUENCE)?.whole)?;
        // issuerUniqueID and subjectUniqueID, which nobody uses (primitive context tags 1 and 2).
        tbs.optional(0x81)?;
        tbs.optional(0x82)?;
        let extensions = match tbs.optional(tlv::context(3))? {
            Some(wrapped) => Extensions::read(wrapped.content)?,
            None => Extensions::default(),
        };
        tbs.end()?;
        Ok(Self {
            der: der.to_vec(),
            serial,
            issuer,
            subject,
            not_before,
            not_after,
            public_key,
            extensions,
        })
    }

    /// The whole certificate.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its serial number.
    pub fn serial(&self) -> &SerialNumber {
        &self.serial
    }

    /// Who issued it.
    pub fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// Whom it names.
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// First moment of validity.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// Last second of validity (RFC 5280 section 4.1.2.5: inclusive).
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Its key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// Its extensions.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Whether a key made its signature.
    pub(crate) fn verify_signature(&self, key: &PublicKey) -> Result<(), Reason> {
        Signed::read(&self.der)?.verify(key)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .field("key", &self.public_key.kind())
            .finish_non_exhaustive()
    }
}
