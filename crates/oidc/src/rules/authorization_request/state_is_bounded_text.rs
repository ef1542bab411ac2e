//! `state`, if there, is printable ASCII of at most 2048 characters.

use crate::check::Ask;
use crate::reason::Reason;

/// Where it is written.
pub const CITES: &str = "RFC 6749 section 4.1.1 and appendix A.5";

const MAX: usize = 2048;

/// It is carried through the sign-in and returned, so it is bounded.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    read(ask).map(|_| ())
}

/// The state.
pub fn read(ask: &Ask<'_>) -> Result<Option<String>, Reason> {
    ask.request.parameters().refuse_repeated("state")?;
    match ask.request.get("state") {
        None => Ok(None),
        Some(state) if state.len() <= MAX && state.bytes().all(|b| (0x20..=0x7e).contains(&b)) => {
            Ok(Some(state.to_owned()))
        }
        Some(_) => Err(Reason::ParameterMalformed("state")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::read_with;

    #[test]
    fn bounds_and_alphabet() {
        let (longest, longer) = ("s".repeat(2048), "s".repeat(2049));
        for value in ["x", "a b~!\"\\", longest.as_str()] {
            assert_eq!(
                read_with(&[("state", Some(value))], read),
                Ok(Some(value.to_owned()))
            );
        }
        assert_eq!(read_with(&[("state", None)], read), Ok(None));
        for value in [longer.as_str(), "a\r\nb", "\u{7f}", "状態", "\u{0}"] {
            assert_eq!(
                read_with(&[("state", Some(value))], read),
                Err(Reason::ParameterMalformed("state")),
                "{value:?}"
            );
        }
    }
}
