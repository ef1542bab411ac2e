//! Exclusive XML Canonicalization 1.0 without comments (W3C, 18 July 2002) of one element's subtree.
//!
//! Its tests need another implementation and stand in `tests/xmlsec1/canonical.rs` and `foreign.rs`.

use std::collections::BTreeMap;

use crate::escape::Sink;
use crate::scope::Rendered;
use crate::{Element, Reason};

/// The canonical octets of an element and everything below it.
///
/// `inclusive_prefixes` is the `PrefixList` of `ec:InclusiveNamespaces` (`#default` for the default namespace).
/// Fails only when the output would pass the document's size limit (declarations repeat at every sibling that uses
/// them, so a small document can have a large canonical form).
pub fn canonicalise(element: Element<'_>, inclusive_prefixes: &[&str]) -> Result<Vec<u8>, Reason> {
    canonicalise_without(element, inclusive_prefixes, None)
}

/// As [`canonicalise`], leaving out one descendant: the enveloped-signature transform.
pub(crate) fn canonicalise_without(
    element: Element<'_>,
    inclusive_prefixes: &[&str],
    omitted: Option<Element<'_>>,
) -> Result<Vec<u8>, Reason> {
    let mut walk = Walk {
        // The canonical form of an honest message is about as long as the message.
        sink: Sink::new(element.limits().size.saturating_mul(2)),
        inclusive: inclusive_prefixes,
        omitted: omitted.map(|e| e.node().id()),
        rendered: Rendered::default(),
        apex: element.node().id(),
    };
    walk.element(element.node())?;
    Ok(walk.sink.into_bytes())
}

struct Walk<'d, 'p> {
    sink: Sink,
    inclusive: &'p [&'p str],
    omitted: Option<roxmltree::NodeId>,
    rendered: Rendered<'d>,
    apex: roxmltree::NodeId,
}

impl<'d> Walk<'d, '_> {
    /// Recursion is bounded by the depth limit of the pre-scan.
    fn element(&mut self, node: roxmltree::Node<'d, 'd>) -> Result<(), Reason> {
        let mark = self.rendered.mark();
        let prefix = element_prefix(node);
        let local = node.tag_name().name();
        self.sink.push("<")?;
        self.name(prefix, local)?;
        self.namespaces(node, prefix)?;
        self.attributes(node)?;
        self.sink.push(">")?;
        for child in node.children() {
            if child.is_element() && Some(child.id()) != self.omitted {
                self.element(child)?;
            } else if child.is_text() {
                self.sink.push_text(child.text().unwrap_or(""))?;
            }
        }
        self.sink.push("</")?;
        self.name(prefix, local)?;
        self.sink.push(">")?;
        self.rendered.release(mark);
        Ok(())
    }

    fn name(&mut self, prefix: &str, local: &str) -> Result<(), Reason> {
        if !prefix.is_empty() {
            self.sink.push(prefix)?;
            self.sink.push(":")?;
        }
        self.sink.push(local)
    }

    fn namespaces(&mut self, node: roxmltree::Node<'d, 'd>, prefix: &'d str) -> Result<(), Reason> {
        // Sorted by prefix, the default namespace first.
        let mut used: BTreeMap<&'d str, &'d str> = BTreeMap::new();
        used.insert(prefix, node.tag_name().namespace().unwrap_or(""));
        for attribute in node.attributes() {
            let prefix = attribute_prefix(node, &attribute);
            if !prefix.is_empty() {
                used.insert(prefix, attribute.namespace().unwrap_or(""));
            }
        }
        // Where nothing is declared, what the list names is as it was at the parent, and rendered there: looking again at each element
        // would cost elements × list × declarations for nothing.
        let looked_at = if node.id() == self.apex || declares(node) {
            self.inclusive
        } else {
            &[]
        };
        for token in looked_at {
            if *token == "#default" {
                used.insert("", node.default_namespace().unwrap_or(""));
            } else if let Some(found) = node.namespaces().find(|n| n.name() == Some(*token))
                && let (Some(name), Some(uri)) = (found.name(), node.lookup_namespace_uri(found.name()))
            {
                used.insert(name, uri);
            }
        }
        used.remove("xml");
        for (prefix, uri) in used {
            if self.rendered.declare(prefix, uri) {
                self.sink.push_namespace(prefix, uri)?;
            }
        }
        Ok(())
    }

    fn attributes(&mut self, node: roxmltree::Node<'d, 'd>) -> Result<(), Reason> {
        let mut sorted: Vec<_> = node.attributes().collect();
        sorted.sort_by_key(|a| (a.namespace().unwrap_or(""), a.name()));
        for attribute in sorted {
            let prefix = attribute_prefix(node, &attribute);
            if prefix.is_empty() {
                self.sink.push_attribute(&[attribute.name()], attribute.value())?;
            } else {
                self.sink
                    .push_attribute(&[prefix, ":", attribute.name()], attribute.value())?;
            }
        }
        Ok(())
    }
}

/// Whether an element's start tag may declare a namespace: true also where an attribute merely speaks of `xmlns`.
fn declares(node: roxmltree::Node<'_, '_>) -> bool {
    let all = node.range();
    let end = node.first_child().map_or(all.end, |child| child.range().start);
    let tag = node.document().input_text().get(all.start..end);
    tag.is_none_or(|tag| tag.contains("xmlns"))
}

/// The tree keeps no prefixes; they stand in the input.
fn element_prefix<'d>(node: roxmltree::Node<'d, 'd>) -> &'d str {
    prefix_at(node, node.range().start.saturating_add(1))
}

fn attribute_prefix<'d>(node: roxmltree::Node<'d, 'd>, attribute: &roxmltree::Attribute<'d, 'd>) -> &'d str {
    if attribute.namespace().is_none() {
        return "";
    }
    prefix_at(node, attribute.range().start)
}

fn prefix_at<'d>(node: roxmltree::Node<'d, 'd>, start: usize) -> &'d str {
    let rest = node.document().input_text().get(start..).unwrap_or("");
    let end = rest.find([' ', '\t', '\r', '\n', '/', '>', '=']);
    let qualified = rest.get(..end.unwrap_or(rest.len())).unwrap_or("");
    qualified.split_once(':').map_or("", |(prefix, _)| prefix)
}
