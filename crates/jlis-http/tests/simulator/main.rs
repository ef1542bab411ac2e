//! The adapter against the simulated J-LIS: answers, and every way of not answering.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod catalogue;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use domain::Timestamp;
use jlis::{CertificateName, LinkSource, Unavailable};
use jlis_http::{HttpLinkSource, Limits};
use jpki::CaKind;
use pki::SerialNumber;
use sim::jlis_server::{JlisFault, JlisServer, Source, set_folder_fault};
use sim::keys::{KeyAlgorithm, KeyCache};
use sim::record::CardRecord;
use sim::{CardRequest, Simulation};

const LIMITS: Limits = Limits {
    whole: Duration::from_millis(400),
    answer_bytes: 4096,
};

fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_000_000)
}

fn name(card: &CardRecord) -> CertificateName {
    CertificateName {
        ca_kind: CaKind::from_text(card.ca_kind.as_str()).unwrap(),
        issuer_key_hash: card.issuer_key_hash.clone(),
        serial: SerialNumber::from_bytes(&card.serial.to_be_bytes()).unwrap(),
    }
}

fn request() -> CardRequest {
    CardRequest {
        algorithm: KeyAlgorithm::P384,
        ..CardRequest::default()
    }
}

async fn start(source: Source) -> (JlisServer, HttpLinkSource) {
    let server = JlisServer::start("127.0.0.1:0".parse().unwrap(), source)
        .await
        .unwrap();
    let client = HttpLinkSource::new(&server.url(), None, LIMITS).unwrap();
    (server, client)
}

#[tokio::test]
async fn a_renewed_card_leads_to_the_old_one_and_a_first_card_to_none() {
    let mut world = Simulation::in_memory("jlis-http", KeyCache::shared());
    let old = world.make_card(&request(), now()).unwrap();
    let new = world.renew_card(&old.id, &request(), now()).unwrap();
    let newest = world.renew_card(&new.id, &request(), now()).unwrap();
    let (server, client) = start(Source::World(Arc::new(Mutex::new(world)))).await;
    assert_eq!(client.predecessor(&name(&old)).await, Ok(None));
    assert_eq!(client.predecessor(&name(&new)).await, Ok(Some(name(&old))));
    assert_eq!(
        client.predecessor(&name(&newest)).await,
        Ok(Some(name(&new))),
        "one step at a time"
    );
    assert_eq!(server.asked(), 3);
}

#[tokio::test]
async fn no_fault_is_read_as_no_predecessor() {
    let mut world = Simulation::in_memory("jlis-http", KeyCache::shared());
    let card = world.make_card(&request(), now()).unwrap();
    let (server, client) = start(Source::World(Arc::new(Mutex::new(world)))).await;
    for fault in JlisFault::ALL {
        let expected = match fault {
            JlisFault::None => Ok(None),
            JlisFault::Unavailable => Err(Unavailable::Refused { status: 503 }),
            JlisFault::Slow => Err(Unavailable::TooSlow),
            JlisFault::Garbage | JlisFault::Empty | JlisFault::Huge => Err(Unavailable::Unintelligible),
            JlisFault::HangUp => Err(Unavailable::Unreachable),
        };
        server.set_fault(fault);
        let begun = Instant::now();
        assert_eq!(client.predecessor(&name(&card)).await, expected, "{fault:?}");
        assert!(begun.elapsed() < Duration::from_secs(3), "{fault:?}");
    }
    let url = server.url();
    drop(server);
    tokio::task::yield_now().await;
    let client = HttpLinkSource::new(&url, None, LIMITS).unwrap();
    assert_eq!(
        client.predecessor(&name(&card)).await,
        Err(Unavailable::Unreachable)
    );
}

#[tokio::test]
async fn a_folder_serves_what_other_processes_write() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = Simulation::create(folder.path(), "jlis-http", KeyCache::shared()).unwrap();
    let old = world.make_card(&request(), now()).unwrap();
    let (_server, client) = start(Source::Folder(folder.path().to_owned())).await;
    let new = world.renew_card(&old.id, &request(), now()).unwrap();
    assert_eq!(client.predecessor(&name(&new)).await, Ok(Some(name(&old))));
    set_folder_fault(folder.path(), JlisFault::Unavailable).unwrap();
    assert_eq!(
        client.predecessor(&name(&new)).await,
        Err(Unavailable::Refused { status: 503 })
    );
    set_folder_fault(folder.path(), JlisFault::None).unwrap();
    let reopened = Simulation::open(folder.path(), KeyCache::shared()).unwrap();
    assert_eq!(reopened.cards(), world.cards());
    assert_eq!(client.predecessor(&name(&new)).await, Ok(Some(name(&old))));
}

/// Machine chance.
struct Chance;

impl domain::Entropy for Chance {
    fn fill(&self, buffer: &mut [u8]) {
        aws_lc_rs::rand::fill(buffer).unwrap();
    }
}

#[derive(Default)]
struct Counter(jlis::Tally);

impl jlis::QuestionCounter for Counter {
    fn count(&self, event: &jlis::Counted<'_>) {
        self.0.count(event);
    }

    fn contradiction(&self, _: jlis::QuestionKind, _: [&str; 2]) {}
}

/// Somebody with both certificates on a card and on a phone, at a simulated J-LIS whose clock is the machine's.
async fn somebody() -> (JlisServer, [CardRecord; 4], jpki::JpkiConfig, Timestamp) {
    use domain::Clock as _;
    use sim::person::{Medium, PersonRequest};
    let now = sim::jlis_server::MachineClock.now();
    let mut world = Simulation::in_memory("jlis-http", KeyCache::shared());
    let person = world.new_person(&PersonRequest::default(), now).unwrap();
    let mut issue = |medium| {
        let kinds = sim::authority::CaKind::ALL;
        let issued = world
            .issue_to(&person.id, medium, &kinds, &request(), now)
            .unwrap();
        [issued.authentication.unwrap(), issued.signing.unwrap()]
    };
    let [card, signing] = issue(Medium::Card);
    let [phone, phone_signing] = issue(Medium::Phone);
    let pinned = world
        .authorities(sim::authority::Hierarchy::Test)
        .unwrap()
        .iter()
        .map(|ca| {
            let kind = CaKind::from_text(ca.kind.as_str()).unwrap();
            jpki::PinnedCa::from_der(kind, &format!("generation {}", ca.generation), &ca.certificate).unwrap()
        })
        .collect();
    let config = jpki::JpkiConfig::new(jpki::Mode::Test, pinned);
    let source = Source::World(Arc::new(Mutex::new(world)));
    let server = JlisServer::start("127.0.0.1:0".parse().unwrap(), source)
        .await
        .unwrap();
    (server, [card, signing, phone, phone_signing], config, now)
}

#[tokio::test]
async fn the_simulated_responder_passes_every_check_and_tells_the_links() {
    use jlis::{LinkKind, StatusSource as _};
    let (server, [card, signing, phone, _], config, now) = somebody().await;
    let responder = jlis_http::OcspResponder {
        label: "simulated".into(),
        address: format!("{}/ocsp", server.url()),
        tls: None,
    };
    let policy = pki::ocsp::OcspPolicy {
        link_extension: Some(sim::ocsp::DEFAULT_LINK_OID.parse().unwrap()),
        ..pki::ocsp::OcspPolicy::default()
    };
    let settings = jlis_http::OcspSettings::new(vec![responder], policy);
    let source =
        jlis_http::HttpStatusSource::new(settings, Arc::new(Chance), Arc::new(Counter::default())).unwrap();
    let asker = jlis::Asker::Platform;
    let name = name(&card);
    let question = jlis::StatusQuestion::new(&name, &config, &asker, now);
    let answer = source.ask(&question).await.unwrap();
    assert_eq!(answer.status, pki::ocsp::OcspStatus::Good);
    assert!(answer.evidence.nonce_matched);
    let told: Vec<_> = answer
        .links
        .all()
        .iter()
        .map(|link| (link.kind, link.name.clone()))
        .collect();
    let expected = [
        (LinkKind::Signing, self::name(&signing)),
        (LinkKind::Phone, self::name(&phone)),
    ];
    assert_eq!(told, expected);
    let links = HttpLinkSource::new(&server.url(), None, LIMITS).unwrap();
    assert_eq!(
        links.links(&name).await.unwrap(),
        answer.links,
        "the same by both ways"
    );
}

#[tokio::test]
async fn lists_and_latest_items_come_as_the_adapter_reads_them() {
    use jlis::{FourItemsAnswer, FourItemsRefusal, FourItemsSource as _, ListSource as _};
    let (server, [_, signing, _, phone_signing], _, now) = somebody().await;
    let lists =
        jlis_http::HttpListSource::new(&server.url(), None, jlis_http::ListLimits::default()).unwrap();
    let manifest = lists.manifest().await.unwrap();
    assert_eq!(manifest.len(), 8, "two authorities, four municipalities");
    for entry in &manifest {
        let mut written = Vec::new();
        let received = lists.download(entry, &mut written).await.unwrap();
        assert_eq!(received.sha256, entry.sha256);
    }
    let counter = Arc::new(Counter::default());
    let limits = Limits::default();
    let source = jlis_http::HttpFourItemsSource::new(&server.url(), None, limits, counter).unwrap();
    let options = sim::cms::CmsOptions {
        detached: false,
        signing_time: now,
        fault: None,
    };
    let mut chip = signing.card().unwrap();
    let consent = sim::cms::signed_data(&signing, &mut chip, "PASSWORD1", b"consent", &options).unwrap();
    let asker = jlis::Asker::Platform;
    let answer = source.latest(&name(&signing), &consent, &asker).await.unwrap();
    assert!(matches!(answer, FourItemsAnswer::Current { .. }));
    let other = source
        .latest(&name(&phone_signing), &consent, &asker)
        .await
        .unwrap();
    assert_eq!(
        other,
        FourItemsAnswer::Refused(FourItemsRefusal::ConsentInvalid),
        "signed by another certificate, though of the same person"
    );
}
