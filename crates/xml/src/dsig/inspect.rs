//! What a verification compared, for whoever has to explain a refusal. It walks the steps of `verify.rs` by the same functions and judges
//! nothing: no key is tried here, and what comes out proves nothing.

use aws_lc_rs::digest::{SHA256, digest};

use super::verify::{SignedInfo, as_strs, canonical_info, parts, the_one_signature};
use super::{DigestAlgorithm, SignatureAlgorithm};
use crate::c14n::canonicalise_without;
use crate::{Document, Element, Reason};

/// What the one signature of an element says, and what the element really is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Inspection {
    /// How it is signed.
    pub algorithm: SignatureAlgorithm,
    /// Octets of `SignedInfo` in canonical form: what the signature value is over.
    pub signed_info_octets: usize,
    /// Their SHA-256.
    pub signed_info_sha256: Vec<u8>,
    /// `URI` of the reference.
    pub reference: String,
    /// `ID` of the element that carries the signature.
    pub id: String,
    /// How the element is digested.
    pub digest_algorithm: DigestAlgorithm,
    /// `DigestValue`, as it stands.
    pub digest_claimed: Vec<u8>,
    /// The digest of the element as it came.
    pub digest_computed: Vec<u8>,
    /// Octets of the element in canonical form, without the signature: what the digest is over.
    pub canonical_octets: usize,
}

impl Inspection {
    /// Looks at the signature that is a child of `element`. Fails where the verification could not read it either.
    pub fn of(element: Element<'_>) -> Result<Self, Reason> {
        let signature = the_one_signature(element)?;
        let (signed_info, _) = parts(signature)?;
        let canonical_info = canonical_info(signed_info)?;
        let document = Document::parse(&canonical_info, element.limits())?;
        let info = SignedInfo::read(document.root())?;
        let canonical = canonicalise_without(element, &as_strs(&info.prefixes), Some(signature))?;
        Ok(Self {
            algorithm: info.algorithm,
            signed_info_octets: canonical_info.len(),
            signed_info_sha256: digest(&SHA256, &canonical_info).as_ref().to_vec(),
            reference: info.reference,
            id: element.attribute("ID").unwrap_or_default().to_owned(),
            digest_algorithm: info.digest_algorithm,
            digest_claimed: info.digest,
            digest_computed: info.digest_algorithm.digest(&canonical).as_ref().to_vec(),
            canonical_octets: canonical.len(),
        })
    }
}
