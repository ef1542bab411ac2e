//! Writing DER by hand: a certificate of the simulation must be able to be wrong in ways that a builder forbids.

use der::asn1::ObjectIdentifier;
use domain::Timestamp;
use time::OffsetDateTime;

/// An object identifier.
pub(crate) type Oid = ObjectIdentifier;

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const NULL: u8 = 0x05;
const OBJECT_IDENTIFIER: u8 = 0x06;
const ENUMERATED: u8 = 0x0a;
const UTF8_STRING: u8 = 0x0c;
const PRINTABLE_STRING: u8 = 0x13;
const IA5_STRING: u8 = 0x16;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const BMP_STRING: u8 = 0x1e;
pub(crate) const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

/// Tag and length of a content that follows.
pub(crate) fn head(tag: u8, content: usize) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(content) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let length = content.to_be_bytes();
            let significant: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
            out.push(0x80 | u8::try_from(significant.len()).unwrap_or(8));
            out.extend_from_slice(&significant);
        }
    }
    out
}

/// Tag, length, content.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = head(tag, content.len());
    out.extend_from_slice(content);
    out
}

fn joined(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(tag, &parts.concat())
}

/// SEQUENCE of the parts in the order given.
pub(crate) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    joined(SEQUENCE, parts)
}

/// SET of one element (all that names need).
pub(crate) fn set_of_one(element: &[u8]) -> Vec<u8> {
    tlv(SET, element)
}

/// SET OF in DER order.
pub(crate) fn set(mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    parts.sort();
    joined(SET, &parts)
}

/// `[number] EXPLICIT`, or `[number] IMPLICIT` of something constructed.
pub(crate) fn context(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(0xa0 | number, content)
}

/// `[number] IMPLICIT` of something primitive.
pub(crate) fn context_primitive(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(0x80 | number, content)
}

/// OBJECT IDENTIFIER.
pub(crate) fn oid(oid: Oid) -> Vec<u8> {
    tlv(OBJECT_IDENTIFIER, oid.as_bytes())
}

/// INTEGER that is not negative, from big-endian bytes.
pub(crate) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let mut content: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    if content.first().is_none_or(|first| *first >= 0x80) {
        content.insert(0, 0);
    }
    tlv(INTEGER, &content)
}

/// INTEGER that is not negative.
pub(crate) fn integer(value: u64) -> Vec<u8> {
    unsigned(&value.to_be_bytes())
}

/// ENUMERATED below 128.
pub(crate) fn enumerated(value: u8) -> Vec<u8> {
    tlv(ENUMERATED, &[value])
}

/// BOOLEAN TRUE.
pub(crate) fn boolean_true() -> Vec<u8> {
    tlv(BOOLEAN, &[0xff])
}

/// NULL.
pub(crate) fn null() -> Vec<u8> {
    tlv(NULL, &[])
}

/// BIT STRING with a number of unused bits in its last byte.
pub(crate) fn bit_string(unused: u8, bytes: &[u8]) -> Vec<u8> {
    let mut content = vec![unused];
    content.extend_from_slice(bytes);
    tlv(BIT_STRING, &content)
}

/// OCTET STRING.
pub(crate) fn octet_string(bytes: &[u8]) -> Vec<u8> {
    tlv(OCTET_STRING, bytes)
}

/// UTF8String.
pub(crate) fn utf8(text: &str) -> Vec<u8> {
    tlv(UTF8_STRING, text.as_bytes())
}

/// PrintableString (the caller keeps to its alphabet).
pub(crate) fn printable(text: &str) -> Vec<u8> {
    tlv(PRINTABLE_STRING, text.as_bytes())
}

/// IA5String.
pub(crate) fn ia5(text: &str) -> Vec<u8> {
    tlv(IA5_STRING, text.as_bytes())
}

/// BMPString (PKCS#12 friendly names).
pub(crate) fn bmp(text: &str) -> Vec<u8> {
    let content: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    tlv(BMP_STRING, &content)
}

/// GeneralizedTime, whatever the year (RFC 6960 section 4.2.1 wants nothing else).
pub(crate) fn generalized_time(at: Timestamp) -> Vec<u8> {
    let (year, clock) = calendar(at);
    tlv(GENERALIZED_TIME, format!("{year:04}{clock}").as_bytes())
}

/// UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280 section 4.1.2.5). A time outside the calendar
/// becomes the year 1950 or 9999.
pub(crate) fn time(at: Timestamp) -> Vec<u8> {
    let (year, clock) = calendar(at);
    if (1950..2050).contains(&year) {
        tlv(UTC_TIME, format!("{:02}{clock}", year % 100).as_bytes())
    } else {
        tlv(GENERALIZED_TIME, format!("{year:04}{clock}").as_bytes())
    }
}

/// The year, and `MMDDhhmmssZ`.
fn calendar(at: Timestamp) -> (i32, String) {
    let moment = OffsetDateTime::from_unix_timestamp(at.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let clock = format!(
        "{:02}{:02}{:02}{:02}{:02}Z",
        u8::from(moment.month()),
        moment.day(),
        moment.hour(),
        moment.minute(),
        moment.second()
    );
    (moment.year(), clock)
}

/// AlgorithmIdentifier; `parameters` is already DER.
pub(crate) fn algorithm(identifier: Oid, parameters: Option<Vec<u8>>) -> Vec<u8> {
    let mut parts = vec![oid(identifier)];
    parts.extend(parameters);
    sequence(&parts)
}

/// Reads the first element: its tag, its content, and what follows. Definite lengths of up to four bytes.
pub(crate) fn read(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = input.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let (bytes, rest) = rest.split_at_checked(count)?;
        let length = bytes
            .iter()
            .fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        (length, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// Reads the first element, which must have a tag: its content, and what follows.
pub(crate) fn expect(tag: u8, input: &[u8]) -> Option<(&[u8], &[u8])> {
    read(input)
        .filter(|(found, _, _)| *found == tag)
        .map(|(_, content, rest)| (content, rest))
}

/// The whole first element, tag and length included, and what follows.
pub(crate) fn whole(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, _, rest) = read(input)?;
    input.split_at_checked(input.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_minimal() {
        assert_eq!(tlv(4, &[7; 3]), [4, 3, 7, 7, 7]);
        assert_eq!(tlv(4, &[0; 127])[..2], [4, 127]);
        assert_eq!(tlv(4, &[0; 128])[..3], [4, 0x81, 128]);
        assert_eq!(tlv(4, &[0; 300])[..4], [4, 0x82, 1, 44]);
    }

    #[test]
    fn integers_carry_a_sign_byte_where_needed() {
        assert_eq!(integer(0), [2, 1, 0]);
        assert_eq!(integer(127), [2, 1, 127]);
        assert_eq!(integer(128), [2, 2, 0, 128]);
        assert_eq!(integer(0x0133_C349), [2, 4, 1, 0x33, 0xc3, 0x49]);
    }

    #[test]
    fn what_was_written_is_read_and_what_lies_is_not() {
        let long = tlv(4, &[7; 300]);
        let both = [long.clone(), integer(5)].concat();
        assert_eq!(expect(4, &both), Some((&[7; 300][..], &integer(5)[..])));
        assert_eq!(whole(&both), Some((&long[..], &integer(5)[..])));
        assert_eq!(expect(2, &both), None);
        for bad in [
            &[][..],
            &[4],
            &[4, 2, 0],
            &[4, 0x80, 0, 0],
            &[4, 0x85, 0, 0, 0, 0, 1, 7],
        ] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn years_from_2050_are_generalized() {
        let before = Timestamp::parse_rfc3339("2049-12-31T23:59:59Z").unwrap();
        assert_eq!(time(before), [&[0x17, 13][..], b"491231235959Z"].concat());
        assert_eq!(
            time(before.plus_seconds(1)),
            [&[0x18, 15][..], b"20500101000000Z"].concat()
        );
    }
}
