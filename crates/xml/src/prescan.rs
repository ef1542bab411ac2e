//! One pass over the tokens before any tree is built: counts, and constructs that are never read.

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, BytesStart, Event};
use quick_xml::name::PrefixDeclaration;

use crate::escape::require_xml_characters;
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
    // XML 1.0 section 2.11 makes it a line feed; the tree builder keeps it in front of a reference.
    let lone = |(at, _): (usize, &str)| !text.get(at..).is_some_and(|rest| rest.starts_with("\r\n"));
    if text.match_indices('\r').any(lone) {
        return Err(Reason::Forbidden(Construct::CarriageReturn));
    }
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
            Event::GeneralRef(reference) => require_reference(reference),
            Event::Text(_) | Event::Eof => Ok(()),
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
        require_qualified_name(tag.name().as_ref())?;
        let mut attributes = 0;
        let mut declarations = 0;
        // The iterator refuses an attribute that comes twice, declarations included.
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|_| Reason::NotWellFormed)?;
            require_qualified_name(attribute.key.as_ref())?;
            require_references(&attribute.value)?;
            attributes += 1;
            if attributes > self.limits.attributes {
                return Err(Reason::TooManyAttributes {
                    limit: self.limits.attributes,
                });
            }
            if let Some(declaration) = attribute.key.as_namespace_binding() {
                require_declaration(&declaration, &attribute.value)?;
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

// What follows is well-formedness that the tree builder lets pass; each case is a row of `document/tests.rs`.

/// Namespaces in XML 1.0 section 2.2 and 3: a prefix is bound to something, and `xmlns` is not bound at all.
fn require_declaration(declaration: &PrefixDeclaration<'_>, value: &str) -> Result<(), Reason> {
    match declaration {
        PrefixDeclaration::Default if value.is_empty() => Ok(()),
        PrefixDeclaration::Named(prefix) if *prefix == "xmlns" || value.is_empty() => {
            Err(Reason::NotWellFormed)
        }
        _ if is_absolute_uri(value) => Ok(()),
        _ => Err(Reason::Forbidden(Construct::NamespaceName)),
    }
}

/// Canonical XML 1.0 section 1.3 fails on relative namespace names; other implementations stumble over references and
/// white space in them. Nobody needs either.
fn is_absolute_uri(name: &str) -> bool {
    let scheme = name.split_once(':').map_or("", |(scheme, _)| scheme);
    let plain = |b: u8| {
        b.is_ascii_graphic()
            && !matches!(
                b,
                b'&' | b'<'
                    | b'>'
                    | b'"'
                    | b'\''
                    | b'\\'
                    | b'^'
                    | b'`'
                    | b'{'
                    | b'|'
                    | b'}'
                    | b'['
                    | b']'
                    | b'%'
            )
    };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        && name.bytes().all(plain)
        && name.matches('#').count() <= 1
}

/// Namespaces in XML 1.0 production 7: at most one colon, with something on both sides.
fn require_qualified_name(name: &str) -> Result<(), Reason> {
    match name.split_once(':') {
        None => Ok(()),
        // The tree builder takes `p:xmlns="…"` for a default declaration; nobody else does.
        Some((_, "xmlns")) => Err(Reason::NotWellFormed),
        Some((prefix, local)) if !prefix.is_empty() && !local.is_empty() && !local.contains(':') => Ok(()),
        Some(_) => Err(Reason::NotWellFormed),
    }
}

/// XML 1.0 production 67 in an attribute value: every `&` begins a reference that means a character.
fn require_references(value: &str) -> Result<(), Reason> {
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('&') {
        let (reference, tail) = after.split_once(';').ok_or(Reason::NotWellFormed)?;
        require_reference(reference)?;
        rest = tail;
    }
    Ok(())
}

fn require_reference(reference: &str) -> Result<(), Reason> {
    let number = match reference.strip_prefix('#') {
        None if matches!(reference, "amp" | "lt" | "gt" | "apos" | "quot") => return Ok(()),
        None => return Err(Reason::NotWellFormed),
        Some(number) => number,
    };
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // `from_str_radix` alone would read a sign.
    let character = Some(digits)
        .filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))
        .and_then(|d| u32::from_str_radix(d, radix).ok())
        .and_then(char::from_u32)
        .ok_or(Reason::NotWellFormed)?;
    require_xml_characters(character.encode_utf8(&mut [0; 4])).map_err(|_| Reason::NotWellFormed)
}

/// XML 1.0 production 23: version, then encoding, then standalone, and nothing else.
fn check_declaration(declaration: &BytesDecl<'_>) -> Result<(), Reason> {
    let text: &str = declaration;
    let mut rest = text.strip_prefix("xml").ok_or(Reason::NotWellFormed)?;
    let version = pseudo_attribute(&mut rest, "version")?.ok_or(Reason::NotWellFormed)?;
    if version != "1.0" {
        return Err(Reason::Forbidden(Construct::XmlVersion));
    }
    if let Some(encoding) = pseudo_attribute(&mut rest, "encoding")?
        && !encoding.eq_ignore_ascii_case("utf-8")
    {
        return Err(Reason::Forbidden(Construct::Encoding));
    }
    match pseudo_attribute(&mut rest, "standalone")? {
        None | Some("yes" | "no") if rest.trim_ascii().is_empty() => Ok(()),
        _ => Err(Reason::NotWellFormed),
    }
}

/// Takes ` name="value"` off the front, if it stands there.
fn pseudo_attribute<'d>(rest: &mut &'d str, name: &str) -> Result<Option<&'d str>, Reason> {
    let spaced = rest.trim_ascii_start();
    let Some(behind) = spaced.strip_prefix(name) else {
        return Ok(None);
    };
    if spaced.len() == rest.len() {
        return Err(Reason::NotWellFormed);
    }
    let value = behind
        .trim_ascii_start()
        .strip_prefix('=')
        .ok_or(Reason::NotWellFormed)?
        .trim_ascii_start();
    let quote = value
        .chars()
        .next()
        .filter(|c| matches!(c, '"' | '\''))
        .ok_or(Reason::NotWellFormed)?;
    let (value, behind) = value
        .get(1..)
        .and_then(|v| v.split_once(quote))
        .ok_or(Reason::NotWellFormed)?;
    *rest = behind;
    Ok(Some(value))
}
