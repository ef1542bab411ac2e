//! Why XML, a signature or a key is refused.

use std::fmt;

/// A construct of XML that this reader has no use for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Construct {
    /// `<!DOCTYPE …>`: entities, and so expansion and file access.
    DocumentType,
    /// `<?…?>`
    ProcessingInstruction,
    /// `<!-- … -->`: splits text in other readers.
    Comment,
    /// `<![CDATA[ … ]]>`
    CharacterDataSection,
    /// Any version but 1.0.
    XmlVersion,
    /// Any encoding but UTF-8.
    Encoding,
    /// U+FEFF in front of the document.
    ByteOrderMark,
    /// A namespace name that is no absolute URI, or not spelled plainly.
    NamespaceName,
    /// A carriage return without line feed.
    CarriageReturn,
}

impl fmt::Display for Construct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DocumentType => "a document type declaration",
            Self::ProcessingInstruction => "a processing instruction",
            Self::Comment => "a comment",
            Self::CharacterDataSection => "a CDATA section",
            Self::XmlVersion => "an XML version other than 1.0",
            Self::Encoding => "an encoding other than UTF-8",
            Self::ByteOrderMark => "a byte order mark",
            Self::CarriageReturn => "a carriage return without line feed",
            Self::NamespaceName => "a namespace name that is no plain absolute URI",
        })
    }
}

/// Why XML, a signature or a key is refused. Texts from outside are cut to [`Reason::TEXT_LIMIT`] characters.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// More octets than allowed.
    TooLarge {
        /// Octets allowed.
        limit: usize,
    },
    /// Elements nested deeper than allowed.
    TooDeep {
        /// Levels allowed.
        limit: usize,
    },
    /// More attributes at one element than allowed.
    TooManyAttributes {
        /// Attributes allowed.
        limit: usize,
    },
    /// More namespace declarations at one element, or in all, than allowed.
    TooManyNamespaces {
        /// Declarations allowed.
        limit: usize,
    },
    /// More nodes than allowed.
    TooManyNodes {
        /// Nodes allowed.
        limit: usize,
    },
    /// Canonicalisation would write more octets than allowed.
    CanonicalTooLarge {
        /// Octets allowed.
        limit: usize,
    },
    /// Not UTF-8.
    NotUtf8,
    /// A construct that is never read.
    Forbidden(Construct),
    /// Not well-formed XML with namespaces.
    NotWellFormed,
    /// Text beside elements, or elements where text is expected.
    MixedContent {
        /// Local name of the element.
        element: String,
    },
    /// An element that has no place there.
    Unexpected {
        /// Its local name.
        element: String,
    },
    /// The source broke while it was read.
    Unreadable,
    /// Two elements with one identifier.
    IdRepeated,
    /// Not base64.
    NotBase64,
    /// A character that XML 1.0 cannot carry was to be written.
    NotXmlCharacter {
        /// The scalar value.
        code: u32,
    },
    /// An element to be signed has no `ID`.
    IdMissing,
    /// No `ds:Signature` among the children.
    SignatureMissing,
    /// More than one `ds:Signature` among the children.
    SignatureRepeated,
    /// The signature is not of the one shape that SAML core section 5.4 allows.
    SignatureShape {
        /// What is wrong with it.
        what: &'static str,
    },
    /// An algorithm outside the list.
    AlgorithmNotAllowed {
        /// Which role: signature, digest, canonicalisation, transform.
        role: &'static str,
        /// The identifier.
        uri: String,
    },
    /// The reference names something other than the element that carries the signature.
    ReferenceElsewhere,
    /// No key was given to verify with.
    NoKey,
    /// The signature value fits none of the keys.
    SignatureInvalid,
    /// The signed element is not what was signed.
    DigestMismatch,
    /// Not a public key that may be used: RSA from 2048 bits, P-256 or P-384 in `SubjectPublicKeyInfo`.
    KeyUnusable,
    /// A signature to be attached has another length than its algorithm makes.
    SignatureLength {
        /// Octets given.
        octets: usize,
    },
    /// The provider could not encrypt.
    EncryptionFailed,
    /// What was encrypted cannot be opened; in which way is told to nobody.
    DecryptionFailed,
}

impl Reason {
    /// Characters of outside text that a reason carries at most.
    pub const TEXT_LIMIT: usize = 120;

    pub(crate) fn bounded(text: &str) -> String {
        text.chars().take(Self::TEXT_LIMIT).collect()
    }

    pub(crate) fn algorithm(role: &'static str, uri: &str) -> Self {
        Self::AlgorithmNotAllowed {
            role,
            uri: Self::bounded(uri),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "larger than {limit} octets"),
            Self::TooDeep { limit } => write!(f, "nested deeper than {limit} levels"),
            Self::TooManyAttributes { limit } => write!(f, "more than {limit} attributes at one element"),
            Self::TooManyNamespaces { limit } => write!(f, "more than {limit} namespace declarations"),
            Self::TooManyNodes { limit } => write!(f, "more than {limit} nodes"),
            Self::CanonicalTooLarge { limit } => write!(f, "canonical form larger than {limit} octets"),
            Self::NotUtf8 => f.write_str("not UTF-8"),
            Self::Forbidden(construct) => write!(f, "contains {construct}"),
            Self::NotWellFormed => f.write_str("not well-formed XML"),
            Self::MixedContent { element } => write!(f, "text and elements are mixed in {element}"),
            Self::Unexpected { element } => write!(f, "{element} has no place there"),
            Self::Unreadable => f.write_str("the source broke while it was read"),
            Self::IdRepeated => f.write_str("two elements have the same identifier"),
            Self::NotBase64 => f.write_str("not base64"),
            Self::NotXmlCharacter { code } => write!(f, "U+{code:04X} cannot be written in XML"),
            Self::IdMissing => f.write_str("the element to be signed has no ID"),
            Self::SignatureMissing => f.write_str("no signature"),
            Self::SignatureRepeated => f.write_str("more than one signature"),
            Self::SignatureShape { what } => write!(f, "the signature is not of the SAML shape: {what}"),
            Self::AlgorithmNotAllowed { role, uri } => write!(f, "{role} algorithm not allowed: {uri}"),
            Self::ReferenceElsewhere => f.write_str("the signature refers to another element"),
            Self::NoKey => f.write_str("no key is registered to verify with"),
            Self::SignatureInvalid => f.write_str("the signature value fits none of the registered keys"),
            Self::DigestMismatch => f.write_str("the content is not what was signed"),
            Self::KeyUnusable => f.write_str("not a usable public key (RSA from 2048 bits, P-256, P-384)"),
            Self::SignatureLength { octets } => write!(f, "a signature of {octets} octets does not fit"),
            Self::EncryptionFailed => f.write_str("the encryption failed"),
            Self::DecryptionFailed => f.write_str("what was encrypted cannot be opened"),
        }
    }
}

impl std::error::Error for Reason {}
