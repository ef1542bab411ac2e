//! The digest of what is signed, made while the list streams by: on a thread of its own, so that reading does not wait for it, or
//! in line.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use aws_lc_rs::digest::{Algorithm, Context, Digest};

/// Blocks that may wait for the hashing thread: the bound on what is read ahead of it.
const WAITING: usize = 4;

/// What is read at once.
const BLOCK: usize = 256 << 10;

/// A stretch of the list.
#[derive(Default)]
pub(super) struct Block {
    bytes: Vec<u8>,
    filled: usize,
}

impl Block {
    /// What was read.
    pub(super) fn filled(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }

    /// Begins with some bytes, and reads as many more as fit, or as there are.
    pub(super) fn fill(&mut self, begin: &[u8], source: &mut dyn Read) -> io::Result<()> {
        self.bytes.resize(begin.len() + BLOCK, 0);
        self.filled = begin.len();
        if let Some(place) = self.bytes.get_mut(..begin.len()) {
            place.copy_from_slice(begin);
        }
        while let Some(room) = self.bytes.get_mut(self.filled..).filter(|room| !room.is_empty()) {
            match source.read(room) {
                Ok(0) => break,
                Ok(new) => self.filled = self.filled.saturating_add(new).min(self.bytes.len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn range(&self, range: Range<usize>) -> &[u8] {
        self.filled().get(range).unwrap_or_default()
    }
}

/// A block of the list, and which of its bytes are signed and new.
type Piece = (Arc<Block>, Range<usize>);

/// Where the digest is made.
pub(super) enum Hashing<'scope> {
    InLine(Context),
    OwnThread(SyncSender<Piece>, ScopedJoinHandle<'scope, Digest>),
}

impl<'scope> Hashing<'scope> {
    pub(super) fn in_line(algorithm: &'static Algorithm) -> Self {
        Self::InLine(Context::new(algorithm))
    }

    pub(super) fn on<'env>(scope: &'scope Scope<'scope, 'env>, algorithm: &'static Algorithm) -> Self {
        let (sender, receiver) = sync_channel(WAITING);
        Self::OwnThread(sender, scope.spawn(move || digest(algorithm, &receiver)))
    }

    /// Takes the next bytes.
    pub(super) fn update(&mut self, block: &Arc<Block>, range: Range<usize>) {
        match self {
            Self::InLine(context) => context.update(block.range(range)),
            // Nobody receives only where the thread broke, and then `finish` says so.
            Self::OwnThread(sender, _) => drop(sender.send((Arc::clone(block), range))),
        }
    }

    /// The digest of everything; none if the thread broke.
    pub(super) fn finish(self) -> Option<Digest> {
        match self {
            Self::InLine(context) => Some(context.finish()),
            Self::OwnThread(sender, thread) => {
                drop(sender);
                thread.join().ok()
            }
        }
    }
}

fn digest(algorithm: &'static Algorithm, pieces: &Receiver<Piece>) -> Digest {
    let mut context = Context::new(algorithm);
    for (block, range) in pieces {
        context.update(block.range(range));
    }
    context.finish()
}
