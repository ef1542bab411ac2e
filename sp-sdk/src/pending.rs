//! What a service keeps for a browser between two requests, found by a random value in a cookie.

use std::collections::{BTreeMap, HashMap};
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
    kept: Mutex<Kept<T>>,
}

struct Kept<T> {
    by_key: HashMap<String, One<T>>,
    /// Keys by the order in which they came: all live equally long, so the first is the oldest.
    in_order: BTreeMap<u64, String>,
    next: u64,
}

struct One<T> {
    place: u64,
    until: Timestamp,
    value: T,
}

impl<T> Kept<T> {
    fn remove(&mut self, key: &str) -> Option<One<T>> {
        let one = self.by_key.remove(key)?;
        self.in_order.remove(&one.place);
        Some(one)
    }

    fn oldest(&self) -> Option<(&String, Timestamp)> {
        let (_, key) = self.in_order.first_key_value()?;
        Some((key, self.by_key.get(key)?.until))
    }
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
            kept: Mutex::new(Kept {
                by_key: HashMap::new(),
                in_order: BTreeMap::new(),
                next: 0,
            }),
        }
    }

    /// Keeps a value; its key is for the cookie. When it is full, the oldest goes.
    pub fn put(&self, value: T, entropy: &dyn Entropy, now: Timestamp) -> String {
        let key = URL_SAFE_NO_PAD.encode(entropy.array::<32>());
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((oldest, until)) = kept.oldest() {
            if until > now && kept.by_key.len() < self.most {
                break;
            }
            let oldest = oldest.clone();
            kept.remove(&oldest);
        }
        let place = kept.next;
        kept.next = place.saturating_add(1);
        kept.in_order.insert(place, key.clone());
        let until = now.plus_seconds(self.lifetime_seconds);
        kept.by_key.insert(key.clone(), One { place, until, value });
        key
    }

    /// Takes a value out; it is there once.
    pub fn take(&self, key: &str, now: Timestamp) -> Option<T> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(key)
            .filter(|one| one.until > now)
            .map(|one| one.value)
    }
}

impl<T: Clone> Pending<T> {
    /// Looks at a value and leaves it there.
    pub fn get(&self, key: &str, now: Timestamp) -> Option<T> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.by_key
            .get(key)
            .filter(|one| one.until > now)
            .map(|one| one.value.clone())
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
        // What was taken leaves its place to others, and is not taken for the oldest.
        assert_eq!(pending.take(&keys[1], at(3)), Some(1));
        let more = pending.put(3, &MachineEntropy, at(3));
        assert_eq!(pending.get(&keys[2], at(3)), Some(2));
        assert_eq!(pending.get(&more, at(3)), Some(3));
        let kept = pending.kept.lock().unwrap();
        assert_eq!((kept.by_key.len(), kept.in_order.len()), (2, 2));
    }
}
