//! Look-ups, memory, start.

use std::fs;
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use pki::SerialNumber;
use revocation::NationalIndex;
use sim::national_crl::{Nation, Order};

use crate::lists::World;
use crate::time::{float, median, millis, spread, timed};
use crate::{Failure, Options};

const ASKED: u64 = 1 << 20;
const BATCH: usize = 256;

pub(crate) fn measure(world: &World, options: &Options) -> Result<(), Failure> {
    let shelf = world.shelf("look-ups")?;
    let [_, (_, path)] = &world.lists;
    drop(world.take(&shelf, path, 2)?);

    println!("## Start with an existing index\n");
    let starts = |before: &dyn Fn() -> Result<(), Failure>| -> Result<Vec<f64>, Failure> {
        (0..options.rounds.max(9))
            .map(|_| {
                before()?;
                let (took, index) = timed(|| {
                    let index = shelf.current()?.ok_or("no index")?;
                    black_box(index.reason(&serial(12_345))?);
                    Ok(index)
                })?;
                black_box(index);
                Ok(millis(took))
            })
            .collect()
    };
    println!("| files | ms, first answer included |\n|---|---|");
    println!("| in the page cache | {} |", spread(&starts(&|| Ok(()))?));
    println!("| on the disk | {} |", spread(&starts(&|| forget(&shelf))?));

    let index = shelf.current()?.ok_or("no index")?;
    let nation = Nation::new(
        options.revoked,
        options.issued,
        Order::Rising,
        domain::Timestamp::from_seconds(0),
    );
    let hits: Vec<SerialNumber> = chosen(options.revoked)
        .map(|place| serial(nation.entry(place).serial))
        .collect();
    let misses: Vec<SerialNumber> = chosen(options.issued)
        .map(|number| serial(number + 1))
        .filter(|serial| index.reason(serial).is_ok_and(|reason| reason.is_none()))
        .collect();
    let mixed: Vec<SerialNumber> = hits
        .iter()
        .zip(&misses)
        .flat_map(|(a, b)| [a.clone(), b.clone()])
        .collect();

    println!(
        "\n## Look-ups in {} revoked of {}\n",
        options.revoked, options.issued
    );
    println!(
        "| serial numbers | status and reason, ns | in a sorted array, ns | ratio | status, reason and date, ns |"
    );
    println!("|---|---|---|---|---|");
    let sorted = sorted(&nation);
    // Every page is checked once before.
    for each in hits.iter().chain(&misses) {
        black_box(index.lookup(each)?);
    }
    for (name, asked) in [
        ("revoked", &hits),
        ("not revoked", &misses),
        ("half and half", &mixed),
    ] {
        let mut each = Vec::new();
        for _ in 0..options.rounds {
            let ours = batches(asked, |serial| {
                index.reason(serial).map(|reason| reason.is_some())
            })?;
            let array = batches(asked, |serial| {
                Ok::<_, std::fmt::Error>(in_array(&sorted, serial))
            })?;
            let dated = batches(asked, |serial| {
                index
                    .lookup(serial)
                    .map(|status| matches!(status, revocation::Status::Good))
            })?;
            each.push((ours, array, dated));
        }
        let of = |figure: &dyn Fn(&(f64, f64, f64)) -> f64| each.iter().map(figure).collect::<Vec<f64>>();
        println!(
            "| {name} | **{}** | {} | {} | {} |",
            spread(&of(&|each| each.0)),
            spread(&of(&|each| each.1)),
            spread(&of(&|each| each.0 / each.1)),
            spread(&of(&|each| each.2)),
        );
    }
    println!(
        "\nOne after the other, each waiting for the last: {:.1} ns.",
        chained(&index, &mixed)?
    );
    memory(&shelf, &index)
}

fn serial(number: u64) -> SerialNumber {
    SerialNumber::from_bytes(&number.max(1).to_be_bytes()).unwrap_or_else(|_| std::process::abort())
}

/// Numbers below a limit, in no order.
fn chosen(below: u64) -> impl Iterator<Item = u64> {
    (0..ASKED).map(move |place| {
        let mixed = (place + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) % below
    })
}

/// Median over batches of the time of one look-up.
fn batches<E: std::error::Error + Send + Sync + 'static>(
    asked: &[SerialNumber],
    mut ask: impl FnMut(&SerialNumber) -> Result<bool, E>,
) -> Result<f64, Failure> {
    let mut each = Vec::new();
    for batch in asked.chunks_exact(BATCH) {
        let begun = Instant::now();
        for serial in batch {
            black_box(ask(serial)?);
        }
        each.push(begun.elapsed().as_secs_f64() * 1e9 / float(u64::try_from(batch.len())?));
    }
    Ok(median(each))
}

/// The processor cannot begin the next before the last is answered.
fn chained(index: &NationalIndex, asked: &[SerialNumber]) -> Result<f64, Failure> {
    let mut each = Vec::new();
    let mut place = 0;
    for _ in 0..asked.len() / BATCH {
        let begun = Instant::now();
        for _ in 0..BATCH {
            let serial = asked.get(place).ok_or("outside")?;
            let step = index
                .reason(serial)?
                .map_or(7919, |reason| 7919 + usize::from(reason.code()));
            place = (place + step) % asked.len();
        }
        each.push(begun.elapsed().as_secs_f64() * 1e9 / float(u64::try_from(BATCH)?));
    }
    Ok(median(each))
}

/// What everybody would do first: serial number and reason, by serial number.
fn sorted(nation: &Nation) -> Vec<(u32, u8)> {
    nation
        .clone()
        .map(|entry| {
            (
                u32::try_from(entry.serial).unwrap_or(u32::MAX),
                entry.reason.code(),
            )
        })
        .collect()
}

fn in_array(sorted: &[(u32, u8)], serial: &SerialNumber) -> bool {
    let number = serial
        .expose_bytes()
        .iter()
        .fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    sorted
        .binary_search_by_key(&number, |(serial, _)| *serial)
        .is_ok()
}

/// Takes the files out of the page cache, by what `dd` documents for it.
fn forget(shelf: &revocation::Shelf) -> Result<(), Failure> {
    for entry in fs::read_dir(shelf.directory())? {
        let path = entry?.path();
        let ended = Command::new("dd")
            .arg(format!("if={}", path.display()))
            .args(["iflag=nocache", "count=0", "status=none"])
            .status()?;
        if !ended.success() {
            return Err("dd failed".into());
        }
    }
    Ok(())
}

/// What is resident of an index that was asked everywhere but for its dates.
fn memory(shelf: &revocation::Shelf, asked: &NationalIndex) -> Result<(), Failure> {
    for place in 0..4_000_000_u64 {
        black_box(asked.reason(&serial(place * 64 + 1))?);
    }
    let maps = fs::read_to_string("/proc/self/smaps")?;
    let resident = |name: &str| -> Result<u64, Failure> {
        let mut most = 0;
        for (place, _) in maps.match_indices(name) {
            let rest = maps.get(place..).unwrap_or_default();
            most = most.max(kib(rest, "Rss:")?);
        }
        Ok(most)
    };
    let entries = resident("/entries-")?;
    let heap = fs::metadata(shelf.directory().join("manifest"))?
        .len()
        .div_ceil(1024);
    println!("\n## Resident\n\n| what | MiB |\n|---|---|");
    println!(
        "| bit maps, ranks, reasons: mapped, shared by all processes | {:.1} |",
        float(entries) / 1024.0
    );
    println!(
        "| heap of each process: the manifest | {:.1} |",
        float(heap) / 1024.0
    );
    println!("| **together** | **{:.1}** |", float(entries + heap) / 1024.0);
    let dates = fs::read_dir(shelf.directory())?
        .filter_map(Result::ok)
        .find(|entry| entry.file_name().to_string_lossy().starts_with("dates-"))
        .map(|entry| entry.metadata().map(|metadata| metadata.len()))
        .transpose()?;
    println!(
        "| dates, on the disk, touched for the revoked only | {:.1} |\n",
        float(dates.unwrap_or(0)) / 1_048_576.0
    );
    Ok(())
}

fn kib(text: &str, name: &str) -> Result<u64, Failure> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .ok_or("no such figure")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}
