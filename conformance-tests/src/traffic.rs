//! People who sign in at all times, while something else happens.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// People who sign in one after the other in each lane, until it is over; one who fails fails the test.
#[derive(Debug)]
pub struct Traffic {
    over: Cell<bool>,
    signed_in: Vec<Cell<u32>>,
}

impl Traffic {
    /// With so many lanes.
    pub fn of(lanes: usize) -> Self {
        Self {
            over: Cell::new(false),
            signed_in: vec![Cell::new(0); lanes],
        }
    }

    /// Nobody begins from now on.
    pub fn end(&self) {
        self.over.set(true);
    }

    /// One lane.
    pub async fn lane(&self, lane: usize, mut sign_in: impl AsyncFnMut()) {
        let count = self.signed_in.get(lane).expect("a lane");
        while !self.over.get() {
            sign_in().await;
            count.update(|count| count + 1);
        }
    }

    /// Until somebody in each lane has begun and ended a sign-in from now on.
    pub async fn flows(&self) {
        let before: Vec<u32> = self.signed_in.iter().map(Cell::get).collect();
        let until = Instant::now() + Duration::from_mins(1);
        let flowed = || {
            let mut lanes = self.signed_in.iter().zip(&before);
            lanes.all(|(now, before)| now.get() >= before + 2)
        };
        while !flowed() {
            assert!(Instant::now() < until, "nobody signs in");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
