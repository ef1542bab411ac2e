//! What happens by itself: revocation lists are looked for, what expired is purged, files are read again on `SIGHUP`.
//!
//! **Owns** the timers. **Deliberately absent**: what the work means (`trust`, `store`). Every job can be run by hand in
//! tests; none holds state of its own.

pub mod client_keys;
pub mod closings;
pub mod lists;
pub mod logout;
pub mod metadata;
pub mod purge;
pub mod push;
pub mod questions;
pub mod sessions;
pub mod watches;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::app::App;

/// Runs `work` at every interval until told to stop.
pub async fn every<F, Fut>(interval: Duration, mut stop: watch::Receiver<bool>, app: Arc<App>, work: F)
where
    F: Fn(Arc<App>) -> Fut,
    Fut: std::future::Future<Output = ()>,
{
    while !stopping_within(interval, &mut stop).await {
        work(Arc::clone(&app)).await;
    }
}

/// Waits, and says whether it was told to stop meanwhile.
async fn stopping_within(interval: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::time::timeout(interval, stop.wait_for(|stopping| *stopping))
        .await
        .is_ok()
}
