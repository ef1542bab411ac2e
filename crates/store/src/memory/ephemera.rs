//! The port for what may be lost.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::Timestamp;

use super::hold;
use crate::{Consumed, Ephemera, EphemeraKey, StoreFault};

/// A value or, without one, the tombstone of a consumed value.
#[derive(Debug)]
struct Entry {
    value: Option<Vec<u8>>,
    expires_at: Timestamp,
}

#[derive(Debug)]
struct Counter {
    tally: u64,
    ends_at: Timestamp,
}

#[derive(Debug, Default)]
struct Contents {
    entries: HashMap<EphemeraKey, Entry>,
    counters: HashMap<EphemeraKey, Counter>,
    fault: Option<StoreFault>,
}

/// Ephemera in memory.
#[derive(Debug, Default)]
pub struct MemoryEphemera {
    contents: Mutex<Contents>,
}

impl MemoryEphemera {
    /// Nothing held.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on every call answers with this fault and does nothing; `None` ends it.
    pub fn break_with(&self, fault: Option<StoreFault>) {
        hold(&self.contents).fault = fault;
    }

    fn with<T>(&self, work: impl FnOnce(&mut Contents) -> T) -> Result<T, StoreFault> {
        let mut contents = hold(&self.contents);
        match &contents.fault {
            Some(fault) => Err(fault.clone()),
            None => Ok(work(&mut contents)),
        }
    }
}

impl Contents {
    fn put(&mut self, key: &EphemeraKey, entry: Entry, now: Timestamp) {
        let consumed = self
            .entries
            .get(key)
            .is_some_and(|held| held.value.is_none() && now < held.expires_at);
        if !consumed {
            self.entries.insert(key.clone(), entry);
        }
    }

    fn consume(&mut self, key: &EphemeraKey, now: Timestamp, tombstone_until: Timestamp) -> Consumed {
        let Some(held) = self.entries.get_mut(key).filter(|held| now < held.expires_at) else {
            return Consumed::Unknown;
        };
        match held.value.take() {
            Some(value) => {
                held.expires_at = tombstone_until;
                Consumed::First(value)
            }
            None => Consumed::Again,
        }
    }

    fn count(&mut self, key: &EphemeraKey, now: Timestamp, window_seconds: u32) -> u64 {
        let fresh = Counter {
            tally: 0,
            ends_at: now.plus_seconds(i64::from(window_seconds)),
        };
        let counter = self.counters.entry(key.clone()).or_insert(Counter { ..fresh });
        if counter.ends_at <= now {
            *counter = fresh;
        }
        counter.tally = counter.tally.saturating_add(1);
        counter.tally
    }

    fn held(&self) -> u64 {
        u64::try_from(self.entries.len().saturating_add(self.counters.len())).unwrap_or(u64::MAX)
    }
}

#[async_trait]
impl Ephemera for MemoryEphemera {
    async fn put(
        &self,
        key: &EphemeraKey,
        value: Vec<u8>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreFault> {
        let value = Some(value);
        self.with(|contents| contents.put(key, Entry { value, expires_at }, now))
    }

    async fn get(&self, key: &EphemeraKey, now: Timestamp) -> Result<Option<Vec<u8>>, StoreFault> {
        self.with(|contents| {
            contents
                .entries
                .get(key)
                .filter(|held| now < held.expires_at)
                .and_then(|held| held.value.clone())
        })
    }

    async fn consume(
        &self,
        key: &EphemeraKey,
        now: Timestamp,
        tombstone_until: Timestamp,
    ) -> Result<Consumed, StoreFault> {
        self.with(|contents| contents.consume(key, now, tombstone_until))
    }

    async fn remove(&self, key: &EphemeraKey) -> Result<(), StoreFault> {
        self.with(|contents| {
            if contents.entries.get(key).is_some_and(|held| held.value.is_some()) {
                contents.entries.remove(key);
            }
            contents.counters.remove(key);
        })
    }

    async fn count(&self, key: &EphemeraKey, now: Timestamp, window_seconds: u32) -> Result<u64, StoreFault> {
        self.with(|contents| contents.count(key, now, window_seconds))
    }

    async fn purge(&self, now: Timestamp) -> Result<u64, StoreFault> {
        self.with(|contents| {
            let held = contents.held();
            contents.entries.retain(|_, entry| now < entry.expires_at);
            contents.counters.retain(|_, counter| now < counter.ends_at);
            held.saturating_sub(contents.held())
        })
    }

    async fn held(&self) -> Result<u64, StoreFault> {
        self.with(|contents| contents.held())
    }
}
