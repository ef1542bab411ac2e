//! Every way in which a file is not ours to use has its own words.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::{EphemeraOptions, LedgerOptions, SqlEphemera, SqlLedger};

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn ledger(path: &Path) -> Result<SqlLedger, OpenError> {
    let options = LedgerOptions {
        busy_timeout: Duration::from_millis(100),
        ..LedgerOptions::default()
    };
    SqlLedger::open(path, &options)
}

fn refusal(path: &Path) -> OpenError {
    ledger(path).map(drop).unwrap_err()
}

#[test]
fn a_missing_folder_is_named() {
    let folder = folder();
    let path = folder.path().join("nowhere").join("ledger.sqlite");
    assert_eq!(refusal(&path), OpenError::DirectoryMissing(path.clone()));
    assert!(!path.exists());
}

#[test]
fn what_is_no_file_is_named() {
    let folder = folder();
    let path = folder.path().to_owned();
    assert_eq!(refusal(&path), OpenError::NotAFile(path.clone()));
}

#[test]
fn a_text_file_is_not_ours_and_not_touched() {
    let folder = folder();
    let path = folder.path().join("letter.txt");
    let letter = "Dear minister, ".repeat(500);
    std::fs::write(&path, &letter).unwrap();
    assert_eq!(refusal(&path), OpenError::NotOurs(path.clone()));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), letter);
}

#[test]
fn a_database_of_another_program_is_not_ours_and_not_touched() {
    let folder = folder();
    let path = folder.path().join("other.sqlite");
    let other = Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE recipes (x TEXT)").unwrap();
    drop(other);
    let before = std::fs::read(&path).unwrap();
    assert_eq!(refusal(&path), OpenError::NotOurs(path.clone()));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn the_two_files_are_not_taken_for_one_another() {
    let folder = folder();
    let path = folder.path().join("ephemera.sqlite");
    drop(SqlEphemera::open(&path, &EphemeraOptions::default()).unwrap());
    assert_eq!(refusal(&path), OpenError::NotOurs(path.clone()));
    let path = folder.path().join("ledger.sqlite");
    drop(ledger(&path).unwrap());
    let mistaken = SqlEphemera::open(&path, &EphemeraOptions::default()).map(drop);
    assert_eq!(mistaken, Err(OpenError::NotOurs(path)));
}

#[test]
fn a_file_that_lacks_what_we_use_is_refused_by_number() {
    let folder = folder();
    let path = folder.path().join("ledger.sqlite");
    drop(ledger(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    connection
        .execute(
            "INSERT INTO schema_migration (number, name) VALUES (7, 'from the future')",
            [],
        )
        .unwrap();
    assert!(ledger(&path).is_ok(), "it only grew");
    connection
        .execute(
            "INSERT INTO schema_migration VALUES (8, 'without', 'contract', 7)",
            [],
        )
        .unwrap();
    let newer = OpenError::NewerSchema {
        path: path.clone(),
        found: 8,
        known: crate::ledger::migrations::ALL.last().unwrap().number,
    };
    assert_eq!(refusal(&path), newer);
    assert!(newer.to_string().contains("schema 8, this version knows "));
}

#[test]
fn a_file_held_by_another_is_locked() {
    let folder = folder();
    let path = folder.path().join("ledger.sqlite");
    drop(ledger(&path).unwrap());
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; DELETE FROM session; COMMIT")
        .unwrap();
    assert_eq!(refusal(&path), OpenError::Locked(path.clone()));
}

#[test]
fn files_are_for_their_owner_alone() {
    let folder = folder();
    let path = folder.path().join("ledger.sqlite");
    let open = ledger(&path).unwrap();
    for ending in ["", "-wal", "-shm"] {
        let file = PathBuf::from(format!("{}{ending}", path.display()));
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
    drop(open);
}

#[test]
fn eight_that_make_the_file_at_once_all_open_it() {
    for _ in 0..20 {
        let folder = folder();
        let path = folder.path().join("ledger.sqlite");
        std::thread::scope(|scope| {
            let openings: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| SqlLedger::open(&path, &LedgerOptions::default()).map(drop)))
                .collect();
            for opening in openings {
                assert_eq!(opening.join().unwrap(), Ok(()));
            }
        });
    }
}

#[test]
fn a_reader_of_the_empty_file_is_waited_for() {
    let folder = folder();
    let path = folder.path().join("ledger.sqlite");
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("BEGIN; SELECT COUNT(*) FROM sqlite_schema")
        .unwrap();
    std::thread::scope(|scope| {
        let opening = scope.spawn(|| SqlLedger::open(&path, &LedgerOptions::default()).map(drop));
        std::thread::sleep(Duration::from_millis(60));
        assert!(!opening.is_finished());
        other.execute_batch("COMMIT").unwrap();
        assert_eq!(opening.join().unwrap(), Ok(()));
    });
}

#[test]
fn the_settings_are_what_durability_needs() {
    let folder = folder();
    let path = folder.path().join("ledger.sqlite");
    let tuning = Tuning {
        synchronous: "FULL",
        busy_timeout: Duration::from_secs(1),
        max_pages: None,
    };
    let shape = Shape {
        application_id: 1,
        migrations: &[],
        shrinks: false,
    };
    let connection = writer(&path, &shape, &tuning).unwrap();
    let setting = |name: &str| -> String {
        connection
            .query_row(&format!("PRAGMA {name}"), [], |row| {
                let value: rusqlite::types::Value = row.get(0)?;
                Ok(format!("{value:?}"))
            })
            .unwrap()
    };
    assert_eq!(setting("synchronous"), "Integer(2)");
    assert_eq!(setting("foreign_keys"), "Integer(1)");
    assert_eq!(setting("journal_mode"), "Text(\"wal\")");
}

const CHILD: &str = "STORE_SQL_TEST_UNREADABLE";

/// Root may read everything, so as root the question is asked by a child that is nobody.
#[test]
fn a_file_of_somebody_else_is_denied() {
    if let Ok(path) = std::env::var(CHILD) {
        let path = PathBuf::from(path);
        assert_eq!(refusal(&path), OpenError::PermissionDenied(path.clone()));
        let new = path.with_file_name("new.sqlite");
        assert_eq!(refusal(&new), OpenError::PermissionDenied(new.clone()));
        return;
    }
    let folder = folder();
    let path = folder.path().join("ledger.sqlite");
    drop(ledger(&path).unwrap());
    let only_look = std::fs::Permissions::from_mode(0o555);
    std::fs::set_permissions(folder.path(), only_look).unwrap();
    for mode in [0o000, 0o444] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let mut child = std::process::Command::new("/proc/self/exe");
        child
            .args([
                "--exact",
                "open::tests::a_file_of_somebody_else_is_denied",
                "--nocapture",
            ])
            .env(CHILD, &path);
        if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
            std::os::unix::process::CommandExt::uid(&mut child, 65_534);
        }
        let output = child.output().unwrap();
        assert!(
            output.status.success(),
            "mode {mode:o}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    }
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
}
