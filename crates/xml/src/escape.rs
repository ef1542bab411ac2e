//! Escaping by the rules of Canonical XML 1.0 section 2.3, into a bounded sink.

use crate::Reason;

/// Text that may grow to a limit.
pub(crate) struct Sink {
    text: String,
    limit: usize,
}

impl Sink {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            text: String::new(),
            limit,
        }
    }

    pub(crate) fn push(&mut self, piece: &str) -> Result<(), Reason> {
        if self.text.len().saturating_add(piece.len()) > self.limit {
            return Err(Reason::CanonicalTooLarge { limit: self.limit });
        }
        self.text.push_str(piece);
        Ok(())
    }

    pub(crate) fn push_text(&mut self, text: &str) -> Result<(), Reason> {
        self.push_escaped(text, |c| match c {
            '&' => Some("&amp;"),
            '<' => Some("&lt;"),
            '>' => Some("&gt;"),
            '\r' => Some("&#xD;"),
            _ => None,
        })
    }

    /// Writes ` name="value"`.
    pub(crate) fn push_attribute(&mut self, name: &[&str], value: &str) -> Result<(), Reason> {
        self.push(" ")?;
        for piece in name {
            self.push(piece)?;
        }
        self.push("=\"")?;
        self.push_escaped(value, |c| match c {
            '&' => Some("&amp;"),
            '<' => Some("&lt;"),
            '"' => Some("&quot;"),
            '\t' => Some("&#x9;"),
            '\n' => Some("&#xA;"),
            '\r' => Some("&#xD;"),
            _ => None,
        })?;
        self.push("\"")
    }

    /// Writes ` xmlns="uri"` or ` xmlns:prefix="uri"`.
    pub(crate) fn push_namespace(&mut self, prefix: &str, uri: &str) -> Result<(), Reason> {
        if prefix.is_empty() {
            self.push_attribute(&["xmlns"], uri)
        } else {
            self.push_attribute(&["xmlns:", prefix], uri)
        }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }

    fn push_escaped(
        &mut self,
        text: &str,
        escape: impl Fn(char) -> Option<&'static str>,
    ) -> Result<(), Reason> {
        let mut rest = text;
        while let Some((at, c, entity)) = rest.char_indices().find_map(|(at, c)| Some((at, c, escape(c)?))) {
            let (plain, tail) = rest.split_at(at);
            self.push(plain)?;
            self.push(entity)?;
            rest = tail.get(c.len_utf8()..).unwrap_or("");
        }
        self.push(rest)
    }
}

/// Refuses what production 2 (`Char`) of XML 1.0 does not allow.
pub(crate) fn require_xml_characters(text: &str) -> Result<(), Reason> {
    let forbidden = text.chars().find(
        |c| matches!(c, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}'),
    );
    match forbidden {
        Some(c) => Err(Reason::NotXmlCharacter { code: u32::from(c) }),
        None => Ok(()),
    }
}
