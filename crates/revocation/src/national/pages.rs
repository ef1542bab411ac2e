//! Integrity by page: what is written is digested page by page, and a page is believed only after its digest was held against the
//! manifest's, once, when it is first used.

use std::io::{self, Write};
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use mapped::{Draft, Mapped};

use super::reason::Fault;

/// Bytes of a page: what the system reads and maps at once.
pub(super) const PAGE: usize = 4096;
/// What is collected before it is written.
const BUFFER: usize = 32 * PAGE;
/// After so many bytes the disk is given work.
const SYNC_EVERY: u64 = 16 << 20;

/// The first half of a page's SHA-256: 128 bits tell any damage.
pub(super) type PageDigest = [u8; 16];

pub(super) fn page_digest(page: &[u8]) -> PageDigest {
    let whole = digest(&SHA256, page);
    whole.as_ref().first_chunk().copied().unwrap_or_default()
}

/// Where the pages go.
pub(super) trait Out: Write {
    /// Much was written; more follows.
    fn begin_syncing(&mut self) -> io::Result<()>;
}

impl Out for Vec<u8> {
    fn begin_syncing(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Out for Draft {
    fn begin_syncing(&mut self) -> io::Result<()> {
        self.sync_in_background()
    }
}

/// Writes a file and remembers the digest of each of its pages.
pub(super) struct PageWriter<W> {
    out: W,
    buffer: Vec<u8>,
    digests: Vec<PageDigest>,
    written: u64,
}

impl<W: Out> PageWriter<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            buffer: Vec::with_capacity(BUFFER),
            digests: Vec::new(),
            written: 0,
        }
    }

    /// Bytes so far.
    pub(super) fn position(&self) -> u64 {
        self.written + u64::try_from(self.buffer.len()).unwrap_or(u64::MAX)
    }

    pub(super) fn put(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            // Much at once is not copied.
            if self.buffer.is_empty()
                && let Some((now, later)) = bytes.split_at_checked(BUFFER)
            {
                pass_on(&mut self.out, &mut self.digests, &mut self.written, now)?;
                bytes = later;
                continue;
            }
            let room = BUFFER - self.buffer.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
            if self.buffer.len() == BUFFER {
                self.empty()?;
            }
        }
        Ok(())
    }

    /// Zeros up to a multiple of `unit`.
    pub(super) fn align(&mut self, unit: u64) -> io::Result<()> {
        while !self.position().is_multiple_of(unit) {
            self.put(&[0])?;
        }
        Ok(())
    }

    fn empty(&mut self) -> io::Result<()> {
        pass_on(&mut self.out, &mut self.digests, &mut self.written, &self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// The file, its length, and the digests of its pages; the last page may be short.
    pub(super) fn finish(mut self) -> io::Result<(W, Written)> {
        self.empty()?;
        let written = Written {
            bytes: self.written,
            digests: self.digests,
        };
        Ok((self.out, written))
    }
}

/// Digests and writes pages, all of them whole but for the last of the file.
fn pass_on<W: Out>(
    out: &mut W,
    digests: &mut Vec<PageDigest>,
    written: &mut u64,
    pages: &[u8],
) -> io::Result<()> {
    digests.extend(pages.chunks(PAGE).map(page_digest));
    out.write_all(pages)?;
    *written += u64::try_from(pages.len()).unwrap_or(u64::MAX);
    if written.is_multiple_of(SYNC_EVERY) {
        out.begin_syncing()?;
    }
    Ok(())
}

/// What the manifest has to know about a file.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Written {
    pub(super) bytes: u64,
    pub(super) digests: Vec<PageDigest>,
}

/// Where the bytes are.
pub(super) enum Bytes {
    Mapped(Mapped),
    Heap(Vec<u8>),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(mapped) => mapped,
            Self::Heap(bytes) => bytes,
        }
    }
}

/// A file whose pages are checked as they are first used.
pub(super) struct CheckedPages {
    bytes: Bytes,
    digests: Vec<PageDigest>,
    /// A bit for each page that was found good.
    good: Vec<AtomicU64>,
}

impl CheckedPages {
    /// Takes a file of the length that was written. No page is looked at yet.
    pub(super) fn new(bytes: Bytes, written: Written) -> Result<Self, Fault> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if length != written.bytes || bytes.len().div_ceil(PAGE) != written.digests.len() {
            return Err(Fault::Length);
        }
        let words = written.digests.len().div_ceil(64);
        Ok(Self {
            bytes,
            digests: written.digests,
            good: (0..words).map(|_| AtomicU64::new(0)).collect(),
        })
    }

    /// A stretch of the file.
    #[inline]
    pub(super) fn get(&self, offset: usize, length: usize) -> Result<&[u8], Fault> {
        let end = offset.checked_add(length).ok_or(Fault::Content)?;
        let stretch = self.bytes.get(offset..end).ok_or(Fault::Content)?;
        if length > 0 {
            let last = (end - 1) / PAGE;
            let mut page = offset / PAGE;
            while page <= last {
                self.check(page)?;
                page += 1;
            }
        }
        Ok(stretch)
    }

    #[inline]
    fn check(&self, page: usize) -> Result<(), Fault> {
        let bit = 1 << (page % 64);
        match self.good.get(page / 64) {
            Some(word) if word.load(Ordering::Relaxed) & bit != 0 => Ok(()),
            _ => self.first_use(page),
        }
    }

    #[cold]
    fn first_use(&self, page: usize) -> Result<(), Fault> {
        let damaged = Fault::Page { number: page };
        let begin = page * PAGE;
        let end = begin.saturating_add(PAGE).min(self.bytes.len());
        let content = self.bytes.get(begin..end).ok_or(Fault::Content)?;
        if self.digests.get(page) != Some(&page_digest(content)) {
            return Err(damaged);
        }
        if let Some(word) = self.good.get(page / 64) {
            word.fetch_or(1 << (page % 64), Ordering::Relaxed);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_vouched_for() {
        let content: Vec<u8> = (0..3 * PAGE + 100)
            .map(|n| u8::try_from(n % 251).unwrap())
            .collect();
        let mut writer = PageWriter::new(Vec::new());
        for chunk in content.chunks(777) {
            writer.put(chunk).unwrap();
        }
        let (bytes, written) = writer.finish().unwrap();
        assert_eq!(bytes, content);
        assert_eq!(written.digests.len(), 4);
        let read = |bytes: Vec<u8>| CheckedPages::new(Bytes::Heap(bytes), written.clone());
        let good = read(content.clone()).unwrap();
        assert_eq!(good.get(0, content.len()).unwrap(), content);
        assert_eq!(good.get(PAGE - 1, 2).unwrap(), &content[PAGE - 1..=PAGE]);
        assert_eq!(good.get(content.len(), 1), Err(Fault::Content));
        assert_eq!(good.get(usize::MAX, 1), Err(Fault::Content));
        for place in (0..content.len()).step_by(97).chain([content.len() - 1]) {
            let mut damaged = content.clone();
            damaged[place] ^= 1;
            let damaged = read(damaged).unwrap();
            let page = place / PAGE;
            for _ in 0..2 {
                assert_eq!(damaged.get(place, 1), Err(Fault::Page { number: page }));
            }
            assert!(damaged.get((page + 1) % 4 * PAGE, 1).is_ok(), "the others answer");
            assert_eq!(
                damaged.get(0, content.len()),
                Err(Fault::Page { number: page }),
                "across pages"
            );
        }
        assert_eq!(read(content[1..].to_vec()).err(), Some(Fault::Length));
    }

    #[test]
    fn alignment_is_by_zeros() {
        let mut writer = PageWriter::new(Vec::new());
        writer.put(&[1]).unwrap();
        writer.align(64).unwrap();
        writer.align(64).unwrap();
        assert_eq!(writer.position(), 64);
    }
}
