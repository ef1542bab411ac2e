//! Revocation lists: taken in when the directory changes, swapped as a whole, never while anybody waits.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use audit::{Action, Actor, Event, Outcome};
use store::{Batch, Write};
use tokio::sync::Mutex;

use crate::app::App;
use crate::trust::{Trust, TrustError, read_lists};

/// Name of the durable value that lets generations rise across restarts.
pub const GENERATION: &str = "revocation_generation";

/// What a directory looked like: names, times of change, sizes.
type Stamp = Vec<(PathBuf, SystemTime, u64)>;

/// Remembers what was taken in, so that an unchanged directory costs a look and nothing else. Whoever changes what is trusted holds
/// it: two changes at once would undo one another.
#[derive(Default)]
pub struct Watched(Mutex<Option<Stamp>>);

impl Watched {
    /// One look. Refused lists leave what is in force in force, and are tried again when the files change.
    pub async fn look(&self, app: &Arc<App>) {
        let mut seen = self.0.lock().await;
        Self::look_while_held(&mut seen, app).await;
    }

    /// Reads the pinned authorities again, then the lists, also those that were refused under the former authorities.
    pub async fn reread(&self, app: &Arc<App>) -> Result<(), TrustError> {
        let mut seen = self.0.lock().await;
        let trust = app.trust.load().with_anchors(&app.config.jpki, app.config.mode)?;
        app.trust.store(Arc::new(trust));
        *seen = None;
        Self::look_while_held(&mut seen, app).await;
        Ok(())
    }

    async fn look_while_held(seen: &mut Option<Stamp>, app: &Arc<App>) {
        let stamp = stamp(&app.config.jpki.crl_directory);
        if stamp.is_some() && *seen == stamp {
            return;
        }
        *seen = stamp;
        if let Err(error) = take_in(app).await {
            metrics::counter!("revocation_lists_refused_total").increment(1);
            tracing::error!(error = %error, "revocation lists were not taken in; those in force stay in force");
        }
    }
}

fn stamp(directory: &Path) -> Option<Stamp> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).ok()? {
        let entry = entry.ok()?;
        let metadata = entry.metadata().ok()?;
        files.push((entry.path(), metadata.modified().ok()?, metadata.len()));
    }
    files.sort();
    Some(files)
}

/// Reads and verifies, on a thread that nobody waits for.
fn next(app: &App) -> Result<Option<Trust>, TrustError> {
    let lists: Vec<Vec<u8>> = read_lists(&app.config.jpki.crl_directory)?
        .into_iter()
        .map(|(_, bytes)| bytes)
        .collect();
    if lists.is_empty() {
        Ok(None)
    } else {
        app.trust.load().with_lists(&lists).map(Some)
    }
}

/// Reads, verifies, swaps. The new generation is stored before it takes effect, so it never falls back.
async fn take_in(app: &Arc<App>) -> Result<(), TrustError> {
    let reader = Arc::clone(app);
    let next = match tokio::task::spawn_blocking(move || next(&reader)).await {
        Ok(next) => next?,
        Err(error) => return Err(TrustError::Interrupted(error.to_string())),
    };
    let Some(next) = next else { return Ok(()) };
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
