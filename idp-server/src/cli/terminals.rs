//! `terminal`: the register of approved terminals. Acts take effect at once, whether the server runs or not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use audit::{Action, Actor, Event, Outcome};
use clap::Subcommand;
use domain::Clock;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use store::{Batch, CommitOutcome, Ledger, Record, RecordKind, Write};
use trust_framework::Registrar;

use super::{Failure, operator};
use crate::config::Config;
use crate::machine::{MachineClock, MachineEntropy};
use crate::server::open_stores;
use crate::terminals::{self, Terminal, TerminalReason, TerminalState};

/// Acts on the register.
#[derive(Subcommand)]
pub(super) enum TerminalCommand {
    /// Approve a terminal by its certificate.
    Add {
        /// Its name in requests: letters, digits, points and hyphens.
        name: String,
        /// Its certificate, PEM or DER.
        #[arg(long)]
        certificate: PathBuf,
        /// Where it stands, in words.
        #[arg(long, default_value = "")]
        place: String,
        /// A service that may be used at it (`client_id`, `entityID` or the registry's identifier); again for more.
        #[arg(long = "service", required = true)]
        services: Vec<String>,
    },
    /// Refuse a terminal until it is resumed.
    Suspend {
        /// Its name.
        name: String,
        /// Why, for operators.
        #[arg(long)]
        reason: String,
    },
    /// End a suspension.
    Resume {
        /// Its name.
        name: String,
    },
    /// List every terminal.
    List,
}

/// Terminals read at a time.
const PAGE: u32 = 100;

/// Performs an act.
pub(super) async fn run(command: &TerminalCommand, config: Config) -> Result<(), Failure> {
    let stores = open_stores(&config).await?;
    let done = perform(command, stores.ledger()).await;
    stores.close().await;
    done
}

async fn perform(command: &TerminalCommand, ledger: Arc<dyn Ledger>) -> Result<(), Failure> {
    match command {
        TerminalCommand::List => list(&*ledger).await,
        TerminalCommand::Add {
            name,
            certificate,
            place,
            services,
        } => {
            if !terminals::is_name(name) {
                return Err(Box::new(TerminalReason::Name));
            }
            let registrar = Registrar::new(
                Arc::clone(&ledger),
                Arc::new(MachineClock),
                Arc::new(MachineEntropy),
                operator(),
            );
            let mut ids = Vec::new();
            for service in services {
                ids.push(registrar.find(service).await?.id);
            }
            let terminal = Terminal::of_certificate(&read(certificate)?, place, ids, MachineClock.now())?;
            let record = Record::new(RecordKind::Terminal, name, serde_json::to_string(&terminal)?);
            write(&*ledger, record, &terminal, Action::TerminalAdded).await
        }
        TerminalCommand::Suspend { name, reason } => {
            let state = TerminalState::Suspended {
                since: MachineClock.now(),
                reason: reason.clone(),
            };
            change(&*ledger, name, state, Action::TerminalSuspended).await
        }
        TerminalCommand::Resume { name } => {
            change(&*ledger, name, TerminalState::Active, Action::TerminalResumed).await
        }
    }
}

async fn list(ledger: &dyn Ledger) -> Result<(), Failure> {
    let mut after: Option<String> = None;
    loop {
        let page = ledger
            .records(RecordKind::Terminal, after.as_deref(), PAGE)
            .await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.key.clone());
        for record in &page {
            line(&record.key, &serde_json::from_str(&record.value)?);
        }
    }
}

async fn change(
    ledger: &dyn Ledger,
    name: &str,
    state: TerminalState,
    action: Action,
) -> Result<(), Failure> {
    let Some((record, terminal)) = terminals::find(ledger, name).await? else {
        return Err(format!("no terminal `{name}`; see: terminal list").into());
    };
    let terminal = Terminal { state, ..terminal };
    let record = record.changed(serde_json::to_string(&terminal)?);
    write(ledger, record, &terminal, action).await
}

async fn write(
    ledger: &dyn Ledger,
    record: Record,
    terminal: &Terminal,
    action: Action,
) -> Result<(), Failure> {
    let name = record.key.clone();
    let event = Event::new(
        MachineClock.now(),
        action,
        Outcome::Done,
        Actor::Operator(operator()),
    )
    .fact("terminal", &name)
    .fact("thumbprint", &terminal.thumbprint);
    let batch = Batch::new().write(Write::PutRecord(record)).event(event);
    match ledger.commit(batch).await? {
        CommitOutcome::Committed => {
            line(&name, terminal);
            Ok(())
        }
        CommitOutcome::Conflict(_) => {
            Err(format!("terminal `{name}` exists already, or somebody changed it at the same time").into())
        }
    }
}

fn line(name: &str, terminal: &Terminal) {
    let state = match terminal.state {
        TerminalState::Active => "active",
        TerminalState::Suspended { .. } => "suspended",
    };
    let services: Vec<&str> = terminal.services.iter().map(domain::ServiceId::as_str).collect();
    println!(
        "{name}  {state}  {}  until {}  {}  {}",
        terminal.thumbprint,
        terminal.not_after,
        services.join(","),
        terminal.place
    );
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = std::fs::read(path).map_err(|why| format!("cannot read {}: {why}", path.display()))?;
    if bytes.first() == Some(&0x30) {
        return Ok(bytes);
    }
    Ok(CertificateDer::from_pem_slice(&bytes)
        .map_err(|why| format!("{}: {why}", path.display()))?
        .to_vec())
}
