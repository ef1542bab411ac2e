//! Lists of national size: written entry by entry, so that the writer needs no more memory than a small list's.
//!
//! The entries come from an iterator that is walked twice, once for the lengths that DER wants before the content, once for the
//! content. Signed with RSA, as the real lists are.

use std::io::Write;

use aws_lc_rs::digest::{Context, SHA256};
use domain::Timestamp;
use time::OffsetDateTime;

use crate::SimError;
use crate::asn1;
use crate::authority::Authority;
use crate::crl::{CrlFacts, Entry, RevocationReason, extensions};
use crate::keys::sha256_digest_info_of;

/// Content of the reason's extension up to its code.
const REASON: [u8; 13] = [
    0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01,
];

/// In which order a list names its certificates. Which one the real lists have is not published.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Order {
    /// By serial number.
    Rising,
    /// As if by date: serial numbers jump about the whole range.
    Scattered,
}

/// The revoked certificates of an imagined nation: as many of as many as asked for, spread evenly, with dates over five years and
/// every reason. Repeatable: the same numbers give the same entries.
#[derive(Clone, Debug)]
pub struct Nation {
    revoked: u64,
    stride: u64,
    order: Order,
    until: Timestamp,
    next: u64,
}

impl Nation {
    /// `revoked` of `issued` certificates; the last one on the day `until`.
    pub fn new(revoked: u64, issued: u64, order: Order, until: Timestamp) -> Self {
        Self {
            revoked,
            stride: (issued / revoked.max(1)).max(1),
            order,
            until,
            next: 0,
        }
    }

    /// The entry of a place in the order of serial numbers.
    pub fn entry(&self, place: u64) -> Entry {
        let chance = mixed(place);
        let reason = match chance % 16 {
            0 => RevocationReason::Unspecified,
            1 => RevocationReason::KeyCompromise,
            2 => RevocationReason::CertificateHold,
            3..=5 => RevocationReason::CessationOfOperation,
            6..=10 => RevocationReason::AffiliationChanged,
            _ => RevocationReason::Superseded,
        };
        let seconds = (chance >> 8) % (5 * 365 * 86_400);
        Entry {
            serial: place * self.stride + (chance >> 40) % self.stride + 1,
            at: self.until.plus_seconds(-i64::try_from(seconds).unwrap_or(0)),
            reason,
        }
    }
}

impl Iterator for Nation {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if self.next >= self.revoked {
            return None;
        }
        let place = match self.order {
            Order::Rising => self.next,
            Order::Scattered => scattered(self.next, self.revoked),
        };
        self.next += 1;
        Some(self.entry(place))
    }
}

/// A permutation of 0 to count: steps of a prime that does not divide the count.
fn scattered(place: u64, count: u64) -> u64 {
    let step = [7_368_787, 15_485_863, 32_452_843]
        .into_iter()
        .find(|prime| !count.is_multiple_of(*prime))
        .unwrap_or(1);
    u64::try_from(u128::from(place) * u128::from(step) % u128::from(count)).unwrap_or(0)
}

/// splitmix64, by Sebastiano Vigna: even enough for a simulation.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Writes a signed list; how many bytes.
pub fn write_crl(
    authority: &Authority,
    facts: &CrlFacts,
    entries: impl Iterator<Item = Entry> + Clone,
    out: &mut dyn Write,
) -> Result<u64, SimError> {
    let algorithm = authority.key.signature_algorithm();
    let mut before = [
        asn1::integer(1),
        algorithm.clone(),
        authority.name.clone(),
        asn1::time(facts.this_update),
        facts.next_update.map(asn1::time).unwrap_or_default(),
    ]
    .concat();
    let after = asn1::context(0, &asn1::sequence(&extensions(authority, facts)));
    let mut room = Vec::with_capacity(64);
    let mut listed = 0;
    for entry in entries.clone() {
        room.clear();
        encode(&entry, &mut room);
        listed += room.len();
    }
    if listed > 0 {
        before.extend_from_slice(&asn1::head(asn1::SEQUENCE, listed));
    }
    let signed = before.len() + listed + after.len();
    let mut head = asn1::head(asn1::SEQUENCE, signed);
    head.extend_from_slice(&before);
    let tbs = head.len() + listed + after.len();
    // An RSA signature has one length: the first one made is only measured.
    let measured = asn1::bit_string(0, &authority.key.sign_pkcs1v15(&sha256_digest_info_of(&[0; 32]))?);
    let whole = asn1::head(asn1::SEQUENCE, tbs + algorithm.len() + measured.len());

    let failed = |error: std::io::Error| SimError::Request(format!("cannot write a list: {error}"));
    let mut digest = Context::new(&SHA256);
    let mut block = Vec::with_capacity(1 << 20);
    out.write_all(&whole).map_err(failed)?;
    block.extend_from_slice(&head);
    for entry in entries {
        encode(&entry, &mut block);
        if block.len() > (1 << 20) - 64 {
            digest.update(&block);
            out.write_all(&block).map_err(failed)?;
            block.clear();
        }
    }
    block.extend_from_slice(&after);
    digest.update(&block);
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.finish().as_ref());
    let signature = authority.key.sign_pkcs1v15(&sha256_digest_info_of(&hash))?;
    block.extend_from_slice(&algorithm);
    block.extend_from_slice(&asn1::bit_string(0, &signature));
    out.write_all(&block).map_err(failed)?;
    let bytes = whole.len() + tbs + algorithm.len() + measured.len();
    Ok(u64::try_from(bytes).unwrap_or(u64::MAX))
}

/// Appends an entry, without the many small vectors that [`asn1`] would make.
fn encode(entry: &Entry, out: &mut Vec<u8>) {
    let bytes = entry.serial.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count().min(7);
    let significant = bytes.get(zeros..).unwrap_or_default();
    let sign = usize::from(significant.first().is_some_and(|first| *first >= 0x80));
    let digits = significant.len() + sign;
    let time = time_of(entry.at);
    let has_reason = entry.reason != RevocationReason::Unspecified;
    let reason = if has_reason { REASON.len() + 1 } else { 0 };
    let short = |length: usize| u8::try_from(length).unwrap_or(0x7f);
    out.extend_from_slice(&[asn1::SEQUENCE, short(2 + digits + 15 + reason), 2, short(digits)]);
    out.extend_from_slice([0].get(..sign).unwrap_or_default());
    out.extend_from_slice(significant);
    out.extend_from_slice(&time);
    if has_reason {
        out.extend_from_slice(&REASON);
        out.push(entry.reason.code());
    }
}

/// UTCTime; what lies outside its century is pressed into it.
fn time_of(at: Timestamp) -> [u8; 15] {
    let moment = OffsetDateTime::from_unix_timestamp(at.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let year = u8::try_from(moment.year().rem_euclid(100)).unwrap_or(0);
    let mut out = *b"\x17\x0dYYMMDDHHMMSSZ";
    let numbers = [
        year,
        u8::from(moment.month()),
        moment.day(),
        moment.hour(),
        moment.minute(),
        moment.second(),
    ];
    for (place, number) in out
        .iter_mut()
        .skip(2)
        .zip(numbers.into_iter().flat_map(|number| [number / 10, number % 10]))
    {
        *place = b'0' + number;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::{CaKind, Hierarchy};
    use crate::crl::crl;
    use crate::keys::KeyCache;
    use crate::simulation::Simulation;

    #[test]
    fn it_is_the_list_that_the_other_writer_makes() {
        let world = Simulation::in_memory("national", KeyCache::shared());
        let authority = world
            .authority(Hierarchy::Test, CaKind::UserAuthentication, 3)
            .unwrap();
        let until = Timestamp::from_seconds(1_795_000_000);
        let facts = CrlFacts {
            number: 7,
            this_update: until,
            next_update: Some(until.plus_seconds(86_400)),
            distribution_point: None,
        };
        for (count, order) in [(0, Order::Rising), (3, Order::Rising), (40_000, Order::Scattered)] {
            let nation = Nation::new(count, count * 10, order, until);
            let mut streamed = Vec::new();
            let bytes = write_crl(&authority, &facts, nation.clone(), &mut streamed).unwrap();
            assert_eq!(bytes, u64::try_from(streamed.len()).unwrap());
            let collected: Vec<Entry> = nation.collect();
            assert!(
                streamed == crl(&authority, &facts, &collected).unwrap(),
                "{count}"
            );
        }
    }

    #[test]
    fn every_certificate_is_revoked_once() {
        let until = Timestamp::from_seconds(1_795_000_000);
        let of = |order| -> Vec<u64> {
            Nation::new(10_000, 100_000, order, until)
                .map(|entry| entry.serial)
                .collect()
        };
        let rising = of(Order::Rising);
        assert!(rising.is_sorted_by(|a, b| a < b) && *rising.last().unwrap() <= 100_000);
        let mut scattered = of(Order::Scattered);
        assert!(!scattered.is_sorted());
        scattered.sort_unstable();
        assert_eq!(rising, scattered);
    }
}
