//! Verification: SAML core section 5.4 to the letter, key first, signature value before digest, and the message
//! read from the octets that were signed.
//!
//! Its tests need signers of other stacks and stand in `tests/xmlsec1/`; the attacks stand in `saml`.

use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::{
    DigestAlgorithm, ENVELOPED_SIGNATURE, EXCLUSIVE_C14N, NAMESPACE, SignatureAlgorithm, VerificationKey,
};
use crate::c14n::canonicalise_without;
use crate::{Document, Element, Limits, Reason, canonicalise, decode_base64};

/// Elements of `SignedInfo`, itself among them: those that SAML core 5.4 allows are twelve, with two lists of prefixes.
const MOST_OF_SIGNED_INFO: usize = 16;
/// Prefixes that a list may name: signers list those of their own vocabulary.
const MOST_PREFIXES: usize = 64;

/// Proof that these octets were signed by one of the given keys. Only [`verify`] makes it.
///
/// The octets are the canonical form of the signed element without its signature: a message is read from
/// [`Verified::document`] and from nowhere else.
pub struct Verified {
    canonical: Vec<u8>,
    algorithm: SignatureAlgorithm,
    key: usize,
    limits: Limits,
}

impl std::fmt::Debug for Verified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Verified({} octets, {:?})",
            self.canonical.len(),
            self.algorithm
        )
    }
}

impl Verified {
    /// The octets that were signed.
    pub fn canonical(&self) -> &[u8] {
        &self.canonical
    }

    /// The document that was signed.
    pub fn document(&self) -> Result<Document<'_>, Reason> {
        // Declarations that stood once at the top repeat in canonical form; the first reading bounded them.
        let limits = Limits {
            size: self.limits.size.saturating_mul(2),
            namespaces: self.limits.namespaces.saturating_mul(16),
            ..self.limits
        };
        Document::parse(&self.canonical, &limits)
    }

    /// How it was signed.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Which of the given keys signed it, counted from 0.
    pub fn key(&self) -> usize {
        self.key
    }
}

/// Verifies the one signature that is a direct child of `element` and covers `element`.
///
/// The keys come from registered metadata; `ds:KeyInfo` is never read. More than one is given during a roll-over.
pub fn verify(element: Element<'_>, keys: &[VerificationKey]) -> Result<Verified, Reason> {
    element.require_unique_ids()?;
    let info = check_info(element, keys)?;
    let canonical = canonicalise_without(element, &as_strs(&info.prefixes), Some(info.signature))?;
    let digest = info.digest_algorithm.digest(&canonical);
    verify_slices_are_equal(digest.as_ref(), &info.digest).map_err(|_| Reason::DigestMismatch)?;
    Ok(Verified {
        canonical,
        algorithm: info.algorithm,
        key: info.key,
        limits: *element.limits(),
    })
}

/// What a signature that holds says of the element that it covers; the digest is still to be compared.
pub(crate) struct CheckedInfo<'d> {
    /// The signature.
    pub(crate) signature: Element<'d>,
    /// How it was signed.
    pub(crate) algorithm: SignatureAlgorithm,
    /// Which of the given keys signed it.
    pub(crate) key: usize,
    /// Prefixes that the element is canonicalised with.
    pub(crate) prefixes: Vec<String>,
    /// How the element is digested.
    pub(crate) digest_algorithm: DigestAlgorithm,
    /// What comes out.
    pub(crate) digest: Vec<u8>,
}

/// Verifies the signature value of the one signature that is a direct child of `element` and refers to it.
pub(crate) fn check_info<'d>(
    element: Element<'d>,
    keys: &[VerificationKey],
) -> Result<CheckedInfo<'d>, Reason> {
    let id = element
        .attribute("ID")
        .filter(|id| !id.is_empty())
        .ok_or(Reason::IdMissing)?;
    let signature = the_one_signature(element)?;
    let (signed_info, value) = parts(signature)?;

    let canonical_info = canonical_info(signed_info)?;
    // From here on SignedInfo is read from the octets whose signature is checked, not from the tree beside them.
    let info_document = Document::parse(&canonical_info, element.limits())?;
    let info = SignedInfo::read(info_document.root())?;
    if info.reference != format!("#{id}") {
        return Err(Reason::ReferenceElsewhere);
    }

    if keys.is_empty() {
        return Err(Reason::NoKey);
    }
    let value = decode_base64(&value.text()?)?;
    let key = keys
        .iter()
        .position(|key| key.verify(info.algorithm, &canonical_info, &value).is_ok())
        .ok_or(Reason::SignatureInvalid)?;
    Ok(CheckedInfo {
        signature,
        algorithm: info.algorithm,
        key,
        prefixes: info.prefixes,
        digest_algorithm: info.digest_algorithm,
        digest: info.digest,
    })
}

/// The octets that the signature value is over. Nobody vouches for `SignedInfo` yet, so it is counted before any work is done on it.
pub(super) fn canonical_info(signed_info: Element<'_>) -> Result<Vec<u8>, Reason> {
    let elements = signed_info
        .node()
        .descendants()
        .filter(roxmltree::Node::is_element);
    if elements.take(MOST_OF_SIGNED_INFO + 1).count() > MOST_OF_SIGNED_INFO {
        return Err(shape("elements of SignedInfo"));
    }
    let prefixes = canonicalisation(child(signed_info, 0, "CanonicalizationMethod")?)?;
    canonicalise(signed_info, &as_strs(&prefixes))
}

/// SAML core 5.4.1: the signature is a child of the element that it covers, and there is one.
pub(super) fn the_one_signature(element: Element<'_>) -> Result<Element<'_>, Reason> {
    let mut found = element
        .elements()?
        .into_iter()
        .filter(|e| e.is(NAMESPACE, "Signature"));
    let one = found.next().ok_or(Reason::SignatureMissing)?;
    if found.next().is_some() {
        return Err(Reason::SignatureRepeated);
    }
    Ok(one)
}

/// `SignedInfo`, `SignatureValue`, at most `KeyInfo`; no `Object`, which is where wrapping attacks keep the original.
pub(super) fn parts(signature: Element<'_>) -> Result<(Element<'_>, Element<'_>), Reason> {
    let children = signature.elements()?;
    let optional = children.get(2..).unwrap_or(&[]);
    if optional.len() > 1 || optional.iter().any(|e| !e.is(NAMESPACE, "KeyInfo")) {
        return Err(shape("children of Signature"));
    }
    Ok((
        child(signature, 0, "SignedInfo")?,
        child(signature, 1, "SignatureValue")?,
    ))
}

pub(super) struct SignedInfo {
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) reference: String,
    pub(super) prefixes: Vec<String>,
    pub(super) digest_algorithm: DigestAlgorithm,
    pub(super) digest: Vec<u8>,
}

impl SignedInfo {
    pub(super) fn read(info: Element<'_>) -> Result<Self, Reason> {
        exactly(info, 3, "children of SignedInfo")?;
        canonicalisation(child(info, 0, "CanonicalizationMethod")?)?;
        let method = child(info, 1, "SignatureMethod")?;
        exactly(method, 0, "parameters of SignatureMethod")?;
        let algorithm = SignatureAlgorithm::from_uri(algorithm_of(method)?)?;
        let reference = child(info, 2, "Reference")?;
        exactly(reference, 3, "children of Reference")?;
        // SAML core 5.4.2: a same-document reference to the ID of the parent. An empty URI means the whole document,
        // which the text forbids.
        let uri = reference.attribute("URI").ok_or(Reason::ReferenceElsewhere)?;
        let prefixes = transforms(child(reference, 0, "Transforms")?)?;
        let digest_method = child(reference, 1, "DigestMethod")?;
        exactly(digest_method, 0, "parameters of DigestMethod")?;
        Ok(Self {
            algorithm,
            reference: uri.to_owned(),
            prefixes,
            digest_algorithm: DigestAlgorithm::from_uri(algorithm_of(digest_method)?)?,
            digest: decode_base64(&child(reference, 2, "DigestValue")?.text()?)?,
        })
    }
}

/// SAML core 5.4.4: enveloped-signature, then exclusive canonicalisation; each once, in this order.
fn transforms(transforms: Element<'_>) -> Result<Vec<String>, Reason> {
    exactly(transforms, 2, "number of transforms")?;
    let enveloped = child(transforms, 0, "Transform")?;
    if algorithm_of(enveloped)? != ENVELOPED_SIGNATURE {
        return Err(Reason::algorithm("transform", algorithm_of(enveloped)?));
    }
    exactly(enveloped, 0, "parameters of a transform")?;
    let canonical = child(transforms, 1, "Transform")?;
    if algorithm_of(canonical)? != EXCLUSIVE_C14N {
        return Err(Reason::algorithm("transform", algorithm_of(canonical)?));
    }
    inclusive_prefixes(canonical)
}

pub(super) fn canonicalisation(method: Element<'_>) -> Result<Vec<String>, Reason> {
    let algorithm = algorithm_of(method)?;
    if algorithm != EXCLUSIVE_C14N {
        return Err(Reason::algorithm("canonicalisation", algorithm));
    }
    inclusive_prefixes(method)
}

fn inclusive_prefixes(method: Element<'_>) -> Result<Vec<String>, Reason> {
    let children = method.elements()?;
    match children.as_slice() {
        [] => Ok(Vec::new()),
        [list] if list.is(EXCLUSIVE_C14N, "InclusiveNamespaces") => {
            exactly(*list, 0, "children of InclusiveNamespaces")?;
            let prefixes = list.attribute("PrefixList").unwrap_or("");
            let mut prefixes = prefixes.split_ascii_whitespace().map(str::to_owned);
            let read = prefixes.by_ref().take(MOST_PREFIXES).collect();
            match prefixes.next() {
                None => Ok(read),
                Some(_) => Err(shape("number of inclusive prefixes")),
            }
        }
        _ => Err(shape("parameters of canonicalisation")),
    }
}

fn algorithm_of(element: Element<'_>) -> Result<&str, Reason> {
    element
        .attribute("Algorithm")
        .ok_or(shape("Algorithm is missing"))
}

pub(super) fn child<'d>(
    parent: Element<'d>,
    position: usize,
    local: &'static str,
) -> Result<Element<'d>, Reason> {
    parent
        .elements()?
        .get(position)
        .copied()
        .filter(|e| e.is(NAMESPACE, local))
        .ok_or(shape(local))
}

fn exactly(element: Element<'_>, number: usize, what: &'static str) -> Result<(), Reason> {
    if element.elements()?.len() == number {
        Ok(())
    } else {
        Err(shape(what))
    }
}

const fn shape(what: &'static str) -> Reason {
    Reason::SignatureShape { what }
}

pub(super) fn as_strs(prefixes: &[String]) -> Vec<&str> {
    prefixes.iter().map(String::as_str).collect()
}
