//! GeneralName (RFC 5280 section 4.2.1.6): what alternative names, name constraints and distribution points are made of.

use std::fmt;

use crate::tlv::{self, Element, Reader};
use crate::{Name, Oid, Reason};

/// No list of general names is longer than this (a bound on work; the size of a certificate bounds it too).
const MAX_NAMES: usize = 1024;

/// One name. `Debug` tells its form only, since it may name a person.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum GeneralName {
    /// rfc822Name.
    Email(String),
    /// dNSName.
    Dns(String),
    /// directoryName.
    Directory(Name),
    /// uniformResourceIdentifier.
    Uri(String),
    /// iPAddress: in a certificate 4 or 16 bytes, in a constraint an address and its mask.
    Ip(Vec<u8>),
    /// Any other form (otherName, x400Address, ediPartyName, registeredID): its number and its DER.
    Other {
        /// The number of the form in the CHOICE.
        form: u8,
        /// The whole element.
        der: Vec<u8>,
    },
}

impl GeneralName {
    /// The number of the form in the CHOICE.
    pub fn form(&self) -> u8 {
        match self {
            Self::Email(_) => 1,
            Self::Dns(_) => 2,
            Self::Directory(_) => 4,
            Self::Uri(_) => 6,
            Self::Ip(_) => 7,
            Self::Other { form, .. } => *form,
        }
    }

    /// An otherName that holds a UTF8String: its type and its text. `None` for any other form; another value, or one that is not
    /// DER, is malformed.
    pub fn other_text(&self) -> Option<Result<(Oid, &str), Reason>> {
        match self {
            Self::Other { form: 0, der } => Some(other_text(der)),
            _ => None,
        }
    }

    pub(crate) fn read(element: &Element<'_>) -> Result<Self, Reason> {
        Ok(match element.tag {
            0x81 => Self::Email(ia5(element.content)?),
            0x82 => Self::Dns(ia5(element.content)?),
            // directoryName is a CHOICE, so its tag is explicit.
            0xa4 => Self::Directory(Name::from_der(element.content)?),
            0x86 => Self::Uri(ia5(element.content)?),
            0x87 => Self::Ip(element.content.to_vec()),
            0xa0 | 0xa3 | 0xa5 | 0x88 => Self::Other {
                form: element.tag & 0x1f,
                der: element.whole.to_vec(),
            },
            _ => {
                return Err(Reason::Malformed { field: "GeneralName" });
            }
        })
    }
}

impl fmt::Debug for GeneralName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GeneralName([{}] ***)", self.form())
    }
}

/// `[0] IMPLICIT SEQUENCE { type-id OBJECT IDENTIFIER, value [0] EXPLICIT UTF8String }`
fn other_text(der: &[u8]) -> Result<(Oid, &str), Reason> {
    let mut fields = tlv::single(der, tlv::context(0))?.inside();
    let oid = tlv::oid(&fields.expect(tlv::OBJECT_IDENTIFIER)?)?;
    let mut wrapped = fields.expect(tlv::context(0))?.inside();
    fields.end()?;
    let text = wrapped.expect(tlv::UTF8_STRING)?.content;
    wrapped.end()?;
    let text = std::str::from_utf8(text).map_err(|_| Reason::Malformed { field: "UTF8String" })?;
    Ok((oid, text))
}

fn ia5(content: &[u8]) -> Result<String, Reason> {
    match std::str::from_utf8(content) {
        Ok(text) if text.is_ascii() => Ok(text.to_owned()),
        _ => Err(Reason::Malformed { field: "IA5String" }),
    }
}

/// The names inside a GeneralNames, of which there must be one at least.
pub(crate) fn names(mut list: Reader<'_>) -> Result<Vec<GeneralName>, Reason> {
    let mut all = Vec::new();
    while !list.is_empty() {
        if all.len() >= MAX_NAMES {
            return Err(Reason::Malformed {
                field: "GeneralNames",
            });
        }
        all.push(GeneralName::read(&list.any()?)?);
    }
    if all.is_empty() {
        Err(Reason::Malformed {
            field: "GeneralNames",
        })
    } else {
        Ok(all)
    }
}

/// subjectAltName and issuerAltName.
pub(super) fn alternative_names(value: &[u8]) -> Result<Vec<GeneralName>, Reason> {
    let names = names(tlv::single(value, tlv::SEQUENCE)?.inside())?;
    let lengths_hold = names.iter().all(|name| match name {
        GeneralName::Ip(address) => matches!(address.len(), 4 | 16),
        _ => true,
    });
    if lengths_hold {
        Ok(names)
    } else {
        Err(Reason::Malformed { field: "iPAddress" })
    }
}
