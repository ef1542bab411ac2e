//! How often a device may ask about its try (RFC 8628 section 3.5, `slow_down`): in memory, per process.

use std::num::NonZeroU32;
use std::time::Duration;

use domain::AttemptId;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Counts questions per try.
pub struct PollLimit {
    limiter: DefaultKeyedRateLimiter<String>,
    seconds: NonZeroU32,
}

impl PollLimit {
    /// One question in so many seconds, and one more at once: clocks and networks are not exact.
    pub fn every(seconds: NonZeroU32) -> Self {
        const BURST: NonZeroU32 = NonZeroU32::new(2).unwrap();
        let period = Duration::from_secs(u64::from(seconds.get()));
        let quota = Quota::with_period(period).unwrap_or(Quota::per_second(BURST));
        Self {
            limiter: RateLimiter::keyed(quota.allow_burst(BURST)),
            seconds,
        }
    }

    /// Whether this try may be asked about; otherwise after how many seconds.
    pub fn admits(&self, attempt: &AttemptId) -> Result<(), u32> {
        self.limiter
            .check_key(&attempt.as_str().to_owned())
            .map_err(|_| self.seconds.get())
    }

    /// Forgets tries that nobody asks about.
    pub fn forget_idle(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_try_has_its_own_interval() {
        let limit = PollLimit::every(NonZeroU32::new(60).unwrap());
        let first = "att_00000000000000000000000000000001".parse().unwrap();
        let second = "att_00000000000000000000000000000002".parse().unwrap();
        assert_eq!(limit.admits(&first), Ok(()));
        assert_eq!(limit.admits(&first), Ok(()));
        assert_eq!(limit.admits(&first), Err(60));
        assert_eq!(limit.admits(&second), Ok(()));
    }
}
