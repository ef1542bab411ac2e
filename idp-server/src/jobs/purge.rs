//! What expired goes.

use std::sync::Arc;

use store::{Batch, Write};

use crate::app::App;

/// Rows whose life ended an hour ago: nothing that anybody may still ask about.
const AFTER_SECONDS: i64 = 3600;

/// One round.
pub async fn run(app: Arc<App>) {
    let now = app.clock.now();
    app.begin_limit.forget_idle();
    app.registration_limit.forget_idle();
    app.soap_limit.forget_idle();
    app.machine_limit.forget_idle();
    app.stranger_limit.forget_idle();
    app.device_polls.forget_idle();
    match app.ephemera.purge(now).await {
        Ok(gone) => tracing::debug!(ephemera.purged = gone, "expired entries are gone"),
        Err(fault) => tracing::error!(error = %fault, "expired entries could not be purged"),
    }
    let batch = Batch::new().write(Write::Purge {
        before: now.plus_seconds(-AFTER_SECONDS),
    });
    if let Err(fault) = app.ledger.commit(batch).await {
        tracing::error!(error = %fault, "expired rows could not be purged");
    }
}
