//! Closings and merges whose process died before what began meanwhile was ended.

use std::sync::Arc;

use crate::app::App;
use crate::identity::{self, Tools};

/// Seconds between two looks.
pub const EVERY_SECONDS: u64 = 5;

/// One round.
pub async fn run(app: Arc<App>) {
    match identity::repeat(&Tools::of(&app)).await {
        Ok(0) => {}
        Ok(finished) => {
            tracing::info!(accounts.finished = finished, "what was left of closings is done");
            app.logouts_waiting.notify_one();
        }
        Err(problem) => tracing::error!(error = ?problem, "what is left of closings could not be done"),
    }
}
