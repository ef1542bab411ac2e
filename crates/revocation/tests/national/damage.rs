//! Files that are not as they were written: a typed fault or the same answers, never another answer.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use revocation::{Fault, NationalIndex, Shelf, Status};
use sim::crl::{Entry, RevocationReason};

use crate::world::{World, at, entry, list, partition, serial};

const MOST: u64 = 70_000;

fn numbers() -> Vec<u64> {
    // A dense span, a sparse one, and long numbers.
    let dense = (1..20_000).map(|number| number * 3);
    let sparse = (0..300).map(|number| 65_536 + number * 11);
    let long = (0..200).map(|number| (1 << 35) + number * 7);
    dense.chain(sparse).chain(long).collect()
}

fn entries() -> Vec<Entry> {
    numbers()
        .into_iter()
        .zip(0..)
        .map(|(number, place)| {
            let reason = RevocationReason::ALL[usize::try_from(place % 7).unwrap()];
            entry(number, reason, -place)
        })
        .collect()
}

fn asked() -> impl Iterator<Item = u64> {
    (1..MOST)
        .step_by(5)
        .chain(numbers().into_iter().step_by(3))
        .chain((1 << 35)..(1 << 35) + 50)
}

fn answers(index: &NationalIndex) -> Vec<Result<Status, Fault>> {
    asked().map(|number| index.lookup(&serial(number))).collect()
}

fn copy(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// An index of two lists, so that every kind of content is in its files.
fn original() -> World {
    let world = World::new();
    let all = entries();
    let (a, b) = all.split_at(all.len() / 2);
    world
        .take(&[&partition("A", 1, 0, a), &partition("B", 1, 0, b)])
        .unwrap();
    world
}

/// What the damaged copy does.
enum Seen {
    /// It could not be opened.
    Closed(Fault),
    /// It answered; so many questions met a fault.
    Faults(usize),
}

fn look(place: &Path, truth: &[Result<Status, Fault>]) -> Seen {
    match Shelf::open(place).unwrap().current() {
        Err(fault) => Seen::Closed(fault),
        Ok(index) => {
            let mut faults = 0;
            for (answer, truth) in answers(&index.unwrap()).into_iter().zip(truth) {
                match answer {
                    Ok(_) => assert_eq!(&answer, truth, "another answer"),
                    Err(Fault::Page { .. }) => faults += 1,
                    Err(other) => panic!("{other}"),
                }
            }
            Seen::Faults(faults)
        }
    }
}

#[test]
fn one_altered_byte_anywhere_is_a_fault_and_never_another_answer() {
    let world = original();
    let truth = answers(&world.current());
    assert!(truth.iter().all(Result::is_ok));
    let place = tempfile::tempdir().unwrap();
    for name in ["manifest", "entries-1", "dates-1"] {
        copy(world.place.path(), place.path());
        let path = place.path().join(name);
        let good = fs::read(&path).unwrap();
        let step = good.len() / 24 + 1;
        for at in (0..good.len()).step_by(step).chain([good.len() - 1]) {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            fs::write(&path, &bad).unwrap();
            match (name, look(place.path(), &truth)) {
                ("manifest", Seen::Closed(Fault::Manifest | Fault::Version { .. }))
                | ("entries-1" | "dates-1", Seen::Faults(1..)) => {}
                (_, Seen::Closed(fault)) => panic!("{name} at {at}: {fault}"),
                (_, Seen::Faults(faults)) => panic!("{name} at {at}: {faults} faults"),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn files_overwritten_at_random_are_a_fault_or_say_the_same(
        writes in proptest::collection::vec((0..3_usize, any::<prop::sample::Index>(), proptest::collection::vec(any::<u8>(), 1..200)), 1..4),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let world = original();
        let truth = answers(&world.current());
        for (file, index, bytes) in &writes {
            let path = world.place.path().join(["manifest", "entries-1", "dates-1"][*file]);
            let mut content = fs::read(&path).unwrap();
            let at = index.index(content.len());
            let end = content.len().min(at + bytes.len());
            content[at..end].copy_from_slice(&bytes[..end - at]);
            fs::write(&path, content).unwrap();
        }
        if let Some(cut) = cut {
            let path = world.place.path().join("entries-1");
            let content = fs::read(&path).unwrap();
            fs::write(&path, &content[..cut.index(content.len())]).unwrap();
            let closed = Shelf::open(world.place.path()).unwrap().current();
            prop_assert!(closed.is_err());
        } else {
            look(world.place.path(), &truth);
        }
    }
}

#[test]
fn files_of_another_length_or_of_another_index_are_faults() {
    let world = original();
    let truth = answers(&world.current());
    let opened = |prepare: &dyn Fn(&Path)| {
        let place = tempfile::tempdir().unwrap();
        copy(world.place.path(), place.path());
        prepare(place.path());
        match look(place.path(), &truth) {
            Seen::Closed(fault) => fault,
            Seen::Faults(faults) => panic!("opened, with {faults} faults"),
        }
    };
    let append = |name: &'static str| {
        move |place: &Path| {
            let path = place.join(name);
            let content = fs::read(&path).unwrap();
            fs::write(&path, [&content[..], &[0]].concat()).unwrap();
        }
    };
    assert_eq!(opened(&append("entries-1")), Fault::Length);
    assert_eq!(opened(&append("dates-1")), Fault::Length);
    assert_eq!(opened(&append("manifest")), Fault::Manifest);
    let gone = opened(&|place| fs::remove_file(place.join("dates-1")).unwrap());
    assert!(
        matches!(
            gone,
            Fault::Io {
                kind: std::io::ErrorKind::NotFound,
                ..
            }
        ),
        "{gone}"
    );

    // The files of another index under our manifest: of another length, or with other pages.
    let other = World::new();
    other.take(&[&list(1, 0, &entries()[..500])]).unwrap();
    let swapped = |place: &Path| {
        fs::copy(other.place.path().join("entries-1"), place.join("entries-1")).unwrap();
    };
    assert_eq!(opened(&swapped), Fault::Length);
}

#[test]
fn a_damaged_index_can_be_replaced_once_its_manifest_is_gone() {
    let world = original();
    let path = world.place.path().join("manifest");
    let mut manifest = fs::read(&path).unwrap();
    manifest[100] ^= 1;
    fs::write(&path, manifest).unwrap();
    let next = list(2, 10, &entries());
    // A damaged manifest may not be forgotten silently: it remembers which lists are too old.
    assert_eq!(
        world.take(&[&next]).unwrap_err(),
        revocation::Refusal::Fault(Fault::Manifest)
    );
    fs::remove_file(&path).unwrap();
    assert_eq!(
        world.take(&[&next]).unwrap().index.len(),
        u64::try_from(numbers().len()).unwrap()
    );
    assert_eq!(
        world.current().lookup(&serial(3)).unwrap(),
        Status::Revoked {
            reason: pki::RevocationReason::Unspecified,
            at: at(0),
        }
    );
}
