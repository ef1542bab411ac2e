//! `revocation`: take in lists, see how old they are, take one out of use, see who asked how often.

use clap::Subcommand;
use jpki::CaKind;

use super::Failure;
use crate::config::Config;
use crate::jobs::lists::ingest::{self, Ended};
use crate::jobs::lists::retire::{self, Retirement};
use crate::jobs::questions;
use crate::server::{compose, open_stores};
use crate::web::operator::revocation_status;

/// Acts on revocation data.
#[derive(Subcommand)]
pub(super) enum RevocationCommand {
    /// Take in what lies in the directory of lists, for every process that shares the index. Also what was refused before.
    Ingest,
    /// How old the lists in use are, and what became of the last delivery; JSON.
    Status,
    /// Take a list out of use that is no longer published and would be late for ever. What it revoked stays revoked; whoever holds a
    /// certificate that only it covered can no longer sign in. Remove its file from the directory of lists first.
    Retire {
        /// Whose list: `user-authentication` or `digital-signature`.
        #[arg(long)]
        ca: String,
        /// Its name, as `revocation status` shows it.
        #[arg(long)]
        list: String,
        /// Why, for the audit log.
        #[arg(long)]
        reason: String,
        /// The list's name once more, where certificates of its scope may not have expired.
        #[arg(long)]
        force: Option<String>,
    },
    /// Questions to J-LIS that may cost money, by asker, kind and month; JSON lines.
    Questions {
        /// `2026-11`; every month without.
        #[arg(long)]
        month: Option<String>,
    },
}

/// Performs an act.
pub(super) async fn run(command: &RevocationCommand, config: Config) -> Result<(), Failure> {
    let stores = open_stores(&config).await?;
    let app = compose(config, &stores).await?;
    let mut refused = Vec::new();
    match command {
        RevocationCommand::Ingest => {
            for kind in [CaKind::UserAuthentication, CaKind::DigitalSignature] {
                match ingest::look(&app, kind, true).await? {
                    Ended::Nothing => println!("{}: nothing new", kind.as_str()),
                    Ended::Busy => println!("{}: another process is taking in lists", kind.as_str()),
                    Ended::Taken(report) => println!(
                        "{}: {} lists taken in, {} certificates revoked, {} of them new",
                        kind.as_str(),
                        report.lists,
                        report.revoked,
                        report.newly_revoked
                    ),
                    Ended::Refused(refusal) => refused.push(format!("{}: {refusal}", kind.as_str())),
                }
            }
        }
        RevocationCommand::Status => {
            println!(
                "{}",
                serde_json::to_string_pretty(&revocation_status(&app).await?)?
            );
        }
        RevocationCommand::Retire {
            ca,
            list,
            reason,
            force,
        } => {
            let kind = [CaKind::UserAuthentication, CaKind::DigitalSignature]
                .into_iter()
                .find(|kind| kind.as_str() == ca)
                .ok_or("--ca is user-authentication or digital-signature")?;
            let what = Retirement {
                kind,
                list: list.clone(),
                reason: reason.clone(),
                force: force.clone(),
                operator: super::operator(),
            };
            match retire::retire(&app, &what).await? {
                Ok(generation) => println!("{ca}: retired; generation {generation} is in use"),
                Err(refusal) => refused.push(format!("{ca}: {refusal}")),
            }
        }
        RevocationCommand::Questions { month } => {
            for line in questions::account(&*app.ledger, month.as_deref()).await? {
                println!("{}", serde_json::to_string(&line)?);
            }
        }
    }
    stores.close().await;
    if refused.is_empty() {
        Ok(())
    } else {
        Err(format!("refused, what was in use stays in use: {}", refused.join("; ")).into())
    }
}
