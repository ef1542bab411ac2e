//! Revocation lists: taken in when the directory changes, swapped as a whole, never while anybody waits.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use audit::{Action, Actor, Event, Outcome};
use store::{Batch, Write};

use crate::app::App;
use crate::trust::{Trust, TrustError, read_lists};

/// Name of the durable value that lets generations rise across restarts.
pub const GENERATION: &str = "revocation_generation";

/// Remembers what was taken in, so that an unchanged directory costs a look and nothing else.
#[derive(Default)]
pub struct Watched(Mutex<Option<Vec<(PathBuf, SystemTime, u64)>>>);

impl Watched {
    /// One look. Refused lists leave what is in force in force, and are tried again when the files change.
    pub async fn look(&self, app: &App) {
        let directory = &app.config.jpki.crl_directory;
        let stamp = stamp(directory);
        {
            let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if stamp.is_some() && *seen == stamp {
                return;
            }
            *seen = stamp;
        }
        if let Err(error) = take_in(app).await {
            metrics::counter!("revocation_lists_refused_total").increment(1);
            tracing::error!(error = %error, "revocation lists were not taken in; those in force stay in force");
        }
    }
}

fn stamp(directory: &std::path::Path) -> Option<Vec<(PathBuf, SystemTime, u64)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).ok()? {
        let entry = entry.ok()?;
        let metadata = entry.metadata().ok()?;
        files.push((entry.path(), metadata.modified().ok()?, metadata.len()));
    }
    files.sort();
    Some(files)
}

/// Reads, verifies, swaps. The new generation is stored before it takes effect, so it never falls back.
pub async fn take_in(app: &App) -> Result<(), TrustError> {
    let lists: Vec<Vec<u8>> = read_lists(&app.config.jpki.crl_directory)?
        .into_iter()
        .map(|(_, bytes)| bytes)
        .collect();
    if lists.is_empty() {
        return Ok(());
    }
    let next: Trust = app.trust.load().with_lists(&lists)?;
    let event = Event::new(
        app.clock.now(),
        Action::RevocationDataSwapped,
        Outcome::Done,
        Actor::Platform,
    )
    .fact("generation", next.generation().to_string())
    .fact("entries", next.revoked().unwrap_or_default().to_string());
    let batch = Batch::new()
        .write(Write::PutState {
            key: GENERATION.to_owned(),
            value: next.generation().to_string(),
        })
        .event(event);
    app.ledger.commit(batch).await.map_err(TrustError::Store)?;
    tracing::info!(revocation.generation = %next.generation(), "new revocation data is in force");
    app.trust.store(Arc::new(next));
    Ok(())
}
