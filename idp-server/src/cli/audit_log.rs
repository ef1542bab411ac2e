//! `audit` and `explain`: read what happened.

use audit::chain::{Head, Link, export_line, verify_after, verify_lines};
use clap::Subcommand;
use domain::Reference;
use store::AuditRecord;

use super::{Failure, operator};
use crate::config::Config;
use crate::server::{compose, open_stores};
use crate::web::operator::{exchange_json, open_exchange, open_reference};

/// Acts on the audit log.
#[derive(Subcommand)]
pub(super) enum AuditCommand {
    /// Verify the chain in the database.
    Verify,
    /// Write every record as JSON lines to standard output.
    Export,
    /// Verify an exported file, without any database.
    VerifyFile {
        /// The file.
        file: std::path::PathBuf,
    },
}

/// Records read at a time.
const PAGE: u32 = 1000;

/// Performs an act.
pub(super) async fn run(command: &AuditCommand, config: Config) -> Result<(), Failure> {
    if let AuditCommand::VerifyFile { file } = command {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let head = verify_lines(Head::GENESIS, text.lines())?;
        println!("{} records, unbroken, head {}", head.position, head.hash);
        return Ok(());
    }
    let stores = open_stores(&config).await?;
    let mut head = Head::GENESIS;
    let mut from = 1;
    loop {
        let records = stores.ledger().audit_from(from, PAGE).await?;
        let Some(last) = records.last() else { break };
        from = last.position + 1;
        if matches!(command, AuditCommand::Export) {
            for record in &records {
                println!("{}", export_line(link(record))?);
            }
        } else {
            head = verify_after(head, records.iter().map(link))?;
        }
    }
    if matches!(command, AuditCommand::Verify) {
        println!("{} records, unbroken, head {}", head.position, head.hash);
    }
    Ok(())
}

/// Opens a reference in the name of the machine's user.
pub(super) async fn explain(reference: &str, config: Config) -> Result<(), Failure> {
    let reference: Reference = reference
        .parse()
        .map_err(|_| "not a reference: ten characters as shown on the page")?;
    let stores = open_stores(&config).await?;
    let app = compose(config, &stores).await?;
    let decisions = open_reference(&app, &reference, &operator()).await?;
    // What was wrong with a service's exchange, as its own developers see it, beside the decisions behind it.
    let exchange = open_exchange(&app, &reference, &operator()).await?;
    let mut found = decisions.as_ref().map(|found| found.json(&reference));
    if let Some(exchange) = exchange.as_ref().map(exchange_json) {
        match found.as_mut().and_then(serde_json::Value::as_object_mut) {
            Some(members) => {
                members.insert("exchange".to_owned(), exchange);
            }
            None => found = Some(serde_json::json!({ "reference": reference, "exchange": exchange })),
        }
    }
    match found {
        Some(found) => println!("{}", serde_json::to_string_pretty(&found)?),
        None => return Err("unknown, or older than what is kept".into()),
    }
    stores.close().await;
    Ok(())
}

fn link(record: &AuditRecord) -> Link<'_> {
    Link {
        position: record.position,
        text: &record.text,
        hash: &record.hash,
    }
}
