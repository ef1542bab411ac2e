//! A strict reader of our own pages for tests: every tag closed, every attribute quoted, nothing guessed.

use std::collections::BTreeMap;

const VOID: [&str; 5] = ["meta", "link", "input", "br", "path"];

/// One element with its place in the tree.
#[derive(Clone, Debug)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: BTreeMap<String, String>,
    /// Index of the parent in the document's elements.
    pub(super) parent: Option<usize>,
    /// All text inside, entities decoded.
    pub(super) text: String,
}

/// A piece of text with the element it stands in.
#[derive(Clone, Debug)]
pub(super) struct TextPiece {
    pub(super) text: String,
    pub(super) element: usize,
}

#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) elements: Vec<Element>,
    pub(super) texts: Vec<TextPiece>,
}

impl Element {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

impl Document {
    /// Reads a page or panics with the place that is wrong.
    pub(super) fn read(html: &str) -> Self {
        let mut document = Self::default();
        let mut open: Vec<usize> = Vec::new();
        let mut rest = html.strip_prefix("<!doctype html>\n").expect("doctype first");
        while let Some(start) = rest.find('<') {
            document.add_text(&rest[..start], &open);
            let end = tag_end(&rest[start..]) + start;
            let tag = &rest[start + 1..end];
            rest = &rest[end + 1..];
            if let Some(name) = tag.strip_prefix('/') {
                let top = open.pop().unwrap_or_else(|| panic!("</{name}> closes nothing"));
                assert_eq!(document.elements[top].name, name, "closed out of order");
                continue;
            }
            let element = element(tag, open.last().copied());
            let void = VOID.contains(&element.name.as_str()) || tag.ends_with('/');
            document.elements.push(element);
            if !void {
                open.push(document.elements.len() - 1);
            }
        }
        assert!(rest.trim().is_empty(), "text behind the last tag: {rest:?}");
        assert!(open.is_empty(), "not closed: {:?}", document.elements[open[0]]);
        document
    }

    fn add_text(&mut self, raw: &str, open: &[usize]) {
        assert!(!raw.contains('>'), "a bare > in {raw:?}");
        let text = decode(raw);
        if let Some(element) = open.last() {
            if !text.trim().is_empty() {
                self.texts.push(TextPiece {
                    text: text.clone(),
                    element: *element,
                });
            }
            for index in open {
                self.elements[*index].text.push_str(&text);
            }
        } else {
            assert!(text.trim().is_empty(), "text outside html: {text:?}");
        }
    }

    pub(super) fn all(&self, name: &str) -> Vec<&Element> {
        self.elements
            .iter()
            .filter(|element| element.name == name)
            .collect()
    }

    pub(super) fn only(&self, name: &str) -> &Element {
        let found = self.all(name);
        assert_eq!(found.len(), 1, "exactly one <{name}>");
        found[0]
    }

    pub(super) fn index_of(&self, wanted: &Element) -> usize {
        self.elements
            .iter()
            .position(|element| std::ptr::eq(element, wanted))
            .expect("of this document")
    }

    /// The element itself and everything around it.
    pub(super) fn around(&self, index: usize) -> Vec<&Element> {
        let mut found = Vec::new();
        let mut next = Some(index);
        while let Some(index) = next {
            found.push(&self.elements[index]);
            next = self.elements[index].parent;
        }
        found
    }

    /// Names and attribute names in order: what escaping must not change.
    pub(super) fn shape(&self) -> Vec<String> {
        self.elements
            .iter()
            .map(|element| {
                let names: Vec<_> = element.attributes.keys().map(String::as_str).collect();
                format!("{} {}", element.name, names.join(" "))
            })
            .collect()
    }
}

/// Where the tag that begins at 0 ends: a `>` outside quotes.
fn tag_end(text: &str) -> usize {
    let mut quoted = false;
    for (index, character) in text.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '>' if !quoted => return index,
            _ => {}
        }
    }
    panic!("a tag without end: {}", &text[..text.len().min(60)]);
}

fn element(tag: &str, parent: Option<usize>) -> Element {
    let tag = tag.trim_end_matches('/').trim_end();
    let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    assert!(
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()),
        "a strange tag: <{tag}>"
    );
    let mut attributes = BTreeMap::new();
    while !rest.trim().is_empty() {
        rest = rest.trim_start();
        let length = rest
            .find(|c: char| c == '=' || c.is_whitespace())
            .unwrap_or(rest.len());
        let key = &rest[..length];
        assert!(
            key.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-'),
            "a strange attribute {key:?} in <{tag}>"
        );
        rest = &rest[length..];
        let value = if let Some(behind) = rest.strip_prefix("=\"") {
            let end = behind.find('"').expect("quoted value ends");
            rest = &behind[end + 1..];
            decode(&behind[..end])
        } else {
            assert!(!rest.starts_with('='), "an unquoted value in <{tag}>");
            String::new()
        };
        let before = attributes.insert(key.to_owned(), value);
        assert_eq!(before, None, "{key} twice in <{tag}>");
    }
    Element {
        name: name.to_owned(),
        attributes,
        parent,
        text: String::new(),
    }
}

/// Decodes the five entities that the template engine writes; any other bare `&` is an error.
fn decode(raw: &str) -> String {
    let mut text = String::new();
    let mut parts = raw.split('&');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (entity, behind) = part
            .split_once(';')
            .unwrap_or_else(|| panic!("a bare & in {raw:?}"));
        text.push(match entity {
            "#34" => '"',
            "#38" => '&',
            "#39" => '\'',
            "#60" => '<',
            "#62" => '>',
            other => panic!("an unknown entity &{other}; in {raw:?}"),
        });
        text.push_str(behind);
    }
    text
}
