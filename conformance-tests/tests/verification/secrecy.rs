//! Nothing that a verifier is answered holds a serial number, a name of a certificate, or a certificate; nor does the log.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use conformance_tests::MachineClock;
use domain::Clock as _;
use serde_json::json;
use sim::record::CardRecord;

use crate::support::{Bank, DOCUMENT, Person, base64, eventually, platform, publish};

/// Every form in which a certificate could be recognised.
fn traces(record: &CardRecord) -> Vec<(&'static str, String)> {
    let bytes = record.serial.to_be_bytes();
    let short: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    let hex = |bytes: &[u8]| {
        let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        digits.concat()
    };
    let der = &record.certificate.0;
    let middle = &der[der.len() / 2..der.len() / 2 + 30];
    let mut all = vec![
        ("decimal", record.serial.to_string()),
        ("hex", hex(&short)),
        ("hex, upper case", hex(&short).to_uppercase()),
        ("base64", STANDARD.encode(&short)),
        ("base64url", URL_SAFE_NO_PAD.encode(&short)),
        ("common name", record.common_name.clone()),
        ("hex of the certificate", hex(middle)),
    ];
    // Base64 of the certificate, whatever the alignment.
    for shift in 0..3 {
        let text = STANDARD.encode(&middle[shift..shift + 27]);
        all.push(("base64 of the certificate", text[..32].to_owned()));
    }
    all
}

#[tokio::test]
async fn no_answer_and_no_log_holds_a_serial_number_a_common_name_or_a_certificate() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    // Serial numbers that no other number of an answer resembles.
    let person = Person::new(&platform);
    let message = person.sign(DOCUMENT);
    for certainty in ["crl", "ocsp"] {
        let more = json!({"certainty": certainty, "release": ["four_items"]});
        let answer = bank.verify_as(&message, more).await.good();
        let id = answer["evidence"].as_str().unwrap();
        bank.get(&format!("/v1/evidence/{id}")).await.good();
    }
    let raw = json!({"purpose": "mailing", "raw": {"signature": base64(b"x"), "algorithm": "RS256",
        "certificate": base64(&person.signing.certificate.0), "document": base64(DOCUMENT)}});
    bank.post("/v1/signatures/verify", raw).await.good();
    let (watch, _) = bank.watch(&person).await;
    bank.get(&format!("/v1/watches/{watch}")).await.good();
    bank.get(&format!("/v1/watches/{watch}/state")).await.good();
    let (text, _) = bank.text("latest_items", "account-opening", 30).await;
    let signed = json!({"message": base64(&person.sign(text.as_bytes()))});
    let items = bank.post("/v1/four-items-consents", signed).await.good();
    let id = items["consent"].as_str().unwrap();
    bank.post(&format!("/v1/four-items-consents/{id}/latest"), json!({}))
        .await
        .good();
    person.world().die(&person.id, MachineClock.now()).unwrap();
    publish(&platform);
    bank.notices_behind(&platform, 0).await;
    bank.get(&format!("/v1/watches/{watch}/state")).await.good();
    eventually(&platform, "the revocation", || async {
        bank.verify(&person.sign(b"late")).await.good()["verdict"] == "invalid"
    })
    .await;
    bank.get("/v1/usage").await.good();

    let seen = bank.everything_seen();
    let (log, metrics) = (platform.log(), platform.metric("process_never").await);
    assert_eq!(metrics, None);
    assert!(seen.len() > 10_000, "something was looked at");
    for record in [&person.signing, &person.authentication] {
        for (form, trace) in traces(record) {
            assert!(!seen.contains(&trace), "{form} of {} in an answer", record.id);
            // Short numbers occur in times and ports of a log by chance; the long forms must not.
            if trace.len() >= 8 {
                assert!(!log.contains(&trace), "{form} of {} in the log", record.id);
            }
        }
    }
    let register = person.world().person(&person.id).unwrap().items.clone();
    assert!(seen.contains(&register.name), "the release itself was seen");
    assert!(!log.contains(&register.name) && !log.contains(&register.address));
    // What is kept on disk is sealed.
    for file in ["ledger.sqlite", "ledger.sqlite-wal"] {
        let bytes = std::fs::read(platform.path().join("data").join(file)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        for record in [&person.signing, &person.authentication] {
            for (form, trace) in traces(record).into_iter().filter(|(_, trace)| trace.len() >= 12) {
                assert!(!text.contains(&trace), "{form} of {} in {file}", record.id);
            }
        }
        assert!(!text.contains(&register.address), "an address in {file}");
    }
}
