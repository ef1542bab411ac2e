//! `floor`: what a person demands of every sign-in of theirs, whatever services ask for. Kept by account; counts from the next
//! answer to a service on.

use audit::{Action, Actor, Event, Outcome};
use clap::{Args, Subcommand};
use domain::{Aal, AccountId, Assurance, Clock, Fal, Ial, Recency};
use store::{Batch, CommitOutcome, Ledger, Precondition, Record, RecordKind, Write};

use super::{Failure, operator};
use crate::config::Config;
use crate::machine::MachineClock;
use crate::server::open_stores;

/// Acts on floors.
#[derive(Subcommand)]
pub(super) enum FloorCommand {
    /// Set an account's floor, in place of the one it has.
    Set(SetArguments),
    /// Take an account's floor away.
    Clear {
        /// Whose.
        account: String,
    },
    /// Show an account's floor.
    Show {
        /// Whose.
        account: String,
    },
}

/// A floor.
#[derive(Args)]
pub(super) struct SetArguments {
    /// Whose.
    account: String,
    /// The least identity proofing: 0 to 3.
    #[arg(long, default_value = "0")]
    ial: Ial,
    /// The least authentication: 0 to 3.
    #[arg(long, default_value = "0")]
    aal: Aal,
    /// The least protection of replies: 1 to 3.
    #[arg(long, default_value = "1")]
    fal: Fal,
    /// Only methods whose fruits no relaying origin can use.
    #[arg(long)]
    phishing_resistant: bool,
    /// Only keys that cannot leave their hardware.
    #[arg(long)]
    hardware_bound: bool,
    /// The card was used at most so many seconds ago; 0: within the sign-in.
    #[arg(long)]
    max_age_seconds: Option<u32>,
}

/// Performs an act.
pub(super) async fn run(command: &FloorCommand, config: Config) -> Result<(), Failure> {
    let stores = open_stores(&config).await?;
    let done = perform(command, &*stores.ledger()).await;
    stores.close().await;
    done
}

async fn perform(command: &FloorCommand, ledger: &dyn Ledger) -> Result<(), Failure> {
    match command {
        FloorCommand::Show { account } => {
            let account = known(ledger, account).await?;
            match ledger
                .record(RecordKind::AssuranceFloor, account.as_str())
                .await?
            {
                Some(record) if record.value != serde_json::to_string(&Assurance::LEAST)? => {
                    println!("{}", record.value);
                }
                Some(_) | None => println!("none"),
            }
            Ok(())
        }
        FloorCommand::Set(floor) => {
            let account = known(ledger, &floor.account).await?;
            let demand = Assurance {
                ial: floor.ial,
                aal: floor.aal,
                fal: floor.fal,
                phishing_resistant: floor.phishing_resistant,
                hardware_bound: floor.hardware_bound,
                recency: floor.max_age_seconds.map_or(Recency::Anytime, Recency::demanded),
                ..Assurance::LEAST
            };
            let value = serde_json::to_string(&demand)?;
            let former = ledger
                .record(RecordKind::AssuranceFloor, account.as_str())
                .await?;
            let record = match former {
                Some(former) => former.changed(value.clone()),
                None => Record::new(RecordKind::AssuranceFloor, account.as_str(), value.clone()),
            };
            let batch = Batch::new()
                .require(Precondition::AccountActive(account.clone()))
                .write(Write::PutRecord(record));
            commit(ledger, batch, account, &value).await
        }
        FloorCommand::Clear { account } => {
            let account = known(ledger, account).await?;
            let Some(former) = ledger
                .record(RecordKind::AssuranceFloor, account.as_str())
                .await?
            else {
                println!("none");
                return Ok(());
            };
            // Its version goes on rising: whoever read a floor before never takes a later one for it.
            let none = former.changed(serde_json::to_string(&Assurance::LEAST)?);
            let batch = Batch::new().write(Write::PutRecord(none));
            commit(ledger, batch, account, "none").await
        }
    }
}

async fn known(ledger: &dyn Ledger, account: &str) -> Result<AccountId, Failure> {
    let id: AccountId = account
        .parse()
        .map_err(|_| format!("`{account}` is no account's identifier"))?;
    match ledger.account(&id).await? {
        Some(_) => Ok(id),
        None => Err(format!("no account `{account}`").into()),
    }
}

async fn commit(ledger: &dyn Ledger, batch: Batch, account: AccountId, floor: &str) -> Result<(), Failure> {
    let mut event = Event::new(
        MachineClock.now(),
        Action::AssuranceFloorChanged,
        Outcome::Done,
        Actor::Operator(operator()),
    )
    .fact("floor", floor);
    event.account = Some(account);
    match ledger.commit(batch.event(event)).await? {
        CommitOutcome::Committed => {
            println!("{floor}");
            Ok(())
        }
        CommitOutcome::Conflict(_) => {
            Err("the account is closed, or somebody changed its floor at the same time".into())
        }
    }
}
