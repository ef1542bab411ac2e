//! Why a signed message was refused.

use std::fmt;

use crate::Oid;

/// A refusal of this room. Facts about structure only, never contents.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// More bytes than allowed.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// Indefinite lengths or strings in pieces (BER). The sender must encode in DER: with OpenSSL, without `-stream` and
    /// `-indef`.
    IndefiniteLength,
    /// Not readable.
    Unreadable(crate::Reason),
    /// Another content type than id-signedData.
    NotSignedData {
        /// Which.
        oid: Oid,
    },
    /// A version that RFC 5652 does not give to this form.
    Version,
    /// No signer.
    NoSigner,
    /// More signers than allowed.
    TooManySigners {
        /// The limit.
        limit: usize,
    },
    /// More certificates than allowed.
    TooManyCertificates {
        /// The limit.
        limit: usize,
    },
    /// More attributes than allowed.
    TooManyAttributes {
        /// The limit.
        limit: usize,
    },
    /// A digest algorithm that does not count (SHA-1 and MD5 among them).
    DigestNotAllowed {
        /// Which.
        oid: Oid,
    },
    /// A signature algorithm that does not count, or its parameters.
    SignatureAlgorithmNotAllowed {
        /// Which.
        oid: Oid,
    },
    /// The signer's digest algorithm is not the one in its signature algorithm, or is not announced by the message.
    DigestsDiffer,
    /// The message carries no document and none was given beside it.
    DocumentMissing,
    /// The message carries another document than the one given beside it.
    DocumentsDiffer,
    /// The signer signed no attributes.
    NoSignedAttributes,
    /// The signed attributes are not a DER SET OF: not in ascending order.
    AttributesNotDer,
    /// An attribute twice.
    DuplicateAttribute {
        /// Which.
        oid: Oid,
    },
    /// An attribute that must be there is not.
    AttributeMissing {
        /// Which.
        oid: Oid,
    },
    /// An attribute's value is not what its identifier promises.
    MalformedAttribute {
        /// Which.
        oid: Oid,
    },
    /// The signed content-type is not the message's.
    ContentTypeDiffers,
    /// The document is not the one that was signed.
    DocumentDigestDiffers,
    /// Nobody supplied the signer's certificate.
    SignerCertificateMissing,
    /// Several certificates fit the signer's identifier.
    SignerCertificateAmbiguous,
    /// The signing-certificate attribute (RFC 5035) names another certificate.
    SignerCertificateDiffers,
    /// The scheme is not one for this kind of key.
    SchemeDoesNotFitKey,
    /// The signature does not verify.
    BadSignature,
    /// A bare signature over a SET OF CMS attributes: what was signed is a CMS message and not this "document".
    DocumentIsSignedAttributes,
}

impl From<crate::Reason> for Reason {
    fn from(reason: crate::Reason) -> Self {
        Self::Unreadable(reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "more than {limit} bytes"),
            Self::IndefiniteLength => {
                f.write_str("indefinite-length encoding: encode the message in DER, without streaming")
            }
            Self::Unreadable(reason) => write!(f, "unreadable: {reason}"),
            Self::NotSignedData { oid } => write!(f, "content type {oid} is not SignedData"),
            Self::Version => f.write_str("unsupported version"),
            Self::NoSigner => f.write_str("no signer"),
            Self::TooManySigners { limit } => write!(f, "more than {limit} signers"),
            Self::TooManyCertificates { limit } => write!(f, "more than {limit} certificates"),
            Self::TooManyAttributes { limit } => write!(f, "more than {limit} attributes"),
            Self::DigestNotAllowed { oid } => write!(f, "digest algorithm {oid} is not allowed"),
            Self::SignatureAlgorithmNotAllowed { oid } => {
                write!(f, "signature algorithm {oid}, or its parameters, are not allowed")
            }
            Self::DigestsDiffer => f.write_str("digest and signature algorithm do not agree"),
            Self::DocumentMissing => f.write_str("no document in the message nor beside it"),
            Self::DocumentsDiffer => f.write_str("the document in the message is not the one beside it"),
            Self::NoSignedAttributes => f.write_str("no signed attributes"),
            Self::AttributesNotDer => f.write_str("signed attributes are not in DER order"),
            Self::DuplicateAttribute { oid } => write!(f, "attribute {oid} appears twice"),
            Self::AttributeMissing { oid } => write!(f, "attribute {oid} is missing"),
            Self::MalformedAttribute { oid } => write!(f, "attribute {oid} is malformed"),
            Self::ContentTypeDiffers => f.write_str("the signed content type is not the message's"),
            Self::DocumentDigestDiffers => f.write_str("the document is not the one that was signed"),
            Self::SignerCertificateMissing => f.write_str("the signer's certificate is not at hand"),
            Self::SignerCertificateAmbiguous => f.write_str("several certificates fit the signer"),
            Self::SignerCertificateDiffers => f.write_str("the signer named another certificate"),
            Self::SchemeDoesNotFitKey => f.write_str("the scheme does not fit the key"),
            Self::BadSignature => f.write_str("signature does not verify"),
            Self::DocumentIsSignedAttributes => {
                f.write_str("the document has the form of CMS signed attributes")
            }
        }
    }
}

impl std::error::Error for Reason {}
