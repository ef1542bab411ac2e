//! What becomes of a revocation that a list no longer names.
//!
//! Once revoked, always revoked: at JPKI even certificateHold is never released, and a list may drop a certificate only when it has
//! expired. Which ones have expired is not written in a list, so what disappears stays revoked here until no certificate of that age
//! can be valid any more; how many disappear is counted, and more than plausible are refused.

use super::index::Record;

/// No more missing serial numbers than this are handed to the caller; a delivery that misses more is refused by their number.
const MAX_REMEMBERED: usize = 1 << 22;

/// What the delivery means for an entry of the index before, by its part there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fate {
    /// Its list is replaced by one of the delivery, which does not name it: it is missing.
    Missing,
    /// Its list is not part of the delivery and stays in use, under this number.
    Stays(u16),
    /// No list named it before, or its list is no longer kept.
    Retained,
}

/// The fates of all parts of the index before; number 0 is what was retained there.
#[derive(Debug, Default)]
pub(super) struct Fates {
    pub(super) of_parts: Vec<Fate>,
    /// What was revoked at this date or earlier is kept no longer, if no list names it.
    pub(super) forget_until: Option<u32>,
}

/// What was counted while an index was made.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) repeated: u64,
    pub(super) contradictions: u64,
    pub(super) newly_revoked: u64,
    pub(super) forgotten: u64,
    /// By the part of the index before.
    pub(super) missing: Vec<u64>,
    /// Entries of the new index by their part.
    pub(super) kept: Vec<u64>,
    /// Serial numbers that are missing: 20 bytes each would be too much, so what is short stays short.
    pub(super) missing_short: Vec<u32>,
    pub(super) missing_long: Vec<[u8; 20]>,
}

impl Tally {
    /// A serial number stands twice in the delivery.
    #[cold]
    pub(super) fn repeat(&mut self, agrees: bool) {
        if agrees {
            self.repeated += 1;
        } else {
            self.contradictions += 1;
        }
    }

    /// So many entries of the new index belong to a part.
    pub(super) fn keep(&mut self, part: u16, entries: u64) {
        count(&mut self.kept, part, entries);
    }

    /// An entry of the index before is named by no list of the delivery: under which part it is kept, if it is.
    pub(super) fn gone(&mut self, fates: &Fates, record: Record, serial: &[u8]) -> Option<u16> {
        match fates.of_parts.get(usize::from(record.part)) {
            Some(Fate::Stays(part)) => return Some(*part),
            Some(Fate::Missing) => {
                count(&mut self.missing, record.part, 1);
                self.remember(serial);
            }
            Some(Fate::Retained) | None => {}
        }
        if fates.forget_until.is_some_and(|until| record.date <= until) {
            self.forgotten += 1;
            None
        } else {
            Some(0)
        }
    }

    fn remember(&mut self, serial: &[u8]) {
        if self.missing_short.len() + self.missing_long.len() >= MAX_REMEMBERED {
            return;
        }
        match *serial {
            [a, b, c, d] => self.missing_short.push(u32::from_be_bytes([a, b, c, d])),
            _ => self.missing_long.extend(super::gather::padded(serial)),
        }
    }

    /// Adds what was counted elsewhere.
    pub(super) fn add(&mut self, other: &Self) {
        self.repeated += other.repeated;
        self.contradictions += other.contradictions;
        self.newly_revoked += other.newly_revoked;
        self.forgotten += other.forgotten;
        for (part, more) in (0..).zip(&other.missing) {
            count(&mut self.missing, part, *more);
        }
        for (part, more) in (0..).zip(&other.kept) {
            count(&mut self.kept, part, *more);
        }
        let room = MAX_REMEMBERED.saturating_sub(self.missing_short.len());
        self.missing_short.extend(other.missing_short.iter().take(room));
        self.missing_long.extend(&other.missing_long);
    }
}

fn count(counts: &mut Vec<u64>, part: u16, more: u64) {
    let place = usize::from(part);
    if counts.len() <= place {
        counts.resize(place + 1, 0);
    }
    if let Some(count) = counts.get_mut(place) {
        *count += more;
    }
}
