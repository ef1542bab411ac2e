use std::io::Cursor;
use std::sync::Arc;

use domain::{Clock, Entropy, ProtocolSettings, ServiceState, Timestamp};
use federation::{Demands, Mark, Publication};
use store::memory::MemoryLedger;
use store::{Ledger, ServiceProtocol};

use super::*;
use crate::{Published, Registrar, RegistryRefusal, ServiceFile};

mod hostile;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}

struct Later(i64);

impl Clock for Later {
    fn now(&self) -> Timestamp {
        NOW.plus_seconds(self.0)
    }
}

/// Counts, so that no identifier comes twice.
#[derive(Default)]
struct Counting(std::sync::atomic::AtomicU64);

impl Entropy for Counting {
    fn fill(&self, out: &mut [u8]) {
        let number = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        for (to, from) in out.iter_mut().zip(number.to_be_bytes().iter().cycle()) {
            *to = *from;
        }
    }
}

struct Platform {
    ledger: Arc<MemoryLedger>,
    entropy: Arc<Counting>,
}

fn sp(entity_id: &str, extra: &str) -> String {
    format!(
        r#"<EntityDescriptor entityID="{entity_id}">{extra}<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example.go.jp/acs"/></SPSSODescriptor></EntityDescriptor>"#
    )
}

const SUBJECT_ID: &str = r#"<Extensions><m:EntityAttributes xmlns:m="urn:oasis:names:tc:SAML:metadata:attribute" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"><a:Attribute Name="urn:oasis:names:tc:SAML:profiles:subject-id:req"><a:AttributeValue>subject-id</a:AttributeValue></a:Attribute></m:EntityAttributes></Extensions>"#;

fn source(name: &str) -> Source {
    Source {
        name: name.to_owned(),
        entity_ids: Vec::new(),
        entity_id_prefixes: Vec::new(),
        judged_by: String::new(),
        granted: Granted {
            admit: Admission::Active,
            ..Granted::default()
        },
    }
}

impl Platform {
    fn new() -> Self {
        Self {
            ledger: Arc::new(MemoryLedger::new()),
            entropy: Arc::default(),
        }
    }

    async fn begin(&self, source: &Source) -> Option<Refresh> {
        let (clock, entropy) = (Arc::new(Still), Arc::<Counting>::clone(&self.entropy));
        let ledger = Arc::<MemoryLedger>::clone(&self.ledger);
        Refresh::begin(ledger, clock, entropy, source.clone(), true)
            .await
            .unwrap()
    }

    async fn begin_later(&self, source: &Source, seconds: i64) -> Option<Refresh> {
        let (clock, entropy) = (Arc::new(Later(seconds)), Arc::<Counting>::clone(&self.entropy));
        let ledger = Arc::<MemoryLedger>::clone(&self.ledger);
        Refresh::begin(ledger, clock, entropy, source.clone(), false)
            .await
            .unwrap()
    }

    async fn refresh(&self, source: &Source, entities: &[String]) -> Counts {
        let mut refresh = self.begin(source).await.unwrap();
        fill(&mut refresh, entities).await.unwrap();
        refresh.accept(everything(), NOW).await.unwrap()
    }

    async fn service(&self, entity_id: &str) -> Option<domain::Service> {
        self.ledger
            .service_by_identifier(ServiceProtocol::Saml, entity_id)
            .await
            .unwrap()
    }

    async fn holds(&self, entity_id: &str) -> bool {
        let service = self.service(entity_id).await.unwrap();
        let ProtocolSettings::Saml(settings) = &service.protocol else {
            panic!("saml")
        };
        settings.fetched.as_ref().is_none_or(|fetched| fetched.holds(NOW))
    }

    fn operator(&self) -> Registrar {
        let entropy = Arc::<Counting>::clone(&self.entropy);
        Registrar::new(
            Arc::<MemoryLedger>::clone(&self.ledger),
            Arc::new(Still),
            entropy,
            "test",
        )
    }

    async fn refusals(&self, source: &str) -> Vec<(String, Option<String>)> {
        let page = FetchedService::page(&*self.ledger, source, None, 100)
            .await
            .unwrap();
        let mut all: Vec<_> = page
            .into_iter()
            .map(|(_, entity)| (entity.entity_id, entity.refused))
            .collect();
        all.sort();
        all
    }
}

async fn fill(refresh: &mut Refresh, entities: &[String]) -> Result<(), RegistryRefusal> {
    refresh.recall().await?;
    for entity in read(&entities.concat()) {
        refresh.take(entity, None).await?;
    }
    Ok(())
}

fn everything() -> Accepted {
    Accepted::default()
}

/// Entities as the reader hands them out.
fn read(entities: &str) -> Vec<federation::Entity> {
    let text = format!(
        r#"<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">{entities}</EntitiesDescriptor>"#
    );
    let demands = Demands {
        keys: None,
        valid_until_required: false,
        max_validity_seconds: 0,
        max_octets: 1 << 20,
        max_entities: 1000,
        before: None::<Mark>,
        now: NOW,
    };
    let mut open = || Ok(Cursor::new(text.as_bytes()));
    let publication = Publication::accept(&mut open, &demands).unwrap();
    let mut found = Vec::new();
    publication
        .entities::<_, federation::PublicationReason>(&mut open, NOW, &mut |entity| {
            found.push(entity);
            Ok(())
        })
        .unwrap();
    found
}

#[tokio::test]
async fn entities_come_change_go_and_come_back() {
    let platform = Platform::new();
    let source = source("federation");
    let many: Vec<String> = (0..70)
        .map(|n| sp(&format!("https://{n}.example/"), ""))
        .collect();
    let counts = platform.refresh(&source, &many).await;
    assert_eq!((counts.services, counts.changed, counts.refused), (70, 70, 0));
    let first = platform.service("https://7.example/").await.unwrap();

    // The same again changes nothing, not even a version.
    let counts = platform.refresh(&source, &many).await;
    assert_eq!((counts.services, counts.changed), (70, 0));
    assert_eq!(platform.service("https://7.example/").await.unwrap(), first);

    // One changes, one goes: the others are left alone.
    let mut next = many.clone();
    next[7] = next[7].replace("/acs", "/acs2");
    next.remove(9);
    let counts = platform.refresh(&source, &next).await;
    assert_eq!((counts.services, counts.changed), (69, 2));
    let changed = platform.service("https://7.example/").await.unwrap();
    assert_eq!(
        (&changed.id, &changed.sector, changed.version),
        (&first.id, &first.sector, 2)
    );
    assert!(!platform.holds("https://9.example/").await && platform.holds("https://7.example/").await);
    let gone = platform.service("https://9.example/").await.unwrap();

    // It comes back as who it was.
    let counts = platform.refresh(&source, &many).await;
    assert_eq!((counts.services, counts.changed), (70, 2));
    assert!(platform.holds("https://9.example/").await);
    assert_eq!(
        platform.service("https://9.example/").await.unwrap().sector,
        gone.sector
    );
}

#[tokio::test]
async fn silence_of_a_part_withdraws_nobody() {
    let platform = Platform::new();
    let source = source("folder");
    platform.refresh(&source, &[sp("https://a.example/", "")]).await;
    let mut refresh = platform.begin(&source).await.unwrap();
    fill(&mut refresh, &[]).await.unwrap();
    refresh
        .accept(
            Accepted {
                unread: ["a.xml".to_owned()].into(),
                ..Accepted::default()
            },
            NOW,
        )
        .await
        .unwrap();
    assert!(platform.holds("https://a.example/").await);
}

#[tokio::test]
async fn who_holds_an_entity_id_keeps_it() {
    let platform = Platform::new();
    let (first, second) = (source("first"), source("second"));
    let file = ServiceFile::from_metadata(&sp("https://ours.example/", "").replace(
        "<EntityDescriptor",
        "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\"",
    ))
    .unwrap();
    let ours = platform
        .operator()
        .add(&file, &Published::default())
        .await
        .unwrap();
    let both = [sp("https://ours.example/", ""), sp("https://theirs.example/", "")];
    assert_eq!(platform.refresh(&first, &both).await.refused, 1);
    let theirs = platform.service("https://theirs.example/").await.unwrap();
    let counts = platform
        .refresh(&second, &both.map(|text| text.replace("/acs", "/evil")))
        .await;
    assert_eq!((counts.services, counts.refused, counts.changed), (0, 2, 0));
    assert_eq!(platform.service("https://ours.example/").await.unwrap(), ours);
    assert_eq!(platform.service("https://theirs.example/").await.unwrap(), theirs);
    // Also after the first source names it no more: only an operator lets it go.
    platform.refresh(&first, &[]).await;
    let counts = platform
        .refresh(&second, &[sp("https://theirs.example/", "")])
        .await;
    assert_eq!(counts.refused, 1);
    platform
        .operator()
        .remove("https://theirs.example/")
        .await
        .unwrap();
    let counts = platform
        .refresh(&second, &[sp("https://theirs.example/", "")])
        .await;
    assert_eq!((counts.services, counts.changed), (1, 1));
    assert_ne!(
        platform.service("https://theirs.example/").await.unwrap().sector,
        theirs.sector
    );
}

#[tokio::test]
async fn what_operators_did_stays() {
    let platform = Platform::new();
    let source = source("federation");
    let text = |acs: &str| {
        [
            sp("https://a.example/", "").replace("/acs", acs),
            sp("https://b.example/", "").replace("/acs", acs),
        ]
    };
    platform.refresh(&source, &text("/1")).await;
    platform
        .operator()
        .suspend("https://a.example/", "why")
        .await
        .unwrap();
    platform.operator().remove("https://b.example/").await.unwrap();
    let counts = platform.refresh(&source, &text("/2")).await;
    assert_eq!((counts.services, counts.refused), (1, 1));
    let a = platform.service("https://a.example/").await.unwrap();
    assert!(matches!(a.state, ServiceState::Suspended { .. }));
    assert_eq!(platform.service("https://b.example/").await, None);
    assert_eq!(
        platform.refusals("federation").await,
        [
            ("https://a.example/".to_owned(), None),
            (
                "https://b.example/".to_owned(),
                Some("an operator removed it".to_owned())
            )
        ]
    );
}

#[tokio::test]
async fn a_source_grants_and_metadata_does_not() {
    let platform = Platform::new();
    let mut narrow = source("narrow");
    narrow.granted.admit = Admission::Suspended;
    narrow.entity_id_prefixes = vec!["https://a.example/".to_owned()];
    let counts = platform
        .refresh(
            &narrow,
            &[
                sp("https://a.example/x", ""),
                sp("https://b.example/", ""),
                sp("https://a.example/y", SUBJECT_ID),
            ],
        )
        .await;
    assert_eq!((counts.services, counts.refused, counts.passed_over), (1, 1, 1));
    let service = platform.service("https://a.example/x").await.unwrap();
    assert!(matches!(service.state, ServiceState::Suspended { .. }));
    assert_eq!(
        service.released_attributes,
        [domain::ReleasedAttribute::Pseudonym]
    );
    assert_eq!(platform.service("https://b.example/").await, None);
    // What the configuration grants later reaches those who are there.
    narrow.granted.released_attributes = vec![domain::ReleasedAttribute::AssuranceLevel];
    narrow.granted.subject_id = true;
    let counts = platform
        .refresh(
            &narrow,
            &[
                sp("https://a.example/x", ""),
                sp("https://a.example/y", SUBJECT_ID),
            ],
        )
        .await;
    assert_eq!((counts.services, counts.refused, counts.changed), (2, 0, 2));
    let service = platform.service("https://a.example/x").await.unwrap();
    assert_eq!(service.released_attributes.len(), 2);
    assert!(matches!(service.state, ServiceState::Suspended { .. }));
}

/// What was taken in under other settings is looked at again, whether or not the document is the same.
#[tokio::test]
async fn other_settings_take_everything_in_again() {
    let platform = Platform::new();
    let same = source("federation");
    platform.refresh(&same, &[]).await;
    assert!(!platform.begin(&same).await.unwrap().settings_changed());
    let other_key = Source {
        judged_by: "another key".to_owned(),
        ..same.clone()
    };
    let mut granted = same.clone();
    granted.granted.admit = Admission::Suspended;
    for other in [other_key, granted] {
        assert!(platform.begin(&other).await.unwrap().settings_changed());
    }
}

#[tokio::test]
async fn one_node_refreshes_at_a_time() {
    let platform = Platform::new();
    let source = source("federation");
    let mut slow = platform.begin(&source).await.unwrap();
    // Not due, and then taken over in spite of that: what the first one still does has no effect.
    let (clock, entropy) = (Arc::new(Still), Arc::<Counting>::clone(&platform.entropy));
    let ledger = Arc::<MemoryLedger>::clone(&platform.ledger);
    assert!(
        Refresh::begin(ledger, clock, entropy, source.clone(), false)
            .await
            .unwrap()
            .is_none()
    );
    platform.refresh(&source, &[]).await;
    fill(&mut slow, &[sp("https://a.example/", "")]).await.unwrap();
    let late = slow.accept(everything(), NOW).await;
    assert_eq!(late, Err(RegistryRefusal::ChangedMeanwhile));
    assert_eq!(platform.service("https://a.example/").await, None);
}
