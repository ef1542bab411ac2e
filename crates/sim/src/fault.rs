//! Faults on demand: what may be wrong with a simulated certificate.

use serde::{Deserialize, Serialize};

/// One thing wrong with a card's certificate.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Its validity ended a day before issue.
    Expired,
    /// Its validity begins 30 days after issue.
    NotYetValid,
    /// A policy that nobody registered.
    WrongPolicy,
    /// No certificatePolicies at all.
    NoPolicy,
    /// certificatePolicies of the signing certificate, from the right authority.
    SigningPolicy,
    /// No keyUsage at all.
    NoKeyUsage,
    /// keyUsage keyEncipherment instead of digitalSignature.
    WrongKeyUsage,
    /// keyUsage digitalSignature and keyCertSign.
    AuthorityKeyUsage,
    /// No extendedKeyUsage at all.
    NoExtendedKeyUsage,
    /// extendedKeyUsage serverAuth instead of clientAuth.
    WrongExtendedKeyUsage,
    /// The content of keyUsage is no BIT STRING.
    MangledExtension,
    /// subjectKeyIdentifier twice.
    DuplicateExtension,
    /// A critical extension that nobody knows.
    UnknownCriticalExtension,
    /// basicConstraints say that it is an authority.
    AuthorityCertificate,
    /// RSA with 1024 bits.
    WeakKey,
    /// The 署名用 certificate of the same person, from the 署名用 authority.
    SigningCertificate,
    /// Issued by an authority that nobody pinned.
    ForeignAuthority,
    /// Issued under the production names (`O=JPKI`) by a simulated key.
    ProductionNamed,
    /// Issued under the right name, signed by a key that is not the authority's.
    ForgedSignature,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 19] = [
        Self::Expired,
        Self::NotYetValid,
        Self::WrongPolicy,
        Self::NoPolicy,
        Self::SigningPolicy,
        Self::NoKeyUsage,
        Self::WrongKeyUsage,
        Self::AuthorityKeyUsage,
        Self::NoExtendedKeyUsage,
        Self::WrongExtendedKeyUsage,
        Self::MangledExtension,
        Self::DuplicateExtension,
        Self::UnknownCriticalExtension,
        Self::AuthorityCertificate,
        Self::WeakKey,
        Self::SigningCertificate,
        Self::ForeignAuthority,
        Self::ProductionNamed,
        Self::ForgedSignature,
    ];
}
