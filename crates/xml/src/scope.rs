//! Which namespace declarations the output already carries.

/// A stack of rendered declarations; the default namespace starts out empty.
#[derive(Default)]
pub(crate) struct Rendered<'a> {
    stack: Vec<(&'a str, &'a str)>,
}

impl<'a> Rendered<'a> {
    /// The mark to return to when an element ends.
    pub(crate) fn mark(&self) -> usize {
        self.stack.len()
    }

    pub(crate) fn release(&mut self, mark: usize) {
        self.stack.truncate(mark);
    }

    /// Records the declaration and tells whether it must be written.
    pub(crate) fn declare(&mut self, prefix: &'a str, uri: &'a str) -> bool {
        let current = self
            .stack
            .iter()
            .rev()
            .find(|(p, _)| *p == prefix)
            .map(|(_, u)| *u);
        let known = match current {
            Some(known) => known == uri,
            None => prefix.is_empty() && uri.is_empty(),
        };
        if !known {
            self.stack.push((prefix, uri));
        }
        !known
    }
}
