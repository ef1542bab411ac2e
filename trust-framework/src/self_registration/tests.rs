use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use domain::{Clock, Entropy, Localized, ProtocolSettings, SecurityProfile, ServiceState, Timestamp};
use oidc::{ClientMetadata, MetadataFault, RegistrationTerms};
use serde_json::{Value, json};
use store::Ledger;
use store::memory::MemoryLedger;

use super::*;
use crate::{Published, SectorDocument};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// Never the same twice.
#[derive(Default)]
struct Counted(std::sync::atomic::AtomicU64);

impl Entropy for Counted {
    fn fill(&self, buffer: &mut [u8]) {
        let count = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        for (at, byte) in buffer.iter_mut().enumerate() {
            *byte = count.to_le_bytes()[at % 8];
        }
    }
}

/// The double in memory never waits.
fn done<F: Future>(work: F) -> F::Output {
    let mut work = pin!(work);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = work.as_mut().poll(&mut context) {
            return output;
        }
    }
}

struct World {
    ledger: Arc<MemoryLedger>,
    registrar: SelfRegistrar,
}

impl World {
    fn new() -> Self {
        let ledger = Arc::new(MemoryLedger::new());
        let held: Arc<dyn Ledger> = Arc::<MemoryLedger>::clone(&ledger);
        Self {
            registrar: SelfRegistrar::new(held, Arc::new(Still), Arc::new(Counted::default())),
            ledger,
        }
    }

    fn token(&self, name: &str, clients: u32) -> String {
        let order = TokenOrder {
            name: name.to_owned(),
            organisation: Localized {
                ja: "省".to_owned(),
                en: "Ministry".to_owned(),
            },
            terms: RegistrationTerms {
                hosts: ["rp.example", "www.example"].map(str::to_owned).to_vec(),
                profile: SecurityProfile::Standard,
            },
            clients,
            days: 1,
        };
        done(self.registrar.make("tester", order))
            .unwrap()
            .reveal()
            .to_owned()
    }

    fn register(
        &self,
        token: &str,
        said: &Value,
        published: &Published,
    ) -> Result<Registered, SelfRegistrationRefusal> {
        done(self.registrar.register(token, &metadata(said), published))
    }

    fn update(
        &self,
        of: &Registered,
        said: &Value,
        published: &Published,
    ) -> Result<Registered, SelfRegistrationRefusal> {
        let client_id = of.service.protocol.identifier();
        let known = done(self.registrar.find(client_id, of.token.reveal()))
            .unwrap()
            .expect("its own token");
        done(self.registrar.update(known, &metadata(said), published))
    }
}

fn metadata(changes: &Value) -> ClientMetadata {
    let mut members = json!({
        "redirect_uris": ["https://rp.example/cb"],
        "token_endpoint_auth_method": "none",
    });
    for (name, value) in changes.as_object().unwrap() {
        members[name] = value.clone();
    }
    ClientMetadata::of(&ClientMetadata::read(members.to_string().as_bytes()).unwrap()).unwrap()
}

fn nothing() -> Published {
    Published::default()
}

fn document(uri: &str, listed: &[&str]) -> Published {
    Published {
        sector: Some(SectorDocument {
            uri: uri.to_owned(),
            listed: listed.iter().map(|uri| (*uri).to_owned()).collect(),
            fetched_at: NOW,
        }),
        keys: None,
    }
}

#[test]
fn a_token_makes_as_many_clients_as_it_says() {
    let world = World::new();
    let token = world.token("two", 2);
    assert!(done(world.registrar.initial("another")).unwrap().is_none());
    for used in 1..=2 {
        world.register(&token, &json!({}), &nothing()).unwrap();
        assert_eq!(done(world.registrar.tokens()).unwrap()[0].used, used);
    }
    let third = world.register(&token, &json!({}), &nothing()).unwrap_err();
    assert_eq!(third, SelfRegistrationRefusal::Token);
    assert_eq!(done(world.ledger.services()).unwrap().len(), 2);
    // Neither does one that an operator ended, nor is a name given twice.
    let other = world.token("ended", 2);
    done(world.registrar.end("tester", "ended")).unwrap();
    assert!(world.register(&other, &json!({}), &nothing()).is_err());
    assert!(
        done(world.registrar.tokens())
            .unwrap()
            .iter()
            .any(|token| token.standing(NOW) == "ended")
    );
}

#[test]
fn what_is_refused_spends_nothing() {
    let world = World::new();
    let token = world.token("one", 1);
    for bad in [
        json!({"redirect_uris": ["https://evil.example/cb"]}),
        json!({"redirect_uris": ["https://rp.example/cb#x"]}),
        json!({"scope": "openid name"}),
        json!({"jwks_uri": "https://rp.example/jwks"}),
        json!({"sector_identifier_uri": "https://rp.example/s"}),
    ] {
        let refused = world.register(&token, &bad, &nothing()).unwrap_err();
        assert!(
            matches!(refused, SelfRegistrationRefusal::Metadata(_)),
            "{bad}: {refused}"
        );
    }
    assert_eq!(done(world.registrar.tokens()).unwrap()[0].used, 0);
    world.register(&token, &json!({}), &nothing()).unwrap();
}

#[test]
fn each_change_gives_another_token_and_keeps_who_people_are() {
    let world = World::new();
    let token = world.token("many", 9);
    let made = world.register(&token, &json!({}), &nothing()).unwrap();
    let other = world.register(&token, &json!({}), &nothing()).unwrap();
    assert_ne!(
        made.service.sector, other.service.sector,
        "each is a sector of its own"
    );
    let client_id = made.service.protocol.identifier();
    for wrong in [other.token.reveal(), token.as_str(), ""] {
        assert!(done(world.registrar.find(client_id, wrong)).unwrap().is_none());
    }
    let said = json!({"client_name": "Other", "token_endpoint_auth_method": "client_secret_basic"});
    let changed = world.update(&made, &said, &nothing()).unwrap();
    assert!(changed.secret.is_some(), "it had none");
    assert_eq!(
        (changed.service.id.clone(), changed.service.sector.clone()),
        (made.service.id.clone(), made.service.sector.clone())
    );
    assert_eq!(changed.service.version, 2);
    assert_eq!(changed.service.name.en, "Other (Ministry)");
    assert!(
        done(world.registrar.find(client_id, made.token.reveal()))
            .unwrap()
            .is_none(),
        "rotated"
    );
    let sneaked = json!({"redirect_uris": ["https://evil.example/cb"]});
    let refused = world.update(&changed, &sneaked, &nothing()).unwrap_err();
    assert!(
        matches!(refused, SelfRegistrationRefusal::Metadata(_)),
        "a change is held against the token's terms as well: {refused}"
    );
    let again = world.update(&changed, &said, &nothing()).unwrap();
    assert!(again.secret.is_none(), "it keeps the one that it has");
    let known = done(world.registrar.find(client_id, again.token.reveal()))
        .unwrap()
        .unwrap();
    let gone = done(world.registrar.delete(known.clone())).unwrap();
    assert!(matches!(gone.state, ServiceState::Removed { .. }));
    assert!(done(world.registrar.delete(known)).is_err(), "once");
    assert!(
        done(world.registrar.find(client_id, again.token.reveal()))
            .unwrap()
            .is_none()
    );
}

#[test]
fn a_sector_is_its_documents_and_nobody_leaves_it() {
    let world = World::new();
    let token = world.token("many", 9);
    let uri = "https://www.example/uris";
    let listed = document(uri, &["https://rp.example/cb", "https://www.example/cb"]);
    let named = json!({"sector_identifier_uri": uri});
    let first = world.register(&token, &named, &listed).unwrap();
    let both = json!({"sector_identifier_uri": uri, "redirect_uris": ["https://rp.example/cb", "https://www.example/cb"]});
    let second = world.register(&token, &both, &listed).unwrap();
    assert_eq!(first.service.sector, second.service.sector);
    let kept = done(crate::last_good_sector(&*world.ledger, uri)).unwrap();
    assert_eq!(kept, listed.sector);
    let ProtocolSettings::Oidc(settings) = &first.service.protocol else {
        panic!("oidc")
    };
    assert_eq!(settings.documents.sector_identifier_uri.as_deref(), Some(uri));
    for (said, published) in [
        (json!({}), nothing()),
        (
            json!({"sector_identifier_uri": "https://rp.example/uris"}),
            document("https://rp.example/uris", &["https://rp.example/cb"]),
        ),
        (named, document(uri, &["https://www.example/cb"])),
    ] {
        let refused = world.update(&first, &said, &published).unwrap_err();
        let of_sector = matches!(
            refused,
            SelfRegistrationRefusal::Metadata(MetadataFault::Member {
                name: "sector_identifier_uri",
                ..
            })
        );
        assert!(of_sector, "{said}: {refused}");
    }
}
