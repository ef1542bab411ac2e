//! The tree, behind the pre-scan, with accessors that cannot be misread.

use std::collections::BTreeSet;
use std::fmt;

use crate::prescan::prescan;
use crate::{Limits, Reason};

/// A document that was read within its limits.
pub struct Document<'a> {
    tree: roxmltree::Document<'a>,
    limits: Limits,
}

impl fmt::Debug for Document<'_> {
    /// Shape only: messages carry what must not be logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} octets)", self.tree.input_text().len())
    }
}

impl<'a> Document<'a> {
    /// Reads one document: UTF-8, XML 1.0 with namespaces, within the limits, nothing behind the root.
    pub fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Self, Reason> {
        let text = prescan(bytes, limits)?;
        let options = roxmltree::ParsingOptions {
            allow_dtd: false,
            nodes_limit: u32::try_from(limits.nodes).unwrap_or(u32::MAX),
            entity_resolver: None,
        };
        let tree = roxmltree::Document::parse_with_options(text, options).map_err(|error| match error {
            roxmltree::Error::NodesLimitReached => Reason::TooManyNodes { limit: limits.nodes },
            _ => Reason::NotWellFormed,
        })?;
        Ok(Self {
            tree,
            limits: *limits,
        })
    }

    /// The root element.
    pub fn root(&self) -> Element<'_> {
        Element {
            node: self.tree.root_element(),
            limits: &self.limits,
        }
    }
}

/// One element of a document.
#[derive(Clone, Copy)]
pub struct Element<'d> {
    node: roxmltree::Node<'d, 'd>,
    limits: &'d Limits,
}

impl fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Element({})", self.local_name())
    }
}

impl<'d> Element<'d> {
    pub(crate) fn node(self) -> roxmltree::Node<'d, 'd> {
        self.node
    }

    pub(crate) fn limits(self) -> &'d Limits {
        self.limits
    }

    /// Whether the element has this namespace and local name.
    pub fn is(self, namespace: &str, local: &str) -> bool {
        self.node.has_tag_name((namespace, local))
    }

    /// The namespace, empty for none.
    pub fn namespace(self) -> &'d str {
        self.node.tag_name().namespace().unwrap_or("")
    }

    /// The name without prefix.
    pub fn local_name(self) -> &'d str {
        self.node.tag_name().name()
    }

    /// The value of an attribute without namespace.
    pub fn attribute(self, local: &str) -> Option<&'d str> {
        self.qualified_attribute("", local)
    }

    /// The value of an attribute in a namespace.
    pub fn qualified_attribute(self, namespace: &str, local: &str) -> Option<&'d str> {
        self.node
            .attributes()
            .find(|a| a.namespace().unwrap_or("") == namespace && a.name() == local)
            .map(|a| a.value())
    }

    /// Every attribute as (namespace or empty, local name, value); namespace declarations are none.
    pub fn attributes(self) -> impl Iterator<Item = (&'d str, &'d str, &'d str)> {
        self.node
            .attributes()
            .map(|a| (a.namespace().unwrap_or(""), a.name(), a.value()))
    }

    /// The whole text of an element that holds nothing but text (no element, no comment).
    pub fn text(self) -> Result<String, Reason> {
        let mut whole = String::new();
        for child in self.node.children() {
            if !child.is_text() {
                return Err(self.mixed());
            }
            whole.push_str(child.text().unwrap_or(""));
        }
        Ok(whole)
    }

    /// The child elements of an element that holds nothing else but white space (and comments, where allowed).
    pub fn elements(self) -> Result<Vec<Element<'d>>, Reason> {
        let mut found = Vec::new();
        for child in self.node.children() {
            if child.is_element() {
                found.push(Element {
                    node: child,
                    limits: self.limits,
                });
            } else if child.is_text() && !is_white_space(child.text().unwrap_or("")) {
                return Err(self.mixed());
            }
        }
        Ok(found)
    }

    /// Refuses two elements with one identifier anywhere in the document. Every spelling counts that some reader
    /// takes for an identifier: `ID`, `Id`, `id` and `xml:id`.
    pub(crate) fn require_unique_ids(self) -> Result<(), Reason> {
        let mut seen = BTreeSet::new();
        let whole = Element {
            node: self.node.document().root_element(),
            limits: self.limits,
        };
        let mut repeated = false;
        whole.each_element(&mut |own| {
            for id in own {
                repeated |= !seen.insert(*id);
            }
        });
        if repeated { Err(Reason::IdRepeated) } else { Ok(()) }
    }

    /// Tells the identifiers of this element and of each below it; the same one twice at one element counts once.
    pub(crate) fn each_element(self, tell: &mut dyn FnMut(&BTreeSet<&'d str>)) {
        for node in self.node.descendants().filter(roxmltree::Node::is_element) {
            let mut own = BTreeSet::new();
            for attribute in node.attributes() {
                let plain = attribute.namespace().is_none() && matches!(attribute.name(), "ID" | "Id" | "id");
                let xml_id = attribute.namespace() == Some(roxmltree::NS_XML_URI) && attribute.name() == "id";
                if plain || xml_id {
                    own.insert(attribute.value());
                }
            }
            tell(&own);
        }
    }

    /// The element at a depth of a document of which each element down to there has at most one child element; the root has depth 1.
    pub(crate) fn innermost(self, depth: usize) -> Result<Element<'d>, Reason> {
        let mut element = self;
        for _ in 1..depth {
            element = match element.elements()?.as_slice() {
                [one] => *one,
                _ => return Err(Reason::NotWellFormed),
            };
        }
        Ok(element)
    }

    fn mixed(self) -> Reason {
        Reason::MixedContent {
            element: Reason::bounded(self.local_name()),
        }
    }
}

fn is_white_space(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'))
}

#[cfg(test)]
mod tests;
