//! Many at once, in two ways: each as soon as the one before it is done (what the machine can do), and at a given rate whoever is
//! still waiting (how long one waits when it is not at its limit).

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::operation::Operation;

/// Threads that carry an open load: more than ever wait at once.
const CARRIERS: usize = 32;

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// How many were done: all of them, or there is no outcome.
    pub(crate) count: u32,
    /// From the first request to the last answer.
    pub(crate) wall: Duration,
    /// Of each, sorted.
    latencies: Vec<Duration>,
}

impl Outcome {
    /// The latency below which this share (per mille) stayed.
    pub(crate) fn percentile(&self, per_mille: usize) -> Duration {
        let place = (self.latencies.len() * per_mille / 1000).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(place).copied().unwrap_or_default()
    }

    /// How many in a second.
    pub(crate) fn rate(&self) -> f64 {
        f64::from(self.count) / self.wall.as_secs_f64()
    }
}

/// Performs that many, so many at a time; the first that fails ends the measurement.
pub(crate) fn closed(operation: &dyn Operation, at_once: usize, count: u32) -> Result<Outcome, Failure> {
    let schedule = vec![Duration::ZERO; usize::try_from(count)?];
    drive(operation, at_once, &schedule, false)
}

/// Performs that many, which begin by chance and on average at this rate; waiting for one's turn counts.
pub(crate) fn open(operation: &dyn Operation, rate: f64, count: u32) -> Result<Outcome, Failure> {
    let mut chance = vec![0; 4 * usize::try_from(count)?];
    aws_lc_rs::rand::fill(&mut chance)?;
    let mut at = 0.0;
    let schedule: Vec<Duration> = chance
        .chunks_exact(4)
        .map(|four| {
            let share = f64::from(u32::from_le_bytes(four.try_into().unwrap_or_default())) / 4_294_967_296.0;
            at += -(1.0 - share).ln() / rate;
            Duration::from_secs_f64(at)
        })
        .collect();
    drive(operation, CARRIERS, &schedule, true)
}

fn drive(
    operation: &dyn Operation,
    carriers: usize,
    schedule: &[Duration],
    by_schedule: bool,
) -> Result<Outcome, Failure> {
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let begun = Instant::now();
    let carry = |citizen: usize| -> Result<Vec<Duration>, Failure> {
        let mut mine = Vec::new();
        while let Some(due) = schedule.get(next.fetch_add(1, Ordering::Relaxed)) {
            if failed.load(Ordering::Relaxed) {
                break;
            }
            let since = if by_schedule {
                std::thread::sleep(due.saturating_sub(begun.elapsed()));
                begun + *due
            } else {
                Instant::now()
            };
            if let Err(why) = operation.perform(citizen) {
                failed.store(true, Ordering::Relaxed);
                return Err(why);
            }
            mine.push(since.elapsed());
        }
        Ok(mine)
    };
    let done: Vec<Result<Vec<Duration>, Failure>> = std::thread::scope(|scope| {
        let carry = &carry;
        let carriers: Vec<_> = (0..carriers.max(1))
            .map(|citizen| scope.spawn(move || carry(citizen)))
            .collect();
        carriers
            .into_iter()
            .map(|carrier| {
                carrier
                    .join()
                    .unwrap_or_else(|_| Err("a carrier panicked".into()))
            })
            .collect()
    });
    let wall = begun.elapsed();
    let mut latencies = Vec::new();
    for one in done {
        latencies.extend(one?);
    }
    latencies.sort();
    Ok(Outcome {
        count: u32::try_from(latencies.len())?,
        wall,
        latencies,
    })
}
