//! Load from outside: complete sign-ins over real TLS against the release build of the server, and what they cost it.
//!
//! **Owns** the load generator of `cargo xtask bench` and what is measured around it: the walk of one sign-in (`walk.rs`) over a
//! lean browser (`browser.rs`) with a card whose key signs fast (`card.rs`), many of them at once (`load.rs`), what the kernel says
//! the server used (`process.rs`), what the cryptography alone would cost (`floor.rs`), where the rest goes (`profile.rs`), and the
//! table (`report.rs`).
//!
//! **Deliberately absent**: any short cut. The server is the compiled `idp-server` in its own process with its databases synced to
//! the disk; every sign-in is a browser that the platform has never seen.
//!
//! **One more thing to measure**: a command beside [`Command::SignIn`] with its own module.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line talks to the person who typed it"
)]

mod browser;
mod card;
mod floor;
mod load;
mod process;
mod profile;
mod report;
mod walk;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use conformance_tests::Platform;

use crate::floor::Floor;
use crate::load::Load;
use crate::report::{Report, Round};
use crate::walk::{Protocol, World};

/// What stopped the measurement; a number that was not measured is worth nothing.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Complete card sign-ins by OpenID Connect and SAML: rate, latency, processor time, memory, and the cryptographic floor.
    SignIn(Options),
}

/// How much is driven, and how.
#[derive(Clone, Debug, clap::Args)]
struct Options {
    /// Citizens who sign in at the same time.
    #[arg(long, default_value_t = 4)]
    concurrency: usize,
    /// Sign-ins per protocol and round.
    #[arg(long, default_value_t = 1000)]
    count: u32,
    /// Rounds; each measures both protocols and the floor, and the table shows the median of each figure.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Sign-ins per protocol before anything is counted.
    #[arg(long, default_value_t = 200)]
    warm_up: u32,
    /// Cards, each with an account whose consent is on record.
    #[arg(long, default_value_t = 8)]
    cards: usize,
    /// Afterwards, one more round under `perf`, which is not in the figures.
    #[arg(long)]
    profile: bool,
    /// Where the same figures go as JSON.
    #[arg(long, default_value = "target/bench/sign-in.json")]
    json: PathBuf,
}

fn main() -> ExitCode {
    let Command::SignIn(options) = Arguments::parse().command;
    match sign_in(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn sign_in(options: &Options) -> Result<(), Failure> {
    // The simulated J-LIS lives here; the load itself runs on threads of its own.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let platform = runtime.block_on(Platform::start());
    let process = platform.process_id().ok_or("the server is not running")?;
    let world = World::prepare(&platform, options.cards)?;
    eprintln!(
        "accounts and consents, then {} sign-ins to warm up ...",
        2 * options.warm_up
    );
    let spoken = world.spoken()?;
    world.consent_everywhere()?;
    for protocol in Protocol::BOTH {
        Load::of(&world, protocol, options.concurrency).run(options.warm_up)?;
    }
    let mut rounds = Vec::new();
    for number in 1..=options.rounds {
        eprintln!("round {number} of {} ...", options.rounds);
        let mut driven = Vec::new();
        for protocol in Protocol::BOTH {
            let before = process::usage(process)?;
            let outcome = Load::of(&world, protocol, options.concurrency).run(options.count)?;
            let used = process::usage(process)?.since(&before);
            driven.push((protocol, outcome, used));
        }
        let floor = Floor::measure()?;
        for (protocol, outcome, used) in driven {
            rounds.push(Round::new(protocol, &outcome, &used, &floor));
        }
    }
    let report = Report {
        machine: process::machine(platform.path())?,
        memory: process::memory(process)?,
        rounds,
        floor: Floor::measure()?,
        spoken,
        concurrency: options.concurrency,
        count: options.count,
    };
    println!("{report}");
    report.write(&options.json)?;
    if options.profile {
        for protocol in Protocol::BOTH {
            let load = Load::of(&world, protocol, options.concurrency);
            profile::run(process, platform.path(), protocol, || {
                load.run(options.count).map(drop)
            })?;
        }
    }
    Ok(())
}
