//! Paths over the simulated bridge of the government PKI, explained step by step:
//! `cargo run -p gap-pki --example bridge`.

#![allow(clippy::print_stdout, reason = "an example talks to the person who typed it")]

use std::error::Error;

use domain::Timestamp;
use pki::{Anchors, Certificate, Issuers, PathInputs, RevocationLists, Status, Target, find_path};
use sim::gpki::{BRIDGE_TO_REGISTRY_SERIAL, Bridge, JPKI_POLICY, ListEntry};

fn main() -> Result<(), Box<dyn Error>> {
    let now = Timestamp::parse_rfc3339("2026-11-21T00:00:00Z")?;
    let bridge = Bridge::generate(now)?;
    let trusted = Anchors::new([Certificate::parse(&bridge.jpki_1_root)?])?;
    let between = bridge.between();
    let between = Issuers::from_der(between.iter().map(Vec::as_slice))?;
    let inputs = PathInputs {
        policies: vec![JPKI_POLICY],
        require_explicit_policy: true,
        ..PathInputs::at(now)
    };
    let revoked = [ListEntry {
        serial: BRIDGE_TO_REGISTRY_SERIAL,
        at: now,
        reason: Some(sim::crl::RevocationReason::CessationOfOperation),
        issuer: None,
    }];
    for (what, der, revoked) in [
        ("a corporation, over two re-keys", &bridge.corporation, None),
        (
            "the same, with the lists of every authority",
            &bridge.corporation,
            Some(&[][..]),
        ),
        (
            "the same, its cross-certificate revoked",
            &bridge.corporation,
            Some(&revoked[..]),
        ),
        ("a verifier's responder", &bridge.responder, None),
        ("the verifier's certificate for a stranger", &bridge.stray, None),
    ] {
        let target = Target::new(Certificate::parse(der)?)?;
        let lists = match revoked {
            Some(revoked) => bridge.lists(now, revoked)?,
            None => Vec::new(),
        };
        let lists = RevocationLists::from_der(lists.iter().map(Vec::as_slice));
        let status = if revoked.is_some() {
            Status::Lists(&lists)
        } else {
            Status::NotAsked
        };
        match find_path(&target, &[&between], &trusted, status, &inputs) {
            Ok(path) => println!("== {what}: accepted\n{}", path.explanation()),
            Err(refusal) => println!("== {what}: refused, {refusal}\n{}", refusal.explanation),
        }
    }
    Ok(())
}
