//! What a service keeps for a browser between two requests, found by a random value in a cookie.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Entropy, Timestamp};

/// Values in memory, each under a key that cannot be guessed, for a bounded time and in bounded number.
///
/// One process. A service on several machines keeps its `Sent…` values (they serialise) where all of them can take one.
pub struct Pending<T> {
    lifetime_seconds: i64,
    most: usize,
    kept: Mutex<HashMap<String, (Timestamp, T)>>,
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pending(..)")
    }
}

impl<T> Pending<T> {
    /// Values live so long, and there are at most so many: strangers can begin sign-ins without end.
    pub fn new(lifetime_seconds: i64, most: usize) -> Self {
        Self {
            lifetime_seconds,
            most: most.max(1),
            kept: Mutex::default(),
        }
    }

    /// Keeps a value; its key is for the cookie. When it is full, the oldest goes.
    pub fn put(&self, value: T, entropy: &dyn Entropy, now: Timestamp) -> String {
        let key = URL_SAFE_NO_PAD.encode(entropy.array::<32>());
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= self.most {
            kept.retain(|_, (until, _)| *until > now);
        }
        if kept.len() >= self.most {
            let oldest = kept
                .iter()
                .min_by_key(|(_, (until, _))| *until)
                .map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                kept.remove(&oldest);
            }
        }
        kept.insert(key.clone(), (now.plus_seconds(self.lifetime_seconds), value));
        key
    }

    /// Takes a value out; it is there once.
    pub fn take(&self, key: &str, now: Timestamp) -> Option<T> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(key)
            .filter(|(until, _)| *until > now)
            .map(|(_, value)| value)
    }
}

impl<T: Clone> Pending<T> {
    /// Looks at a value and leaves it there.
    pub fn get(&self, key: &str, now: Timestamp) -> Option<T> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(key)
            .filter(|(until, _)| *until > now)
            .map(|(_, value)| value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MachineEntropy;

    #[test]
    fn a_value_is_there_once_and_not_for_ever() {
        let pending = Pending::new(60, 10);
        let now = Timestamp::from_seconds(1_000);
        let key = pending.put("a", &MachineEntropy, now);
        assert_eq!(pending.get(&key, now), Some("a"));
        assert_eq!(pending.take(&key, now), Some("a"));
        assert_eq!(pending.take(&key, now), None);
        let late = pending.put("b", &MachineEntropy, now);
        assert_eq!(pending.get(&late, now.plus_seconds(60)), None);
        assert_eq!(pending.take(&late, now.plus_seconds(60)), None);
    }

    #[test]
    fn the_number_is_bounded_and_the_oldest_goes() {
        let pending = Pending::new(60, 2);
        let at = Timestamp::from_seconds;
        let keys: Vec<String> = (0..3).map(|n| pending.put(n, &MachineEntropy, at(n))).collect();
        assert_eq!(pending.get(&keys[0], at(3)), None);
        assert_eq!(pending.get(&keys[1], at(3)), Some(1));
        assert_eq!(pending.get(&keys[2], at(3)), Some(2));
    }
}
