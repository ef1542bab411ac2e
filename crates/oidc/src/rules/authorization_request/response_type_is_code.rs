//! `response_type` is `code`.

use crate::check::Ask;
use crate::reason::Reason;

/// Where it is written.
pub const CITES: &str = "OpenID Connect Core 1.0 section 3.1.2.1; RFC 9700 section 2.1.2 (no implicit flow)";

/// The code flow is the only one.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    match ask.request.get("response_type") {
        Some("code") => Ok(()),
        Some(_) => Err(Reason::ResponseTypeUnsupported),
        None => Err(Reason::ParameterMissing("response_type")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::read_with;

    #[test]
    fn code_alone() {
        let with = |value| read_with(&[("response_type", value)], check);
        assert_eq!(with(Some("code")), Ok(()));
        assert_eq!(with(None), Err(Reason::ParameterMissing("response_type")));
        for value in [
            "token",
            "id_token",
            "code id_token",
            "code token",
            "none",
            "Code",
            "code ",
            " ",
        ] {
            assert_eq!(
                with(Some(value)),
                Err(Reason::ResponseTypeUnsupported),
                "{value:?}"
            );
        }
    }
}
