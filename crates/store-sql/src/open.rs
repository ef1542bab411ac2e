//! Opening a file: made readable for its owner alone, known to be ours, brought to this version's shape.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::migrate::{MigrateError, Migration, Unfit, migrate};

/// Why a database file cannot be used. `Display` is a sentence for the operator.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder in which the file should be does not exist.
    DirectoryMissing(PathBuf),
    /// The process may not read and write the file, or make files beside it.
    PermissionDenied(PathBuf),
    /// The path names something that is no regular file.
    NotAFile(PathBuf),
    /// The file is no database, or one of another program or purpose.
    NotOurs(PathBuf),
    /// A newer version of the platform has taken away what this one uses.
    NewerSchema {
        /// The file or database.
        path: PathBuf,
        /// Number of its last migration.
        found: i64,
        /// Number of the last migration that this version knows.
        known: i64,
    },
    /// This version takes away what the version before the last one still uses: the release in between was left out.
    ReleaseSkipped {
        /// The file or database.
        path: PathBuf,
        /// Number of its last migration.
        found: i64,
        /// The migration that the release to run first brings.
        oldest: i64,
    },
    /// A database server that cannot be used; the text says which and why.
    Server {
        /// Which database, without secrets.
        place: String,
        /// What was said.
        why: String,
    },
    /// Another process holds the file and did not let go in time.
    Locked(PathBuf),
    /// Anything else; the text is SQLite's or the operating system's.
    Other {
        /// The file.
        path: PathBuf,
        /// What was said.
        why: String,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DirectoryMissing(path) => write!(f, "{}: the folder does not exist", path.display()),
            Self::PermissionDenied(path) => write!(
                f,
                "{}: no permission to read and write it and to make files beside it",
                path.display()
            ),
            Self::NotAFile(path) => write!(f, "{}: not a regular file", path.display()),
            Self::NotOurs(path) => write!(
                f,
                "{}: not a database of this platform for this purpose",
                path.display()
            ),
            Self::NewerSchema { path, found, known } => write!(
                f,
                "{}: a newer version took away what this one uses (schema {found}, this version knows {known})",
                path.display()
            ),
            Self::ReleaseSkipped { path, found, oldest } => write!(
                f,
                "{}: at schema {found}; run the release that brings schema {oldest} on every node first, because this one \
                 takes away what older ones use",
                path.display()
            ),
            Self::Server { place, why } => write!(f, "{place}: {why}"),
            Self::Locked(path) => write!(f, "{}: held by another process", path.display()),
            Self::Other { path, why } => write!(f, "{}: {why}", path.display()),
        }
    }
}

impl std::error::Error for OpenError {}

impl OpenError {
    /// Why a database is not for this binary, in the words for its place.
    pub(crate) fn unfit(place: &Path, unfit: Unfit) -> Self {
        let path = place.to_owned();
        match unfit {
            Unfit::Newer { found, known } => Self::NewerSchema { path, found, known },
            Unfit::Skipped { found, oldest } => Self::ReleaseSkipped { path, found, oldest },
        }
    }
}

/// What distinguishes one kind of file from another.
pub(crate) struct Shape {
    /// SQLite's `application_id`, the way `file(1)` and we know our own.
    pub(crate) application_id: i32,
    pub(crate) migrations: &'static [Migration],
    /// Give free pages back to the file system little by little; fixed when the file is made.
    pub(crate) shrinks: bool,
}

/// What holds for one connection.
#[derive(Clone, Debug)]
pub(crate) struct Tuning {
    /// `PRAGMA synchronous`.
    pub(crate) synchronous: &'static str,
    pub(crate) busy_timeout: Duration,
    /// Largest size of the file, in pages.
    pub(crate) max_pages: Option<u32>,
}

/// Opens the connection that writes, making and migrating the file when needed.
pub(crate) fn writer(path: &Path, shape: &Shape, tuning: &Tuning) -> Result<Connection, OpenError> {
    make_if_absent(path)?;
    let connection = connect(path).map_err(|error| explain(path, &error))?;
    prepare(&connection, path, shape, tuning)?;
    Ok(connection)
}

/// Opens one more connection, which reads. A reader never waits inside SQLite; see [`crate::readers`].
pub(crate) fn reader(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = connect(path)?;
    connection.busy_timeout(Duration::ZERO)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(connection)
}

/// More than there are statements, so that none is prepared twice.
const STATEMENTS_KEPT: usize = 128;

fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    // Never SQLITE_OPEN_CREATE: it would make the file readable for others.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
}

/// Makes an empty file with mode 0600 and makes its name durable. SQLite gives the files beside it the same mode.
///
/// The file is opened here only when it is new: closing any descriptor of a database drops the locks that SQLite
/// holds on it elsewhere in the process (POSIX advisory locks). The lock keeps other openers out until ours is shut.
fn make_if_absent(path: &Path) -> Result<(), OpenError> {
    static MAKING: Mutex<()> = Mutex::new(());
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);

    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(match folder.metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                OpenError::PermissionDenied(path.to_owned())
            }
            _ => OpenError::DirectoryMissing(path.to_owned()),
        });
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let made = options
        .open(path)
        .and_then(|_new| std::fs::File::open(folder)?.sync_all());
    match made {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            Err(OpenError::PermissionDenied(path.to_owned()))
        }
        Err(error) => Err(OpenError::Other {
            path: path.to_owned(),
            why: error.to_string(),
        }),
    }
}

fn prepare(connection: &Connection, path: &Path, shape: &Shape, tuning: &Tuning) -> Result<(), OpenError> {
    let told = |error: rusqlite::Error| explain(path, &error);
    connection.busy_timeout(tuning.busy_timeout).map_err(told)?;
    let new = is_new(connection, path, shape)?;
    if new && shape.shrinks {
        connection
            .pragma_update(None, "auto_vacuum", "INCREMENTAL")
            .map_err(told)?;
    }
    write_ahead(connection, path, tuning.busy_timeout)?;
    let settings = [
        ("synchronous", tuning.synchronous),
        ("foreign_keys", "ON"),
        // After a checkpoint the log file is cut to this size rather than kept at its largest.
        ("journal_size_limit", "16777216"),
    ];
    for (name, value) in settings {
        connection.pragma_update(None, name, value).map_err(told)?;
    }
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    migrate(connection, shape.application_id, shape.migrations).map_err(|error| match error {
        MigrateError::Unfit(unfit) => OpenError::unfit(path, unfit),
        MigrateError::Sql(error) => explain(path, &error),
    })?;
    if let Some(pages) = tuning.max_pages {
        connection
            .pragma_update(None, "max_page_count", pages)
            .map_err(told)?;
    }
    Ok(())
}

/// Whether the file is empty; an error when it is neither empty nor ours.
fn is_new(connection: &Connection, path: &Path, shape: &Shape) -> Result<bool, OpenError> {
    let told = |error: rusqlite::Error| explain(path, &error);
    // One statement, so that another process that is making the file is seen before or after, not between.
    let (id, tables): (i32, i64) = connection
        .query_row(
            "SELECT application_id, (SELECT COUNT(*) FROM sqlite_schema) FROM pragma_application_id",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .map_err(told)?;
    if id == shape.application_id {
        return Ok(false);
    }
    if id == 0 && tables == 0 {
        return Ok(true);
    }
    Err(OpenError::NotOurs(path.to_owned()))
}

/// Switches the file to a write-ahead log. When several do it at once, SQLite tells some "busy" without waiting.
fn write_ahead(connection: &Connection, path: &Path, patience: Duration) -> Result<(), OpenError> {
    let began = Instant::now();
    loop {
        let mode: Result<String, rusqlite::Error> =
            connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0));
        match mode {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                return Err(OpenError::Other {
                    path: path.to_owned(),
                    why: format!("journal mode is {mode}: the file system has no shared memory"),
                });
            }
            Err(error) if is_busy(&error) && began.elapsed() < patience => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(explain(path, &error)),
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

fn explain(path: &Path, error: &rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Locked(path),
        Some(ErrorCode::NotADatabase) => OpenError::NotOurs(path),
        Some(ErrorCode::CannotOpen) if path.exists() && !path.is_file() => OpenError::NotAFile(path),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
            OpenError::PermissionDenied(path)
        }
        _ => OpenError::Other {
            path,
            why: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests;
