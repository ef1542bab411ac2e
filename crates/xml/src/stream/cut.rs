//! Cuts a stream into pieces at the tags of its groups.

use std::io::{self, BufRead, ErrorKind, Read};

use quick_xml::Reader;
use quick_xml::events::Event;

use super::{Shape, StreamLimits};
use crate::{Construct, Document, Limits, Reason};

/// A place at which the stream is cut.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cut {
    /// Behind the start tag of a group; the text ends with it.
    Enter,
    /// Behind a child of a group; the text ends with it.
    Child,
    /// In front of the end tag of a group; the text is white space and comments.
    Leave,
}

/// The groups that are open, as they were written.
#[derive(Clone, Debug, Default)]
pub(super) struct Open {
    /// Start tags, outermost first, one behind the other.
    pub(super) starts: String,
    /// End tags, innermost first.
    pub(super) ends: String,
    /// Where each start tag begins, and how long each end tag is.
    levels: Vec<(usize, usize)>,
}

impl Open {
    pub(super) fn depth(&self) -> usize {
        self.levels.len()
    }

    fn push(&mut self, start: &str, name: &str) {
        let end = format!("</{name}>");
        self.levels.push((self.starts.len(), end.len()));
        self.starts.push_str(start);
        self.ends.insert_str(0, &end);
    }

    fn pop(&mut self) {
        if let Some((start, end)) = self.levels.pop() {
            self.starts.truncate(start);
            self.ends.drain(..end);
        }
    }
}

/// Reads the stream to its end and calls `on` at each cut, with the groups that are open behind it and the text since the last one.
pub(super) fn walk(
    input: impl BufRead,
    shape: &Shape,
    limits: &StreamLimits,
    on: &mut dyn FnMut(Cut, &Open, &str) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let mut reader = Reader::from_reader(Bounded::new(input, limits));
    let mut walk = Walk {
        shape,
        limits,
        open: Open::default(),
        text: String::new(),
        within: 0,
        began: false,
        ended: false,
        first: true,
        on,
    };
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let event = reader
            .read_event_into(&mut buffer)
            .map_err(|error| broken(&error, limits))?;
        if matches!(event, Event::Eof) {
            break;
        }
        walk.event(event)?;
        reader.get_mut().next();
    }
    if walk.ended {
        Ok(())
    } else {
        Err(Reason::NotWellFormed)
    }
}

struct Walk<'a> {
    shape: &'a Shape,
    limits: &'a StreamLimits,
    open: Open,
    text: String,
    /// Elements open below the innermost group.
    within: usize,
    began: bool,
    ended: bool,
    first: bool,
    on: &'a mut dyn FnMut(Cut, &Open, &str) -> Result<(), Reason>,
}

impl Walk<'_> {
    fn event(&mut self, event: Event<'_>) -> Result<(), Reason> {
        let first = std::mem::take(&mut self.first);
        match event {
            Event::Start(tag) => self.start(&tag, tag.name().as_ref(), false),
            Event::Empty(tag) => self.start(&tag, tag.name().as_ref(), true),
            Event::End(tag) => self.end(&tag),
            Event::Text(text) if self.inside() => self.push(&[&text]),
            Event::Text(text) if text.bytes().all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')) => Ok(()),
            Event::GeneralRef(reference) if self.inside() => self.push(&["&", &reference, ";"]),
            Event::Decl(declaration) if first => {
                let text = format!("<?{}?><x/>", &*declaration);
                Document::parse(text.as_bytes(), &Limits::message()).map(drop)
            }
            Event::Comment(_) if !self.limits.piece.comments => Err(Reason::Forbidden(Construct::Comment)),
            // No canonical form holds it, and no reader of ours.
            Event::Comment(_) => Ok(()),
            Event::CData(_) => Err(Reason::Forbidden(Construct::CharacterDataSection)),
            Event::PI(_) => Err(Reason::Forbidden(Construct::ProcessingInstruction)),
            Event::DocType(_) => Err(Reason::Forbidden(Construct::DocumentType)),
            Event::Text(_) | Event::GeneralRef(_) | Event::Decl(_) | Event::Eof => Err(Reason::NotWellFormed),
        }
    }

    fn inside(&self) -> bool {
        self.began && !self.ended
    }

    fn start(&mut self, tag: &str, name: &str, empty: bool) -> Result<(), Reason> {
        if self.ended {
            return Err(Reason::NotWellFormed);
        }
        let local = name.split_once(':').map_or(name, |(_, local)| local);
        let group = self.within == 0 && local == self.shape.group;
        if !self.began && !group {
            return Err(Reason::Unexpected {
                element: Reason::bounded(local),
            });
        }
        self.began = true;
        if group {
            if self.open.depth() >= self.limits.depth {
                return Err(Reason::TooDeep {
                    limit: self.limits.depth,
                });
            }
            let start = format!("<{tag}>");
            self.push(&[&start])?;
            self.open.push(&start, name);
            self.cut(Cut::Enter)?;
            return if empty { self.leave() } else { Ok(()) };
        }
        self.push(&["<", tag, if empty { "/>" } else { ">" }])?;
        if !empty {
            self.within += 1;
        } else if self.within == 0 {
            self.cut(Cut::Child)?;
        }
        Ok(())
    }

    fn end(&mut self, tag: &str) -> Result<(), Reason> {
        if self.within == 0 {
            return self.leave();
        }
        self.push(&["</", tag, ">"])?;
        self.within -= 1;
        if self.within == 0 {
            self.cut(Cut::Child)
        } else {
            Ok(())
        }
    }

    fn leave(&mut self) -> Result<(), Reason> {
        self.cut(Cut::Leave)?;
        self.open.pop();
        self.ended = self.open.depth() == 0;
        Ok(())
    }

    fn cut(&mut self, cut: Cut) -> Result<(), Reason> {
        let done = (self.on)(cut, &self.open, &self.text);
        self.text.clear();
        done
    }

    fn push(&mut self, parts: &[&str]) -> Result<(), Reason> {
        for part in parts {
            self.text.push_str(part);
        }
        if self.text.len() > self.limits.piece.size {
            return Err(Reason::TooLarge {
                limit: self.limits.piece.size,
            });
        }
        Ok(())
    }
}

/// A reader that ends with an error behind its limits, so that no single token grows without bound.
struct Bounded<R> {
    inner: R,
    whole: u64,
    token: u64,
    token_limit: u64,
}

impl<R> Bounded<R> {
    fn new(inner: R, limits: &StreamLimits) -> Self {
        let token_limit = u64::try_from(limits.piece.size).unwrap_or(u64::MAX);
        Self {
            inner,
            whole: limits.size,
            token: token_limit,
            token_limit,
        }
    }

    fn next(&mut self) {
        self.token = self.token_limit;
    }
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(into.len());
        for (to, from) in into.iter_mut().zip(available) {
            *to = *from;
        }
        self.consume(length);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let octets = self.inner.fill_buf()?;
        if octets.is_empty() {
            return Ok(octets);
        }
        if self.whole == 0 {
            return Err(ErrorKind::FileTooLarge.into());
        }
        if self.token == 0 {
            return Err(ErrorKind::QuotaExceeded.into());
        }
        let most = usize::try_from(self.whole.min(self.token)).unwrap_or(usize::MAX);
        Ok(octets.get(..most).unwrap_or(octets))
    }

    fn consume(&mut self, octets: usize) {
        let used = u64::try_from(octets).unwrap_or(u64::MAX);
        self.whole = self.whole.saturating_sub(used);
        self.token = self.token.saturating_sub(used);
        self.inner.consume(octets);
    }
}

fn broken(error: &quick_xml::Error, limits: &StreamLimits) -> Reason {
    match error {
        quick_xml::Error::Io(error) => match error.kind() {
            ErrorKind::FileTooLarge => Reason::TooLarge {
                limit: usize::try_from(limits.size).unwrap_or(usize::MAX),
            },
            ErrorKind::QuotaExceeded => Reason::TooLarge {
                limit: limits.piece.size,
            },
            _ => Reason::Unreadable,
        },
        _ => Reason::NotWellFormed,
    }
}
