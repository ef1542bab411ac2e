//! What happens to persons, seen in links and in lists as OpenSSL reads them.

use std::collections::BTreeMap;
use std::path::Path;

use sim::authority::CaKind;
use sim::crl::RevocationReason;
use sim::keys::KeyCache;
use sim::person::{Issued, Medium, Person, PersonRequest};
use sim::profile::Municipality;
use sim::record::CardRecord;
use sim::simulation::{LinkKind, Partitioning, PublishRequest};
use sim::{CardRequest, SimError, Simulation};

use super::{now, openssl, world, write};

fn request() -> CardRequest {
    CardRequest::next_generation()
}

fn person(world: &mut Simulation) -> Person {
    world.new_person(&PersonRequest::default(), now()).unwrap()
}

fn issue(world: &mut Simulation, person: &Person, medium: Medium) -> Issued {
    world
        .issue_to(&person.id, medium, &CaKind::ALL, &request(), now())
        .unwrap()
}

fn links(world: &Simulation, of: &CardRecord) -> Vec<(LinkKind, String)> {
    world
        .links_of(&of.name())
        .unwrap()
        .into_iter()
        .map(|link| (link.kind, world.find(&link.name).unwrap().id.clone()))
        .collect()
}

fn reason(world: &Simulation, of: &CardRecord) -> Option<RevocationReason> {
    world.revocation(of).map(|entry| entry.reason)
}

#[test]
fn four_certificates_of_one_person_are_linked() {
    let mut world = world();
    let somebody = person(&mut world);
    let refused = world.issue_to(&somebody.id, Medium::Phone, &CaKind::ALL, &request(), now());
    assert!(
        matches!(refused, Err(SimError::Request(_))),
        "a phone needs the card"
    );
    let card = issue(&mut world, &somebody, Medium::Card);
    let phone = issue(&mut world, &somebody, Medium::Phone);
    let (card_auth, card_sign) = (card.authentication.unwrap(), card.signing.unwrap());
    let (phone_auth, phone_sign) = (phone.authentication.unwrap(), phone.signing.unwrap());
    assert_eq!(
        [&card_auth, &card_sign, &phone_auth, &phone_sign].map(|record| record.id.as_str()),
        ["card-1", "sign-2", "phone-3", "phone-sign-4"]
    );
    assert_ne!(card_auth.serial, phone_auth.serial, "issue numbers of their own");
    assert_eq!(
        links(&world, &card_auth),
        [
            (LinkKind::Signing, "sign-2".into()),
            (LinkKind::Phone, "phone-3".into())
        ]
    );
    assert_eq!(
        links(&world, &card_sign),
        [
            (LinkKind::Authentication, "card-1".into()),
            (LinkKind::Phone, "phone-sign-4".into())
        ]
    );
    assert_eq!(
        links(&world, &phone_sign),
        [
            (LinkKind::Authentication, "phone-3".into()),
            (LinkKind::Card, "sign-2".into())
        ]
    );
    let twice = world.issue_to(&somebody.id, Medium::Card, &CaKind::ALL, &request(), now());
    assert!(matches!(twice, Err(SimError::Request(_))), "no second valid one");
    let other = person(&mut world);
    let stranger = issue(&mut world, &other, Medium::Card).authentication.unwrap();
    assert!(links(&world, &stranger).iter().all(|(_, id)| id != "sign-2"));
}

#[test]
fn renewal_supersedes_both_and_links_old_and_new() {
    let mut world = world();
    let somebody = person(&mut world);
    let old = issue(&mut world, &somebody, Medium::Card);
    let new = world
        .renew(&somebody.id, Medium::Card, &request(), now())
        .unwrap();
    for (old, new) in old.all().zip(new.all()) {
        assert_eq!(reason(&world, old), Some(RevocationReason::Superseded));
        assert_eq!(reason(&world, new), None);
        assert!(links(&world, new).contains(&(LinkKind::Predecessor, old.id.clone())));
        assert!(links(&world, old).contains(&(LinkKind::Successor, new.id.clone())));
        assert_eq!(world.predecessor(&new.name()), Some(&old.name()));
    }
}

#[test]
fn moving_revokes_signing_certificates_only() {
    let mut world = world();
    let somebody = person(&mut world);
    let card = issue(&mut world, &somebody, Medium::Card);
    let phone = issue(&mut world, &somebody, Medium::Phone);
    let moved = world
        .move_house(
            &somebody.id,
            "愛媛県松山市二番町四丁目７番地２",
            Some(Municipality::sample(1)),
            Some(&request()),
            now(),
        )
        .unwrap();
    let changed = Some(RevocationReason::AffiliationChanged);
    assert_eq!(reason(&world, card.signing.as_ref().unwrap()), changed);
    assert_eq!(reason(&world, phone.signing.as_ref().unwrap()), changed);
    assert_eq!(reason(&world, card.authentication.as_ref().unwrap()), None);
    assert_eq!(reason(&world, phone.authentication.as_ref().unwrap()), None);
    assert!(moved.authentication.is_none());
    let signing = moved.signing.unwrap();
    assert_eq!(signing.municipality, Municipality::sample(1));
    assert_eq!(
        world.person(&somebody.id).unwrap().items.address,
        "愛媛県松山市二番町四丁目７番地２"
    );
    assert!(links(&world, &signing).contains(&(LinkKind::Predecessor, card.signing.unwrap().id)));
}

#[test]
fn loss_holds_for_good_and_a_new_card_follows_or_not() {
    for linked in [true, false] {
        let mut world = world();
        let somebody = person(&mut world);
        let old = issue(&mut world, &somebody, Medium::Card);
        world.lose(&somebody.id, Medium::Card, now()).unwrap();
        let held = Some(RevocationReason::CertificateHold);
        let new = world
            .reissue(&somebody.id, Medium::Card, linked, &request(), now())
            .unwrap();
        for (old, new) in old.all().zip(new.all()) {
            assert_eq!(reason(&world, old), held, "never released, never renamed");
            assert_eq!(world.predecessor(&new.name()).is_some(), linked);
        }
        assert_eq!(new.all().count(), 2);
    }
}

#[test]
fn death_revokes_everything_and_ends_issuing() {
    let mut world = world();
    let somebody = person(&mut world);
    let card = issue(&mut world, &somebody, Medium::Card);
    let phone = issue(&mut world, &somebody, Medium::Phone);
    world.die(&somebody.id, now()).unwrap();
    for record in card.all().chain(phone.all()) {
        assert_eq!(reason(&world, record), Some(RevocationReason::AffiliationChanged));
    }
    assert!(
        world
            .issue_to(&somebody.id, Medium::Card, &CaKind::ALL, &request(), now())
            .is_err()
    );
    assert!(
        world
            .renew(&somebody.id, Medium::Card, &request(), now())
            .is_err()
    );
}

/// Every list of a day: by the distribution point that it names, the serial numbers that OpenSSL finds.
fn lists(folder: &Path, world: &mut Simulation, partitioning: Partitioning) -> BTreeMap<String, Vec<String>> {
    let asked = PublishRequest {
        this_update: now(),
        next_update: now().plus_seconds(86_400),
        partitioning,
    };
    let mut found = BTreeMap::new();
    for list in world.publish_lists(&asked).unwrap() {
        let authority = world
            .authority(sim::authority::Hierarchy::Test, list.ca_kind, 3)
            .unwrap();
        write(folder, "ca.pem", sim::pem("CERTIFICATE", &authority.certificate));
        write(folder, &list.name, &list.bytes);
        let text = openssl(
            folder,
            &[
                "crl", "-inform", "DER", "-in", &list.name, "-CAfile", "ca.pem", "-verify", "-noout", "-text",
            ],
        );
        assert!(text.contains("verify OK"), "{text}");
        let point = match text.split_once("Issuing Distribution Point: critical") {
            Some((_, rest)) => rest
                .lines()
                .nth(2)
                .unwrap()
                .rsplit("CN = ")
                .next()
                .unwrap()
                .to_owned(),
            None => String::new(),
        };
        let serials = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Serial Number: "))
            .map(str::to_owned)
            .collect();
        assert_eq!(
            list.name.starts_with("auth-"),
            list.ca_kind == CaKind::UserAuthentication
        );
        found.insert(format!("{} {point}", list.name.get(..4).unwrap()), serials);
    }
    found
}

#[test]
fn lists_are_whole_or_one_per_municipality_as_the_certificates_say() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world();
    let mut held = Vec::new();
    for number in 0..4 {
        let somebody = person(&mut world);
        assert_eq!(somebody.municipality, Municipality::sample(number));
        held.push(issue(&mut world, &somebody, Medium::Card));
        if number < 2 {
            world.lose(&somebody.id, Medium::Card, now()).unwrap();
        }
    }
    let parts = lists(folder.path(), &mut world, Partitioning::Municipality);
    assert_eq!(parts.len(), 8, "four municipalities, two authorities: {parts:?}");
    for (number, issued) in held.iter().enumerate() {
        for (prefix, record) in ["auth", "sign"].iter().zip(issued.all()) {
            let point = format!("{prefix} {} CRLDP", record.municipality.name);
            let expected: Vec<String> = (number < 2)
                .then(|| format!("{:08X}", record.serial))
                .into_iter()
                .collect();
            assert_eq!(parts[&point], expected, "{point}");
            write(folder.path(), "ee.der", &record.certificate.0);
            let text = openssl(
                folder.path(),
                &["x509", "-inform", "DER", "-in", "ee.der", "-noout", "-text"],
            );
            assert!(text.contains(&format!("CN = {} CRLDP", record.municipality.name)));
        }
    }
    let whole = lists(folder.path(), &mut world, Partitioning::Whole);
    assert_eq!(whole.len(), 2);
    assert_eq!(whole["auth "].len(), 2);
}

#[test]
fn two_processes_on_one_folder_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Simulation::create(folder.path(), "two", KeyCache::shared()).unwrap();
    let mut second = Simulation::open(folder.path(), KeyCache::shared()).unwrap();
    let one = first.make_card(&request(), now()).unwrap();
    let two = second.make_card(&request(), now()).unwrap();
    assert_ne!(
        (&one.id, one.serial),
        (&two.id, two.serial),
        "nothing is given out twice"
    );
    first.refresh().unwrap();
    assert_eq!(first.cards(), second.cards());
    assert_eq!(first.persons(), second.persons());
    first
        .revoke(&two.id, RevocationReason::KeyCompromise, now())
        .unwrap();
    second.refresh().unwrap();
    assert_eq!(reason(&second, &two), Some(RevocationReason::KeyCompromise));
}

#[test]
fn many_at_once_on_one_folder_give_nothing_out_twice() {
    let folder = tempfile::tempdir().unwrap();
    Simulation::create(folder.path(), "many", KeyCache::shared()).unwrap();
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let place = folder.path().to_owned();
            std::thread::spawn(move || {
                let mut world = Simulation::open(&place, KeyCache::shared()).unwrap();
                for _ in 0..10 {
                    world.make_card(&request(), now()).unwrap();
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    let world = Simulation::open(folder.path(), KeyCache::shared()).unwrap();
    let mut serials: Vec<u64> = world.cards().iter().map(|card| card.serial).collect();
    serials.sort_unstable();
    serials.dedup();
    assert_eq!(
        (serials.len(), world.cards().len(), world.persons().len()),
        (40, 40, 40)
    );
}
