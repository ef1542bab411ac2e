//! The 署名用 side: certificates with 基本4情報, signed documents, challenges.

use std::path::Path;
use std::process::Command;

use domain::Timestamp;
use sim::authority::{CaKind, Hierarchy};
use sim::cms::{CmsFault, CmsOptions, signed_data};
use sim::items::FourItems;
use sim::keys::KeyAlgorithm;
use sim::person::{Medium, PersonRequest};
use sim::record::CardRecord;
use sim::{CardRequest, Simulation};

use super::{now, openssl, world, write};

const PASSWORD: &str = "PASSWORD1";

fn holder(world: &mut Simulation, items: Option<FourItems>, request: &CardRequest) -> CardRecord {
    let asked = PersonRequest {
        items,
        municipality: None,
    };
    let person = world.new_person(&asked, now()).unwrap();
    world
        .issue_to(&person.id, Medium::Card, &CaKind::ALL, request, now())
        .unwrap()
        .signing
        .unwrap()
}

fn anchors(folder: &Path, world: &Simulation) {
    let mut text = String::new();
    for authority in world.authorities(Hierarchy::Test).unwrap() {
        text += &sim::pem("CERTIFICATE", &authority.certificate);
    }
    write(folder, "anchors.pem", text);
}

/// The six otherName values as OpenSSL's parser finds them, in order.
fn other_names(folder: &Path) -> Vec<(String, String)> {
    let text = openssl(folder, &["asn1parse", "-inform", "DER", "-in", "ee.der"]);
    let lines: Vec<&str> = text.lines().collect();
    let place = lines
        .iter()
        .position(|line| line.contains("X509v3 Subject Alternative Name"))
        .unwrap();
    let offset = lines[place + 1].split(':').next().unwrap().trim();
    let text = openssl(
        folder,
        &[
            "asn1parse",
            "-inform",
            "DER",
            "-in",
            "ee.der",
            "-strparse",
            offset,
        ],
    );
    let value = |line: &str| line.rsplit_once(':').unwrap().1.to_owned();
    let mut found = Vec::new();
    let mut kind = None;
    for line in text.lines() {
        if line.contains("OBJECT") {
            kind = Some(value(line));
        } else if line.contains("UTF8STRING") {
            found.push((kind.take().unwrap(), value(line)));
        }
    }
    found
}

#[test]
fn a_signing_certificate_is_true_to_the_profile() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world();
    let items = FourItems {
        name_substitution: "01000".into(),
        birth_date: "400000000".into(),
        ..FourItems::plain("渡辺　花子", "東京都清瀬市中里五丁目８４２番地", "419900217", "9")
    };
    let record = holder(&mut world, Some(items.clone()), &CardRequest::default());
    write(folder.path(), "ee.der", &record.certificate.0);
    let text = openssl(
        folder.path(),
        &["x509", "-inform", "DER", "-in", "ee.der", "-noout", "-text"],
    );
    let area = record.municipality.clone();
    for expected in [
        "Issuer: C = JP, O = JPKI-TEST, OU = JPKI for digital signature, OU = Japan Agency for Local Authority \
         Information Systems",
        "X509v3 Key Usage: critical\n                Digital Signature, Non Repudiation\n",
        "X509v3 Certificate Policies: critical\n                Policy: 1.2.392.200149.8.5.1.0.20\n",
        "X509v3 Subject Alternative Name: \n                othername: 1.2.392.200149.8.5.5.1::",
        "OU = JPKI for digital signature, OU = CRL Distribution Points",
        "OCSP - URI:http://ocspsignnorm.jpki.invalid",
        &format!("CN = {} CRLDP", area.name),
        &format!(
            "Subject: C = JP, L = {}, L = {}, CN = {}",
            area.prefecture, area.name, record.common_name
        ),
    ] {
        assert!(text.contains(expected), "missing {expected:?} in\n{text}");
    }
    assert!(!text.contains("Extended Key Usage"));
    let arc = |last: u8| format!("1.2.392.200149.8.5.5.{last}");
    assert_eq!(
        other_names(folder.path()),
        [
            (arc(1), items.name),
            (arc(4), items.birth_date),
            (arc(3), items.sex),
            (arc(5), items.address),
            (arc(2), items.name_substitution),
            (arc(6), items.address_substitution),
        ]
    );
}

#[test]
fn openssl_verifies_signing_certificates_of_every_living_generation() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world();
    anchors(folder.path(), &world);
    let at = (now().seconds() + 3600).to_string();
    for generation in [2, 3] {
        let request = CardRequest {
            generation,
            ..CardRequest::next_generation()
        };
        let record = holder(&mut world, None, &request);
        write(
            folder.path(),
            "ee.pem",
            sim::pem("CERTIFICATE", &record.certificate.0),
        );
        let said = openssl(
            folder.path(),
            &[
                "verify",
                "-attime",
                &at,
                "-x509_strict",
                "-purpose",
                "any",
                "-CAfile",
                "anchors.pem",
                "ee.pem",
            ],
        );
        assert!(said.contains("ee.pem: OK"), "{said}");
    }
    let names: Vec<Vec<u8>> = (1..=3)
        .map(|generation| {
            world
                .authority(Hierarchy::Test, CaKind::DigitalSignature, generation)
                .unwrap()
                .name
        })
        .collect();
    assert!(names.iter().all(|name| *name == names[0]));
}

fn cms_verify(folder: &Path, detached: bool) -> Result<Vec<u8>, String> {
    let at = (now().seconds() + 3600).to_string();
    let mut command = Command::new("openssl");
    command
        .args([
            "cms",
            "-verify",
            "-binary",
            "-inform",
            "DER",
            "-in",
            "document.p7s",
            "-out",
            "content",
        ])
        .args([
            "-CAfile",
            "anchors.pem",
            "-purpose",
            "any",
            "-attime",
            &at,
            "-certfile",
            "ee.pem",
        ])
        .current_dir(folder);
    if detached {
        command.args(["-content", "document"]);
    }
    let output = command.output().unwrap();
    if output.status.success() {
        Ok(std::fs::read(folder.join("content")).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

#[test]
fn openssl_verifies_signed_documents_and_refuses_spoiled_ones() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mut world = world();
    anchors(at, &world);
    // No line ends, and bytes that are no text: nothing may be translated.
    let document = "申請書\r\n\u{feff}".repeat(100).into_bytes();
    write(at, "document", &document);
    for algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::P384] {
        let request = CardRequest {
            algorithm,
            ..CardRequest::default()
        };
        let record = holder(&mut world, None, &request);
        write(at, "ee.pem", sim::pem("CERTIFICATE", &record.certificate.0));
        let mut card = record.card().unwrap();
        for detached in [false, true] {
            let mut sign = |document: &[u8], fault: Option<CmsFault>| {
                let options = CmsOptions {
                    detached,
                    signing_time: now(),
                    fault,
                };
                let signed = signed_data(&record, &mut card, PASSWORD, document, &options).unwrap();
                write(at, "document.p7s", signed);
            };
            sign(&document, None);
            assert_eq!(
                cms_verify(at, detached),
                Ok(document.clone()),
                "{algorithm:?} {detached}"
            );
            let printed = openssl(
                at,
                &[
                    "cms",
                    "-cmsout",
                    "-print",
                    "-noout",
                    "-inform",
                    "DER",
                    "-in",
                    "document.p7s",
                ],
            );
            for expected in [
                "contentType",
                "messageDigest",
                "signingTime",
                "Nov 21 00:00:00 2026 GMT",
            ] {
                assert!(printed.contains(expected), "missing {expected} in\n{printed}");
            }
            for fault in CmsFault::ALL {
                sign(&document, Some(fault));
                // The certificate is at hand from elsewhere (-certfile), a document may be signed without attributes and by
                // two, and OpenSSL 3.0 does not compare the content types (RFC 5652 section 11.1 asks for it).
                let passes = matches!(
                    fault,
                    CmsFault::NoCertificate
                        | CmsFault::NoSignedAttributes
                        | CmsFault::TwoSigners
                        | CmsFault::WrongContentType
                );
                let verdict = cms_verify(at, detached).map(|_| ());
                assert_eq!(
                    verdict.is_ok(),
                    passes,
                    "{algorithm:?} {detached} {fault:?}: {verdict:?}"
                );
            }
            if detached {
                sign(b"another document", None);
                assert!(cms_verify(at, true).is_err(), "signed over something else");
            }
        }
    }
}

#[test]
fn bare_signatures_verify_with_the_public_key_alone() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mut world = world();
    write(at, "document", b"a challenge of the platform");
    for algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::P384] {
        let request = CardRequest {
            algorithm,
            ..CardRequest::default()
        };
        let signing = holder(&mut world, None, &request);
        let person = signing.person.clone().unwrap();
        let authentication = world
            .current(&person, Medium::Card, CaKind::UserAuthentication)
            .unwrap()
            .clone();
        for (record, secret) in [(signing, PASSWORD), (authentication, "1234")] {
            let signature = record
                .card()
                .unwrap()
                .sign(secret, b"a challenge of the platform")
                .unwrap();
            write(at, "signature", signature);
            write(at, "ee.pem", sim::pem("CERTIFICATE", &record.certificate.0));
            let key = openssl(at, &["x509", "-in", "ee.pem", "-noout", "-pubkey"]);
            write(at, "key.pem", key);
            let hash = match algorithm {
                KeyAlgorithm::P384 => "-sha384",
                _ => "-sha256",
            };
            let said = openssl(
                at,
                &[
                    "dgst",
                    hash,
                    "-verify",
                    "key.pem",
                    "-signature",
                    "signature",
                    "document",
                ],
            );
            assert!(said.contains("Verified OK"), "{said}");
        }
    }
}

#[test]
fn a_birth_date_without_day_still_gives_a_validity() {
    let mut world = world();
    let items = FourItems {
        birth_date: "319500000".into(),
        ..FourItems::sample(1)
    };
    let record = holder(&mut world, Some(items), &CardRequest::next_generation());
    assert_eq!(
        record.not_after,
        Timestamp::parse_rfc3339("2031-02-17T23:59:59+09:00").unwrap()
    );
}
