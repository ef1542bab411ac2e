//! Times as people in Japan read them.

use domain::{Language, Timestamp};
use time::{OffsetDateTime, UtcOffset};

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A point in time in Japan Standard Time (UTC+9, no summer time).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct JapanTime {
    /// `2026年11月21日 9:00` or `21 Nov 2026, 09:00 JST`.
    pub(super) text: String,
    /// `2026-11-21T09:00:00+09:00`, for the `datetime` attribute.
    pub(super) machine: String,
}

impl JapanTime {
    /// Writes a time in a language. Times outside the years 1 to 9999 are written as [`Timestamp`] writes them.
    pub(super) fn new(at: Timestamp, language: Language) -> Self {
        let fallback = || Self {
            text: at.to_string(),
            machine: String::new(),
        };
        let Ok(offset) = UtcOffset::from_hms(9, 0, 0) else {
            return fallback();
        };
        let local = OffsetDateTime::from_unix_timestamp(at.seconds())
            .ok()
            .and_then(|utc| utc.checked_to_offset(offset));
        let Some(local) = local.filter(|local| (1..=9999).contains(&local.year())) else {
            return fallback();
        };
        let (year, day) = (local.year(), local.day());
        let month = u8::from(local.month());
        let (hour, minute, second) = local.to_hms();
        let text = match language {
            Language::Ja => format!("{year}年{month}月{day}日 {hour}:{minute:02}"),
            Language::En => {
                let name = MONTHS.get(usize::from(month).wrapping_sub(1)).unwrap_or(&"");
                format!("{day} {name} {year}, {hour:02}:{minute:02} JST")
            }
        };
        let machine = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+09:00");
        Self { text, machine }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, language: Language) -> (String, String) {
        let time = JapanTime::new(Timestamp::parse_rfc3339(text).unwrap(), language);
        (time.text, time.machine)
    }

    #[test]
    fn a_time_is_shown_in_japan() {
        let machine = "2026-11-21T09:00:00+09:00".to_owned();
        assert_eq!(
            at("2026-11-21T00:00:00Z", Language::Ja),
            ("2026年11月21日 9:00".to_owned(), machine.clone())
        );
        assert_eq!(
            at("2026-11-21T00:00:59Z", Language::En),
            (
                "21 Nov 2026, 09:00 JST".to_owned(),
                "2026-11-21T09:00:59+09:00".to_owned()
            )
        );
    }

    #[test]
    fn the_day_changes_at_fifteen_hours_utc() {
        assert_eq!(at("2026-12-31T14:59:00Z", Language::Ja).0, "2026年12月31日 23:59");
        assert_eq!(at("2026-12-31T15:05:00Z", Language::Ja).0, "2027年1月1日 0:05");
        assert_eq!(
            at("2026-12-31T15:05:00Z", Language::En).0,
            "1 Jan 2027, 00:05 JST"
        );
    }

    #[test]
    fn an_impossible_time_is_no_panic() {
        for millis in [i64::MAX, i64::MIN] {
            let time = JapanTime::new(Timestamp::from_millis(millis), Language::Ja);
            assert_eq!((time.text, time.machine), (format!("{millis} ms"), String::new()));
        }
        // 9999-12-31T23:00:00Z is already the year 10000 in Japan.
        let edge = JapanTime::new(Timestamp::from_seconds(253_402_297_200), Language::En);
        assert_eq!(edge.text, "9999-12-31T23:00:00Z");
    }
}
