//! A file being written under a name that nobody looks for.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

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
    syncing: Option<JoinHandle<io::Result<()>>>,
}

impl Draft {
    pub(crate) fn create(directory: &Directory, name: &str) -> io::Result<Self> {
        let path = directory.path().join(format!("{name}{}", Directory::DRAFT));
        // What a killed process left is removed and not written over: its pages may be mapped somewhere.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)?;
        Ok(Self {
            file,
            path,
            directory: directory.path().to_owned(),
            kept: false,
            syncing: None,
        })
    }

    /// Sends what was written to the disk while more is being written, so that [`Self::keep`] has little to wait for.
    pub fn sync_in_background(&mut self) -> io::Result<()> {
        if self
            .syncing
            .as_ref()
            .is_some_and(|syncing| !syncing.is_finished())
        {
            return Ok(());
        }
        self.synced()?;
        let file = self.file.try_clone()?;
        self.syncing = Some(thread::spawn(move || file.sync_data()));
        Ok(())
    }

    /// Waits for the background; what it could not write is not to be believed written, even if a later sync says so.
    fn synced(&mut self) -> io::Result<()> {
        match self.syncing.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(io::Error::other("the syncing thread broke")),
        }
    }

    /// Syncs the content, gives the file its name in place of an older file of that name, and syncs the directory: after a power
    /// failure there is the old file or the whole new one.
    pub fn keep(mut self, name: &str) -> io::Result<()> {
        self.synced()?;
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
