//! Up to which lists the watches were looked at, and for how long newer ones have been waiting.

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{RevocationGeneration, Timestamp};

/// The lists in use: of the 署名用 authority, and of the 利用者証明用 one.
pub type Lists = [Option<RevocationGeneration>; 2];

/// What the last sweep saw, and what it left. The time is measured from outside the sweep: one that hangs, or never begins, shows.
#[derive(Debug, Default)]
pub struct Swept(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    lists: Option<Lists>,
    left: bool,
    failed: bool,
    waiting_since: Option<Timestamp>,
}

/// A sweep that is due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Due {
    /// Whether it is the first one over these lists.
    pub lists_are_new: bool,
}

impl Swept {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is anything to look at. Nothing is, as long as there are no lists.
    pub fn due(&self, lists: Lists, now: Timestamp) -> Option<Due> {
        let mut state = self.state();
        state.measure(lists, now);
        let lists_are_new = state.lists != Some(lists);
        (lists != [None, None] && (lists_are_new || state.left)).then_some(Due { lists_are_new })
    }

    /// A sweep over these lists came to its end. `left`: something is to be looked at again; `failed`: something due was not told.
    pub fn done(&self, lists: Lists, left: bool, failed: bool) {
        let mut state = self.state();
        state.lists = Some(lists);
        state.left = left;
        state.failed = failed;
        if !failed {
            state.waiting_since = None;
        }
    }

    /// Seconds since lists came into use here that were not held against every watch.
    pub fn lag_seconds(&self, lists: Lists, now: Timestamp) -> i64 {
        let mut state = self.state();
        state.measure(lists, now);
        state
            .waiting_since
            .map_or(0, |since| now.seconds_since(since).max(0))
    }
}

impl State {
    fn measure(&mut self, lists: Lists, now: Timestamp) {
        let waiting = lists != [None, None] && (self.failed || self.lists != Some(lists));
        if waiting {
            self.waiting_since.get_or_insert(now);
        } else {
            self.waiting_since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Lists = [None, None];
    const FIRST: Lists = [Some(RevocationGeneration(1)), Some(RevocationGeneration(1))];
    const NEXT: Lists = [Some(RevocationGeneration(2)), Some(RevocationGeneration(1))];

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn lists_wait_from_their_coming_until_a_sweep_that_failed_nobody() {
        let swept = Swept::default();
        assert_eq!(
            (swept.due(NONE, at(1)), swept.lag_seconds(NONE, at(9))),
            (None, 0)
        );
        assert_eq!(swept.due(FIRST, at(10)), Some(Due { lists_are_new: true }));
        // A sweep that hangs does not stop the clock.
        assert_eq!(swept.lag_seconds(FIRST, at(75)), 65);
        swept.done(FIRST, false, false);
        assert_eq!(
            (swept.due(FIRST, at(80)), swept.lag_seconds(FIRST, at(80))),
            (None, 0)
        );
        // Seen first by whoever asks for the measure.
        assert_eq!(swept.lag_seconds(NEXT, at(90)), 0);
        assert_eq!(swept.due(NEXT, at(95)), Some(Due { lists_are_new: true }));
        swept.done(NEXT, true, true);
        assert_eq!(swept.due(NEXT, at(97)), Some(Due { lists_are_new: false }));
        assert_eq!(swept.lag_seconds(NEXT, at(100)), 10, "somebody was not told");
        // What waits for another list, as it should, is looked at again and is not late.
        swept.done(NEXT, true, false);
        assert_eq!(swept.due(NEXT, at(101)), Some(Due { lists_are_new: false }));
        assert_eq!(swept.lag_seconds(NEXT, at(200)), 0);
        swept.done(NEXT, false, false);
        assert_eq!(swept.due(NEXT, at(201)), None);
    }
}
