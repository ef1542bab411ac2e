//! What a delivery makes of the lists in use: which stay, which are replaced or retired, what may be forgotten, and whether what was
//! counted may be believed.

use domain::{RevocationGeneration, Timestamp};
use pki::{StreamedCrl, TrustAnchor};

use super::build::Built;
use super::fate::{Fate, Fates, Tally};
use super::gather::packed_date;
use super::index::NationalIndex;
use super::manifest::{Manifest, Part};
use super::reason::Refusal;
use super::terms::Terms;

/// More lists than this have no numbers.
pub(super) const MAX_PARTS: usize = 4095;
/// Seconds after thisUpdate at which a list without nextUpdate is taken to end: lists come once a day.
const ASSUMED_LIFE: i64 = 86_400;
/// Seconds after thisUpdate beyond which no nextUpdate vouches for the time.
const LONGEST_LIFE: i64 = 31 * 86_400;

/// What is put in the place of what.
#[derive(Clone, Copy)]
pub(super) struct Delivered<'a> {
    pub(super) lists: &'a [StreamedCrl],
    /// Places of lists in use.
    pub(super) retired: &'a [usize],
    pub(super) anchors: &'a [TrustAnchor],
}

/// What the delivery makes of the lists in use.
pub(super) struct Plan {
    parts: Vec<Part>,
    pub(super) fates: Fates,
    /// Entries of the index before, by its parts: 0 where a list stays in use.
    listed: Vec<u64>,
    pub(super) part_width: u8,
    /// Whether every list is in use already.
    pub(super) nothing_new: bool,
}

impl Plan {
    pub(super) fn new(
        delivered: &Delivered<'_>,
        before: Option<&NationalIndex>,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let Delivered {
            lists,
            retired,
            anchors,
        } = *delivered;
        let mut unpinned = false;
        let mut parts: Vec<Part> = lists.iter().map(part).collect();
        let old = before.map_or(&[][..], |index| &index.facts().parts);
        let now = vouched_for(parts.iter().chain(old), now);
        let mut of_parts = vec![Fate::Retained];
        let mut listed = vec![0];
        for (place, earlier) in old.iter().enumerate() {
            let replaced = parts
                .iter()
                .take(lists.len())
                .any(|new| new.scope == earlier.scope && new.issuer_key_hash == earlier.issuer_key_hash);
            // A list of a key that is pinned no longer covers nobody; what it revoked stays revoked.
            let disowned = !anchors
                .iter()
                .any(|anchor| anchor.key_hash() == earlier.issuer_key_hash);
            unpinned |= disowned;
            let outlived = earlier.this_update.plus_seconds(terms.retention_seconds) < now;
            listed.push(if replaced { earlier.kept } else { 0 });
            of_parts.push(if replaced {
                Fate::Missing
            } else if outlived || disowned || retired.contains(&place) {
                Fate::Retained
            } else {
                parts.push(earlier.clone());
                Fate::Stays(u16::try_from(parts.len()).unwrap_or(u16::MAX))
            });
        }
        let limit = terms.max_lists.min(MAX_PARTS);
        if parts.len() > limit {
            return Err(Refusal::TooManyLists { limit });
        }
        let in_use = |list: &StreamedCrl| {
            old.iter().any(|part| {
                part.scope == *list.scope()
                    && part.issuer_key_hash == list.issuer_key_hash()
                    && part.digest == list.digest()
            })
        };
        Ok(Self {
            part_width: match parts.len() {
                1 if before.is_none() => 0,
                0..=255 => 1,
                _ => 2,
            },
            parts,
            fates: Fates {
                of_parts,
                forget_until: packed_date(now.plus_seconds(-terms.retention_seconds).seconds()),
            },
            listed,
            nothing_new: !unpinned && retired.is_empty() && lists.iter().all(in_use),
        })
    }

    /// Whether what was counted may be believed.
    pub(super) fn approve(
        &self,
        tally: &Tally,
        terms: &Terms,
        known_unexpired: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Refusal> {
        if tally.contradictions > 0 {
            return Err(Refusal::Contradiction {
                serials: tally.contradictions,
            });
        }
        for (missing, listed) in tally.missing.iter().zip(&self.listed) {
            let allowed = (listed / 1000)
                .saturating_mul(terms.missing_per_mille)
                .max(terms.missing_at_least);
            if *missing > allowed {
                return Err(Refusal::Shrunken {
                    missing: *missing,
                    listed: *listed,
                    allowed,
                });
            }
        }
        let mut unrevoked = 0;
        let short = tally.missing_short.iter().map(|serial| serial.to_be_bytes());
        for serial in short {
            unrevoked += u64::from(known_unexpired(significant(&serial)));
        }
        for serial in &tally.missing_long {
            unrevoked += u64::from(known_unexpired(significant(serial)));
        }
        if unrevoked > 0 {
            return Err(Refusal::Unrevoked { serials: unrevoked });
        }
        Ok(())
    }

    pub(super) fn manifest(
        &self,
        generation: RevocationGeneration,
        issuer: Vec<u8>,
        built: &mut Built,
    ) -> Manifest {
        let kept = |number: usize| built.tally.kept.get(number).copied().unwrap_or(0);
        let mut parts = self.parts.clone();
        for (number, part) in (1..).zip(&mut parts) {
            part.kept = kept(number);
        }
        Manifest {
            generation,
            issuer,
            retained: kept(0),
            parts,
            part_width: self.part_width,
            only_part: 1,
            slots: std::mem::take(&mut built.slots),
            short: built.short,
            long: built.long,
            long_offset: built.long_offset,
            long_width: built.long_width,
            entries: std::mem::take(&mut built.entries),
            dates: std::mem::take(&mut built.dates),
        }
    }
}

/// The latest moment, not after `now`, that some verified list vouches for: the end of the newest one's dates. A clock that is ahead of
/// every list is no reason to forget anything: what it takes to have expired long ago may be valid today.
fn vouched_for<'a>(parts: impl Iterator<Item = &'a Part>, now: Timestamp) -> Timestamp {
    parts
        .map(|part| {
            let longest = part.this_update.plus_seconds(LONGEST_LIFE);
            let end = part
                .next_update
                .unwrap_or(part.this_update.plus_seconds(ASSUMED_LIFE));
            end.min(longest)
        })
        .max()
        .map_or(now, |end| end.min(now))
}

fn part(list: &StreamedCrl) -> Part {
    Part {
        scope: list.scope().clone(),
        issuer_key_hash: list.issuer_key_hash().to_owned(),
        number: list.number(),
        this_update: list.this_update(),
        next_update: list.next_update(),
        entries: list.entries(),
        kept: 0,
        digest: list.digest().to_vec(),
    }
}

fn significant(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|byte| **byte == 0).count();
    serial.get(zeros..).unwrap_or_default()
}
