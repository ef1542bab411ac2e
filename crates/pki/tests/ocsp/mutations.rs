//! No byte of a believed answer may change without being noticed, and no bytes at all make the reader panic.

use pki::ocsp::{OcspReason, OcspStatus};
use proptest::prelude::*;

use crate::maker::{now, revoked, tlv};
use crate::rules::World;

/// Every byte, every bit: whatever still verifies says the same. (Only bytes outside the signature may change at all: the
/// unsigned envelope has none that keep it readable, and a second certificate's are not looked at.)
#[test]
fn no_changed_bit_changes_what_is_believed() {
    let world = World::new();
    let mut answer = world.answer();
    answer.singles[0].status = revoked(now(), Some(4));
    let bytes = answer.sign(&world.responder.0);
    let expected = world.judge(&bytes).unwrap();
    let mut survived = 0;
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[place] ^= 1 << bit;
            if let Ok(read) = world.judge(&changed) {
                survived += 1;
                assert_eq!(read, expected, "byte {place} bit {bit}");
            }
        }
    }
    assert_eq!(survived, 0, "a changed answer still verifies");
}

#[test]
fn every_cut_is_refused() {
    let world = World::new();
    let bytes = world.answer().sign(&world.responder.0);
    assert!(world.judge(&bytes).is_ok());
    for length in 0..bytes.len() {
        assert!(world.judge(&bytes[..length]).is_err(), "{length}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(world.judge(&longer).is_err());
}

/// Elements within elements, 10,000 deep, in every place where one is read: the reader does not recurse.
#[test]
fn depth_costs_nothing() {
    let world = World::new();
    let mut deep = vec![5, 0];
    while deep.len() < 30_000 {
        deep = tlv(0x30, &deep);
    }
    let refused = |change: &dyn Fn(&mut crate::maker::Answer)| {
        let mut answer = world.answer();
        change(&mut answer);
        let read = world.judge(&answer.sign(&world.responder.0));
        assert!(read.is_err());
    };
    assert!(world.judge(&deep).is_err());
    refused(&|answer| answer.responder = tlv(0xa1, &deep));
    refused(&|answer| answer.produced_at.clone_from(&deep));
    refused(&|answer| answer.singles[0].cert_id.clone_from(&deep));
    refused(&|answer| answer.singles[0].status.clone_from(&deep));
    refused(&|answer| answer.singles[0].extensions = vec![deep.clone()]);
    refused(&|answer| answer.certificates = vec![deep.clone()]);
    refused(&|answer| answer.extensions = vec![deep.clone()]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_refused_quietly(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        thread_local!(static WORLD: World = World::new());
        prop_assert!(WORLD.with(|world| world.judge(&bytes)).is_err());
    }

    /// Signed rubbish: a responder gone mad must not get further than a typed refusal.
    #[test]
    fn rubbish_that_is_signed_is_refused_quietly(
        place in any::<prop::sample::Index>(), removed in 0_usize..8,
        inserted in proptest::collection::vec(any::<u8>(), 0..8),
    ) {
        thread_local!(static WORLD: World = World::new());
        WORLD.with(|world| {
            let answer = world.answer();
            let mut data = answer.data();
            let at = place.index(data.len());
            let end = (at + removed).min(data.len());
            data.splice(at..end, inserted.iter().copied());
            let whole = crate::maker::signed_data(&answer, &data, &world.responder.0);
            match world.judge(&whole) {
                Err(_) => {}
                Ok(read) => assert_eq!(read.status(), OcspStatus::Good),
            }
        });
    }
}

#[test]
fn a_huge_answer_is_refused_before_it_is_read() {
    let world = World::new();
    let huge = tlv(0x30, &vec![0; 1 << 20]);
    assert_eq!(
        world.judge(&huge).unwrap_err(),
        OcspReason::TooLarge { limit: 32 * 1024 }
    );
}
