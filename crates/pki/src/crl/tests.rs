//! The walk over entries meets any bytes: here without the signature that stands before it.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_walk_panic_or_go_on_after_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut failed = false;
        for entry in CrlEntries::new(&bytes) {
            prop_assert!(!failed);
            failed = entry.is_err();
        }
    }

    #[test]
    fn changed_entries_never_panic_and_lose_nothing_before_the_change(
        place in 0_usize..102, value in any::<u8>(),
    ) {
        // Three entries of 34 bytes: serial number, time, reason superseded.
        let entry = b"\x30\x20\x02\x01\x05\x17\x0d261121000000Z\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x04";
        let mut bytes = entry.repeat(3);
        let length = entry.len();
        let place = place % bytes.len();
        bytes[place] = value;
        let whole_before = place / length;
        let good = CrlEntries::new(&bytes).take_while(Result::is_ok).count();
        prop_assert!(good >= whole_before);
    }
}

#[test]
fn the_sample_of_the_property_is_an_entry() {
    let entry =
        b"\x30\x20\x02\x01\x05\x17\x0d261121000000Z\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x04";
    let read: Vec<_> = CrlEntries::new(entry).collect();
    assert_eq!(read.len(), 1);
    let read = read[0].clone().ok().unwrap();
    assert_eq!(
        (read.serial, read.reason),
        (&[5][..], RevocationReason::Superseded)
    );
}
