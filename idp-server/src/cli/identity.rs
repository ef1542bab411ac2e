//! `identity`: questions of identity that wait for a person, and accounts that are merged or closed. An operator decides with the person
//! before them; what is decided counts from the next sign-in on. Whoever can run this holds the machine and its keys: one person decides
//! here, where the page asks for two (docs/decisions/0018).

use audit::Actor;
use clap::{Args, Subcommand};
use domain::{AccountId, Clock, ClosingReason};
use store::{Ledger, Record, RecordKind};

use super::{Failure, operator};
use crate::config::Config;
use crate::identity::{Tools, decide};
use crate::machine::MachineClock;
use crate::server::{open_stores, open_vault};
use crate::web::login::desk::decisions::{Decision, OPEN, Taken, Verdict};

/// Acts on questions of identity.
#[derive(Subcommand)]
pub(super) enum IdentityCommand {
    /// List every question that nobody decided yet.
    List,
    /// Show one question.
    Show {
        /// The reference that the person was shown first, or the key from the list.
        question: String,
    },
    /// Decide.
    Decide(DecideArguments),
    /// Merge an account into another of the same person: certificates, pseudonyms and what was registered go along.
    Merge {
        /// The account that is closed.
        account: String,
        /// The account that carries on.
        #[arg(long)]
        into: String,
        /// On what grounds; for the record, never shown to the public.
        #[arg(long)]
        grounds: String,
    },
    /// Close an account for good.
    Close {
        /// Which.
        account: String,
        /// On what grounds; for the record, never shown to the public.
        #[arg(long)]
        grounds: String,
    },
}

/// A decision.
#[derive(Args)]
#[command(group = clap::ArgGroup::new("verdict").required(true))]
pub(super) struct DecideArguments {
    /// The reference that the person was shown first, or the key from the list.
    question: String,
    /// The certificate belongs to this account.
    #[arg(long, group = "verdict")]
    person: Option<String>,
    /// It belongs to none of the accounts in question: a new account at the next sign-in.
    #[arg(long, group = "verdict")]
    new_person: bool,
    /// It does not sign in.
    #[arg(long, group = "verdict")]
    refuse: bool,
    /// All accounts in question are one person's: merge them into this one.
    #[arg(long, group = "verdict")]
    merge_into: Option<String>,
    /// The accounts in question are different people's.
    #[arg(long, group = "verdict")]
    apart: bool,
    /// On what grounds; for the record, never shown to the public.
    #[arg(long)]
    grounds: String,
}

/// Questions read at a time.
const PAGE: u32 = 100;

/// Performs an act.
pub(super) async fn run(command: &IdentityCommand, config: Config) -> Result<(), Failure> {
    let stores = open_stores(&config).await?;
    let vault = open_vault(&config)?;
    let ledger = stores.ledger();
    let tools = Tools {
        ledger: &*ledger,
        vault: &vault,
        now: MachineClock.now(),
    };
    let done = perform(command, &tools).await;
    stores.close().await;
    done
}

async fn perform(command: &IdentityCommand, tools: &Tools<'_>) -> Result<(), Failure> {
    match command {
        IdentityCommand::List => list(tools.ledger).await,
        IdentityCommand::Show { question } => {
            let (_, decision) = decide::find(tools.ledger, question).await?;
            println!("{}", serde_json::to_string_pretty(&decision)?);
            Ok(())
        }
        IdentityCommand::Decide(arguments) => {
            let taken = Taken {
                verdict: verdict(arguments)?,
                by: operator(),
                at: tools.now,
                grounds: arguments.grounds.clone(),
            };
            let decided = decide::decide(tools, &arguments.question, &taken, &taken.by).await?;
            line(&decided)
        }
        IdentityCommand::Merge {
            account: other,
            into,
            grounds,
        } => {
            let (survivor, other) = (account(into)?, account(other)?);
            decide::merge_now(tools, &survivor, &other, (&operator(), grounds)).await?;
            println!("{other} was merged into {survivor}");
            Ok(())
        }
        IdentityCommand::Close { account: id, grounds } => {
            let id = account(id)?;
            let actor = Actor::Operator(operator());
            decide::close_now(tools, &id, &ClosingReason::Decided, (&actor, Some(grounds))).await?;
            println!("{id} is closed");
            Ok(())
        }
    }
}

async fn list(ledger: &dyn Ledger) -> Result<(), Failure> {
    let mut after: Option<String> = None;
    loop {
        let page = ledger
            .records_tagged(RecordKind::IdentityDecision, OPEN, after.as_deref(), PAGE)
            .await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = Some(last.key.clone());
        for record in &page {
            line(record)?;
        }
    }
}

fn account(text: &str) -> Result<AccountId, Failure> {
    text.parse().map_err(|_| "not an account: acc_…".into())
}

fn verdict(arguments: &DecideArguments) -> Result<Verdict, Failure> {
    Ok(match (&arguments.person, &arguments.merge_into) {
        (Some(person), _) => Verdict::Person(account(person)?),
        (None, Some(survivor)) => Verdict::Merged(account(survivor)?),
        (None, None) if arguments.refuse => Verdict::Refused,
        (None, None) if arguments.apart => Verdict::Apart,
        (None, None) => Verdict::NewPerson,
    })
}

fn read(record: &Record) -> Result<Decision, Failure> {
    Ok(serde_json::from_str(&record.value)?)
}

fn line(record: &Record) -> Result<(), Failure> {
    let decision = read(record)?;
    let accounts: Vec<&str> = decision.accounts.iter().map(AccountId::as_str).collect();
    println!(
        "{}  {}  {}  {}  {}",
        decision.reference,
        decision.why.as_str(),
        decision.opened_at,
        accounts.join(","),
        record.key
    );
    Ok(())
}
