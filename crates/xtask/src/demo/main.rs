//! The whole platform on this machine, to be looked at (`cargo xtask demo`).
//!
//! **Owns** the demo's world in `target/demo/` ([`world`]: simulated JPKI, two cards, keys, certificates, configuration; it stays
//! between runs), the programs that run in it ([`programs`]), and the sign-in that needs no hands ([`once`]). [`yours`] is for
//! who writes a service by `sp-sdk/README.md`.
//!
//! **Deliberately absent**: anything that a real installation needs; `deploy/` is for that. Nothing here is secret.
//!
//! **Neighbours**: `idp-server` and the examples of `sp-sdk` are started as compiled programs; `sim` plays JPKI and J-LIS;
//! `conformance-tests` lends its browser.
//!
//! **One more service in the demo**: its example in `sp-sdk`, its configuration in `world`, its start in `programs`, its walk in
//! `once`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line talks to the person who typed it"
)]

mod fault;
mod once;
mod programs;
mod world;
mod yours;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use fault::DemoFault;
use programs::Programs;
use world::World;

/// Starts the platform with two sample services and two simulated cards; Ctrl-C ends it.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask demo")]
struct Arguments {
    /// Signs in at both services with a simulated card, prints every hop, and ends.
    #[arg(long)]
    once: bool,
    /// The first of the ports: +0 front, +1 card door, +2 operator, +3 J-LIS, +8 and +9 the services, +10 and +11 yours.
    #[arg(long, default_value_t = 8443)]
    port_base: u16,
    /// Where cargo put the programs.
    #[arg(long, hide = true)]
    target: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("demo: {fault}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), DemoFault> {
    // Whoever was first has set the same one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    println!("demo: making the simulated JPKI, cards and keys (kept in target/demo)");
    let world = World::prepare(&arguments.target, arguments.port_base)?;
    let mut programs = Programs::start(&world).await?;
    let outcome = if arguments.once {
        once::walk(&world).await
    } else {
        println!("{}", world.welcome());
        wait_for_the_end(&mut programs).await
    };
    println!("demo: stopping");
    programs.stop();
    outcome
}

/// Until Ctrl-C, or until a program ended by itself.
async fn wait_for_the_end(programs: &mut Programs) -> Result<(), DemoFault> {
    let mut terminate = signal(SignalKind::terminate()).map_err(DemoFault::io("signals"))?;
    let mut look = tokio::time::interval(std::time::Duration::from_secs(1));
    loop {
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => return pressed.map_err(DemoFault::io("signals")),
            _ = terminate.recv() => return Ok(()),
            _ = look.tick() => programs.still_run()?,
        }
    }
}
