//! Parameters as they came: `application/x-www-form-urlencoded`, from a query or a body, bounded and read strictly.

use std::borrow::Cow;

use percent_encoding::percent_decode;
use url::form_urlencoded;

use crate::Reason;

const MAX_PARAMETERS: usize = 64;
/// Parameters that may come more than once (RFC 8707 section 2).
const MAY_REPEAT: [&str; 1] = ["resource"];

/// The parameters that the endpoint knows. Others were counted and dropped (RFC 6749 section 3.1: unrecognised parameters are
/// ignored).
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Parameters {
    known: Vec<(&'static str, String)>,
    repeated: Vec<&'static str>,
}

impl Parameters {
    /// Reads `a=b&c=d`. Values of known names must be UTF-8 after decoding; what nobody knows is ignored however it is written.
    pub(crate) fn parse(raw: &[u8], known_names: &[&'static str], max_bytes: usize) -> Result<Self, Reason> {
        if raw.len() > max_bytes {
            return Err(Reason::RequestTooLong { limit: max_bytes });
        }
        let mut read = Self {
            known: Vec::new(),
            repeated: Vec::new(),
        };
        let pieces = raw.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty());
        for (place, piece) in pieces.enumerate() {
            if place >= MAX_PARAMETERS {
                return Err(Reason::TooManyParameters {
                    limit: MAX_PARAMETERS,
                });
            }
            let mut halves = piece.splitn(2, |byte| *byte == b'=');
            let Ok(name) = decode(halves.next().unwrap_or_default()) else {
                continue;
            };
            let Some(name) = known_names.iter().find(|known| **known == name) else {
                continue;
            };
            read.add(name, decode(halves.next().unwrap_or_default())?);
        }
        Ok(read)
    }

    /// None yet.
    pub(crate) const fn empty() -> Self {
        Self {
            known: Vec::new(),
            repeated: Vec::new(),
        }
    }

    /// Takes one more, and notes it when it came before and may not repeat.
    pub(crate) fn add(&mut self, name: &'static str, value: String) {
        if !MAY_REPEAT.contains(&name) && self.known.iter().any(|(earlier, _)| *earlier == name) {
            self.repeated.push(name);
        } else {
            self.known.push((name, value));
        }
    }

    /// These, and of the others those that these do not have.
    #[must_use]
    pub(crate) fn completed_by(mut self, others: &Self) -> Self {
        let own: Vec<&str> = self.known.iter().map(|(name, _)| *name).collect();
        let missing: Vec<_> = others
            .known
            .iter()
            .filter(|(name, _)| !own.contains(name))
            .cloned()
            .collect();
        self.known.extend(missing);
        self.repeated.extend(&others.repeated);
        self
    }

    /// Without one parameter.
    #[must_use]
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.known.retain(|(known, _)| *known != name);
        self
    }

    /// All values of a parameter that may repeat, those without content left out.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.known
            .iter()
            .filter(move |(known, value)| *known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// As `application/x-www-form-urlencoded`, for our own store.
    pub(crate) fn to_form(&self) -> String {
        let mut writer = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.known {
            writer.append_pair(name, value);
        }
        writer.finish()
    }

    /// A value. One without content counts as omitted (RFC 6749 section 3.1). For a repeated parameter: the first.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.known
            .iter()
            .find(|(known, value)| *known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Whether one parameter came more than once.
    pub(crate) fn refuse_repeated(&self, name: &'static str) -> Result<(), Reason> {
        if self.repeated.contains(&name) {
            Err(Reason::RepeatedParameter(name))
        } else {
            Ok(())
        }
    }

    /// Whether any known parameter came more than once (RFC 6749 section 3.1 forbids it).
    pub(crate) fn refuse_any_repeated(&self) -> Result<(), Reason> {
        match self.repeated.first() {
            Some(name) => Err(Reason::RepeatedParameter(name)),
            None => Ok(()),
        }
    }
}

/// Decodes one name or value of `application/x-www-form-urlencoded`.
pub(crate) fn decode(piece: &[u8]) -> Result<String, Reason> {
    let spaced: Cow<'_, [u8]> = if piece.contains(&b'+') {
        piece
            .iter()
            .map(|byte| if *byte == b'+' { b' ' } else { *byte })
            .collect()
    } else {
        Cow::Borrowed(piece)
    };
    percent_decode(&spaced)
        .decode_utf8()
        .map(Cow::into_owned)
        .map_err(|_| Reason::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = ["a", "b", "scope"];

    fn parse(raw: &str) -> Result<Parameters, Reason> {
        Parameters::parse(raw.as_bytes(), &NAMES, 1024)
    }

    #[test]
    fn values_are_decoded_once() {
        let read =
            parse("&a=1%20+2%2B&unknown=x&b=&scope=%2525&%61b=7&&").unwrap_or_else(|r| panic!("{r:?}"));
        assert_eq!(read.get("a"), Some("1  2+"));
        assert_eq!(read.get("b"), None, "a value without content counts as omitted");
        assert_eq!(read.get("scope"), Some("%25"));
        assert_eq!(read.get("unknown"), None);
        assert_eq!(read.refuse_any_repeated(), Ok(()));
    }

    #[test]
    fn repetition_is_seen_in_every_spelling() {
        for raw in ["a=1&a=1", "a=1&%61=2", "a=&a=1", "a&a", "a=1&b=2&a=3"] {
            let read = parse(raw).unwrap_or_else(|r| panic!("{r:?}"));
            assert_eq!(
                read.refuse_repeated("a"),
                Err(Reason::RepeatedParameter("a")),
                "{raw}"
            );
            assert_eq!(
                read.refuse_any_repeated(),
                Err(Reason::RepeatedParameter("a")),
                "{raw}"
            );
            assert_eq!(read.refuse_repeated("b"), Ok(()));
        }
        let unknown = parse("x=1&x=2").unwrap_or_else(|r| panic!("{r:?}"));
        assert_eq!(
            unknown.refuse_any_repeated(),
            Ok(()),
            "unrecognised parameters are ignored"
        );
    }

    #[test]
    fn resource_may_repeat_and_what_is_stored_reads_back() {
        let names = ["resource", "state"];
        let read = |raw: &str| Parameters::parse(raw.as_bytes(), &names, 1024).unwrap();
        let both = read("resource=https%3A%2F%2Fa&resource=https%3A%2F%2Fb&state=%26+%25");
        assert_eq!(both.refuse_any_repeated(), Ok(()));
        assert_eq!(
            both.all("resource").collect::<Vec<_>>(),
            ["https://a", "https://b"]
        );
        assert!(read(&both.to_form()) == both);
        let inside = read("state=inside").completed_by(&read("state=outside&resource=https%3A%2F%2Fa"));
        assert_eq!(
            (inside.get("state"), inside.all("resource").count()),
            (Some("inside"), 1)
        );
        assert_eq!(inside.without("state").get("state"), None);
    }

    #[test]
    fn bounds() {
        let fault = |raw: &str| parse(raw).err();
        assert_eq!(
            fault(&"x".repeat(1025)),
            Some(Reason::RequestTooLong { limit: 1024 })
        );
        assert_eq!(fault(&"x".repeat(1024)), None);
        assert_eq!(
            fault(&"x&".repeat(65)),
            Some(Reason::TooManyParameters { limit: 64 })
        );
        assert_eq!(fault(&"x&".repeat(64)), None);
        assert_eq!(fault("a=%ff"), Some(Reason::NotUtf8));
        assert_eq!(fault("%61=%ff"), Some(Reason::NotUtf8));
        assert_eq!(fault("a=%zz"), None);
    }

    #[test]
    fn what_nobody_knows_is_ignored_however_it_is_written() {
        for raw in [
            "a=1&x=%ff",
            "a=1&%c0%af=1",
            "%ff&a=1",
            "a=1&a%ff=2",
            "a=1&x=\u{fffd}",
        ] {
            let read = parse(raw).unwrap_or_else(|r| panic!("{raw}: {r:?}"));
            assert_eq!(read.get("a"), Some("1"), "{raw}");
            assert_eq!(read.refuse_any_repeated(), Ok(()), "{raw}");
        }
    }
}
