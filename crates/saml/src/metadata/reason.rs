//! Why metadata is refused.

use std::fmt;

/// Why metadata is refused: said to the operator who imports it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum MetadataReason {
    /// Refused by the reader.
    Xml(xml::Reason),
    /// The root is not `md:EntityDescriptor`.
    NotEntityDescriptor {
        /// Its local name.
        found: String,
    },
    /// No SAML 2.0 `md:SPSSODescriptor`.
    NotServiceProvider,
    /// More than one SAML 2.0 `md:SPSSODescriptor`.
    SeveralServiceProviders,
    /// A required element or attribute is missing.
    Missing {
        /// Its name.
        what: &'static str,
    },
    /// A value is not of its type.
    InvalidValue {
        /// Of which element or attribute.
        what: &'static str,
    },
    /// No assertion consumer service that we answer: HTTP-POST, or HTTP-Artifact with a signing key.
    NoAcs,
    /// More of something than is read.
    TooMany {
        /// Of which element.
        what: &'static str,
    },
    /// Two sets of attributes have one index.
    AttributeSetRepeated {
        /// The index.
        index: u16,
    },
    /// Two assertion consumer services have one index.
    AcsIndexRepeated {
        /// The index.
        index: u16,
    },
    /// A location that is not `https`, nor `http` on this machine.
    InsecureLocation {
        /// The location.
        location: String,
    },
    /// A key without a certificate.
    KeyWithoutCertificate,
    /// A certificate that cannot be read.
    CertificateUnreadable,
    /// A key of another kind or too short: RSA from 2048 bits, P-256, P-384; RSA only for encryption.
    KeyUnusable,
    /// It lists methods of signatures or digests that it can verify, and not the one that everything is signed with here.
    AlgorithmNotListed {
        /// The element.
        what: &'static str,
        /// Ours.
        ours: &'static str,
    },
    /// Requests are signed, and there is no key to verify them with.
    SignedWithoutKey,
}

impl From<xml::Reason> for MetadataReason {
    fn from(reason: xml::Reason) -> Self {
        Self::Xml(reason)
    }
}

impl fmt::Display for MetadataReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Xml(reason) => write!(f, "{reason}"),
            Self::NotEntityDescriptor { found } => {
                write!(
                    f,
                    "the root must be EntityDescriptor (one entity per file), not {found}"
                )
            }
            Self::NotServiceProvider => f.write_str("no SPSSODescriptor for SAML 2.0"),
            Self::SeveralServiceProviders => f.write_str("more than one SPSSODescriptor for SAML 2.0"),
            Self::Missing { what } => write!(f, "{what} is missing"),
            Self::InvalidValue { what } => write!(f, "the value of {what} is not of its type"),
            Self::NoAcs => f.write_str(
                "no AssertionConsumerService with the HTTP-POST binding, nor with HTTP-Artifact and a signing key",
            ),
            Self::TooMany { what } => write!(f, "too many {what}"),
            Self::AttributeSetRepeated { index } => {
                write!(f, "two AttributeConsumingService elements have index {index}")
            }
            Self::AcsIndexRepeated { index } => {
                write!(f, "two AssertionConsumerService elements have index {index}")
            }
            Self::InsecureLocation { location } => {
                write!(f, "the location must be https (or http on localhost): {location}")
            }
            Self::KeyWithoutCertificate => f.write_str("a KeyDescriptor has no X509Certificate"),
            Self::CertificateUnreadable => f.write_str("an X509Certificate cannot be read"),
            Self::KeyUnusable => f.write_str(
                "a key is not usable: RSA from 2048 bits, P-256 or P-384; RSA only for encryption",
            ),
            Self::AlgorithmNotListed { what, ours } => write!(
                f,
                "its {what} elements do not list what is used here: {ours}; ask the service for metadata that lists it, or lists none"
            ),
            Self::SignedWithoutKey => f.write_str("AuthnRequestsSigned is true and there is no signing key"),
        }
    }
}

impl std::error::Error for MetadataReason {}
