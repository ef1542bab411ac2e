//! One pass over the tokens before any tree is built: counts, and constructs that are never read.

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, BytesStart, Event};

use crate::{Construct, Limits, Reason};

/// Checks octets against the limits and returns them as text without byte order mark.
pub(crate) fn prescan<'a>(bytes: &'a [u8], limits: &Limits) -> Result<&'a str, Reason> {
    if bytes.len() > limits.size {
        return Err(Reason::TooLarge { limit: limits.size });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Reason::NotUtf8)?;
    let text = match text.strip_prefix('\u{feff}') {
        Some(rest) if limits.byte_order_mark => rest,
        Some(_) => return Err(Reason::Forbidden(Construct::ByteOrderMark)),
        None => text,
    };
    let mut scan = Scan {
        limits,
        depth: 0,
        nodes: 0,
        namespaces: 0,
    };
    let mut reader = Reader::from_str(text);
    loop {
        let event = reader.read_event().map_err(|_| Reason::NotWellFormed)?;
        if matches!(event, Event::Eof) {
            break;
        }
        scan.event(&event)?;
    }
    if scan.depth == 0 {
        Ok(text)
    } else {
        Err(Reason::NotWellFormed)
    }
}

struct Scan<'l> {
    limits: &'l Limits,
    depth: usize,
    nodes: usize,
    namespaces: usize,
}

impl Scan<'_> {
    fn event(&mut self, event: &Event<'_>) -> Result<(), Reason> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(Reason::TooManyNodes {
                limit: self.limits.nodes,
            });
        }
        match event {
            Event::Start(tag) => {
                self.depth += 1;
                self.tag(tag, self.depth)
            }
            Event::Empty(tag) => self.tag(tag, self.depth + 1),
            Event::End(_) => {
                self.depth = self.depth.checked_sub(1).ok_or(Reason::NotWellFormed)?;
                Ok(())
            }
            Event::Text(_) | Event::GeneralRef(_) | Event::Eof => Ok(()),
            Event::Decl(declaration) => check_declaration(declaration),
            Event::Comment(_) if self.limits.comments => Ok(()),
            Event::Comment(_) => Err(Reason::Forbidden(Construct::Comment)),
            Event::CData(_) => Err(Reason::Forbidden(Construct::CharacterDataSection)),
            Event::PI(_) => Err(Reason::Forbidden(Construct::ProcessingInstruction)),
            Event::DocType(_) => Err(Reason::Forbidden(Construct::DocumentType)),
        }
    }

    fn tag(&mut self, tag: &BytesStart<'_>, depth: usize) -> Result<(), Reason> {
        if depth > self.limits.depth {
            return Err(Reason::TooDeep {
                limit: self.limits.depth,
            });
        }
        let mut attributes = 0;
        let mut declarations = 0;
        for attribute in tag.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| Reason::NotWellFormed)?;
            attributes += 1;
            if attributes > self.limits.attributes {
                return Err(Reason::TooManyAttributes {
                    limit: self.limits.attributes,
                });
            }
            if attribute.key.as_namespace_binding().is_some() {
                declarations += 1;
                self.namespaces += 1;
            }
            if declarations > self.limits.namespaces_per_element {
                return Err(Reason::TooManyNamespaces {
                    limit: self.limits.namespaces_per_element,
                });
            }
            if self.namespaces > self.limits.namespaces {
                return Err(Reason::TooManyNamespaces {
                    limit: self.limits.namespaces,
                });
            }
        }
        Ok(())
    }
}

fn check_declaration(declaration: &BytesDecl<'_>) -> Result<(), Reason> {
    let version = declaration.version().map_err(|_| Reason::NotWellFormed)?;
    if version.as_ref() != "1.0" {
        return Err(Reason::Forbidden(Construct::XmlVersion));
    }
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(encoding)) if encoding.eq_ignore_ascii_case("utf-8") => Ok(()),
        Some(Ok(_)) => Err(Reason::Forbidden(Construct::Encoding)),
        Some(Err(_)) => Err(Reason::NotWellFormed),
    }
}
