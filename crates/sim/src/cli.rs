//! The commands of `gap-sim`.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Parser, Subcommand};
use domain::{Entropy, Timestamp};
use sim::authority::{CaKind, Hierarchy};
use sim::card::CardSigning;
use sim::crl::RevocationReason;
use sim::fault::Fault;
use sim::jlis_server::{JlisFault, JlisServer, Source, set_folder_fault};
use sim::keys::{KeyAlgorithm, KeyCache, sha256_digest_info};
use sim::record::CardRecord;
use sim::server_certificate::{DEMO_NAMES, ServerAuthority};
use sim::{CardRequest, SimError, Simulation};

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
    /// Revocation lists.
    #[command(subcommand)]
    Crl(CrlCommand),
    /// The simulated J-LIS.
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

#[derive(Debug, Subcommand)]
enum CardCommand {
    /// Issue a card.
    Make(MakeArguments),
    /// List the cards.
    List,
    /// Replace a card: the old one is revoked as superseded and linked to the new one.
    Renew {
        /// The card to replace, `card-1`.
        card: String,
        #[command(flatten)]
        new: MakeArguments,
    },
    /// Write the card as PKCS#12 or PEM, or put it into an NSS database.
    Export {
        /// Which card.
        card: String,
        /// Write PKCS#12 here.
        #[arg(long)]
        p12: Option<PathBuf>,
        /// Its password.
        #[arg(long, default_value = "demo")]
        password: String,
        /// Write certificate, issuer and key as PEM here.
        #[arg(long)]
        pem: Option<PathBuf>,
        /// Put the card into the NSS database in this folder (needs libnss3-tools).
        #[arg(long)]
        nss: Option<PathBuf>,
    },
    /// Sign a file's SHA-256 on the card (PKCS#1 v1.5, or ECDSA with SHA-384), hexadecimal.
    Sign {
        /// Which card.
        card: String,
        /// Four digits; three wrong ones lock the card.
        #[arg(long)]
        pin: String,
        /// What to sign.
        file: PathBuf,
    },
    /// Revoke the card's certificate. A list must be published for anybody to learn of it.
    Revoke {
        /// Which card.
        card: String,
        /// Why.
        #[arg(long, value_enum, default_value_t = RevocationReason::CessationOfOperation)]
        reason: RevocationReason,
    },
}

#[derive(Args, Debug)]
struct MakeArguments {
    /// rsa2048 is today's card, p384 the next one.
    #[arg(long, value_enum, default_value_t = KeyAlgorithm::Rsa2048)]
    alg: KeyAlgorithm,
    /// How its middleware signs; by default PKCS#1 only for RSA.
    #[arg(long, value_enum)]
    signing: Option<CardSigning>,
    /// Key generation of the authority.
    #[arg(long, default_value_t = sim::simulation::CURRENT_GENERATION)]
    generation: u8,
    /// Begin of validity (RFC 3339); now by default.
    #[arg(long)]
    valid_from: Option<String>,
    /// Days of validity; to the fifth birthday by default.
    #[arg(long)]
    days: Option<u16>,
    /// Four digits.
    #[arg(long, default_value = "1234")]
    pin: String,
    /// What shall be wrong with it.
    #[arg(long, value_enum)]
    fault: Option<Fault>,
}

#[derive(Debug, Subcommand)]
enum CrlCommand {
    /// Write crl/user-authentication.crl and crl/digital-signature.crl.
    Publish {
        /// Hours until nextUpdate; negative for a stale list.
        #[arg(long, default_value_t = 24, allow_negative_numbers = true)]
        hours: i32,
        /// Hours by which thisUpdate lies in the past.
        #[arg(long, default_value_t = 0)]
        age: u16,
    },
}

#[derive(Debug, Subcommand)]
enum JlisCommand {
    /// Answer predecessor questions until stopped.
    Serve {
        /// Port 0 takes a free one and prints it.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    },
    /// Switch how running servers of this folder misbehave.
    Fault {
        /// `none` to behave.
        #[arg(value_enum)]
        fault: JlisFault,
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
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_seconds(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
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
        Command::Card(command) => card(&mut open()?, command, now),
        Command::Crl(CrlCommand::Publish { hours, age }) => {
            let mut world = open()?;
            let this_update = now.plus_seconds(-3600 * i64::from(*age));
            let next_update = now.plus_seconds(3600 * i64::from(*hours));
            for kind in [CaKind::UserAuthentication, CaKind::DigitalSignature] {
                world.publish_crl(Hierarchy::Test, kind, this_update, next_update)?;
            }
            Ok(format!("{}\n", cli.dir.join("crl").display()))
        }
        Command::Jlis(JlisCommand::Fault { fault }) => {
            set_folder_fault(&cli.dir, *fault)?;
            Ok(String::new())
        }
        Command::Jlis(JlisCommand::Serve { listen }) => serve(&cli.dir, *listen),
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

fn card(world: &mut Simulation, command: &CardCommand, now: Timestamp) -> Result<String, SimError> {
    match command {
        CardCommand::Make(arguments) => {
            let record = world.make_card(&request(arguments)?, now)?;
            Ok(format!("{}\n", record.id))
        }
        CardCommand::Renew { card, new } => {
            let record = world.renew_card(card, &request(new)?, now)?;
            Ok(format!("{}\n", record.id))
        }
        CardCommand::List => Ok(list(world.cards())),
        CardCommand::Revoke { card, reason } => {
            world.revoke(card, *reason, now)?;
            Ok(String::new())
        }
        CardCommand::Sign { card, pin, file } => {
            let message = fs::read(file).map_err(io(file))?;
            let mut chip = world.card(card)?;
            let outcome = match chip.signing() {
                CardSigning::Ecdsa => chip.sign_ecdsa(pin, &message),
                CardSigning::Pkcs1 | CardSigning::Pss => {
                    chip.sign_pkcs1v15(pin, &sha256_digest_info(&message))
                }
            };
            // The counter is remembered whether the PIN was right or wrong.
            world.remember(card, &chip)?;
            let mut said = String::new();
            for byte in outcome? {
                let _ = write!(said, "{byte:02x}");
            }
            Ok(said + "\n")
        }
        CardCommand::Export {
            card,
            p12,
            password,
            pem,
            nss,
        } => {
            let chip = world.card(card)?;
            if p12.is_none() && pem.is_none() && nss.is_none() {
                return Err(SimError::Request("say --p12, --pem or --nss".into()));
            }
            if let Some(path) = p12 {
                let content =
                    sim::pkcs12::pkcs12(chip.certificate(), chip.key(), password, card, &MachineEntropy)?;
                write(path, &content)?;
            }
            if let Some(path) = pem {
                write(path, sim::export::card_pem(&chip)?.as_bytes())?;
            }
            if let Some(folder) = nss {
                sim::export::card_into_nss(&chip, card, folder, &MachineEntropy)?;
            }
            Ok(String::new())
        }
    }
}

fn request(arguments: &MakeArguments) -> Result<CardRequest, SimError> {
    let not_before = arguments
        .valid_from
        .as_deref()
        .map(|text| Timestamp::parse_rfc3339(text).map_err(|e| SimError::Request(format!("{text}: {e}"))))
        .transpose()?;
    let begin = not_before.unwrap_or_else(machine_now);
    Ok(CardRequest {
        algorithm: arguments.alg,
        signing: arguments.signing,
        generation: arguments.generation,
        not_before,
        not_after: arguments
            .days
            .map(|days| begin.plus_seconds(DAY_SECONDS * i64::from(days))),
        pin: arguments.pin.clone(),
        fault: arguments.fault,
        ..CardRequest::default()
    })
}

fn list(cards: &[CardRecord]) -> String {
    let mut said = String::new();
    for card in cards {
        let fault = card
            .fault
            .map_or_else(String::new, |fault| format!("  fault {fault:?}"));
        let replaced = card
            .predecessor
            .as_ref()
            .map_or_else(String::new, |old| format!("  replaces {old}"));
        let _ = writeln!(
            said,
            "{}  {}  {:?}  generation {}  {} to {}  PIN {} ({} tries left){fault}{replaced}",
            card.id,
            card.ca_kind.as_str(),
            card.algorithm,
            card.generation,
            card.not_before,
            card.not_after,
            card.pin,
            card.tries_left,
        );
    }
    said
}

fn serve(folder: &Path, listen: SocketAddr) -> Result<String, SimError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(io("the runtime"))?;
    runtime.block_on(async {
        let server = JlisServer::start(listen, Source::Folder(folder.to_owned())).await?;
        println!("{}", server.url());
        server.wait().await;
        Ok(String::new())
    })
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
