//! A reader of the kind that the papers broke, so that it is known what the permutations do: it looks for a signature anywhere, resolves
//! its reference to the first element of that identifier anywhere, and then takes the message from the place where messages stand.
//!
//! Nothing of it is in the product. A permutation that fools nobody proves nothing.

use xml::dsig::{SignatureAlgorithm, VerificationKey};
use xml::{Document, Element, Limits};

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Whether such a reader takes the document for signed.
pub(crate) fn believes(document: &str, keys: &[VerificationKey]) -> bool {
    let Ok(document) = Document::parse(document.as_bytes(), &Limits::metadata()) else {
        return false;
    };
    let all = everything(document.root());
    all.iter()
        .filter(|element| element.is(DSIG, "Signature"))
        .any(|signature| holds(*signature, &all, keys) == Some(true))
}

fn everything(root: Element<'_>) -> Vec<Element<'_>> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(element) = found.get(next).copied() {
        found.extend(element.elements().unwrap_or_default());
        next += 1;
    }
    found
}

fn holds(signature: Element<'_>, all: &[Element<'_>], keys: &[VerificationKey]) -> Option<bool> {
    let parts = signature.elements().ok()?;
    let (info, value) = (parts.first()?, parts.get(1)?);
    let reference = *info.elements().ok()?.get(2)?;
    let id = reference.attribute("URI")?.strip_prefix('#')?;
    let digest = xml::decode_base64(&reference.elements().ok()?.get(2)?.text().ok()?).ok()?;
    let target = all.iter().find(|element| element.attribute("ID") == Some(id))?;
    let text = |element: Element<'_>| String::from_utf8(xml::canonicalise(element, &[]).ok()?).ok();
    // The enveloped signature goes; a detached one is not inside, and nothing goes.
    let octets = text(*target)?.replacen(&text(signature)?, "", 1);
    let value = xml::decode_base64(&value.text().ok()?).ok()?;
    let info = xml::canonicalise(*info, &[]).ok()?;
    let signed = keys
        .iter()
        .any(|key| key.verify(SignatureAlgorithm::RsaSha256, &info, &value).is_ok());
    Some(signed && xml::sha256(octets.as_bytes()).as_slice() == digest)
}
