//! The directory that holds the index of one authority.

use std::io;
use std::path::Path;

use domain::{RevocationGeneration, Timestamp};
use mapped::{Directory, Identity};
use pki::TrustAnchor;

use super::index::NationalIndex;
use super::ingest::Ingest;
use super::manifest::{MAX_MANIFEST, Manifest};
use super::pages::Bytes;
use super::reason::{Fault, Refusal};
use super::terms::Terms;

/// How often the manifest is read again because its files were replaced meanwhile. Each time means another delivery.
const ATTEMPTS: u32 = 16;

/// The directory that holds the index of one authority, shared by any number of processes: many read, one at a time writes.
#[derive(Clone, Debug)]
pub struct Shelf {
    directory: Directory,
}

impl Shelf {
    /// Opens the directory, or makes it. One directory per authority: lists of another are refused. Nothing else may lie in it.
    pub fn open(directory: &Path) -> Result<Self, Fault> {
        Ok(Self {
            directory: Directory::open(directory).map_err(Fault::io("open the directory of the index"))?,
        })
    }

    /// Where.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Maps the index in use, if any was ever taken in. Pages are checked as they are first used.
    pub fn current(&self) -> Result<Option<NationalIndex>, Fault> {
        current(&self.directory)
    }

    /// Begins to take in a delivery. `last` is the highest generation ever in use, should it be remembered elsewhere too. The lock on the
    /// directory is held until the value is dropped, or the process dies.
    pub fn ingest<'a>(
        &'a self,
        terms: &'a Terms,
        anchors: Vec<TrustAnchor>,
        last: RevocationGeneration,
        now: Timestamp,
    ) -> Result<Ingest<'a>, Refusal> {
        Ingest::on_disk(&self.directory, terms, anchors, last, now)
    }

    /// Notices what is taken in, by this process or another. The first look finds what is in use already.
    pub fn watcher(&self) -> Watcher {
        Watcher {
            shelf: self.clone(),
            manifest: None,
            generation: None,
        }
    }
}

pub(super) fn current(directory: &Directory) -> Result<Option<NationalIndex>, Fault> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let manifest = directory
            .read(Manifest::NAME, MAX_MANIFEST)
            .map_err(Fault::io("read the manifest of the index"))?;
        let Some(bytes) = manifest else {
            return Ok(None);
        };
        let manifest = Manifest::decode(&bytes)?;
        let map = |name: &str| directory.map(name).map(Bytes::Mapped);
        let entries = map(&Manifest::entries_name(manifest.generation));
        let files =
            entries.and_then(|entries| Ok((entries, map(&Manifest::dates_name(manifest.generation))?)));
        match files {
            Ok((entries, dates)) => return NationalIndex::assemble(manifest, entries, dates).map(Some),
            // The next delivery was put in use between the two, and the files are gone.
            Err(error) if error.kind() == io::ErrorKind::NotFound && attempt < ATTEMPTS => {}
            Err(error) => return Err(Fault::io("map the index")(error)),
        }
    }
}

/// Notices what is taken in. A look costs one system call when nothing happened.
#[derive(Debug)]
pub struct Watcher {
    shelf: Shelf,
    manifest: Option<Identity>,
    generation: Option<RevocationGeneration>,
}

impl Watcher {
    /// The generation that was found at the last look that could read anything; none where there was no index.
    pub fn generation(&self) -> Option<RevocationGeneration> {
        self.generation
    }

    /// The index in use, if it is another than at the last look. After a fault the next look tries again.
    pub fn look(&mut self) -> Result<Option<NationalIndex>, Fault> {
        let manifest = self
            .shelf
            .directory
            .identity(Manifest::NAME)
            .map_err(Fault::io("look at the manifest of the index"))?;
        if manifest == self.manifest {
            return Ok(None);
        }
        // What was in use is not given back: a directory that went away, or a file system that is not mounted any more, is a fault.
        if manifest.is_none() && self.generation.is_some() {
            return Err(Fault::Vanished);
        }
        let current = self.shelf.current()?;
        self.manifest = manifest;
        let generation = current.as_ref().map(NationalIndex::generation);
        if generation == self.generation {
            return Ok(None);
        }
        self.generation = generation;
        Ok(current)
    }
}
