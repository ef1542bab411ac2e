//! Texts with places to fill, and words of the other language in them.

/// Puts values into the places that a text leaves open.
pub(crate) trait Fill {
    /// The text with every `{name}` replaced by `value`. The template escapes the result.
    fn fill(&self, name: &str, value: &str) -> String;

    /// The text cut at `⟦…⟧`.
    fn segments(&self) -> Vec<Segment<'_>>;
}

/// A piece of a text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Segment<'a> {
    /// The words.
    pub(crate) words: &'a str,
    /// Whether they are words of the other language.
    pub(crate) foreign: bool,
}

impl Fill for str {
    fn fill(&self, name: &str, value: &str) -> String {
        self.replace(&format!("{{{name}}}"), value)
    }

    fn segments(&self) -> Vec<Segment<'_>> {
        let mut segments = Vec::new();
        for (place, part) in self.split('⟦').enumerate() {
            let (foreign, plain) = match part.split_once('⟧') {
                Some((foreign, plain)) if place > 0 => (foreign, plain),
                _ => ("", part),
            };
            for (words, foreign) in [(foreign, true), (plain, false)] {
                if !words.is_empty() {
                    segments.push(Segment { words, foreign });
                }
            }
        }
        segments
    }
}
