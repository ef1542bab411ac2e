//! `prompt` does not forbid the page.

use crate::check::Ask;
use crate::reason::Reason;
use crate::rules::authorization_request::prompt_is_understood;

/// Where it is written.
pub const CITES: &str = "RFC 8628 section 3.3; OpenID Connect Core 1.0 section 3.1.2.1";

/// There is no browser that could be answered without a page. Any other `prompt` asks for less than what is done anyway.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    if prompt_is_understood::read(ask)?.none {
        Err(Reason::ParameterMalformed("prompt"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::read_with;

    #[test]
    fn every_prompt_but_none() {
        for value in [
            None,
            Some("login"),
            Some("consent"),
            Some("login consent"),
            Some("select_account"),
        ] {
            assert_eq!(read_with(&[("prompt", value)], check), Ok(()), "{value:?}");
        }
        assert_eq!(
            read_with(&[("prompt", Some("none"))], check),
            Err(Reason::ParameterMalformed("prompt"))
        );
        assert_eq!(
            read_with(&[("prompt", Some("none login"))], check),
            Err(Reason::PromptNoneWithOthers)
        );
    }
}
