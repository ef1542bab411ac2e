//! The index itself: sorted arrays, one for serial numbers of up to eight bytes, one for longer ones.

use std::fmt;

use domain::{RevocationGeneration, Timestamp};
use pki::{Crl, CrlNumber, CrlScope, Name, RevocationReason, SerialNumber};

use crate::freshness::Coverage;

/// Why lists were not taken in. The index in use stays in use.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// An index from no list would call everything good.
    NoLists,
    /// The lists have different issuers, or another than those in use.
    DifferentIssuers,
    /// A list is older than the one in use for the same certificates: its cRLNumber or its thisUpdate is lower, or it lost
    /// its cRLNumber.
    Older {
        /// thisUpdate of the list in use.
        in_use: Timestamp,
        /// thisUpdate of the list offered.
        offered: Timestamp,
    },
    /// An entry could not be read.
    Entry(pki::Reason),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLists => f.write_str("no list given"),
            Self::DifferentIssuers => f.write_str("lists of different issuers"),
            Self::Older { in_use, offered } => {
                write!(
                    f,
                    "the list of {offered} is older than the one of {in_use} in use"
                )
            }
            Self::Entry(reason) => write!(f, "an entry: {reason}"),
        }
    }
}

impl std::error::Error for Reason {}

/// What is known about a serial number. Whether the lists are fresh and speak about the certificate at all is another
/// question: [`RevocationIndex::coverage`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// On no list.
    Good,
    /// On a list. Final, certificateHold included: JPKI never releases one (facts §2).
    Revoked {
        /// Why.
        reason: RevocationReason,
        /// When.
        at: Timestamp,
    },
}

#[derive(Clone, Copy)]
struct Fact {
    at: Timestamp,
    reason: RevocationReason,
}

#[derive(Clone)]
struct Part {
    issuer_key_hash: String,
    scope: CrlScope,
    number: Option<CrlNumber>,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
}

/// Everything that the current lists of one authority say. Immutable: a new delivery makes a new index.
pub struct RevocationIndex {
    issuer: Name,
    generation: RevocationGeneration,
    parts: Vec<Part>,
    short: Vec<(u64, Fact)>,
    long: Vec<(Vec<u8>, Fact)>,
}

impl RevocationIndex {
    /// Builds the index of one delivery: all current lists of one issuer, whichever key generation signed them.
    ///
    /// `last` is the highest generation ever in use (it outlives the process); `in_use` is the index that this one will
    /// replace, whose lists must not be newer than those of the delivery.
    pub fn build(
        delivery: &[Crl<'_>],
        last: RevocationGeneration,
        in_use: Option<&Self>,
    ) -> Result<Self, Reason> {
        let first = delivery.first().ok_or(Reason::NoLists)?;
        let issuer = first.issuer().clone();
        let same = |other: &Name| *other == issuer;
        if !delivery.iter().all(|list| same(list.issuer()))
            || in_use.is_some_and(|index| !same(&index.issuer))
        {
            return Err(Reason::DifferentIssuers);
        }
        let mut parts = Vec::with_capacity(delivery.len());
        let mut short = Vec::new();
        let mut long = Vec::new();
        for list in delivery {
            let part = Part {
                issuer_key_hash: list.issuer_key_hash().to_owned(),
                scope: list.scope().clone(),
                number: list.number(),
                this_update: list.this_update(),
                next_update: list.next_update(),
            };
            if let Some(index) = in_use {
                index.refuse_older(&part)?;
            }
            parts.push(part);
            for entry in list.entries() {
                let entry = entry.map_err(Reason::Entry)?;
                let fact = Fact {
                    at: entry.revoked_at,
                    reason: entry.reason,
                };
                match as_number(entry.serial) {
                    Some(number) => short.push((number, fact)),
                    None => long.push((entry.serial.to_vec(), fact)),
                }
            }
        }
        // A serial number on two lists counts as revoked at the earlier date.
        short.sort_unstable_by_key(|(serial, fact): &(u64, Fact)| (*serial, fact.at));
        short.dedup_by_key(|(serial, _)| *serial);
        long.sort_unstable_by(|(a, fact_a): &(Vec<u8>, Fact), (b, fact_b)| {
            (a, fact_a.at).cmp(&(b, fact_b.at))
        });
        long.dedup_by(|(a, _), (b, _)| a == b);
        short.shrink_to_fit();
        let before = in_use.map_or(last, |index| index.generation.max(last));
        let generation = RevocationGeneration(before.0.saturating_add(1));
        Ok(Self {
            issuer,
            generation,
            parts,
            short,
            long,
        })
    }

    /// A list is compared with the one of the same scope and the same key, by number and date. Where the authority
    /// signs with another key than before, numbers tell nothing, and the date is compared with every list of the scope.
    fn refuse_older(&self, offered: &Part) -> Result<(), Reason> {
        let of_scope = || self.parts.iter().filter(|part| part.scope == offered.scope);
        let same_key = of_scope().find(|part| part.issuer_key_hash == offered.issuer_key_hash);
        let newer = match same_key {
            Some(part) if part.this_update > offered.this_update || part.number > offered.number => {
                Some(part)
            }
            Some(_) => None,
            None => of_scope().find(|part| part.this_update > offered.this_update),
        };
        match newer {
            None => Ok(()),
            Some(part) => Err(Reason::Older {
                in_use: part.this_update,
                offered: offered.this_update,
            }),
        }
    }

    /// Rises with every index built after another.
    pub fn generation(&self) -> RevocationGeneration {
        self.generation
    }

    /// What the lists say about a serial number.
    pub fn lookup(&self, serial: &SerialNumber) -> Status {
        let bytes = serial.expose_bytes();
        let fact = match as_number(bytes) {
            Some(number) => find(&self.short, |(key, _)| key.cmp(&number)),
            None => find(&self.long, |(key, _)| key.as_slice().cmp(bytes)),
        };
        fact.map_or(Status::Good, |fact| Status::Revoked {
            reason: fact.reason,
            at: fact.at,
        })
    }

    /// The dates of the lists that speak about a certificate with these cRLDistributionPoints (DER GeneralNames): the
    /// oldest, where several do; none where no list covers it, and then [`Self::lookup`] means nothing.
    pub fn coverage(&self, distribution_points: &[Vec<u8>]) -> Option<Coverage> {
        oldest(
            self.parts
                .iter()
                .filter(|part| part.scope.covers(distribution_points)),
        )
    }

    /// The dates of the oldest list: for asking again about a certificate that was covered when it signed in.
    pub fn oldest_coverage(&self) -> Option<Coverage> {
        oldest(self.parts.iter())
    }

    /// How many serial numbers are revoked.
    pub fn len(&self) -> usize {
        self.short.len() + self.long.len()
    }

    /// Whether nothing is revoked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for RevocationIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationIndex")
            .field("generation", &self.generation)
            .field("lists", &self.parts.len())
            .field("revoked", &self.len())
            .finish_non_exhaustive()
    }
}

fn oldest<'a>(parts: impl Iterator<Item = &'a Part>) -> Option<Coverage> {
    // Without nextUpdate a list ends by policy, counted from thisUpdate; it sorts by that date.
    parts
        .min_by_key(|part| (part.next_update.unwrap_or(part.this_update), part.this_update))
        .map(|part| Coverage {
            this_update: part.this_update,
            next_update: part.next_update,
        })
}

fn find<K>(sorted: &[(K, Fact)], order: impl Fn(&(K, Fact)) -> std::cmp::Ordering) -> Option<Fact> {
    let place = sorted.binary_search_by(order).ok()?;
    sorted.get(place).map(|(_, fact)| *fact)
}

/// Serial numbers of up to eight bytes as numbers (JPKI's are below 2^32 today, which is LIKELY to stay).
fn as_number(bytes: &[u8]) -> Option<u64> {
    let mut whole = [0; 8];
    let start = whole.len().checked_sub(bytes.len())?;
    whole.get_mut(start..)?.copy_from_slice(bytes);
    Some(u64::from_be_bytes(whole))
}
