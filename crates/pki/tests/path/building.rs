//! Building: good paths among bad ones, circles, look-alikes, and work that is bounded whatever comes in.

use pki::{Bound, Budget, PathInputs, PathReason, Reason};
use sim::gpki::{Bridge, Draft, Party, Subtrees};
use sim::keys::KeyAlgorithm;

use crate::support::{inputs, now, seek};

fn party(unit: &str, label: &str) -> Party {
    Party::new("Example", unit, label, KeyAlgorithm::P256).unwrap()
}

/// Two authorities per level of one name and key, each certified by both above: 2^levels paths, all refused at the end by
/// a name constraint at the top.
fn bomb(levels: usize, keys_differ: bool) -> (Vec<u8>, Vec<Vec<u8>>, Vec<u8>) {
    let root = party("root", "root");
    let constrained = Subtrees {
        hosts: vec!["good.example".to_owned()],
        ..Subtrees::default()
    };
    let mut above = vec![root.clone(), root.clone()];
    let mut between = Vec::new();
    for level in 0..levels {
        let here: Vec<Party> = (0..2)
            .map(|side| {
                let label = if keys_differ { side } else { 0 };
                party(&format!("level {level}"), &format!("level {level} {label}"))
            })
            .collect();
        for (side, issuer) in above.iter().enumerate() {
            for (other, subject) in here.iter().enumerate() {
                let serial = u64::try_from(level * 4 + side * 2 + other + 10).unwrap();
                let mut draft = Draft::authority(serial, now());
                if level == 0 {
                    draft = draft.permitted(&constrained);
                }
                between.push(draft.sign(issuer, subject).unwrap());
            }
        }
        above = here;
    }
    let target = Draft::holder(1, now())
        .hosts(&["bad.example"])
        .sign(&above[0], &party("target", "target"))
        .unwrap();
    (target, between, root.self_signed(now()).unwrap())
}

#[test]
fn a_bomb_ends_in_a_typed_refusal_within_its_budget() {
    for keys_differ in [false, true] {
        let (target, between, root) = bomb(10, keys_differ);
        let (reason, explanation) = seek(&target, &between, &[&root], &inputs()).unwrap_err();
        assert!(matches!(reason, PathReason::BudgetSpent(_)), "{reason}");
        let budget = Budget::default();
        assert!(explanation.work.candidates <= budget.candidates);
        assert!(explanation.work.signatures <= budget.signatures);
        assert!(explanation.work.paths <= budget.paths);
        assert!(explanation.attempts.len() <= 64);
    }
}

#[test]
fn a_small_one_is_answered_in_full() {
    let (target, between, root) = bomb(3, false);
    let (reason, explanation) = seek(&target, &between, &[&root], &inputs()).unwrap_err();
    assert_eq!(reason, PathReason::NameNotPermitted { form: 2 });
    // One signature per certificate and key, though many paths share them.
    assert!(
        explanation.work.signatures <= between.len() + 1,
        "{:?}",
        explanation.work
    );
}

#[test]
fn every_bound_is_met_as_itself() {
    let (target, between, root) = bomb(6, true);
    let default = Budget::default();
    for (budget, bound) in [
        (
            Budget {
                candidates: 5,
                ..default
            },
            Bound::Candidates,
        ),
        (
            Budget {
                signatures: 3,
                ..default
            },
            Bound::Signatures,
        ),
        (Budget { paths: 2, ..default }, Bound::Paths),
        (
            Budget {
                name_comparisons: 1,
                ..default
            },
            Bound::NameComparisons,
        ),
    ] {
        let bounded = PathInputs { budget, ..inputs() };
        let (reason, _) = seek(&target, &between, &[&root], &bounded).unwrap_err();
        assert_eq!(reason, PathReason::BudgetSpent(bound));
    }
    let short = PathInputs {
        budget: Budget { depth: 3, ..default },
        ..inputs()
    };
    let (reason, _) = seek(&target, &between, &[&root], &short).unwrap_err();
    assert_eq!(reason, PathReason::PathTooLong);
}

#[test]
fn a_thousand_authorities_that_lead_nowhere_cost_few_signatures() {
    // A chain of names that no trusted authority begins, and circles in it.
    let parties: Vec<Party> = (0..40)
        .map(|place| party(&format!("nowhere {place}"), &format!("nowhere {place}")))
        .collect();
    let mut between = Vec::new();
    for (place, subject) in parties.iter().enumerate() {
        for step in 1..=3 {
            let issuer = &parties[(place + step) % parties.len()];
            let serial = u64::try_from(place * 3 + step).unwrap();
            between.push(Draft::authority(serial, now()).sign(issuer, subject).unwrap());
        }
    }
    let target = Draft::holder(1, now())
        .sign(&parties[0], &party("target", "target"))
        .unwrap();
    let root = party("root", "root").self_signed(now()).unwrap();
    let (reason, explanation) = seek(&target, &between, &[&root], &inputs()).unwrap_err();
    assert_ne!(reason, PathReason::NoAcceptablePolicy);
    assert!(explanation.work.signatures <= 20, "{:?}", explanation.work);
}

#[test]
fn a_look_alike_hierarchy_is_refused_by_its_signatures() {
    let real = Bridge::generate(now()).unwrap();
    // Every name copied, every key another: it begins under a root that nobody trusts.
    let fake_jpki = real.jpki_1.rekeyed("fake jpki", KeyAlgorithm::Rsa2048).unwrap();
    let fake_bridge = real.bridge_1.rekeyed("fake bridge", KeyAlgorithm::P256).unwrap();
    let fake_registry = real
        .registry
        .rekeyed("fake registry", KeyAlgorithm::P256)
        .unwrap();
    let fakes = [
        fake_jpki.self_signed(now()).unwrap(),
        Draft::authority(1, now()).sign(&fake_jpki, &fake_bridge).unwrap(),
        Draft::authority(2, now())
            .sign(&fake_bridge, &fake_registry)
            .unwrap(),
    ];
    let target = Draft::holder(3, now())
        .sign(&fake_registry, &party("target", "target"))
        .unwrap();
    let mut between = real.between();
    between.extend(fakes);
    let (reason, explanation) = seek(
        &target,
        &between,
        &[&real.jpki_1_root, &real.jpki_2_root],
        &inputs(),
    )
    .unwrap_err();
    assert_eq!(
        reason,
        PathReason::Signature(Reason::BadSignature),
        "{explanation}"
    );

    // The same with key identifiers that lie, and with none at all.
    let bare = Draft::holder(4, now())
        .without_key_identifiers()
        .sign(&fake_registry, &party("target", "target"))
        .unwrap();
    let (reason, _) = seek(&bare, &between, &[&real.jpki_1_root], &inputs()).unwrap_err();
    assert!(matches!(reason, PathReason::Signature(_)), "{reason}");
}

#[test]
fn generations_of_one_name_are_told_apart_without_key_identifiers() {
    let first = party("root", "root 1");
    let generations = [
        first.clone(),
        first.rekeyed("root 2", KeyAlgorithm::P384).unwrap(),
        first.rekeyed("root 3", KeyAlgorithm::Rsa2048).unwrap(),
    ];
    let roots: Vec<Vec<u8>> = generations
        .iter()
        .map(|one| one.self_signed(now()).unwrap())
        .collect();
    let roots: Vec<&[u8]> = roots.iter().map(Vec::as_slice).collect();
    for issuer in &generations {
        let target = Draft::holder(5, now())
            .without_key_identifiers()
            .sign(issuer, &party("target", "target"))
            .unwrap();
        assert_eq!(seek(&target, &[], &roots, &inputs()).unwrap().authorities, 0);
    }
}

#[test]
fn an_issuer_that_may_not_is_passed_by() {
    let root = party("root", "root");
    let middle = party("middle", "middle");
    let good = Draft::authority(2, now()).sign(&root, &middle).unwrap();
    let target = Draft::holder(3, now())
        .sign(&middle, &party("target", "target"))
        .unwrap();
    let trusted = root.self_signed(now()).unwrap();
    for (bad, reason) in [
        (Draft::holder(4, now()), PathReason::NotAnAuthority),
        (
            Draft::authority(5, now()).signs_lists_only(),
            PathReason::MayNotSignCertificates,
        ),
        (Draft::authority(6, now()).valid_for_days(0), PathReason::Expired),
    ] {
        let bad = bad.sign(&root, &middle).unwrap();
        let alone = seek(&target, std::slice::from_ref(&bad), &[&trusted], &inputs());
        assert_eq!(alone.unwrap_err().0, reason);
        let both = seek(&target, &[bad, good.clone()], &[&trusted], &inputs()).unwrap();
        assert_eq!(both.authorities, 1);
    }
}

#[test]
fn names_differ_in_case_and_space_only_and_still_chain() {
    let root = Party::new("Example", "Root  Authority", "root", KeyAlgorithm::P256).unwrap();
    let shouted = Party {
        name: sim::gpki::directory("EXAMPLE", &[" ROOT authority "]),
        key: root.key.clone(),
    };
    let target = Draft::holder(3, now())
        .sign(&shouted, &party("target", "target"))
        .unwrap();
    let trusted = root.self_signed(now()).unwrap();
    assert_eq!(seek(&target, &[], &[&trusted], &inputs()).unwrap().authorities, 0);
    let other = Party {
        name: sim::gpki::directory("EXAMPLE", &["ROOTauthority"]),
        key: root.key,
    };
    let target = Draft::holder(3, now())
        .sign(&other, &party("target", "target"))
        .unwrap();
    let (reason, _) = seek(&target, &[], &[&trusted], &inputs()).unwrap_err();
    assert_eq!(reason, PathReason::NoPath);
}
