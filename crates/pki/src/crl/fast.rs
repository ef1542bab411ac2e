//! The form that nearly every entry of a national list has, read at a few nanoseconds each: a serial number of up to 32 bits, a
//! UTCTime, and no extension but a reason. Whatever looks different by a single byte is left to the general reader, which decides
//! what is wrong with it, if anything.

use super::entries::RevocationReason;

/// SEQUENCE { SEQUENCE { id-ce-cRLReasons, OCTET STRING { ENUMERATED of one byte } } }, without that byte.
#[cfg(test)]
const REASON_PREFIX: [u8; 13] = [
    0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01,
];
/// Its first eight bytes and its last eight, as one number each.
const REASON_BEGIN: u64 = 0x1d55_0306_0a30_0c30;
const REASON_END: u64 = 0x010a_0304_151d_5503;
/// From 1950-01-01, where UTCTime begins, to 1970-01-01.
const SECONDS_BEFORE_1970: i64 = 631_152_000;
/// The longest entry of the common form has 38 bytes; so many are looked at.
const WINDOW: usize = 40;
/// Two digits of the year, times 16, and the month.
const MONTHS: usize = 1600;

/// An entry of the common form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct CommonEntry {
    pub(super) serial: u32,
    /// Since 1970-01-01T00:00:00Z.
    pub(super) seconds: i64,
    pub(super) reason: RevocationReason,
    /// Bytes of the entry.
    pub(super) bytes: usize,
}

/// Reads entries of the common form, by a table of the months that UTCTime knows.
pub(super) struct CommonEntries {
    /// Days before the month since 1950-01-01, and days of the month; none where there is no such month.
    months: Box<[(u32, u32); MONTHS]>,
}

impl CommonEntries {
    pub(super) fn new() -> Self {
        let mut months = Box::new([(0, 0); MONTHS]);
        let mut before = 0;
        for year in 1950_usize..2050 {
            // Every fourth year from 1950 to 2049 is a leap year: 2000 is one.
            let february = if year.is_multiple_of(4) { 29 } else { 28 };
            for (month, days) in (1..).zip([31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
                if let Some(place) = months.get_mut(year % 100 * 16 + month) {
                    *place = (before, days);
                }
                before += days;
            }
        }
        Self { months }
    }

    /// The entry that begins here, if it has the common form and enough bytes are there to be sure.
    #[inline]
    pub(super) fn read(&self, bytes: &[u8]) -> Option<CommonEntry> {
        let window: &[u8; WINDOW] = bytes.first_chunk()?;
        let head = u64::from_be_bytes(*window.first_chunk()?);
        let (length, digits) = (head >> 48 & 0xff, head >> 32 & 0xff);
        if head >> 56 != 0x30 || head >> 40 & 0xff != 0x02 || !(1..=5).contains(&digits) {
            return None;
        }
        let number = word(window, 4)?.swap_bytes();
        // Not negative, shortest, not zero.
        let wasteful = digits > 1 && number >> 55 == 0;
        let serial = u32::try_from(number >> (64 - 8 * digits)).ok()?;
        if number >> 63 == 1 || wasteful || serial == 0 {
            return None;
        }
        let time = 4 + usize::try_from(digits).ok()?;
        let seconds = self.seconds(window, time)?;
        let tail = length.wrapping_sub(digits);
        if tail == 17 {
            return Some(CommonEntry {
                serial,
                seconds,
                reason: RevocationReason::Unspecified,
                bytes: time + 15,
            });
        }
        if tail != 31 || word(window, time + 15)? != REASON_BEGIN || word(window, time + 20)? != REASON_END {
            return None;
        }
        Some(CommonEntry {
            serial,
            seconds,
            reason: RevocationReason::from_code(*window.get(time + 28)?)?,
            bytes: time + 29,
        })
    }

    /// `17 0d YYMMDDHHMMSS 5a`: the digits of eight, then of four bytes at once.
    #[inline]
    fn seconds(&self, window: &[u8; WINDOW], at: usize) -> Option<i64> {
        let ends = word(window, at)? & 0xffff | (word(window, at + 7)? >> 56) << 16;
        if ends != 0x005a_0d17 {
            return None;
        }
        let date = pairs(word(window, at + 2)?)?;
        // What follows the seconds is made to look like zeros.
        let clock = pairs(word(window, at + 10)? & 0xffff_ffff | 0x3030_3030_0000_0000)?;
        let of = |number: u64, place: u32| number >> place & 0xff;
        let (month, day, hour) = (of(date, 16), of(date, 32), of(date, 48));
        let (minute, second) = (of(clock, 0), of(clock, 16));
        if month > 12 || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let place = usize::try_from(of(date, 0) * 16 + month).ok()?;
        let (before, days) = *self.months.get(place)?;
        if day == 0 || day > u64::from(days) {
            return None;
        }
        let days = u64::from(before) + day - 1;
        let since_1950 = days * 86_400 + hour * 3600 + minute * 60 + second;
        Some(i64::try_from(since_1950).ok()? - SECONDS_BEFORE_1970)
    }
}

/// Eight bytes as a number, the first the lowest.
#[inline]
fn word(window: &[u8; WINDOW], at: usize) -> Option<u64> {
    window
        .get(at..)?
        .first_chunk()
        .map(|bytes| u64::from_le_bytes(*bytes))
}

/// Eight ASCII digits to four numbers below 100, in the even bytes.
#[inline]
fn pairs(text: u64) -> Option<u64> {
    let digits = text ^ 0x3030_3030_3030_3030;
    // A byte above 9 (or with its high bit set) shows in the high bit of the sum.
    let high = (digits & 0x7f7f_7f7f_7f7f_7f7f) + 0x7676_7676_7676_7676;
    if (high | digits) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    Some(digits * 10 + (digits >> 8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crl::entries;
    use crate::tlv::Reader;

    fn entry(serial: &[u8], time: &str, reason: Option<u8>) -> Vec<u8> {
        let mut content = vec![2, u8::try_from(serial.len()).unwrap()];
        content.extend_from_slice(serial);
        content.extend_from_slice(&[0x17, u8::try_from(time.len()).unwrap()]);
        content.extend_from_slice(time.as_bytes());
        if let Some(code) = reason {
            content.extend_from_slice(&REASON_PREFIX);
            content.push(code);
        }
        let mut whole = vec![0x30, u8::try_from(content.len()).unwrap()];
        whole.extend_from_slice(&content);
        whole
    }

    /// Whether the fast reader speaks, and whether the general one takes the entry. They must agree wherever the fast one speaks.
    fn both(bytes: &[u8]) -> (bool, bool) {
        let mut padded = bytes.to_vec();
        padded.extend_from_slice(&[0xee; WINDOW]);
        let fast = CommonEntries::new().read(&padded);
        let mut reader = Reader::new(bytes);
        let general = entries::entry(&mut reader).map(|entry| {
            let serial = entry
                .serial
                .iter()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
            (serial, entry.revoked_at.seconds(), entry.reason)
        });
        if let Some(fast) = fast {
            assert_eq!(
                general,
                Ok((u64::from(fast.serial), fast.seconds, fast.reason)),
                "{bytes:02x?}"
            );
            assert_eq!(fast.bytes, bytes.len() - reader.rest().len());
        }
        (fast.is_some(), general.is_ok())
    }

    #[test]
    fn the_common_form_is_read_as_the_general_reader_reads_it() {
        for serial in [
            &[1][..],
            &[0x7f],
            &[0, 0x80],
            &[1, 2],
            &[0x7f, 0xff, 0xff, 0xff],
            &[0, 0xff, 0xff, 0xff, 0xff],
        ] {
            for time in [
                "500101000000Z",
                "491231235959Z",
                "000229120000Z",
                "240229000001Z",
                "700101000000Z",
                "261121094530Z",
            ] {
                for reason in [
                    None,
                    Some(0),
                    Some(1),
                    Some(2),
                    Some(3),
                    Some(4),
                    Some(5),
                    Some(6),
                    Some(9),
                    Some(10),
                ] {
                    let (fast, general) = both(&entry(serial, time, reason));
                    assert!(fast && general, "{serial:?} {time} {reason:?}");
                }
            }
        }
    }

    #[test]
    fn the_reason_is_compared_as_two_numbers() {
        assert_eq!(
            REASON_PREFIX.first_chunk().map(|b| u64::from_le_bytes(*b)),
            Some(REASON_BEGIN)
        );
        assert_eq!(
            REASON_PREFIX.last_chunk().map(|b| u64::from_le_bytes(*b)),
            Some(REASON_END)
        );
    }

    #[test]
    fn what_is_wrong_is_left_to_the_general_reader() {
        let good = "261121094530Z";
        for bytes in [
            entry(&[0], good, None),
            entry(&[0x80], good, None),
            entry(&[0, 0x7f], good, None),
            entry(&[], good, None),
            entry(&[1, 0, 0, 0, 0], good, None),
            entry(&[0, 1, 0, 0, 0], good, None),
            entry(&[1], "261121094530+", None),
            entry(&[1], "261321094530Z", None),
            entry(&[1], "260021094530Z", None),
            entry(&[1], "260229000000Z", None),
            entry(&[1], "260200000000Z", None),
            entry(&[1], "261121240000Z", None),
            entry(&[1], "261121006000Z", None),
            entry(&[1], "261121000060Z", None),
            entry(&[1], "2611210000 0Z", None),
            entry(&[1], "2611210000:0Z", None),
            entry(&[1], "2611210000\u{0}0Z", None),
            entry(&[1], "26112100000Z", None),
            entry(&[1], good, Some(7)),
            entry(&[1], good, Some(8)),
            entry(&[1], good, Some(11)),
        ] {
            assert!(!both(&bytes).0, "{bytes:02x?}");
        }
    }

    #[test]
    fn any_altered_byte_is_read_alike_or_left() {
        let good = entry(&[0x0b, 0xad, 0xca, 0xfe], "261121094530Z", Some(4));
        for place in 0..good.len() {
            for value in 0..=255 {
                let mut bytes = good.clone();
                bytes[place] = value;
                both(&bytes);
            }
        }
        for length in 0..good.len() {
            assert!(CommonEntries::new().read(&good[..length]).is_none(), "{length}");
        }
    }
}
