//! `service`: the registry. Acts on the database take effect at once, whether the server runs or not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use domain::{Clock, Service, Timestamp};
use store::Ledger;
use trust_framework::self_registration::SelfRegistrar;
use trust_framework::{Published, Registrar, RegistryRefusal, ServiceFile};

use super::{Failure, operator};
use crate::app::App;
use crate::client_documents;
use crate::config::Config;
use crate::machine::{MachineClock, MachineEntropy};
use crate::outbound::Outbound;
use crate::server::{fetches, open_stores};

/// Acts on the registry.
#[derive(Subcommand)]
pub enum ServiceCommand {
    /// Register a service from its file (TOML; see docs/service-file.md).
    Add {
        /// The file.
        file: PathBuf,
    },
    /// Register a SAML service from its metadata, with everything else by default.
    AddSaml {
        /// The metadata file.
        metadata: PathBuf,
        /// Name in Japanese; default from the metadata.
        #[arg(long)]
        name_ja: Option<String>,
        /// Name in English; default from the metadata.
        #[arg(long)]
        name_en: Option<String>,
        /// Sign the Response element too.
        #[arg(long)]
        sign_response: bool,
    },
    /// List every service.
    List,
    /// Show one service.
    Show {
        /// `client_id`, `entityID` or the registry's identifier.
        service: String,
    },
    /// Refuse a service until it is resumed.
    Suspend {
        /// `client_id`, `entityID` or the registry's identifier.
        service: String,
        /// Why, for operators.
        #[arg(long)]
        reason: String,
    },
    /// End a suspension.
    Resume {
        /// `client_id`, `entityID` or the registry's identifier.
        service: String,
    },
    /// Remove a service for good.
    Remove {
        /// `client_id`, `entityID` or the registry's identifier.
        service: String,
    },
}

/// Performs an act.
pub async fn run(command: &ServiceCommand, config: Config) -> Result<(), Failure> {
    let stores = open_stores(&config).await?;
    let registrar = Registrar::new(
        stores.ledger(),
        Arc::new(MachineClock),
        Arc::new(MachineEntropy),
        operator(),
    );
    let done = perform(command, &registrar, &config, stores.ledger()).await;
    stores.close().await;
    done
}

async fn perform(
    command: &ServiceCommand,
    registrar: &Registrar,
    config: &Config,
    ledger: Arc<dyn Ledger>,
) -> Result<(), Failure> {
    let service = match command {
        ServiceCommand::List => {
            let own = SelfRegistrar::new(ledger, Arc::new(MachineClock), Arc::new(MachineEntropy));
            for service in registrar.list().await? {
                match own.registration_of(&service.id).await? {
                    Some((_, registration)) => println!("{}  by {}", words(&service), registration.by),
                    None => line(&service),
                }
            }
            return Ok(());
        }
        ServiceCommand::Show { service } => {
            println!(
                "{}",
                serde_json::to_string_pretty(&registrar.find(service).await?)?
            );
            return Ok(());
        }
        ServiceCommand::Add { file } => {
            let file = read(file)?;
            let out = fetches(config)?;
            let published = published(&file, out.as_ref(), &*ledger, MachineClock.now()).await?;
            registrar.add(&file, &published).await?
        }
        ServiceCommand::AddSaml {
            metadata,
            name_ja,
            name_en,
            sign_response,
        } => {
            let mut file = ServiceFile::from_metadata(&text(metadata)?)?;
            file.name.ja = name_ja.clone().unwrap_or(file.name.ja);
            file.name.en = name_en.clone().unwrap_or(file.name.en);
            if let Some(saml) = &mut file.saml {
                saml.sign_response = *sign_response;
            }
            registrar.add(&file, &Published::default()).await?
        }
        ServiceCommand::Suspend { service, reason } => registrar.suspend(service, reason).await?,
        ServiceCommand::Resume { service } => registrar.resume(service).await?,
        ServiceCommand::Remove { service } => registrar.remove(service).await?,
    };
    line(&service);
    Ok(())
}

/// What the addresses in a file lead to.
async fn published(
    file: &ServiceFile,
    out: Option<&Outbound>,
    ledger: &dyn Ledger,
    now: Timestamp,
) -> Result<Published, RegistryRefusal> {
    let uris = file.oidc.as_ref().map(|oidc| oidc.redirect_uris.clone());
    let addresses = file.addresses();
    let fetched = client_documents::fetch(out, ledger, &addresses, &uris.unwrap_or_default(), now).await;
    fetched.map_err(RegistryRefusal::from)
}

fn line(service: &Service) {
    println!("{}", words(service));
}

fn words(service: &Service) -> String {
    format!(
        "{}  {}  {}  {}  {}",
        service.id,
        service.state.as_str(),
        service.protocol.as_str(),
        service.protocol.identifier(),
        service.name.en
    )
}

fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn read(path: &Path) -> Result<ServiceFile, Failure> {
    Ok(ServiceFile::parse(&text(path)?)?)
}

/// Whether a service file could be imported, as far as the file itself says.
pub fn look_at(path: &Path) -> Result<(), String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let file = read(path).map_err(|error| told(&error))?;
    file.attributes().map_err(|error| told(&error))?;
    file.protocol(MachineClock.now())
        .map(|_| ())
        .map_err(|error| told(&error))
}

/// Registers the services that the configuration names. Those that the registry holds already stay as they are, removed ones too: a
/// restart brings nobody back, and what a file says later changes nothing.
pub async fn import_at_start(app: &App) -> Result<(), String> {
    let registrar = Registrar::new(
        Arc::clone(&app.ledger),
        Arc::clone(&app.clock),
        Arc::clone(&app.entropy),
        "configuration",
    );
    let held = registrar.list().await.map_err(|refusal| refusal.to_string())?;
    for path in &app.config.registry.import {
        let refused = |refusal: RegistryRefusal| format!("{}: {refusal}", path.display());
        let file = read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        // Only to learn the identifier, so the dates of its metadata do not count yet.
        let named = file.protocol(Timestamp::from_seconds(0)).map_err(refused)?;
        if held.iter().any(|service| {
            service.protocol.as_str() == named.as_str() && service.protocol.identifier() == named.identifier()
        }) {
            continue;
        }
        let now = app.clock.now();
        let published = published(&file, app.fetches.as_ref(), &*app.ledger, now)
            .await
            .map_err(refused)?;
        match registrar.add(&file, &published).await {
            Ok(service) => tracing::info!(service.id = %service.id, "a service was imported"),
            Err(RegistryRefusal::AlreadyRegistered(_)) => {}
            Err(refusal) => return Err(refused(refusal)),
        }
    }
    Ok(())
}
