//! What each fault does to the lists on the wire.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::server::{Jlis, sha256_hex};

/// One whole list per authority with four revoked of each, and yesterday's with two.
fn prepared() -> Jlis {
    let jlis = Jlis::start();
    jlis.write_authorities();
    let publish = |age: i64| {
        jlis.control(
            "publish",
            json!({"partitioning": "whole", "age_seconds": age, "valid_seconds": 86_400}),
        );
    };
    for count in 0..4 {
        let (person, _, _) = jlis.person();
        jlis.control("lose", json!({ "person": person }));
        if count == 1 {
            publish(3600);
        }
    }
    publish(0);
    jlis
}

/// What OpenSSL reads in a list.
#[derive(Debug)]
struct Read {
    verified: bool,
    serials: Vec<String>,
    said: String,
    bytes: Vec<u8>,
}

fn read(jlis: &Jlis, name: &str) -> Read {
    let answer = jlis.get(&format!("/v1/crl/{name}"));
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let authority = if name.starts_with("auth") {
        "auth.pem"
    } else {
        "sign.pem"
    };
    let (verified, said) = jlis.openssl_crl(&answer.body, authority);
    Read {
        verified,
        serials: said
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Serial Number: "))
            .map(str::to_owned)
            .collect(),
        said,
        bytes: answer.body,
    }
}

fn line(read: &Read, beginning: &str) -> String {
    read.said
        .lines()
        .find_map(|line| line.trim().strip_prefix(beginning))
        .unwrap_or_else(|| panic!("no {beginning} in {}", read.said))
        .to_owned()
}

fn crl_number(read: &Read) -> u64 {
    let (_, rest) = read.said.split_once("X509v3 CRL Number:").unwrap();
    rest.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn entries_go_missing_come_twice_and_come_in_masses() {
    let jlis = prepared();
    let good = read(&jlis, "auth-0001.crl");
    assert!(good.verified);
    assert_eq!(good.serials.len(), 4);

    jlis.fault("crl-shrunken");
    let seen = read(&jlis, "auth-0001.crl");
    assert!(seen.verified, "properly signed");
    assert_eq!(seen.serials, [good.serials[1].clone(), good.serials[3].clone()]);
    assert_eq!(crl_number(&seen), crl_number(&good));

    jlis.fault("crl-unrevocation");
    let seen = read(&jlis, "auth-0001.crl");
    assert!(seen.verified);
    assert_eq!(seen.serials, good.serials[1..]);

    jlis.fault("crl-remove-from-crl");
    let seen = read(&jlis, "auth-0001.crl");
    assert!(seen.verified && seen.serials == good.serials);
    assert_eq!(seen.said.matches("Remove From CRL").count(), 1);

    jlis.fault("crl-duplicate-serials");
    let seen = read(&jlis, "auth-0001.crl");
    assert!(seen.verified);
    assert_eq!(seen.serials.len(), 8);
    assert_eq!(seen.serials[0], seen.serials[1]);
    assert_eq!(seen.said.matches("Key Compromise").count(), 4);

    jlis.fault_with("crl-huge", json!(5000));
    let seen = read(&jlis, "auth-0001.crl");
    assert!(seen.verified);
    assert_eq!(seen.serials.len(), 5004);

    jlis.no_fault();
    assert_eq!(
        read(&jlis, "auth-0001.crl").bytes,
        good.bytes,
        "as if nothing had been"
    );
}

#[test]
fn dates_are_wrong_and_yesterdays_lists_come_back() {
    let jlis = prepared();
    let good = read(&jlis, "auth-0001.crl");

    jlis.fault("crl-replayed");
    let seen = read(&jlis, "auth-0001.crl");
    assert!(seen.verified);
    assert_eq!(seen.serials.len(), 2, "as it was then");
    assert!(crl_number(&seen) < crl_number(&good));

    jlis.write("good.crl", &good.bytes);
    for (fault, word) in [("crl-late", "expired"), ("crl-future", "not yet valid")] {
        jlis.fault(fault);
        let seen = read(&jlis, "auth-0001.crl");
        assert!(seen.verified && seen.serials == good.serials, "{fault}");
        // OpenSSL's path check looks at the dates that `openssl crl` ignores.
        jlis.write("both.pem", {
            let (_, pem) = jlis.openssl(&["crl", "-inform", "DER", "-in", "list.crl"]);
            pem
        });
        let (_, authentication, _) = jlis.person();
        jlis.write("ee.pem", sim::pem("CERTIFICATE", &authentication.certificate.0));
        let (done, said) = jlis.openssl(&[
            "verify",
            "-crl_check",
            "-CRLfile",
            "both.pem",
            "-CAfile",
            "anchors.pem",
            "ee.pem",
        ]);
        assert!(!done && said.contains(word), "{fault}: {said}");
    }

    jlis.fault("crl-no-next-update");
    let seen = read(&jlis, "auth-0001.crl");
    assert!(seen.verified);
    assert_eq!(line(&seen, "Next Update: "), "NONE");
}

#[test]
fn signatures_are_of_strangers_and_of_other_generations() {
    let jlis = prepared();
    for fault in ["crl-wrong-signer", "crl-wrong-generation"] {
        jlis.fault(fault);
        for name in ["auth-0001.crl", "sign-0001.crl"] {
            let seen = read(&jlis, name);
            assert!(!seen.verified, "{fault} {name}: {}", seen.said);
            assert_eq!(seen.serials.len(), 4, "readable, but nobody's");
            assert!(line(&seen, "Issuer: ").starts_with("C = JP, O = JPKI-TEST"));
        }
    }
    jlis.fault_with("crl-older-generation", json!(1));
    let seen = read(&jlis, "auth-0001.crl");
    assert!(!seen.verified, "not generation 3");
    let older = jlis
        .world()
        .authority(
            sim::authority::Hierarchy::Test,
            sim::authority::CaKind::UserAuthentication,
            1,
        )
        .unwrap();
    jlis.write("older.pem", sim::pem("CERTIFICATE", &older.certificate));
    assert!(jlis.openssl_crl(&seen.bytes, "older.pem").0, "but generation 1");

    jlis.fault("crl-other-authority");
    let (list, other) = (read(&jlis, "auth-0001.crl"), read(&jlis, "sign-0001.crl"));
    assert!(!list.verified && !other.verified);
    assert!(jlis.openssl_crl(&list.bytes, "sign.pem").0);
    assert!(jlis.openssl_crl(&other.bytes, "auth.pem").0);
}

#[test]
fn bytes_are_altered_cut_and_lied_about() {
    let jlis = prepared();
    let good = read(&jlis, "auth-0001.crl").bytes;
    let digests =
        || -> BTreeMap<String, String> { jlis.manifest().into_iter().map(|row| (row.0, row.3)).collect() };
    let name = "auth-0001.crl";

    jlis.fault("crl-corrupted");
    let seen = read(&jlis, name);
    let differing = good.iter().zip(&seen.bytes).filter(|(a, b)| a != b).count();
    assert_eq!((differing, seen.bytes.len()), (1, good.len()));
    assert!(!seen.verified);
    assert_eq!(
        digests()[name],
        sha256_hex(&seen.bytes),
        "only the signature tells"
    );
    jlis.fault_with("crl-corrupted", json!("transport"));
    assert_eq!(digests()[name], sha256_hex(&good));
    assert_ne!(read(&jlis, name).bytes, good);

    jlis.fault("crl-truncated");
    let answer = jlis.get("/v1/crl/auth-0001.crl");
    assert_eq!(answer.body, good[..good.len() * 2 / 3]);
    assert_eq!(answer.promised, Some(answer.body.len()));
    jlis.fault_with("crl-truncated", json!("hang-up"));
    let answer = jlis.get("/v1/crl/auth-0001.crl");
    assert_eq!(answer.promised, Some(good.len()));
    assert_eq!(answer.body.len(), good.len() * 2 / 3, "then the connection ended");

    jlis.fault("crl-length-lie");
    let seen = read(&jlis, name).bytes;
    assert!(seen.len() < good.len() + 8);
    let (done, said) = jlis.openssl(&["asn1parse", "-inform", "DER", "-in", "list.crl"]);
    assert!(!done && said.contains("too long"), "{said}");
    assert!(said.contains("d=2"), "the outer lengths are true: {said}");
    jlis.fault_with("crl-length-lie", json!("outer"));
    let seen = read(&jlis, name).bytes;
    let claimed = usize::try_from(u32::from_be_bytes(seen[2..6].try_into().unwrap())).unwrap();
    assert_eq!(seen[..2], [0x30, 0x84]);
    assert_eq!(claimed, seen.len() - 6 + (1 << 20));

    jlis.fault("crl-endless");
    let most = 5 << 20;
    let answer = jlis
        .ask(
            "GET",
            "/v1/crl/auth-0001.crl",
            "",
            &[],
            Duration::from_mins(1),
            most,
        )
        .unwrap();
    assert!(answer.body.len() + 4096 > most, "only {}", answer.body.len());
    assert_eq!(answer.promised, None);
    assert!(!answer.head.contains("content-length"));
}

#[test]
fn partitions_go_missing_and_change_places() {
    let jlis = Jlis::start();
    jlis.write_authorities();
    let point = |name: &str| {
        let seen = read(&jlis, name);
        assert!(seen.verified);
        let (_, rest) = seen
            .said
            .split_once("Issuing Distribution Point: critical")
            .unwrap();
        rest.split("CN = ")
            .nth(1)
            .unwrap()
            .lines()
            .next()
            .unwrap()
            .to_owned()
    };
    let (first, second) = (point("sign-0001.crl"), point("sign-0002.crl"));
    assert_ne!(first, second);
    jlis.fault("crl-wrong-partition");
    assert_eq!((point("sign-0001.crl"), point("sign-0002.crl")), (second, first));
    jlis.fault("crl-partition-missing");
    let names: Vec<String> = jlis.manifest().into_iter().map(|row| row.0).collect();
    assert_eq!(names.len(), 6);
    assert!(!names.contains(&"auth-0004.crl".to_owned()) && !names.contains(&"sign-0004.crl".to_owned()));
    assert_eq!(jlis.get("/v1/crl/auth-0004.crl").status, 404);
}

#[test]
fn delivery_is_closed_late_or_silent() {
    let jlis = prepared();
    jlis.fault("crl-unavailable");
    assert_eq!(jlis.get("/v1/crl").status, 503);
    assert_eq!(jlis.get("/v1/crl/auth-0001.crl").status, 503);
    jlis.fault_with("crl-slow", json!(300));
    let begun = std::time::Instant::now();
    assert_eq!(jlis.get("/v1/crl").status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    jlis.fault("crl-silent");
    let nothing = jlis.ask("GET", "/v1/crl", "", &[], Duration::from_millis(500), usize::MAX);
    assert!(nothing.is_none(), "{nothing:?}");
    jlis.no_fault();
    assert_eq!(jlis.get("/v1/crl").status, 200);
}
