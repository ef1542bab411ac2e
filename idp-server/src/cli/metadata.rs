//! `metadata`: how the sources of SAML services' metadata stand, and a look at one now.

use clap::Subcommand;
use trust_framework::sources::FetchedService;

use super::{Failure, operator};
use crate::config::Config;
use crate::jobs::metadata::{Looked, Occasion, look};
use crate::server::{compose, open_stores};
use crate::web::operator::metadata_status;

/// Acts on metadata sources.
#[derive(Subcommand)]
pub(super) enum MetadataCommand {
    /// How old what was accepted is, until when it holds, and what came of the last look; JSON.
    Status,
    /// Look at a source now, whatever its schedule says, also at what did not change.
    Refresh {
        /// Its name; every source without.
        source: Option<String>,
        /// Take its document even if it looks older than the one that was accepted before, because its publisher stands by it. Audited.
        #[arg(long, requires = "source")]
        forget_order: bool,
    },
    /// Entities of a source, with the reason of each that is refused; JSON lines.
    Entities {
        /// Its name.
        source: String,
    },
}

/// Performs an act.
pub(super) async fn run(command: &MetadataCommand, config: Config) -> Result<(), Failure> {
    let stores = open_stores(&config).await?;
    let app = compose(config, &stores).await?;
    let mut refused = Vec::new();
    match command {
        MetadataCommand::Status => {
            println!("{}", serde_json::to_string_pretty(&metadata_status(&app).await?)?);
        }
        MetadataCommand::Refresh { source, forget_order } => {
            let operator = operator();
            let occasion = if *forget_order {
                Occasion::NowInAnyOrder(&operator)
            } else {
                Occasion::Now
            };
            let wanted = |name: &String| source.as_ref().is_none_or(|wanted| wanted == name);
            let sources: Vec<_> = app
                .config
                .metadata
                .source
                .iter()
                .filter(|one| wanted(&one.name))
                .collect();
            if sources.is_empty() {
                refused.push("no such source in the configuration".to_owned());
            }
            for source in sources {
                let name = &source.name;
                match look(&app, source, occasion).await? {
                    Looked::NotNow => println!("{name}: another process is looking at it"),
                    Looked::Same => println!("{name}: the same as before"),
                    Looked::Accepted(counts, problem) => {
                        println!(
                            "{name}: {} services, {} refused, {} not for this source, {} changed",
                            counts.services, counts.refused, counts.passed_over, counts.changed
                        );
                        refused.extend(problem.map(|why| format!("{name}: {why}")));
                    }
                    Looked::Refused(why) => refused.push(format!("{name}: {why}")),
                }
            }
        }
        MetadataCommand::Entities { source } => {
            let mut after: Option<String> = None;
            loop {
                let page = FetchedService::page(&*app.ledger, source, after.as_deref(), 500).await?;
                let Some((last, _)) = page.last() else { break };
                after = Some(last.key.clone());
                for (_, entity) in &page {
                    println!("{}", serde_json::to_string(entity)?);
                }
            }
        }
    }
    drop(app);
    stores.close().await;
    if refused.is_empty() {
        Ok(())
    } else {
        Err(refused.join("; ").into())
    }
}
