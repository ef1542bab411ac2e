//! The XML Schema datatypes that SAML uses (xmlschema-2, second edition).

use domain::Timestamp;

use crate::Reason;

/// Longest identifier that is read; 128 random bits need 33 characters.
const ID_LIMIT: usize = 256;
/// Longest identifier URI (core-2.0-os section 8.3.6 says 1024 for entity identifiers).
const URI_LIMIT: usize = 1024;

fn collapse(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// `xs:boolean`: four spellings.
pub(crate) fn boolean(what: &'static str, text: &str) -> Result<bool, Reason> {
    match collapse(text) {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Reason::InvalidValue { what }),
    }
}

/// `xs:unsignedShort`.
pub(crate) fn unsigned_short(what: &'static str, text: &str) -> Result<u16, Reason> {
    let digits = collapse(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Reason::InvalidValue { what });
    }
    digits.parse().map_err(|_| Reason::InvalidValue { what })
}

/// `xs:dateTime`. Core section 1.3.3 wants UTC; a value without any zone is UTC.
pub(crate) fn date_time(what: &'static str, text: &str) -> Result<Timestamp, Reason> {
    let text = collapse(text);
    if text.len() > 40 || text.as_bytes().get(10) != Some(&b'T') {
        return Err(Reason::InvalidValue { what });
    }
    Timestamp::parse_rfc3339(text)
        .or_else(|_| Timestamp::parse_rfc3339(&format!("{text}Z")))
        .map_err(|_| Reason::InvalidValue { what })
}

/// `xs:ID`: an `NCName`.
pub(crate) fn nc_name(what: &'static str, text: &str) -> Result<String, Reason> {
    let text = collapse(text);
    let starts = text.starts_with(|c: char| c == '_' || c.is_alphabetic());
    let continues = text
        .chars()
        .all(|c| matches!(c, '_' | '-' | '.') || c.is_alphanumeric());
    if starts && continues && text.len() <= ID_LIMIT {
        Ok(text.to_owned())
    } else {
        Err(Reason::InvalidValue { what })
    }
}

/// `xs:anyURI`: bounded, without white space or control characters.
pub(crate) fn any_uri(what: &'static str, text: &str) -> Result<String, Reason> {
    let text = collapse(text);
    let clean = !text.is_empty()
        && text.len() <= URI_LIMIT
        && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    if clean {
        Ok(text.to_owned())
    } else {
        Err(Reason::InvalidValue { what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_have_four_spellings() {
        for (text, value) in [("true", true), ("1", true), ("false", false), (" 0\n", false)] {
            assert_eq!(boolean("x", text), Ok(value), "{text}");
        }
        for text in ["", "True", "TRUE", "yes", "2", "t rue"] {
            assert_eq!(
                boolean("x", text),
                Err(Reason::InvalidValue { what: "x" }),
                "{text}"
            );
        }
    }

    #[test]
    fn dates_are_utc_unless_they_say_otherwise() {
        let at = Timestamp::from_millis(1_795_219_200_250);
        for text in [
            "2026-11-21T00:00:00.250Z",
            "2026-11-21T09:00:00.25+09:00",
            "2026-11-21T00:00:00.250",
        ] {
            assert_eq!(date_time("x", text), Ok(at), "{text}");
        }
        for text in [
            "",
            "2026-11-21",
            "2026-11-21 00:00:00Z",
            "2026-02-30T00:00:00Z",
            "1795219200",
            "+2026-11-21T00:00:00Z",
        ] {
            assert_eq!(
                date_time("x", text),
                Err(Reason::InvalidValue { what: "x" }),
                "{text}"
            );
        }
    }

    #[test]
    fn identifiers_are_nc_names() {
        for text in ["_a", "a.b-c", "\u{3042}1", "_0"] {
            assert_eq!(nc_name("ID", text), Ok(text.to_owned()));
        }
        let long = format!("_{}", "a".repeat(256));
        for text in ["", "0a", "-a", "a:b", "a b", "a\"b", "a<b", "#a", long.as_str()] {
            assert!(nc_name("ID", text).is_err(), "{text}");
        }
    }

    #[test]
    fn indexes_are_unsigned_shorts() {
        assert_eq!(unsigned_short("x", "65535"), Ok(65535));
        for text in ["", "-1", "+1", "65536", "1.0", "0x1"] {
            assert!(unsigned_short("x", text).is_err(), "{text}");
        }
    }
}
