//! Lists into the index: verified while they stream by, in use for every process at once, refused as a whole or not at all.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use audit::{Action, Actor, Event, Outcome};
use domain::{RevocationGeneration, Timestamp};
use jpki::CaKind;
use pki::TrustAnchor;
use revocation::{Refusal, Report, Taken, Terms};
use store::{Batch, Ledger, StoreFault, Write};
use tokio::runtime::Handle;

use super::GENERATION;
use super::delivery::Delivery;
use super::record::{Became, LastDelivery, code, key};
use crate::app::App;
use crate::trust::Generations;

/// How an attempt ended.
#[derive(Debug)]
pub enum Ended {
    /// There was nothing new.
    Nothing,
    /// Another process is at it.
    Busy,
    /// In use.
    Taken(Report),
    /// Refused; what was in use stays in use.
    Refused(Refusal),
}

/// Why an attempt could not even end.
#[derive(Debug)]
pub enum IngestFault {
    /// The directory cannot be looked at.
    Directory(PathBuf, std::io::Error),
    /// The store.
    Store(StoreFault),
    /// The reading thread broke.
    Interrupted(String),
    /// There is no shelf for this authority.
    NoShelf,
}

impl std::fmt::Display for IngestFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Directory(path, why) => write!(f, "cannot read {}: {why}", path.display()),
            Self::Store(fault) => fault.fmt(f),
            Self::Interrupted(why) => write!(f, "the lists could not be read: {why}"),
            Self::NoShelf => f.write_str("no index is kept for this authority"),
        }
    }
}

impl std::error::Error for IngestFault {}

impl From<StoreFault> for IngestFault {
    fn from(fault: StoreFault) -> Self {
        Self::Store(fault)
    }
}

/// Looks at the directory for one authority and takes in what is new. `forced`: also what was refused a moment ago.
pub async fn look(app: &Arc<App>, kind: CaKind, forced: bool) -> Result<Ended, IngestFault> {
    let last = LastDelivery::read(&*app.ledger, kind).await?;
    let now = app.clock.now();
    let (in_use, profile) = {
        let trust = app.trust.load();
        let in_use = trust.index(kind).map(revocation::NationalIndex::generation);
        (in_use, Arc::clone(trust.profile()))
    };
    let directory = app.list_directory();
    let delivery =
        Delivery::of(&directory, kind, &profile).map_err(|why| IngestFault::Directory(directory, why))?;
    let Some(delivery) = delivery else {
        return Ok(Ended::Nothing);
    };
    let settled = last
        .as_ref()
        .is_some_and(|last| last.settles(&delivery.stamp, in_use, now));
    let not_taken = matches!(&last, Some(last) if !matches!(last.became, Became::Taken { .. }));
    if settled && !(forced && not_taken) {
        return Ok(Ended::Nothing);
    }
    let files = delivery.files.clone();
    if files.is_empty() {
        // Remembered, so that the files are not opened again at every look.
        let absent = put(kind, &delivery, now, Became::Absent);
        app.ledger.commit(Batch::new().write(absent)).await?;
        return Ok(Ended::Nothing);
    }
    let reader = Arc::clone(app);
    let taken = tokio::task::spawn_blocking(move || take_in(&reader, kind, &files, now))
        .await
        .map_err(|error| IngestFault::Interrupted(error.to_string()))??;
    match taken {
        Err(Refusal::Busy) => Ok(Ended::Busy),
        Err(refusal) => {
            record_refusal(app, kind, &delivery, last.as_ref(), &refusal).await?;
            Ok(Ended::Refused(refusal))
        }
        Ok(taken) => {
            app.shelves.catch_up(&app.trust);
            record_taken(app, kind, &delivery, &taken).await?;
            Ok(Ended::Taken(taken.report))
        }
    }
}

/// Reads and verifies, on a thread that nobody waits for.
fn take_in(
    app: &App,
    kind: CaKind,
    files: &[PathBuf],
    now: Timestamp,
) -> Result<Result<Taken, Refusal>, IngestFault> {
    let trust = app.trust.load_full();
    let anchors: Vec<TrustAnchor> = trust.profile().anchors(kind).cloned().collect();
    let shelf = app.shelves.shelf(kind).ok_or(IngestFault::NoShelf)?;
    let last = trust.generation_of(kind);
    let terms = Terms::default();
    let read = || {
        let mut ingest = shelf.ingest(&terms, anchors, last, now)?;
        for (place, path) in files.iter().enumerate() {
            let mut file = File::open(path).map_err(|error| Refusal::Source {
                place,
                kind: error.kind(),
            })?;
            ingest.add(&mut file)?;
        }
        let mut known = |serial: &[u8]| is_known_unexpired(app, kind, &trust, serial, now);
        ingest.finish(&mut known)
    };
    Ok(read())
}

/// Whether a certificate that lists no longer name is one of ours that has not expired: then somebody took a revocation back. A store
/// that does not answer does not excuse it.
fn is_known_unexpired(
    app: &App,
    kind: CaKind,
    trust: &crate::trust::Trust,
    serial: &[u8],
    now: Timestamp,
) -> bool {
    if kind != CaKind::UserAuthentication {
        return false;
    }
    let mut digests = trust
        .profile()
        .anchors(kind)
        .flat_map(|anchor| app.vault.digests(anchor.key_hash(), serial));
    digests.any(|digest| {
        let found = Handle::current().block_on(app.ledger.credential_by_digest(&digest));
        found.map_or(true, |credential| {
            credential.is_some_and(|credential| credential.not_after > now)
        })
    })
}

async fn record_taken(app: &App, kind: CaKind, delivery: &Delivery, taken: &Taken) -> Result<(), StoreFault> {
    let generation = taken.index.generation();
    let report = &taken.report;
    let event = Event::new(
        app.clock.now(),
        Action::RevocationDataSwapped,
        Outcome::Done,
        Actor::Platform,
    )
    .fact("ca", kind.as_str())
    .fact("generation", generation.to_string())
    .fact("entries", report.revoked.to_string())
    .fact("newly_revoked", report.newly_revoked.to_string())
    .fact("missing", report.missing.to_string())
    .fact("retained", report.retained.to_string());
    let mut batch = Batch::new()
        .write(put(kind, delivery, app.clock.now(), Became::Taken { generation }))
        .write(remembering(kind, generation));
    // The lists that were in use already are no news.
    if taken.changed {
        batch = batch.event(event);
    }
    app.ledger.commit(batch).await?;
    tracing::info!(revocation.generation = %generation, ca = kind.as_str(), revocation.entries = report.revoked, "new revocation data is in force");
    Ok(())
}

/// A refusal is on record once for the same files and the same reason, however often they are looked at.
async fn record_refusal(
    app: &App,
    kind: CaKind,
    delivery: &Delivery,
    last: Option<&LastDelivery>,
    refusal: &Refusal,
) -> Result<(), StoreFault> {
    let word = code(refusal);
    metrics::counter!("revocation_lists_refused_total").increment(1);
    if refusal.is_alarm() {
        metrics::counter!("revocation_alarms_total", "ca" => kind.as_str(), "reason" => word).increment(1);
    }
    tracing::error!(error = %refusal, ca = kind.as_str(), alarm = refusal.is_alarm(), "revocation lists were not taken in; those in force stay in force");
    let became = Became::Refused {
        reason: word.to_owned(),
        detail: refusal.to_string(),
        alarm: refusal.is_alarm(),
    };
    let known = last.is_some_and(|last| last.stamp == delivery.stamp && last.became == became);
    let mut batch = Batch::new().write(put(kind, delivery, app.clock.now(), became));
    if !known {
        let outcome = Outcome::Refused {
            code: word.to_owned(),
        };
        let event = Event::new(
            app.clock.now(),
            Action::RevocationDataRefused,
            outcome,
            Actor::Platform,
        )
        .fact("ca", kind.as_str())
        .fact("alarm", refusal.is_alarm().to_string())
        .fact("detail", refusal.to_string());
        batch = batch.event(event);
    }
    app.ledger.commit(batch).await?;
    Ok(())
}

fn put(kind: CaKind, delivery: &Delivery, at: Timestamp, became: Became) -> Write {
    let last = LastDelivery {
        stamp: delivery.stamp.clone(),
        at,
        became,
    };
    Write::PutState {
        key: key(kind),
        value: serde_json::to_string(&last).unwrap_or_default(),
    }
}

/// Lets the Ledger remember a generation: a process that is behind never takes it back.
pub(super) fn remembering(kind: CaKind, generation: RevocationGeneration) -> Write {
    Write::RaiseState {
        key: generation_key(kind),
        value: generation.0,
    }
}

/// Name of the durable value that lets generations rise when the directory of an index was lost.
fn generation_key(kind: CaKind) -> String {
    match kind {
        CaKind::UserAuthentication => GENERATION.to_owned(),
        CaKind::DigitalSignature => format!("{GENERATION}.{}", kind.as_str()),
    }
}

/// The generations that outlive the directories of the indexes.
pub async fn last_generations(ledger: &dyn Ledger) -> Result<Generations, StoreFault> {
    Ok(Generations {
        authentication: last_generation(ledger, CaKind::UserAuthentication).await?,
        signing: last_generation(ledger, CaKind::DigitalSignature).await?,
    })
}

async fn last_generation(ledger: &dyn Ledger, kind: CaKind) -> Result<RevocationGeneration, StoreFault> {
    let stored = ledger.state(&generation_key(kind)).await?;
    let stored = stored.and_then(|text| text.parse().ok()).unwrap_or_default();
    // Where an earlier version of the platform took the lists in, what became of the last delivery still tells for the 署名用 CA.
    let delivered = match LastDelivery::read(ledger, kind).await?.map(|last| last.became) {
        Some(Became::Taken { generation }) => generation,
        _ => RevocationGeneration::default(),
    };
    Ok(delivered.max(RevocationGeneration(stored)))
}

#[cfg(test)]
mod tests {
    use store::memory::MemoryLedger;

    use super::*;

    #[tokio::test]
    async fn a_process_that_is_behind_takes_no_generation_back() {
        for kind in [CaKind::UserAuthentication, CaKind::DigitalSignature] {
            let ledger = MemoryLedger::new();
            for generation in [7, 9, 8, 9] {
                let batch = Batch::new().write(remembering(kind, RevocationGeneration(generation)));
                ledger.commit(batch).await.unwrap();
            }
            assert_eq!(
                last_generation(&ledger, kind).await.unwrap(),
                RevocationGeneration(9)
            );
        }
    }
}
