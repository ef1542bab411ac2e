//! Load from outside over real TLS against the release build of the server, and what it costs it.
//!
//! **Owns** the load generator of `cargo xtask bench`. *What is done*: an [`operation::Operation`]: a sign-in (`world.rs` walks it over a
//! lean browser, `browser.rs`, with a card whose key signs fast, `card.rs`) at a service (`party.rs`, `saml.rs`), or what services ask
//! (`tokens.rs`, `saml.rs`, `logout.rs`). *What is measured around it*: many at once (`load.rs`), rounds (`measure.rs`), what the kernel
//! says the server used (`process.rs`), what the cryptography alone would cost (`floor.rs`), what a
//! server without an opinion would (`plain.rs`, `plain_sign_in.rs`), where the rest goes (`profile.rs`), the table
//! (`report.rs`). *Where*: the platforms of each command (`scenes.rs`), with a ledger that is filled beforehand (`fill.rs`).
//!
//! **Deliberately absent**: any short cut of what is measured. The server is the compiled `idp-server` in its own process with its
//! databases synced to the disk; every sign-in is a browser that the platform has never seen.
//!
//! **One more thing to measure**: an operation in a module of its own, in the list of its command in `scenes.rs`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line talks to the person who typed it"
)]

mod browser;
mod card;
mod fill;
mod floor;
mod load;
mod logout;
mod measure;
mod operation;
mod party;
mod plain;
mod plain_sign_in;
mod process;
mod profile;
mod report;
mod saml;
mod scenes;
mod tokens;
mod world;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::scenes::{GrowthOptions, Options};

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
    /// Refresh, introspection and attribute queries.
    Protocols(Options),
    /// Logouts of sessions with twenty services that are told.
    Logout(Options),
    /// Sign-ins with few and many services and accounts.
    Growth(GrowthOptions),
    /// Sign-ins with embedded storage and with PostgreSQL and Redis.
    Storage(Options),
    /// The server of the protocol floor; started by `sign-in`.
    #[command(hide = true)]
    PlainServer {
        /// Where its certificates are and its ledger will be.
        folder: std::path::PathBuf,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::SignIn(options) => scenes::sign_in(&options),
        Command::Protocols(options) => scenes::protocols(&options),
        Command::Logout(options) => scenes::logout(&options),
        Command::Growth(options) => scenes::growth(&options),
        Command::Storage(options) => scenes::storage(&options),
        Command::PlainServer { folder } => plain::serve(&folder),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
