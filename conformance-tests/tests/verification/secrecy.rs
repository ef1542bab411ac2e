//! Nothing that a verifier is answered holds a serial number, a name of a certificate, or a certificate; nor does the log.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use conformance_tests::{MachineClock, Platform};
use domain::Clock as _;
use serde_json::json;
use sim::record::CardRecord;

use crate::mutual_tls::House;
use crate::push::Receiver;
use crate::support::{Bank, DOCUMENT, Person, base64, client, eventually, platform, publish, read};

/// Every form in which a certificate could be recognised.
fn traces(record: &CardRecord) -> Vec<(&'static str, String)> {
    let bytes = record.serial.to_be_bytes();
    let short: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    let pairs = |bytes: &[u8], between: &str| {
        let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        digits.join(between)
    };
    let hex = |bytes: &[u8]| pairs(bytes, "");
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
    for between in [":", " ", "-"] {
        for (what, bytes) in [
            ("the serial number", short.as_slice()),
            ("the certificate", middle),
        ] {
            let text = pairs(bytes, between);
            all.push((what, text.to_uppercase()));
            all.push((what, text));
        }
    }
    // Thousands, as programs and people write them.
    let digits = record.serial.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| str::from_utf8(group).unwrap())
        .collect();
    for between in [",", ".", "_", " ", "'"] {
        all.push(("decimal in groups", groups.join(between)));
    }
    // As a list of octets, which is how programs print bytes.
    let listed: Vec<String> = short.iter().map(u8::to_string).collect();
    all.push(("octets", listed.join(", ")));
    all.push(("octets", listed.join(",")));
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
    assert_eq!(platform.metric("process_never").await, None);
    assert!(seen.len() > 10_000, "something was looked at");
    no_trace(&platform, &person, &seen);
    let log = platform.log();
    let register = person.world().person(&person.id).unwrap().items.clone();
    assert!(seen.contains(&register.name), "the release itself was seen");
    assert!(!log.contains(&register.name) && !log.contains(&register.address));
    kept_sealed(&platform, &person, &register.address);
}

/// Neither in these answers nor in the log.
#[track_caller]
fn no_trace(platform: &Platform, person: &Person, seen: &str) {
    let log = platform.log();
    for record in [&person.signing, &person.authentication] {
        for (form, trace) in traces(record) {
            assert!(!seen.contains(&trace), "{form} of {} in an answer", record.id);
            // Short numbers occur in times and ports of a log by chance; the long forms must not.
            if trace.len() >= 8 {
                assert!(!log.contains(&trace), "{form} of {} in the log", record.id);
            }
        }
    }
}

/// What is kept on disk is sealed.
#[track_caller]
fn kept_sealed(platform: &Platform, person: &Person, address: &str) {
    for file in ["ledger.sqlite", "ledger.sqlite-wal"] {
        let bytes = std::fs::read(platform.path().join("data").join(file)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        for record in [&person.signing, &person.authentication] {
            for (form, trace) in traces(record).into_iter().filter(|(_, trace)| trace.len() >= 12) {
                assert!(!text.contains(&trace), "{form} of {} in {file}", record.id);
            }
        }
        assert!(!text.contains(address), "an address in {file}");
    }
}

/// The other ways in which a verifier is told something: mutual TLS, a push, and the place of a notice whose consent has ended.
#[tokio::test]
async fn neither_mutual_tls_nor_a_push_nor_a_withheld_notice_holds_more() {
    let push =
        "[verification]\nwatch_seconds = 1\npush_ca = \"push-ca.pem\"\npush_to_internal_networks = true";
    let house = House::build_with("", push).await;
    let platform = &house.platform;
    house.certify("own", "/CN=bank", "", None, (-1, 2));
    let (receiver, push) = Receiver::beside(platform).await;
    let hash = house.certificates.sha256("own");
    let bank = Bank::with(
        platform,
        "bank-a",
        &format!("{push}\ncertificate = {{ sha256 = [\"{hash}\"] }}"),
    );
    let own = house.showing(Some("own"));
    let token = house.good_token(&own, "bank-a").await;
    let person = Person::new(platform);
    let (watch, _) = bank.watch(&person).await;
    let mut seen = String::new();
    let verify = json!({"purpose": "mailing", "cms": {"message": base64(&person.sign(DOCUMENT))}});
    let url = |path: &str| format!("{}{path}", house.mutual);
    let asked = own.post(url("/v1/signatures/verify")).body(verify.to_string());
    let answer = read(asked.bearer_auth(&token)).await;
    answer.good();
    seen.push_str(&answer.text);
    for path in ["state", ""] {
        let path = format!("/v1/watches/{watch}/{path}");
        let answer = read(own.get(url(path.trim_end_matches('/'))).bearer_auth(&token)).await;
        answer.good();
        seen.push_str(&answer.text);
    }
    person.world().die(&person.id, MachineClock.now()).unwrap();
    publish(platform);
    eventually(platform, "the push", || async { receiver.taken() > 0 }).await;
    for claims in receiver.claims() {
        assert!(claims.contains(&watch), "the notice itself: {claims}");
        seen.push_str(&claims);
    }
    assert_eq!(bank.delete(&format!("/v1/watches/{watch}")).await.status, 204);
    let notices = read(own.get(url("/v1/notices")).bearer_auth(&token)).await;
    assert_eq!(
        notices.good()["notices"][0]["withheld"],
        "consent_ended",
        "{}",
        notices.text
    );
    assert!(!notices.text.contains("revoked") && !notices.text.contains("death"));
    seen.push_str(&notices.text);
    // Refusals too: a stolen token, a stranger, nonsense.
    for request in [
        client(platform)
            .get(format!("{}/v1/usage", bank.origin))
            .bearer_auth(&token),
        own.get(url("/v1/usage")).bearer_auth("A".repeat(43)),
        own.post(url("/v1/token"))
            .body(base64(&person.signing.certificate.0)),
        own.get(url(&format!("/v1/{}", person.signing.serial)))
            .bearer_auth(&token),
        own.get(url("/v1/openapi.json")),
    ] {
        seen.push_str(&read(request).await.text);
    }
    assert!(seen.len() > 10_000, "something was looked at");
    no_trace(platform, &person, &seen);
    let register = person.world().person(&person.id).unwrap().items.clone();
    assert!(!seen.contains(&register.name) && !platform.log().contains(&register.name));
    kept_sealed(platform, &person, &register.address);
}
