//! Names as RFC 5280 section 7.1 compares them: for building and constraining paths, and nowhere else.
//!
//! Text in PrintableString and UTF8String is equal across the two types, without regard to the case of ASCII letters, to white
//! space at the ends and to how much of it is within. That is the part of RFC 4518's preparation that real
//! names need. What is left out (compatibility forms, the case of other letters) makes fewer names equal, never more.

use crate::tlv::{self, Element};
use crate::{Name, Reason};

/// A name in comparable form. The RDNs follow one another with their lengths before them, so that a name lies within
/// another exactly if its bytes begin with the other's.
#[derive(Clone, Eq, Hash, PartialEq)]
pub(crate) struct CanonicalName(Vec<u8>);

impl CanonicalName {
    pub(crate) fn of(name: &Name) -> Result<Self, Reason> {
        let mut out = Vec::with_capacity(name.as_der().len() + 16);
        let mut rdns = tlv::single(name.as_der(), tlv::SEQUENCE)?.inside();
        while !rdns.is_empty() {
            push_rdn(&mut out, &rdns.expect(tlv::SET)?)?;
        }
        Ok(Self(out))
    }

    /// This name with one more RDN (DER of a SET) behind it.
    pub(crate) fn with_rdn(&self, set: &[u8]) -> Result<Self, Reason> {
        let mut out = self.0.clone();
        push_rdn(&mut out, &tlv::single(set, tlv::SET)?)?;
        Ok(Self(out))
    }

    /// Whether the name begins with all RDNs of the other (section 4.2.1.10).
    pub(crate) fn is_within(&self, base: &Self) -> bool {
        self.0.starts_with(&base.0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn push_rdn(out: &mut Vec<u8>, rdn: &Element<'_>) -> Result<(), Reason> {
    let mut attributes = Vec::with_capacity(1);
    let mut list = rdn.inside();
    while !list.is_empty() {
        attributes.push(attribute(&list.expect(tlv::SEQUENCE)?)?);
    }
    // A SET has no order.
    attributes.sort();
    let length = attributes.iter().map(Vec::len).sum();
    push_length(out, length)?;
    for attribute in attributes {
        out.extend_from_slice(&attribute);
    }
    Ok(())
}

/// Type, kind of text, and the value prepared.
fn attribute(attribute: &Element<'_>) -> Result<Vec<u8>, Reason> {
    let mut fields = attribute.inside();
    let kind = fields.expect(tlv::OBJECT_IDENTIFIER)?;
    let value = fields.any()?;
    fields.end()?;
    let mut out = Vec::with_capacity(kind.whole.len() + value.content.len() + 8);
    out.extend_from_slice(kind.whole);
    let length_at = out.len();
    match value.tag {
        // PrintableString is UTF8String with fewer characters.
        0x0c | 0x13 => out.push(0x0c),
        other => out.push(other),
    }
    match value.tag {
        0x0c | 0x13 | 0x16 => push_prepared(&mut out, value.content),
        _ => out.extend_from_slice(value.content),
    }
    let mut whole = Vec::with_capacity(out.len() + 4);
    push_length(&mut whole, out.len() - length_at)?;
    whole.append(&mut out);
    Ok(whole)
}

/// Lower case in ASCII, white space trimmed and run together.
fn push_prepared(out: &mut Vec<u8>, text: &[u8]) {
    let mut gap = false;
    let mut begun = false;
    for byte in text {
        if matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c) {
            gap = begun;
        } else {
            if gap {
                out.push(b' ');
                gap = false;
            }
            begun = true;
            out.push(byte.to_ascii_lowercase());
        }
    }
}

fn push_length(out: &mut Vec<u8>, length: usize) -> Result<(), Reason> {
    let length = u32::try_from(length).map_err(|_| Reason::Malformed { field: "Name" })?;
    out.extend_from_slice(&length.to_be_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CN: [u8; 5] = [6, 3, 0x55, 4, 3];
    const OU: [u8; 5] = [6, 3, 0x55, 4, 11];

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag, u8::try_from(content.len()).unwrap()];
        out.extend_from_slice(content);
        out
    }

    fn atv(kind: [u8; 5], tag: u8, text: &str) -> Vec<u8> {
        tlv(0x30, &[&kind[..], &tlv(tag, text.as_bytes())].concat())
    }

    fn name(rdns: &[Vec<Vec<u8>>]) -> CanonicalName {
        let rdns: Vec<u8> = rdns
            .iter()
            .flat_map(|attributes| tlv(0x31, &attributes.concat()))
            .collect();
        CanonicalName::of(&Name::from_der(&tlv(0x30, &rdns)).unwrap()).unwrap()
    }

    fn one(tag: u8, text: &str) -> CanonicalName {
        name(&[vec![atv(CN, tag, text)]])
    }

    #[test]
    fn what_is_equal() {
        assert!(one(0x13, "Good CA") == one(0x0c, " good   ca "));
        assert!(one(0x0c, "認証局") == one(0x0c, "認証局"));
        let both = |first: &str, second: &str| name(&[vec![atv(CN, 0x0c, first), atv(OU, 0x0c, second)]]);
        let turned = name(&[vec![atv(OU, 0x0c, "B"), atv(CN, 0x0c, "A")]]);
        assert!(both("a", "b") == turned);
    }

    #[test]
    fn what_is_not() {
        assert!(one(0x13, "Good CA") != one(0x13, "GoodCA"));
        assert!(one(0x13, "Good CA") != one(0x16, "Good CA"));
        // Teletex and BMP strings are compared as the bytes they are.
        assert!(one(0x14, "Good CA") != one(0x14, "good ca"));
        assert!(one(0x0c, "Ä") != one(0x0c, "ä"));
        let one_rdn = name(&[vec![atv(CN, 0x0c, "a"), atv(OU, 0x0c, "b")]]);
        let two_rdns = name(&[vec![atv(CN, 0x0c, "a")], vec![atv(OU, 0x0c, "b")]]);
        assert!(one_rdn != two_rdns);
    }

    #[test]
    fn within_means_whole_rdns() {
        let base = name(&[vec![atv(OU, 0x13, "Permitted")]]);
        let below = name(&[vec![atv(OU, 0x0c, "permitted")], vec![atv(CN, 0x0c, "x")]]);
        let beside = name(&[vec![atv(OU, 0x0c, "permitted too")], vec![atv(CN, 0x0c, "x")]]);
        assert!(below.is_within(&base) && base.is_within(&base));
        assert!(!beside.is_within(&base) && !base.is_within(&below));
        assert!(below.is_within(&name(&[])));
    }
}
