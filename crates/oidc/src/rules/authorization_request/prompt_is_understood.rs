//! `prompt`, if there, is `none` alone or a list of `login`, `consent` and `select_account`.

use super::distinct;
use crate::authorization::Prompt;
use crate::check::Ask;
use crate::reason::Reason;

/// Where it is written.
pub const CITES: &str = "OpenID Connect Core 1.0 section 3.1.2.1";

/// A value that we do not understand is refused rather than skipped: the client counts on what it asked for.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    read(ask).map(|_| ())
}

/// The wishes.
pub fn read(ask: &Ask<'_>) -> Result<Prompt, Reason> {
    let mut prompt = Prompt::default();
    let values = distinct(ask.request.get("prompt").unwrap_or_default());
    for value in &values {
        match *value {
            "none" => prompt.none = true,
            "login" => prompt.login = true,
            "consent" => prompt.consent = true,
            "select_account" => prompt.select_account = true,
            _ => return Err(Reason::ParameterMalformed("prompt")),
        }
    }
    if prompt.none && values.len() > 1 {
        return Err(Reason::PromptNoneWithOthers);
    }
    Ok(prompt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::read_with;

    #[test]
    fn none_stands_alone() {
        let with = |value| read_with(&[("prompt", value)], read);
        let nothing = Prompt::default();
        for (value, prompt) in [
            (None, nothing),
            (
                Some("none"),
                Prompt {
                    none: true,
                    ..nothing
                },
            ),
            (
                Some("none none"),
                Prompt {
                    none: true,
                    ..nothing
                },
            ),
            (
                Some("login"),
                Prompt {
                    login: true,
                    ..nothing
                },
            ),
            (
                Some("consent  login"),
                Prompt {
                    login: true,
                    consent: true,
                    ..nothing
                },
            ),
            (
                Some("select_account"),
                Prompt {
                    select_account: true,
                    ..nothing
                },
            ),
        ] {
            assert_eq!(with(value), Ok(prompt), "{value:?}");
        }
        for value in ["none login", "login none", "none consent select_account"] {
            assert_eq!(with(Some(value)), Err(Reason::PromptNoneWithOthers), "{value}");
        }
        for value in ["create", "Login", "login,consent", "none\tlogin"] {
            assert_eq!(
                with(Some(value)),
                Err(Reason::ParameterMalformed("prompt")),
                "{value:?}"
            );
        }
    }
}
