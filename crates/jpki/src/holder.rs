//! The proof that every rule held.

use std::fmt;

use domain::{RevocationGeneration, Timestamp};
use pki::{SerialNumber, VerifiedPath};

use crate::authority::CaKind;

/// Whoever holds a certificate that passed every rule. Made only by [`crate::evaluate`]. Says nothing about possession of the
/// key: the TLS handshake does.
///
/// `Debug` shows neither the serial number nor the end of validity (it falls on the holder's birthday).
#[derive(Clone, Eq, PartialEq)]
pub struct Holder {
    ca_kind: CaKind,
    issuer_key_hash: String,
    serial: SerialNumber,
    not_before: Timestamp,
    not_after: Timestamp,
    checked_generation: RevocationGeneration,
    distribution_points: Vec<Vec<u8>>,
}

impl Holder {
    pub(crate) fn new(
        path: &VerifiedPath<'_>,
        ca_kind: CaKind,
        checked_generation: RevocationGeneration,
    ) -> Self {
        Self {
            ca_kind,
            issuer_key_hash: path.anchor().key_hash().to_owned(),
            serial: path.certificate().serial().clone(),
            not_before: path.certificate().not_before(),
            not_after: path.certificate().not_after(),
            checked_generation,
            distribution_points: path.certificate().extensions().distribution_points.clone(),
        }
    }

    /// Which authority issued the certificate.
    pub fn ca_kind(&self) -> CaKind {
        self.ca_kind
    }

    /// Lower-case hexadecimal SHA-256 of the issuing key's SubjectPublicKeyInfo: which generation.
    pub fn issuer_key_hash(&self) -> &str {
        &self.issuer_key_hash
    }

    /// The serial number: for the digest, the vault and the predecessor question only.
    pub fn serial(&self) -> &SerialNumber {
        &self.serial
    }

    /// First second of validity: when it was issued.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// Last second of validity.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// At which state of the revocation data the certificate was good.
    pub fn checked_generation(&self) -> RevocationGeneration {
        self.checked_generation
    }

    /// Its cRLDistributionPoints (DER `GeneralName`s): which lists speak about it. Of a card they name the municipality that issued it.
    pub fn distribution_points(&self) -> &[Vec<u8>] {
        &self.distribution_points
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Holder")
            .field("ca_kind", &self.ca_kind)
            .field("issuer_key_hash", &self.issuer_key_hash)
            .field("checked_generation", &self.checked_generation)
            .finish_non_exhaustive()
    }
}
