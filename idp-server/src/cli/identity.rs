//! `identity`: questions of identity that wait for a person. An operator decides with the person before them; what is decided
//! counts from the next sign-in on.

use audit::{Action, Actor, Event, Outcome};
use clap::{Args, Subcommand};
use domain::{AccountId, AccountState, Clock, Reference};
use store::{Batch, CommitOutcome, Ledger, Precondition, Record, RecordKind, Write};

use super::{Failure, operator};
use crate::config::Config;
use crate::machine::MachineClock;
use crate::server::open_stores;
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
    /// On what grounds; for the record, never shown to the public.
    #[arg(long)]
    grounds: String,
}

/// Questions read at a time.
const PAGE: u32 = 100;

/// Performs an act.
pub(super) async fn run(command: &IdentityCommand, config: Config) -> Result<(), Failure> {
    let stores = open_stores(&config).await?;
    let done = perform(command, &*stores.ledger()).await;
    stores.close().await;
    done
}

async fn perform(command: &IdentityCommand, ledger: &dyn Ledger) -> Result<(), Failure> {
    match command {
        IdentityCommand::List => {
            let mut after: Option<String> = None;
            loop {
                let page = ledger
                    .records_tagged(RecordKind::IdentityDecision, OPEN, after.as_deref(), PAGE)
                    .await?;
                let Some(last) = page.last() else { break };
                after = Some(last.key.clone());
                for record in &page {
                    line(record)?;
                }
            }
            Ok(())
        }
        IdentityCommand::Show { question } => {
            let record = find(ledger, question).await?;
            println!("{}", serde_json::to_string_pretty(&read(&record)?)?);
            Ok(())
        }
        IdentityCommand::Decide(arguments) => decide(ledger, arguments).await,
    }
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

async fn find(ledger: &dyn Ledger, question: &str) -> Result<Record, Failure> {
    let found = match question.parse::<Reference>() {
        Ok(reference) => ledger
            .records_tagged(RecordKind::IdentityDecision, reference.as_str(), None, 1)
            .await?
            .pop(),
        Err(_) => ledger.record(RecordKind::IdentityDecision, question).await?,
    };
    found.ok_or_else(|| "no such question".into())
}

async fn verdict(ledger: &dyn Ledger, arguments: &DecideArguments) -> Result<Verdict, Failure> {
    let Some(person) = &arguments.person else {
        return Ok(if arguments.refuse {
            Verdict::Refused
        } else {
            Verdict::NewPerson
        });
    };
    let id: AccountId = person.parse().map_err(|_| "not an account: acc_…")?;
    match ledger.account(&id).await?.map(|account| account.state) {
        Some(AccountState::Active) => Ok(Verdict::Person(id)),
        Some(AccountState::Closed) => Err("that account is closed".into()),
        None => Err("no such account".into()),
    }
}

async fn decide(ledger: &dyn Ledger, arguments: &DecideArguments) -> Result<(), Failure> {
    let record = find(ledger, &arguments.question).await?;
    let mut decision = read(&record)?;
    if decision.ruling.is_some() {
        return Err("already decided; a new question is asked if the facts change".into());
    }
    let verdict = verdict(ledger, arguments).await?;
    let now = MachineClock.now();
    let mut event = Event::new(
        now,
        Action::IdentityDecided,
        Outcome::Done,
        Actor::Operator(operator()),
    )
    .fact("verdict", verdict.as_str())
    .fact("why", decision.why.as_str())
    .fact("first_reference", decision.reference.as_str());
    if let Verdict::Person(account) = &verdict {
        event.account = Some(account.clone());
    }
    decision.ruling = Some(Taken {
        verdict,
        by: operator(),
        at: now,
        grounds: arguments.grounds.clone(),
    });
    let mut changed = record.changed(serde_json::to_string(&decision)?);
    changed.tags.retain(|tag| tag != OPEN);
    let batch = Batch::new()
        .require(Precondition::RecordAt {
            kind: record.kind,
            key: record.key.clone(),
            version: record.version,
        })
        .write(Write::PutRecord(changed.clone()))
        .event(event);
    match ledger.commit(batch).await? {
        CommitOutcome::Committed => line(&changed),
        CommitOutcome::Conflict(_) => Err("somebody else decided at the same moment".into()),
    }
}
