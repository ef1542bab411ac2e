//! What is noted waits here, bounded, until the job has kept it: the answer to the sender never waits for a store.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use store::StoreFault;
use tokio::sync::{Notify, watch};

use super::{Exchange, rings};
use crate::app::App;

/// Records that may wait at once: some 10 MiB at most.
const MOST: usize = 1024;
/// How long a store that is away is left alone.
const PAUSE: Duration = Duration::from_secs(1);

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

    /// Puts back what could not be kept now, before what came meanwhile and as far as there is room.
    fn put_back(&self, mut rest: VecDeque<Noted>) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        rest.append(&mut noted);
        for _ in rest.drain(MOST.min(rest.len())..) {
            metrics::counter!("exchanges_left_out_total", "why" => "queue").increment(1);
        }
        *noted = rest;
    }
}

/// Keeps what is noted until told to stop, and what is left then. A store that is away is asked again after a pause, and not at all at the
/// end: nobody waits for that many times its patience.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let mut away = false;
    loop {
        let stopping = tokio::select! {
            _ = stop.wait_for(|stopping| *stopping) => true,
            () = app.exchanges.told.notified(), if !away => false,
            () = tokio::time::sleep(PAUSE), if away => false,
        };
        if stopping {
            drain(&app).await;
            return;
        }
        let rest = keep(&app).await;
        away = !rest.is_empty();
        app.exchanges.put_back(rest);
    }
}

/// Keeps what waits now; what is left when the store is away is lost, and counted.
pub async fn drain(app: &App) {
    let left = keep(app).await.len();
    if left > 0 {
        let left_out = u64::try_from(left).unwrap_or(u64::MAX);
        metrics::counter!("exchanges_left_out_total", "why" => "store").increment(left_out);
        tracing::error!(left, "what was wrong with exchanges could not be kept");
    }
}

/// Keeps what waits now, as long as the store is there; the rest.
async fn keep(app: &App) -> VecDeque<Noted> {
    let mut waiting = app.exchanges.take();
    while let Some((exchange, peer)) = waiting.front() {
        match rings::keep(app, exchange, *peer).await {
            Ok(()) => {}
            Err(StoreFault::Unavailable(why)) => {
                tracing::warn!(error = %why, waiting = waiting.len(), "what was wrong with exchanges waits for the store");
                return waiting;
            }
            Err(fault) => {
                metrics::counter!("exchanges_left_out_total", "why" => "store").increment(1);
                tracing::error!(error = %fault, "what was wrong with an exchange could not be kept");
            }
        }
        waiting.pop_front();
    }
    waiting
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

    #[test]
    fn what_is_put_back_stands_before_what_came_meanwhile_and_takes_no_more_room() {
        let waiting = Waiting::default();
        let names = |waiting: &Waiting| -> Vec<String> {
            let taken = waiting.take();
            taken
                .iter()
                .map(|(exchange, _)| exchange.reference.as_str().to_owned())
                .collect()
        };
        assert!(waiting.add(sample("K7Q2M-9XW4T", true), None));
        let rest = waiting.take();
        assert!(waiting.add(sample("A7Q2M-9XW4T", true), None));
        waiting.put_back(rest);
        assert_eq!(names(&waiting), ["K7Q2M-9XW4T", "A7Q2M-9XW4T"]);
        for _ in 0..MOST {
            assert!(waiting.add(sample("A7Q2M-9XW4T", true), None));
        }
        waiting.put_back(VecDeque::from([(sample("K7Q2M-9XW4T", true), None)]));
        let all = names(&waiting);
        assert_eq!((all.len(), all[0].as_str()), (MOST, "K7Q2M-9XW4T"));
    }
}
