//! OCSP: truthful answers, every way of not answering, and what happens between two responders.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use jlis::{
    AnsweredFrom, Asker, LinkKind, OcspStatus, ResponderFailure, StatusFailure, StatusQuestion,
    StatusSource as _, Unavailable,
};
use jlis_http::{ClientReason, HttpStatusSource, OcspResponder, OcspSettings};
use pki::RevocationReason;
use pki::ocsp::{NonceRule, OcspPolicy};

use crate::maker::{self, Ca, Key, Paper, good, now, revoked, tlv, unknown};
use crate::server::{Heard, Reply, Server};
use crate::world::{Chance, OCSP, SERIAL, World, say, signed, until};

pub(crate) fn superseded(at: i64) -> OcspStatus {
    OcspStatus::Revoked {
        reason: RevocationReason::Superseded,
        at: now().plus_seconds(at),
    }
}

pub(crate) fn superseded_der(at: i64) -> Vec<u8> {
    revoked(now().plus_seconds(at), Some(4))
}

#[tokio::test]
async fn each_status_comes_with_its_evidence_and_links() {
    let world = World::new();
    for (status, expected) in [
        (good(), OcspStatus::Good),
        (unknown(), OcspStatus::Unknown),
        (superseded_der(-60), superseded(-60)),
    ] {
        let server = Server::start(world.answering(move |answer| {
            say(answer, &status, -10);
            let link = maker::sequence(&[
                tlv(10, &[0]),
                tlv(10, &[0]),
                maker::octets(&[0xcd; 32]),
                maker::integer(&[5]),
            ]);
            answer.singles[0].extensions =
                vec![maker::extension(maker::LINKS, false, &maker::sequence(&[link]))];
        }))
        .await;
        let client = world.client(World::settings(&[server.url()]));
        let answer = world.ask(&client).await.unwrap();
        assert_eq!(answer.status, expected);
        assert_eq!(answer.from, AnsweredFrom::Responder);
        assert_eq!((answer.questions_sent, world.counted()), (1, 1));
        let linked = answer.links.only(LinkKind::Predecessor).unwrap().unwrap();
        assert_eq!(linked.serial.expose_bytes(), [5]);
        let evidence = &answer.evidence;
        assert_eq!(evidence.responder, "responder 1");
        assert_eq!(evidence.produced_at, now().plus_seconds(-10));
        assert_eq!(evidence.this_update, now().plus_seconds(-10));
        assert_eq!(evidence.next_update, Some(now().plus_seconds(590)));
        assert!(evidence.nonce_matched);
        // Kept whole: what was asked, and what was signed about it.
        let heard = Heard {
            head: String::new(),
            body: evidence.request.clone(),
        };
        let (mut again, kept) = (
            signed(&world.responder, &heard, &|_: &mut _| ()),
            &evidence.response,
        );
        again.truncate(40);
        assert_eq!(kept[4..9], again[4..9], "a response is kept");
        assert!(kept.windows(4).any(|window| window == SERIAL.to_be_bytes()));
        let printed = format!("{answer:?}");
        assert!(
            !printed.contains("request: [") && !printed.contains("response: ["),
            "{printed}"
        );
    }
}

/// Every way of not answering, and its name. None takes longer than its time, and none is good.
#[tokio::test]
async fn nothing_but_a_verified_answer_is_an_answer() {
    let world = World::new();
    let server = Server::start(|_| Reply::HangUp).await;
    let elsewhere = Server::start(world.saying(good(), 0)).await;
    let client = world.client(World::settings(&[server.url()]));
    let told = async |what: &str| {
        let begun = Instant::now();
        let failure = world.ask(&client).await.expect_err(what);
        assert!(begun.elapsed() < Duration::from_secs(4), "{what}");
        let StatusFailure::NoAnswer {
            responders,
            questions_sent: 1,
        } = failure
        else {
            panic!("{what}: {failure:?}")
        };
        assert_eq!(responders.len(), 1, "{what}");
        responders[0].1.clone()
    };
    let head = |extra: &str| format!("HTTP/1.1 200 OK\r\ncontent-type: {OCSP}{extra}");
    let status = |status: &str, extra: &str| {
        let line = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\ncontent-type: {OCSP}{extra}");
        move |_: &Heard| Reply::Http(line.clone(), Vec::new())
    };
    let refused = |status| ResponderFailure::Unavailable(Unavailable::Refused { status });
    let unavailable = ResponderFailure::Unavailable;

    server.behave(|_| Reply::HangUp);
    assert_eq!(told("hang up").await, unavailable(Unavailable::Unreachable));
    server.behave(|_| Reply::Silence);
    assert_eq!(told("silence").await, unavailable(Unavailable::TooSlow));
    for code in [204, 400, 401, 404, 500, 503] {
        server.behave(status(&code.to_string(), ""));
        assert_eq!(told("status").await, refused(code));
    }
    let there = format!("\r\nlocation: {}/ocsp", elsewhere.url());
    for code in [301, 302, 303, 307, 308] {
        server.behave(status(&code.to_string(), &there));
        assert_eq!(told("redirect").await, refused(code));
    }
    assert_eq!(elsewhere.asked(), 0, "no redirect is followed");
    for kind in [
        "text/html",
        "application/ocsp-request",
        "application/ocsp-response; charset=x",
    ] {
        let responder = Arc::clone(&world.responder);
        server.behave(move |heard| Reply::ok(kind, signed(&responder, heard, &|_: &mut _| ())));
        assert_eq!(told(kind).await, unavailable(Unavailable::Unintelligible));
    }
    // Slow in every part, and huge in every part.
    let (dripping, endless) = (head("\r\ncontent-length: 1000"), head("\r\nconnection: close"));
    server.behave(move |_| Reply::Dripping(dripping.clone(), vec![0x30; 1000], Duration::from_millis(20)));
    assert_eq!(told("dripping").await, unavailable(Unavailable::TooSlow));
    server.behave(move |_| Reply::Endless(endless.clone(), vec![0x30; 8192]));
    assert_eq!(
        told("endless body").await,
        unavailable(Unavailable::Unintelligible)
    );
    server.behave(|_| Reply::Endless("HTTP/1.1 200 OK\r\nx: ".to_owned(), b"x: y\r\n".to_vec()));
    assert!(matches!(
        told("endless head").await,
        ResponderFailure::Unavailable(_)
    ));
    server.behave(|_| Reply::Raw(vec![b'x'; 100_000]));
    assert_eq!(told("no HTTP").await, unavailable(Unavailable::Unreachable));
    let huge = head("\r\ncontent-length: 1000000000000");
    server.behave(move |_| Reply::Http(huge.clone(), vec![0x30; 100]));
    assert_eq!(
        told("a lie about the length").await,
        unavailable(Unavailable::Unintelligible)
    );
    // Read, and not believed: named by the check.
    let code = async |what: &str| told(what).await.code();
    for (what, body) in [
        ("empty", Vec::new()),
        ("garbage", b"<html>".to_vec()),
        ("half", vec![0x30, 0x82, 0x10, 0]),
    ] {
        server.behave(move |_| Reply::ok(OCSP, body.clone()));
        assert_eq!(code(what).await, "form");
    }
    server.behave(|_| Reply::ok(OCSP, vec![0x30, 3, 10, 1, 3]));
    assert_eq!(code("try later").await, "success");
    let stranger = Arc::new(Ca::new("JPKI").responder(&Paper::responder("responder")));
    server.behave(move |heard| Reply::ok(OCSP, signed(&stranger, heard, &|_: &mut _| ())));
    assert_eq!(code("a stranger").await, "responder");
    let forger = Arc::new((Key::new(), world.responder.1.clone()));
    let honest = Arc::clone(&world.responder);
    server.behave(move |heard| {
        let forge = |answer: &mut maker::Answer| answer.responder = maker::by_key(&honest.0);
        Reply::ok(OCSP, signed(&forger, heard, &forge))
    });
    assert_eq!(code("a forger").await, "signature");
    let earlier: Arc<std::sync::Mutex<Option<Vec<u8>>>> = Arc::default();
    let responder = Arc::clone(&world.responder);
    server.behave(move |heard| {
        let fresh = signed(&responder, heard, &|answer: &mut maker::Answer| {
            say(answer, &unknown(), 0);
        });
        Reply::ok(OCSP, earlier.lock().unwrap().get_or_insert(fresh).clone())
    });
    assert_eq!(world.ask(&client).await.unwrap().status, OcspStatus::Unknown);
    world.counted();
    assert_eq!(code("a replay of the last answer").await, "nonce");
    server.behave(world.answering(|answer| answer.extensions.clear()));
    assert_eq!(code("without nonce").await, "nonce");
    let other = maker::cert_id(maker::SHA256, &world.ca.name, world.ca.key.point(), &[1, 2, 3]);
    server.behave(world.answering(move |answer| answer.singles[0].cert_id.clone_from(&other)));
    assert_eq!(code("about another").await, "certificate");
    server.behave(world.saying(good(), -1000));
    assert_eq!(code("expired").await, "dates");
    server.behave(world.answering(|answer| {
        answer.singles[0].extensions = vec![maker::extension(maker::LINKS, false, &[5, 0])];
    }));
    assert_eq!(code("broken links").await, "links");
    server.behave(world.answering(|answer| {
        // A successor at the other authority cannot be.
        let link = maker::sequence(&[
            tlv(10, &[1]),
            tlv(10, &[1]),
            maker::octets(&[0xcd; 32]),
            maker::integer(&[5]),
        ]);
        answer.singles[0].extensions = vec![maker::extension(maker::LINKS, false, &maker::sequence(&[link]))];
    }));
    assert_eq!(code("impossible links").await, "impossible_links");
    // And the same server, honest again, is believed.
    server.behave(world.saying(good(), 0));
    assert_eq!(world.ask(&client).await.unwrap().status, OcspStatus::Good);
    let address = server.url();
    drop(server);
    until("the port is closed", || {
        std::net::TcpStream::connect(&address[7..]).is_err()
    })
    .await;
    let client = world.client(World::settings(&[address]));
    let StatusFailure::NoAnswer { responders, .. } = world.ask(&client).await.unwrap_err() else {
        panic!()
    };
    assert_eq!(responders[0].1, unavailable(Unavailable::Unreachable));
}

#[tokio::test]
async fn an_issuer_that_is_not_pinned_is_not_asked_about() {
    let mut world = World::new();
    let server = Server::start(world.saying(good(), 0)).await;
    let client = world.client(World::settings(&[server.url()]));
    world.name.issuer_key_hash = "00".repeat(32);
    assert_eq!(
        world.ask(&client).await.unwrap_err(),
        StatusFailure::UnknownIssuer
    );
    assert_eq!((server.asked(), world.counted()), (0, 0));
}

#[tokio::test]
async fn answers_are_used_again_within_their_dates_and_bounds() {
    let world = World::new();
    let server = Server::start(world.saying(good(), 0)).await;
    let client = world.client(World::settings(&[server.url()]));
    let ask = async |seconds: i64, age: Option<i64>| {
        let answer = world
            .ask_at(&client, now().plus_seconds(seconds), age)
            .await
            .unwrap();
        (answer.from, answer.questions_sent, server.asked())
    };
    assert_eq!(ask(0, None).await, (AnsweredFrom::Responder, 1, 1));
    assert_eq!(ask(30, None).await, (AnsweredFrom::Memory, 0, 1));
    assert_eq!(ask(59, Some(60)).await, (AnsweredFrom::Memory, 0, 1));
    assert_eq!(world.counted(), 1, "only what was sent costs");
    assert_eq!(world.counter.remembered.load(Ordering::SeqCst), 2);
    assert_eq!(
        ask(62, None).await,
        (AnsweredFrom::Responder, 1, 2),
        "a minute is over"
    );
    // Older than this service takes: asked again, and what comes is still too old.
    let question = world.ask_at(&client, now().plus_seconds(62), Some(30)).await;
    let StatusFailure::NoAnswer { responders, .. } = question.unwrap_err() else {
        panic!()
    };
    assert_eq!(responders[0].1, ResponderFailure::TooOld { this_update: now() });
    assert_eq!(server.asked(), 3);
    // Another certificate is another question.
    let mut other = World::new();
    other.name = world.name.clone();
    other.name.serial = maker::serial(SERIAL + 1);
    let asker = Asker::Platform;
    let question = StatusQuestion::new(&other.name, &world.config, &asker, now());
    assert_eq!(client.ask(&question).await.unwrap().from, AnsweredFrom::Responder);
    assert_eq!(client.remembered(), 2);
    // Revoked: never asked about again, however old.
    server.behave(world.saying(superseded_der(90), 100));
    let at = now().plus_seconds(100);
    assert_eq!(
        world.ask_at(&client, at, None).await.unwrap().from,
        AnsweredFrom::Memory
    );
    let at = now().plus_seconds(200);
    assert_eq!(
        world.ask_at(&client, at, None).await.unwrap().status,
        superseded(90)
    );
    server.behave(world.saying(good(), 1000));
    let at = now().plus_seconds(1000);
    let answer = world.ask_at(&client, at, Some(1)).await.unwrap();
    assert_eq!(
        (answer.status, answer.from),
        (superseded(90), AnsweredFrom::Memory)
    );
}

#[tokio::test]
async fn without_nonce_an_older_answer_is_refused() {
    let world = World::new();
    let of = Arc::new(AtomicI64::new(-10));
    let (moment, responder) = (Arc::clone(&of), Arc::clone(&world.responder));
    let server = Server::start(move |heard| {
        let of = moment.load(Ordering::SeqCst);
        Reply::ok(
            OCSP,
            signed(&responder, heard, &|answer: &mut maker::Answer| {
                say(answer, &good(), of);
                answer.extensions.clear();
            }),
        )
    })
    .await;
    let mut settings = World::settings(&[server.url()]);
    settings.good_for_seconds = 0;
    settings.policy = OcspPolicy {
        nonce: NonceRule::Optional,
        ..settings.policy
    };
    let client = world.client(settings);
    assert!(!world.ask(&client).await.unwrap().evidence.nonce_matched);
    assert!(
        world.ask(&client).await.is_ok(),
        "the same answer again is within its dates"
    );
    of.store(-11, Ordering::SeqCst);
    let StatusFailure::NoAnswer { responders, .. } = world.ask(&client).await.unwrap_err() else {
        panic!()
    };
    let replayed = ResponderFailure::Replayed {
        produced_at: now().plus_seconds(-11),
        seen: now().plus_seconds(-10),
    };
    assert_eq!(responders[0].1, replayed);
    of.store(-9, Ordering::SeqCst);
    assert!(world.ask(&client).await.is_ok());
}

#[tokio::test]
async fn nonces_are_fresh_for_each_question_and_each_responder() {
    let world = World::new();
    let requests: Arc<std::sync::Mutex<Vec<Vec<u8>>>> = Arc::default();
    let server = |requests: &Arc<std::sync::Mutex<Vec<Vec<u8>>>>| {
        let requests = Arc::clone(requests);
        Server::start(move |heard| {
            assert!(
                heard.head.starts_with("POST /ocsp HTTP/1.1\r\n"),
                "{}",
                heard.head
            );
            assert!(
                heard.head.contains("content-type: application/ocsp-request"),
                "{}",
                heard.head
            );
            requests.lock().unwrap().push(heard.body.clone());
            Reply::HangUp
        })
    };
    let (first, second) = (server(&requests).await, server(&requests).await);
    let client = world.client(World::settings(&[first.url(), second.url()]));
    for _ in 0..3 {
        world.ask(&client).await.unwrap_err();
    }
    let mut requests = requests.lock().unwrap().clone();
    assert_eq!(requests.len(), 6);
    requests.sort();
    requests.dedup();
    assert_eq!(requests.len(), 6, "a nonce was used twice");
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let make = |responders: &[(&str, &str)]| {
        let responders = responders
            .iter()
            .map(|(label, address)| OcspResponder {
                label: (*label).to_owned(),
                address: (*address).to_owned(),
                tls: None,
            })
            .collect();
        let settings = OcspSettings::new(responders, OcspPolicy::default());
        HttpStatusSource::new(settings, Arc::new(Chance), Arc::new(jlis::Tally::default())).map(|_| ())
    };
    assert_eq!(make(&[]), Err(ClientReason::NoResponder));
    assert_eq!(make(&[("", "http://a/ocsp")]), Err(ClientReason::Labels));
    assert_eq!(
        make(&[("a", "http://a/ocsp"), ("a", "http://b/ocsp")]),
        Err(ClientReason::Labels)
    );
    assert_eq!(make(&[("a", "ftp://a/ocsp")]), Err(ClientReason::Address));
    assert_eq!(make(&[("a", "https://a/ocsp")]), Err(ClientReason::TlsMissing));
    assert_eq!(make(&[("a", "http://a/ocsp"), ("b", "http://a/ocsp")]), Ok(()));
}
