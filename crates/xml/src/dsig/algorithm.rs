//! The algorithms that are allowed, and no other (RFC 9231 and XML Signature 1.1 identifiers).

use aws_lc_rs::digest;

use crate::Reason;

/// A digest of a reference.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum DigestAlgorithm {
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl DigestAlgorithm {
    /// Every digest.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// The identifier.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
            Self::Sha384 => "http://www.w3.org/2001/04/xmldsig-more#sha384",
            Self::Sha512 => "http://www.w3.org/2001/04/xmlenc#sha512",
        }
    }

    /// By identifier, octet by octet.
    pub fn from_uri(uri: &str) -> Result<Self, Reason> {
        Self::ALL
            .into_iter()
            .find(|a| a.uri() == uri)
            .ok_or_else(|| Reason::algorithm("digest", uri))
    }

    pub(crate) fn provider(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }

    pub(crate) fn digest(self, octets: &[u8]) -> digest::Digest {
        digest::digest(self.provider(), octets)
    }
}

/// A signature algorithm. SHA-1 and MD5 are not among them; nor is DSA.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256: what every service provider understands.
    RsaSha256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RsaSha384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaSha512,
    /// ECDSA with SHA-256 (P-256 or P-384).
    EcdsaSha256,
    /// ECDSA with SHA-384 (P-256 or P-384).
    EcdsaSha384,
}

impl SignatureAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 5] = [
        Self::RsaSha256,
        Self::RsaSha384,
        Self::RsaSha512,
        Self::EcdsaSha256,
        Self::EcdsaSha384,
    ];

    /// The identifier.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::RsaSha256 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            Self::RsaSha384 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
            Self::RsaSha512 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
            Self::EcdsaSha256 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
            Self::EcdsaSha384 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
        }
    }

    /// By identifier, octet by octet.
    pub fn from_uri(uri: &str) -> Result<Self, Reason> {
        Self::ALL
            .into_iter()
            .find(|a| a.uri() == uri)
            .ok_or_else(|| Reason::algorithm("signature", uri))
    }

    /// The digest of the same length, used for the reference when we sign.
    pub const fn digest(self) -> DigestAlgorithm {
        match self {
            Self::RsaSha256 | Self::EcdsaSha256 => DigestAlgorithm::Sha256,
            Self::RsaSha384 | Self::EcdsaSha384 => DigestAlgorithm::Sha384,
            Self::RsaSha512 => DigestAlgorithm::Sha512,
        }
    }

    /// Whether the key is on an elliptic curve.
    pub const fn is_ecdsa(self) -> bool {
        matches!(self, Self::EcdsaSha256 | Self::EcdsaSha384)
    }
}
