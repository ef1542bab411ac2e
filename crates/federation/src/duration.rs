//! `xs:duration` (XML Schema part 2 section 3.2.6), as far as `cacheDuration` needs it.

/// Seconds of a duration; a year has 365 days here and a month 30. None for what is no duration, or negative.
pub fn seconds_of_duration(text: &str) -> Option<u64> {
    let text = text.trim().strip_prefix('P')?;
    let (date, time) = match text.split_once('T') {
        Some((date, time)) if !time.is_empty() => (date, time),
        Some(_) => return None,
        None => (text, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let days = sum(date, &[('Y', 365 * 86_400), ('M', 30 * 86_400), ('D', 86_400)])?;
    let seconds = sum(time, &[('H', 3_600), ('M', 60), ('S', 1)])?;
    days.checked_add(seconds)
}

fn sum(text: &str, units: &[(char, u64)]) -> Option<u64> {
    let mut rest = text;
    let mut total: u64 = 0;
    for (unit, seconds) in units {
        let Some((number, behind)) = rest.split_once(*unit) else {
            continue;
        };
        // Fractions, which only seconds may have, are cut off.
        let whole = match number.split_once('.') {
            Some((whole, fraction))
                if *unit == 'S' && !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit()) =>
            {
                whole
            }
            Some(_) => return None,
            None => number,
        };
        if whole.is_empty() || !whole.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        total = total.checked_add(whole.parse::<u64>().ok()?.checked_mul(*seconds)?)?;
        rest = behind;
    }
    rest.is_empty().then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, seconds) in [
            ("PT6H", Some(21_600)),
            ("P1DT1H1M1.5S", Some(90_061)),
            ("P7D", Some(604_800)),
            ("P1Y2M", Some(365 * 86_400 + 60 * 86_400)),
            ("PT0S", Some(0)),
            ("P", None),
            ("PT", None),
            ("6H", None),
            ("-PT6H", None),
            ("PT-6H", None),
            ("PT6", None),
            ("PT1M1H", None),
            ("P1.5D", None),
            ("PT99999999999999999999S", None),
            ("P999999999999999999Y", None),
        ] {
            assert_eq!(seconds_of_duration(text), seconds, "{text}");
        }
    }
}
