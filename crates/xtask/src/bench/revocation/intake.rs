//! Taking in a list, beside one pass of SHA-256 over its bytes and one check of its signature.

use std::convert::Infallible;
use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use pki::{CrlLimits, EntrySink, RevocationReason, StreamedCrl};

use crate::lists::World;
use crate::time::{Cost, cost, float, median, millis, own_thread, spread};
use crate::{Failure, Options};

pub(crate) fn measure(world: &World, options: &Options) -> Result<(), Failure> {
    println!("## Taking in {} of {}\n", options.revoked, options.issued);
    println!(
        "The floor is one pass of SHA-256 over the bytes, read from the same file, and one check of an RSA signature, on one thread.\n"
    );
    println!(
        "| list | MB | floor, ms | 2 threads, ms | ratio | 1 thread, ms | ratio | processor: floor, ms | 2 threads | 1 thread |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for (name, path) in &world.lists {
        let rows = (0..options.rounds)
            .map(|_| round(world, path))
            .collect::<Result<Vec<_>, _>>()?;
        print_row(name, path, &rows)?;
    }
    let rows = (0..options.rounds)
        .map(|_| next_day(world))
        .collect::<Result<Vec<_>, _>>()?;
    print_row("next day, onto the one before", &world.next_day, &rows)?;
    reading(world, options)
}

struct Round {
    floor: Cost,
    two: Cost,
    one: Cost,
}

fn print_row(name: &str, path: &Path, rows: &[Round]) -> Result<(), Failure> {
    let of = |each: &dyn Fn(&Round) -> f64| rows.iter().map(each).collect::<Vec<f64>>();
    let ratio = |each: &dyn Fn(&Round) -> Cost| {
        (
            spread(&of(&|round| {
                each(round).wall.as_secs_f64() / round.floor.wall.as_secs_f64()
            })),
            spread(&of(&|round| {
                each(round).processor.as_secs_f64() / round.floor.processor.as_secs_f64()
            })),
        )
    };
    let ((two, two_processor), (one, one_processor)) = (ratio(&|round| round.two), ratio(&|round| round.one));
    println!(
        "| {name} | {:.0} | {:.0} | {:.0} | **{two}** | {:.0} | {one} | {:.0} | {two_processor} | {one_processor} |",
        float(path.metadata()?.len()) / 1e6,
        median(of(&|round| millis(round.floor.wall))),
        median(of(&|round| millis(round.two.wall))),
        median(of(&|round| millis(round.one.wall))),
        median(of(&|round| millis(round.floor.processor))),
    );
    Ok(())
}

fn round(world: &World, path: &Path) -> Result<Round, Failure> {
    let (floor, ()) = cost(|| floor(world, path))?;
    let [two, one] = [2, 1].map(|threads| {
        let shelf = world.shelf("first")?;
        Ok::<_, Failure>(cost(|| world.take(&shelf, path, threads))?.0)
    });
    Ok(Round {
        floor,
        two: two?,
        one: one?,
    })
}

/// With yesterday's index to be compared and what disappeared to be kept.
fn next_day(world: &World) -> Result<Round, Failure> {
    let (floor, ()) = cost(|| floor(world, &world.next_day))?;
    let [_, (_, yesterday)] = &world.lists;
    let [two, one] = [2, 1].map(|threads| {
        let shelf = world.shelf("next-day")?;
        world.take(&shelf, yesterday, 2)?;
        let (took, taken) = cost(|| world.take(&shelf, &world.next_day, threads))?;
        if taken.report.newly_revoked == 0 || taken.report.missing == 0 {
            return Err("the next day brought nothing".into());
        }
        Ok::<_, Failure>(took)
    });
    Ok(Round {
        floor,
        two: two?,
        one: one?,
    })
}

/// What nobody can do without: the bytes from the same file through SHA-256, and one RSA check.
fn floor(world: &World, path: &Path) -> Result<(), Failure> {
    let mut context = Context::new(&SHA256);
    let mut file = File::open(path)?;
    let mut block = vec![0; 256 << 10];
    loop {
        let read = file.read(&mut block)?;
        if read == 0 {
            break;
        }
        context.update(block.get(..read).unwrap_or_default());
    }
    black_box(context.finish());
    // One check of a signature by the same key: that of its own certificate.
    black_box(world.anchors()?);
    Ok(())
}

/// Counts, so that nothing is left out.
#[derive(Default)]
struct Sum(u64);

impl EntrySink for Sum {
    type Refusal = Infallible;

    fn short(&mut self, serial: u32, seconds: i64, reason: RevocationReason) -> Result<(), Infallible> {
        self.0 = self
            .0
            .wrapping_add(u64::from(serial) ^ seconds.unsigned_abs() ^ u64::from(reason.code()));
        Ok(())
    }

    fn long(&mut self, _: &[u8], _: i64, _: RevocationReason) -> Result<(), Infallible> {
        Ok(())
    }
}

/// What reading alone costs: processor time of the reading thread, while another one digests.
fn reading(world: &World, options: &Options) -> Result<(), Failure> {
    let limits = CrlLimits {
        max_bytes: u64::MAX,
        max_entries: u64::MAX,
        digest_on_own_thread: true,
    };
    let [(_, path), _] = &world.lists;
    let mut each = Vec::new();
    for _ in 0..options.rounds {
        let before = own_thread()?;
        let mut sum = Sum::default();
        StreamedCrl::read(&mut File::open(path)?, &world.anchors()?, &limits, &mut sum)
            .map_err(|refusal| format!("{refusal:?}"))?;
        black_box(sum.0);
        each.push(own_thread()?.saturating_sub(before).as_secs_f64() * 1e9 / float(options.revoked));
    }
    println!(
        "\nReading an entry, system calls included: {} ns of the reading thread.\n",
        spread(&each)
    );
    Ok(())
}
