//! Watches: what happens to a person becomes a notice within seconds of the lists, with the documents' reading.

use std::time::{Duration, Instant};

use conformance_tests::MachineClock;
use domain::Clock as _;
use serde_json::{Value, json};
use sim::authority::CaKind;
use sim::crl::RevocationReason;
use sim::person::Medium;

use crate::support::{
    Bank, DOCUMENT, Person, base64, eventually, platform, publish, publish_at, publish_only, withdraw,
};

#[tokio::test]
async fn each_event_of_a_life_has_the_documents_reading() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    let people: Vec<Person> = (0..6).map(|_| Person::new(&platform)).collect();
    let mut watches = Vec::new();
    for person in &people {
        let (watch, _) = bank.watch(person).await;
        let state = bank.get(&format!("/v1/watches/{watch}/state")).await.good();
        assert_eq!(state["reading"]["code"], "alive_and_items_current", "{state}");
        watches.push(watch);
    }
    let [moved, dead, lost, renewed, closed, nothing] = people.as_slice() else {
        panic!("six people")
    };
    let at = MachineClock.now();
    let request = sim::CardRequest::default();
    {
        let mut world = platform.simulation.lock().unwrap();
        world
            .move_house(&moved.id, "東京都千代田区霞が関一丁目１番１号", None, None, at)
            .unwrap();
        world.die(&dead.id, at).unwrap();
        world.lose(&lost.id, Medium::Card, at).unwrap();
        world.renew(&renewed.id, Medium::Card, &request, at).unwrap();
        for record in [&closed.signing, &closed.authentication] {
            world
                .revoke(&record.id, RevocationReason::CessationOfOperation, at)
                .unwrap();
        }
    }
    let _ = nothing;
    publish(&platform);
    let begun = Instant::now();
    let mut found: Vec<Value> = Vec::new();
    while found.len() < 5 {
        let after = found
            .last()
            .map_or(0, |notice| notice["number"].as_u64().unwrap());
        found.extend(bank.notices_behind(&platform, after).await);
    }
    let took = begun.elapsed();
    assert!(
        took < Duration::from_secs(15),
        "promised within 24 hours, told after {took:?}"
    );
    for (place, reading) in [
        (0, "items_changed"),
        (1, "death_or_move_abroad"),
        (2, "card_lost"),
        (3, "renewed"),
        (4, "loss_or_move_abroad"),
    ] {
        let notice = found
            .iter()
            .find(|notice| notice["consent"] == watches[place].as_str())
            .unwrap_or_else(|| panic!("no notice of {reading}: {found:?}"));
        assert_eq!(notice["reading"]["code"], reading, "{notice}");
        let state = bank
            .get(&format!("/v1/watches/{}/state", watches[place]))
            .await
            .good();
        assert_eq!(state["reading"], notice["reading"]);
    }
    let numbers: Vec<u64> = found
        .iter()
        .map(|notice| notice["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5], "in order and without gaps");
    // Later the one who moved dies: another reading, another notice; everybody else is silent.
    platform
        .simulation
        .lock()
        .unwrap()
        .revoke(
            &moved.authentication.id,
            RevocationReason::AffiliationChanged,
            MachineClock.now(),
        )
        .unwrap();
    publish(&platform);
    let next = bank.notices_behind(&platform, 5).await;
    assert_eq!(next.len(), 1, "{next:?}");
    assert_eq!(next[0]["consent"], watches[0].as_str());
    assert_eq!(next[0]["reading"]["code"], "death_or_move_abroad");
}

#[tokio::test]
async fn the_dead_are_never_called_moved_because_one_list_came_first() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    let dead = Person::new(&platform);
    let (watch, _) = bank.watch(&dead).await;
    let now = MachineClock.now();
    platform.simulation.lock().unwrap().die(&dead.id, now).unwrap();
    // The list of the 署名用 authority comes in first.
    publish_only(&platform, CaKind::DigitalSignature, now.plus_seconds(1));
    eventually(&platform, "the first list", || async {
        bank.verify(&dead.sign(DOCUMENT)).await.good()["verdict"] == "invalid"
    })
    .await;
    // The sweep sees the change and waits for the other list.
    let path = format!("/v1/watches/{watch}");
    eventually(&platform, "the change to be noticed", || async {
        bank.get(&path).await.good()["pending"] == true
    })
    .await;
    let page = bank.get("/v1/notices").await.good();
    assert_eq!(page["notices"], json!([]), "told from half the lists");
    assert_eq!(bank.get(&path).await.good()["last_reading"], Value::Null);
    let state = bank.get(&format!("{path}/state")).await.good();
    assert_eq!(state["reading"]["code"], "undetermined", "{state}");
    publish_at(&platform, MachineClock.now());
    let found = bank.notices_behind(&platform, 0).await;
    assert_eq!(found[0]["reading"]["code"], "death_or_move_abroad", "{found:?}");
}

#[tokio::test]
async fn watches_end_by_the_person_by_the_verifier_and_are_told_no_more() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    let (one, two, three) = (
        Person::new(&platform),
        Person::new(&platform),
        Person::new(&platform),
    );
    let (by_verifier, _) = bank.watch(&one).await;
    let (by_person, withdrawal) = bank.watch(&two).await;
    let (kept, _) = bank.watch(&three).await;
    assert_eq!(
        bank.delete(&format!("/v1/watches/{by_verifier}")).await.status,
        204
    );
    withdraw(&platform, &two.sign(withdrawal.as_bytes())).await.good();
    for (id, by) in [(&by_verifier, "verifier"), (&by_person, "person")] {
        let held = bank.get(&format!("/v1/watches/{id}")).await.good();
        assert_eq!(
            (held["state"].as_str(), held["ended_by"].as_str()),
            (Some("ended"), Some(by))
        );
        bank.get(&format!("/v1/watches/{id}/state"))
            .await
            .problem(410, "consent_ended");
    }
    let now = MachineClock.now();
    for person in [&one, &two, &three] {
        platform.simulation.lock().unwrap().die(&person.id, now).unwrap();
    }
    publish(&platform);
    let found = bank.notices_behind(&platform, 0).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["consent"], kept.as_str());
}

#[tokio::test]
async fn a_consent_must_be_this_text_by_a_good_certificate() {
    let platform = platform().await;
    let bank = Bank::new(&platform, "bank-a");
    let person = Person::new(&platform);
    let (text, _) = bank.text("status_watch", "mailing", 30).await;
    let send = |message: Vec<u8>| {
        let bank = &bank;
        async move {
            bank.post("/v1/watches", json!({"message": base64(&message)}))
                .await
        }
    };
    let changed = text.replace("同意します", "強く同意します");
    send(person.sign(changed.as_bytes()))
        .await
        .problem(422, "consent_text_unknown");
    send(person.sign(b"yes"))
        .await
        .problem(422, "consent_text_unknown");
    let now = MachineClock.now();
    let detached = person.sign_with(text.as_bytes(), true, None, now);
    send(detached).await.problem(422, "consent_signature_wrong");
    let broken = person.sign_with(
        text.as_bytes(),
        false,
        Some(sim::cms::CmsFault::BrokenSignature),
        now,
    );
    send(broken).await.problem(422, "consent_signature_wrong");
    let two = person.sign_with(text.as_bytes(), false, Some(sim::cms::CmsFault::TwoSigners), now);
    send(two).await.problem(422, "consent_signature_wrong");
    person
        .world()
        .revoke(&person.signing.id, RevocationReason::CessationOfOperation, now)
        .unwrap();
    publish(&platform);
    eventually(&platform, "the list", || async {
        send(person.sign(text.as_bytes())).await.status == 422
    })
    .await;
    send(person.sign(text.as_bytes()))
        .await
        .problem(422, "consent_certificate_not_accepted");
}
