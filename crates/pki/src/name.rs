//! Distinguished names, compared as the bytes they are.

use std::fmt;

use crate::{Oid, Reason, tlv};

mod canonical;
pub(crate) use canonical::CanonicalName;

const MAX_ATTRIBUTES: usize = 32;

/// A distinguished name: its DER, equal to another only byte by byte. One JPKI name has two OU RDNs, and three key
/// generations share one name, so a name is never a map of attributes and never chooses a key.
///
/// `Debug` shows nothing, since a subject's CN names a person.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Name(Vec<u8>);

impl Name {
    /// Reads a name; every attribute must be well formed.
    pub fn from_der(der: &[u8]) -> Result<Self, Reason> {
        let name = Self(der.to_vec());
        name.attributes()?;
        Ok(name)
    }

    /// The DER.
    pub fn as_der(&self) -> &[u8] {
        &self.0
    }

    /// Every attribute in order, an RDN's own attributes in their order: kind, and text where it is UTF-8 compatible
    /// (other string types give an empty text). For recognising published authority names and for tests; never for
    /// choosing a key.
    pub fn attributes(&self) -> Result<Vec<(Oid, String)>, Reason> {
        let mut all = Vec::new();
        let mut rdns = tlv::single(&self.0, tlv::SEQUENCE)?.inside();
        while !rdns.is_empty() {
            let mut rdn = rdns.expect(tlv::SET)?.inside();
            if rdn.is_empty() {
                return Err(Reason::Malformed {
                    field: "RelativeDistinguishedName",
                });
            }
            while !rdn.is_empty() {
                if all.len() >= MAX_ATTRIBUTES {
                    return Err(Reason::Malformed { field: "Name" });
                }
                let mut attribute = rdn.expect(tlv::SEQUENCE)?.inside();
                let kind = tlv::oid(&attribute.expect(tlv::OBJECT_IDENTIFIER)?)?;
                let value = attribute.any()?;
                attribute.end()?;
                // UTF8String, PrintableString, IA5String.
                let text = match value.tag {
                    0x0c | 0x13 | 0x16 => {
                        std::str::from_utf8(value.content).map_err(|_| Reason::Malformed {
                            field: "AttributeValue",
                        })?
                    }
                    _ => "",
                };
                all.push((kind, text.to_owned()));
            }
        }
        Ok(all)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Name(***)")
    }
}
