//! Slow clients: 3,000 people over their PIN at the door, drips at the front; and who is turned away before TLS.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use conformance_tests::{Platform, PlatformOptions, RelyingParty};
use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use rustls::version::TLS13;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::clients::{SOME_NAME, config};
use crate::support::{handshakes, metric, until};

const IDLE: usize = 3000;
const FILES: &str = "--nofile=16384:16384";

/// This process and the platform may hold that many connections (a fresh shell allows 1,024 files).
fn many_files() -> Vec<String> {
    let own = std::process::id().to_string();
    let raised = Command::new("prlimit").args(["--pid", &own, FILES]).status();
    assert!(raised.expect("prlimit (Debian package util-linux)").success());
    vec!["prlimit".to_owned(), FILES.to_owned()]
}

/// The first message of a client, as octets.
fn client_hello(platform: &Platform) -> Vec<u8> {
    let name = ServerName::try_from(SOME_NAME).unwrap();
    let mut client = ClientConnection::new(Arc::new(config(platform, &[&TLS13], None)), name).unwrap();
    let mut octets = Vec::new();
    client.write_tls(&mut octets).unwrap();
    octets
}

async fn from(address: &str, port: u16) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
    socket
        .connect(SocketAddr::from(([127, 0, 0, 1], port)))
        .await
        .unwrap()
}

/// Reads until the server has closed; whether that was within a time.
async fn closes_within(stream: &mut TcpStream, seconds: u64) -> bool {
    let mut rest = Vec::new();
    // A reset is an end, too.
    tokio::time::timeout(Duration::from_secs(seconds), stream.read_to_end(&mut rest))
        .await
        .is_ok()
}

/// A functional bound, no measurement: the front answers 50 requests of fresh connections, half of them at once, as if nobody
/// else were there.
async fn the_front_answers(platform: &Platform) {
    let url = format!("{}/.well-known/openid-configuration", platform.origin);
    let mut times = Vec::new();
    for _ in 0..50 {
        let browser = platform.bare_browser();
        let begun = Instant::now();
        let page = browser.get_one(&url).await;
        times.push(begun.elapsed());
        assert_eq!(page.status, 200);
    }
    times.sort();
    assert!(
        times[25] < Duration::from_millis(250),
        "median {:?}, longest {:?}",
        times[25],
        times[49]
    );
}

#[tokio::test]
async fn three_thousand_idle_handshakes_leave_the_front_and_the_door_open() {
    let platform = Platform::start_with(PlatformOptions {
        door: "handshakes_per_address = 5000\nhandshakes_per_prefix = 5000".to_owned(),
        wrapper: many_files(),
        ..PlatformOptions::default()
    })
    .await;
    let service = RelyingParty::register(&platform, "rp-idle");
    let hello = client_hello(&platform);
    let mut idle = Vec::with_capacity(IDLE);
    for _ in 0..IDLE {
        let mut stream = TcpStream::connect(("127.0.0.1", platform.door_port))
            .await
            .unwrap();
        stream.write_all(&hello).await.unwrap();
        idle.push(stream);
    }
    // Each has got its ServerHello: the handshakes are in progress, and now somebody looks for a PIN.
    for stream in &mut idle {
        let mut first = [0; 1];
        tokio::time::timeout(Duration::from_secs(20), stream.read_exact(&mut first))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(first, [0x16], "a handshake record");
    }
    the_front_answers(&platform).await;
    let person = platform.browser_with_new_card();
    service.sign_in(&person, "").await;
    assert_eq!(
        metric(&platform, "door_turned_away_total{limit=\"address\"}").await,
        0
    );
    // Nobody was let go to make room.
    for stream in &mut idle {
        let mut rest = [0; 16384];
        while matches!(stream.try_read(&mut rest), Ok(octets) if octets > 0) {}
        let end = stream.try_read(&mut rest);
        assert!(
            matches!(&end, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock),
            "{end:?}"
        );
    }
    drop(idle);
    until("the door has counted 3,000 lost connections", || async {
        handshakes(&platform, "connection_lost").await >= u64::try_from(IDLE).unwrap()
    })
    .await;
    service.sign_in(&person, "&prompt=login").await;
}

#[tokio::test]
async fn addresses_and_prefixes_hold_their_share_and_no_more() {
    let platform = Platform::start_with(PlatformOptions {
        door: "handshakes_per_address = 3\nhandshakes_per_prefix = 5".to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    let turned = |limit: &'static str| {
        let platform = &platform;
        async move { metric(platform, &format!("door_turned_away_total{{limit=\"{limit}\"}}")).await }
    };
    let port = platform.door_port;
    let hello = client_hello(&platform);
    let admitted = |address: &'static str| {
        let hello = hello.clone();
        async move {
            let mut stream = from(address, port).await;
            let sent = stream.write_all(&hello).await;
            let mut first = [0; 1];
            let read = tokio::time::timeout(Duration::from_secs(20), stream.read_exact(&mut first))
                .await
                .unwrap();
            (sent.is_ok() && read.is_ok()).then_some(stream)
        }
    };
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(admitted("127.0.0.1").await.expect("its share"));
    }
    assert!(admitted("127.0.0.1").await.is_none());
    assert_eq!((turned("address").await, turned("prefix").await), (1, 0));
    held.push(admitted("127.0.0.2").await.expect("another address"));
    held.push(admitted("127.0.0.3").await.expect("another address"));
    assert!(admitted("127.0.0.4").await.is_none(), "the prefix holds five");
    assert_eq!((turned("address").await, turned("prefix").await), (1, 1));
    held.push(admitted("127.0.1.1").await.expect("another prefix"));
    // A place that is given back is a place.
    drop(held.remove(0));
    until("the place is free", || async {
        handshakes(&platform, "connection_lost").await >= 1
    })
    .await;
    assert!(admitted("127.0.0.4").await.is_some());
}

#[tokio::test]
async fn the_door_waits_for_a_pin_but_not_for_ever() {
    let platform = Platform::start_with(PlatformOptions {
        door: "handshake_seconds = 2\nrequest_seconds = 1".to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    // Over the PIN for too long.
    let mut idle = TcpStream::connect(("127.0.0.1", platform.door_port))
        .await
        .unwrap();
    idle.write_all(&client_hello(&platform)).await.unwrap();
    // No word at all; a word that never ends.
    let mut silent = TcpStream::connect(("127.0.0.1", platform.door_port))
        .await
        .unwrap();
    let mut half = TcpStream::connect(("127.0.0.1", platform.door_port))
        .await
        .unwrap();
    half.write_all(&client_hello(&platform)[..50]).await.unwrap();
    // Through the handshake, and no request; a request that never ends.
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config(&platform, &[&TLS13], None)));
    for request in ["", "GET / HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        let stream = TcpStream::connect(("127.0.0.1", platform.door_port))
            .await
            .unwrap();
        let name = ServerName::try_from(SOME_NAME).unwrap();
        let mut stream = connector.connect(name, stream).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
        assert!(end.is_ok(), "still open after `{request}`");
        assert!(!String::from_utf8_lossy(&rest).contains("303"));
    }
    assert!(closes_within(&mut idle, 10).await);
    assert_eq!(handshakes(&platform, "handshake_timeout").await, 1);
    assert!(closes_within(&mut silent, 20).await);
    assert!(closes_within(&mut half, 20).await);
    until("both are counted", || async {
        handshakes(&platform, "client_hello_timeout").await == 2
    })
    .await;
}

/// Drips at the front: no TLS, no end of the head, no end of the body. Everybody else is served, and the drips end.
#[tokio::test]
async fn drips_at_the_front_delay_nobody_and_end() {
    let platform = Platform::start_with(PlatformOptions {
        wrapper: many_files(),
        ..PlatformOptions::default()
    })
    .await;
    let service = RelyingParty::register(&platform, "rp-drips");
    let port: u16 = platform.origin.rsplit(':').next().unwrap().parse().unwrap();
    let mut tasks = Vec::new();
    let head = "POST /oidc/token HTTP/1.1\r\nhost: idp.localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n";
    let kinds = [
        ("no TLS", None),
        (
            "no end of the head",
            Some("GET / HTTP/1.1\r\nhost: idp.localhost\r\nx-slow: ".to_owned()),
        ),
        (
            "no end of the body",
            Some(format!("{head}content-length: 9000\r\n\r\ngrant_type=")),
        ),
    ];
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config(&platform, &[&TLS13], None)));
    for (kind, begin) in kinds {
        for _ in 0..150 {
            let (connector, begin) = (connector.clone(), begin.clone());
            tasks.push(tokio::spawn(async move {
                let mut tcp = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let Some(begin) = begin else {
                    return (kind, closes_within(&mut tcp, 50).await);
                };
                let name = ServerName::try_from("idp.localhost").unwrap();
                let mut stream = connector.connect(name, tcp).await.unwrap();
                stream.write_all(begin.as_bytes()).await.unwrap();
                let deadline = Instant::now() + Duration::from_secs(50);
                while Instant::now() < deadline {
                    let mut some = [0; 512];
                    match tokio::time::timeout(Duration::from_millis(400), stream.read(&mut some)).await {
                        // An answer, and then the end.
                        Ok(Ok(octets)) if octets > 0 => {}
                        Ok(_) => return (kind, true),
                        Err(_) if stream.write_all(b"x").await.is_err() => return (kind, true),
                        Err(_) => {}
                    }
                }
                (kind, false)
            }));
        }
    }
    the_front_answers(&platform).await;
    service.sign_in(&platform.browser_with_new_card(), "").await;
    for task in tasks {
        let (kind, ended) = task.await.unwrap();
        assert!(ended, "{kind}: still open after 50 seconds");
    }
}
