//! What is SQLite's own about Ephemera: the file's size, and a file that a power cut left damaged.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::Path;

use store::conformance::sample::NOW;
use store::{Consumed, Ephemera, EphemeraKey, EphemeraKind, StoreFault};
use store_sql::{EphemeraOptions, SqlEphemera};

fn open(path: &Path) -> SqlEphemera {
    SqlEphemera::open(path, &EphemeraOptions::default()).unwrap()
}

fn key(number: usize) -> EphemeraKey {
    EphemeraKey::new(EphemeraKind::Transaction, number.to_string())
}

async fn fill(ephemera: &SqlEphemera, count: usize) -> Result<(), StoreFault> {
    let end = NOW.plus_seconds(60);
    for number in 0..count {
        ephemera.put(&key(number), vec![7; 2000], NOW, end).await?;
    }
    Ok(())
}

fn size(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_gives_the_disk_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("e.sqlite");
    let ephemera = open(&path);
    fill(&ephemera, 2000).await.unwrap();
    assert_eq!(ephemera.purge(NOW.plus_seconds(60)).await, Ok(2000));
    ephemera.close().await;
    assert!(size(folder.path()) < 100_000, "{} bytes", size(folder.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn filling_and_purging_over_and_over_does_not_grow_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("e.sqlite");
    let ephemera = open(&path);
    let mut largest = Vec::new();
    for _ in 0..4 {
        fill(&ephemera, 1000).await.unwrap();
        largest.push(size(folder.path()));
        ephemera.purge(NOW.plus_seconds(60)).await.unwrap();
    }
    let first = largest.remove(0);
    for later in largest {
        assert!(later < first * 2, "{first} bytes grew to {later}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_size_is_kept_and_purging_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let options = EphemeraOptions {
        max_pages: Some(100),
        ..EphemeraOptions::default()
    };
    let ephemera = SqlEphemera::open(folder.path().join("e.sqlite"), &options).unwrap();
    let full = fill(&ephemera, 2000).await;
    assert!(matches!(full, Err(StoreFault::Unavailable(_))), "{full:?}");
    assert!(ephemera.held().await.unwrap() > 20);
    ephemera.purge(NOW.plus_seconds(60)).await.unwrap();
    assert_eq!(fill(&ephemera, 20).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_consumed_stays_consumed_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("e.sqlite");
    let end = NOW.plus_seconds(60);
    let ephemera = open(&path);
    fill(&ephemera, 2).await.unwrap();
    ephemera.consume(&key(0), NOW, end).await.unwrap();
    ephemera.close().await;
    let ephemera = open(&path);
    assert_eq!(ephemera.consume(&key(0), NOW, end).await, Ok(Consumed::Again));
    let first = ephemera.consume(&key(1), NOW, end).await;
    assert_eq!(first, Ok(Consumed::First(vec![7; 2000])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_set_aside_and_people_start_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("e.sqlite");
    let ephemera = open(&path);
    fill(&ephemera, 500).await.unwrap();
    ephemera.close().await;
    let mut bytes = std::fs::read(&path).unwrap();
    let length = bytes.len();
    // The header and the schema stay; pages of the middle are lost.
    bytes[40_960..length - 40_960].fill(0);
    std::fs::write(&path, &bytes).unwrap();
    let ephemera = open(&path);
    assert_eq!(ephemera.held().await, Ok(0));
    assert_eq!(fill(&ephemera, 5).await, Ok(()));
    let kept = std::fs::read(folder.path().join("e.sqlite.damaged")).unwrap();
    assert_eq!(kept.len(), length);
}
