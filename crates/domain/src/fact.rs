//! Facts of an exchange that was judged: what was computed, expected and given. They are for the developer of the service whose exchange
//! it was, so none is a secret, a token, a code, or says anything about a person.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Characters of a text from outside that are kept.
const TEXT_LIMIT: usize = 200;
/// Entries of a list that are kept.
const LIST_LIMIT: usize = 12;

/// What a fact says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FactValue {
    /// Yes or no.
    Flag(bool),
    /// A count, or seconds.
    Number(i64),
    /// A text: at most 200 characters, no control characters.
    Text(String),
    /// Several texts.
    List(Vec<String>),
}

/// One named fact. Names are stable and carry their unit (`clock_difference_seconds`).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// What.
    pub name: Cow<'static, str>,
    /// Which.
    pub value: FactValue,
}

impl Fact {
    /// A text, bounded.
    pub fn text(name: &'static str, value: &str) -> Self {
        Self::new(name, FactValue::Text(bounded(value)))
    }

    /// An address without what may carry personal or secret things: user information, query and fragment.
    pub fn address(name: &'static str, value: &str) -> Self {
        Self::new(name, FactValue::Text(bare_address(value)))
    }

    /// Addresses, likewise.
    pub fn addresses<'a>(name: &'static str, values: impl IntoIterator<Item = &'a str>) -> Self {
        let values = values.into_iter().take(LIST_LIMIT).map(bare_address);
        Self::new(name, FactValue::List(values.collect()))
    }

    /// Several texts, bounded in number and length.
    pub fn list<'a>(name: &'static str, values: impl IntoIterator<Item = &'a str>) -> Self {
        let values = values.into_iter().take(LIST_LIMIT).map(bounded);
        Self::new(name, FactValue::List(values.collect()))
    }

    /// A number.
    pub const fn number(name: &'static str, value: i64) -> Self {
        Self::new(name, FactValue::Number(value))
    }

    /// A count of octets.
    pub fn count(name: &'static str, value: usize) -> Self {
        Self::number(name, i64::try_from(value).unwrap_or(i64::MAX))
    }

    /// Yes or no.
    pub const fn flag(name: &'static str, value: bool) -> Self {
        Self::new(name, FactValue::Flag(value))
    }

    /// Octets in lower-case hexadecimal: digests.
    pub fn hex(name: &'static str, octets: &[u8]) -> Self {
        use std::fmt::Write as _;
        let text = octets
            .iter()
            .take(TEXT_LIMIT / 2)
            .fold(String::new(), |mut text, octet| {
                // Writing to a String cannot fail.
                let _ = write!(text, "{octet:02x}");
                text
            });
        Self::new(name, FactValue::Text(text))
    }

    const fn new(name: &'static str, value: FactValue) -> Self {
        Self {
            name: Cow::Borrowed(name),
            value,
        }
    }
}

fn bounded(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .take(TEXT_LIMIT)
        .collect()
}

/// `scheme://user@host/path?query#fragment` → `scheme://host/path`. What is no such address stays as it is up to the query.
fn bare_address(text: &str) -> String {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let head = text.get(..end).unwrap_or_default();
    let Some((scheme, rest)) = head.split_once("://") else {
        return bounded(head);
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    bounded(&format!("{scheme}://{host}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_what_may_be_personal() {
        for (given, kept) in [
            ("https://a.example/cb", "https://a.example/cb"),
            ("https://u:p@a.example/cb?code=1#x", "https://a.example/cb"),
            ("https://a.example?x@y", "https://a.example"),
            ("https://a@b@c.example/", "https://c.example/"),
            ("urn:x:y?z", "urn:x:y"),
            ("no address", "no address"),
            ("", ""),
        ] {
            assert_eq!(
                Fact::address("x", given).value,
                FactValue::Text(kept.to_owned()),
                "{given}"
            );
        }
    }

    #[test]
    fn texts_are_bounded_and_plain() {
        assert_eq!(
            Fact::text("x", "a\n\u{1b}[2Jb").value,
            FactValue::Text("a[2Jb".to_owned())
        );
        let FactValue::Text(long) = Fact::text("x", &"あ".repeat(999)).value else {
            panic!("no text");
        };
        assert_eq!(long.chars().count(), 200);
        let FactValue::List(many) = Fact::list("x", std::iter::repeat_n("y", 99)).value else {
            panic!("no list");
        };
        assert_eq!(many.len(), 12);
        assert_eq!(
            Fact::hex("x", &[0, 255]).value,
            FactValue::Text("00ff".to_owned())
        );
    }

    #[test]
    fn a_fact_survives_its_own_spelling() {
        for fact in [
            Fact::flag("a", true),
            Fact::number("b", -7),
            Fact::text("c", "d"),
            Fact::list("e", ["f"]),
        ] {
            let text = serde_json::to_string(&fact).unwrap();
            assert_eq!(serde_json::from_str::<Fact>(&text).unwrap(), fact, "{text}");
        }
    }
}
