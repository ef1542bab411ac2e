//! Every fault in the simulator's catalogue that reaches a port, and what the adapter makes of it. A fault that is added there
//! fails here until it has its row.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use domain::{Clock, Entropy, Timestamp};
use jlis::{
    Asker, CertificateName, DownloadReason, FourItemsAnswer, FourItemsRefusal, FourItemsSource as _,
    LinkKind, LinkSource as _, ListSource as _, OcspStatus, QuestionCounter, StatusFailure, StatusQuestion,
    StatusSource as _, Tally, Unavailable,
};
use jlis_http::{
    HttpFourItemsSource, HttpLinkSource, HttpListSource, HttpStatusSource, Limits, ListLimits, OcspResponder,
    OcspSettings,
};
use jpki::{CaKind, Crosscheck, JpkiConfig, Mode, PinnedCa, crosscheck};
use pki::Crl;
use pki::ocsp::{CertIdHash, OcspPolicy};
use revocation::Status;
use sim::authority::{CaKind as SimKind, Hierarchy};
use sim::cms::{CmsOptions, signed_data};
use sim::crl::RevocationReason;
use sim::jlis_server::faults::{Parameter, ServerFault as F};
use sim::jlis_server::{JlisServer, ServerOptions, Source};
use sim::keys::KeyCache;
use sim::person::{Medium, PersonRequest};
use sim::record::CardRecord;
use sim::{CardRequest, Simulation};

const WHOLE: Duration = Duration::from_secs(2);

fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_000_000)
}

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        now()
    }
}

struct Chance;

impl Entropy for Chance {
    fn fill(&self, buffer: &mut [u8]) {
        aws_lc_rs::rand::fill(buffer).unwrap();
    }
}

/// Status and number of links, or the code of the failure.
type Told = Result<(OcspStatus, usize), &'static str>;

struct World {
    server: JlisServer,
    config: JpkiConfig,
    simulation: Arc<Mutex<Simulation>>,
    /// A renewed card's, good; its predecessor, revoked; its holder's 署名用.
    good: CardRecord,
    revoked: CardRecord,
    signing: CardRecord,
    tally: Arc<Tally>,
}

fn name(card: &CardRecord) -> CertificateName {
    super::name(card)
}

impl World {
    async fn new() -> Self {
        let mut simulation = Simulation::in_memory("jlis-http catalogue", KeyCache::shared());
        let request = CardRequest::default();
        let earlier = now().plus_seconds(-100 * 86_400);
        let person = simulation.new_person(&PersonRequest::default(), earlier).unwrap();
        let both = [SimKind::UserAuthentication, SimKind::DigitalSignature];
        let old = simulation
            .issue_to(&person.id, Medium::Card, &both, &request, earlier)
            .unwrap();
        let renewed = simulation
            .renew(&person.id, Medium::Card, &request, now().plus_seconds(-86_400))
            .unwrap();
        let other = simulation.new_person(&PersonRequest::default(), earlier).unwrap();
        simulation
            .issue_to(&other.id, Medium::Card, &both, &request, earlier)
            .unwrap();
        let authorities = both
            .map(|kind| {
                let ours = CaKind::from_text(kind.as_str()).unwrap();
                let authorities = simulation.authorities(Hierarchy::Test).unwrap();
                authorities
                    .into_iter()
                    .filter(|authority| authority.kind == kind)
                    .map(|authority| {
                        let label = format!("generation {}", authority.generation);
                        PinnedCa::from_der(ours, &label, &authority.certificate).unwrap()
                    })
                    .collect::<Vec<_>>()
            })
            .concat();
        let simulation = Arc::new(Mutex::new(simulation));
        let options = ServerOptions {
            clock: Arc::new(Fixed),
            ..ServerOptions::default()
        };
        let source = Source::World(Arc::clone(&simulation));
        let server = JlisServer::start_with("127.0.0.1:0".parse().unwrap(), source, options)
            .await
            .unwrap();
        Self {
            server,
            config: JpkiConfig::new(Mode::Test, authorities),
            simulation,
            good: renewed.authentication.unwrap(),
            revoked: old.authentication.unwrap(),
            signing: renewed.signing.unwrap(),
            tally: Arc::default(),
        }
    }

    fn status(&self, hash: CertIdHash) -> HttpStatusSource {
        let responder = OcspResponder {
            label: "simulator".to_owned(),
            address: format!("{}/ocsp", self.server.url()),
            tls: None,
        };
        let policy = OcspPolicy {
            hash,
            link_extension: Some(sim::ocsp::DEFAULT_LINK_OID.parse().unwrap()),
            ..OcspPolicy::default()
        };
        let settings = OcspSettings {
            each: WHOLE,
            whole: WHOLE,
            failures: 1000,
            ..OcspSettings::new(vec![responder], policy)
        };
        HttpStatusSource::new(settings, Arc::new(Chance), self.tally.clone()).unwrap()
    }

    /// Asks with an empty memory: the status and the number of links, or the code of the one responder's failure.
    async fn ask(&self, card: &CardRecord) -> Told {
        let client = self.status(CertIdHash::Sha256);
        let (name, asker) = (name(card), Asker::Platform);
        let question = StatusQuestion::new(&name, &self.config, &asker, now());
        match client.ask(&question).await {
            Ok(answer) => Ok((answer.status, answer.links.all().len())),
            Err(StatusFailure::NoAnswer { responders, .. }) => {
                assert_eq!(responders.len(), 1, "{responders:?}");
                Err(responders.first().unwrap().1.code())
            }
            Err(other) => panic!("{other}"),
        }
    }
}

fn limits() -> Limits {
    Limits {
        whole: WHOLE,
        answer_bytes: 16 * 1024,
    }
}

#[tokio::test]
async fn ocsp_answers_truthfully_for_both_authorities_and_both_hashes() {
    let world = World::new().await;
    for hash in [CertIdHash::Sha1, CertIdHash::Sha256] {
        let client = world.status(hash);
        let asker = Asker::Platform;
        for (card, good) in [
            (&world.good, true),
            (&world.signing, true),
            (&world.revoked, false),
        ] {
            let name = name(card);
            let question = StatusQuestion::new(&name, &world.config, &asker, now());
            let answer = client.ask(&question).await.unwrap();
            assert_eq!(answer.status == OcspStatus::Good, good, "{}", card.id);
            if good {
                let predecessor = answer.links.only(LinkKind::Predecessor).unwrap();
                assert!(predecessor.is_some(), "{}", card.id);
            }
        }
        let name = name(&world.good);
        let question = StatusQuestion::new(&name, &world.config, &asker, now());
        let links = client.ask(&question).await.unwrap().links;
        let told = HttpLinkSource::new(&world.server.url(), None, limits()).unwrap();
        assert_eq!(
            told.links(&name).await.unwrap(),
            links,
            "both desks tell the same"
        );
        assert_eq!(
            links.only(LinkKind::Predecessor).unwrap(),
            Some(&self::name(&world.revoked))
        );
        assert_eq!(
            links.only(LinkKind::Signing).unwrap(),
            Some(&self::name(&world.signing))
        );
    }
}

#[tokio::test]
async fn every_ocsp_fault_has_its_name() {
    let world = World::new().await;
    let good = world.ask(&world.good).await.unwrap();
    assert_eq!(good.0, OcspStatus::Good);
    let text = |text: &str| Some(Parameter::Text(text.to_owned()));
    let mut rows = 0;
    for fault in F::ALL
        .iter()
        .copied()
        .filter(|fault| fault.as_str().starts_with("ocsp-"))
    {
        let variants: Vec<(Option<Parameter>, Told)> = match fault {
            F::OcspUnavailable => vec![(None, Err("refused"))],
            F::OcspSilent | F::OcspSlow => vec![(None, Err("too_slow"))],
            F::OcspHangUp => vec![(None, Err("unreachable"))],
            F::OcspHuge => vec![(None, Err("unintelligible"))],
            F::OcspGarbage | F::OcspMalformed => vec![(None, Err("form"))],
            F::OcspTryLater | F::OcspInternalError | F::OcspRefused => vec![(None, Err("success"))],
            F::OcspReplay | F::OcspWrongNonce | F::OcspNoNonce => vec![(None, Err("nonce"))],
            F::OcspStale | F::OcspFuture => vec![(None, Err("dates"))],
            F::OcspWrongCertId => vec![(None, Err("certificate"))],
            F::OcspUnauthorizedResponder => {
                vec![(None, Err("responder")), (text("foreign"), Err("responder"))]
            }
            F::OcspResponderExpired => vec![(None, Err("responder"))],
            F::OcspBrokenSignature => vec![(None, Err("signature"))],
            F::OcspUnknown => vec![(None, Ok((OcspStatus::Unknown, good.1)))],
            F::OcspNoLinks => vec![(None, Ok((OcspStatus::Good, 0)))],
            // Allowed; and a lie that verifies: the lists are there to find it, below.
            F::OcspResponderByName | F::OcspContradiction => vec![(None, Ok(good))],
            other => panic!("{} has no row", other.as_str()),
        };
        for (parameter, expected) in variants {
            world.server.switch(fault, true, parameter);
            let begun = Instant::now();
            assert_eq!(world.ask(&world.good).await, expected, "{}", fault.as_str());
            assert!(begun.elapsed() < WHOLE * 3, "{}", fault.as_str());
            world.server.switch(fault, false, None);
            rows += 1;
        }
    }
    assert!(rows >= 20, "{rows}");
    for (fault, parameter, expected) in [
        (F::LinksMalformed, None, Err("links")),
        (F::LinksToItself, None, Err("impossible_links")),
        (F::LinksTooMany, None, Err("unintelligible")),
        (F::LinksTooMany, Some(Parameter::Number(20)), Err("links")),
    ] {
        world.server.switch(fault, true, parameter);
        assert_eq!(world.ask(&world.good).await, expected, "{}", fault.as_str());
        world.server.switch(fault, false, None);
    }
    assert_eq!(world.ask(&world.good).await, Ok(good));
    let sent: u64 = world.tally.take().iter().map(|(_, _, sum)| sum).sum();
    assert_eq!(
        sent,
        world.server.asked_ocsp(),
        "every question is counted, and only those"
    );
}

#[tokio::test]
async fn a_lying_responder_is_found_out_by_the_lists() {
    let world = World::new().await;
    let lists = HttpListSource::new(&world.server.url(), None, ListLimits::default()).unwrap();
    let manifest = lists.manifest().await.unwrap();
    let mut revoked = Vec::new();
    let mut made = now();
    for entry in &manifest {
        let mut der = Vec::new();
        lists.download(entry, &mut der).await.unwrap();
        if entry.ca_kind == CaKind::UserAuthentication {
            let crl = Crl::verify(&der, world.config.anchors(entry.ca_kind)).unwrap();
            made = crl.this_update();
            for entry in crl.entries() {
                let entry = entry.ok().unwrap();
                let status = Status::Revoked {
                    reason: entry.reason,
                    at: entry.revoked_at,
                };
                revoked.push((entry.serial.to_vec(), status));
            }
        }
    }
    let held = async |card: &CardRecord| {
        let client = world.status(CertIdHash::Sha256);
        let (name, asker) = (name(card), Asker::Platform);
        let question = StatusQuestion::new(&name, &world.config, &asker, now());
        let answer = client.ask(&question).await.unwrap();
        let list = jpki::crosscheck::ListWord {
            status: revoked
                .iter()
                .find(|(serial, _)| serial == name.serial.expose_bytes())
                .map_or(Status::Good, |(_, status)| *status),
            this_update: made,
            usable: true,
        };
        let ocsp = jpki::crosscheck::OcspWord {
            status: answer.status,
            this_update: answer.evidence.this_update,
        };
        crosscheck(Some(list), Some(ocsp), 0)
    };
    assert!(held(&world.good).await.is_good());
    assert!(matches!(held(&world.revoked).await, Crosscheck::Revoked { .. }));
    world.server.switch(F::OcspContradiction, true, None);
    assert_eq!(held(&world.revoked).await.code(), "good_after_revocation");
    let other_way = Some(Parameter::Text("revoked".to_owned()));
    world.server.switch(F::OcspContradiction, true, other_way);
    assert_eq!(held(&world.good).await.code(), "missing_from_list");
    world.server.switch(F::OcspContradiction, false, None);
    // Revoked since the list was made: news, and no incident.
    let id = world.good.id.clone();
    let hold = RevocationReason::CertificateHold;
    world
        .simulation
        .lock()
        .unwrap()
        .revoke(&id, hold, made.plus_seconds(1))
        .unwrap();
    let news = held(&world.good).await;
    assert!(matches!(news, Crosscheck::Revoked { .. }) && !news.is_incident());
}

#[tokio::test]
async fn every_fault_of_links_has_its_name() {
    let world = World::new().await;
    let links = HttpLinkSource::new(&world.server.url(), None, limits()).unwrap();
    let of = name(&world.good);
    let usual = links.links(&of).await.unwrap();
    assert!(usual.only(LinkKind::Predecessor).unwrap().is_some());
    for fault in F::ALL
        .iter()
        .copied()
        .filter(|fault| fault.as_str().starts_with("links-"))
    {
        world.server.switch(fault, true, None);
        let told = links.links(&of).await;
        world.server.switch(fault, false, None);
        let expected = match fault {
            F::LinksUnavailable => Unavailable::Refused { status: 503 },
            F::LinksSilent | F::LinksSlow => Unavailable::TooSlow,
            F::LinksGarbage
            | F::LinksEmpty
            | F::LinksHuge
            | F::LinksMalformed
            | F::LinksToItself
            | F::LinksTooMany => Unavailable::Unintelligible,
            F::LinksContradictory => {
                let conflict = told.unwrap();
                assert!(conflict.only(LinkKind::Predecessor).is_err(), "a person decides");
                continue;
            }
            other => panic!("{} has no row", other.as_str()),
        };
        assert_eq!(told, Err(expected), "{}", fault.as_str());
    }
    assert_eq!(links.links(&of).await, Ok(usual));
    let mut stranger = of.clone();
    stranger.serial = pki::SerialNumber::from_bytes(&[0x7f; 4]).unwrap();
    assert_eq!(
        links.links(&stranger).await.map(|links| links.is_empty()),
        Ok(true)
    );
}

#[tokio::test]
async fn every_fault_of_items_has_its_name() {
    let world = World::new().await;
    let url = world.server.url();
    let counter: Arc<dyn QuestionCounter> = world.tally.clone();
    let items = HttpFourItemsSource::new(&url, None, limits(), counter).unwrap();
    let consent = {
        let simulation = world.simulation.lock().unwrap();
        let mut card = simulation.card(&world.signing.id).unwrap();
        let options = CmsOptions {
            detached: false,
            signing_time: now(),
            fault: None,
        };
        signed_data(
            &world.signing,
            &mut card,
            &world.signing.pin,
            b"I agree",
            &options,
        )
        .unwrap()
    };
    let ask =
        async |of: &CardRecord, consent: &[u8]| items.latest(&name(of), consent, &Asker::Platform).await;
    let Ok(FourItemsAnswer::Current { items: told, as_of }) = ask(&world.signing, &consent).await else {
        panic!("no items")
    };
    assert_eq!(as_of, now());
    assert!(!told.name.is_empty() && !told.address.is_empty());
    let refused = |why| Ok(FourItemsAnswer::Refused(why));
    assert_eq!(
        ask(&world.good, &consent).await,
        refused(FourItemsRefusal::UnknownCertificate)
    );
    let altered = consent
        .iter()
        .rev()
        .enumerate()
        .map(|(place, byte)| if place == 0 { byte ^ 1 } else { *byte })
        .collect::<Vec<_>>();
    let altered: Vec<u8> = altered.into_iter().rev().collect();
    assert_eq!(
        ask(&world.signing, &altered).await,
        refused(FourItemsRefusal::ConsentInvalid)
    );
    for fault in F::ALL
        .iter()
        .copied()
        .filter(|fault| fault.as_str().starts_with("items-"))
    {
        world.server.switch(fault, true, None);
        let answer = ask(&world.signing, &consent).await;
        world.server.switch(fault, false, None);
        let expected = match fault {
            F::ItemsUnavailable => Err(Unavailable::Refused { status: 503 }),
            F::ItemsSilent | F::ItemsSlow => Err(Unavailable::TooSlow),
            F::ItemsGarbage | F::ItemsHuge | F::ItemsMalformed => Err(Unavailable::Unintelligible),
            F::ItemsRefused => refused(FourItemsRefusal::Other),
            F::ItemsStale => {
                // Told as it is: how old items may be is the asker's to say.
                assert!(
                    matches!(answer, Ok(FourItemsAnswer::Current { as_of, .. }) if as_of < now()),
                    "the date is told"
                );
                continue;
            }
            // Nothing on this line can tell; who asks holds the items against what the person showed.
            F::ItemsOtherPerson => {
                assert!(matches!(answer, Ok(FourItemsAnswer::Current { .. })));
                continue;
            }
            other => panic!("{} has no row", other.as_str()),
        };
        assert_eq!(answer, expected, "{}", fault.as_str());
    }
}

#[tokio::test]
async fn lists_arrive_and_those_that_are_cut_or_altered_on_the_way_do_not() {
    let world = World::new().await;
    let limits = ListLimits {
        manifest: Limits {
            whole: WHOLE,
            answer_bytes: 1 << 20,
        },
        whole: WHOLE,
        stalled: WHOLE,
        ..ListLimits::default()
    };
    let lists = HttpListSource::new(&world.server.url(), None, limits).unwrap();
    let fetch = async || {
        let manifest = lists.manifest().await.map_err(DownloadReason::Unavailable)?;
        let mut all = Vec::new();
        for entry in &manifest {
            let mut der = Vec::new();
            lists.download(entry, &mut der).await?;
            all.push((entry.ca_kind, der));
        }
        Ok::<_, DownloadReason>(all)
    };
    let usual = fetch().await.unwrap();
    for kind in [CaKind::UserAuthentication, CaKind::DigitalSignature] {
        let of_kind: Vec<&[u8]> = usual
            .iter()
            .filter(|(of, _)| *of == kind)
            .map(|(_, der)| der.as_slice())
            .collect();
        assert!(!of_kind.is_empty());
        for der in of_kind {
            assert!(Crl::verify(der, world.config.anchors(kind)).is_ok());
        }
    }
    let text = |text: &str| Some(Parameter::Text(text.to_owned()));
    for (fault, parameter) in [
        (F::CrlUnavailable, None),
        (F::CrlSilent, None),
        (F::CrlEndless, None),
        (F::CrlTruncated, text("hang-up")),
        (F::CrlCorrupted, text("transport")),
    ] {
        world.server.switch(fault, true, parameter);
        let why = fetch().await.expect_err(fault.as_str());
        let fits = match fault {
            F::CrlUnavailable => why == DownloadReason::Unavailable(Unavailable::Refused { status: 503 }),
            F::CrlSilent => why == DownloadReason::Unavailable(Unavailable::TooSlow),
            F::CrlEndless => matches!(
                why,
                DownloadReason::Length { .. } | DownloadReason::TooLarge { .. }
            ),
            F::CrlTruncated => matches!(
                why,
                DownloadReason::Length { .. } | DownloadReason::Unavailable(Unavailable::Unreachable)
            ),
            _ => why == DownloadReason::Digest,
        };
        assert!(fits, "{}: {why}", fault.as_str());
        world.server.switch(fault, false, None);
    }
    // What is wrong from the beginning arrives as it is: whether it is believed is not the line's to say.
    for fault in [F::CrlWrongSigner, F::CrlLengthLie, F::CrlReplayed] {
        world.server.switch(fault, true, None);
        assert!(fetch().await.is_ok(), "{}", fault.as_str());
        world.server.switch(fault, false, None);
    }
}
