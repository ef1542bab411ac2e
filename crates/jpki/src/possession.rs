//! Proof, outside TLS, that whoever sent a certificate holds its key: a signature over a statement of ours.
//!
//! The statement is the verifier's own octets, written from what it stored; the provider hashes them here. There is no
//! way in for a digest that somebody else made.

use std::fmt;

use pki::{PublicKey, TlsVersion, verify_possession};

/// How a statement was signed. The card pads a `DigestInfo` with PKCS#1 v1.5 today; the next card signs ECDSA.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum StatementAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2).
    RsaPkcs1Sha256,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256, a salt of 32 octets (RFC 8017 section 8.1).
    RsaPssSha256,
    /// ECDSA on P-256 with SHA-256, DER form.
    EcdsaP256Sha256,
    /// ECDSA on P-384 with SHA-384, DER form.
    EcdsaP384Sha384,
}

impl StatementAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 4] = [
        Self::RsaPkcs1Sha256,
        Self::RsaPssSha256,
        Self::EcdsaP256Sha256,
        Self::EcdsaP384Sha384,
    ];

    /// The spelling on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RsaPkcs1Sha256 => "rsa-pkcs1-sha256",
            Self::RsaPssSha256 => "rsa-pss-sha256",
            Self::EcdsaP256Sha256 => "ecdsa-p256-sha256",
            Self::EcdsaP384Sha384 => "ecdsa-p384-sha384",
        }
    }

    /// Reads [`Self::as_str`].
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text)
    }

    /// The provider's algorithm by its TLS code point: the same strict verification as at the certificate door, by
    /// which a key below 2048 bits can prove possession with PKCS#1 v1.5, so that its weakness is told and not only "bad
    /// signature".
    const fn scheme(self) -> (TlsVersion, u16) {
        match self {
            Self::RsaPkcs1Sha256 => (TlsVersion::Tls12, 0x0401),
            Self::RsaPssSha256 => (TlsVersion::Tls13, 0x0804),
            Self::EcdsaP256Sha256 => (TlsVersion::Tls13, 0x0403),
            Self::EcdsaP384Sha384 => (TlsVersion::Tls13, 0x0503),
        }
    }
}

/// Why possession is not proven.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PossessionReason {
    /// No key can be read from the certificate.
    Unreadable(pki::Reason),
    /// The certificate's key is of another kind than the algorithm's.
    OtherKey,
    /// The signature is not over this statement with this key.
    BadSignature,
}

impl fmt::Display for PossessionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(reason) => write!(f, "no key can be read from the certificate: {reason}"),
            Self::OtherKey => f.write_str("the certificate's key is of another kind"),
            Self::BadSignature => f.write_str("the signature is not over this statement with this key"),
        }
    }
}

impl std::error::Error for PossessionReason {}

/// That whoever sent this certificate signed a statement of ours with its key. Made only here. Says nothing about the
/// certificate: [`crate::evaluate`] does.
#[derive(Clone)]
pub struct Possession<'a> {
    certificate: &'a [u8],
    algorithm: StatementAlgorithm,
}

impl<'a> Possession<'a> {
    /// Verifies a signature over a statement that the verifier wrote itself.
    pub fn by_statement(
        certificate: &'a [u8],
        algorithm: StatementAlgorithm,
        statement: &[u8],
        signature: &[u8],
    ) -> Result<Self, PossessionReason> {
        let key = PublicKey::of_certificate(certificate).map_err(PossessionReason::Unreadable)?;
        let (version, scheme) = algorithm.scheme();
        match verify_possession(&key, version, scheme, statement, signature) {
            Ok(()) => Ok(Self {
                certificate,
                algorithm,
            }),
            Err(pki::Reason::SchemeNotAllowed { .. }) => Err(PossessionReason::OtherKey),
            Err(_) => Err(PossessionReason::BadSignature),
        }
    }

    /// The certificate whose key signed.
    pub fn certificate(&self) -> &'a [u8] {
        self.certificate
    }

    /// How it was signed.
    pub fn algorithm(&self) -> StatementAlgorithm {
        self.algorithm
    }
}

impl fmt::Debug for Possession<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Possession({})", self.algorithm.as_str())
    }
}
