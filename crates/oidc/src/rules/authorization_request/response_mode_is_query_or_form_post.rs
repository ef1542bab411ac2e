//! `response_mode`, if there, is `query` or `form_post`.

use crate::authorization::ResponseMode;
use crate::check::Ask;
use crate::reason::Reason;

/// Where it is written.
pub const CITES: &str =
    "OAuth 2.0 Multiple Response Type Encoding Practices section 2.1; Form Post Response Mode 1.0";

/// `fragment` would put the code where scripts read it; JARM modes are not offered.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    read(ask).map(|_| ())
}

/// The mode; `query` is the default of the code flow.
pub fn read(ask: &Ask<'_>) -> Result<ResponseMode, Reason> {
    ask.request.parameters().refuse_repeated("response_mode")?;
    match ask.request.get("response_mode") {
        None | Some("query") => Ok(ResponseMode::Query),
        Some("form_post") => Ok(ResponseMode::FormPost),
        Some(_) => Err(Reason::ResponseModeUnsupported),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::read_with;

    #[test]
    fn two_modes() {
        for (value, mode) in [
            (None, ResponseMode::Query),
            (Some(""), ResponseMode::Query),
            (Some("query"), ResponseMode::Query),
            (Some("form_post"), ResponseMode::FormPost),
        ] {
            assert_eq!(
                read_with(&[("response_mode", value)], read),
                Ok(mode),
                "{value:?}"
            );
        }
        for value in [
            "fragment",
            "Query",
            "query ",
            "web_message",
            "query.jwt",
            "form_post.jwt",
        ] {
            assert_eq!(
                read_with(&[("response_mode", Some(value))], read),
                Err(Reason::ResponseModeUnsupported),
                "{value}"
            );
        }
    }
}
