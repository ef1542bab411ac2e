//! `acr_values`, if there, is a list of at most eight values.

use super::distinct;
use crate::check::Ask;
use crate::reason::Reason;

/// Where it is written.
pub const CITES: &str = "OpenID Connect Core 1.0 section 3.1.2.1; RFC 9470 section 4";

const MAX_VALUES: usize = 8;
const MAX_BYTES: usize = 255;

/// Which of them we know and reach is decided by policy, not here.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    read(ask).map(|_| ())
}

/// The values in the client's order of preference.
pub fn read(ask: &Ask<'_>) -> Result<Vec<String>, Reason> {
    let values = distinct(ask.request.get("acr_values").unwrap_or_default());
    let plain = |value: &&str| value.len() <= MAX_BYTES && value.bytes().all(|byte| byte.is_ascii_graphic());
    if values.len() > MAX_VALUES || !values.iter().all(plain) {
        return Err(Reason::ParameterMalformed("acr_values"));
    }
    Ok(values.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::read_with;

    #[test]
    fn a_bounded_list() {
        let with = |value| read_with(&[("acr_values", value)], read);
        assert_eq!(with(None), Ok(vec![]));
        assert_eq!(with(Some("b a b")), Ok(vec!["b".to_owned(), "a".to_owned()]));
        assert_eq!(with(Some("1 2 3 4 5 6 7 8 8")).map(|values| values.len()), Ok(8));
        let long = "x".repeat(256);
        for value in ["1 2 3 4 5 6 7 8 9", "a\tb", "省", long.as_str()] {
            assert_eq!(
                with(Some(value)),
                Err(Reason::ParameterMalformed("acr_values")),
                "{value:?}"
            );
        }
    }
}
