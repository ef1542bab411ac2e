//! Watches: what happens to a person becomes a notice within seconds of the lists, with the documents' reading.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use conformance_tests::{MachineClock, free_port};
use domain::Clock as _;
use jose::{JwkSet, Verification};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use sim::authority::CaKind;
use sim::crl::RevocationReason;
use sim::person::Medium;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::{
    Bank, DOCUMENT, Person, base64, client, eventually, platform, platform_with, publish, publish_at,
    publish_only, read,
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
    let request = client(&platform)
        .post(format!("{}/v1/withdrawals", bank.origin))
        .header("content-type", "application/json")
        .body(json!({"message": base64(&two.sign(withdrawal.as_bytes()))}).to_string());
    read(request).await.good();
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

/// A verifier's receiver: takes tokens over TLS and answers what it is told to.
struct Receiver {
    address: SocketAddr,
    tokens: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<Vec<&'static str>>>,
}

impl Receiver {
    async fn start(chain: &str, key: &str) -> Self {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain.as_bytes())
            .collect::<Result<_, _>>()
            .unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", free_port())).await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            tokens: Arc::default(),
            answers: Arc::default(),
        };
        let (tokens, answers) = (Arc::clone(&receiver.tokens), Arc::clone(&receiver.answers));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut request = Vec::new();
                let mut buffer = [0; 4096];
                let body = loop {
                    let Ok(read @ 1..) = stream.read(&mut buffer).await else {
                        break None;
                    };
                    request.extend_from_slice(&buffer[..read]);
                    let text = String::from_utf8_lossy(&request).into_owned();
                    if let Some((head, body)) = text.split_once("\r\n\r\n") {
                        let length: usize = head
                            .lines()
                            .find_map(|line| {
                                line.to_ascii_lowercase()
                                    .strip_prefix("content-length: ")?
                                    .parse()
                                    .ok()
                            })
                            .unwrap_or(0);
                        if body.len() >= length {
                            assert!(head.contains("application/secevent+jwt"), "{head}");
                            break Some(body.to_owned());
                        }
                    }
                };
                let answer = answers.lock().unwrap().pop().unwrap_or("202 Accepted");
                if answer.starts_with('2') {
                    tokens.lock().unwrap().extend(body);
                }
                let reply = format!(
                    "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nlocation: https://127.0.0.1:1/\r\nconnection: close\r\n\r\n"
                );
                let _ = stream.write_all(reply.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        receiver
    }
}

#[tokio::test]
async fn notices_are_pushed_signed_and_tried_again() {
    let platform = platform_with("push_ca = \"push-ca.pem\"\npush_to_internal_networks = true").await;
    let issued = platform.servers.issue(&["localhost"]).unwrap();
    let receiver = Receiver::start(&issued.chain_pem(), &issued.key_pem().unwrap()).await;
    // First a redirect, which is not followed, then trouble; both are tried again.
    *receiver.answers.lock().unwrap() = vec!["500 Internal Server Error", "302 Found"];
    let url = format!(
        "push = {{ url = \"https://localhost:{}/notices\" }}",
        receiver.address.port()
    );
    let bank = Bank::with(&platform, "bank-a", &url);
    let person = Person::new(&platform);
    let (watch, _) = bank.watch(&person).await;
    person.world().die(&person.id, MachineClock.now()).unwrap();
    publish(&platform);
    eventually(&platform, "the push", || async {
        !receiver.tokens.lock().unwrap().is_empty()
    })
    .await;
    let token = receiver.tokens.lock().unwrap()[0].clone();
    let keys = read(bank.client.get(format!("{}/oidc/jwks", bank.origin))).await;
    let keys = JwkSet::parse(&keys.text).unwrap();
    let accept = Verification {
        algorithms: &[jose::Algorithm::Es256],
        types: &["secevent+jwt"],
        untyped: false,
        max_bytes: 16_384,
    };
    let verified = jose::verify(&token, &keys, &accept).unwrap();
    let claims = Value::Object(verified.claims().unwrap());
    assert_eq!(claims["aud"], "bank-a");
    assert_eq!(claims["iss"], bank.origin);
    let event = &claims["events"][format!("{}/v1/events/state-changed", bank.origin)];
    assert_eq!(event["consent"], watch.as_str());
    assert_eq!(event["reading"]["code"], "death_or_move_abroad");
    // The same notice can be fetched, and is not pushed again.
    let fetched = bank.notices_behind(&platform, 0).await;
    assert_eq!(&fetched[0], event);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(receiver.tokens.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn nothing_is_pushed_to_internal_networks_unless_the_operator_says_so() {
    let platform = platform_with("push_ca = \"push-ca.pem\"").await;
    let issued = platform.servers.issue(&["localhost"]).unwrap();
    let receiver = Receiver::start(&issued.chain_pem(), &issued.key_pem().unwrap()).await;
    let url = format!(
        "push = {{ url = \"https://localhost:{}/\" }}",
        receiver.address.port()
    );
    let bank = Bank::with(&platform, "bank-a", &url);
    let person = Person::new(&platform);
    bank.watch(&person).await;
    person.world().die(&person.id, MachineClock.now()).unwrap();
    publish(&platform);
    eventually(&platform, "the refusal", || async {
        let name = "status_notices_pushed_total{outcome=\"not_public\"}";
        platform.metric(name).await.is_some_and(|count| count >= 1.0)
    })
    .await;
    assert!(receiver.tokens.lock().unwrap().is_empty());
    assert_eq!(
        bank.notices_behind(&platform, 0).await.len(),
        1,
        "it can be fetched"
    );
}
