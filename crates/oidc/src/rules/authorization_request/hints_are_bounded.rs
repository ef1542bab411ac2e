//! `id_token_hint`, `login_hint`, `ui_locales`, `claims_locales` and `display` are bounded.

use domain::Language;

use super::distinct;
use crate::check::Ask;
use crate::hint::{self, Hint};
use crate::reason::Reason;

/// Where it is written.
pub const CITES: &str = "OpenID Connect Core 1.0 section 3.1.2.1";

const MAX_TEXT: usize = 1024;

/// `login_hint` is then ignored (the card says who signs in, and nothing shows whether we know somebody), `ui_locales` never refuses,
/// `claims_locales` has nothing to choose from (the register is Japanese), every `display` gets the page that fits every display;
/// `id_token_hint` is passed on.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    for (name, max) in [
        ("id_token_hint", hint::MAX_BYTES),
        ("login_hint", MAX_TEXT),
        ("ui_locales", MAX_TEXT),
        ("claims_locales", MAX_TEXT),
        ("display", MAX_TEXT),
    ] {
        if ask.request.get(name).is_some_and(|value| value.len() > max) {
            return Err(Reason::ParameterMalformed(name));
        }
    }
    Ok(())
}

/// The hint, unverified.
pub fn id_token_hint(ask: &Ask<'_>) -> Result<Option<Hint>, Reason> {
    check(ask)?;
    Ok(ask.request.get("id_token_hint").map(Hint::new))
}

/// Languages of our pages in the client's order of preference; tags of others are skipped.
pub fn languages(ask: &Ask<'_>) -> Result<Vec<Language>, Reason> {
    check(ask)?;
    let mut languages = Vec::new();
    for language in distinct(ask.request.get("ui_locales").unwrap_or_default())
        .into_iter()
        .filter_map(Language::from_tag)
    {
        if !languages.contains(&language) {
            languages.push(language);
        }
    }
    Ok(languages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::read_with;

    #[test]
    fn languages_that_we_have() {
        let with = |value| read_with(&[("ui_locales", Some(value))], languages);
        assert_eq!(with("fr en-GB ja en"), Ok(vec![Language::En, Language::Ja]));
        assert_eq!(with("fr x-y \u{0}"), Ok(vec![]));
    }

    #[test]
    fn bounds() {
        for (name, max) in [
            ("id_token_hint", 8192),
            ("login_hint", 1024),
            ("ui_locales", 1024),
            ("claims_locales", 1024),
            ("display", 1024),
        ] {
            let (longest, longer) = ("x".repeat(max), "x".repeat(max + 1));
            assert_eq!(read_with(&[(name, Some(&longest))], check), Ok(()));
            assert_eq!(
                read_with(&[(name, Some(&longer))], check),
                Err(Reason::ParameterMalformed(name))
            );
        }
        let hint = read_with(&[("id_token_hint", Some("a.b.c"))], id_token_hint)
            .unwrap()
            .unwrap();
        assert_eq!(
            (hint.as_str(), format!("{hint:?}")),
            ("a.b.c", "Hint(***)".to_owned())
        );
    }
}
