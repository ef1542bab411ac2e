//! The national revocation index, measured: what taking in a list costs beside one pass of SHA-256 over it, what a look-up costs beside
//! a sorted array and OpenSSL, what stays in memory, how long a start takes.
//!
//! **Owns** the measurements of `cargo xtask bench revocation`: lists of national size (`lists.rs`), taking in (`intake.rs`) and its memory (`peak.rs`), look-ups
//! (`lookups.rs`), the others (`others.rs`, `openssl.c`).
//!
//! **Deliberately absent**: absolute promises. Everything that is compared is measured in one run, alternating, and printed as a ratio.
//!
//! **One more thing to measure**: a section in `main`, printed as a ratio to something that others know.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line talks to the person who typed it"
)]

mod intake;
mod lists;
mod lookups;
mod others;
mod peak;
mod time;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::lists::World;

/// What stopped the measurement; a number that was not measured is worth nothing.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How much is measured.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench revocation")]
struct Options {
    /// Revoked certificates.
    #[arg(long, default_value_t = 20_000_000)]
    revoked: u64,
    /// Issued certificates.
    #[arg(long, default_value_t = 200_000_000)]
    issued: u64,
    /// Entries of the list that the libraries read, which need hundreds of bytes for each.
    #[arg(long, default_value_t = 1_000_000)]
    held: u64,
    /// Rounds; figures are medians.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only one of the sections.
    #[arg(long)]
    only: Option<Section>,
    /// Where lists and indexes are kept (several gigabytes); lists are reused.
    #[arg(long, default_value = "target/bench/revocation")]
    folder: PathBuf,
    #[command(flatten)]
    alone: peak::Alone,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum Section {
    Intake,
    Memory,
    LookUps,
    Others,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    let world = World::prepare(options)?;
    if peak::alone(&world, options)? {
        return Ok(());
    }
    let wanted = |section| options.only.is_none_or(|only| only == section);
    if wanted(Section::Intake) {
        intake::measure(&world, options)?;
    }
    if wanted(Section::Memory) {
        peak::measure(&world, options)?;
    }
    if wanted(Section::LookUps) {
        lookups::measure(&world, options)?;
    }
    if wanted(Section::Others) {
        others::measure(&world, options)?;
    }
    Ok(())
}
