//! 基本4情報: from the certificate where the purpose says so, and the latest ones with consent.

use serde_json::{Value, json};
use sim::jlis_server::faults::ServerFault;

use crate::support::{Bank, DOCUMENT, Person, audit, base64, eventually, platform, publish, withdraw};

fn texts(items: &Value) -> (&str, &str) {
    (
        items["name"].as_str().unwrap(),
        items["address"].as_str().unwrap(),
    )
}

#[tokio::test]
async fn items_of_the_certificate_come_with_a_valid_verdict_only() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    let person = Person::new(&platform);
    let register = person.world().person(&person.id).unwrap().items.clone();
    let release = json!({"release": ["four_items"]});
    let answer = bank
        .verify_as(&person.sign(DOCUMENT), release.clone())
        .await
        .good();
    let items = &answer["signers"][0]["four_items"];
    assert_eq!(
        texts(items),
        (register.name.as_str(), register.address.as_str()),
        "{answer}"
    );
    assert_eq!(items["birth_date"], register.birth_date);
    assert_eq!(items["sex"], register.sex);
    // Evidence keeps none of it.
    let id = answer["evidence"].as_str().unwrap();
    let kept = bank.get(&format!("/v1/evidence/{id}")).await;
    assert!(!kept.text.contains(&register.name) && !kept.text.contains("four_items"));
    // Nothing comes with anything but a valid verdict.
    let fault = Some(sim::cms::CmsFault::BrokenSignature);
    let now = domain::Clock::now(&conformance_tests::MachineClock);
    let broken = person.sign_with(DOCUMENT, false, fault, now);
    let answer = bank.verify_as(&broken, release).await;
    assert_eq!(answer.good()["verdict"], "invalid");
    assert!(!answer.text.contains(&register.name));
}

async fn consent(bank: &Bank, person: &Person) -> (String, String) {
    let (text, withdrawal) = bank.text("latest_items", "account-opening", 3650).await;
    let message = base64(&person.sign(text.as_bytes()));
    let answer = bank
        .post("/v1/four-items-consents", json!({"message": message}))
        .await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text);
    (answer.json()["consent"].as_str().unwrap().to_owned(), withdrawal)
}

#[tokio::test]
async fn the_latest_items_follow_a_move_until_the_consent_ends() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    let person = Person::new(&platform);
    let (id, withdrawal) = consent(&bank, &person).await;
    let path = format!("/v1/four-items-consents/{id}");
    let latest = format!("{path}/latest");
    let first = bank.post(&latest, json!({})).await.good();
    let register = person.world().person(&person.id).unwrap().items.clone();
    assert_eq!(texts(&first["four_items"]).1, register.address);

    let now = domain::Clock::now(&conformance_tests::MachineClock);
    let renewed = sim::CardRequest::default();
    let issued = person
        .world()
        .move_house(
            &person.id,
            "東京都千代田区霞が関一丁目１番１号",
            None,
            Some(&renewed),
            now,
        )
        .unwrap();
    publish(&platform);
    let second = bank.post(&latest, json!({})).await.good();
    assert_eq!(
        texts(&second["four_items"]).1,
        "東京都千代田区霞が関一丁目１番１号",
        "{second}"
    );

    // A stranger cannot take it back; the person can, with the certificate that replaced the one of the consent.
    let stranger = Person::new(&platform);
    let barred = withdraw(&platform, &stranger.sign(withdrawal.as_bytes())).await;
    assert_eq!(
        (barred.status.as_u16(), &barred.good()["state"]),
        (202, &json!("barred"))
    );
    bank.post(&latest, json!({})).await.good();
    withdraw(&platform, &person.sign(b"I withdraw"))
        .await
        .problem(422, "consent_text_unknown");
    let person = person.after(issued);
    let ended = withdraw(&platform, &person.sign(withdrawal.as_bytes())).await;
    assert_eq!(
        (ended.status.as_u16(), &ended.good()["state"]),
        (200, &json!("ended"))
    );
    bank.post(&latest, json!({})).await.problem(410, "consent_ended");
    let held = bank.get(&path).await.good();
    assert_eq!(
        (held["state"].as_str(), held["ended_by"].as_str()),
        (Some("ended"), Some("person"))
    );
}

#[tokio::test]
async fn items_stay_where_the_consent_ends_while_the_authority_is_asked() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    let person = Person::new(&platform);
    let (id, _) = consent(&bank, &person).await;
    let path = format!("/v1/four-items-consents/{id}");
    // No answer until the fault is switched off.
    let long = Some(sim::jlis_server::faults::Parameter::Number(60_000));
    platform.jlis.switch(ServerFault::ItemsSlow, true, long);
    let asked = platform.jlis.asked_items();
    let latest = format!("{path}/latest");
    let (answer, gone) = tokio::join!(bank.post(&latest, json!({})), async {
        eventually(&platform, "the question to the authority", || async {
            platform.jlis.asked_items() > asked
        })
        .await;
        let gone = bank.delete(&path).await;
        platform.jlis.switch(ServerFault::ItemsSlow, false, None);
        gone
    });
    assert_eq!(gone.status, 204);
    answer.problem(410, "consent_ended");
    let released = audit(&platform, "items_released");
    assert!(released.is_empty(), "{released:?}");
}

#[tokio::test]
async fn a_withdrawal_before_its_consent_is_not_forgotten() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    let (person, stranger) = (Person::new(&platform), Person::new(&platform));
    for (kind, purpose, register) in [
        ("latest_items", "account-opening", "/v1/four-items-consents"),
        ("status_watch", "mailing", "/v1/watches"),
    ] {
        // Somebody else's withdrawal of the same number takes nothing away.
        let (text, withdrawal) = bank.text(kind, purpose, 30).await;
        let signed = json!({"message": base64(&person.sign(text.as_bytes()))});
        let barred = withdraw(&platform, &stranger.sign(withdrawal.as_bytes())).await;
        assert_eq!(barred.status, 202, "{}", barred.text);
        assert_eq!(bank.post(register, signed.clone()).await.status, 201);
        bank.post(register, signed)
            .await
            .problem(409, "already_registered");

        let (text, withdrawal) = bank.text(kind, purpose, 30).await;
        let signed = json!({"message": base64(&person.sign(text.as_bytes()))});
        for _ in 0..2 {
            let barred = withdraw(&platform, &person.sign(withdrawal.as_bytes())).await;
            assert_eq!(
                (barred.status.as_u16(), &barred.good()["state"]),
                (202, &json!("barred"))
            );
        }
        bank.post(register, signed)
            .await
            .problem(422, "consent_withdrawn");
    }
    let ends = audit(&platform, "verifier_consent_ended");
    assert_eq!(ends.len(), 4, "the second time changed nothing: {ends:?}");
    assert!(ends.iter().all(|event| event["facts"]["registered"] == "never"));
}

#[tokio::test]
async fn consents_end_by_verifier_operator_and_authority() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    let person = Person::new(&platform);
    let (one, _) = consent(&bank, &person).await;
    let gone = bank.delete(&format!("/v1/four-items-consents/{one}")).await;
    assert_eq!(gone.status, 204);
    let latest = |id: &str| format!("/v1/four-items-consents/{id}/latest");
    bank.post(&latest(&one), json!({}))
        .await
        .problem(410, "consent_ended");
    let (two, _) = consent(&bank, &person).await;
    let ended = platform.command(&["verifier", "end-consent", &two]);
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    bank.post(&latest(&two), json!({}))
        .await
        .problem(410, "consent_ended");
    let (three, _) = consent(&bank, &person).await;
    person.world().withdraw_consent(&person.id, true).unwrap();
    bank.post(&latest(&three), json!({}))
        .await
        .problem(410, "consent_ended");
    let (four, _) = consent(&bank, &person).await;
    person.world().withdraw_consent(&person.id, false).unwrap();
    let now = domain::Clock::now(&conformance_tests::MachineClock);
    person.world().die(&person.id, now).unwrap();
    bank.post(&latest(&four), json!({}))
        .await
        .problem(409, "items_refused");
    // The purpose must allow it, and the term is bounded.
    let body = json!({"kind": "latest_items", "purpose": "mailing", "until": "2027-11-01"});
    bank.post("/v1/consent-texts", body)
        .await
        .problem(403, "purpose_without_four_items");
    let body = json!({"kind": "latest_items", "purpose": "account-opening", "until": "2099-11-01"});
    bank.post("/v1/consent-texts", body)
        .await
        .problem(422, "consent_too_long");
}

#[tokio::test]
async fn where_the_authority_does_not_answer_nothing_is_registered_and_nothing_told() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    let person = Person::new(&platform);
    let (id, _) = consent(&bank, &person).await;
    let (text, _) = bank.text("status_watch", "mailing", 30).await;
    let signed = json!({"message": base64(&person.sign(text.as_bytes()))});
    let latest = format!("/v1/four-items-consents/{id}/latest");
    for fault in [
        ServerFault::ItemsUnavailable,
        ServerFault::ItemsSilent,
        ServerFault::ItemsGarbage,
        ServerFault::ItemsHuge,
        ServerFault::ItemsMalformed,
    ] {
        platform.jlis.switch(fault, true, None);
        let answer = bank.post(&latest, json!({})).await;
        platform.jlis.switch(fault, false, None);
        answer.problem(503, "unavailable");
    }
    for fault in [
        ServerFault::LinksUnavailable,
        ServerFault::LinksGarbage,
        ServerFault::LinksEmpty,
        ServerFault::LinksHuge,
        ServerFault::LinksMalformed,
        ServerFault::LinksToItself,
    ] {
        platform.jlis.switch(fault, true, None);
        let answer = bank.post("/v1/watches", signed.clone()).await;
        platform.jlis.switch(fault, false, None);
        answer.problem(503, "unavailable");
    }
    bank.post(&latest, json!({})).await.good();
    bank.post("/v1/watches", signed).await.good();
    let held = bank.get(&format!("/v1/four-items-consents/{id}")).await.good();
    assert_eq!(held["state"], "open", "no answer ends nothing");
}
