//! The status of certificates in paths: partitions, scopes, indirect lists, issuers of lists, deltas.

use pki::{PathReason, RevocationReason, StatusGap};
use sim::crl::RevocationReason as Why;
use sim::gpki::{Draft, ListDraft, ListEntry, Party};
use sim::keys::KeyAlgorithm;

use crate::support::{now, seek_with_lists};

const SERIAL: u64 = 77;
const POINT: &str = "ldap://crl.example/partition-1";

struct World {
    root: Party,
    holder: Party,
    trusted: Vec<u8>,
}

fn world() -> World {
    let root = Party::new("Example", "status root", "status root", KeyAlgorithm::P256).unwrap();
    World {
        holder: Party::new("Example", "holder", "holder", KeyAlgorithm::P256).unwrap(),
        trusted: root.self_signed(now()).unwrap(),
        root,
    }
}

impl World {
    fn plain(&self) -> Vec<u8> {
        Draft::holder(SERIAL, now())
            .sign(&self.root, &self.holder)
            .unwrap()
    }

    fn status(&self, target: &[u8], between: &[Vec<u8>], lists: &[Vec<u8>]) -> Result<usize, PathReason> {
        seek_with_lists(target, between, &[&self.trusted], lists)
            .map(|found| found.authorities)
            .map_err(|(reason, _)| reason)
    }
}

fn entry(reason: Option<Why>) -> ListEntry {
    ListEntry {
        serial: SERIAL,
        at: now().plus_seconds(-5),
        reason,
        issuer: None,
    }
}

fn revoked(reason: RevocationReason) -> PathReason {
    PathReason::Revoked {
        reason,
        at: now().plus_seconds(-5),
    }
}

fn unknown<T>(gap: StatusGap) -> Result<T, PathReason> {
    Err(PathReason::StatusUnknown(gap))
}

#[test]
fn a_list_of_everything() {
    let world = world();
    let list = |entries: &[ListEntry]| ListDraft::new(1, now()).sign(&world.root, entries).unwrap();
    assert_eq!(world.status(&world.plain(), &[], &[list(&[])]), Ok(0));
    assert_eq!(
        world.status(&world.plain(), &[], &[list(&[entry(Some(Why::KeyCompromise))])]),
        Err(revoked(RevocationReason::KeyCompromise))
    );
    // A suspension counts as what it is: not good.
    assert_eq!(
        world.status(&world.plain(), &[], &[list(&[entry(Some(Why::CertificateHold))])]),
        Err(revoked(RevocationReason::CertificateHold))
    );
    assert_eq!(world.status(&world.plain(), &[], &[]), unknown(StatusGap::NoList));
}

#[test]
fn a_list_of_yesterday_of_tomorrow_or_of_somebody_else() {
    let world = world();
    let day = 86_400;
    for (from, until) in [(-3 * day, -day), (day, 2 * day), (-day, 0)] {
        let list = ListDraft::new(1, now())
            .dated(now().plus_seconds(from), now().plus_seconds(until))
            .sign(&world.root, &[])
            .unwrap();
        assert_eq!(
            world.status(&world.plain(), &[], &[list]),
            unknown(StatusGap::NoUsableList),
            "{from} {until}"
        );
    }
    let look_alike = world.root.rekeyed("look-alike", KeyAlgorithm::P256).unwrap();
    let list = ListDraft::new(1, now()).sign(&look_alike, &[]).unwrap();
    assert_eq!(
        world.status(&world.plain(), &[], &[list]),
        unknown(StatusGap::NoUsableList)
    );
}

#[test]
fn partitions_answer_for_their_own_only() {
    let world = world();
    let target = Draft::holder(SERIAL, now())
        .distribution_point(POINT, None)
        .sign(&world.root, &world.holder)
        .unwrap();
    let own = |entries: &[ListEntry]| {
        ListDraft::new(1, now())
            .point(POINT)
            .sign(&world.root, entries)
            .unwrap()
    };
    let others = ListDraft::new(2, now())
        .point("ldap://crl.example/partition-2")
        .sign(&world.root, &[]);
    assert_eq!(
        world.status(&target, &[], &[others.unwrap()]),
        unknown(StatusGap::NoList)
    );
    assert_eq!(world.status(&target, &[], &[own(&[])]), Ok(0));
    assert_eq!(
        world.status(&target, &[], &[own(&[entry(Some(Why::Superseded))])]),
        Err(revoked(RevocationReason::Superseded))
    );
    // A certificate without a point is not covered by a partition.
    assert_eq!(
        world.status(&world.plain(), &[], &[own(&[])]),
        unknown(StatusGap::NoList)
    );
}

#[test]
fn lists_of_authorities_do_not_speak_of_holders() {
    let world = world();
    let authorities = ListDraft::new(1, now())
        .authorities_only()
        .sign(&world.root, &[])
        .unwrap();
    let users = ListDraft::new(2, now())
        .users_only()
        .sign(&world.root, &[])
        .unwrap();
    assert_eq!(
        world.status(&world.plain(), &[], std::slice::from_ref(&authorities)),
        unknown(StatusGap::NoList)
    );
    assert_eq!(
        world.status(&world.plain(), &[], std::slice::from_ref(&users)),
        Ok(0)
    );
    let middle = Party::new("Example", "middle", "middle", KeyAlgorithm::P256).unwrap();
    let between = Draft::authority(5, now()).sign(&world.root, &middle).unwrap();
    let target = Draft::holder(6, now()).sign(&middle, &world.holder).unwrap();
    let of_middle = ListDraft::new(3, now()).sign(&middle, &[]).unwrap();
    let between = [between];
    assert_eq!(
        world.status(&target, &between, &[users, of_middle.clone()]),
        unknown(StatusGap::NoList)
    );
    assert_eq!(world.status(&target, &between, &[authorities, of_middle]), Ok(1));
}

#[test]
fn some_reasons_are_not_all_reasons() {
    let world = world();
    // keyCompromise and cACompromise; and the rest.
    let first = ListDraft::new(1, now())
        .reasons([0x60, 0])
        .sign(&world.root, &[])
        .unwrap();
    let rest = ListDraft::new(2, now()).reasons([0x1f, 0x80]);
    let good = rest.sign(&world.root, &[]).unwrap();
    let bad = rest
        .sign(&world.root, &[entry(Some(Why::CessationOfOperation))])
        .unwrap();
    assert_eq!(
        world.status(&world.plain(), &[], std::slice::from_ref(&first)),
        unknown(StatusGap::SomeReasonsOnly)
    );
    assert_eq!(world.status(&world.plain(), &[], &[first.clone(), good]), Ok(0));
    assert_eq!(
        world.status(&world.plain(), &[], &[first, bad]),
        Err(revoked(RevocationReason::CessationOfOperation))
    );
}

#[test]
fn indirect_lists_name_the_issuer_of_each_entry() {
    let world = world();
    let lister = Party::new("Example", "lister", "lister", KeyAlgorithm::P384).unwrap();
    let target = Draft::holder(SERIAL, now())
        .distribution_point(POINT, Some(&lister.name))
        .sign(&world.root, &world.holder)
        .unwrap();
    let certificate = Draft::authority(9, now())
        .signs_lists_only()
        .sign(&world.root, &lister)
        .unwrap();
    let of_root = ListDraft::new(1, now()).sign(&world.root, &[]).unwrap();
    let indirect = |entries: &[ListEntry]| {
        ListDraft::new(2, now())
            .point(POINT)
            .indirect()
            .sign(&lister, entries)
            .unwrap()
    };
    let with_issuer = |name: &[u8]| ListEntry {
        issuer: Some(name.to_vec()),
        ..entry(Some(Why::Superseded))
    };
    let ask = |list: Vec<u8>, between: &[Vec<u8>]| world.status(&target, between, &[list, of_root.clone()]);
    let between = [certificate];
    assert_eq!(ask(indirect(&[]), &between), Ok(0));
    assert_eq!(
        ask(indirect(&[with_issuer(&world.root.name)]), &between),
        Err(revoked(RevocationReason::Superseded))
    );
    // The same number of another issuer, and the issuer of an entry holds for those after it.
    assert_eq!(ask(indirect(&[with_issuer(&lister.name)]), &between), Ok(0));
    let after = [with_issuer(&world.root.name), entry(None)].map(|mut entry| {
        if entry.issuer.is_some() {
            entry.serial = 1;
        }
        entry.reason = Some(Why::KeyCompromise);
        entry
    });
    assert_eq!(
        ask(indirect(&after), &between),
        Err(revoked(RevocationReason::KeyCompromise))
    );
    // Whoever signs lists needs a path: without its certificate only the root's own list is left, which the
    // certificate's point does not rule out.
    let alone = world.status(&target, &[], &[indirect(&[with_issuer(&world.root.name)])]);
    assert_eq!(alone, unknown(StatusGap::NoUsableList));
    // A signer that is revoked itself signs nothing.
    let revoked_signer = ListDraft::new(3, now())
        .sign(
            &world.root,
            &[ListEntry {
                serial: 9,
                ..entry(Some(Why::KeyCompromise))
            }],
        )
        .unwrap();
    let target_only_there = world.status(&target, &between, &[indirect(&[]), revoked_signer]);
    assert_eq!(
        target_only_there,
        Ok(0),
        "the root's list covers the certificate too"
    );
}

#[test]
fn a_signer_that_is_revoked_signs_nothing() {
    let world = world();
    let lister = world.root.rekeyed("list key", KeyAlgorithm::P384).unwrap();
    // A key of the root's own name that may sign lists only; its status is on a partition that the root signs.
    let certificate = Draft::authority(9, now())
        .signs_lists_only()
        .distribution_point(POINT, None)
        .sign(&world.root, &lister)
        .unwrap();
    let list = ListDraft::new(1, now()).users_only().sign(&lister, &[]).unwrap();
    let of_signers = |entries: &[ListEntry]| {
        ListDraft::new(2, now())
            .point(POINT)
            .sign(&world.root, entries)
            .unwrap()
    };
    let between = [certificate];
    assert_eq!(
        world.status(&world.plain(), &between, &[list.clone(), of_signers(&[])]),
        Ok(0)
    );
    let gone = ListEntry {
        serial: 9,
        ..entry(Some(Why::KeyCompromise))
    };
    assert_eq!(
        world.status(&world.plain(), &between, &[list.clone(), of_signers(&[gone])]),
        unknown(StatusGap::NoUsableList)
    );
    assert_eq!(
        world.status(&world.plain(), &between, &[list]),
        unknown(StatusGap::NoUsableList)
    );
}

#[test]
fn nobody_vouches_for_himself() {
    let world = world();
    let lister = world.root.rekeyed("list key", KeyAlgorithm::P384).unwrap();
    let certificate = Draft::authority(9, now())
        .signs_lists_only()
        .sign(&world.root, &lister)
        .unwrap();
    // The list key is stolen and revoked by the root; the thief signs a newer list that says nothing of it.
    let gone = ListEntry {
        serial: 9,
        ..entry(Some(Why::KeyCompromise))
    };
    let by_root = ListDraft::new(1, now())
        .dated(now().plus_seconds(-3600), now().plus_seconds(3600))
        .sign(&world.root, &[gone, entry(Some(Why::Superseded))])
        .unwrap();
    let by_thief = ListDraft::new(2, now()).sign(&lister, &[]).unwrap();
    let between = [certificate];
    for lists in [[by_root.clone(), by_thief.clone()], [by_thief.clone(), by_root]] {
        assert_eq!(
            world.status(&world.plain(), &between, &lists),
            Err(revoked(RevocationReason::Superseded))
        );
    }
    assert_eq!(
        world.status(&world.plain(), &between, &[by_thief]),
        unknown(StatusGap::NoUsableList)
    );
}

#[test]
fn the_newer_of_two_lists_counts() {
    let world = world();
    let old = ListDraft::new(1, now())
        .dated(now().plus_seconds(-3600), now().plus_seconds(3600))
        .sign(&world.root, &[])
        .unwrap();
    let new = ListDraft::new(2, now())
        .sign(&world.root, &[entry(Some(Why::Superseded))])
        .unwrap();
    for lists in [[old.clone(), new.clone()], [new, old]] {
        assert_eq!(
            world.status(&world.plain(), &[], &lists),
            Err(revoked(RevocationReason::Superseded))
        );
    }
}

#[test]
fn deltas_add_and_take_away() {
    let world = world();
    let base = |entries: &[ListEntry]| ListDraft::new(5, now()).sign(&world.root, entries).unwrap();
    let delta = |number: u64, from: u64, entries: &[ListEntry]| {
        ListDraft::new(number, now())
            .delta_to(from)
            .sign(&world.root, entries)
            .unwrap()
    };
    let ask = |lists: &[Vec<u8>]| world.status(&world.plain(), &[], lists);
    let added = delta(6, 5, &[entry(Some(Why::Superseded))]);
    assert_eq!(
        ask(&[base(&[]), added.clone()]),
        Err(revoked(RevocationReason::Superseded))
    );
    let held = base(&[entry(Some(Why::CertificateHold))]);
    let removed = delta(7, 5, &[entry(None)]);
    assert_eq!(ask(&[held.clone(), removed]), Ok(0));
    // A delta alone says nothing, and one for a later base does not fit.
    assert_eq!(ask(&[added]), unknown(StatusGap::NoList));
    let later = delta(9, 8, &[entry(None)]);
    assert_eq!(
        ask(&[held, later]),
        Err(revoked(RevocationReason::CertificateHold))
    );
}
