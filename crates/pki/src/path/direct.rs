//! The direct path: an end-entity certificate under a pinned, self-signed authority.

use std::fmt;

use crate::certificate::Certificate;
use crate::{Name, Reason};

/// A pinned authority: self-signed, and allowed to sign certificates. Its own dates are not looked at: pinning is an
/// act of the operator (RFC 5280 section 6.1.1 (d) takes from an anchor only name and key).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustAnchor {
    certificate: Certificate,
    key_hash: String,
}

impl TrustAnchor {
    /// Pins an authority's certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, Reason> {
        let certificate = Certificate::parse(der)?;
        let extensions = certificate.extensions();
        let is_authority = extensions
            .basic_constraints
            .is_some_and(|constraints| constraints.is_authority)
            && extensions.key_usage.is_some_and(crate::KeyUsage::key_cert_sign)
            && extensions.unknown_critical.is_empty()
            && certificate.subject() == certificate.issuer();
        if !is_authority {
            return Err(Reason::NotAnAuthority);
        }
        certificate.verify_signature(certificate.public_key())?;
        let key_hash = certificate.public_key().sha256();
        Ok(Self {
            certificate,
            key_hash,
        })
    }

    /// The authority's certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The authority's name.
    pub fn name(&self) -> &Name {
        self.certificate.subject()
    }

    /// Lower-case hexadecimal SHA-256 of the authority's SubjectPublicKeyInfo: tells key generations of one name apart.
    pub fn key_hash(&self) -> &str {
        &self.key_hash
    }
}

/// Proof that a certificate was signed by a pinned authority that has the issuer's name. Made only by
/// [`VerifiedPath::verify`], and holds on to both, so that it cannot be carried over to another certificate.
#[derive(Clone, Copy)]
pub struct VerifiedPath<'a> {
    certificate: &'a Certificate,
    anchor: &'a TrustAnchor,
}

impl<'a> VerifiedPath<'a> {
    /// Finds the anchor whose name is the certificate's issuer and whose key made its signature. The key identifier only
    /// decides which key is tried first; the signature decides which one it is.
    pub fn verify(
        certificate: &'a Certificate,
        anchors: impl IntoIterator<Item = &'a TrustAnchor>,
    ) -> Result<Self, Reason> {
        let mut named: Vec<&TrustAnchor> = anchors
            .into_iter()
            .filter(|anchor| anchor.name() == certificate.issuer())
            .collect();
        if named.is_empty() {
            return Err(Reason::UnknownIssuer);
        }
        let wanted = certificate
            .extensions()
            .authority_key_id
            .as_ref()
            .and_then(|id| id.key_id.as_deref());
        named.sort_by_key(|anchor| {
            let offered = anchor.certificate.extensions().subject_key_id.as_deref();
            wanted.is_none() || offered != wanted
        });
        let tried = named.len();
        let anchor = named
            .into_iter()
            .find(|anchor| {
                certificate
                    .verify_signature(anchor.certificate.public_key())
                    .is_ok()
            })
            .ok_or(Reason::NoIssuerKeyVerifies { tried })?;
        Ok(Self { certificate, anchor })
    }

    /// The certificate that was verified.
    pub fn certificate(&self) -> &'a Certificate {
        self.certificate
    }

    /// The authority that signed it.
    pub fn anchor(&self) -> &'a TrustAnchor {
        self.anchor
    }
}

impl fmt::Debug for VerifiedPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedPath {{ issuer_key_hash: {} }}", self.anchor.key_hash)
    }
}
