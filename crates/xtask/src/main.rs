//! What people type at this repository: `cargo xtask COMMAND`.
//!
//! **Owns** the commands: [`tidy`] (the house's rules that the compiler does not know), [`suites`] (everything that can be run
//! against the code, with what it needs installed), [`start`] (the demo), [`measure`] (what a sign-in costs), [`fuzz`] (the search for inputs that
//! break a parser). **Deliberately absent**:
//! any product code; what the product can do is asked
//! of the product.
//!
//! **Neighbours**: everything may be started from here; nobody imports this.
//!
//! **One more command**: a variant of [`Command`] with its help, a module that returns how it ended, its row in [`run`]. A heavy
//! dependency goes behind a feature into a binary of its own that the command builds and starts, so that this one stays light.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line talks to the person who typed it"
)]

mod error;
mod fuzz;
mod measure;
mod repository;
mod start;
mod suites;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use error::XtaskError;
use repository::Repository;

/// Commands of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Builds and runs the platform with a simulated JPKI and two sample services; `--once` signs in by itself and ends.
    Demo {
        /// `--once`, `--port-base N`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// Holds the rules of the house: who may depend on whom, sizes, module docs, places.
    Tidy,
    /// Runs one suite, or all of them, after installing what it needs.
    Test {
        /// Which; all when left out.
        suite: Option<suites::SuiteName>,
    },
    /// Lets libFuzzer search for inputs that break a parser.
    Fuzz {
        /// Which targets; all when left out.
        targets: Vec<String>,
        /// How long each is searched, in seconds of processor time.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Append a row for each to idp-server/docs/measured/fuzz.md.
        #[arg(long)]
        record: bool,
    },
    /// Measures the release build: `bench sign-in`, `protocols`, `logout`, `growth` and `storage` from outside, `bench path` and
    /// `bench revocation` beside OpenSSL; each with `--help` for its options.
    Bench {
        /// What to measure, and its options.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        words: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, XtaskError> {
    let repository = Repository::find()?;
    let good = match &arguments.command {
        Command::Demo { words } => start::demo(&repository, words)?,
        Command::Tidy => tidy::run(&repository)?,
        Command::Test { suite } => suites::run(&repository, *suite)?,
        Command::Fuzz {
            targets,
            seconds,
            record,
        } => fuzz::run(&repository, targets, *seconds, *record)?,
        Command::Bench { words } => measure::run(&repository, words)?,
    };
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
