//! What another stack makes of the simulated JPKI: OpenSSL's command and NSS's tools.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's own helpers"
)]

mod persons;
mod signing;

use std::path::Path;
use std::process::Command;

use domain::{Entropy, Timestamp};
use sim::authority::{CaKind, Hierarchy};
use sim::crl::RevocationReason;
use sim::fault::Fault;
use sim::keys::{KeyAlgorithm, KeyCache, Seed};
use sim::server_certificate::{DEMO_NAMES, ServerAuthority};
use sim::{CardRequest, Simulation};

struct Counting(std::sync::atomic::AtomicU8);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            *byte = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
}

fn entropy() -> Counting {
    Counting(std::sync::atomic::AtomicU8::new(7))
}

fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-21T09:00:00+09:00").unwrap()
}

fn world() -> Simulation {
    Simulation::in_memory("openssl tests", KeyCache::shared())
}

/// Standard output, or a panic with everything that the command said.
fn openssl(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "openssl {arguments:?}: {said} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    said + &String::from_utf8_lossy(&output.stderr)
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    std::fs::write(folder.join(name), content).unwrap();
}

#[test]
fn a_card_is_true_to_the_profile() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world();
    let record = world.make_card(&CardRequest::default(), now()).unwrap();
    write(folder.path(), "ee.der", &record.certificate.0);
    let text = openssl(
        folder.path(),
        &["x509", "-inform", "DER", "-in", "ee.der", "-noout", "-text"],
    );
    for expected in [
        "Version: 3 (0x2)",
        "Signature Algorithm: sha256WithRSAEncryption",
        "Issuer: C = JP, O = JPKI-TEST, OU = JPKI for user authentication, OU = Japan Agency for Local Authority \
         Information Systems",
        "Not Before: Nov 21 00:00:00 2026 GMT",
        "Not After : Feb 17 14:59:59 2031 GMT",
        "Public-Key: (2048 bit)",
        "Exponent: 65537",
        "X509v3 Key Usage: critical\n                Digital Signature\n",
        "X509v3 Extended Key Usage: \n                TLS Web Client Authentication\n",
        "X509v3 Certificate Policies: critical\n                Policy: 1.2.392.200149.8.5.1.0.30\n                  \
         CPS: http://www.jpki.go.jp/cps.html",
        "X509v3 Issuer Alternative Name: \n                DirName:/C=JP/O=\\xE5\\x85\\xAC",
        "X509v3 CRL Distribution Points: \n                Full Name:\n                  DirName:C = JP, O = JPKI-TEST, \
         OU = JPKI for user authentication, OU = CRL Distribution Points",
        "OCSP - URI:http://ocspauthnorm.jpki.invalid",
        "X509v3 Authority Key Identifier: \n                keyid:",
        "X509v3 Subject Key Identifier:",
    ] {
        assert!(text.contains(expected), "missing {expected:?} in\n{text}");
    }
    assert!(text.contains(&format!("Subject: C = JP, CN = {}", record.common_name)));
    assert_eq!(record.common_name.len(), 23);
    assert_eq!(record.common_name[14..19], record.municipality.code);
}

#[test]
fn authorities_share_a_name_with_two_units_and_differ_in_key() {
    let folder = tempfile::tempdir().unwrap();
    let world = world();
    let mut names = Vec::new();
    let mut keys = Vec::new();
    for generation in 1..=3 {
        let authority = world
            .authority(Hierarchy::Test, CaKind::UserAuthentication, generation)
            .unwrap();
        write(folder.path(), "ca.der", &authority.certificate);
        let text = openssl(
            folder.path(),
            &["x509", "-inform", "DER", "-in", "ca.der", "-noout", "-text"],
        );
        assert_eq!(text.matches("Subject: ").count(), 1);
        for expected in [
            "OU = JPKI for user authentication, OU = Japan Agency for Local Authority Information Systems\n",
            "X509v3 Basic Constraints: critical\n                CA:TRUE\n",
            "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n",
        ] {
            assert!(text.contains(expected), "missing {expected:?} in\n{text}");
        }
        assert!(!text.contains("Authority Key Identifier") && !text.contains("pathlen"));
        names.push(authority.name.clone());
        keys.push(authority.key_hash());
    }
    assert!(names.iter().all(|name| *name == names[0]));
    keys.dedup();
    assert_eq!(keys.len(), 3);
}

#[test]
fn openssl_verifies_good_cards_and_refuses_bad_ones() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world();
    let mut anchors = String::new();
    for authority in world.authorities(Hierarchy::Test).unwrap() {
        anchors += &sim::pem("CERTIFICATE", &authority.certificate);
    }
    write(folder.path(), "anchors.pem", &anchors);
    let at = (now().seconds() + 3600).to_string();
    let mut verify = |request: &CardRequest| {
        let record = world.make_card(request, now()).unwrap();
        write(
            folder.path(),
            "ee.pem",
            sim::pem("CERTIFICATE", &record.certificate.0),
        );
        let output = Command::new("openssl")
            .args([
                "verify",
                "-attime",
                &at,
                "-purpose",
                "sslclient",
                "-x509_strict",
                "-auth_level",
                "2",
            ])
            .args(["-CAfile", "anchors.pem", "ee.pem"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        output.status.success()
    };
    for generation in [2, 3] {
        for algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::P384] {
            assert!(verify(&CardRequest {
                generation,
                algorithm,
                ..CardRequest::default()
            }));
        }
    }
    for fault in [
        Fault::Expired,
        Fault::NotYetValid,
        Fault::WrongKeyUsage,
        Fault::WrongExtendedKeyUsage,
        Fault::MangledExtension,
        Fault::UnknownCriticalExtension,
        Fault::WeakKey,
        Fault::ForeignAuthority,
        Fault::ProductionNamed,
        Fault::ForgedSignature,
    ] {
        assert!(!verify(&CardRequest::with_fault(fault)), "{fault:?}");
    }
}

#[test]
fn openssl_verifies_the_list_and_reads_its_reasons() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world();
    let authority = world
        .authority(Hierarchy::Test, CaKind::UserAuthentication, 3)
        .unwrap();
    write(
        folder.path(),
        "ca.pem",
        sim::pem("CERTIFICATE", &authority.certificate),
    );
    for reason in RevocationReason::ALL {
        let request = CardRequest {
            algorithm: KeyAlgorithm::P384,
            ..CardRequest::default()
        };
        let card = world.make_card(&request, now()).unwrap();
        world.revoke(&card.id, reason, now()).unwrap();
    }
    let list = world
        .publish_crl(
            Hierarchy::Test,
            CaKind::UserAuthentication,
            now(),
            now().plus_seconds(86_400),
        )
        .unwrap();
    write(folder.path(), "list.crl", &list);
    let arguments = [
        "crl", "-inform", "DER", "-in", "list.crl", "-CAfile", "ca.pem", "-verify", "-noout", "-text",
    ];
    let text = openssl(folder.path(), &arguments);
    for expected in [
        "verify OK",
        "Last Update: Nov 21 00:00:00 2026 GMT",
        "Next Update: Nov 22 00:00:00 2026 GMT",
        "X509v3 CRL Number: \n                1\n",
        "Key Compromise",
        "CA Compromise",
        "Affiliation Changed",
        "Superseded",
        "Cessation Of Operation",
        "Certificate Hold",
    ] {
        assert!(text.contains(expected), "missing {expected:?} in\n{text}");
    }
    assert_eq!(text.matches("Serial Number:").count(), 7);
    assert_eq!(
        text.matches("X509v3 CRL Reason Code").count(),
        6,
        "unspecified carries no code"
    );
}

#[test]
fn exports_open_in_openssl_and_nss() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world();
    for algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::P384] {
        let record = world
            .make_card(
                &CardRequest {
                    algorithm,
                    ..CardRequest::default()
                },
                now(),
            )
            .unwrap();
        let card = record.card().unwrap();
        let file = sim::pkcs12::pkcs12(
            card.certificate(),
            card.key(),
            "pass-ワード",
            &record.id,
            &entropy(),
        )
        .unwrap();
        write(folder.path(), "card.p12", file);
        let arguments = [
            "pkcs12",
            "-in",
            "card.p12",
            "-passin",
            "pass:pass-ワード",
            "-nodes",
            "-info",
        ];
        let text = openssl(folder.path(), &arguments);
        assert!(
            text.contains("friendlyName: card-") && text.contains("BEGIN PRIVATE KEY"),
            "{text}"
        );
        assert!(
            text.contains("PBES2") && text.contains("MAC: sha256, Iteration 2048"),
            "{text}"
        );
        let wrong = Command::new("openssl")
            .args(["pkcs12", "-in", "card.p12", "-passin", "pass:wrong", "-nodes"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(!wrong.status.success());

        write(folder.path(), "card.pem", sim::export::card_pem(&card).unwrap());
        let from_certificate = openssl(folder.path(), &["x509", "-in", "card.pem", "-noout", "-pubkey"]);
        let from_key = openssl(folder.path(), &["pkey", "-in", "card.pem", "-pubout"]);
        assert_eq!(from_certificate, from_key);

        let database = folder.path().join("nss");
        sim::export::card_into_nss(&card, &record.id, &database, &entropy()).unwrap();
        for option in ["-L", "-K"] {
            let place = format!("sql:{}", database.display());
            let output = Command::new("certutil")
                .args([option, "-d", &place])
                .output()
                .unwrap();
            let listed = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(listed.contains(&record.id), "certutil {option}: {listed}");
        }
    }
}

#[test]
fn server_certificates_stand_for_the_demo_names() {
    let folder = tempfile::tempdir().unwrap();
    let authority = ServerAuthority::generate(&Seed::from_text("servers"), now()).unwrap();
    write(folder.path(), "ca.pem", authority.certificate_pem());
    let server = authority.issue(&DEMO_NAMES).unwrap();
    write(folder.path(), "server.pem", server.chain_pem());
    write(folder.path(), "server.key", server.key_pem().unwrap());
    let at = now().seconds().to_string();
    for host in [
        "idp.localhost",
        "k7q2m.card.idp.localhost",
        "k7q2m.card12.idp.localhost",
    ] {
        let text = openssl(
            folder.path(),
            &[
                "verify",
                "-attime",
                &at,
                "-x509_strict",
                "-purpose",
                "sslserver",
                "-verify_hostname",
                host,
                "-CAfile",
                "ca.pem",
                "server.pem",
            ],
        );
        assert!(text.contains("OK"));
    }
    let other = Command::new("openssl")
        .args([
            "verify",
            "-attime",
            &at,
            "-verify_hostname",
            "card.idp.localhost.example",
            "-CAfile",
            "ca.pem",
        ])
        .arg("server.pem")
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(!other.status.success());
    let again = ServerAuthority::generate(&Seed::from_text("servers"), now()).unwrap();
    assert_eq!(again.issue(&DEMO_NAMES).unwrap().certificate, server.certificate);
}

#[test]
fn the_same_seed_makes_the_same_world() {
    let make = |seed: &str, cache: &Path| {
        let mut world = Simulation::in_memory(seed, KeyCache::new(cache));
        let authority = world
            .authority(Hierarchy::Test, CaKind::UserAuthentication, 3)
            .unwrap();
        let request = CardRequest {
            algorithm: KeyAlgorithm::P384,
            ..CardRequest::default()
        };
        (
            authority.certificate,
            world.make_card(&request, now()).unwrap().certificate,
        )
    };
    let caches = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let first = make("seed", caches[0].path());
    assert!(first == make("seed", caches[1].path()), "not from the cache");
    assert!(first == make("seed", caches[0].path()), "from the cache");
    let other = make("another", caches[0].path());
    assert!(first.0 != other.0 && first.1 != other.1);
}
