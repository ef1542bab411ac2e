//! Verdicts over whole messages and bare signatures, by lists and by responder, and the evidence that stays.

use conformance_tests::MachineClock;
use domain::Clock as _;
use serde_json::json;
use sim::CardRequest;
use sim::cms::CmsFault;
use sim::crl::RevocationReason;
use sim::fault::Fault;
use sim::keys::KeyAlgorithm;

use crate::support::{Bank, DOCUMENT, Person, base64, eventually, platform, publish};

#[tokio::test]
async fn good_signatures_of_every_form_are_valid_and_evidence_stays() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    for algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::P384] {
        let request = CardRequest {
            algorithm,
            ..CardRequest::default()
        };
        let person = Person::with(&platform, &request);
        let attached = person.sign(DOCUMENT);
        let now = MachineClock.now();
        let detached = person.sign_with(DOCUMENT, true, None, now);
        let raw = person.raw(DOCUMENT);
        let name = if algorithm == KeyAlgorithm::P384 {
            "ES384"
        } else {
            "RS256"
        };
        for (form, body) in [
            ("attached", json!({"cms": {"message": base64(&attached)}})),
            (
                "detached",
                json!({"cms": {"message": base64(&detached), "document": base64(DOCUMENT)}}),
            ),
            (
                "raw",
                json!({"raw": {"signature": base64(&raw), "certificate": base64(&person.signing.certificate.0),
                    "algorithm": name, "document": base64(DOCUMENT)}}),
            ),
        ] {
            for certainty in ["crl", "ocsp"] {
                let mut body = body.clone();
                body["purpose"] = "mailing".into();
                body["certainty"] = certainty.into();
                let answer = bank.post("/v1/signatures/verify", body).await.good();
                assert_eq!(answer["verdict"], "valid", "{form} {certainty}: {answer}");
                assert_eq!(answer["document"]["bytes"], DOCUMENT.len());
                let signer = &answer["signers"][0];
                assert_eq!(signer["algorithm"], name);
                assert_eq!(signer["status"]["word"], "good");
                let source = if certainty == "crl" { "crl" } else { "crl_and_ocsp" };
                assert_eq!(signer["status"]["source"], source);
                let steps = signer["trace"].as_array().unwrap();
                assert!(
                    steps.len() > 10 && steps.iter().all(|step| step["verdict"] == "passed"),
                    "{answer}"
                );
                assert!(signer.get("four_items").is_none(), "nothing is released unasked");
                let id = answer["evidence"].as_str().unwrap();
                let kept = bank.get(&format!("/v1/evidence/{id}")).await.good();
                assert_eq!(kept, answer);
            }
        }
    }
}

#[tokio::test]
async fn what_does_not_hold_is_invalid_with_its_reason() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    let person = Person::new(&platform);
    let now = MachineClock.now();
    let stranger = Person::with(&platform, &CardRequest::with_fault(Fault::ForeignAuthority));
    let weak = Person::with(&platform, &CardRequest::with_fault(Fault::WrongKeyUsage));
    let detached = person.sign_with(DOCUMENT, true, None, now);
    for (name, message, more, reason) in [
        (
            "digest",
            person.sign_with(DOCUMENT, false, Some(CmsFault::WrongDigest), now),
            json!({}),
            "document_differs",
        ),
        (
            "signature",
            person.sign_with(DOCUMENT, false, Some(CmsFault::BrokenSignature), now),
            json!({}),
            "signature_wrong",
        ),
        (
            "attributes",
            person.sign_with(DOCUMENT, false, Some(CmsFault::NoSignedAttributes), now),
            json!({}),
            "attributes_ambiguous",
        ),
        (
            "no certificate",
            person.sign_with(DOCUMENT, false, Some(CmsFault::NoCertificate), now),
            json!({}),
            "signer_certificate_unclear",
        ),
        ("no document", detached.clone(), json!({}), "document_missing"),
        (
            "wrong document",
            detached.clone(),
            json!({"cms": {"message": base64(&detached), "document": base64(b"another")}}),
            "document_differs",
        ),
        (
            "nonsense",
            vec![0x30, 3, 1, 2, 3],
            json!({}),
            "message_unreadable",
        ),
        ("indefinite", vec![0x30, 0x80, 0, 0], json!({}), "message_not_der"),
    ] {
        let answer = bank.verify_as(&message, more).await.good();
        assert_eq!(answer["verdict"], "invalid", "{name}: {answer}");
        assert_eq!(answer["reason"]["code"], reason, "{name}: {answer}");
        assert!(answer["reason"]["ja"].is_string() && answer["reason"]["en"].is_string());
    }
    for (name, signer, reason) in [
        ("foreign authority", &stranger, "certificate_authority_unknown"),
        ("key usage", &weak, "certificate_key_usage"),
    ] {
        let answer = bank.verify(&signer.sign(DOCUMENT)).await.good();
        assert_eq!(answer["verdict"], "invalid", "{name}: {answer}");
        assert_eq!(answer["signers"][0]["reason"]["code"], reason, "{name}: {answer}");
    }
    // The certificate of somebody else in the place of the signer's.
    let swapped = json!({"raw": {"signature": base64(&person.raw(DOCUMENT)),
        "certificate": base64(&Person::new(&platform).signing.certificate.0), "algorithm": "RS256", "document": base64(DOCUMENT)},
        "purpose": "mailing"});
    let answer = bank.post("/v1/signatures/verify", swapped).await.good();
    assert_eq!(answer["reason"]["code"], "signature_wrong");
    // The other certificate of the card signs people in and no documents.
    let mut own = person.authentication.card().unwrap();
    let signature = own.sign(&person.authentication.pin, DOCUMENT).unwrap();
    let body = json!({"purpose": "mailing", "raw": {"signature": base64(&signature), "algorithm": "RS256",
        "certificate": base64(&person.authentication.certificate.0), "document": base64(DOCUMENT)}});
    let answer = bank.post("/v1/signatures/verify", body).await.good();
    assert_eq!(
        answer["signers"][0]["reason"]["code"],
        "certificate_not_for_signing"
    );
}

#[tokio::test]
async fn revocation_counts_from_its_moment_and_evidence_proves_the_time_before() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    let person = Person::new(&platform);
    let early = person.sign(DOCUMENT);
    let seen = bank.verify(&early).await.good();
    assert_eq!(seen["verdict"], "valid");
    assert_eq!(seen["signers"][0]["time"]["basis"], "presented");
    let at = MachineClock.now().plus_seconds(1);
    person
        .world()
        .revoke(&person.signing.id, RevocationReason::CertificateHold, at)
        .unwrap();
    // The responder knows at once, the lists do not yet: whoever asks for more certainty gets it.
    eventually(&platform, "the responder's revocation", || async {
        let poll = person.sign(b"poll");
        let ocsp = bank.verify_as(&poll, json!({"certainty": "ocsp"})).await.good();
        ocsp["signers"][0]["status"]["word"] == "revoked"
    })
    .await;
    publish(&platform);
    eventually(&platform, "the list", || async {
        let late = person.sign(b"late");
        bank.verify(&late).await.good()["verdict"] == "invalid"
    })
    .await;
    // Signed before, as the message says; shown after: nobody can know.
    let never = person.sign_with(b"signed before, shown after", false, None, at.plus_seconds(-1));
    let answer = bank.verify(&never).await.good();
    assert_eq!(answer["verdict"], "indeterminate", "{answer}");
    assert_eq!(answer["signers"][0]["reason"]["code"], "certificate_revoked");
    assert_eq!(
        answer["signers"][0]["status"]["revocation_reason"],
        "certificateHold"
    );
    // Shown before, verified before: still valid, by what was kept.
    let answer = bank.verify(&early).await.good();
    assert_eq!(answer["verdict"], "valid", "{answer}");
    assert_eq!(answer["signers"][0]["time"]["basis"], "earlier_verification");
    // That is this verifier's evidence and nobody else's.
    let other = Bank::new(&platform, "bank-b");
    assert_ne!(other.verify(&early).await.good()["verdict"], "valid");
}

#[tokio::test]
async fn unknown_is_not_good() {
    let mut platform = conformance_tests::Platform::prepare(conformance_tests::PlatformOptions {
        jlis: "ocsp_responders = [{ label = \"first\", url = \"http://127.0.0.1:9/ocsp\" }]".to_owned(),
        ..conformance_tests::PlatformOptions::default()
    })
    .await;
    platform.run().await;
    let bank = Bank::new(&platform, "bank-a");
    let person = Person::new(&platform);
    let message = person.sign(DOCUMENT);
    // No list of the 署名用 authority was ever taken in.
    let answer = bank.verify(&message).await.good();
    assert_eq!(answer["verdict"], "indeterminate");
    assert_eq!(answer["signers"][0]["status"]["gap"], "no_list");
    // A list, but nobody answers the question.
    publish(&platform);
    eventually(&platform, "the list", || async {
        bank.verify(&message).await.good()["verdict"] == "valid"
    })
    .await;
    let answer = bank
        .verify_as(&message, json!({"certainty": "ocsp"}))
        .await
        .good();
    assert_eq!(answer["verdict"], "indeterminate", "{answer}");
    assert_eq!(answer["signers"][0]["status"]["gap"], "unreachable");
}
