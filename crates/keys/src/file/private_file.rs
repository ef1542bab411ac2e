//! Files that only their owner may read.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use zeroize::Zeroizing;

use super::FileFault;

/// More than any RSA-8192 key or register needs.
const MAX_BYTES: u64 = 1024 * 1024;

/// Reads a secret. The permission is asked of the opened file, so nobody can swap it in between.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, FileFault> {
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => FileFault::Missing(path.to_owned()),
        kind => system("open", path, kind),
    })?;
    let about = file
        .metadata()
        .map_err(|error| system("examine", path, error.kind()))?;
    let mode = about.permissions().mode() & 0o7777;
    if !about.is_file() {
        return Err(FileFault::Malformed {
            path: path.to_owned(),
            expected: "a file",
        });
    }
    if mode & 0o077 != 0 {
        return Err(FileFault::Readable {
            path: path.to_owned(),
            mode,
        });
    }
    if about.len() > MAX_BYTES {
        return Err(FileFault::TooLarge(path.to_owned()));
    }
    // Reserved beforehand, so that no half-read copy is left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(about.len()).unwrap_or(0) + 1));
    file.take(MAX_BYTES)
        .read_to_end(&mut bytes)
        .map_err(|error| system("read", path, error.kind()))?;
    Ok(bytes)
}

/// Writes a secret so that a reader sees the old text or the new one, never a part: new file with mode 0600, synchronised,
/// renamed into place, directory synchronised.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), FileFault> {
    let draft = path.with_extension("new");
    match std::fs::remove_file(&draft) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(system("remove", &draft, error.kind())),
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .map_err(|error| system("create", &draft, error.kind()))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|error| system("write", &draft, error.kind()))?;
    std::fs::rename(&draft, path).map_err(|error| system("replace", path, error.kind()))?;
    sync(directory_of(path))
}

/// Removes a file and makes that last.
pub(super) fn remove(path: &Path) -> Result<(), FileFault> {
    match std::fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(system("remove", path, error.kind())),
    }
    sync(directory_of(path))
}

/// Makes a directory (and its parents) that only its owner may enter, unless it is there.
pub(super) fn make_directory(path: &Path) -> Result<(), FileFault> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| system("create", path, error.kind()))
}

/// Refuses a directory in which others may replace files.
pub(super) fn check_directory(path: &Path) -> Result<(), FileFault> {
    let about = std::fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => FileFault::Missing(path.to_owned()),
        kind => system("examine", path, kind),
    })?;
    let mode = about.permissions().mode() & 0o7777;
    if !about.is_dir() {
        return Err(FileFault::Malformed {
            path: path.to_owned(),
            expected: "a directory",
        });
    }
    if mode & 0o022 != 0 {
        return Err(FileFault::Writable {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

/// Waits until no other process changes what is in the directory; until the value is dropped, others wait.
pub(super) fn lock(directory: &Path) -> Result<File, FileFault> {
    File::open(directory)
        .and_then(|opened| opened.lock().map(|()| opened))
        .map_err(|error| system("lock", directory, error.kind()))
}

fn sync(directory: &Path) -> Result<(), FileFault> {
    File::open(directory)
        .and_then(|opened| opened.sync_all())
        .map_err(|error| system("synchronise", directory, error.kind()))
}

fn system(tried: &'static str, path: &Path, kind: ErrorKind) -> FileFault {
    FileFault::System {
        tried,
        path: path.to_owned(),
        kind,
    }
}

/// Where a file is.
pub(super) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    }
}
