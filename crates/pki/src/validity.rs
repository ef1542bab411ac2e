//! UTCTime and GeneralizedTime (RFC 5280 section 4.1.2.5), by hand because a list holds millions of them.

use domain::Timestamp;
use time::{Date, Month, Time};

use crate::Reason;
use crate::tlv::{self, Element};

/// Reads either form, which must end in `Z` and tell the seconds. UTCTime covers 1950 to 2049.
pub(crate) fn read(element: &Element<'_>) -> Result<Timestamp, Reason> {
    let (year, rest) = match (element.tag, element.content) {
        (tlv::UTC_TIME, [a, b, rest @ ..]) => {
            let short = i32::from(two_digits(*a, *b)?);
            (if short < 50 { 2000 + short } else { 1900 + short }, rest)
        }
        (tlv::GENERALIZED_TIME, [a, b, c, d, rest @ ..]) => (
            i32::from(two_digits(*a, *b)?) * 100 + i32::from(two_digits(*c, *d)?),
            rest,
        ),
        _ => return Err(Reason::Time),
    };
    let [mo1, mo2, d1, d2, h1, h2, mi1, mi2, s1, s2, b'Z'] = rest else {
        return Err(Reason::Time);
    };
    let month = Month::try_from(two_digits(*mo1, *mo2)?).map_err(|_| Reason::Time)?;
    let date = Date::from_calendar_date(year, month, two_digits(*d1, *d2)?).map_err(|_| Reason::Time)?;
    let clock = Time::from_hms(
        two_digits(*h1, *h2)?,
        two_digits(*mi1, *mi2)?,
        two_digits(*s1, *s2)?,
    )
    .map_err(|_| Reason::Time)?;
    Ok(Timestamp::from_seconds(
        date.with_time(clock).assume_utc().unix_timestamp(),
    ))
}

fn two_digits(tens: u8, ones: u8) -> Result<u8, Reason> {
    match (tens, ones) {
        (b'0'..=b'9', b'0'..=b'9') => Ok((tens - b'0') * 10 + (ones - b'0')),
        _ => Err(Reason::Time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u8, content: &'static [u8]) -> Element<'static> {
        Element {
            tag,
            content,
            whole: content,
        }
    }

    #[test]
    fn both_forms_are_read() {
        for (tag, text, expected) in [
            (tlv::UTC_TIME, "261121000000Z", "2026-11-21T00:00:00Z"),
            (tlv::UTC_TIME, "491231235959Z", "2049-12-31T23:59:59Z"),
            (tlv::UTC_TIME, "500101000000Z", "1950-01-01T00:00:00Z"),
            (tlv::GENERALIZED_TIME, "20500101000000Z", "2050-01-01T00:00:00Z"),
            (tlv::UTC_TIME, "240229000000Z", "2024-02-29T00:00:00Z"),
        ] {
            let read = read(&element(tag, text.as_bytes())).unwrap();
            assert_eq!(read, Timestamp::parse_rfc3339(expected).unwrap(), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "2611210000Z",
            "261121000000",
            "261121000000+0900",
            "261321000000Z",
            "230229000000Z",
            "261121240000Z",
            "26112100006 Z",
            "-61121000000Z",
            "20261121000000Z",
        ] {
            assert_eq!(
                read(&element(tlv::UTC_TIME, text.as_bytes())),
                Err(Reason::Time),
                "{text}"
            );
        }
        assert_eq!(
            read(&element(tlv::GENERALIZED_TIME, b"20261121000000.5Z")),
            Err(Reason::Time)
        );
        assert_eq!(read(&element(tlv::INTEGER, b"261121000000Z")), Err(Reason::Time));
    }
}
