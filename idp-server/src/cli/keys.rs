//! `keys`: make the first keys, announce, activate and remove signing keys, add a sealing version.

use audit::{Action, Actor, Event, Outcome};
use clap::Subcommand;
use domain::Clock;
use keys::file::{FileKeys, Plan, add_sealing_version, init_sealing_keys, read_sealing_keys};
use keys::{Activation, KeyId, KeyUse, Removal, SigningAlgorithm};
use store::Batch;

use super::{Failure, operator};
use crate::config::Config;
use crate::machine::MachineClock;
use crate::same_keys;
use crate::server::open_stores;
use crate::vault::Vault;

/// Name of the sealing keys' file in the key directory.
pub const SEALING_FILE: &str = "sealing.json";

/// Acts on keys.
#[derive(Subcommand)]
pub enum KeysCommand {
    /// Make the key directory with fresh signing keys and the first sealing key.
    Init {
        /// Common name of the certificates in the SAML metadata.
        #[arg(long, default_value = "Government Authentication Platform")]
        name: String,
    },
    /// Show every key and where it stands.
    List,
    /// Make a key that is published and does not sign yet.
    Announce {
        /// `oidc` or `saml`.
        #[arg(long)]
        key_use: String,
        /// `ES256`, `RS256` or `PS256`.
        #[arg(long)]
        algorithm: String,
    },
    /// Let an announced key sign; the one that signed until now is published for a while longer.
    Activate {
        /// Its identifier.
        id: String,
        /// Seconds for which it must have been announced.
        #[arg(long, default_value_t = 86_400)]
        notice_seconds: i64,
    },
    /// Remove a retired key and destroy its private part, when nothing that it signed is good any more.
    Remove {
        /// Its identifier.
        id: String,
        /// At once: what it signed fails from now on, also tokens and sign-ins of people who did nothing.
        #[arg(long)]
        now: bool,
    },
    /// Let the database take the keys of this directory for its own, after the ones it was written with are lost: people are no longer
    /// recognised by cards that they registered before.
    Adopt,
    /// Add a version of the sealing and digest keys; it writes from the next start on.
    AddSealingVersion,
}

/// Performs an act, and puts it on record. The first keys come before any database, so `init` is on record nowhere but in the key
/// directory itself.
pub async fn run(command: &KeysCommand, config: &Config) -> Result<(), Failure> {
    if matches!(command, KeysCommand::Adopt) {
        return adopt(config).await;
    }
    let act = perform(command, config)?;
    let Some((act, key)) = act else { return Ok(()) };
    let stores = open_stores(config).await?;
    let recorded = stores.ledger().commit(Batch::new().event(event(act, key))).await;
    stores.close().await;
    recorded?;
    Ok(())
}

fn event(act: &str, key: String) -> Event {
    let actor = Actor::Operator(operator());
    Event::new(MachineClock.now(), Action::KeyChanged, Outcome::Done, actor)
        .fact("act", act)
        .fact("key", key)
}

async fn adopt(config: &Config) -> Result<(), Failure> {
    let directory = &config.keys.directory;
    let keys = FileKeys::open(directory)?;
    let vault = Vault::new(read_sealing_keys(&directory.join(SEALING_FILE))?);
    let stores = open_stores(config).await?;
    let batch = Batch::new().event(event("adopt", "all".to_owned()));
    let done = same_keys::adopt(&*stores.ledger(), &vault, keys.ring(), batch).await;
    stores.close().await;
    Ok(done?)
}

/// What was done to which key; nothing for what changes nothing.
fn perform(command: &KeysCommand, config: &Config) -> Result<Option<(&'static str, String)>, Failure> {
    let directory = &config.keys.directory;
    let now = MachineClock.now();
    match command {
        KeysCommand::Init { name } => {
            let keys = FileKeys::init(directory, &Plan::INITIAL, name, now)?;
            init_sealing_keys(&directory.join(SEALING_FILE))?;
            show(&keys);
            Ok(None)
        }
        KeysCommand::List => {
            show(&FileKeys::open(directory)?);
            Ok(None)
        }
        KeysCommand::Announce { key_use, algorithm } => {
            let plan = Plan {
                key_use: parse_use(key_use)?,
                algorithm: parse_algorithm(algorithm)?,
            };
            let before = FileKeys::open(directory)?;
            let after = before.announce(plan, "Government Authentication Platform", now)?;
            show(&after);
            let known: Vec<&KeyId> = before.ring().keys().iter().map(|key| &key.id).collect();
            let fresh = after.ring().keys().iter().find(|key| !known.contains(&&key.id));
            Ok(fresh.map(|key| ("announce", key.id.as_str().to_owned())))
        }
        KeysCommand::Activate { id, notice_seconds } => {
            let how = Activation::AfterNotice {
                seconds: *notice_seconds,
            };
            show(&FileKeys::open(directory)?.activate(&id.parse::<KeyId>()?, how, now)?);
            Ok(Some(("activate", id.clone())))
        }
        KeysCommand::Remove { id, now: at_once } => {
            let how = if *at_once {
                Removal::AtOnce
            } else {
                Removal::AfterLife {
                    seconds: longest_life(config),
                }
            };
            show(&FileKeys::open(directory)?.remove(&id.parse::<KeyId>()?, how, now)?);
            let act = if *at_once { "remove_now" } else { "remove" };
            Ok(Some((act, id.clone())))
        }
        KeysCommand::Adopt => Ok(None),
        KeysCommand::AddSealingVersion => {
            let keys = add_sealing_version(&directory.join(SEALING_FILE))?;
            println!(
                "sealing version {} writes from the next start on",
                keys.current_version()
            );
            Ok(Some(("add_sealing_version", keys.current_version().to_string())))
        }
    }
}

/// For how long something that a key signed may be shown to us or to services: tokens, and ID tokens as hints while their session lasts.
fn longest_life(config: &Config) -> i64 {
    let (oidc, session) = (&config.oidc, &config.session);
    i64::from(
        oidc.access_token_seconds
            .max(oidc.id_token_seconds)
            .max(session.lifetime_seconds),
    )
}

fn show(keys: &FileKeys) {
    for key in keys.ring().keys() {
        println!(
            "{}  {}  {}  {:?}",
            key.id.as_str(),
            key.key_use,
            key.algorithm,
            key.state
        );
    }
}

fn parse_use(text: &str) -> Result<KeyUse, String> {
    match text {
        "oidc" => Ok(KeyUse::OpenIdConnect),
        "saml" => Ok(KeyUse::Saml),
        other => Err(format!("`{other}` is no use of a key; write oidc or saml")),
    }
}

fn parse_algorithm(text: &str) -> Result<SigningAlgorithm, String> {
    match text {
        "ES256" => Ok(SigningAlgorithm::Es256),
        "RS256" => Ok(SigningAlgorithm::Rs256),
        "PS256" => Ok(SigningAlgorithm::Ps256),
        other => Err(format!("`{other}` is no algorithm; write ES256, RS256 or PS256")),
    }
}
