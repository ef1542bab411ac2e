use std::io::Cursor;
use std::sync::Arc;

use domain::{Clock, Entropy, ProtocolSettings, ServiceState, Timestamp};
use federation::{Demands, Mark, Publication};
use store::memory::MemoryLedger;
use store::{Ledger, ServiceProtocol};

use super::*;
use crate::{Published, Registrar, RegistryRefusal, ServiceFile};

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

#[tokio::test]
async fn nobody_is_taken_over_by_the_spelling_of_a_name() {
    let platform = Platform::new();
    let source = source("federation");
    let victim = sp("https://victim.example/sp", "");
    platform.refresh(&source, std::slice::from_ref(&victim)).await;
    let before = platform.service("https://victim.example/sp").await.unwrap();
    let evil = sp("https://victim.example/sp ", "").replace("/acs", "/evil");
    let counts = platform.refresh(&source, &[victim.clone(), evil.clone()]).await;
    assert_eq!((counts.services, counts.refused, counts.changed), (1, 1, 0));
    let counts = platform.refresh(&source, &[evil, victim.clone()]).await;
    assert_eq!((counts.services, counts.refused, counts.changed), (1, 1, 0));
    // Nor where the reader says nothing: an entity whose settings bear another name than its own.
    let mut refresh = platform.begin(&source).await.unwrap();
    fill(&mut refresh, &[]).await.unwrap();
    let mut disguised = read(&victim.replace("/acs", "/evil")).remove(0);
    disguised.entity_id.push(' ');
    refresh.take(disguised, None).await.unwrap();
    refresh.take(read(&victim).remove(0), None).await.unwrap();
    refresh.accept(everything(), NOW).await.unwrap();
    assert_eq!(
        platform.service("https://victim.example/sp").await.unwrap(),
        before
    );
    // When the spelling goes, nobody is withdrawn with it.
    platform.refresh(&source, &[victim]).await;
    assert!(platform.holds("https://victim.example/sp").await);
}

/// A record whose service another record holds too, as an earlier release could leave it.
#[tokio::test]
async fn one_service_is_one_entity() {
    let platform = Platform::new();
    let source = source("federation");
    let victim = sp("https://victim.example/sp", "");
    platform.refresh(&source, std::slice::from_ref(&victim)).await;
    let before = platform.service("https://victim.example/sp").await.unwrap();
    let key = FetchedService::key("federation", "https://victim.example/sp");
    let record = platform
        .ledger
        .record(store::RecordKind::FetchedEntity, &key)
        .await
        .unwrap()
        .unwrap();
    let moved = store::Record {
        version: 1,
        ..store::Record::new(
            store::RecordKind::FetchedEntity,
            FetchedService::key("federation", "https://victim.example/sp "),
            record.value,
        )
        .tagged("federation")
    };
    let batch = store::Batch::new()
        .write(store::Write::RemoveRecord {
            kind: store::RecordKind::FetchedEntity,
            key,
        })
        .write(store::Write::PutRecord(moved));
    platform.ledger.commit(batch).await.unwrap();
    let counts = platform
        .refresh(&source, &[victim.replace("/acs", "/evil")])
        .await;
    assert_eq!(counts.refused, 1);
    let after = platform.service("https://victim.example/sp").await.unwrap();
    let (ProtocolSettings::Saml(before), ProtocolSettings::Saml(after)) = (before.protocol, after.protocol)
    else {
        panic!("saml")
    };
    assert_eq!(
        after.assertion_consumer_services,
        before.assertion_consumer_services
    );
}

#[tokio::test]
async fn of_two_documents_with_one_entity_id_neither_is_believed() {
    let platform = Platform::new();
    let source = source("folder");
    let victim = sp("https://victim.example/", "");
    platform.refresh(&source, std::slice::from_ref(&victim)).await;
    let before = platform.service("https://victim.example/").await.unwrap();
    for names in [["https://victim.example/"; 2], ["https://fresh.example/"; 2]] {
        let mut refresh = platform.begin(&source).await.unwrap();
        refresh.recall().await.unwrap();
        let evil = read(&sp(names[0], "").replace("/acs", "/evil")).remove(0);
        for name in names {
            refresh.announce(name);
        }
        refresh.take(evil, None).await.unwrap();
        refresh
            .take(read(&sp(names[1], "")).remove(0), None)
            .await
            .unwrap();
        let accepted = Accepted {
            unread: ["other.xml".to_owned()].into(),
            ..everything()
        };
        let counts = refresh.accept(accepted, NOW).await.unwrap();
        assert_eq!((counts.services, counts.refused, counts.changed), (0, 1, 0));
    }
    assert_eq!(platform.service("https://victim.example/").await.unwrap(), before);
    assert_eq!(platform.service("https://fresh.example/").await, None);
    let why = Some("two documents of this source have this entityID".to_owned());
    assert_eq!(
        platform.refusals("folder").await,
        [
            ("https://fresh.example/".to_owned(), why.clone()),
            ("https://victim.example/".to_owned(), why)
        ]
    );
    // Unannounced, the second is refused, also where both are new.
    let mut refresh = platform.begin(&source).await.unwrap();
    refresh.recall().await.unwrap();
    for acs in ["/acs", "/evil"] {
        let entity = sp("https://late.example/", "").replace("/acs", acs);
        refresh.take(read(&entity).remove(0), None).await.unwrap();
    }
    let counts = refresh.accept(everything(), NOW).await.unwrap();
    assert_eq!((counts.services, counts.refused), (1, 1));
    assert_eq!(
        platform.service("https://late.example/").await.unwrap().version,
        1
    );
}

#[tokio::test]
async fn nodes_with_different_configurations_wait_for_each_other() {
    let platform = Platform::new();
    let (old, new) = (
        source("federation"),
        Source {
            judged_by: "other".to_owned(),
            ..source("federation")
        },
    );
    let slow = platform.begin(&old).await.unwrap();
    assert!(platform.begin_later(&new, 899).await.is_none(), "the lease");
    slow.accept(everything(), NOW.plus_seconds(3_600)).await.unwrap();
    assert!(platform.begin_later(&old, 899).await.is_none());
    assert!(platform.begin_later(&new, 4).await.is_none(), "turns");
    // A new configuration waits for no interval; who died is followed.
    let dead = platform.begin_later(&new, 5).await;
    assert!(dead.is_some());
    assert!(platform.begin_later(&old, 904).await.is_none());
    assert!(platform.begin_later(&old, 905).await.is_some());
}

#[tokio::test]
async fn a_change_lost_to_somebody_else_is_tried_again() {
    let platform = Platform::new();
    let source = source("federation");
    let text = sp("https://a.example/", "");
    platform.refresh(&source, std::slice::from_ref(&text)).await;
    let known = || Accepted {
        digest: "digest".to_owned(),
        etag: Some("etag".to_owned()),
        last_modified: Some("then".to_owned()),
        ..everything()
    };
    let changed = [text.replace("/acs", "/acs2")];
    let mut refresh = platform.begin(&source).await.unwrap();
    fill(&mut refresh, &changed).await.unwrap();
    platform
        .operator()
        .suspend("https://a.example/", "why")
        .await
        .unwrap();
    refresh.accept(known(), NOW.plus_seconds(3_600)).await.unwrap();
    let (state, _) = SourceState::read(&*platform.ledger, "federation").await.unwrap();
    assert_eq!(
        (
            state.digest.as_str(),
            state.etag,
            state.last_modified,
            state.next_at
        ),
        ("", None, None, Some(NOW.plus_seconds(60)))
    );
    assert!(state.problem.is_some());
    let mut refresh = platform.begin(&source).await.unwrap();
    fill(&mut refresh, &changed).await.unwrap();
    let counts = refresh.accept(known(), NOW.plus_seconds(3_600)).await.unwrap();
    assert_eq!(counts.changed, 1);
    let (state, _) = SourceState::read(&*platform.ledger, "federation").await.unwrap();
    assert_eq!((state.digest.as_str(), state.problem), ("digest", None));
}

#[tokio::test]
async fn what_a_refused_entity_had_before_comes_to_its_end() {
    let platform = Platform::new();
    let source = source("federation");
    let until = |seconds: i64| Accepted {
        mark: Mark {
            created: None,
            valid_until: Some(NOW.plus_seconds(seconds)),
        },
        ..everything()
    };
    let end = async |entity_id: &str| match platform.service(entity_id).await.unwrap().protocol {
        ProtocolSettings::Saml(settings) => settings.fetched.unwrap().valid_until,
        ProtocolSettings::Oidc(_) => panic!("saml"),
    };
    let names = ["https://late.example/", "https://bad.example/"];
    let good = names.map(|name| sp(name, ""));
    let past = NOW.plus_seconds(-60).to_rfc3339().unwrap();
    let refused = [
        good[0].replacen("entityID", &format!("validUntil=\"{past}\" entityID"), 1),
        good[1].replace("https://sp.example.go.jp/acs", "javascript:alert(1)"),
    ];
    // The document from which they were taken holds for a minute, each that follows for longer.
    for (seconds, entities, ends) in [
        (60, &good, [None, None]),
        (120, &refused, [Some(-60), Some(60)]),
        (180, &refused, [Some(-60), Some(60)]),
        (240, &good, [None, None]),
    ] {
        let mut refresh = platform.begin(&source).await.unwrap();
        fill(&mut refresh, entities).await.unwrap();
        refresh.accept(until(seconds), NOW).await.unwrap();
        let ends = ends.map(|end| end.map(|seconds: i64| NOW.plus_seconds(seconds)));
        assert_eq!([end(names[0]).await, end(names[1]).await], ends, "{seconds}");
    }
    assert!(platform.holds(names[0]).await);
}

#[tokio::test]
async fn each_of_several_documents_has_its_own_mark() {
    let platform = Platform::new();
    let source = source("folder");
    let mark = |created: Option<i64>, until: Option<i64>| Mark {
        created: created.map(|seconds| NOW.plus_seconds(seconds)),
        valid_until: until.map(|seconds| NOW.plus_seconds(seconds)),
    };
    let accept = async |files: &[(&str, Mark)]| {
        let refresh = platform.begin(&source).await.unwrap();
        let accepted = Accepted {
            marks: files
                .iter()
                .map(|(file, mark)| ((*file).to_owned(), *mark))
                .collect(),
            ..everything()
        };
        refresh.accept(accepted, NOW).await.unwrap();
    };
    accept(&[
        ("a.xml", mark(Some(-5), Some(60))),
        ("b.xml", mark(None, None)),
        ("c.xml", mark(None, Some(-1))),
    ])
    .await;
    // One that is gone is remembered as long as an old copy of it could be shown.
    accept(&[("b.xml", mark(Some(-1), None))]).await;
    let refresh = platform.begin(&source).await.unwrap();
    assert_eq!(refresh.before_of("a.xml"), mark(Some(-5), Some(60)));
    assert_eq!(refresh.before_of("b.xml"), mark(Some(-1), None));
    assert_eq!(refresh.before_of("c.xml"), Mark::default());
    assert_eq!(refresh.before(), Mark::default());
}

#[tokio::test]
async fn a_bad_file_keeps_its_own_entities_and_no_others() {
    let platform = Platform::new();
    let source = source("folder");
    let names = ["https://a.example/", "https://b.example/", "https://c.example/"];
    let files = [Some("a.xml"), Some("b.xml"), Some("c.xml")];
    let round = async |there: &[usize], unread: &[&str]| {
        let mut refresh = platform.begin(&source).await.unwrap();
        refresh.recall().await.unwrap();
        for at in there {
            let entity = read(&sp(names[*at], "")).remove(0);
            refresh.take(entity, files[*at]).await.unwrap();
        }
        let accepted = Accepted {
            unread: unread.iter().map(|file| (*file).to_owned()).collect(),
            problem: unread.first().map(|file| format!("{file}: bad")),
            ..everything()
        };
        refresh.accept(accepted, NOW).await.unwrap();
        let mut holding = Vec::new();
        for name in names {
            holding.push(platform.holds(name).await);
        }
        holding
    };
    let events = async || platform.ledger.audit_from(0, 1_000).await.unwrap().len();
    assert_eq!(round(&[0, 1, 2], &[]).await, [true, true, true]);
    // b.xml is bad and c.xml is gone.
    assert_eq!(round(&[0], &["b.xml"]).await, [true, true, false]);
    let so_far = events().await;
    assert_eq!(round(&[0], &["b.xml"]).await, [true, true, false]);
    assert_eq!(events().await, so_far, "nothing new, no event");
    // Nothing changed since: the problem is still there.
    platform.begin(&source).await.unwrap().same(NOW).await.unwrap();
    let (state, _) = SourceState::read(&*platform.ledger, "folder").await.unwrap();
    assert_eq!(state.problem.as_deref(), Some("b.xml: bad"));
    assert_eq!(round(&[0, 1], &[]).await, [true, true, false]);
    assert_eq!(events().await, so_far + 1);
}
