//! What a browser prefers among what we have, by weight: `Accept`, `Accept-Language` (RFC 9110 sections 12.4.2 and 12.5).

/// The most items of a field that are looked at.
const MOST: usize = 32;

/// What a field names and we have, with its weight, in the order of the field. `known` says what an item is to us.
pub(super) fn weighted<'f, T>(
    field: &'f str,
    known: impl Fn(&str) -> Option<T> + 'f,
) -> impl Iterator<Item = (T, f32)> + 'f {
    field.split(',').take(MOST).filter_map(move |item| {
        let mut parts = item.split(';').map(str::trim);
        let named = known(parts.next()?)?;
        let weight = parts
            .find_map(|parameter| parameter.strip_prefix("q="))
            .map_or(Some(1.0), quality);
        Some((named, weight.unwrap_or(0.0)))
    })
}

/// A number between 0 and 1 with three decimals at most (RFC 9110 section 12.4.2); nothing else is one.
fn quality(text: &str) -> Option<f32> {
    let digits = text.strip_prefix(['0', '1'])?;
    let decimals = digits.strip_prefix('.').unwrap_or(digits);
    let is_number = decimals.len() <= 3
        && (digits.is_empty() || digits.starts_with('.'))
        && decimals.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|weight: &f32| is_number && *weight <= 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_numbers_between_none_and_one() {
        let read = |field: &str| -> Vec<(char, f32)> {
            let known = |name: &str| name.chars().next().filter(|_| name.len() == 1);
            weighted(field, known).collect()
        };
        assert_eq!(
            read("a, b;q=0.5 ,c ; x=y; q=1"),
            [('a', 1.0), ('b', 0.5), ('c', 1.0)]
        );
        for bad in ["inf", "NaN", "-1", "1e9", "2", "0.1234", "1.001", "", "+1", ".5"] {
            assert_eq!(read(&format!("a;q={bad}")), [('a', 0.0)], "{bad}");
        }
        assert_eq!(read("a;q=0.,b;q=1.000"), [('a', 0.0), ('b', 1.0)]);
        assert_eq!(read(&"a,".repeat(100)).len(), MOST);
        assert_eq!(read("long,,;q=1"), []);
    }
}
