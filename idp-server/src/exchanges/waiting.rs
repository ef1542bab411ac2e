//! What is noted waits here, bounded, until the job has kept it: the answer to the sender never waits for a store.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, watch};

use super::{Exchange, rings};
use crate::app::App;

/// Records that may wait at once: some 10 MiB at most.
const MOST: usize = 1024;

/// A record, and who caused it.
type Noted = (Exchange, Option<IpAddr>);

/// Records that are not yet kept.
#[derive(Debug, Default)]
pub struct Waiting {
    noted: Mutex<VecDeque<Noted>>,
    told: Notify,
}

impl Waiting {
    /// Adds one. `false`: there is no room, which is counted, never silent.
    pub(super) fn add(&self, exchange: Exchange, peer: Option<IpAddr>) -> bool {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= MOST {
            metrics::counter!("exchanges_left_out_total", "why" => "queue").increment(1);
            return false;
        }
        noted.push_back((exchange, peer));
        self.told.notify_one();
        true
    }

    fn take(&self) -> VecDeque<Noted> {
        std::mem::take(&mut *self.noted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Keeps what is noted until told to stop, and what is left then.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    loop {
        let stopping = tokio::select! {
            _ = stop.wait_for(|stopping| *stopping) => true,
            () = app.exchanges.told.notified() => false,
        };
        drain(&app).await;
        if stopping {
            return;
        }
    }
}

/// Keeps what waits now.
pub async fn drain(app: &App) {
    for (exchange, peer) in app.exchanges.take() {
        if let Err(fault) = rings::keep(app, &exchange, peer).await {
            metrics::counter!("exchanges_left_out_total", "why" => "store").increment(1);
            tracing::error!(error = %fault, "what was wrong with an exchange could not be kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchanges::rings::sample;

    #[test]
    fn the_queue_is_bounded_and_says_so() {
        let waiting = Waiting::default();
        for _ in 0..MOST {
            assert!(waiting.add(sample("K7Q2M-9XW4T", true), None));
        }
        assert!(!waiting.add(sample("K7Q2M-9XW4T", true), None));
        assert_eq!(waiting.take().len(), MOST);
        assert!(waiting.add(sample("K7Q2M-9XW4T", true), None));
    }
}
