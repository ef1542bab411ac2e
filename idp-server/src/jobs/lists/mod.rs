//! Revocation lists: taken in when the directory changes, swapped as a whole, never while anybody waits.
//!
//! **Owns** the way from files (or from J-LIS) into the index: what is a delivery (`delivery.rs`), taking it in (`ingest.rs`), what
//! became of it for other processes and operators (`record.rs`), fetching (`fetch.rs`), taking a list out of use (`retire.rs`). Any process may do it, the server or
//! `idp-server revocation ingest`; the index's own lock lets one at a time.
//!
//! **Deliberately absent**: whose sessions end (`jobs/sessions`); whoever takes in only tells the room.

pub mod delivery;
pub mod fetch;
pub mod ingest;
pub mod record;
pub mod retire;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jpki::CaKind;
use tokio::sync::Mutex;

use crate::app::App;
use crate::trust::{self, TrustError};
use ingest::Ended;

/// Name of the durable value that lets generations of the 利用者証明用 CA rise when the directory of its index was lost.
pub const GENERATION: &str = "revocation_generation";

/// Looks for lists. Whoever changes what is trusted holds it: two changes at once would undo one another.
#[derive(Default)]
pub struct Watched(Mutex<()>);

impl Watched {
    /// One look at what other processes took in, and at the directory. Refused lists leave what is in force in force.
    pub async fn look(&self, app: &Arc<App>) {
        let _held = self.0.lock().await;
        look_at_both(app, false).await;
    }

    /// The first look of a process: also at lists that were refused before.
    pub async fn first_look(&self, app: &Arc<App>) {
        let _held = self.0.lock().await;
        look_at_both(app, true).await;
    }

    /// Reads the pinned authorities again, then the lists, also those that were refused under the former authorities.
    pub async fn reread(&self, app: &Arc<App>) -> Result<(), TrustError> {
        let _held = self.0.lock().await;
        let profile = Arc::new(trust::profile(&app.config.jpki, app.config.mode)?);
        app.trust
            .rcu(|held| Arc::new(held.with_anchors(Arc::clone(&profile))));
        look_at_both(app, true).await;
        Ok(())
    }
}

async fn look_at_both(app: &Arc<App>, forced: bool) {
    app.shelves.catch_up(&app.trust);
    for kind in [CaKind::UserAuthentication, CaKind::DigitalSignature] {
        match ingest::look(app, kind, forced).await {
            Ok(Ended::Nothing | Ended::Busy | Ended::Taken(_) | Ended::Refused(_)) => {}
            Err(fault) => {
                metrics::counter!("revocation_lists_refused_total").increment(1);
                tracing::error!(error = %fault, ca = kind.as_str(), "revocation lists could not be looked at; those in force stay in force");
            }
        }
    }
}
