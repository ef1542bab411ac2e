//! `max_age`, if there, is a whole number of seconds, zero or more.

use crate::check::Ask;
use crate::reason::Reason;

/// Where it is written.
pub const CITES: &str = "OpenID Connect Core 1.0 section 3.1.2.1; RFC 9470 section 4";

/// Ten years; more means nothing.
const MAX_SECONDS: u32 = 315_360_000;

/// A value that we misread would let an old sign-in pass for a fresh one.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    read(ask).map(|_| ())
}

/// Seconds; where the request says none, the client's default (OpenID Connect Dynamic Client Registration 1.0 section 2), which the request
/// may go beyond. Zero asks for the card now, like `prompt=login`.
pub fn read(ask: &Ask<'_>) -> Result<Option<u32>, Reason> {
    let Some(text) = ask.request.get("max_age") else {
        return Ok(ask.client.requests.default_max_age);
    };
    // `parse` alone would take a plus sign.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(seconds) if digits && seconds <= MAX_SECONDS => Ok(Some(seconds)),
        _ => Err(Reason::ParameterMalformed("max_age")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{client, provider, read_with, request};

    #[test]
    fn whole_seconds() {
        let with = |value| read_with(&[("max_age", value)], read);
        for (value, seconds) in [
            (None, None),
            (Some("0"), Some(0)),
            (Some("3600"), Some(3600)),
            (Some("007"), Some(7)),
            (Some("315360000"), Some(MAX_SECONDS)),
        ] {
            assert_eq!(with(value), Ok(seconds), "{value:?}");
        }
        for value in [
            "-1",
            "+1",
            "1.0",
            "1e3",
            "315360001",
            "99999999999999999999",
            " 1",
            "１",
            "one",
        ] {
            assert_eq!(
                with(Some(value)),
                Err(Reason::ParameterMalformed("max_age")),
                "{value:?}"
            );
        }
    }

    #[test]
    fn a_client_has_a_default() {
        let (mut client, provider) = (client(), provider());
        client.requests.default_max_age = Some(60);
        for (said, expected) in [(None, 60), (Some("3600"), 3600), (Some("0"), 0)] {
            let request = request(&[("max_age", said)]);
            let ask = Ask {
                request: &request,
                client: &client,
                provider: &provider,
            };
            assert_eq!(read(&ask), Ok(Some(expected)), "{said:?}");
        }
    }
}
