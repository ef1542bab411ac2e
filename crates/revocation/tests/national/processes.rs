//! Several processes, one directory. The writer is this test binary, started again.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use revocation::{NationalIndex, Refusal, Shelf, Status};

use crate::world::{NEVER, World, anchors, at, entries, list, serial, terms};

/// List n revokes the serial numbers 1 to this, times n.
const EACH: u64 = 2000;
const PLACE: &str = "GAP_TEST_SHELF";
const LAST: &str = "GAP_TEST_LAST_LIST";

/// Lists in files beside the shelf.
pub(crate) struct Lists(PathBuf);

fn folder(shelf: &Path) -> PathBuf {
    shelf.with_extension("lists")
}

pub(crate) fn lists_up_to(shelf: &Path, last: u64) -> Lists {
    let folder = folder(shelf);
    std::fs::create_dir_all(&folder).unwrap();
    for number in 1..=last {
        let made = i64::try_from(number).unwrap();
        let der = list(number, made, &entries(EACH * number, 1));
        std::fs::write(folder.join(number.to_string()), der).unwrap();
    }
    Lists(folder)
}

impl Lists {
    pub(crate) fn read(&self, number: u64) -> Vec<u8> {
        std::fs::read(self.0.join(number.to_string())).unwrap()
    }
}

impl Drop for Lists {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An index in use says exactly what one of the lists said; which one.
pub(crate) fn holds(index: &NationalIndex) -> u64 {
    let number = index.len() / EACH;
    assert_eq!(index.len(), number * EACH);
    let entries = index.parts().next().unwrap().entries;
    assert_eq!(entries, number * EACH);
    for place in (1..=index.len()).step_by(37).chain([index.len()]) {
        let at = at(-i64::try_from(place).unwrap());
        let reason = pki::RevocationReason::Superseded;
        assert_eq!(
            index.lookup(&serial(place)).unwrap(),
            Status::Revoked { reason, at }
        );
    }
    for place in index.len() + 1..index.len() + 500 {
        assert_eq!(index.lookup(&serial(place)).unwrap(), Status::Good);
    }
    number
}

/// Takes in list after list, from the one after that in use; runs only in a process that a test started.
#[test]
fn the_writing_process() {
    let (Ok(place), Ok(last)) = (std::env::var(PLACE), std::env::var(LAST)) else {
        return;
    };
    let shelf = Shelf::open(Path::new(&place)).unwrap();
    let lists = folder(Path::new(&place));
    let terms = terms();
    println!("\nbegun");
    let mut number = shelf.current().unwrap().map_or(0, |index| holds(&index));
    while number < last.parse().unwrap() {
        number += 1;
        let mut ingest = shelf
            .ingest(&terms, anchors(), NEVER, at(crate::world::DAY))
            .unwrap();
        let mut file = std::fs::File::open(lists.join(number.to_string())).unwrap();
        ingest.add(&mut file).unwrap();
        let taken = ingest.finish(&mut |_| false).unwrap();
        assert_eq!(taken.index.len(), number * EACH);
        println!("\ntaken {number}");
    }
}

pub(crate) struct Writer {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Writer {
    pub(crate) fn start(place: &Path, last: u64) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "processes::the_writing_process",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(PLACE, place)
            .env(LAST, last.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    /// Reads until it says so.
    pub(crate) fn wait_for(&mut self, word: &str) {
        let mut line = String::new();
        while !line.starts_with(word) {
            line.clear();
            assert!(
                self.out.read_line(&mut line).unwrap() > 0,
                "it ended before `{word}`"
            );
        }
    }

    /// SIGKILL; whether it was still at work.
    pub(crate) fn kill(&mut self) -> bool {
        let working = self.child.try_wait().unwrap().is_none();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        working
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn another_process_sees_each_index_whole_and_soon() {
    let world = World::new();
    let lists = lists_up_to(world.place.path(), 12);
    world.take(&[&lists.read(1)]).unwrap();
    let mut watcher = world.shelf.watcher();
    let mut held = vec![watcher.look().unwrap().unwrap()];
    let mut writer = Writer::start(world.place.path(), 12);
    let deadline = Instant::now() + Duration::from_mins(1);
    while holds(held.last().unwrap()) < 12 {
        assert!(Instant::now() < deadline, "the last index was never seen");
        if let Some(next) = watcher.look().unwrap() {
            assert!(next.generation() > held.last().unwrap().generation());
            held.push(next);
        }
    }
    let mut rest = String::new();
    writer.out.read_to_string(&mut rest).unwrap();
    assert!(writer.child.wait().unwrap().success(), "{rest}");
    assert!(held.len() > 2, "it saw only the first and the last");
    // Every index that was ever seen still answers, though its files are gone.
    let numbers: Vec<u64> = held.iter().map(holds).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b));
}

#[test]
fn a_second_process_that_wants_to_write_is_told_so() {
    let world = World::new();
    let lists = lists_up_to(world.place.path(), 2);
    let ingest = world
        .shelf
        .ingest(&world.terms, anchors(), NEVER, world.now)
        .unwrap();
    let mut refused = Writer::start(world.place.path(), 1);
    refused.wait_for("begun");
    assert!(!refused.child.wait().unwrap().success(), "two writers at a time");
    drop(ingest);
    let mut writer = Writer::start(world.place.path(), 1);
    writer.wait_for("taken 1");
    // A lock ends with its process.
    writer.kill();
    assert!(world.take(&[&lists.read(2)]).is_ok());
    assert_eq!(Refusal::Busy.to_string(), "another delivery is being taken in");
}
