//! Medians.

use std::fs;
use std::time::{Duration, Instant};

use crate::Failure;

/// What something cost: time that passed, and processor time of all threads of this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    pub(crate) processor: Duration,
}

/// What something cost, and what it gave.
pub(crate) fn cost<T>(what: impl FnOnce() -> Result<T, Failure>) -> Result<(Cost, T), Failure> {
    let before = processor()?;
    let (wall, given) = timed(what)?;
    let processor = processor()?.saturating_sub(before);
    Ok((Cost { wall, processor }, given))
}

/// `USER_HZ`: the unit of times in `/proc/self/stat`, 100 on every Linux that Rust runs on.
fn processor() -> Result<Duration, Failure> {
    let text = fs::read_to_string("/proc/self/stat")?;
    let (_, after) = text.rsplit_once(") ").ok_or("stat is not understood")?;
    let mut ticks = 0_u64;
    for field in after.split(' ').skip(11).take(2) {
        ticks += field.parse::<u64>()?;
    }
    Ok(Duration::from_millis(ticks * 10))
}

/// How long something took, and what it gave.
pub(crate) fn timed<T>(what: impl FnOnce() -> Result<T, Failure>) -> Result<(Duration, T), Failure> {
    let begun = Instant::now();
    let given = what()?;
    Ok((begun.elapsed(), given))
}

/// Processor time of the calling thread.
pub(crate) fn own_thread() -> Result<Duration, Failure> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = text.split(' ').next().unwrap_or_default().parse()?;
    Ok(Duration::from_nanos(nanoseconds))
}

/// The one in the middle.
pub(crate) fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of.get(of.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The middle, and in brackets the least and the most.
pub(crate) fn spread(of: &[f64]) -> String {
    let least = of.iter().copied().fold(f64::INFINITY, f64::min);
    let most = of.iter().copied().fold(0.0, f64::max);
    format!("{:.2} ({least:.2} to {most:.2})", median(of.to_vec()))
}

pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Numbers that fit: counts of a benchmark.
pub(crate) fn float(number: u64) -> f64 {
    // Below 2^53 nothing is lost, and no benchmark counts that far.
    let [high, low] = [number >> 32, number & 0xffff_ffff];
    let part = |part: u64| f64::from(u32::try_from(part).unwrap_or(u32::MAX));
    part(high) * 4_294_967_296.0 + part(low)
}
