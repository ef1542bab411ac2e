//! A file as a slice.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Deref;

use memmap2::Mmap;

/// A file mapped for reading. It stays readable until dropped, even where its name was removed or given to another file.
///
/// The pages are shared with every process that maps the same file, and read from the disk when first touched: a file on a failing
/// disk ends the process by SIGBUS, as a failing disk below a program text does.
pub struct Mapped(Mmap);

impl Mapped {
    /// Maps a whole file.
    pub(crate) fn of(file: &File) -> io::Result<Self> {
        map(file).map(Self)
    }
}

/// The one line.
#[allow(
    unsafe_code,
    reason = "mapping has no safe form; what makes this one sound is said here"
)]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the slice must not change or shrink while it is borrowed. Files get here through `Directory::map` and
    // `Draft::map` only: both name files that this crate wrote under another name, synced and renamed (or will never rename),
    // and that nothing of ours ever opens for writing again. `Draft::map` takes the draft, so that its writer is gone. Somebody else
    // who may write to the directory could do so all the same; such a person can also replace the program. The bytes are plain
    // `u8`, for which every value is valid, and whoever reads them holds each page against a digest first.
    unsafe { Mmap::map(file) }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Mapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mapped({} bytes)", self.0.len())
    }
}
