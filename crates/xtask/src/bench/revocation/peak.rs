//! The memory of taking in, by a process of its own that does nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::lists::World;
use crate::time::{cost, float, millis};
use crate::{Failure, Options};

/// One delivery, taken in by a process that then says what it cost and ends.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Alone {
    /// Takes in one list, says what that cost, and ends: what the section `memory` starts as a process of its own.
    #[arg(long)]
    take: Option<PathBuf>,
    /// Its threads.
    #[arg(long, default_value_t = 2, requires = "take")]
    threads: usize,
    /// The index to take it in to is there already.
    #[arg(long, requires = "take")]
    onto: bool,
}

/// Takes in one list if that is all that was asked for; whether it was.
pub(crate) fn alone(world: &World, options: &Options) -> Result<bool, Failure> {
    let Some(list) = &options.alone.take else {
        return Ok(false);
    };
    let shelf = if options.alone.onto {
        revocation::Shelf::open(&world.folder.join("alone"))?
    } else {
        world.shelf("alone")?
    };
    let before = peak()?;
    let (took, taken) = cost(|| world.take(&shelf, list, options.alone.threads))?;
    println!(
        "{} entries, {:.0} ms, {:.0} ms of processors, {before} KiB before, {} KiB at most",
        taken.report.entries,
        millis(took.wall),
        millis(took.processor),
        peak()?
    );
    Ok(true)
}

pub(crate) fn measure(world: &World, options: &Options) -> Result<(), Failure> {
    println!("## Memory of taking in\n");
    println!("A process of its own for each. What it maps of its own files counts while it is mapped.\n");
    println!("| list | entries | threads | before, MiB | at most, MiB |\n|---|---|---|---|---|");
    let [rising, scattered] = &world.lists;
    let rows: [(&str, &Path, bool); 4] = [
        ("a twentieth", &world.held, false),
        (rising.0, &rising.1, false),
        (scattered.0, &scattered.1, false),
        ("next day, onto the one before", &world.next_day, true),
    ];
    for threads in [2, 1] {
        for (name, list, onto) in rows {
            let (entries, before, most) = in_own_process(options, list, threads, onto)?;
            println!(
                "| {name} | {entries} | {threads} | {:.1} | **{:.1}** |",
                float(before) / 1024.0,
                float(most) / 1024.0
            );
        }
    }
    println!();
    Ok(())
}

fn in_own_process(
    options: &Options,
    list: &Path,
    threads: usize,
    onto: bool,
) -> Result<(u64, u64, u64), Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg("--folder")
        .arg(&options.folder)
        .args(["--revoked", &options.revoked.to_string()])
        .args(["--issued", &options.issued.to_string()])
        .args(["--held", &options.held.to_string()])
        .args(["--threads", &threads.to_string()])
        .arg("--take")
        .arg(list);
    if onto {
        command.arg("--onto");
    }
    let ended = command.output()?;
    let said = String::from_utf8(ended.stdout)?;
    let numbers: Vec<u64> = said.split(' ').filter_map(|word| word.parse().ok()).collect();
    match *numbers {
        [entries, _, _, before, most] if ended.status.success() => Ok((entries, before, most)),
        _ => Err(format!("taking in alone ended with {}: {said}", ended.status).into()),
    }
}

/// The most that was ever resident of this process, in KiB.
fn peak() -> Result<u64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
