//! How many requests are under way at once: one host that does not answer must not take the places of all others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Of all hosts together.
const OF_ALL: usize = 256;
/// Of one host.
const OF_ONE: usize = 16;
/// From so many hosts on, those with nothing under way are forgotten.
const REMEMBERED: usize = 512;

/// Places for requests.
pub(super) struct Places {
    all: Arc<Semaphore>,
    of_hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// A place, until it is dropped.
pub(super) struct Place {
    _of_host: Option<OwnedSemaphorePermit>,
    _of_all: Option<OwnedSemaphorePermit>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(OF_ALL)),
            of_hosts: Mutex::default(),
        }
    }
}

impl Places {
    /// Waits for a place: first for the host's, so that whoever waits for a slow one holds up nobody else. Whoever calls bounds the time.
    pub(super) async fn take(&self, host: &str) -> Place {
        let of_host = self.of(host).acquire_owned().await.ok();
        let of_all = Arc::clone(&self.all).acquire_owned().await.ok();
        Place {
            _of_host: of_host,
            _of_all: of_all,
        }
    }

    fn of(&self, host: &str) -> Arc<Semaphore> {
        let mut hosts = self.of_hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= REMEMBERED {
            hosts.retain(|_, places| Arc::strong_count(places) > 1 || places.available_permits() < OF_ONE);
        }
        let places = hosts
            .entry(host.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(OF_ONE)));
        Arc::clone(places)
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// Whether a place is there without waiting.
    fn at_once(places: &Places, host: &str) -> Option<Place> {
        let mut taking = pin!(places.take(host));
        match taking.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(place) => Some(place),
            Poll::Pending => None,
        }
    }

    #[test]
    fn a_host_that_does_not_answer_holds_up_itself_alone() {
        let places = Places::default();
        let mut held: Vec<Place> = (0..OF_ONE)
            .map(|_| at_once(&places, "slow.example").unwrap())
            .collect();
        assert!(at_once(&places, "slow.example").is_none());
        assert!(at_once(&places, "quick.example").is_some());
        held.pop();
        assert!(at_once(&places, "slow.example").is_some());
    }

    #[test]
    fn all_hosts_together_have_a_bound_too_and_idle_ones_are_forgotten() {
        let places = Places::default();
        let held: Vec<Place> = (0..OF_ALL)
            .map(|number| at_once(&places, &format!("{number}.example")).unwrap())
            .collect();
        assert!(at_once(&places, "one-more.example").is_none());
        drop(held);
        for number in 0..2 * REMEMBERED {
            assert!(at_once(&places, &format!("{number}.example")).is_some());
        }
        assert!(places.of_hosts.lock().unwrap().len() <= REMEMBERED);
    }
}
