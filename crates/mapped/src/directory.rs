//! The directory that is handed in.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::draft::Draft;
use crate::map::Mapped;

const LOCK: &str = "writer.lock";

/// A directory with files that are only ever replaced whole.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Directory {
    path: PathBuf,
}

/// Held by the one writer of a directory; given back when dropped, or when its process ends however it ends.
#[derive(Debug)]
pub struct WriterLock {
    _file: File,
}

impl Directory {
    /// How names of files that are not whole end.
    pub const DRAFT: &str = ".draft";

    /// Opens a directory, and makes it where it is not there.
    pub fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Becomes the one writer; none where somebody else is, in this process or another.
    pub fn lock(&self) -> io::Result<Option<WriterLock>> {
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.path.join(LOCK))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(WriterLock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Begins a file.
    pub fn draft(&self, name: &str) -> io::Result<Draft> {
        Draft::create(self, name)
    }

    /// Maps a file.
    pub fn map(&self, name: &str) -> io::Result<Mapped> {
        Mapped::of(&File::open(self.path.join(name))?)
    }

    /// Reads a file of at most `limit` bytes; none where there is no such file.
    pub fn read(&self, name: &str, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(self.path.join(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if u64::try_from(bytes.len()).is_ok_and(|read| read > limit) {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        Ok(Some(bytes))
    }

    /// What changes when another file takes the name: device, inode, length and times, as far as the system tells them. None where there
    /// is no such file. One system call.
    pub fn identity(&self, name: &str) -> io::Result<Option<Identity>> {
        match fs::metadata(self.path.join(name)) {
            Ok(metadata) => Ok(Some(Identity::of(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes every file but the named ones. Whoever has one mapped keeps it until dropping it. Only for the writer.
    pub fn sweep(&self, _: &WriterLock, keep: &[&str]) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            let kept = name == LOCK || keep.iter().any(|kept| name == *kept);
            if !kept && entry.file_type()?.is_file() {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// See [`Directory::identity`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Identity {
    device: u64,
    inode: u64,
    length: u64,
    modified: i64,
    modified_nanos: i64,
    changed: i64,
    changed_nanos: i64,
}

impl Identity {
    fn of(metadata: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: metadata.mtime(),
            modified_nanos: metadata.mtime_nsec(),
            changed: metadata.ctime(),
            changed_nanos: metadata.ctime_nsec(),
        }
    }
}

pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn names(directory: &Directory) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn put(directory: &Directory, name: &str, content: &[u8]) {
        let mut draft = directory.draft(name).unwrap();
        draft.write_all(content).unwrap();
        draft.keep(name).unwrap();
    }

    #[test]
    fn a_file_is_replaced_whole_and_the_old_one_stays_mapped() {
        let place = tempfile::tempdir().unwrap();
        let directory = Directory::open(&place.path().join("made")).unwrap();
        assert_eq!(directory.identity("a").unwrap(), None);
        assert_eq!(directory.read("a", 10).unwrap(), None);
        put(&directory, "a", b"first");
        let mapped = directory.map("a").unwrap();
        let identity = directory.identity("a").unwrap();
        assert_eq!(directory.identity("a").unwrap(), identity);

        let mut draft = directory.draft("a").unwrap();
        draft.write_all(b"second").unwrap();
        assert_eq!(
            &*directory.map("a").unwrap(),
            b"first",
            "a draft is nobody's business"
        );
        draft.keep("a").unwrap();
        assert_ne!(directory.identity("a").unwrap(), identity);
        assert_eq!(&*mapped, b"first");
        assert_eq!(&*directory.map("a").unwrap(), b"second");
        assert_eq!(directory.read("a", 6).unwrap().unwrap(), b"second");
        assert_eq!(
            directory.read("a", 5).unwrap_err().kind(),
            io::ErrorKind::FileTooLarge
        );
        assert_eq!(names(&directory), ["a"]);
    }

    #[test]
    fn a_dropped_draft_leaves_no_trace_and_a_mapped_one_is_readable() {
        let place = tempfile::tempdir().unwrap();
        let directory = Directory::open(place.path()).unwrap();
        let mut draft = directory.draft("a").unwrap();
        draft.write_all(b"half").unwrap();
        assert_eq!(names(&directory), ["a.draft"]);
        drop(draft);
        assert_eq!(names(&directory), Vec::<String>::new());
        let mut draft = directory.draft("a").unwrap();
        draft.write_all(b"once").unwrap();
        let mapped = draft.map().unwrap();
        assert_eq!(names(&directory), Vec::<String>::new());
        assert_eq!(&*mapped, b"once");
        let empty = directory.draft("e").unwrap().map().unwrap();
        assert!(empty.is_empty());
    }

    #[test]
    fn there_is_one_writer_and_it_sweeps() {
        let place = tempfile::tempdir().unwrap();
        let directory = Directory::open(place.path()).unwrap();
        let lock = directory.lock().unwrap().unwrap();
        assert!(directory.lock().unwrap().is_none());
        put(&directory, "kept", b"1");
        put(&directory, "old", b"2");
        fs::write(place.path().join("left.draft"), b"by a killed process").unwrap();
        let mapped = directory.map("old").unwrap();
        directory.sweep(&lock, &["kept"]).unwrap();
        assert_eq!(names(&directory), ["kept", LOCK]);
        assert_eq!(&*mapped, b"2");
        drop(lock);
        assert!(directory.lock().unwrap().is_some());
    }
}
