//! Taking in that is interrupted: by its source, at any byte; by SIGKILL, at any moment.

use std::io::{self, Read};
use std::time::Duration;

use revocation::{Refusal, Shelf};

use crate::processes::{Writer, holds, lists_up_to};
use crate::world::{NEVER, World, anchors, entries, list, newly, revoked};

/// Gives so many bytes, then fails, or ends as if it were all.
struct Until<'a> {
    rest: &'a [u8],
    left: usize,
    then: Option<io::ErrorKind>,
}

impl Read for Until<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let length = room.len().min(self.left).min(self.rest.len()).min(113);
        match self.then {
            Some(kind) if length == 0 => Err(kind.into()),
            _ => {
                let (now, later) = self.rest.split_at(length);
                room.get_mut(..length).unwrap().copy_from_slice(now);
                self.rest = later;
                self.left -= length;
                Ok(length)
            }
        }
    }
}

#[test]
fn a_source_that_fails_or_ends_at_any_byte_leaves_the_old_index() {
    let world = World::new();
    world.take(&[&list(1, 0, &entries(30, 3))]).unwrap();
    let before = world.current();
    let files = world.files();
    let der = list(2, 10, &entries(60, 3));
    for left in (0..der.len()).step_by(11).chain([der.len() - 1]) {
        for then in [None, Some(io::ErrorKind::ConnectionReset)] {
            let mut source = Until {
                rest: &der,
                left,
                then,
            };
            let mut ingest = world
                .shelf
                .ingest(&world.terms, anchors(), NEVER, world.now)
                .unwrap();
            let refusal = ingest.add(&mut source).unwrap_err();
            match then {
                Some(kind) => assert_eq!(refusal, Refusal::Source { place: 0, kind }),
                None => assert!(
                    matches!(refusal, Refusal::List { place: 0, .. }),
                    "{left}: {refusal}"
                ),
            }
            assert_eq!(ingest.finish(&mut |_| false).err(), Some(Refusal::Broken));
            assert_eq!(world.files(), files, "{left}");
        }
    }
    let after = world.current();
    assert_eq!(after.generation(), before.generation());
    assert!(revoked(&after, 90) && !revoked(&after, 180));
    let whole = world.take(&[&der]).unwrap();
    assert_eq!(newly(&whole.index, &before).len(), 30);
}

#[test]
fn a_writer_that_is_killed_leaves_the_old_index_or_the_new_one() {
    let world = World::new();
    let lists = lists_up_to(world.place.path(), 40);
    world.take(&[&lists.read(1)]).unwrap();
    let mut seen = 0;
    let mut killed = 0;
    // Moments from right at the start to well within the third delivery: the writer goes on until it is killed.
    for round in 0..24_u64 {
        let mut writer = Writer::start(world.place.path(), 40);
        writer.wait_for("begun");
        std::thread::sleep(Duration::from_micros(round * round * 900 % 400_000));
        killed += u32::from(writer.kill());
        // Whatever it left behind: the index in use is whole, and says what its list said.
        let index = Shelf::open(world.place.path())
            .unwrap()
            .current()
            .unwrap()
            .unwrap();
        let number = holds(&index);
        assert!(number >= seen, "an index that was in use is gone");
        seen = number;
        if seen >= 40 {
            break;
        }
    }
    assert!(
        killed >= 5,
        "only {killed} were killed at work: the lists are too short"
    );
    // And the next delivery is taken in as if nothing had happened.
    let last = list(1000, 1000, &entries(90_000, 1));
    let taken = world.take(&[&last]).unwrap();
    assert_eq!(taken.index.len(), 90_000);
    let left: Vec<String> = world
        .files()
        .into_iter()
        .filter(|name| name.contains(".draft"))
        .collect();
    assert_eq!(left, Vec::<String>::new(), "what the killed ones left is swept");
}
