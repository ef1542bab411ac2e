//! A file being written under a name that nobody looks for.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;

use crate::directory::{Directory, sync_directory};
use crate::map::Mapped;

/// A file being written. It gets its name when it is whole and on the disk; dropped before, it is removed. What a killed process left
/// behind is removed by [`Directory::sweep`].
#[derive(Debug)]
pub struct Draft {
    file: File,
    path: PathBuf,
    directory: PathBuf,
    kept: bool,
}

impl Draft {
    pub(crate) fn create(directory: &Directory, name: &str) -> io::Result<Self> {
        let path = directory.path().join(format!("{name}{}", Directory::DRAFT));
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)?;
        Ok(Self {
            file,
            path,
            directory: directory.path().to_owned(),
            kept: false,
        })
    }

    /// The file, to sync what was written while more is being written.
    pub fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Syncs the content, gives the file its name in place of an older file of that name, and syncs the directory: after a power
    /// failure there is the old file or the whole new one.
    pub fn keep(mut self, name: &str) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, self.directory.join(name))?;
        self.kept = true;
        sync_directory(&self.directory)
    }

    /// Maps what was written, for reading it once: the file never gets a name.
    pub fn map(self) -> io::Result<Mapped> {
        Mapped::of(&self.file)
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed now, the next writer sweeps.
            let _ = fs::remove_file(&self.path);
        }
    }
}
