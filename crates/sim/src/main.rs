//! `gap-sim`: the simulated JPKI from the command line.
//!
//! Here the simulation reads the machine's chance, and the clock for what is done once; its server has a clock of its own.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command speaks to its user"
)]
#![allow(clippy::doc_markdown, reason = "ASN.1 names its types in camel case")]

mod cli;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match cli::run(&cli::Cli::parse()) {
        Ok(said) => {
            print!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("gap-sim: {error}");
            ExitCode::FAILURE
        }
    }
}
