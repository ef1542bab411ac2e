//! `dpop_jkt`, if there, is the SHA-256 thumbprint of a key.

use crate::check::Ask;
use crate::reason::Reason;

/// Where it is written.
pub const CITES: &str = "RFC 9449 section 10; RFC 7638 section 3";

/// A value that no key has would make a code that nobody can redeem.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    read(ask).map(|_| ())
}

/// The thumbprint: base64url of a SHA-256, thus 43 characters. The token endpoint asks for a proof by that key.
pub fn read(ask: &Ask<'_>) -> Result<Option<String>, Reason> {
    match ask.request.get("dpop_jkt") {
        None => Ok(None),
        Some(text) if jose::decode_base64url(text).is_some_and(|digest| digest.len() == 32) => {
            Ok(Some(text.to_owned()))
        }
        Some(_) => Err(Reason::ParameterMalformed("dpop_jkt")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{CHALLENGE, read_with};

    #[test]
    fn a_sha_256() {
        let with = |value| read_with(&[("dpop_jkt", value)], read);
        assert_eq!(with(None), Ok(None));
        assert_eq!(with(Some(CHALLENGE)), Ok(Some(CHALLENGE.to_owned())));
        for bad in [
            "x",
            &CHALLENGE[..42],
            &format!("{CHALLENGE}="),
            &CHALLENGE.replace('-', "+"),
        ] {
            assert_eq!(
                with(Some(bad)),
                Err(Reason::ParameterMalformed("dpop_jkt")),
                "{bad}"
            );
        }
    }
}
