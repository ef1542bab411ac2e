//! One cut becomes a small document: read, judged by its place, canonicalised in its groups.

use std::collections::BTreeSet;

use super::Shape;
use super::cut::{Cut, Open};
use crate::c14n::canonicalise_without;
use crate::dsig::NAMESPACE;
use crate::{Document, Element, Limits, Reason, sha256};

/// What a cut turned out to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Group,
    Item,
    Beside,
    Signature,
    End,
}

/// What a cut adds.
pub(super) struct Step {
    pub(super) kind: Kind,
    /// Its octets in the canonical form of the whole.
    pub(super) added: Vec<u8>,
    /// Its canonical form in the start and end tags of its groups; empty for an end.
    pub(super) whole: Vec<u8>,
    /// SHA-256 of every identifier in it.
    pub(super) ids: Vec<[u8; 32]>,
    /// SHA-256 of an item's name.
    pub(super) name: Option<[u8; 32]>,
}

/// Where a walk stands.
pub(super) struct Walker {
    shape: Shape,
    limits: Limits,
    prefixes: Vec<String>,
    levels: Vec<Level>,
}

struct Level {
    /// Canonical start tags down to this group.
    head: Vec<u8>,
    children: usize,
    beside: bool,
}

impl Walker {
    pub(super) fn new(shape: Shape, limits: Limits, prefixes: Vec<String>) -> Self {
        Self {
            shape,
            limits,
            prefixes,
            levels: Vec::new(),
        }
    }

    /// Takes a cut; the signature of the root is left out of what it adds.
    pub(super) fn step(&mut self, cut: Cut, open: &Open, text: &str, signed: bool) -> Result<Step, Reason> {
        match cut {
            Cut::Enter => self.enter(open, text),
            Cut::Child => self.child(open, text, signed),
            Cut::Leave => self.leave(open, text),
        }
    }

    fn enter(&mut self, open: &Open, text: &str) -> Result<Step, Reason> {
        // The start tag stands at the end of the text, and at the end of the open ones.
        let bare = text.trim_ascii_start();
        let outer = open.starts.strip_suffix(bare).ok_or(Reason::NotWellFormed)?;
        let source = [outer, text, &open.ends].concat();
        let document = Document::parse(source.as_bytes(), &self.limits)?;
        let group = document.root().innermost(open.depth())?;
        if !group.is(self.shape.namespace, self.shape.group) {
            return Err(unexpected(group));
        }
        if let Some(level) = self.levels.last_mut() {
            level.children += 1;
        }
        let outer_head = self.levels.last().map_or(&[][..], |level| &level.head);
        let added = self.cut_out(document.root(), None, outer_head, &open.ends)?;
        let alone = [open.starts.as_str(), &open.ends].concat();
        let alone = Document::parse(alone.as_bytes(), &self.limits)?;
        let whole = canonicalise_without(alone.root(), &self.prefixes(), None)?;
        let head = whole
            .strip_suffix(open.ends.as_bytes())
            .ok_or(Reason::NotWellFormed)?
            .to_vec();
        self.levels.push(Level {
            head,
            children: 0,
            beside: false,
        });
        Ok(Step {
            kind: Kind::Group,
            added,
            whole,
            ids: ids(group),
            name: None,
        })
    }

    fn child(&mut self, open: &Open, text: &str, signed: bool) -> Result<Step, Reason> {
        let source = [&open.starts, text, &open.ends].concat();
        let document = Document::parse(source.as_bytes(), &self.limits)?;
        let elements = document.root().innermost(open.depth())?.elements()?;
        let [element] = elements.as_slice() else {
            return Err(Reason::NotWellFormed);
        };
        let at_root = open.depth() == 1;
        let kind = self.kind(*element, at_root)?;
        let head = self.levels.last().map_or(&[][..], |level| &level.head);
        // Of the whole and of what is handed out alike, so that the signature of the root is never among what it signed.
        let omitted = (kind == Kind::Signature && at_root && signed).then_some(*element);
        let added = self.cut_out(document.root(), omitted, head, &open.ends)?;
        let whole = [head, &added, open.ends.as_bytes()].concat();
        let name = match kind {
            Kind::Item => Some(sha256(
                element
                    .attribute(self.shape.name)
                    .ok_or(Reason::IdMissing)?
                    .as_bytes(),
            )),
            _ => None,
        };
        Ok(Step {
            kind,
            added,
            whole,
            ids: ids(*element),
            name,
        })
    }

    fn kind(&mut self, element: Element<'_>, at_root: bool) -> Result<Kind, Reason> {
        let level = self.levels.last_mut().ok_or(Reason::NotWellFormed)?;
        level.children += 1;
        if element.is(self.shape.namespace, self.shape.item) {
            return Ok(Kind::Item);
        }
        if element.is(self.shape.namespace, self.shape.beside) && !level.beside {
            level.beside = true;
            return Ok(Kind::Beside);
        }
        if element.is(NAMESPACE, "Signature") {
            return match (level.children, at_root) {
                (1, _) => Ok(Kind::Signature),
                (_, true) => Err(Reason::SignatureRepeated),
                (_, false) => Err(unexpected(element)),
            };
        }
        Err(unexpected(element))
    }

    fn leave(&mut self, open: &Open, text: &str) -> Result<Step, Reason> {
        let source = [&open.starts, text, &open.ends].concat();
        let document = Document::parse(source.as_bytes(), &self.limits)?;
        if !document.root().innermost(open.depth())?.elements()?.is_empty() {
            return Err(Reason::NotWellFormed);
        }
        let level = self.levels.pop().ok_or(Reason::NotWellFormed)?;
        let mut added = self.cut_out(document.root(), None, &level.head, &open.ends)?;
        let end = open.ends.split_inclusive('>').next().unwrap_or("");
        added.extend_from_slice(end.as_bytes());
        Ok(Step {
            kind: Kind::End,
            added,
            whole: Vec::new(),
            ids: Vec::new(),
            name: None,
        })
    }

    /// The canonical form without the start and end tags of the groups around.
    fn cut_out(
        &self,
        root: Element<'_>,
        omitted: Option<Element<'_>>,
        head: &[u8],
        ends: &str,
    ) -> Result<Vec<u8>, Reason> {
        canonicalise_without(root, &self.prefixes(), omitted)?
            .strip_prefix(head)
            .and_then(|rest| rest.strip_suffix(ends.as_bytes()))
            .map(<[u8]>::to_vec)
            .ok_or(Reason::NotWellFormed)
    }

    fn prefixes(&self) -> Vec<&str> {
        self.prefixes.iter().map(String::as_str).collect()
    }
}

fn ids(element: Element<'_>) -> Vec<[u8; 32]> {
    let mut found = Vec::new();
    element.each_element(&mut |own: &BTreeSet<&str>| {
        found.extend(own.iter().map(|id| sha256(id.as_bytes())));
    });
    found
}

fn unexpected(element: Element<'_>) -> Reason {
    Reason::Unexpected {
        element: Reason::bounded(element.local_name()),
    }
}
