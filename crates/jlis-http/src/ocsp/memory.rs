//! What was answered before: for using it again, for noticing replays, and for noticing contradictions. Bounded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::Timestamp;
use jlis::{CertificateName, Links, OcspStatus, StatusEvidence};

/// No certificate remembers more responders' keys than this.
const MAX_KEYS: usize = 8;

const NEVER: Timestamp = Timestamp::from_millis(i64::MIN);

/// A verified answer.
pub(super) struct Remembered {
    pub(super) status: OcspStatus,
    pub(super) valid_until: Timestamp,
    pub(super) links: Links,
    pub(super) evidence: Arc<StatusEvidence>,
}

impl Remembered {
    /// A revocation is never taken back, certificateHold included.
    pub(super) fn is_final(&self) -> bool {
        matches!(self.status, OcspStatus::Revoked { .. })
    }
}

/// What became of an answer that came in.
pub(super) enum TakenIn {
    Kept(Arc<Remembered>),
    /// Older than one that the same responder gave before.
    Replayed {
        produced_at: Timestamp,
        seen: Timestamp,
    },
    /// It cannot be true together with the answer of another responder.
    Contradiction {
        other: String,
    },
}

/// What is known about one certificate.
struct Entry {
    /// The last answer that decides something.
    last: Option<Arc<Remembered>>,
    /// Until when it may be used again, if it is not final.
    until: Timestamp,
    /// The latest producedAt by responder key.
    seen: Vec<(String, Timestamp)>,
}

/// Two halves: what is touched moves into the young one; when that is full the old one is forgotten. So the bound costs
/// nothing to keep, and what is asked about often stays.
#[derive(Default)]
struct Halves {
    young: HashMap<CertificateName, Entry>,
    old: HashMap<CertificateName, Entry>,
}

pub(super) struct Memory {
    halves: Mutex<Halves>,
    half: usize,
    good_for_seconds: i64,
    lag_seconds: i64,
}

impl Memory {
    pub(super) fn new(entries: usize, good_for_seconds: i64, lag_seconds: i64) -> Self {
        Self {
            halves: Mutex::default(),
            half: (entries / 2).max(1),
            good_for_seconds,
            lag_seconds,
        }
    }

    pub(super) fn len(&self) -> usize {
        let halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        halves.young.len() + halves.old.len()
    }

    /// An answer that may be used again.
    pub(super) fn find(
        &self,
        name: &CertificateName,
        now: Timestamp,
        max_age_seconds: Option<i64>,
    ) -> Option<Arc<Remembered>> {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = halves.touch(name, self.half)?;
        let last = entry.last.as_ref()?;
        let young_enough =
            max_age_seconds.is_none_or(|seconds| now <= last.evidence.this_update.plus_seconds(seconds));
        // A clock that was set back must not prolong anything.
        let within = now <= entry.until && now >= last.evidence.verified_at.plus_seconds(-1);
        (last.is_final() || (within && young_enough)).then(|| Arc::clone(last))
    }

    /// Holds an answer against what is known, and keeps it.
    ///
    /// - Without our nonce, an answer that was produced before another one that the *same responder key* gave is a replay.
    ///   (Other responders have clocks and schedules of their own; that a revocation is final holds across all of them.)
    /// - "Good" and "revoked" of two responders contradict, in whichever order they come, if the "good" is of longer after the
    ///   revocation than data may lag behind. Otherwise the revocation is news.
    /// - "Good" after "revoked" from the same responder contradicts: nothing is ever un-revoked.
    /// - A revocation is kept whatever else is said; who asks about it gets it, never a later "good".
    /// - "Unknown" is not kept: it decides nothing.
    pub(super) fn take_in(&self, name: &CertificateName, new: Remembered, now: Timestamp) -> TakenIn {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = halves.entry(name, self.half);
        let key = &new.evidence.responder_key_hash;
        let produced_at = new.evidence.produced_at;
        let seen = entry.seen.iter_mut().find(|(known, _)| known == key);
        match seen {
            Some((_, seen)) if *seen > produced_at && !new.evidence.nonce_matched => {
                return TakenIn::Replayed {
                    produced_at,
                    seen: *seen,
                };
            }
            Some((_, seen)) => *seen = produced_at.max(*seen),
            None => {
                if entry.seen.len() >= MAX_KEYS {
                    entry.seen.remove(0);
                }
                entry.seen.push((key.clone(), produced_at));
            }
        }
        let contradicted = entry
            .last
            .as_ref()
            .filter(|last| contradict(last, &new, self.lag_seconds))
            .map(|last| last.evidence.responder.clone());
        if contradicted.is_none()
            && let Some(last) = entry.last.as_ref().filter(|last| last.is_final())
        {
            return TakenIn::Kept(Arc::clone(last));
        }
        let new = Arc::new(new);
        let superseded = entry.last.as_ref().is_none_or(|last| {
            !last.is_final() && (new.is_final() || new.evidence.this_update >= last.evidence.this_update)
        });
        if new.status != OcspStatus::Unknown && superseded {
            entry.until = if self.good_for_seconds > 0 {
                new.valid_until.min(now.plus_seconds(self.good_for_seconds))
            } else {
                // Zero asks every time; what was said still counts for contradictions.
                NEVER
            };
            entry.last = Some(Arc::clone(&new));
        }
        match contradicted {
            Some(other) => TakenIn::Contradiction { other },
            None => TakenIn::Kept(new),
        }
    }
}

fn contradict(last: &Remembered, new: &Remembered, lag_seconds: i64) -> bool {
    let one_responder = last.evidence.responder == new.evidence.responder;
    let (good, revoked, at) = match (last.status, new.status) {
        (OcspStatus::Revoked { .. }, OcspStatus::Good) if one_responder => return true,
        (OcspStatus::Revoked { at, .. }, OcspStatus::Good) => (new, last, at),
        (OcspStatus::Good, OcspStatus::Revoked { at, .. }) => (last, new, at),
        _ => return false,
    };
    let good_of = good.evidence.this_update;
    if one_responder {
        // Its own "good" of later than its own "revoked".
        good_of > revoked.evidence.this_update
    } else {
        good_of > at.plus_seconds(lag_seconds)
    }
}

impl Halves {
    /// Moves an entry into the young half.
    fn touch(&mut self, name: &CertificateName, half: usize) -> Option<&mut Entry> {
        if !self.young.contains_key(name) {
            let entry = self.old.remove(name)?;
            self.insert(name, entry, half);
        }
        self.young.get_mut(name)
    }

    fn insert(&mut self, name: &CertificateName, entry: Entry, half: usize) {
        if self.young.len() >= half {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(name.clone(), entry);
    }

    fn entry(&mut self, name: &CertificateName, half: usize) -> &mut Entry {
        let fresh = || Entry {
            last: None,
            until: NEVER,
            seen: Vec::new(),
        };
        if self.touch(name, half).is_none() {
            self.insert(name, fresh(), half);
        }
        self.young.entry(name.clone()).or_insert_with(fresh)
    }
}

#[cfg(test)]
mod tests;
