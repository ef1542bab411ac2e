//! The moment at which an index is in use, and the order of what leads to it.

use std::io::{self, Write};

use domain::RevocationGeneration;
use mapped::{Directory, Draft, WriterLock};

use super::index::NationalIndex;
use super::manifest::Manifest;
use super::pages::Bytes;
use super::reason::Fault;

/// Gives a draft its name once it is whole and on the disk: [`Draft::keep`], but for tests that stop between two of them.
pub(super) type Keep<'a> = &'a mut dyn FnMut(Draft, &str) -> io::Result<()>;

/// The names of entries and dates.
fn names(generation: RevocationGeneration) -> [String; 2] {
    [
        Manifest::entries_name(generation),
        Manifest::dates_name(generation),
    ]
}

/// Both files first, each whole and on the disk; then the manifest, which is the moment.
pub(super) fn put_in_use(
    directory: &Directory,
    entries: Draft,
    dates: Draft,
    manifest: Manifest,
    keep: Keep<'_>,
) -> Result<NationalIndex, Fault> {
    let io = || Fault::io("put the index in use");
    let [entries_name, dates_name] = &names(manifest.generation);
    let mut draft = directory.draft(Manifest::NAME).map_err(io())?;
    draft.write_all(&manifest.encode()).map_err(io())?;
    keep(entries, entries_name).map_err(io())?;
    keep(dates, dates_name).map_err(io())?;
    let map = |name: &str| directory.map(name).map(Bytes::Mapped).map_err(io());
    let index = NationalIndex::assemble(manifest, map(entries_name)?, map(dates_name)?)?;
    keep(draft, Manifest::NAME).map_err(io())?;
    Ok(index)
}

/// Removes every file that the index in use does not need.
pub(super) fn sweep(
    directory: &Directory,
    lock: &WriterLock,
    in_use: Option<RevocationGeneration>,
) -> Result<(), Fault> {
    let [entries, dates] = in_use.map(names).unwrap_or_default();
    directory
        .sweep(lock, &[Manifest::NAME, &entries, &dates])
        .map_err(Fault::io("remove old files"))
}

#[cfg(test)]
mod tests {
    use super::super::pages::{PageWriter, Written};
    use super::super::shelf;
    use super::*;

    /// An index of nobody, whose files must be there all the same.
    fn attempt(directory: &Directory, generation: u64, keep: Keep<'_>) -> Result<NationalIndex, Fault> {
        let file = |name: &str| {
            let mut writer = PageWriter::new(directory.draft(name).unwrap());
            writer.put(&[0; 5000]).unwrap();
            writer.finish().unwrap()
        };
        let (entries, written) = file("entries");
        let (dates, _) = PageWriter::new(directory.draft("dates").unwrap())
            .finish()
            .unwrap();
        let manifest = Manifest {
            generation: RevocationGeneration(generation),
            issuer: vec![0x30, 0],
            retained: 0,
            parts: Vec::new(),
            part_width: 0,
            only_part: 1,
            slots: Vec::new(),
            short: 0,
            long: 0,
            long_offset: 0,
            long_width: 0,
            entries: written,
            dates: Written::default(),
        };
        put_in_use(directory, entries, dates, manifest, keep)
    }

    #[test]
    fn whoever_stops_between_two_steps_leaves_an_index_that_opens() {
        let place = tempfile::tempdir().unwrap();
        let directory = Directory::open(place.path()).unwrap();
        // As a process that starts now would find it.
        let found = || {
            let found = shelf::current(&Directory::open(place.path()).unwrap());
            found.map(|index| index.map(|index| index.generation().0))
        };
        let mut in_use = None;
        for generation in 1..=3 {
            for steps in 0..=3 {
                let mut kept = Vec::new();
                let put = attempt(&directory, generation, &mut |draft, name| {
                    if kept.len() == steps {
                        return Err(io::ErrorKind::Interrupted.into());
                    }
                    kept.push(name.to_owned());
                    draft.keep(name)?;
                    // After each step: the old one, until the last has made it the new one.
                    let expected = if kept.len() == 3 { Some(generation) } else { in_use };
                    assert_eq!(found(), Ok(expected), "after {kept:?}");
                    Ok(())
                });
                assert_eq!(put.is_ok(), steps == 3);
                if steps == 3 {
                    in_use = Some(generation);
                    assert_eq!(kept.last().map(String::as_str), Some(Manifest::NAME));
                }
                assert_eq!(found(), Ok(in_use));
            }
        }
    }
}
