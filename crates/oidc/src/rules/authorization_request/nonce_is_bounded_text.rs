//! `nonce`, if there, is text without control characters, at most 512 bytes.

use crate::check::Ask;
use crate::reason::Reason;

/// Where it is written.
pub const CITES: &str = "OpenID Connect Core 1.0 sections 3.1.2.1 and 15.5.2";

const MAX: usize = 512;

/// It is kept with the grant and returned in the ID token, so it is bounded. It is optional in the code flow.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    read(ask).map(|_| ())
}

/// The nonce.
pub fn read(ask: &Ask<'_>) -> Result<Option<String>, Reason> {
    match ask.request.get("nonce") {
        None => Ok(None),
        Some(nonce) if nonce.len() <= MAX && !nonce.chars().any(char::is_control) => {
            Ok(Some(nonce.to_owned()))
        }
        Some(_) => Err(Reason::ParameterMalformed("nonce")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::read_with;

    #[test]
    fn bounds_and_alphabet() {
        let with = |value| read_with(&[("nonce", value)], read);
        let (longest, longer) = ("n".repeat(512), "n".repeat(513));
        for value in ["n", "n 1+/=", "省", longest.as_str()] {
            assert_eq!(with(Some(value)), Ok(Some(value.to_owned())));
        }
        assert_eq!(with(None), Ok(None));
        for value in [longer.as_str(), "a\nb", "\u{0}", "\u{85}"] {
            assert_eq!(
                with(Some(value)),
                Err(Reason::ParameterMalformed("nonce")),
                "{value:?}"
            );
        }
    }
}
