//! Many citizens at once, each a thread that signs in, forgets everything and signs in again.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::walk::{Handshakes, Protocol, World};

/// What is driven.
pub(crate) struct Load<'a> {
    world: &'a World,
    protocol: Protocol,
    citizens: usize,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// How many sign-ins ended with a token or an assertion: all of them, or there is no outcome.
    pub(crate) count: u32,
    /// From the first request to the last answer.
    pub(crate) wall: Duration,
    /// Of each sign-in, sorted.
    pub(crate) latencies: Vec<Duration>,
    /// Of each sign-in; they are all alike.
    pub(crate) handshakes: Handshakes,
}

impl<'a> Load<'a> {
    pub(crate) const fn of(world: &'a World, protocol: Protocol, citizens: usize) -> Self {
        Self {
            world,
            protocol,
            citizens,
        }
    }

    /// Performs that many sign-ins; the first that fails ends the measurement.
    pub(crate) fn run(&self, count: u32) -> Result<Outcome, Failure> {
        let next = AtomicU32::new(0);
        let begun = Instant::now();
        let done: Vec<Result<Vec<(Duration, Handshakes)>, Failure>> = std::thread::scope(|scope| {
            let citizens: Vec<_> = (0..self.citizens.max(1))
                .map(|card| {
                    scope.spawn({
                        let next = &next;
                        move || self.citizen(card, next, count)
                    })
                })
                .collect();
            citizens
                .into_iter()
                .map(|citizen| {
                    citizen
                        .join()
                        .unwrap_or_else(|_| Err("a citizen panicked".into()))
                })
                .collect()
        });
        let wall = begun.elapsed();
        let mut all = Vec::new();
        for one in done {
            all.extend(one?);
        }
        let handshakes = all.first().map(|(_, made)| *made).unwrap_or_default();
        if all.iter().any(|(_, made)| *made != handshakes) {
            return Err("sign-ins that make different numbers of handshakes".into());
        }
        let mut latencies: Vec<Duration> = all.into_iter().map(|(latency, _)| latency).collect();
        latencies.sort();
        Ok(Outcome {
            count,
            wall,
            latencies,
            handshakes,
        })
    }

    fn citizen(
        &self,
        card: usize,
        next: &AtomicU32,
        count: u32,
    ) -> Result<Vec<(Duration, Handshakes)>, Failure> {
        let mut mine = Vec::new();
        while next.fetch_add(1, Ordering::Relaxed) < count {
            let begun = Instant::now();
            let made = self.world.walk(self.protocol, card, false)?;
            mine.push((begun.elapsed(), made));
        }
        Ok(mine)
    }
}

impl Outcome {
    /// The latency below which this share (per mille) of the sign-ins stayed.
    pub(crate) fn percentile(&self, per_mille: usize) -> Duration {
        let place = (self.latencies.len() * per_mille / 1000).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(place).copied().unwrap_or_default()
    }
}
