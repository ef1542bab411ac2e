//! The command line: serve, check the configuration, make keys, keep the registry, read the audit.
//!
//! **Owns** arguments, exit codes and what is printed. **Deliberately absent**: what the acts mean (`trust-framework`, `keys`,
//! `audit`). Acts on the database name the machine's user as operator in the audit.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]

mod audit_log;
mod floors;
mod identity;
pub mod keys;
mod metadata;
mod registration;
mod revocation;
mod serve;
pub mod services;
mod terminals;
pub mod verifiers;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, ConfigError};
use crate::server::StartError;

/// 政府認証プラットフォーム IdP.
#[derive(Parser)]
#[command(name = "idp-server", version, about)]
struct Arguments {
    /// The configuration file.
    #[arg(long, global = true, default_value = "idp-server.toml")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until told to stop (SIGTERM, SIGINT); SIGHUP reads certificates, keys, anchors and lists again.
    Serve,
    /// The configuration file.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Signing and sealing keys.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// The registry of services.
    #[command(subcommand)]
    Service(services::ServiceCommand),
    /// On whose word clients register themselves.
    #[command(subcommand)]
    Registration(registration::RegistrationCommand),
    /// Metadata of SAML services, taken in again and again.
    #[command(subcommand)]
    Metadata(metadata::MetadataCommand),
    /// Revocation lists and questions about certificates.
    #[command(subcommand)]
    Revocation(revocation::RevocationCommand),
    /// Approved terminals of PIN-less use.
    #[command(subcommand)]
    Terminal(terminals::TerminalCommand),
    /// Questions of identity that wait for a person.
    #[command(subcommand)]
    Identity(identity::IdentityCommand),
    /// What people demand of every sign-in of theirs.
    #[command(subcommand)]
    Floor(floors::FloorCommand),
    /// The register of approved verifiers.
    #[command(subcommand)]
    Verifier(verifiers::VerifierCommand),
    /// The audit log.
    #[command(subcommand)]
    Audit(audit_log::AuditCommand),
    /// Print every path of the front, names in braces: for a proxy's list of what may pass. (`/v1` describes itself.)
    Routes,
    /// Open a reference: the whole chain of decisions behind a refusal, and what was wrong with a service's exchange.
    Explain {
        /// As shown on the page.
        reference: String,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Check the file without starting anything.
    Check,
}

/// What a command failed with.
type Failure = Box<dyn std::error::Error>;

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    match perform(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("idp-server: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn perform(arguments: &Arguments) -> Result<(), Failure> {
    let path = &arguments.config;
    match &arguments.command {
        Command::Serve => serve::serve(Config::read_and_check(path)?),
        Command::Config(ConfigCommand::Check) => {
            let config = Config::read_and_check(path)?;
            let problems = crate::server::look_at_files(&config);
            if !problems.is_empty() {
                return Err(Box::new(ConfigError::Problems {
                    path: path.clone(),
                    problems,
                }));
            }
            println!("{}: usable", path.display());
            Ok(())
        }
        Command::Keys(command) => wait(keys::run(command, &Config::read(path)?)),
        Command::Service(command) => wait(services::run(command, Config::read(path)?)),
        Command::Registration(command) => wait(registration::run(command, Config::read(path)?)),
        Command::Metadata(command) => wait(metadata::run(command, Config::read(path)?)),
        Command::Revocation(command) => wait(revocation::run(command, Config::read(path)?)),
        Command::Terminal(command) => wait(terminals::run(command, Config::read(path)?)),
        Command::Identity(command) => wait(identity::run(command, Config::read(path)?)),
        Command::Floor(command) => wait(floors::run(command, Config::read(path)?)),
        Command::Verifier(command) => wait(verifiers::run(command, Config::read(path)?)),
        Command::Audit(command) => wait(audit_log::run(command, Config::read(path)?)),
        Command::Routes => {
            for path in crate::web::routes::paths() {
                println!("{path}");
            }
            Ok(())
        }
        Command::Explain { reference } => wait(audit_log::explain(reference, Config::read(path)?)),
    }
}

fn wait<F: std::future::Future<Output = Result<(), Failure>>>(work: F) -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

/// The machine's user, as the audit names an operator who acts on the database itself.
fn operator() -> String {
    let name = std::env::var("SUDO_USER")
        .or_else(|_| std::env::var("USER"))
        .or_else(|_| std::env::var("LOGNAME"));
    format!("shell:{}", name.unwrap_or_else(|_| "unknown".to_owned()))
}

impl From<StartError> for String {
    fn from(error: StartError) -> Self {
        error.to_string()
    }
}

/// Whether the log filter can be read.
pub fn check_log_filter(config: &crate::config::LogConfig) -> Result<(), String> {
    serve::filter_of(config).map(|_| ())
}
