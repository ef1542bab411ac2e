//! What may be used once: assertions (profiles-2.0-os section 4.1.4.5), logout messages, proofs of possession.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::Timestamp;

/// What the memory says of a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Use {
    /// It was never seen.
    First,
    /// It was used.
    Again,
    /// The memory cannot say.
    Unavailable,
}

/// The memory of what was used. A service on several machines implements it over what they share; to remember and to answer must be
/// one step there.
pub trait OneUse: Send + Sync {
    /// Remembers a name until a time (it is refused as expired from then on) and says whether it was known.
    fn remember(&self, name: &str, until: Timestamp, now: Timestamp) -> Use;

    /// Says whether a name is known, and remembers nothing.
    fn knows(&self, name: &str, now: Timestamp) -> Use;
}

/// A memory in this process.
#[derive(Debug, Default)]
pub struct SeenOnce(Mutex<HashMap<String, Timestamp>>);

/// Names live for minutes, so this is a rate that no service of one process has.
const MOST: usize = 200_000;

impl OneUse for SeenOnce {
    fn remember(&self, name: &str, until: Timestamp, now: Timestamp) -> Use {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.contains_key(name) {
            return Use::Again;
        }
        if seen.len() >= MOST {
            seen.retain(|_, until| *until > now);
        }
        if seen.len() >= MOST {
            return Use::Unavailable;
        }
        seen.insert(name.to_owned(), until);
        Use::First
    }

    fn knows(&self, name: &str, _now: Timestamp) -> Use {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.contains_key(name) {
            Use::Again
        } else {
            Use::First
        }
    }
}
