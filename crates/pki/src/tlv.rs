//! The one reader of DER elements: definite, shortest lengths, tags of one byte, every slice checked.
//!
//! It does not copy and does not recurse, so neither memory nor stack depends on what comes in.

use crate::Reason;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// `[number]` of something constructed.
pub(crate) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    /// Without tag and length.
    pub(crate) content: &'a [u8],
    /// With tag and length.
    pub(crate) whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// Reads the elements inside.
    pub(crate) fn inside(&self) -> Reader<'a> {
        Reader::new(self.content)
    }
}

/// Reads one element after another.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What was not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The tag of the next element.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Whether the next element has the indefinite length of BER.
    pub(crate) fn announces_indefinite_length(&self) -> bool {
        self.rest.get(1) == Some(&0x80)
    }

    /// Refuses what remains.
    pub(crate) fn end(&self) -> Result<(), Reason> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Reason::TrailingBytes)
        }
    }

    /// The next element, whatever it is.
    pub(crate) fn any(&mut self) -> Result<Element<'a>, Reason> {
        let (&tag, after_tag) = self.rest.split_first().ok_or(Reason::Truncated)?;
        if tag & 0x1f == 0x1f {
            return Err(Reason::NotDer);
        }
        let (&first, after_first) = after_tag.split_first().ok_or(Reason::Truncated)?;
        let (length, after_length) = match first {
            0..=0x7f => (usize::from(first), after_first),
            0x81..=0x84 => {
                let (digits, rest) = after_first
                    .split_at_checked(usize::from(first & 0x7f))
                    .ok_or(Reason::Truncated)?;
                let length = digits
                    .iter()
                    .fold(0_usize, |sum, digit| (sum << 8) | usize::from(*digit));
                if digits.first() == Some(&0) || length < 0x80 {
                    return Err(Reason::NotDer);
                }
                (length, rest)
            }
            _ => return Err(Reason::NotDer),
        };
        let (content, rest) = after_length.split_at_checked(length).ok_or(Reason::Truncated)?;
        let whole = self
            .rest
            .get(..self.rest.len() - rest.len())
            .ok_or(Reason::Truncated)?;
        self.rest = rest;
        Ok(Element { tag, content, whole })
    }

    /// The next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<Element<'a>, Reason> {
        let element = self.any()?;
        if element.tag == tag {
            Ok(element)
        } else {
            Err(Reason::UnexpectedTag {
                expected: tag,
                found: element.tag,
            })
        }
    }

    /// The next element if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Reason> {
        if self.peek() == Some(tag) {
            self.any().map(Some)
        } else {
            Ok(None)
        }
    }
}

/// Tag and length of an element whose content need not be there yet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Head {
    pub(crate) tag: u8,
    /// Bytes of tag and length.
    pub(crate) bytes: usize,
    /// Bytes of the content.
    pub(crate) content: u64,
}

impl Head {
    /// Reads the head of an element; none while more bytes are needed to know.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<Self>, Reason> {
        let (tag, first, rest) = match bytes {
            [tag, first, rest @ ..] => (*tag, *first, rest),
            _ => return Ok(None),
        };
        if tag & 0x1f == 0x1f {
            return Err(Reason::NotDer);
        }
        let digits = match first {
            0..=0x7f => &[first],
            0x81..=0x84 => match rest.get(..usize::from(first & 0x7f)) {
                Some(digits) => digits,
                None => return Ok(None),
            },
            _ => return Err(Reason::NotDer),
        };
        let content = digits
            .iter()
            .fold(0_u64, |sum, digit| (sum << 8) | u64::from(*digit));
        let long = first > 0x7f;
        if long && (digits.first() == Some(&0) || content < 0x80) {
            return Err(Reason::NotDer);
        }
        let bytes = if long { 2 + digits.len() } else { 2 };
        Ok(Some(Self { tag, bytes, content }))
    }

    /// Bytes of the whole element.
    pub(crate) fn whole(&self) -> u64 {
        u64::try_from(self.bytes).map_or(u64::MAX, |head| head.saturating_add(self.content))
    }
}

/// The only element of the bytes, which must have this tag.
pub(crate) fn single(bytes: &[u8], tag: u8) -> Result<Element<'_>, Reason> {
    let mut reader = Reader::new(bytes);
    let element = reader.expect(tag)?;
    reader.end()?;
    Ok(element)
}

/// The content of an INTEGER that is not negative, without its sign byte.
pub(crate) fn unsigned(content: &[u8]) -> Result<&[u8], Reason> {
    match content {
        [] => Err(Reason::Truncated),
        [0, second, ..] if *second < 0x80 => Err(Reason::NotDer),
        [0, rest @ ..] if !rest.is_empty() => Ok(rest),
        [first, ..] if *first >= 0x80 => Err(Reason::NotDer),
        whole => Ok(whole),
    }
}

/// The value of an INTEGER from 0 to 2^32 - 1, from its content.
pub(crate) fn small(content: &[u8]) -> Result<u32, Reason> {
    let bytes = unsigned(content)?;
    if bytes.len() > 4 {
        return Err(Reason::Malformed { field: "INTEGER" });
    }
    Ok(bytes.iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte)))
}

/// The content of a BIT STRING of whole bytes.
pub(crate) fn whole_bits<'a>(element: &Element<'a>) -> Result<&'a [u8], Reason> {
    match element.content.split_first() {
        Some((0, bytes)) => Ok(bytes),
        _ => Err(Reason::Malformed { field: "BIT STRING" }),
    }
}

/// The value of a BOOLEAN that DER lets stand: TRUE, since FALSE is every default here.
pub(crate) fn is_true(element: &Element<'_>) -> Result<bool, Reason> {
    match element.content {
        [0xff] => Ok(true),
        // Not DER where FALSE is the default, but written by real software; the meaning is plain.
        [0] => Ok(false),
        _ => Err(Reason::NotDer),
    }
}

/// An OBJECT IDENTIFIER.
pub(crate) fn oid(element: &Element<'_>) -> Result<crate::Oid, Reason> {
    crate::Oid::from_bytes(element.content).map_err(|_| Reason::Malformed {
        field: "OBJECT IDENTIFIER",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_der_is_read() {
        for (bytes, refusal) in [
            (&[][..], Reason::Truncated),
            (&[0x30], Reason::Truncated),
            (&[0x30, 0x01], Reason::Truncated),
            (&[0x30, 0x80, 0, 0], Reason::NotDer),
            (&[0x30, 0x81, 0x7f], Reason::NotDer),
            (&[0x30, 0x82, 0x00, 0x80], Reason::NotDer),
            (&[0x30, 0x81], Reason::Truncated),
            (&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], Reason::Truncated),
            (&[0x30, 0x85, 1, 0, 0, 0, 0], Reason::NotDer),
            (&[0x1f, 0x01, 0x00], Reason::NotDer),
        ] {
            assert_eq!(Reader::new(bytes).any().unwrap_err(), refusal, "{bytes:02x?}");
        }
        for (bytes, read) in [
            (&[][..], Ok(None)),
            (&[0x30], Ok(None)),
            (&[0x30, 0x82, 1], Ok(None)),
            (&[0x30, 0x80], Err(Reason::NotDer)),
            (&[0x30, 0x81, 0x7f], Err(Reason::NotDer)),
            (&[0x30, 0x82, 0, 0x80], Err(Reason::NotDer)),
            (&[0x30, 0x85, 1, 0, 0, 0, 0], Err(Reason::NotDer)),
            (&[0x1f, 0x01, 0x00], Err(Reason::NotDer)),
        ] {
            assert_eq!(Head::read(bytes), read, "{bytes:02x?}");
        }
        let head = Head::read(&[0x30, 0x84, 0xff, 0, 0, 1]).unwrap().unwrap();
        assert_eq!((head.bytes, head.content), (6, 0xff00_0001));
        assert_eq!(head.whole(), 0xff00_0007);
        assert_eq!(
            single(&[0x30, 0, 0], SEQUENCE).unwrap_err(),
            Reason::TrailingBytes
        );
        let wrong = Reason::UnexpectedTag {
            expected: SEQUENCE,
            found: SET,
        };
        assert_eq!(single(&[0x31, 0], SEQUENCE).unwrap_err(), wrong);
        assert_eq!(single(&[0x30, 1, 5], SEQUENCE).unwrap().content, [5]);
    }

    #[test]
    fn integers_are_shortest_and_not_negative() {
        assert_eq!(unsigned(&[0]), Ok(&[0][..]));
        assert_eq!(unsigned(&[0, 0x80]), Ok(&[0x80][..]));
        assert_eq!(unsigned(&[0x7f, 0]), Ok(&[0x7f, 0][..]));
        assert_eq!(unsigned(&[]), Err(Reason::Truncated));
        assert_eq!(unsigned(&[0, 0x7f]), Err(Reason::NotDer));
        assert_eq!(unsigned(&[0x80]), Err(Reason::NotDer));
    }
}
