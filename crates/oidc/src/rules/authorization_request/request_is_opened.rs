//! What is checked is the request itself: `request` and `request_uri` were opened before, and `registration` is not used.

use crate::check::Ask;
use crate::reason::Reason;

/// Where it is written.
pub const CITES: &str = "OpenID Connect Core 1.0 sections 6 and 7.2.1, errors in section 3.1.2.6";

/// Whoever forgets to open an envelope would answer another question than the client asked, so each has its own error. `registration` is for
/// providers that issue for themselves (section 7); clients register beforehand.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    for (name, reason) in [
        ("request", Reason::RequestNotSupported),
        ("request_uri", Reason::RequestUriNotSupported),
        ("registration", Reason::RegistrationNotSupported),
    ] {
        if ask.request.get(name).is_some() {
            return Err(reason);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::sample::read_with;

    #[test]
    fn each_has_its_error() {
        assert_eq!(read_with(&[], check), Ok(()));
        for (name, reason, error) in [
            ("request", Reason::RequestNotSupported, "request_not_supported"),
            (
                "request_uri",
                Reason::RequestUriNotSupported,
                "request_uri_not_supported",
            ),
            (
                "registration",
                Reason::RegistrationNotSupported,
                "registration_not_supported",
            ),
        ] {
            assert_eq!(read_with(&[(name, Some("x"))], check), Err(reason.clone()));
            assert_eq!(ErrorCode::as_str(reason.error_code()), error);
            assert_eq!(
                read_with(&[(name, Some(""))], check),
                Ok(()),
                "an empty parameter counts as omitted"
            );
        }
    }
}
