//! A reader of the kind that the papers broke, so that it is known what the permutations do: it looks for a signature anywhere, resolves
//! its reference to the first element of that identifier anywhere, and then takes the message from the place where messages stand.
//!
//! Nothing of it is in the product. A permutation that fools nobody proves nothing.

use xml::dsig::{SignatureAlgorithm, VerificationKey};
use xml::{Document, Element, Limits};

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Whether such a reader takes the document for signed, and then reads what was forged: of what was signed and what the attacker put
/// instead, the one that it comes upon first outside of signatures.
pub(crate) fn is_fooled(document: &str, keys: &[VerificationKey], forged: (&str, &str)) -> bool {
    let Ok(document) = Document::parse(document.as_bytes(), &Limits::metadata()) else {
        return false;
    };
    let all = everything(document.root());
    all.iter()
        .filter(|element| element.is(DSIG, "Signature"))
        .any(|signature| holds(*signature, &all, keys) == Some(true))
        && first_of(document.root(), forged) == Some(forged.1)
}

fn first_of<'f>(element: Element<'_>, (honest, forged): (&'f str, &'f str)) -> Option<&'f str> {
    let which = |value: &str| [forged, honest].into_iter().find(|one| value.contains(one));
    if element.is(DSIG, "Signature") {
        return None;
    }
    let in_attributes = element.attributes().find_map(|(_, _, value)| which(value));
    in_attributes.or_else(|| match element.elements() {
        Ok(inside) if !inside.is_empty() => {
            inside.into_iter().find_map(|one| first_of(one, (honest, forged)))
        }
        _ => which(&element.text().ok()?),
    })
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
