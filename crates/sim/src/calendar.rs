//! Dates of a card's life in Japan's time (JST, UTC+9, no daylight saving).

use domain::Timestamp;
use time::{Date, Duration, Month, OffsetDateTime, Time, UtcOffset};

use crate::SimError;

/// The end of the day (JST) of the holder's fifth birthday after issue (as municipalities tell the holders).
///
/// A birthday on 29 February falls on 28 February in other years.
pub(crate) fn fifth_birthday(issued: Timestamp, month: u8, day: u8) -> Result<Timestamp, SimError> {
    let wrong = |_| SimError::Request(format!("no such birthday: {month}-{day}"));
    let jst = UtcOffset::from_hms(9, 0, 0).map_err(wrong)?;
    let month = Month::try_from(month).map_err(wrong)?;
    let birthday = |year: i32| {
        Date::from_calendar_date(year, month, day).or_else(|e| {
            if month == Month::February && day == 29 {
                Date::from_calendar_date(year, month, 28)
            } else {
                Err(e)
            }
        })
    };
    let issued_on = OffsetDateTime::from_unix_timestamp(issued.seconds())
        .map_err(wrong)?
        .to_offset(jst)
        .date();
    let this_year = birthday(issued_on.year()).map_err(wrong)?;
    let first_year = if this_year > issued_on {
        issued_on.year()
    } else {
        issued_on.year() + 1
    };
    let last_day = birthday(first_year + 4).map_err(wrong)?;
    let end = last_day.with_time(Time::MIDNIGHT).assume_offset(jst) + Duration::DAY - Duration::SECOND;
    Ok(Timestamp::from_seconds(end.unix_timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn a_certificate_ends_with_the_fifth_birthday_in_japan() {
        for (issued, month, day, end) in [
            // The test card of the fact sheet.
            ("2025-10-27T10:00:00+09:00", 2, 17, "2030-02-17T23:59:59+09:00"),
            ("2026-02-16T10:00:00+09:00", 2, 17, "2030-02-17T23:59:59+09:00"),
            ("2026-02-17T10:00:00+09:00", 2, 17, "2031-02-17T23:59:59+09:00"),
            // Already the 17th in Japan.
            ("2026-02-16T15:00:00Z", 2, 17, "2031-02-17T23:59:59+09:00"),
            ("2026-03-01T00:00:00+09:00", 2, 29, "2031-02-28T23:59:59+09:00"),
            ("2027-03-01T00:00:00+09:00", 2, 29, "2032-02-29T23:59:59+09:00"),
        ] {
            assert_eq!(
                fifth_birthday(at(issued), month, day).unwrap(),
                at(end),
                "{issued}"
            );
        }
        assert!(fifth_birthday(at("2026-01-01T00:00:00Z"), 2, 30).is_err());
        assert!(fifth_birthday(at("2026-01-01T00:00:00Z"), 13, 1).is_err());
    }
}
