use domain::{Entropy, Fact};
use store::memory::MemoryEphemera;

use super::*;
use crate::exchanges::{Judged, JudgedRule};

const NOW: Timestamp = Timestamp::from_seconds(1_000);

/// Counts up, so that no two references are alike.
struct Counting(std::sync::atomic::AtomicU32);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        let mut number = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        for octet in buffer {
            // A reference begins with one of 22 letters.
            *octet = u8::try_from(number % 22).unwrap_or_default();
            number /= 22;
        }
    }
}

fn made(entropy: &Counting, proven: bool, at: i64) -> Exchange {
    Exchange {
        reference: Reference::generate(entropy),
        at: Timestamp::from_seconds(at),
        ..sample("K7Q2M-9XW4T", proven)
    }
}

#[tokio::test]
async fn a_ring_is_bounded_and_the_oldest_go() {
    let (ephemera, entropy) = (MemoryEphemera::default(), Counting(0.into()));
    let mut all = Vec::new();
    for at in 0..200 {
        let one = made(&entropy, true, at);
        place(&ephemera, &one, Ring::Proven, NOW).await.unwrap();
        all.push(one);
    }
    let owner = Owner::of(&all[0]);
    let kept = recent(&ephemera, &owner, NOW).await.unwrap();
    assert_eq!(kept.len(), 64);
    assert_eq!(kept[0], all[199]);
    assert_eq!(kept[63], all[136]);
    assert_eq!(find(&ephemera, &all[135].reference, NOW).await.unwrap(), None);
    assert!(
        ephemera.held().await.unwrap() <= 64 * 2 + 1,
        "nothing is left behind"
    );
    let later = NOW.plus_seconds(KEPT_SECONDS);
    assert_eq!(find(&ephemera, &all[199].reference, later).await.unwrap(), None);
}

#[tokio::test]
async fn strangers_push_out_strangers_of_their_corner_alone() {
    let (ephemera, entropy) = (MemoryEphemera::default(), Counting(0.into()));
    let own = made(&entropy, true, 1);
    let other = made(&entropy, false, 2);
    place(&ephemera, &own, Ring::Proven, NOW).await.unwrap();
    place(&ephemera, &other, Ring::Corner(3), NOW).await.unwrap();
    for at in 0..500 {
        let forged = made(&entropy, false, at);
        place(&ephemera, &forged, Ring::Corner(4), NOW).await.unwrap();
    }
    let kept = recent(&ephemera, &Owner::of(&own), NOW).await.unwrap();
    assert!(kept.contains(&own) && kept.contains(&other));
    assert_eq!(kept.len(), 2 + 12);
}

#[tokio::test]
async fn one_owner_does_not_see_anothers() {
    let (ephemera, entropy) = (MemoryEphemera::default(), Counting(0.into()));
    let own = made(&entropy, true, 1);
    let mut theirs = made(&entropy, true, 1);
    theirs.service = None;
    for one in [&own, &theirs] {
        place(&ephemera, one, Ring::Proven, NOW).await.unwrap();
    }
    assert_eq!(recent(&ephemera, &Owner::Nobody, NOW).await.unwrap(), [theirs]);
}

#[test]
fn a_record_is_bounded_in_size() {
    let mut long = sample("K7Q2M-9XW4T", true);
    long.rules = vec![JudgedRule::new("a_rule", "RFC 1", Judged::Refused)];
    let facts = (0..200).map(|_| Fact::text("x", &"y".repeat(200))).collect();
    let long = long.with_facts(facts);
    let kept: Exchange = serde_json::from_slice(&octets(&long)).unwrap();
    assert!(kept.rules[0].facts.is_empty());
    assert_eq!(kept.reason, long.reason);
}

#[test]
fn networks_are_those_of_one_party() {
    let at = |text: &str| network(text.parse().unwrap()).to_string();
    assert_eq!(at("192.0.2.1"), at("::ffff:192.0.2.200"));
    assert_ne!(at("192.0.2.1"), at("192.0.3.1"));
    assert_eq!(at("2001:db8:1::1"), at("2001:db8:1:ffff::2"));
    assert_ne!(at("2001:db8:1::1"), at("2001:db8:2::1"));
}
