//! `registration`: on whose word clients register themselves. The clients themselves stand in the registry with all others (`service`).

use std::sync::Arc;

use clap::{Subcommand, ValueEnum};
use domain::{Clock, Localized, SecurityProfile};
use oidc::RegistrationTerms;
use trust_framework::Registrar;
use trust_framework::self_registration::{SelfRegistrar, TokenOrder};

use super::{Failure, operator};
use crate::config::Config;
use crate::machine::{MachineClock, MachineEntropy};
use crate::server::open_stores;

/// Acts on self-registration.
#[derive(Subcommand)]
pub(super) enum RegistrationCommand {
    /// Initial access tokens.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Give a client that registered itself a new token for its registration; it is printed once.
    Renew {
        /// `client_id` or the registry's identifier.
        service: String,
    },
}

/// Acts on initial access tokens.
#[derive(Subcommand)]
pub(super) enum TokenCommand {
    /// Allow clients to register themselves; the token is printed once.
    Add {
        /// By what operators know it.
        name: String,
        /// Who answers for the clients, in Japanese: people read it behind each client's own name.
        #[arg(long)]
        organisation_ja: String,
        /// The same in English.
        #[arg(long)]
        organisation_en: String,
        /// A host that the clients' addresses may name; again for more.
        #[arg(long = "host", required = true)]
        hosts: Vec<String>,
        /// How many clients may register.
        #[arg(long, default_value_t = 1)]
        clients: u32,
        /// For how many days it is good.
        #[arg(long, default_value_t = 7)]
        days: u32,
        /// By which rules the clients are held.
        #[arg(long, value_enum, default_value_t = Profile::Fapi2)]
        profile: Profile,
    },
    /// List them.
    List,
    /// End one; clients that registered with it stay.
    End {
        /// Its name.
        name: String,
    },
}

/// By which rules clients are held.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Profile {
    /// FAPI 2.0 Security Profile.
    Fapi2,
    /// Those for everyone.
    Standard,
}

/// Performs an act.
pub(super) async fn run(command: &RegistrationCommand, config: Config) -> Result<(), Failure> {
    let stores = open_stores(&config).await?;
    let registrar = SelfRegistrar::new(stores.ledger(), Arc::new(MachineClock), Arc::new(MachineEntropy));
    let done = match command {
        RegistrationCommand::Token(command) => tokens(command, &registrar).await,
        RegistrationCommand::Renew { service } => {
            let registry = Registrar::new(
                stores.ledger(),
                Arc::new(MachineClock),
                Arc::new(MachineEntropy),
                operator(),
            );
            renew(service, &registry, &registrar).await
        }
    };
    stores.close().await;
    done
}

async fn renew(name: &str, registry: &Registrar, registrar: &SelfRegistrar) -> Result<(), Failure> {
    let service = registry.find(name).await?;
    let secret = registrar.renew(&operator(), &service).await?;
    println!("{}", secret.reveal());
    Ok(())
}

async fn tokens(command: &TokenCommand, registrar: &SelfRegistrar) -> Result<(), Failure> {
    match command {
        TokenCommand::List => {
            let now = MachineClock.now();
            for token in registrar.tokens().await? {
                println!(
                    "{}  {}  {} of {}  until {}  {}",
                    token.name,
                    token.standing(now),
                    token.used,
                    token.clients,
                    token.expires_at,
                    token.terms.hosts.join(",")
                );
            }
        }
        TokenCommand::End { name } => {
            registrar.end(&operator(), name).await?;
        }
        TokenCommand::Add {
            name,
            organisation_ja,
            organisation_en,
            hosts,
            clients,
            days,
            profile,
        } => {
            let order = TokenOrder {
                name: name.clone(),
                organisation: Localized {
                    ja: organisation_ja.clone(),
                    en: organisation_en.clone(),
                },
                terms: RegistrationTerms {
                    hosts: hosts.clone(),
                    profile: match profile {
                        Profile::Fapi2 => SecurityProfile::Fapi2,
                        Profile::Standard => SecurityProfile::Standard,
                    },
                },
                clients: *clients,
                days: *days,
            };
            let secret = registrar.make(&operator(), order).await?;
            println!("{}", secret.reveal());
        }
    }
    Ok(())
}
