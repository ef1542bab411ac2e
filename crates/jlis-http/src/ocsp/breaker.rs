//! Leaves a dead responder alone for a while.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Counts failures in a row.
pub(super) struct Breaker {
    failures_allowed: u32,
    rest: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: u32,
    rests_until: Option<Instant>,
    /// One question is on its way to find out whether the rest is over.
    probing: bool,
}

impl Breaker {
    pub(super) fn new(failures_allowed: u32, rest: Duration) -> Self {
        Self {
            failures_allowed: failures_allowed.max(1),
            rest,
            state: Mutex::default(),
        }
    }

    /// Whether a question may be sent. After a rest, one may, and the others once it succeeded.
    pub(super) fn admit(&self, now: Instant) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.rests_until {
            None => true,
            Some(until) if now < until || state.probing => false,
            Some(_) => {
                state.probing = true;
                true
            }
        }
    }

    pub(super) fn succeeded(&self) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }

    pub(super) fn failed(&self, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = state.failures.saturating_add(1);
        state.probing = false;
        if state.failures >= self.failures_allowed {
            state.rests_until = Some(now + self.rest);
        }
    }

    /// The question was given up before its result was there: it says nothing about the responder.
    pub(super) fn given_up(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).probing = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_bring_rest_and_one_probe_ends_it() {
        let breaker = Breaker::new(3, Duration::from_secs(10));
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        for _ in 0..2 {
            breaker.failed(at(0));
        }
        assert!(breaker.admit(at(0)));
        breaker.succeeded();
        for _ in 0..2 {
            breaker.failed(at(0));
        }
        assert!(breaker.admit(at(0)), "only failures in a row count");
        breaker.failed(at(0));
        assert!(!breaker.admit(at(0)));
        assert!(!breaker.admit(at(9)));
        assert!(breaker.admit(at(10)), "the probe");
        assert!(!breaker.admit(at(10)), "no second one");
        breaker.failed(at(11));
        assert!(!breaker.admit(at(20)));
        assert!(breaker.admit(at(21)));
        breaker.given_up();
        assert!(breaker.admit(at(21)), "a probe that was given up is made again");
        breaker.succeeded();
        assert!(breaker.admit(at(21)) && breaker.admit(at(21)));
    }
}
