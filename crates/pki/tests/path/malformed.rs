//! Malformed certificates and lists, at every depth: a typed refusal or a whole reading, never a panic, never a path.

use pki::{Certificate, Oid, Reason, RevocationList};
use sim::gpki::{Bridge, Draft, ListDraft, ListEntry, Party, Subtrees};
use sim::keys::KeyAlgorithm;

use crate::support::{inputs, now, seek};

const PRIVATE_ARC: Oid = Oid::new_unwrap("1.2.392.200149.8.5.99.3.1");

/// A certificate with everything in it that this room reads.
fn rich() -> (Party, Vec<u8>) {
    let root = Party::new("Example", "root", "root", KeyAlgorithm::P256).unwrap();
    let subject = Party::new("Example", "rich", "rich", KeyAlgorithm::P256).unwrap();
    let some = Subtrees {
        directories: vec![sim::gpki::directory("Example", &["a"])],
        hosts: vec!["example.jp".to_owned()],
    };
    let der = Draft::authority(3, now())
        .path_length(3)
        .policies(&[sim::gpki::JPKI_POLICY, sim::gpki::ANY_POLICY])
        .mapping(&[(sim::gpki::JPKI_POLICY, sim::gpki::BRIDGE_POLICY)])
        .policy_constraints(Some(1), Some(2))
        .inhibit_any_policy(1)
        .permitted(&some)
        .hosts(&["a.example.jp"])
        .distribution_point("ldap://crl.example/1", Some(&root.name))
        .sign(&root, &subject)
        .unwrap();
    (root, der)
}

/// Where each element of a DER structure begins, however deep, also inside OCTET STRINGs and BIT STRINGs.
fn headers(der: &[u8], offset: usize, found: &mut Vec<usize>) {
    let mut at = 0;
    while at + 2 <= der.len() {
        let (header, length) = match der[at + 1] {
            short @ 0..=0x7f => (2, usize::from(short)),
            0x81 if at + 3 <= der.len() => (3, usize::from(der[at + 2])),
            0x82 if at + 4 <= der.len() => (4, usize::from(der[at + 2]) << 8 | usize::from(der[at + 3])),
            _ => return,
        };
        if at + header + length > der.len() {
            return;
        }
        found.push(offset + at);
        let content = &der[at + header..at + header + length];
        if der[at] & 0x20 != 0 || der[at] == 4 {
            headers(content, offset + at + header, found);
        }
        at += header + length;
    }
}

#[test]
fn every_element_damaged_in_every_way() {
    let (root, der) = rich();
    assert!(Certificate::parse(&der).is_ok());
    let trusted = root.self_signed(now()).unwrap();
    let mut places = Vec::new();
    headers(&der, 0, &mut places);
    assert!(places.len() > 120, "{}", places.len());
    let mut refused = 0;
    for place in places {
        for (offset, value) in [
            (0, 0x1f),
            (0, 0x00),
            (0, der[place] ^ 0x20),
            (0, der[place] ^ 0x01),
            (1, 0x80),
            (1, 0x84),
            (1, 0xff),
            (1, 0x00),
            (1, der[place + 1].wrapping_add(1)),
            (1, der[place + 1].wrapping_sub(1)),
        ] {
            let mut damaged = der.clone();
            damaged[place + offset] = value;
            if damaged == der {
                continue;
            }
            match Certificate::parse(&damaged) {
                Err(_) => refused += 1,
                // What can still be read has lost its signature.
                Ok(_) => assert!(
                    seek(&damaged, &[], &[&trusted], &inputs()).is_err(),
                    "{place} {value:#04x}"
                ),
            }
        }
    }
    assert!(refused > 700, "{refused}");
}

#[test]
fn every_truncation_and_every_single_byte() {
    let (root, der) = rich();
    for length in 0..der.len() {
        assert!(Certificate::parse(&der[..length]).is_err(), "{length}");
    }
    let trusted = root.self_signed(now()).unwrap();
    for place in 0..der.len() {
        let mut damaged = der.clone();
        damaged[place] = !damaged[place];
        if Certificate::parse(&damaged).is_ok() {
            assert!(seek(&damaged, &[], &[&trusted], &inputs()).is_err(), "{place}");
        }
    }
}

#[test]
fn every_damage_to_a_list() {
    let root = Party::new("Example", "root", "root", KeyAlgorithm::P256).unwrap();
    let entry = ListEntry {
        serial: 5,
        at: now(),
        reason: Some(sim::crl::RevocationReason::Superseded),
        issuer: Some(root.name.clone()),
    };
    let der = ListDraft::new(1, now())
        .point("ldap://crl.example/1")
        .reasons([0x60, 0])
        .indirect()
        .sign(&root, &[entry])
        .unwrap();
    assert!(RevocationList::parse(&der).is_ok());
    for length in 0..der.len() {
        assert!(RevocationList::parse(&der[..length]).is_err(), "{length}");
    }
    let mut places = Vec::new();
    headers(&der, 0, &mut places);
    for place in places {
        for value in [0x00, 0x1f, 0x80, 0x84, 0xff] {
            for offset in 0..2 {
                let mut damaged = der.clone();
                damaged[place + offset] = value;
                // Whatever comes of it, it comes back.
                let _whatever = RevocationList::parse(&damaged).is_ok();
            }
        }
    }
    let mut twice = der.clone();
    twice.push(0);
    assert_eq!(RevocationList::parse(&twice).err(), Some(Reason::TrailingBytes));
}

#[test]
fn ten_thousand_extensions() {
    let root = Party::new("Example", "root", "root", KeyAlgorithm::P256).unwrap();
    let many = |count: u32| {
        let draft = (0..count).fold(Draft::holder(1, now()), |draft, place| {
            let oid: Oid = format!("{PRIVATE_ARC}.{place}").parse().unwrap();
            draft.extension(oid, false, &[5, 0])
        });
        draft.sign(&root, &root).unwrap()
    };
    assert_eq!(
        Certificate::parse(&many(10_000)).err(),
        Some(Reason::TooLarge {
            limit: pki::MAX_CERTIFICATE_BYTES
        })
    );
    assert_eq!(
        Certificate::parse(&many(500)).err(),
        Some(Reason::TooManyExtensions { limit: 32 })
    );
    assert!(Certificate::parse(&many(20)).is_ok());
}

#[test]
fn unreadable_certificates_among_good_ones_are_left_out() {
    let bridge = Bridge::generate(now()).unwrap();
    let mut between = bridge.between();
    for place in 0..between.len() {
        let mut damaged = between[place].clone();
        damaged.truncate(200);
        between.push(damaged);
    }
    let found = seek(&bridge.corporation, &between, &[&bridge.jpki_1_root], &inputs()).unwrap();
    assert_eq!(found.authorities, 4);
}
