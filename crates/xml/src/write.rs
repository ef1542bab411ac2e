//! Writing that is canonical by construction: what is written is its own exclusive canonical form.

use std::borrow::Cow;
use std::fmt;

use crate::Reason;
use crate::escape::{Sink, require_xml_characters};
use crate::scope::Rendered;

/// A qualified name of our own vocabulary.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Name {
    /// The prefix that we always write it with; empty for the default namespace.
    pub prefix: &'static str,
    /// The namespace.
    pub namespace: &'static str,
    /// The local name.
    pub local: &'static str,
}

impl Name {
    /// A name.
    pub const fn new(prefix: &'static str, namespace: &'static str, local: &'static str) -> Self {
        Self {
            prefix,
            namespace,
            local,
        }
    }
}

/// An element that is being composed.
#[derive(Clone, Eq, PartialEq)]
pub struct NewElement {
    name: Name,
    attributes: Vec<(Name, Cow<'static, str>)>,
    children: Vec<Content>,
}

#[derive(Clone, Eq, PartialEq)]
enum Content {
    Element(NewElement),
    Text(Cow<'static, str>),
    Canonical(Vec<u8>),
}

impl fmt::Debug for NewElement {
    /// Name only: content may be personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewElement({}:{})", self.name.prefix, self.name.local)
    }
}

/// No message of ours comes near this; a bound keeps a mistake from becoming an outage.
const OUTPUT_LIMIT: usize = 16 * 1024 * 1024;

impl NewElement {
    /// An empty element.
    pub const fn new(name: Name) -> Self {
        Self {
            name,
            attributes: Vec::new(),
            children: Vec::new(),
        }
    }

    /// With an attribute without namespace. The same name again replaces the value.
    #[must_use]
    pub fn attribute(self, local: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.qualified_attribute(Name::new("", "", local), value)
    }

    /// With an attribute, if there is a value.
    #[must_use]
    pub fn attribute_if(self, local: &'static str, value: Option<impl Into<Cow<'static, str>>>) -> Self {
        match value {
            Some(value) => self.attribute(local, value),
            None => self,
        }
    }

    /// With an attribute in a namespace (`xml:lang`). The same name again replaces the value.
    #[must_use]
    pub fn qualified_attribute(mut self, name: Name, value: impl Into<Cow<'static, str>>) -> Self {
        self.attributes
            .retain(|(n, _)| (n.namespace, n.local) != (name.namespace, name.local));
        self.attributes.push((name, value.into()));
        self
    }

    /// With text behind what is there.
    #[must_use]
    pub fn text(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.children.push(Content::Text(text.into()));
        self
    }

    /// With a child behind what is there.
    #[must_use]
    pub fn child(mut self, child: NewElement) -> Self {
        self.children.push(Content::Element(child));
        self
    }

    /// With a whole element behind what is there, already in exclusive canonical form.
    ///
    /// The result is canonical only where no prefix that the given element declares is rendered by this element or one
    /// above it: a declaration that an ancestor renders is not repeated in canonical form.
    #[must_use]
    pub fn canonical_child(mut self, element: Vec<u8>) -> Self {
        self.children.push(Content::Canonical(element));
        self
    }

    /// With children behind what is there.
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = NewElement>) -> Self {
        self.children.extend(children.into_iter().map(Content::Element));
        self
    }

    /// The value of an attribute without namespace.
    pub fn get_attribute(&self, local: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(name, _)| name.namespace.is_empty() && name.local == local)
            .map(|(_, value)| value.as_ref())
    }

    pub(crate) fn insert_child(&mut self, position: usize, child: NewElement) {
        let position = position.min(self.children.len());
        self.children.insert(position, Content::Element(child));
    }

    /// The exclusive canonical form with this element at the top; it is also the document to send.
    pub fn to_canonical(&self) -> Result<Vec<u8>, Reason> {
        let mut sink = Sink::new(OUTPUT_LIMIT);
        self.write(&mut sink, &mut Rendered::default())?;
        Ok(sink.into_bytes())
    }

    fn write<'a>(&'a self, sink: &mut Sink, rendered: &mut Rendered<'a>) -> Result<(), Reason> {
        let mark = rendered.mark();
        sink.push("<")?;
        write_name(sink, self.name)?;
        self.write_namespaces(sink, rendered)?;
        let mut sorted: Vec<_> = self.attributes.iter().collect();
        sorted.sort_by_key(|(name, _)| (name.namespace, name.local));
        for (name, value) in sorted {
            require_xml_characters(value)?;
            if name.prefix.is_empty() {
                sink.push_attribute(&[name.local], value)?;
            } else {
                sink.push_attribute(&[name.prefix, ":", name.local], value)?;
            }
        }
        sink.push(">")?;
        for child in &self.children {
            match child {
                Content::Element(element) => element.write(sink, rendered)?,
                Content::Canonical(octets) => {
                    sink.push(std::str::from_utf8(octets).map_err(|_| Reason::NotUtf8)?)?;
                }
                Content::Text(text) => {
                    require_xml_characters(text)?;
                    sink.push_text(text)?;
                }
            }
        }
        sink.push("</")?;
        write_name(sink, self.name)?;
        sink.push(">")?;
        rendered.release(mark);
        Ok(())
    }

    fn write_namespaces(&self, sink: &mut Sink, rendered: &mut Rendered<'_>) -> Result<(), Reason> {
        let mut used: Vec<(&'static str, &'static str)> = vec![(self.name.prefix, self.name.namespace)];
        for (name, _) in &self.attributes {
            if !name.prefix.is_empty() && name.prefix != "xml" {
                used.push((name.prefix, name.namespace));
            }
        }
        used.sort_unstable();
        for (prefix, uri) in used {
            if rendered.declare(prefix, uri) {
                sink.push_namespace(prefix, uri)?;
            }
        }
        Ok(())
    }
}

fn write_name(sink: &mut Sink, name: Name) -> Result<(), Reason> {
    if !name.prefix.is_empty() {
        sink.push(name.prefix)?;
        sink.push(":")?;
    }
    sink.push(name.local)
}

#[cfg(test)]
mod tests;
