//! The memory's rules, one row each.

use pki::{RevocationReason, SerialNumber};

use super::*;

const T: Timestamp = Timestamp::from_seconds(1_795_000_000);

fn name(serial: u32) -> CertificateName {
    CertificateName {
        ca_kind: jpki::CaKind::UserAuthentication,
        issuer_key_hash: "ab".repeat(32),
        serial: SerialNumber::from_bytes(&serial.to_be_bytes()).unwrap(),
    }
}

fn revoked(at: i64) -> OcspStatus {
    OcspStatus::Revoked {
        reason: RevocationReason::CertificateHold,
        at: T.plus_seconds(at),
    }
}

/// An answer of `responder`, produced and updated `of` seconds after T, usable for ten minutes.
fn answer(responder: &str, status: OcspStatus, of: i64, nonce_matched: bool) -> Remembered {
    let this_update = T.plus_seconds(of);
    Remembered {
        status,
        valid_until: this_update.plus_seconds(600),
        links: Links::default(),
        evidence: Arc::new(StatusEvidence {
            responder: responder.to_owned(),
            responder_key_hash: format!("key of {responder}"),
            produced_at: this_update,
            this_update,
            next_update: None,
            verified_at: this_update,
            nonce_matched,
            request: Vec::new(),
            response: Vec::new(),
        }),
    }
}

fn after(taken: &TakenIn) -> &'static str {
    match taken {
        TakenIn::Kept(_) => "kept",
        TakenIn::Replayed { .. } => "replayed",
        TakenIn::Contradiction { .. } => "contradiction",
    }
}

#[test]
fn what_is_remembered_is_used_within_its_dates_only() {
    let memory = Memory::new(10, 60, 900);
    let find = |seconds: i64, age: Option<i64>| {
        memory
            .find(&name(1), T.plus_seconds(seconds), age)
            .map(|found| found.status)
    };
    assert_eq!(find(0, None), None);
    memory.take_in(&name(1), answer("one", OcspStatus::Good, 0, true), T);
    assert_eq!(find(0, None), Some(OcspStatus::Good));
    assert_eq!(find(60, None), Some(OcspStatus::Good));
    assert_eq!(find(61, None), None, "the configured maximum");
    assert_eq!(find(30, Some(30)), Some(OcspStatus::Good));
    assert_eq!(find(31, Some(30)), None, "older than the question allows");
    assert_eq!(find(-2, None), None, "a clock that was set back");
    let short = Remembered {
        valid_until: T.plus_seconds(5),
        ..answer("one", OcspStatus::Good, 0, true)
    };
    memory.take_in(&name(2), short, T);
    let find = |seconds| memory.find(&name(2), T.plus_seconds(seconds), None).is_some();
    assert!(find(5) && !find(6), "never beyond nextUpdate");
    let none = Memory::new(10, 0, 900);
    none.take_in(&name(1), answer("one", OcspStatus::Good, 0, true), T);
    assert!(none.find(&name(1), T, None).is_none(), "zero asks every time");
    memory.take_in(&name(3), answer("one", OcspStatus::Unknown, 0, true), T);
    assert!(
        memory.find(&name(3), T, None).is_none(),
        "unknown decides nothing"
    );
}

#[test]
fn revoked_is_for_good_also_on_hold() {
    let memory = Memory::new(10, 0, 900);
    memory.take_in(&name(1), answer("one", revoked(-5), 0, true), T);
    for (seconds, age) in [
        (0, None),
        (10_000_000, None),
        (10_000_000, Some(1)),
        (-5, Some(0)),
    ] {
        let found = memory.find(&name(1), T.plus_seconds(seconds), age);
        assert_eq!(found.map(|found| found.status), Some(revoked(-5)), "{seconds}");
    }
    // Neither "good" nor another revocation displaces it.
    let good = memory.take_in(
        &name(1),
        answer("one", OcspStatus::Good, 100, true),
        T.plus_seconds(100),
    );
    assert_eq!(after(&good), "contradiction");
    let other = memory.take_in(
        &name(1),
        answer("two", revoked(50), 100, true),
        T.plus_seconds(100),
    );
    assert_eq!(after(&other), "kept");
    let found = memory.find(&name(1), T, None).unwrap();
    assert_eq!(found.status, revoked(-5));
}

#[test]
fn contradictions_and_news_are_told_apart() {
    let good = OcspStatus::Good;
    let unknown = OcspStatus::Unknown;
    // (first by, status, of) (second by, status, of): the verdict on the second, what is remembered.
    for (first, second, verdict, kept) in [
        (("one", good, 0), ("two", good, 0), "kept", Some(good)),
        (("one", good, 0), ("two", unknown, 0), "kept", Some(good)),
        (("one", unknown, 0), ("two", unknown, 0), "kept", None),
        (("one", unknown, 0), ("two", good, 0), "kept", Some(good)),
        (
            ("one", revoked(-5), 0),
            ("two", unknown, 0),
            "kept",
            Some(revoked(-5)),
        ),
        // "Good" after "revoked": never from the same one; from another one it is lag, for a while.
        (
            ("one", revoked(-5), 0),
            ("one", good, 50),
            "contradiction",
            Some(revoked(-5)),
        ),
        (
            ("one", revoked(-5), 0),
            ("one", good, -50),
            "contradiction",
            Some(revoked(-5)),
        ),
        (
            ("one", revoked(-5), 0),
            ("two", good, 895),
            "kept",
            Some(revoked(-5)),
        ),
        (
            ("one", revoked(-5), 0),
            ("two", good, 896),
            "contradiction",
            Some(revoked(-5)),
        ),
        // "Revoked" after "good": news, if the "good" is older ...
        (
            ("one", good, 0),
            ("one", revoked(10), 20),
            "kept",
            Some(revoked(10)),
        ),
        (
            ("one", good, 0),
            ("one", revoked(-5000), 20),
            "kept",
            Some(revoked(-5000)),
        ),
        (
            ("one", good, 0),
            ("one", revoked(-5000), -1),
            "contradiction",
            Some(revoked(-5000)),
        ),
        // ... but not longer after the revocation than another responder may lag.
        (
            ("one", good, 0),
            ("two", revoked(-900), 20),
            "kept",
            Some(revoked(-900)),
        ),
        (
            ("one", good, 0),
            ("two", revoked(-901), 20),
            "contradiction",
            Some(revoked(-901)),
        ),
        (
            ("one", good, 0),
            ("two", revoked(-5), -1),
            "kept",
            Some(revoked(-5)),
        ),
    ] {
        let memory = Memory::new(10, 60, 900);
        let put = |(by, status, of): (&str, OcspStatus, i64)| {
            let taken = memory.take_in(&name(1), answer(by, status, of, true), T);
            if let TakenIn::Kept(kept) = &taken {
                // Whoever asks after a revocation never gets the "good".
                let last = memory.find(&name(1), T, None);
                assert!(kept.status != good || last.is_some_and(|last| last.status == good));
            }
            after(&taken)
        };
        assert_eq!(put(first), "kept");
        assert_eq!(put(second), verdict, "{first:?} {second:?}");
        let found = memory.find(&name(1), T, None).map(|found| found.status);
        assert_eq!(found, kept, "{first:?} {second:?}");
    }
}

#[test]
fn an_older_answer_without_nonce_is_a_replay() {
    let memory = Memory::new(10, 0, 900);
    let put = |by: &str, of: i64, nonce| {
        after(&memory.take_in(&name(1), answer(by, OcspStatus::Good, of, nonce), T))
    };
    assert_eq!(put("one", 0, false), "kept");
    assert_eq!(put("one", 0, false), "kept", "the same one again is not older");
    assert_eq!(put("one", -1, false), "replayed");
    assert_eq!(put("two", -1, false), "kept", "another responder's schedule");
    assert_eq!(
        put("one", -1, true),
        "kept",
        "made for this question: its clock was set back"
    );
    assert_eq!(put("one", -1, false), "replayed", "which forgets nothing");
    assert_eq!(put("one", 5, false), "kept");
    assert_eq!(put("one", 4, false), "replayed");
    // One certificate's answers say nothing about another's.
    let other = memory.take_in(&name(2), answer("one", OcspStatus::Good, -9, false), T);
    assert_eq!(after(&other), "kept");
}

#[test]
fn the_memory_is_bounded_and_keeps_what_is_used() {
    let memory = Memory::new(100, 600, 900);
    for serial in 1..10_000 {
        memory.take_in(&name(serial), answer("one", OcspStatus::Good, 0, true), T);
        assert!(memory.len() <= 100, "{serial}");
        assert!(memory.find(&name(1), T, None).is_some(), "{serial}");
    }
    assert!(memory.find(&name(2), T, None).is_none());
    for key in 0..100 {
        memory.take_in(&name(1), answer(&key.to_string(), OcspStatus::Good, 0, true), T);
    }
    let halves = memory.halves.lock().unwrap();
    assert!(halves.young.get(&name(1)).unwrap().seen.len() <= MAX_KEYS);
}
