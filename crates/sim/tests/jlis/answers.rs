//! The honest answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sim::cms::{CmsFault, CmsOptions, signed_data};
use sim::jlis_server::{Source, control};
use sim::record::CardRecord;

use super::server::{Jlis, json_of, name_of, sha256_hex};

#[test]
fn lists_are_delivered_as_the_manifest_says_and_openssl_verifies_them() {
    let jlis = Jlis::start();
    jlis.write_authorities();
    let (person, authentication, signing) = jlis.person();
    assert_eq!(jlis.manifest().len(), 8, "two authorities, four municipalities");
    jlis.control("lose", json!({ "person": person }));
    let entries = |wanted: &CardRecord| {
        let mut found = 0;
        for (name, kind, length, digest) in jlis.manifest() {
            let answer = jlis.get(&format!("/v1/crl/{name}"));
            assert_eq!((answer.status, answer.body.len()), (200, length));
            assert!(answer.head.contains("content-type: application/pkix-crl"));
            assert_eq!(sha256_hex(&answer.body), digest);
            let authority = if kind == "user-authentication" {
                "auth.pem"
            } else {
                "sign.pem"
            };
            let (good, said) = jlis.openssl_crl(&answer.body, authority);
            assert!(good, "{said}");
            found += said
                .matches(&format!("Serial Number: {:08X}", wanted.serial))
                .count();
        }
        found
    };
    assert_eq!(entries(&authentication), 0, "today's lists were made before");
    jlis.control("publish", json!({}));
    assert_eq!(entries(&authentication), 1);
    assert_eq!(entries(&signing), 1);
    jlis.control("publish", json!({"partitioning": "whole"}));
    assert_eq!(jlis.manifest().len(), 2);
    assert_eq!(entries(&signing), 1);
    assert_eq!(jlis.get("/v1/crl/auth-0009.crl").status, 404);
    assert_eq!(jlis.get("/v1/crl/..%2f..%2fsimulation.json").status, 404);
}

#[test]
fn a_list_from_the_folder_takes_the_place_of_the_days() {
    let jlis = Jlis::start();
    jlis.write_authorities();
    let place = jlis.at().join("world/delivery");
    std::fs::create_dir(&place).unwrap();
    std::fs::write(place.join("notes.txt"), "no list").unwrap();
    std::fs::write(place.join("auth-9999.crl"), vec![7; 700_000]).unwrap();
    let made = std::process::Command::new(env!("CARGO_BIN_EXE_gap-sim"))
        .arg("--dir")
        .arg(jlis.at().join("world"))
        .args([
            "crl",
            "national",
            "--revoked",
            "30000",
            "--issued",
            "300000",
            "--out",
        ])
        .arg(place.join("auth-0001.crl"))
        .status()
        .unwrap();
    assert!(made.success());
    jlis.control("publish", json!({"partitioning": "whole"}));
    let rows = jlis.manifest();
    let names: Vec<&str> = rows.iter().map(|row| row.0.as_str()).collect();
    assert_eq!(names, ["sign-0001.crl", "auth-0001.crl", "auth-9999.crl"]);
    for (name, _, length, digest) in &rows {
        let body = jlis.get(&format!("/v1/crl/{name}")).body;
        assert_eq!((body.len(), &sha256_hex(&body)), (*length, digest));
    }
    let (good, said) = jlis.openssl_crl(&jlis.get("/v1/crl/auth-0001.crl").body, "auth.pem");
    assert!(good);
    assert_eq!(said.matches("Serial Number:").count(), 30_000);
    assert_eq!(jlis.get("/v1/crl/notes.txt").status, 404);
}

fn ocsp(jlis: &Jlis, record: &CardRecord, authority: &str, more: &[&str]) -> (bool, String) {
    jlis.write("ee.pem", sim::pem("CERTIFICATE", &record.certificate.0));
    let url = format!("{}/ocsp", jlis.url);
    let mut arguments = vec![
        "ocsp",
        "-issuer",
        authority,
        "-cert",
        "ee.pem",
        "-url",
        &url,
        "-CAfile",
        "anchors.pem",
        "-timeout",
        "20",
    ];
    arguments.extend_from_slice(more);
    jlis.openssl(&arguments)
}

#[test]
fn openssl_accepts_the_responder() {
    let jlis = Jlis::start();
    jlis.write_authorities();
    let (person, authentication, signing) = jlis.person();
    for (record, authority) in [(&authentication, "auth.pem"), (&signing, "sign.pem")] {
        for more in [&[][..], &["-sha256"], &["-no_nonce"]] {
            // The digest is chosen before the certificate.
            let (done, said) = ocsp(&jlis, record, authority, &[more, &["-cert", "ee.pem"]].concat());
            assert!(done && said.contains("Response verify OK"), "{more:?} {said}");
            assert!(said.contains("ee.pem: good"), "{said}");
            assert!(
                !said.contains("WARNING: no nonce") || more == ["-no_nonce"],
                "{said}"
            );
        }
    }
    let (_, text) = ocsp(&jlis, &authentication, "auth.pem", &["-resp_text"]);
    for expected in [
        "Responder Id",
        "OCSP Signing",
        "1.2.392.200149.8.5.99.1",
        "OCSP Nonce",
        "Next Update",
    ] {
        assert!(text.contains(expected), "missing {expected} in\n{text}");
    }
    jlis.control("lose", json!({ "person": person }));
    let (_, said) = ocsp(&jlis, &signing, "sign.pem", &[]);
    assert!(
        said.contains("ee.pem: revoked") && said.contains("Reason: certificateHold"),
        "at once, without a new list: {said}"
    );
    let (_, said) = ocsp(&jlis, &signing, "auth.pem", &[]);
    assert!(
        said.contains("unauthorized (6)"),
        "name of one, key of the other: {said}"
    );
    jlis.fault("ocsp-responder-by-name");
    let (_, said) = ocsp(&jlis, &authentication, "auth.pem", &[]);
    assert!(said.contains("Response verify OK"), "{said}");
    assert_eq!(
        control(&jlis.url, "/control/counts", None).unwrap()["ocsp"].as_u64(),
        Some(10)
    );
}

#[test]
fn the_link_extension_names_the_linked_certificates() {
    let jlis = Jlis::start();
    jlis.write_authorities();
    let (person, authentication, signing) = jlis.person();
    let renewed = jlis.control(
        "renew",
        json!({"person": person, "certificate": {"algorithm": "p384"}}),
    );
    let new = jlis
        .world()
        .record(renewed["certificates"][0]["id"].as_str().unwrap())
        .unwrap()
        .clone();
    let (_, said) = ocsp(&jlis, &new, "auth.pem", &["-respout", "answer.der"]);
    assert!(said.contains("ee.pem: good"), "{said}");
    let (_, text) = jlis.openssl(&["ocsp", "-respin", "answer.der", "-resp_text", "-noverify"]);
    let (_, rest) = text.split_once("1.2.392.200149.8.5.99.1").unwrap();
    assert!(!rest.is_empty());
    let answer = std::fs::read(jlis.at().join("answer.der")).unwrap();
    // SEQUENCE { ENUMERATED kind, ENUMERATED caKind, OCTET STRING (32), INTEGER }
    let link = |kind: u8, ca: u8, record: &CardRecord| {
        let hash: Vec<u8> = (0..32)
            .map(|place| u8::from_str_radix(&record.issuer_key_hash[2 * place..2 * place + 2], 16).unwrap())
            .collect();
        let serial = u32::try_from(record.serial).unwrap().to_be_bytes();
        [
            &[0x0a, 1, kind, 0x0a, 1, ca, 0x04, 32][..],
            &hash,
            &[0x02, 4],
            &serial,
        ]
        .concat()
    };
    let holds = |part: &[u8]| answer.windows(part.len()).any(|window| window == part);
    assert!(holds(&link(0, 0, &authentication)), "predecessor");
    let new_signing = jlis
        .world()
        .record(renewed["certificates"][1]["id"].as_str().unwrap())
        .unwrap()
        .clone();
    assert!(holds(&link(2, 1, &new_signing)), "signing");
    assert!(!holds(&link(2, 1, &signing)), "not the old one");
}

#[test]
fn links_and_predecessors_are_told() {
    let jlis = Jlis::start();
    let (person, authentication, signing) = jlis.person();
    let asked = |path: &str, of: &CardRecord| json_of(&jlis.post(path, &name_of(of)));
    let with_kind = |kind: &str, of: &CardRecord| {
        let mut name = name_of(of);
        name["kind"] = json!(kind);
        name
    };
    assert_eq!(
        asked("/v1/links", &authentication),
        json!({"links": [with_kind("signing", &signing)]})
    );
    assert_eq!(
        asked("/v1/predecessor", &authentication),
        json!({"predecessor": null})
    );
    let phone = jlis.control(
        "issue",
        json!({"person": person, "medium": "phone", "kinds": ["user-authentication"], "certificate": {"algorithm": "p384"}}),
    );
    let phone = jlis
        .world()
        .record(phone["certificates"][0]["id"].as_str().unwrap())
        .unwrap()
        .clone();
    let moved = jlis.control(
        "reissue",
        json!({"person": person, "certificate": {"algorithm": "p384"}}),
    );
    let new = jlis
        .world()
        .record(moved["certificates"][0]["id"].as_str().unwrap())
        .unwrap()
        .clone();
    assert_eq!(
        asked("/v1/predecessor", &new),
        json!({"predecessor": name_of(&authentication)})
    );
    let links = asked("/v1/links", &new);
    for expected in [
        with_kind("predecessor", &authentication),
        with_kind("phone", &phone),
    ] {
        assert!(links["links"].as_array().unwrap().contains(&expected), "{links}");
    }
    let links = asked("/v1/links", &phone);
    assert!(
        links["links"]
            .as_array()
            .unwrap()
            .contains(&with_kind("card", &new)),
        "{links}"
    );
    let mut unknown = name_of(&phone);
    unknown["serial"] = json!("7fffffff");
    assert_eq!(json_of(&jlis.post("/v1/links", &unknown)), json!({"links": []}));
    assert_eq!(jlis.post("/v1/links", &json!({"serial": 1})).status, 400);
    assert_eq!(jlis.get("/v1/links").status, 405);
}

/// Base64 of a consent signed with a record's key.
pub(crate) fn consent(record: &CardRecord, fault: Option<CmsFault>) -> String {
    let options = CmsOptions {
        detached: false,
        signing_time: domain::Timestamp::from_seconds(1_795_000_000),
        fault,
    };
    let mut card = record.card().unwrap();
    let signed = signed_data(record, &mut card, "PASSWORD1", "同意します".as_bytes(), &options).unwrap();
    STANDARD.encode(signed)
}

pub(crate) fn items(jlis: &Jlis, of: &CardRecord, consent: &str) -> Value {
    let asked = json!({"certificate": name_of(of), "consent": consent});
    json_of(&jlis.post("/v1/four-items", &asked))
}

#[test]
fn the_latest_items_are_told_with_a_signed_consent_and_not_without() {
    let jlis = Jlis::start();
    let (person, authentication, signing) = jlis.person();
    let good = consent(&signing, None);
    let before = items(&jlis, &signing, &good);
    assert_eq!(before["status"], "current");
    assert_eq!(before["items"]["name"], "公的　花子");
    assert_eq!(before["items"]["name_substitution"], "00000");
    assert!(before["as_of"].as_i64().unwrap() > 1_790_000_000);
    jlis.control(
        "move",
        json!({"person": person, "address": "新しい住所", "certificate": {"algorithm": "p384"}}),
    );
    let after = items(&jlis, &signing, &good);
    assert_eq!(
        after["items"]["address"], "新しい住所",
        "also with the revoked certificate"
    );
    let refused = |of: &CardRecord, consent: &str| {
        let said = items(&jlis, of, consent);
        assert_eq!(said["status"], "refused", "{said}");
        said["reason"].as_str().unwrap().to_owned()
    };
    let (_, other_authentication, other) = jlis.person();
    assert_eq!(refused(&signing, &consent(&other, None)), "consent-invalid");
    assert_eq!(refused(&authentication, &good), "unknown-certificate");
    assert_eq!(refused(&other_authentication, &good), "unknown-certificate");
    assert_eq!(refused(&signing, "bm90IENNUw=="), "consent-invalid");
    for fault in [
        CmsFault::BrokenSignature,
        CmsFault::WrongDigest,
        CmsFault::NoSigner,
        CmsFault::WrongSigner,
        CmsFault::TwoSigners,
    ] {
        let consent = consent(&signing, Some(fault));
        assert_eq!(refused(&signing, &consent), "consent-invalid", "{fault:?}");
    }
    jlis.control("withdraw", json!({ "person": person }));
    assert_eq!(refused(&signing, &good), "consent-withdrawn");
    jlis.control("withdraw", json!({"person": person, "withdrawn": false}));
    jlis.control("die", json!({ "person": person }));
    assert_eq!(refused(&signing, &good), "not-registered");
}

#[test]
fn control_refuses_what_makes_no_sense() {
    let jlis = Jlis::start();
    let status = |path: &str, body: &Value| jlis.post(&format!("/control/{path}"), body).status;
    let (person, _, _) = jlis.person();
    assert_eq!(status("faults", &json!({"fault": "no-such", "on": true})), 409);
    assert_eq!(status("faults", &json!({"fault": "ocsp-slow"})), 409);
    assert_eq!(status("die", &json!({})), 409);
    assert_eq!(status("die", &json!({"person": "person-99"})), 404);
    assert_eq!(
        status(
            "revoke",
            &json!({"certificate": "card-99", "reason": "superseded"})
        ),
        404
    );
    assert_eq!(status("issue", &json!({ "person": person })), 409, "twice");
    assert_eq!(status("issue", &json!({"colour": "red"})), 409);
    assert_eq!(status("nothing", &json!({})), 404);
    let persons = control(&jlis.url, "/control/persons", None).unwrap();
    assert_eq!(persons["persons"][0]["certificates"].as_array().unwrap().len(), 2);
    let faults = control(&jlis.url, "/control/faults", None).unwrap();
    let rows = faults["faults"].as_array().unwrap();
    assert_eq!(rows.len(), sim::jlis_server::faults::ServerFault::ALL.len());
    assert!(
        rows.iter()
            .all(|row| row["on"] == false && !row["meaning"].as_str().unwrap().is_empty())
    );
}

#[tokio::test]
async fn a_server_in_the_same_process_answers_from_a_world_in_memory() {
    let world = sim::Simulation::in_memory("in memory", sim::keys::KeyCache::shared());
    let world = std::sync::Arc::new(std::sync::Mutex::new(world));
    let server = sim::jlis_server::JlisServer::start(
        "127.0.0.1:0".parse().unwrap(),
        Source::World(std::sync::Arc::clone(&world)),
    )
    .await
    .unwrap();
    let url = server.url();
    let said = tokio::task::spawn_blocking(move || {
        control(
            &url,
            "/control/issue",
            Some(&json!({"certificate": {"algorithm": "p384"}})),
        )
        .unwrap()
    })
    .await
    .unwrap();
    assert_eq!(said["person"], "person-1");
    assert_eq!(world.lock().unwrap().cards().len(), 2);
}
