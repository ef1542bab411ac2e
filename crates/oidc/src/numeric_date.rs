//! `NumericDate`, as every JWT has it (RFC 7519 section 2).

use domain::Timestamp;
use serde_json::Value;

/// The end of the year 9999, in seconds.
const LAST: i64 = 253_402_300_799;

/// Seconds since 1970, perhaps with a fraction, which is dropped; none for anything else, and beyond the year 9999.
pub(crate) fn numeric_date(value: &Value) -> Option<Timestamp> {
    let Value::Number(number) = value else {
        return None;
    };
    let digits = number.to_string();
    let whole = digits.split('.').next()?;
    let seconds: i64 = whole.parse().ok()?;
    (0..=LAST)
        .contains(&seconds)
        .then(|| Timestamp::from_seconds(seconds))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_seconds_and_nothing_else() {
        let seconds = |value: &Value| numeric_date(value).map(Timestamp::seconds);
        for (value, expected) in [
            (json!(0), Some(0)),
            (json!(1_800_000_000), Some(1_800_000_000)),
            (json!(1_800_000_000.75), Some(1_800_000_000)),
            (json!(LAST), Some(LAST)),
            (json!(LAST + 1), None),
            (json!(-1), None),
            (json!(1e300), None),
            (json!(u64::MAX), None),
            (json!("1800000000"), None),
            (json!(null), None),
            (json!([1]), None),
        ] {
            assert_eq!(seconds(&value), expected, "{value}");
        }
    }
}
