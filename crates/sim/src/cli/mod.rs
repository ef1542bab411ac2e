//! The commands of `gap-sim`.
//!
//! **Owns** words and output. **Deliberately absent**: what the commands do; that is the library.
//!
//! **One more command**: a variant of the room's enum, a line in its `run`, a test in `tests/command.rs`.

mod card;
mod jlis;
mod lists;
mod person;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};
use domain::{Clock as _, Entropy, Timestamp};
use sim::jlis_server::MachineClock;
use sim::keys::KeyCache;
use sim::server_certificate::{DEMO_NAMES, ServerAuthority};
use sim::{SimError, Simulation};

use self::card::CardCommand;
use self::jlis::JlisCommand;
use self::lists::CrlCommand;
use self::person::PersonCommand;

const DAY_SECONDS: i64 = 86_400;

/// A simulated JPKI: authorities, cards, revocation lists, the answers of J-LIS.
#[derive(Debug, Parser)]
#[command(name = "gap-sim", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// The simulation's folder.
    #[arg(long, global = true, default_value = "simulated-jpki")]
    dir: PathBuf,
    /// The folder of generated RSA keys, shared between simulations. By default under the user's cache folder.
    #[arg(long, global = true)]
    keys: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a simulation, or check that the folder holds the one of this seed.
    Init {
        /// Any text; the same text gives the same authorities and cards.
        #[arg(long, default_value = "demo")]
        seed: String,
    },
    /// Make, list, renew, export, use and revoke cards.
    #[command(subcommand)]
    Card(CardCommand),
    /// Persons: what they hold and what happens to them.
    #[command(subcommand)]
    Person(PersonCommand),
    /// Revocation lists.
    #[command(subcommand)]
    Crl(CrlCommand),
    /// The simulated J-LIS: lists, OCSP, links, latest items.
    #[command(subcommand)]
    Jlis(JlisCommand),
    /// Write certificate, key and authority of a TLS server, as PEM.
    ServerCertificate {
        /// Into this folder: server.pem, server.key, server-ca.pem.
        #[arg(long)]
        out: PathBuf,
        /// DNS names (wildcards included) and addresses; by default those of the demo.
        #[arg(long)]
        name: Vec<String>,
    },
}

/// The machine's chance.
struct MachineEntropy;

impl Entropy for MachineEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        if aws_lc_rs::rand::fill(buffer).is_err() {
            std::process::abort();
        }
    }
}

fn machine_now() -> Timestamp {
    MachineClock.now()
}

/// Runs a command and returns what it has to say.
pub(crate) fn run(cli: &Cli) -> Result<String, SimError> {
    let now = machine_now();
    let cache = cli.keys.as_ref().map_or_else(KeyCache::shared, KeyCache::new);
    let open = || Simulation::open(&cli.dir, cache.clone());
    match &cli.command {
        Command::Init { seed } => {
            let world = Simulation::create(&cli.dir, seed, cache.clone())?;
            Ok(format!("{}: {} cards\n", cli.dir.display(), world.cards().len()))
        }
        Command::Card(command) => card::run(&mut open()?, command, now),
        Command::Person(command) => person::run(&mut open()?, command, now),
        Command::Crl(command) => lists::run(&mut open()?, &cli.dir, command, now),
        Command::Jlis(command) => jlis::run(&cli.dir, &cache, command),
        Command::ServerCertificate { out, name } => {
            let world = open()?;
            let names: Vec<&str> = name.iter().map(String::as_str).collect();
            let names = if names.is_empty() {
                DEMO_NAMES.to_vec()
            } else {
                names
            };
            let authority = ServerAuthority::generate(world.seed(), now)?;
            let server = authority.issue(&names)?;
            fs::create_dir_all(out).map_err(io(out))?;
            write(&out.join("server-ca.pem"), authority.certificate_pem().as_bytes())?;
            write(&out.join("server.pem"), server.chain_pem().as_bytes())?;
            write_private(&out.join("server.key"), server.key_pem()?.as_bytes())?;
            Ok(format!("{}\n", out.display()))
        }
    }
}

/// RFC 3339.
fn time(text: &str) -> Result<Timestamp, SimError> {
    Timestamp::parse_rfc3339(text).map_err(|e| SimError::Request(format!("{text}: {e}")))
}

fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> SimError {
    let path = path.into();
    move |source| SimError::Io { path, source }
}

fn write(path: &Path, content: &[u8]) -> Result<(), SimError> {
    fs::write(path, content).map_err(io(path))
}

/// For its owner alone: a server refuses a key that others can read.
fn write_private(path: &Path, content: &[u8]) -> Result<(), SimError> {
    write(path, content)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(io(path))
}
