//! X.509 mechanism: bytes and facts in, verdict out.
//!
//! **Owns** reading of certificates and revocation lists with bounds on everything, signature verification, the direct
//! path from an end-entity certificate to a pinned authority ([`VerifiedPath`]), paths over intermediate authorities by
//! RFC 5280 section 6 with bounded building ([`find_path`]), and the verification of a TLS CertificateVerify
//! ([`verify_possession`]).
//!
//! **Deliberately absent**: any profile (that is `jpki`), clocks, network, files. Names are compared as bytes, never as maps of
//! attributes: one JPKI name has two OU. Only paths over intermediate authorities compare them as section 7.1 does.
//!
//! **Neighbours**: `revocation` keeps what lists say; `jpki` decides which certificate may do what.
//!
//! **One more extension**: a field of [`Extensions`], its decoding in `extension.rs`, its rows in the tests. One more
//! signature scheme: a row in `possession.rs` or `signature.rs`.

#![allow(clippy::doc_markdown, reason = "ASN.1 names its types in camel case")]

mod certificate;
pub mod cms;
mod crl;
mod document_signature;
mod extension;
mod key;
mod name;
pub mod ocsp;
mod path;
mod possession;
mod reason;
mod serial;
mod signature;
mod tlv;
mod validity;

pub use certificate::{Certificate, MAX_CERTIFICATE_BYTES};
pub use crl::{
    Crl, CrlEntries, CrlEntry, CrlLimits, CrlNumber, CrlScope, EntrySink, MAX_CRL_BYTES, RevocationReason,
    StreamRefusal, StreamedCrl,
};
pub use document_signature::{DigestAlgorithm, DocumentScheme, Padding, verify_document};
pub use extension::{
    AccessDescription, AuthorityKeyId, BasicConstraints, DistributionPoint, Extensions, GeneralName,
    KeyUsage, NameConstraints, PointName, Policies, Policy, PolicyConstraints, PolicyMapping, ReasonSet,
};
pub use key::{KeyKind, KeyNumbers, PublicKey};
pub use name::Name;
pub use path::{
    AnchorUse, Anchors, Attempt, Bound, Budget, Explanation, Fact, Form, Issuers, Mark, PathInputs,
    PathReason, PathRefusal, RevocationList, RevocationLists, Rule, Status, StatusGap, Step, Target,
    TrustAnchor, ValidatedPath, VerifiedPath, Work, find_path,
};
pub use possession::{TlsVersion, verify_possession};
pub use reason::Reason;
pub use serial::SerialNumber;
pub use signature::verify as verify_signature;

/// An object identifier.
pub type Oid = der::asn1::ObjectIdentifier;
