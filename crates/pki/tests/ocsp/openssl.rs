//! The same bytes before OpenSSL: its responder answers our questions, and its client judges the answers of our tests.
//!
//! Debian's `openssl` must be there, as for the other differential tests of this workspace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use domain::Timestamp;
use pki::ocsp::{CertIdHash, NonceVerdict, OcspPolicy, OcspRequest, OcspStatus, verify};
use pki::{RevocationReason, SerialNumber};

#[allow(
    clippy::wildcard_imports,
    reason = "the maker is the vocabulary of these tests"
)]
use crate::maker::*;

/// Files of one test, thrown away with it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("gap-ocsp-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        fs::write(self.at(name), bytes).unwrap();
        self.at(name)
    }

    fn put_pem(&self, name: &str, label: &str, der: &[u8]) -> PathBuf {
        self.put(name, sim::pem(label, der).as_bytes())
    }
}

fn openssl(arguments: &[&str], files: &[(&str, &Path)]) -> Output {
    let mut command = Command::new("openssl");
    command.arg("ocsp").args(arguments);
    for (option, file) in files {
        command.arg(option).arg(file);
    }
    command.output().unwrap()
}

/// OpenSSL reads the machine's clock.
fn machine_now() -> Timestamp {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    Timestamp::from_seconds(i64::try_from(since.as_secs()).unwrap())
}

/// Of today, by the machine's clock.
fn paper() -> Paper {
    let mut paper = Paper::responder("responder");
    paper.not_before = machine_now().plus_seconds(-86_400);
    paper.not_after = machine_now().plus_seconds(86_400);
    paper
}

fn ca() -> Ca {
    let now = machine_now();
    Ca::valid(
        "JPKI",
        now.plus_seconds(-86_400 * 100),
        now.plus_seconds(86_400 * 100),
    )
}

/// OpenSSL as the responder: it reads our questions, and we believe exactly what its index says.
#[test]
fn openssl_answers_our_questions() {
    let folder = Folder::new("responder");
    let ca = ca();
    let (key, responder) = ca.responder(&paper());
    let ca_file = folder.put_pem("ca.pem", "CERTIFICATE", ca.anchor.certificate().der());
    let responder_file = folder.put_pem("responder.pem", "CERTIFICATE", &responder);
    let key_file = folder.put_pem("responder.key", "PRIVATE KEY", &key.pkcs8);
    // Status, expiry, revocation with reason, serial number, file, subject.
    let index = "V\t300101000000Z\t\t0A\tunknown\t/CN=good\n\
                 R\t300101000000Z\t260101000000Z,superseded\t00D18001\tunknown\t/CN=superseded\n\
                 R\t300101000000Z\t260101000001Z,holdInstruction,1.2.840.10040.2.3\t0C\tunknown\t/CN=hold\n\
                 R\t300101000000Z\t260101000002Z\t0D\tunknown\t/CN=none\n";
    let index_file = folder.put("index.txt", index.as_bytes());
    let revoked = |reason, text| OcspStatus::Revoked {
        reason,
        at: Timestamp::parse_rfc3339(text).unwrap(),
    };
    for hash in [CertIdHash::Sha1, CertIdHash::Sha256] {
        for (serial, expected) in [
            (&[0x0a][..], OcspStatus::Good),
            (
                &[0xd1, 0x80, 0x01],
                revoked(RevocationReason::Superseded, "2026-01-01T00:00:00Z"),
            ),
            (
                &[0x0c],
                revoked(RevocationReason::CertificateHold, "2026-01-01T00:00:01Z"),
            ),
            (
                &[0x0d],
                revoked(RevocationReason::Unspecified, "2026-01-01T00:00:02Z"),
            ),
            (&[0x7f; 20], OcspStatus::Unknown),
        ] {
            let serial = SerialNumber::from_bytes(serial).unwrap();
            let request = OcspRequest::new(&ca.anchor, &serial, hash, Some(&[0x5a; 32]));
            let request_file = folder.put("request.der", request.der());
            let response_file = folder.at("response.der");
            let mut answers = Vec::new();
            for by in [&[][..], &["-resp_key_id"]] {
                let output = openssl(
                    &[by, &["-ndays", "1"]].concat(),
                    &[
                        ("-index", &index_file),
                        ("-CA", &ca_file),
                        ("-rsigner", &responder_file),
                        ("-rkey", &key_file),
                        ("-reqin", &request_file),
                        ("-respout", &response_file),
                    ],
                );
                assert!(
                    output.status.success(),
                    "{}",
                    String::from_utf8_lossy(&output.stderr)
                );
                answers.push(fs::read(&response_file).unwrap());
            }
            for answer in answers {
                let policy = OcspPolicy {
                    hash,
                    ..OcspPolicy::default()
                };
                let read = verify(&answer, &request, &[&ca.anchor], &policy, machine_now()).unwrap();
                assert_eq!(read.status(), expected);
                assert_eq!(read.nonce(), NonceVerdict::Matched);
                // The question's nonce, hash and certificate are bound.
                for other in [
                    OcspRequest::new(&ca.anchor, &serial, hash, Some(&[0x5b; 32])),
                    OcspRequest::new(
                        &ca.anchor,
                        &SerialNumber::from_bytes(&[9]).unwrap(),
                        hash,
                        Some(&[0x5a; 32]),
                    ),
                ] {
                    assert!(verify(&answer, &other, &[&ca.anchor], &policy, machine_now()).is_err());
                }
            }
        }
    }
}

/// OpenSSL as the client, before the same answers: where the two differ, it is for a reason that is written down.
#[test]
fn openssl_judges_the_same_answers() {
    let folder = Folder::new("client");
    let (ca, other) = (ca(), self::ca());
    let (key, responder) = ca.responder(&paper());
    let now = machine_now();
    let serial = SerialNumber::from_bytes(&[0x0a]).unwrap();
    let id = |ca: &Ca| cert_id(SHA256, &ca.name, ca.key.point(), &[0x0a]);
    let request = OcspRequest::new(&ca.anchor, &serial, CertIdHash::Sha256, Some(&[0x5a; 32]));
    let ca_file = folder.put_pem("ca.pem", "CERTIFICATE", ca.anchor.certificate().der());
    let request_file = folder.put("request.der", request.der());

    let fresh = || {
        let mut answer = Answer::about(id(&ca), by_key(&key), vec![responder.clone()]);
        answer.produced_at = generalized(now);
        answer.singles[0].this_update = generalized(now);
        answer.singles[0].next_update = Some(generalized(now.plus_seconds(600)));
        answer.extensions = vec![nonce(&[0x5a; 32])];
        answer
    };
    let changed = |change: &dyn Fn(&mut Answer)| {
        let mut answer = fresh();
        change(&mut answer);
        answer.sign(&key)
    };
    let by = |issuer: &Ca, change: &dyn Fn(&mut Paper)| {
        let mut paper = paper();
        change(&mut paper);
        let (key, der) = issuer.responder(&paper);
        let mut answer = fresh();
        answer.responder = by_key(&key);
        answer.certificates = vec![der];
        answer.sign(&key)
    };
    let mut itself = fresh();
    itself.responder = by_name(&ca.name);
    itself.certificates.clear();
    let unknown_critical = extension(LINKS, true, &[5, 0]);
    let at = |seconds| generalized(now.plus_seconds(seconds));

    // What, the answer, whether we believe it, whether OpenSSL does.
    let table: Vec<(&str, Vec<u8>, bool, bool)> = vec![
        ("as it should be", changed(&|_| ()), true, true),
        ("by the authority itself", itself.sign(&ca.key), true, true),
        (
            "revoked",
            changed(&|a| a.singles[0].status = revoked(now, Some(6))),
            true,
            true,
        ),
        (
            "unknown",
            changed(&|a| a.singles[0].status = unknown()),
            true,
            true,
        ),
        (
            "another's nonce",
            changed(&|a| a.extensions = vec![nonce(&[1; 32])]),
            false,
            false,
        ),
        // It only warns about a nonce that is missing.
        ("no nonce", changed(&|a| a.extensions.clear()), false, true),
        ("signed by another", fresh().sign(&other.key), false, false),
        ("of another authority", by(&other, &|_| ()), false, false),
        (
            "expired responder",
            by(&ca, &|p| p.not_after = now.plus_seconds(-10)),
            false,
            false,
        ),
        (
            "responder of tomorrow",
            by(&ca, &|p| p.not_before = now.plus_seconds(1000)),
            false,
            false,
        ),
        (
            "without purpose",
            by(&ca, &|p| {
                p.extensions.remove(1);
            }),
            false,
            false,
        ),
        (
            "for any purpose",
            by(&ca, &|p| p.extensions[1] = purposes(&[ANY_PURPOSE])),
            false,
            false,
        ),
        (
            "for clients",
            by(&ca, &|p| p.extensions[1] = purposes(&[CLIENT_AUTH])),
            false,
            false,
        ),
        // It does not ask for nocheck, and asks nobody instead.
        (
            "without nocheck",
            by(&ca, &|p| {
                p.extensions.remove(2);
            }),
            false,
            true,
        ),
        // It takes an authority for a responder, if the purpose is there.
        (
            "an authority",
            by(&ca, &|p| p.extensions.push(authority_constraints())),
            false,
            true,
        ),
        (
            "unknown critical extension of the responder",
            by(&ca, &|p| p.extensions.push(unknown_critical.clone())),
            false,
            false,
        ),
        // It ignores critical extensions of the answer that it does not know.
        (
            "unknown critical extension of the answer",
            changed(&|a| a.extensions.push(unknown_critical.clone())),
            false,
            true,
        ),
        (
            "about another authority's",
            changed(&|a| a.singles[0].cert_id = id(&other)),
            false,
            false,
        ),
        (
            "about another certificate",
            changed(&|a| a.singles[0].cert_id = cert_id(SHA256, &ca.name, ca.key.point(), &[0x0b])),
            false,
            false,
        ),
        (
            "expired",
            changed(&|a| {
                a.produced_at = at(-2000);
                a.singles[0].this_update = at(-2000);
                a.singles[0].next_update = Some(at(-1000));
            }),
            false,
            false,
        ),
        (
            "from the future",
            changed(&|a| a.singles[0].this_update = at(1000)),
            false,
            false,
        ),
        // It does not look at producedAt.
        (
            "produced in the future",
            changed(&|a| a.produced_at = at(1000)),
            false,
            true,
        ),
        (
            "nextUpdate before thisUpdate",
            changed(&|a| a.singles[0].next_update = Some(at(-1))),
            false,
            false,
        ),
        // It takes the first of two.
        (
            "two answers about it",
            changed(&|a| {
                let again = a.singles[0].clone();
                a.singles.push(again);
            }),
            false,
            true,
        ),
    ];
    for (what, bytes, ours, theirs) in table {
        let read = verify(
            &bytes,
            &request,
            &[&ca.anchor, &other.anchor],
            &OcspPolicy::default(),
            now,
        );
        assert_eq!(read.is_ok(), ours, "we: {what}: {read:?}");
        let response_file = folder.put("response.der", &bytes);
        // Nonce and signature with our question; certificate and dates with its own, which knows no nonce.
        let with_nonce = openssl(
            &["-no_nonce", "-no-CApath", "-no-CAstore"],
            &[
                ("-CAfile", &ca_file),
                ("-verify_other", &ca_file),
                ("-reqin", &request_file),
                ("-respin", &response_file),
            ],
        );
        // The order of its options counts: the hash and the issuer before the serial number.
        let with_status = Command::new("openssl")
            .args([
                "ocsp",
                "-no_nonce",
                "-sha256",
                "-no-CApath",
                "-no-CAstore",
                "-CAfile",
            ])
            .arg(&ca_file)
            .arg("-issuer")
            .arg(&ca_file)
            .args(["-serial", "0x0A", "-respin"])
            .arg(&response_file)
            .output()
            .unwrap();
        let told = [&with_nonce, &with_status].map(|output| {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            text + &String::from_utf8_lossy(&output.stderr)
        });
        let believed = with_nonce.status.success()
            && with_status.status.success()
            && told.iter().all(|told| told.contains("Response verify OK"))
            && !told[1].contains("WARNING: Status times invalid")
            && !told[1].contains("No Status found");
        assert_eq!(believed, theirs, "OpenSSL: {what}: {told:?}");
    }
}

/// What OpenSSL asks, byte by byte, is what we ask.
#[test]
fn our_question_is_openssls_question() {
    let folder = Folder::new("question");
    let ca = ca();
    let ca_file = folder.put_pem("ca.pem", "CERTIFICATE", ca.anchor.certificate().der());
    let request_file = folder.at("request.der");
    for (hash, option) in [(CertIdHash::Sha1, "-sha1"), (CertIdHash::Sha256, "-sha256")] {
        for (number, bytes) in [("0x0A", &[0x0a][..]), ("0xD18001", &[0xd1, 0x80, 0x01])] {
            // The order of its options counts: the hash and the issuer before the serial number.
            let output = Command::new("openssl")
                .args(["ocsp", "-no_nonce", "-issuer"])
                .arg(&ca_file)
                .args([option, "-serial", number, "-reqout"])
                .arg(&request_file)
                .output()
                .unwrap();
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            let serial = SerialNumber::from_bytes(bytes).unwrap();
            let ours = OcspRequest::new(&ca.anchor, &serial, hash, None);
            assert_eq!(ours.der(), fs::read(&request_file).unwrap(), "{option} {number}");
        }
    }
}
