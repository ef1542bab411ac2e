//! Signatures over documents: which schemes count, and their verification with a certificate's key.
//!
//! A document's signature and a CMS signature are made by the same key over different things: the bytes of the document,
//! or a SET OF attributes. Whoever holds a signed SET OF attributes must not be able to show it as a signed document, so
//! [`verify_document`] refuses documents of that form (the other direction is closed in [`crate::cms`]).

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};

use crate::cms;
use crate::key::{KeyKind, PublicKey};

/// A digest algorithm that counts: SHA-2 (FIPS 180-4). SHA-1 and MD5 have no place here.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum DigestAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl DigestAlgorithm {
    /// The digest of bytes.
    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => &SHA256,
            Self::Sha384 => &SHA384,
            Self::Sha512 => &SHA512,
        };
        digest::digest(algorithm, bytes).as_ref().to_vec()
    }

    /// Length in bytes.
    pub const fn length(self) -> u8 {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The usual spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }
}

/// How a key is used.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Padding {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2), verified strictly: the card's own scheme.
    RsaPkcs1,
    /// RSASSA-PSS (RFC 8017 section 8.1) with MGF1 over the same digest and a salt of its length.
    RsaPss,
    /// ECDSA on P-256 or P-384, the signature as ASN.1 SEQUENCE (RFC 3279 section 2.2.3).
    Ecdsa,
}

/// A signature scheme over a document.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct DocumentScheme {
    /// The digest.
    pub digest: DigestAlgorithm,
    /// The use of the key.
    pub padding: Padding,
}

impl DocumentScheme {
    /// Every scheme that counts, with its name on outer interfaces (the names of RFC 7518 section 3.1).
    pub const ALL: [(&'static str, Self); 9] = {
        use DigestAlgorithm::{Sha256, Sha384, Sha512};
        use Padding::{Ecdsa, RsaPkcs1, RsaPss};
        const fn scheme(padding: Padding, digest: DigestAlgorithm) -> DocumentScheme {
            DocumentScheme { digest, padding }
        }
        [
            ("RS256", scheme(RsaPkcs1, Sha256)),
            ("RS384", scheme(RsaPkcs1, Sha384)),
            ("RS512", scheme(RsaPkcs1, Sha512)),
            ("PS256", scheme(RsaPss, Sha256)),
            ("PS384", scheme(RsaPss, Sha384)),
            ("PS512", scheme(RsaPss, Sha512)),
            ("ES256", scheme(Ecdsa, Sha256)),
            ("ES384", scheme(Ecdsa, Sha384)),
            ("ES512", scheme(Ecdsa, Sha512)),
        ]
    };

    /// Reads a name of [`Self::ALL`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, scheme)| *scheme)
    }

    /// The name in [`Self::ALL`].
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == self)
            .map_or("", |(name, _)| *name)
    }

    /// What the crypto provider calls it, for a kind of key.
    fn verifier(self, key: KeyKind) -> Option<&'static dyn VerificationAlgorithm> {
        use DigestAlgorithm::{Sha256, Sha384, Sha512};
        use Padding::{Ecdsa, RsaPkcs1, RsaPss};
        Some(match (self.padding, self.digest, key) {
            (RsaPkcs1, Sha256, KeyKind::Rsa { .. }) => &RSA_PKCS1_2048_8192_SHA256,
            (RsaPkcs1, Sha384, KeyKind::Rsa { .. }) => &RSA_PKCS1_2048_8192_SHA384,
            (RsaPkcs1, Sha512, KeyKind::Rsa { .. }) => &RSA_PKCS1_2048_8192_SHA512,
            (RsaPss, Sha256, KeyKind::Rsa { .. }) => &RSA_PSS_2048_8192_SHA256,
            (RsaPss, Sha384, KeyKind::Rsa { .. }) => &RSA_PSS_2048_8192_SHA384,
            (RsaPss, Sha512, KeyKind::Rsa { .. }) => &RSA_PSS_2048_8192_SHA512,
            (Ecdsa, Sha256, KeyKind::P256) => &ECDSA_P256_SHA256_ASN1,
            (Ecdsa, Sha384, KeyKind::P256) => &ECDSA_P256_SHA384_ASN1,
            (Ecdsa, Sha512, KeyKind::P256) => &ECDSA_P256_SHA512_ASN1,
            (Ecdsa, Sha256, KeyKind::P384) => &ECDSA_P384_SHA256_ASN1,
            (Ecdsa, Sha384, KeyKind::P384) => &ECDSA_P384_SHA384_ASN1,
            (Ecdsa, Sha512, KeyKind::P384) => &ECDSA_P384_SHA512_ASN1,
            _ => return None,
        })
    }

    pub(crate) fn verify(self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), cms::Reason> {
        let algorithm = self
            .verifier(key.kind())
            .ok_or(cms::Reason::SchemeDoesNotFitKey)?;
        UnparsedPublicKey::new(algorithm, key.key_bytes())
            .verify(message, signature)
            .map_err(|_| cms::Reason::BadSignature)
    }
}

/// Verifies a bare signature over the bytes of a document.
///
/// # Errors
/// [`cms::Reason::DocumentIsSignedAttributes`] where the document is what CMS signatures are made over,
/// [`cms::Reason::SchemeDoesNotFitKey`], [`cms::Reason::BadSignature`].
pub fn verify_document(
    key: &PublicKey,
    scheme: DocumentScheme,
    document: &[u8],
    signature: &[u8],
) -> Result<(), cms::Reason> {
    if cms::is_signed_attributes(document) {
        return Err(cms::Reason::DocumentIsSignedAttributes);
    }
    scheme.verify(key, document, signature)
}
