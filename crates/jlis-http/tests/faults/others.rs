//! Lists, the latest items, links, and the TLS of the line.

use std::io::{Error, ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_lc_rs::digest;
use jlis::{
    Asker, DownloadReason, FourItemsAnswer, FourItemsRefusal, FourItemsSource as _, LinkSource as _, Links,
    ListEntry, ListSource as _, QuestionCounter, QuestionKind, Received, StatusFailure, Unavailable,
};
use jlis_http::{
    ClientIdentity, ClientReason, HttpFourItemsSource, HttpLinkSource, HttpListSource, Limits, ListLimits,
    pinned,
};
use jpki::CaKind;
use pki::Oid;
use pki::ocsp::OcspStatus;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::maker::{self, Ca, Paper, good, purposes, sequence, tlv};
use crate::server::{Reply, Server};
use crate::world::World;

const CRL: &str = "application/pkix-crl";

fn limits() -> ListLimits {
    ListLimits {
        manifest: Limits {
            whole: Duration::from_secs(1),
            answer_bytes: 4096,
        },
        lists: 4,
        list_bytes: 1 << 20,
        whole: Duration::from_secs(3),
        stalled: Duration::from_millis(300),
    }
}

fn entry(bytes: &[u8]) -> ListEntry {
    ListEntry {
        name: "auth-0001.crl".to_owned(),
        ca_kind: CaKind::UserAuthentication,
        bytes: u64::try_from(bytes.len()).unwrap(),
        sha256: digest::digest(&digest::SHA256, bytes)
            .as_ref()
            .try_into()
            .unwrap(),
    }
}

#[tokio::test]
async fn a_list_arrives_whole_and_as_announced_or_not_at_all() {
    let list: Vec<u8> = (0..300_000_u32)
        .flat_map(u32::to_be_bytes)
        .take(999_999)
        .collect();
    let announced = entry(&list);
    let bytes = list.clone();
    let server = Server::start(move |heard| {
        assert!(heard.head.starts_with("GET /v1/crl/auth-0001.crl HTTP/1.1\r\n"));
        Reply::ok(CRL, bytes.clone())
    })
    .await;
    let source = HttpListSource::new(&server.url(), None, limits()).unwrap();
    let mut written = Vec::new();
    let received = source.download(&announced, &mut written).await;
    assert_eq!(
        received,
        Ok(Received {
            bytes: 999_999,
            sha256: announced.sha256
        })
    );
    assert!(written == list);

    let head = |length: usize| format!("HTTP/1.1 200 OK\r\ncontent-type: {CRL}\r\ncontent-length: {length}");
    let chunked = format!("HTTP/1.1 200 OK\r\ncontent-type: {CRL}\r\nconnection: close");
    let refused = async |what: &str| {
        let mut written = Vec::new();
        let why = source.download(&announced, &mut written).await.expect_err(what);
        assert!(written.len() <= list.len(), "{what}: never more than announced");
        why
    };
    let unavailable = |why| DownloadReason::Unavailable(why);
    let shorter = list[..500_000].to_vec();
    server.behave(move |_| Reply::ok(CRL, shorter.clone()));
    assert_eq!(
        refused("shorter").await,
        DownloadReason::Length {
            announced: 999_999,
            received: 500_000
        }
    );
    let longer = [list.as_slice(), &[0; 10]].concat();
    server.behave(move |_| Reply::ok(CRL, longer.clone()));
    assert!(matches!(refused("longer").await, DownloadReason::Length { received, .. } if received > 999_999));
    let (endless, piece) = (chunked.clone(), list[..8192].to_vec());
    server.behave(move |_| Reply::Endless(endless.clone(), piece.clone()));
    assert!(matches!(
        refused("endless").await,
        DownloadReason::Length { .. } | DownloadReason::Digest
    ));
    let mut other = list.clone();
    other[777_777] ^= 1;
    server.behave(move |_| Reply::ok(CRL, other.clone()));
    assert_eq!(refused("one bit").await, DownloadReason::Digest);
    let (cut, half) = (head(999_999), list[..300_000].to_vec());
    server.behave(move |_| Reply::Http(cut.clone(), half.clone()));
    assert_eq!(refused("cut off").await, unavailable(Unavailable::Unreachable));
    let (slow, some) = (head(999_999), list[..100].to_vec());
    server.behave(move |_| Reply::Dripping(slow.clone(), some.clone(), Duration::from_secs(5)));
    assert_eq!(refused("stalled").await, DownloadReason::Stalled { received: 1 });
    // A byte now and then keeps nothing alive for ever.
    let (slow, some) = (head(999_999), list[..1000].to_vec());
    server.behave(move |_| Reply::Dripping(slow.clone(), some.clone(), Duration::from_millis(50)));
    assert_eq!(refused("dripping").await, unavailable(Unavailable::TooSlow));
    let all = list.clone();
    server.behave(move |_| Reply::ok("text/html", all.clone()));
    assert_eq!(refused("a page").await, unavailable(Unavailable::Unintelligible));
    server.behave(|_| {
        Reply::Http(
            "HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0".into(),
            Vec::new(),
        )
    });
    assert_eq!(
        refused("redirect").await,
        unavailable(Unavailable::Refused { status: 302 })
    );
    let asked = server.asked();
    let huge = ListEntry {
        bytes: (1 << 20) + 1,
        ..announced.clone()
    };
    assert_eq!(
        source.download(&huge, &mut Vec::new()).await,
        Err(DownloadReason::TooLarge { limit: 1 << 20 })
    );
    let sneaky = ListEntry {
        name: "../four-items".to_owned(),
        ..announced.clone()
    };
    assert!(source.download(&sneaky, &mut Vec::new()).await.is_err());
    assert_eq!(server.asked(), asked, "neither is asked for");
    // The disk is full.
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(Error::from(ErrorKind::StorageFull))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    server.behave(move |_| Reply::ok(CRL, list.clone()));
    assert_eq!(
        source.download(&announced, &mut Full).await,
        Err(DownloadReason::Write(ErrorKind::StorageFull))
    );
}

#[tokio::test]
async fn the_manifest_is_asked_for_as_documented() {
    let hash = "ab".repeat(32);
    let server = Server::start(move |heard| {
        assert!(
            heard.head.starts_with("GET /v1/crl HTTP/1.1\r\n"),
            "{}",
            heard.head
        );
        let list = format!(r#"{{"name":"a.crl","ca_kind":"digital-signature","bytes":7,"sha256":"{hash}"}}"#);
        Reply::ok(
            "application/json",
            format!(r#"{{"lists":[{list}]}}"#).into_bytes(),
        )
    })
    .await;
    let source = HttpListSource::new(&server.url(), None, limits()).unwrap();
    let lists = source.manifest().await.unwrap();
    assert_eq!(lists.len(), 1);
    assert_eq!((lists[0].bytes, lists[0].ca_kind), (7, CaKind::DigitalSignature));
    server.behave(|_| Reply::ok("application/json", vec![b' '; 5000]));
    assert_eq!(source.manifest().await, Err(Unavailable::Unintelligible));
    server.behave(|_| Reply::Silence);
    assert_eq!(source.manifest().await, Err(Unavailable::TooSlow));
}

#[tokio::test]
async fn items_and_links_are_asked_for_as_documented_and_counted() {
    let world = World::new();
    let name = format!(
        r#"{{"ca_kind":"user-authentication","issuer_key_hash":"{}","serial":"d18001"}}"#,
        world.name.issuer_key_hash
    );
    let expected = format!(r#"{{"certificate":{name},"consent":"MAA="}}"#);
    let server = Server::start(move |heard| {
        let body = String::from_utf8(heard.body.clone()).unwrap();
        let path = heard.head.split(' ').nth(1).unwrap();
        assert!(
            heard.head.contains("content-type: application/json"),
            "{}",
            heard.head
        );
        let answer = match path {
            "/v1/four-items" => {
                assert_eq!(body, expected);
                r#"{"status":"refused","reason":"consent-expired"}"#
            }
            "/v1/links" => {
                assert_eq!(body, name);
                r#"{"links":[]}"#
            }
            "/v1/predecessor" => r#"{"predecessor":null}"#,
            other => panic!("{other}"),
        };
        Reply::ok("application/json", answer.as_bytes().to_vec())
    })
    .await;
    let limits = Limits {
        whole: Duration::from_secs(1),
        answer_bytes: 4096,
    };
    let counter = || -> Arc<dyn QuestionCounter> { world.counter.clone() };
    let items = HttpFourItemsSource::new(&server.url(), None, limits, counter()).unwrap();
    let links = HttpLinkSource::new(&server.url(), None, limits)
        .unwrap()
        .counted_by(counter());
    let asker = Asker::Verifier("somebody".to_owned());
    let answer = items.latest(&world.name, &[0x30, 0], &asker).await;
    assert_eq!(
        answer,
        Ok(FourItemsAnswer::Refused(FourItemsRefusal::ConsentExpired))
    );
    assert_eq!(links.links(&world.name).await, Ok(Links::default()));
    assert_eq!(links.predecessor(&world.name).await, Ok(None));
    // A consent that is longer than any is refused without a question.
    let asked = server.asked();
    let long = items.latest(&world.name, &vec![0; 70_000], &asker).await;
    assert_eq!(
        long,
        Ok(FourItemsAnswer::Refused(FourItemsRefusal::ConsentInvalid))
    );
    assert_eq!(server.asked(), asked);
    let sums = world.counter.tally.take();
    assert!(
        sums.contains(&(Asker::Platform, QuestionKind::Links, 2)),
        "{sums:?}"
    );
    assert!(sums.contains(&(asker, QuestionKind::FourItems, 1)), "{sums:?}");
    for reply in ["{}", "", "null"] {
        server.behave(move |_| Reply::ok("application/json", reply.as_bytes().to_vec()));
        assert_eq!(links.links(&world.name).await, Err(Unavailable::Unintelligible));
        let items = items.latest(&world.name, &[0x30, 0], &Asker::Platform).await;
        assert_eq!(items, Err(Unavailable::Unintelligible));
    }
}

const SERVER_AUTH: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.3.1");

/// A certificate for TLS of the maker's authority, PEM, with its key, PEM.
fn tls_paper(ca: &Ca, purpose: Oid) -> (Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>) {
    let mut paper = Paper::responder("localhost");
    // 2024 to 2027 by the machine's clock, which TLS reads.
    paper.not_before = maker::now().plus_seconds(-700 * 86_400);
    paper.not_after = maker::now().plus_seconds(3000 * 86_400);
    let alternative = sequence(&[tlv(0x82, b"localhost")]);
    paper.extensions = vec![
        maker::key_usage(0x80),
        purposes(&[purpose]),
        maker::extension(Oid::new_unwrap("2.5.29.17"), false, &alternative),
    ];
    let (key, der) = ca.responder(&paper);
    let pem = |label, der: &[u8]| sim::pem(label, der).into_bytes();
    (
        pem("CERTIFICATE", &der),
        pem("PRIVATE KEY", &key.pkcs8),
        der,
        key.pkcs8.clone(),
    )
}

#[tokio::test]
async fn the_line_trusts_its_own_authority_and_shows_its_certificate() {
    let world = World::new();
    let (ours, theirs, strangers) = (Ca::new("platform"), Ca::new("J-LIS TLS"), Ca::new("strangers"));
    let (_, _, server_der, server_key) = tls_paper(&theirs, SERVER_AUTH);
    let (client_pem, client_key, ..) = tls_paper(&ours, maker::CLIENT_AUTH);
    let (stranger_pem, stranger_key, ..) = tls_paper(&strangers, maker::CLIENT_AUTH);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(ours.anchor.certificate().der().to_vec()))
        .unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![CertificateDer::from(server_der)],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key)),
        )
        .unwrap();
    let server = Server::start_with(world.saying(good(), 0), Some(Arc::new(config).into())).await;
    let url = format!("https://localhost:{}", server.address.port());
    let root = |ca: &Ca| sim::pem("CERTIFICATE", ca.anchor.certificate().der()).into_bytes();
    let identity = |chain, key| Some(ClientIdentity { chain, key });
    for (what, tls, trusted) in [
        (
            "ours",
            pinned(&root(&theirs), identity(&client_pem, &client_key)),
            true,
        ),
        ("no certificate", pinned(&root(&theirs), None), false),
        (
            "a stranger's certificate",
            pinned(&root(&theirs), identity(&stranger_pem, &stranger_key)),
            false,
        ),
        (
            "another authority",
            pinned(&root(&strangers), identity(&client_pem, &client_key)),
            false,
        ),
    ] {
        let mut settings = World::settings(std::slice::from_ref(&url));
        settings.responders[0].tls = Some(tls.unwrap());
        let client = world.client(settings);
        match world.ask(&client).await {
            Ok(answer) => assert!(trusted && answer.status == OcspStatus::Good, "{what}"),
            Err(StatusFailure::NoAnswer { .. }) => assert!(!trusted, "{what}"),
            Err(other) => panic!("{what}: {other}"),
        }
    }
    assert_eq!(server.asked(), 1, "nobody else came as far as a question");
    assert_eq!(world.counter.incidents.load(Ordering::SeqCst), 0);
    for (roots, identity) in [
        (Vec::new(), None),
        (b"no PEM".to_vec(), None),
        (root(&theirs), identity(&client_pem, &stranger_key)),
        (root(&theirs), identity(b"", &client_key)),
        (root(&theirs), identity(&client_pem, b"")),
    ] {
        assert!(matches!(pinned(&roots, identity), Err(ClientReason::Tls(_))));
    }
}
