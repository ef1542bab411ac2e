//! `verifier`: the register of approved verifiers. Acts on the database take effect at once, whether the server runs or not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use audit::Actor;
use clap::Subcommand;
use domain::Clock as _;
use store::RecordKind;
use trust_framework::verifiers::{Verifier, VerifierFile, VerifierRegistrar};

use super::{Failure, operator};
use crate::config::Config;
use crate::jobs::questions;
use crate::machine::MachineClock;
use crate::server::{Stores, compose, open_stores};
use crate::web::verifier::held::{self, Held};

/// Acts on the register of verifiers.
#[derive(Subcommand)]
pub enum VerifierCommand {
    /// Register a verifier from its file (TOML; see docs/verifier-api.md).
    Add {
        /// The file.
        file: PathBuf,
    },
    /// Take over a changed file of a registered verifier (new keys, purposes, end of accreditation).
    Change {
        /// The file.
        file: PathBuf,
    },
    /// List every verifier.
    List,
    /// Show one verifier.
    Show {
        /// Its identifier.
        verifier: String,
    },
    /// Refuse a verifier until it is resumed.
    Suspend {
        /// Its identifier.
        verifier: String,
        /// Why, for operators.
        #[arg(long)]
        reason: String,
    },
    /// End a suspension.
    Resume {
        /// Its identifier.
        verifier: String,
    },
    /// Remove a verifier for good.
    Remove {
        /// Its identifier.
        verifier: String,
    },
    /// End a person's consent at the person's request (at a counter, on paper).
    EndConsent {
        /// The identifier in the consent's text.
        consent: String,
    },
    /// The account of a month: what each verifier asked, and what was asked of J-LIS on its behalf. Lines of `month kind asker count`.
    Report {
        /// `YYYY-MM`, of Japan's calendar; every month where absent.
        #[arg(long)]
        month: Option<String>,
    },
}

/// Performs an act.
pub async fn run(command: &VerifierCommand, config: Config) -> Result<(), Failure> {
    let stores = open_stores(&config).await?;
    let done = perform(command, config, &stores).await;
    stores.close().await;
    done
}

async fn perform(command: &VerifierCommand, config: Config, stores: &Stores) -> Result<(), Failure> {
    let registrar = VerifierRegistrar::new(stores.ledger(), Arc::new(MachineClock), operator());
    let verifier = match command {
        VerifierCommand::List => {
            for verifier in registrar.list().await? {
                line(&verifier);
            }
            return Ok(());
        }
        VerifierCommand::Show { verifier } => {
            println!(
                "{}",
                serde_json::to_string_pretty(&registrar.find(verifier).await?)?
            );
            return Ok(());
        }
        VerifierCommand::Report { month } => {
            for line in questions::account(&*stores.ledger(), month.as_deref()).await? {
                if line.asker.starts_with("verifier:") {
                    println!("{}  {}  {}  {}", line.month, line.kind, line.asker, line.sent);
                }
            }
            return Ok(());
        }
        VerifierCommand::EndConsent { consent } => return end_consent(consent, config, stores).await,
        VerifierCommand::Add { file } => registrar.add(&read(file)?).await?,
        VerifierCommand::Change { file } => registrar.change(&read(file)?).await?,
        VerifierCommand::Suspend { verifier, reason } => registrar.suspend(verifier, reason).await?,
        VerifierCommand::Resume { verifier } => registrar.resume(verifier).await?,
        VerifierCommand::Remove { verifier } => registrar.remove(verifier).await?,
    };
    line(&verifier);
    Ok(())
}

async fn end_consent(id: &str, config: Config, stores: &Stores) -> Result<(), Failure> {
    let app = compose(config, stores).await?;
    for kind in [RecordKind::StatusWatch, RecordKind::FourItemsConsent] {
        if let Some(record) = app.ledger.record(kind, id).await? {
            let held = Held::of(&record)?;
            let actor = Actor::Operator(operator());
            held::end(&*app.ledger, &record, held, "operator", actor, app.clock.now()).await?;
            println!("{id}  ended");
            return Ok(());
        }
    }
    Err(format!("no consent is registered as {id}").into())
}

fn line(verifier: &Verifier) {
    let standing = format!("{:?}", verifier.standing(MachineClock.now())).to_lowercase();
    println!(
        "{}  {standing}  {}  {}",
        verifier.id, verifier.accredited_until, verifier.name.en
    );
}

fn read(path: &Path) -> Result<VerifierFile, Failure> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(VerifierFile::parse(&text)?)
}
