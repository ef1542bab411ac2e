//! Notices by push: signed, in order, tried again, within the promised time, never after the consent ended, never inwards.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use conformance_tests::{MachineClock, Platform, free_port, program};
use domain::Clock as _;
use jose::{JwkSet, Verification};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::support::{
    Bank, Person, audit, eventually, platform_changed, platform_with, publish, read, withdraw,
};

/// A verifier's receiver: takes tokens over TLS and answers what it is told to.
pub(crate) struct Receiver {
    address: SocketAddr,
    tokens: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<Vec<&'static str>>>,
    /// While it says so, requests are read and not answered.
    held: Arc<watch::Sender<bool>>,
    /// Requests read, answered or not.
    asked: Arc<AtomicU64>,
}

impl Receiver {
    /// One that the platform's push roots know, and the line of a verifier's file that names it.
    pub(crate) async fn beside(platform: &Platform) -> (Self, String) {
        let issued = platform.servers.issue(&["localhost"]).unwrap();
        let receiver = Self::start(&issued.chain_pem(), &issued.key_pem().unwrap()).await;
        let port = receiver.address.port();
        let line = format!("push = {{ url = \"https://localhost:{port}/notices\" }}");
        (receiver, line)
    }

    pub(crate) fn taken(&self) -> usize {
        self.tokens.lock().unwrap().len()
    }

    /// The claims of every token taken, as text.
    pub(crate) fn claims(&self) -> Vec<String> {
        let claims = |token: &String| {
            let body = jose::decode_base64url(token.split('.').nth(1).unwrap()).unwrap();
            String::from_utf8(body).unwrap()
        };
        self.tokens.lock().unwrap().iter().map(claims).collect()
    }

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
            held: Arc::new(watch::Sender::new(false)),
            asked: Arc::default(),
        };
        let (tokens, answers) = (Arc::clone(&receiver.tokens), Arc::clone(&receiver.answers));
        let (held, count) = (receiver.held.subscribe(), Arc::clone(&receiver.asked));
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
                count.fetch_add(1, Ordering::Relaxed);
                let _ = held.clone().wait_for(|held| !held).await;
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
    let (receiver, url) = Receiver::beside(&platform).await;
    // First a redirect, which is not followed, then trouble; both are tried again.
    *receiver.answers.lock().unwrap() = vec!["500 Internal Server Error", "302 Found"];
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
    let (receiver, url) = Receiver::beside(&platform).await;
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

const PUSHED: &str = "push_ca = \"push-ca.pem\"\npush_to_internal_networks = true";

#[tokio::test]
async fn a_notice_that_waits_is_dropped_when_the_consent_ends() {
    let platform = platform_with(PUSHED).await;
    let (receiver, url) = Receiver::beside(&platform).await;
    *receiver.answers.lock().unwrap() = vec!["500 Internal Server Error"; 3];
    let bank = Bank::with(&platform, "bank-a", &url);
    let (person, other) = (Person::new(&platform), Person::new(&platform));
    let (watch, withdrawal) = bank.watch(&person).await;
    let (kept, _) = bank.watch(&other).await;
    // The address changed: the person is alive, and may still withdraw with the new certificate.
    let issued = person
        .world()
        .move_house(
            &person.id,
            "東京都千代田区霞が関一丁目１番１号",
            None,
            Some(&sim::CardRequest::default()),
            MachineClock.now(),
        )
        .unwrap();
    let person = person.after(issued);
    publish(&platform);
    let failed = "status_notices_pushed_total{outcome=\"refused\"}";
    eventually(&platform, "the first try", || async {
        platform.metric(failed).await.is_some_and(|count| count >= 1.0)
    })
    .await;
    let answer = withdraw(&platform, &person.sign(withdrawal.as_bytes())).await;
    assert_eq!(answer.good()["state"], "ended");
    eventually(&platform, "the drop on record", || async {
        !audit(&platform, "notice_withheld").is_empty()
    })
    .await;
    let dropped = audit(&platform, "notice_withheld");
    assert_eq!(dropped[0]["facts"]["consent"], watch.as_str(), "{dropped:?}");
    // What comes behind it is told; of the dropped one its place is left, and nothing more.
    other.world().die(&other.id, MachineClock.now()).unwrap();
    publish(&platform);
    eventually(&platform, "the next push", || async { receiver.taken() > 0 }).await;
    let page = bank.get("/v1/notices").await.good();
    let notices = page["notices"].as_array().unwrap();
    assert_eq!(notices.len(), 2, "{page}");
    assert_eq!(
        (
            &notices[0]["number"],
            &notices[0]["consent"],
            &notices[0]["withheld"]
        ),
        (&json!(1), &json!(watch), &json!("consent_ended"))
    );
    assert!(notices[0].get("reading").is_none() && notices[0].get("signing_certificate").is_none());
    assert_eq!(
        (&notices[1]["number"], &notices[1]["consent"]),
        (&json!(2), &json!(kept))
    );
    let tokens = receiver.tokens.lock().unwrap().clone();
    assert_eq!(tokens.len(), 1);
    let body = receiver.claims().remove(0);
    assert!(body.contains(&kept) && !body.contains(&watch), "{body}");
}

#[tokio::test]
async fn a_slow_receiver_keeps_nobody_else_waiting() {
    let platform = platform_with(PUSHED).await;
    let (slow, slow_url) = Receiver::beside(&platform).await;
    let (quick, quick_url) = Receiver::beside(&platform).await;
    let (one, other) = (
        Bank::with(&platform, "bank-slow", &slow_url),
        Bank::with(&platform, "bank-z", &quick_url),
    );
    slow.held.send_replace(true);
    let first = Person::new(&platform);
    one.watch(&first).await;
    first.world().die(&first.id, MachineClock.now()).unwrap();
    let late = Person::new(&platform);
    other.watch(&late).await;
    publish(&platform);
    eventually(&platform, "the slow delivery", || async {
        slow.asked.load(Ordering::Relaxed) > 0
    })
    .await;
    // The slow one's request is on its way and stays so; the other's notice comes into being now.
    late.world().die(&late.id, MachineClock.now()).unwrap();
    publish(&platform);
    eventually(&platform, "the quick delivery", || async { quick.taken() > 0 }).await;
    assert_eq!(slow.taken(), 0, "it answers when it is let go, not before");
    let given_up = "status_notices_pushed_total{outcome=\"too_slow\"}";
    assert_eq!(
        platform.metric(given_up).await,
        None,
        "the quick one waited until the slow one was given up"
    );
    slow.held.send_replace(false);
    eventually(&platform, "the slow one's notice", || async { slow.taken() > 0 }).await;
}

#[tokio::test]
async fn what_one_process_takes_in_another_pushes_within_the_promised_time() {
    // The first takes lists in, answers banks, and neither looks at watches nor pushes.
    let idle = "[verification]\nwatch_seconds = 3600\nnotice_seconds = 3700";
    let platform = platform_changed(|text| format!("{text}\n{idle}\n"), true).await;
    std::fs::write(platform.path().join("push-ca.pem"), &platform.ca_pem).unwrap();
    let (receiver, url) = Receiver::beside(&platform).await;
    let bank = Bank::with(&platform, "bank-a", &url);
    let person = Person::new(&platform);
    let (watch, _) = bank.watch(&person).await;
    // The second looks and pushes, and takes no lists in.
    let mut listeners = (0..3).map(|_| free_port());
    let promised = 15;
    let busy = format!("[verification]\nwatch_seconds = 1\nnotice_seconds = {promised}\n{PUSHED}");
    let text = std::fs::read_to_string(platform.path().join("idp-server.toml")).unwrap();
    let mut front = 0;
    let text: String = text
        .replace(idle, &busy)
        .lines()
        .map(|line| {
            if line.starts_with("listen = ") {
                let port = listeners.next().unwrap();
                front = if front == 0 { port } else { front };
                format!("listen = \"127.0.0.1:{port}\"\n")
            } else if line.starts_with("crl_poll_seconds") {
                "crl_poll_seconds = 3600\n".to_owned()
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    let path = platform.path().join("second.toml");
    std::fs::write(&path, text).unwrap();
    let mut second = tokio::process::Command::new(program("idp-server"))
        .arg("--config")
        .arg(&path)
        .arg("serve")
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::fs::File::create(platform.path().join("second.log")).unwrap())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let there = format!("https://idp.localhost:{front}/v1/openapi.json");
    eventually(&platform, "the second process", || async {
        bank.client
            .get(&there)
            .send()
            .await
            .is_ok_and(|said| said.status() == 200)
    })
    .await;
    let description = read(bank.client.get(&there)).await.good();
    assert_eq!(description["x-status-promise"]["notice_within_seconds"], promised);

    person.world().die(&person.id, MachineClock.now()).unwrap();
    publish(&platform);
    let taken_in = platform.command(&["revocation", "ingest"]);
    assert!(
        taken_in.status.success(),
        "{}",
        String::from_utf8_lossy(&taken_in.stderr)
    );
    let begun = Instant::now();
    eventually(&platform, "the push of the other process", || async {
        receiver.taken() > 0
    })
    .await;
    let took = begun.elapsed();
    println!("from the swap in one process to the push by the other: {took:?}");
    assert!(
        took < Duration::from_secs(promised),
        "promised {promised} s, took {took:?}"
    );
    // One process told it, the other shows it.
    let notices = bank.notices_behind(&platform, 0).await;
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert_eq!(notices[0]["consent"], watch.as_str());
    second.kill().await.unwrap();
    // The first has looked at no watch since its lists came into use: whoever measures sees that.
    eventually(&platform, "the lag of a process that does not look", || async {
        lag(&platform, "told").await.is_some_and(|seconds| seconds >= 2.0)
    })
    .await;
    assert_eq!(
        platform.metric("verification_notice_promise_seconds").await,
        Some(3700.0)
    );
    assert_eq!(platform.metric("verification_notices_late").await, Some(0.0));
}

async fn lag(platform: &Platform, stage: &str) -> Option<f64> {
    let name = format!("verification_notice_lag_seconds{{stage=\"{stage}\"}}");
    platform.metric(&name).await
}

#[tokio::test]
async fn operators_see_how_long_telling_takes() {
    let platform = platform_with(&format!("notice_seconds = 13\n{PUSHED}")).await;
    eventually(&platform, "a look at the watches", || async {
        lag(&platform, "told").await == Some(0.0)
    })
    .await;
    assert_eq!(lag(&platform, "pushed").await, Some(0.0));
    assert_eq!(
        platform.metric("verification_notice_promise_seconds").await,
        Some(13.0)
    );
    assert_eq!(platform.metric("verification_notices_late").await, Some(0.0));
    let ask = |accept: &'static str| {
        reqwest::Client::new()
            .get(format!("{}/revocation", platform.operator))
            .bearer_auth(&platform.operator_token)
            .header("accept", accept)
            .header("accept-language", "en")
    };
    let said = read(ask("application/json")).await.good();
    assert_eq!(
        said["notices"],
        json!({"late": false, "seconds": {"told": 0, "pushed": 0, "promised": 13}})
    );
    let page = read(ask("text/html")).await.text;
    for text in ["Notices to verifiers", "Promised at the latest after", "13 s"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("not told in the time"), "{page}");
}
