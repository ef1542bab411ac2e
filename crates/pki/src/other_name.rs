//! The otherNames of a certificate's subjectAltName (RFC 5280 section 4.2.1.6).

use std::fmt;

use crate::tlv::{self, Element, Reader};
use crate::{Certificate, Oid, Reason};

const SUBJECT_ALT_NAME: Oid = Oid::new_unwrap("2.5.29.17");
const MAX_NAMES: usize = 64;
/// AnotherName as a GeneralName: `[0]` IMPLICIT SEQUENCE.
const OTHER_NAME: u8 = 0xa0;
const UTF8_STRING: u8 = 0x0c;

/// One otherName whose value is a UTF8String. `Debug` shows the kind only: a JPKI certificate says the holder's name here.
#[derive(Clone, Eq, PartialEq)]
pub struct OtherName {
    /// type-id.
    pub kind: Oid,
    /// value.
    pub text: String,
}

impl fmt::Debug for OtherName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OtherName({})", self.kind)
    }
}

impl OtherName {
    /// Every otherName of a certificate in order; none where it has no subjectAltName. Other kinds of names are skipped, and
    /// so are otherNames of other arcs than `within` (dotted, such as `1.2.392.200149.8.5.5`), whatever their value.
    ///
    /// # Errors
    /// A defect of the extension, or a value within the arc that is no UTF8String.
    pub fn of(certificate: &Certificate, within: &Oid) -> Result<Vec<Self>, Reason> {
        let malformed = |_| Reason::MalformedExtension {
            oid: SUBJECT_ALT_NAME,
        };
        let Some(value) = extension(certificate.der())? else {
            return Ok(Vec::new());
        };
        read(value, within).map_err(malformed)
    }
}

/// The content of subjectAltName.
fn extension(der: &[u8]) -> Result<Option<&[u8]>, Reason> {
    let mut tbs = tlv::single(der, tlv::SEQUENCE)?
        .inside()
        .expect(tlv::SEQUENCE)?
        .inside();
    while !tbs.is_empty() {
        let field = tbs.any()?;
        if field.tag == tlv::context(3) {
            return find(tlv::single(field.content, tlv::SEQUENCE)?.inside());
        }
    }
    Ok(None)
}

fn find(mut list: Reader<'_>) -> Result<Option<&[u8]>, Reason> {
    while !list.is_empty() {
        let mut fields = list.expect(tlv::SEQUENCE)?.inside();
        let oid = tlv::oid(&fields.expect(tlv::OBJECT_IDENTIFIER)?)?;
        fields.optional(tlv::BOOLEAN)?;
        let value = fields.expect(tlv::OCTET_STRING)?.content;
        if oid == SUBJECT_ALT_NAME {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

fn read(value: &[u8], within: &Oid) -> Result<Vec<OtherName>, Reason> {
    let mut names = tlv::single(value, tlv::SEQUENCE)?.inside();
    let mut all = Vec::new();
    let mut count = 0_usize;
    while !names.is_empty() {
        count = count.saturating_add(1);
        if count > MAX_NAMES {
            return Err(Reason::Malformed {
                field: "GeneralNames",
            });
        }
        let name = names.any()?;
        if name.tag == OTHER_NAME {
            all.extend(other_name(&name, within)?);
        }
    }
    Ok(all)
}

/// AnotherName ::= SEQUENCE { type-id, value [0] EXPLICIT ANY }.
fn other_name(name: &Element<'_>, within: &Oid) -> Result<Option<OtherName>, Reason> {
    let mut fields = name.inside();
    let kind = tlv::oid(&fields.expect(tlv::OBJECT_IDENTIFIER)?)?;
    let wrapped = fields.expect(tlv::context(0))?;
    fields.end()?;
    if kind.parent().as_ref() != Some(within) {
        return Ok(None);
    }
    let value = tlv::single(wrapped.content, UTF8_STRING)?;
    let text = std::str::from_utf8(value.content).map_err(|_| Reason::Malformed { field: "UTF8String" })?;
    Ok(Some(OtherName {
        kind,
        text: text.to_owned(),
    }))
}
