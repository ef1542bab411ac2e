//! The signature over a document that is read in pieces, and the second walk over it.

use std::collections::BTreeSet;
use std::io::BufRead;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;

use super::cut::{Cut, Open, walk};
use super::step::{Kind, Walker};
use super::{Shape, StreamLimits};
use crate::dsig::{DigestAlgorithm, VerificationKey, check_info};
use crate::{Document, Element, Limits, Reason, sha256};

/// What stands where in the document, as the second walk hands it out.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Piece<'d> {
    /// A group begins: its element, empty.
    Group(Element<'d>),
    /// An item of the innermost group.
    Item {
        /// The element.
        element: Element<'d>,
        /// Whether another item has its name.
        repeated: bool,
    },
    /// The innermost group ends.
    GroupEnds,
}

/// Proof that a document was read whole within its limits and, unless it was read [`SignedStream::unsigned`], that its root was signed by
/// one of the given keys.
pub struct SignedStream {
    shape: Shape,
    limits: StreamLimits,
    prefixes: Vec<String>,
    /// SHA-256 of each piece in its groups, in order.
    proofs: Vec<[u8; 32]>,
    repeated: BTreeSet<[u8; 32]>,
    items: usize,
    preamble: Vec<u8>,
    digest: Vec<u8>,
    key: Option<usize>,
}

impl std::fmt::Debug for SignedStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SignedStream({} items, key {:?})", self.items, self.key)
    }
}

impl SignedStream {
    /// Reads the whole document and verifies the one signature that covers its root. The signature is the first child of the root, where
    /// the metadata schema puts it, and is verified before anything behind it is read.
    ///
    /// # Errors
    /// As [`crate::dsig::verify`], and what breaks the limits or the shape.
    pub fn verify(
        input: impl BufRead,
        shape: Shape,
        limits: StreamLimits,
        keys: &[VerificationKey],
    ) -> Result<Self, Reason> {
        FirstWalk::new(shape, limits, Some(keys)).over(input)
    }

    /// Reads a document that somebody else vouches for; a signature in it is left out and not looked at.
    ///
    /// # Errors
    /// What breaks the limits or the shape.
    pub fn unsigned(input: impl BufRead, shape: Shape, limits: StreamLimits) -> Result<Self, Reason> {
        FirstWalk::new(shape, limits, None).over(input)
    }

    /// The root without its items: its start tag and what stands beside them.
    ///
    /// # Errors
    /// None that the first walk would not have found.
    pub fn preamble(&self) -> Result<Document<'_>, Reason> {
        Document::parse(&self.preamble, &wide(&self.limits.piece))
    }

    /// Items in all groups.
    pub fn items(&self) -> usize {
        self.items
    }

    /// Which of the given keys signed it, counted from 0; none when it was read unsigned.
    pub fn key(&self) -> Option<usize> {
        self.key
    }

    /// The digest of the canonical form of the whole.
    pub fn digest(&self) -> &[u8] {
        &self.digest
    }

    /// Walks over the same document again. Each piece is held against what the first walk saw before it is handed out, and is read from its
    /// canonical octets.
    ///
    /// # Errors
    /// [`Reason::DigestMismatch`] when the document is another one; whatever `visit` returns.
    pub fn read<E: From<Reason>>(
        &self,
        input: impl BufRead,
        visit: &mut dyn FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut walker = Walker::new(self.shape, self.limits.piece, self.prefixes.clone());
        let mut proofs = self.proofs.iter();
        let mut refused: Option<E> = None;
        let walked = walk(input, &self.shape, &self.limits, &mut |cut, open, text| {
            let mut hand_out = |piece: Piece<'_>| {
                visit(piece).map_err(|error| {
                    refused = Some(error);
                    Reason::Unreadable
                })
            };
            let step = walker.step(cut, open, text, self.key.is_some())?;
            if step.kind == Kind::End {
                return hand_out(Piece::GroupEnds);
            }
            if proofs.next() != Some(&sha256(&step.whole)) {
                return Err(Reason::DigestMismatch);
            }
            match step.kind {
                Kind::Group | Kind::Item => {}
                Kind::Beside | Kind::Signature | Kind::End => return Ok(()),
            }
            let document = Document::parse(&step.whole, &wide(&self.limits.piece))?;
            let group = document.root().innermost(open.depth())?;
            if step.kind == Kind::Group {
                return hand_out(Piece::Group(group));
            }
            let repeated = step.name.is_some_and(|name| self.repeated.contains(&name));
            match group.elements()?.as_slice() {
                [element] => hand_out(Piece::Item {
                    element: *element,
                    repeated,
                }),
                _ => Err(Reason::NotWellFormed),
            }
        });
        match (refused, walked) {
            (Some(error), _) => Err(error),
            (None, Err(reason)) => Err(reason.into()),
            (None, Ok(())) if proofs.next().is_some() => Err(Reason::DigestMismatch.into()),
            (None, Ok(())) => Ok(()),
        }
    }
}

/// The first walk: everything is digested, nothing is handed out.
struct FirstWalk<'k> {
    keys: Option<&'k [VerificationKey]>,
    limits: StreamLimits,
    walker: Walker,
    /// The root's cut, until what follows tells how it is canonicalised.
    root: Option<(Open, String)>,
    expected: Option<Vec<u8>>,
    digest: digest::Context,
    ids: BTreeSet<[u8; 32]>,
    names: BTreeSet<[u8; 32]>,
    pieces: usize,
    stream: SignedStream,
}

impl<'k> FirstWalk<'k> {
    fn new(shape: Shape, limits: StreamLimits, keys: Option<&'k [VerificationKey]>) -> Self {
        Self {
            keys,
            limits,
            walker: Walker::new(shape, limits.piece, Vec::new()),
            root: None,
            expected: None,
            digest: digest::Context::new(DigestAlgorithm::Sha256.provider()),
            ids: BTreeSet::new(),
            names: BTreeSet::new(),
            pieces: 0,
            stream: SignedStream {
                shape,
                limits,
                prefixes: Vec::new(),
                proofs: Vec::new(),
                repeated: BTreeSet::new(),
                items: 0,
                preamble: Vec::new(),
                digest: Vec::new(),
                key: None,
            },
        }
    }

    fn over(mut self, input: impl BufRead) -> Result<SignedStream, Reason> {
        let (shape, limits) = (self.stream.shape, self.limits);
        walk(input, &shape, &limits, &mut |cut, open, text| {
            if cut == Cut::Enter && open.depth() == 1 {
                self.root = Some((open.clone(), text.to_owned()));
                return Ok(());
            }
            if let Some((root, root_text)) = self.root.take() {
                self.settle(cut, open, text)?;
                self.take(Cut::Enter, &root, &root_text)?;
            }
            self.take(cut, open, text)
        })?;
        let digest = self.digest.finish();
        if let Some(expected) = &self.expected {
            verify_slices_are_equal(digest.as_ref(), expected).map_err(|_| Reason::DigestMismatch)?;
        }
        self.stream.digest = digest.as_ref().to_vec();
        Ok(self.stream)
    }

    /// Verifies the signature, before anything else is looked at.
    fn settle(&mut self, cut: Cut, open: &Open, text: &str) -> Result<(), Reason> {
        let Some(keys) = self.keys else { return Ok(()) };
        if cut != Cut::Child || open.depth() != 1 {
            return Err(Reason::SignatureMissing);
        }
        let source = [&open.starts, text, &open.ends].concat();
        let document = Document::parse(source.as_bytes(), &self.limits.piece)?;
        let info = check_info(document.root(), keys)?;
        self.digest = digest::Context::new(info.digest_algorithm.provider());
        self.expected = Some(info.digest);
        self.stream.key = Some(info.key);
        self.stream.prefixes.clone_from(&info.prefixes);
        self.walker = Walker::new(self.stream.shape, self.limits.piece, info.prefixes);
        Ok(())
    }

    fn take(&mut self, cut: Cut, open: &Open, text: &str) -> Result<(), Reason> {
        let step = self.walker.step(cut, open, text, self.keys.is_some())?;
        self.digest.update(&step.added);
        for id in step.ids {
            if self.ids.len() >= self.limits.ids {
                return Err(Reason::TooManyNodes {
                    limit: self.limits.ids,
                });
            }
            if !self.ids.insert(id) {
                return Err(Reason::IdRepeated);
            }
        }
        if step.kind == Kind::End {
            return Ok(());
        }
        self.pieces += 1;
        if self.pieces > self.limits.pieces {
            return Err(Reason::TooManyNodes {
                limit: self.limits.pieces,
            });
        }
        self.stream.proofs.push(sha256(&step.whole));
        if let Some(name) = step.name {
            self.stream.items += 1;
            if !self.names.insert(name) {
                self.stream.repeated.insert(name);
            }
        }
        let at_root = open.depth() == 1 && matches!(step.kind, Kind::Group | Kind::Beside);
        if at_root {
            self.stream.preamble = step.whole;
        }
        Ok(())
    }
}

/// Bounds of the second reading: declarations that stood once at the top repeat in canonical form.
fn wide(limits: &Limits) -> Limits {
    Limits {
        size: limits.size.saturating_mul(2),
        namespaces: limits.namespaces.saturating_mul(16),
        ..*limits
    }
}
