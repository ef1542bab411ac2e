//! What each fault does to OCSP answers, as OpenSSL's client judges them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sim::record::CardRecord;

use super::server::Jlis;

struct Desk {
    jlis: Jlis,
    good: CardRecord,
    revoked: CardRecord,
}

fn desk() -> Desk {
    let jlis = Jlis::start();
    jlis.write_authorities();
    let (_, good, _) = jlis.person();
    let (person, revoked, _) = jlis.person();
    jlis.control("lose", json!({ "person": person }));
    jlis.write("good.pem", sim::pem("CERTIFICATE", &good.certificate.0));
    jlis.write("revoked.pem", sim::pem("CERTIFICATE", &revoked.certificate.0));
    Desk { jlis, good, revoked }
}

impl Desk {
    /// OpenSSL's whole report on `good.pem` or `revoked.pem`.
    fn ask(&self, which: &str) -> String {
        self.ask_with(which, &[])
    }

    fn ask_with(&self, which: &str, more: &[&str]) -> String {
        let url = format!("{}/ocsp", self.jlis.url);
        let file = format!("{which}.pem");
        let mut arguments = vec![
            "ocsp",
            "-issuer",
            "auth.pem",
            "-cert",
            &file,
            "-url",
            &url,
            "-CAfile",
            "anchors.pem",
            "-timeout",
            "5",
        ];
        arguments.extend_from_slice(more);
        self.jlis.openssl(&arguments).1
    }

    /// The raw answer to OpenSSL's question without nonce.
    fn raw(&self, within: Duration, most: usize) -> Option<super::server::Answer> {
        let (done, said) = self.jlis.openssl(&[
            "ocsp",
            "-issuer",
            "auth.pem",
            "-cert",
            "good.pem",
            "-reqout",
            "question.der",
            "-no_nonce",
        ]);
        assert!(done, "{said}");
        let question = std::fs::read(self.jlis.at().join("question.der")).unwrap();
        self.jlis.ask(
            "POST",
            "/ocsp",
            "application/ocsp-request",
            &question,
            within,
            most,
        )
    }
}

const PATIENT: Duration = Duration::from_mins(1);

#[test]
fn honest_answers_first() {
    let desk = desk();
    assert!(desk.ask("good").contains("good.pem: good"));
    assert!(desk.ask("revoked").contains("revoked.pem: revoked"));
    assert_ne!(desk.good.serial, desk.revoked.serial);
    let answer = desk.raw(PATIENT, usize::MAX).unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: application/ocsp-response"));
    let malformed = desk
        .jlis
        .ask(
            "POST",
            "/ocsp",
            "application/ocsp-request",
            b"no request",
            PATIENT,
            usize::MAX,
        )
        .unwrap();
    assert_eq!(malformed.body, [0x30, 3, 0x0a, 1, 1], "malformedRequest");
}

#[test]
fn openssl_sees_through_every_fault_of_what_is_said() {
    let desk = desk();
    let cases: &[(&str, Value, &str, &str)] = &[
        ("ocsp-try-later", Value::Null, "good", "trylater (3)"),
        ("ocsp-internal-error", Value::Null, "good", "internalerror (2)"),
        ("ocsp-refused", Value::Null, "good", "unauthorized (6)"),
        ("ocsp-stale", Value::Null, "good", "status expired"),
        ("ocsp-future", Value::Null, "good", "status not yet valid"),
        ("ocsp-wrong-cert-id", Value::Null, "good", "No Status found"),
        ("ocsp-contradiction", Value::Null, "revoked", "revoked.pem: good"),
        (
            "ocsp-contradiction",
            json!("revoked"),
            "good",
            "good.pem: revoked",
        ),
        ("ocsp-unknown", Value::Null, "good", "good.pem: unknown"),
        ("ocsp-wrong-nonce", Value::Null, "good", "Nonce Verify error"),
        ("ocsp-no-nonce", Value::Null, "good", "no nonce in response"),
        (
            "ocsp-unauthorized-responder",
            Value::Null,
            "good",
            "missing ocspsigning usage",
        ),
        (
            "ocsp-unauthorized-responder",
            json!("foreign"),
            "good",
            "Response Verify Failure",
        ),
        (
            "ocsp-responder-expired",
            Value::Null,
            "good",
            "certificate has expired",
        ),
        (
            "ocsp-broken-signature",
            Value::Null,
            "good",
            "Response Verify Failure",
        ),
        (
            "ocsp-malformed",
            Value::Null,
            "good",
            "Error querying OCSP responder",
        ),
        (
            "ocsp-garbage",
            Value::Null,
            "good",
            "Error querying OCSP responder",
        ),
        (
            "ocsp-unavailable",
            Value::Null,
            "good",
            "Error querying OCSP responder",
        ),
        (
            "ocsp-hang-up",
            Value::Null,
            "good",
            "Error querying OCSP responder",
        ),
    ];
    for (fault, parameter, which, expected) in cases {
        desk.jlis.fault_with(fault, parameter.clone());
        let said = desk.ask(which);
        assert!(said.contains(expected), "{fault}: {said}");
    }
    desk.jlis.no_fault();
    assert!(desk.ask("good").contains("Response verify OK"));
}

#[test]
fn an_earlier_answer_comes_back() {
    let desk = desk();
    // Never asked before: one as if of yesterday, for another nonce.
    desk.jlis.fault("ocsp-replay");
    let said = desk.ask("good");
    assert!(said.contains("Nonce Verify error"), "{said}");
    let said = desk.ask_with("good", &["-no_nonce"]);
    assert!(said.contains("status expired"), "{said}");
    // Asked while it was good: the same bytes after it was revoked.
    desk.jlis.no_fault();
    let before = desk.raw(PATIENT, usize::MAX).unwrap().body;
    desk.jlis.control(
        "revoke",
        json!({"certificate": desk.good.id, "reason": "key-compromise"}),
    );
    assert!(desk.ask("good").contains("good.pem: revoked"));
    desk.jlis.fault("ocsp-replay");
    assert_eq!(desk.raw(PATIENT, usize::MAX).unwrap().body, before);
}

#[test]
fn answers_come_late_never_or_without_end() {
    let desk = desk();
    desk.jlis.fault_with("ocsp-slow", json!(300));
    let begun = Instant::now();
    assert_eq!(desk.raw(PATIENT, usize::MAX).unwrap().status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    desk.jlis.fault("ocsp-silent");
    assert!(desk.raw(Duration::from_millis(500), usize::MAX).is_none());
    desk.jlis.fault("ocsp-huge");
    let answer = desk.raw(PATIENT, usize::MAX).unwrap();
    assert_eq!((answer.promised, answer.body.len()), (Some(16 << 20), 16 << 20));
    desk.jlis.fault_with("ocsp-huge", json!(100_000));
    assert_eq!(desk.raw(PATIENT, usize::MAX).unwrap().body.len(), 100_000);
}

#[test]
fn links_ride_along_or_not_and_may_be_wrong() {
    let desk = desk();
    let oid = "1.2.392.200149.8.5.99.1";
    assert!(desk.ask_with("good", &["-resp_text"]).contains(oid));
    desk.jlis.fault("ocsp-no-links");
    assert!(!desk.ask_with("good", &["-resp_text"]).contains(oid));
    desk.jlis.no_fault();
    let usual = desk.raw(PATIENT, usize::MAX).unwrap().body.len();
    // Each further link costs about fifty bytes.
    desk.jlis.fault("links-to-itself");
    let more = desk.raw(PATIENT, usize::MAX).unwrap().body.len();
    assert!((usual + 40..usual + 60).contains(&more), "{usual} {more}");
    desk.jlis.fault_with("links-too-many", json!(1000));
    let more = desk.raw(PATIENT, usize::MAX).unwrap().body.len();
    assert!(more > usual + 40_000, "{usual} {more}");
    desk.jlis.fault("links-contradictory");
    let answer = desk.raw(PATIENT, usize::MAX).unwrap().body;
    let stranger = u32::try_from(desk.revoked.serial).unwrap().to_be_bytes();
    assert!(
        answer.windows(4).any(|window| window == stranger),
        "somebody else's"
    );
}
