//! How much XML is read at all.

/// Bounds on a document, checked before any tree is built.
///
/// The tree builder alone needs seconds for 80 KB of nested namespace declarations; within these bounds it needs
/// microseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Octets of the document, and of any canonical form made of it.
    pub size: usize,
    /// Levels of elements.
    pub depth: usize,
    /// Attributes at one element, namespace declarations included.
    pub attributes: usize,
    /// Namespace declarations at one element.
    pub namespaces_per_element: usize,
    /// Namespace declarations in the document.
    pub namespaces: usize,
    /// Elements, texts, references and comments.
    pub nodes: usize,
    /// Whether comments may stand between elements. Inside text they are refused by [`crate::Element::text`] and
    /// dropped by canonicalisation, so they never split a value.
    pub comments: bool,
    /// Whether U+FEFF may stand in front.
    pub byte_order_mark: bool,
}

impl Limits {
    /// Protocol messages: nobody edits them by hand.
    pub const fn message() -> Self {
        Self {
            size: 256 * 1024,
            depth: 48,
            attributes: 32,
            namespaces_per_element: 16,
            namespaces: 256,
            nodes: 4_000,
            comments: false,
            byte_order_mark: false,
        }
    }

    /// Metadata of one entity: people edit it, with comments and with editors that leave a byte order mark.
    pub const fn metadata() -> Self {
        Self {
            size: 1024 * 1024,
            nodes: 20_000,
            comments: true,
            byte_order_mark: true,
            ..Self::message()
        }
    }
}

impl Limits {
    /// One entity of an aggregate, with the start tags of the groups around it: aggregators leave every declaration of theirs at the top.
    pub const fn aggregated() -> Self {
        Self {
            namespaces_per_element: 48,
            attributes: 64,
            namespaces: 1_024,
            ..Self::metadata()
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::message()
    }
}
