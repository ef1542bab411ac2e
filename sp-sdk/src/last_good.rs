//! A document of the platform's that is read again from time to time, and kept where it cannot be.
//!
//! **Last good.** What is older than [`FRESH_SECONDS`] is read again when somebody needs it; where that fails the last good one stays,
//! and it is tried again after [`AGAIN_SECONDS`]. **Roll-over.** A signature by a key that is not known is a reason to read again too, at
//! most once in [`AGAIN_SECONDS`] for all such reasons together: strangers who send such signatures cannot make us ask more often.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use domain::Timestamp;

/// Documents are read again after so many seconds.
pub(crate) const FRESH_SECONDS: i64 = 3_600;
/// Between two tries lie at least so many seconds.
pub(crate) const AGAIN_SECONDS: i64 = 30;

/// The last good one, and when.
#[derive(Debug)]
pub(crate) struct LastGood<T> {
    kept: RwLock<(Arc<T>, Timestamp)>,
    tried_at: Mutex<Timestamp>,
}

impl<T> LastGood<T> {
    pub(crate) fn new(value: T, now: Timestamp) -> Self {
        Self {
            kept: RwLock::new((Arc::new(value), now)),
            // A key may be new right after the start: the first reason to read again counts at once.
            tried_at: Mutex::new(now.plus_seconds(-AGAIN_SECONDS)),
        }
    }

    pub(crate) fn get(&self) -> Arc<T> {
        Arc::clone(&self.kept.read().unwrap_or_else(PoisonError::into_inner).0)
    }

    pub(crate) fn read_at(&self) -> Timestamp {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).1
    }

    pub(crate) fn set(&self, value: T, now: Timestamp) {
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = (Arc::new(value), now);
    }

    /// Whether it is old, and time for a try; if so, this one counts.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        now.seconds_since(self.read_at()) >= FRESH_SECONDS && self.may_try(now)
    }

    /// Whether it is time for a try; if so, this one counts.
    pub(crate) fn may_try(&self, now: Timestamp) -> bool {
        let mut tried_at = self.tried_at.lock().unwrap_or_else(PoisonError::into_inner);
        let may = now.seconds_since(*tried_at) >= AGAIN_SECONDS;
        if may {
            *tried_at = now;
        }
        may
    }

    /// A try that somebody ordered.
    pub(crate) fn trying(&self, now: Timestamp) {
        *self.tried_at.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}
