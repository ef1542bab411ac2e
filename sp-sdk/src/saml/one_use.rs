//! Each assertion is used once (profiles-2.0-os section 4.1.4.5).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::Timestamp;

/// What the memory says of an assertion.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Use {
    /// It was never seen, and is remembered from now on.
    First,
    /// It was used.
    Again,
    /// The memory cannot say.
    Unavailable,
}

/// The memory of assertions that were used. A service on several machines implements it over what they share; to remember and
/// to answer must be one step there.
pub trait OneUse: Send + Sync {
    /// Remembers an assertion until a time (it is refused as expired from then on) and says whether it was known.
    fn remember(&self, assertion: &str, until: Timestamp, now: Timestamp) -> Use;
}

/// A memory in this process.
#[derive(Debug, Default)]
pub struct SeenAssertions(Mutex<HashMap<String, Timestamp>>);

/// Assertions live for minutes, so this is a rate that no service of one process has.
const MOST: usize = 200_000;

impl OneUse for SeenAssertions {
    fn remember(&self, assertion: &str, until: Timestamp, now: Timestamp) -> Use {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.contains_key(assertion) {
            return Use::Again;
        }
        if seen.len() >= MOST {
            seen.retain(|_, until| *until > now);
        }
        if seen.len() >= MOST {
            return Use::Unavailable;
        }
        seen.insert(assertion.to_owned(), until);
        Use::First
    }
}
