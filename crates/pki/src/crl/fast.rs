//! The form that nearly every entry of a national list has, read at a few nanoseconds each: a serial number of up to 32 bits, a
//! UTCTime, and no extension but a reason. Whatever looks different by a single byte is left to the general reader, which decides
//! what is wrong with it, if anything.

use super::entries::RevocationReason;

/// SEQUENCE { SEQUENCE { id-ce-cRLReasons, OCTET STRING { ENUMERATED of one byte } } }, without that byte.
const REASON_PREFIX: [u8; 13] = [
    0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01,
];
/// From 1950-01-01, where UTCTime begins, to 1970-01-01.
const SECONDS_BEFORE_1970: i64 = 631_152_000;
const MONTHS: usize = 1200;

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
    /// Days before the month since 1950-01-01, and days of the month.
    months: Box<[(u16, u8); MONTHS]>,
}

impl CommonEntries {
    pub(super) fn new() -> Self {
        let mut months = Box::new([(0, 0); MONTHS]);
        let mut before = 0_u16;
        let mut place = months.iter_mut();
        for year in 1950_u16..2050 {
            // Every fourth year from 1950 to 2049 is a leap year: 2000 is one.
            let february = if year.is_multiple_of(4) { 29 } else { 28 };
            for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
                if let Some(month) = place.next() {
                    *month = (before, days);
                }
                before += u16::from(days);
            }
        }
        Self { months }
    }

    /// The entry that begins here, if it has the common form and enough bytes are there to be sure.
    #[inline]
    pub(super) fn read(&self, bytes: &[u8]) -> Option<CommonEntry> {
        let head: &[u8; 12] = bytes.first_chunk()?;
        let [0x30, length, 0x02, digits @ 1..=5, first, second, ..] = *head else {
            return None;
        };
        let number = u64::from_be_bytes(*head.last_chunk()?) >> (64 - 8 * u32::from(digits));
        // Not negative, shortest, not zero.
        let wasteful = first == 0 && digits > 1 && second < 0x80;
        if first >= 0x80 || wasteful || number == 0 {
            return None;
        }
        let serial = u32::try_from(number).ok()?;
        let rest = bytes.get(4 + usize::from(digits)..)?;
        let (time, rest) = rest.split_first_chunk::<15>()?;
        let seconds = self.seconds(time)?;
        let (reason, tail) = if length == digits + 17 {
            (RevocationReason::Unspecified, 0)
        } else if length == digits + 31 {
            let (prefix, rest) = rest.split_first_chunk::<13>()?;
            if *prefix != REASON_PREFIX {
                return None;
            }
            (RevocationReason::from_code(*rest.first()?)?, 14)
        } else {
            return None;
        };
        Some(CommonEntry {
            serial,
            seconds,
            reason,
            bytes: 19 + usize::from(digits) + tail,
        })
    }

    /// `17 0d YYMMDDHHMMSS 5a`: all digits of eight, then of four bytes at once.
    #[inline]
    fn seconds(&self, time: &[u8; 15]) -> Option<i64> {
        let [0x17, 0x0d, date @ .., b'Z'] = time else {
            return None;
        };
        let (day_and_hour, rest) = date.split_first_chunk::<8>()?;
        let day_and_hour = pairs(u64::from_le_bytes(*day_and_hour))?;
        let [a, b, c, d] = *rest.first_chunk()?;
        let minute_and_second = pairs(u64::from_le_bytes([a, b, c, d, b'0', b'0', b'0', b'0']))?;
        let [year, _, month, _, day, _, hour, _] = day_and_hour.to_le_bytes();
        let [minute, _, second, ..] = minute_and_second.to_le_bytes();
        if month == 0 || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let years = usize::from(if year < 50 { year + 50 } else { year - 50 });
        if month > 12 {
            return None;
        }
        let (before, days) = *self.months.get(years * 12 + usize::from(month) - 1)?;
        if day == 0 || day > days {
            return None;
        }
        let days = i64::from(before) + i64::from(day) - 1;
        let clock = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
        Some(days * 86_400 + clock - SECONDS_BEFORE_1970)
    }
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
        padded.extend_from_slice(&[0xee; 16]);
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
