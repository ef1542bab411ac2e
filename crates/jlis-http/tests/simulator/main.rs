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
