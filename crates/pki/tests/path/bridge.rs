//! JPKI, the bridge, an accredited verifier and the commercial registry: what is accepted and what is refused, step by step.

use pki::{PathInputs, PathReason, RevocationReason, Rule, StatusGap};
use sim::gpki::{
    self, BRIDGE_TO_REGISTRY_SERIAL, Bridge, Draft, JPKI_POLICY, ListEntry, REGISTRY_POLICY, VERIFIER_POLICY,
};

use crate::support::{inputs, now, seek, seek_with_lists};

/// What a validator on JPKI's side asks: JPKI's policy, explicitly.
fn jpki_inputs() -> PathInputs {
    PathInputs {
        policies: vec![JPKI_POLICY],
        require_explicit_policy: true,
        ..inputs()
    }
}

fn bridge() -> Bridge {
    Bridge::generate(now()).unwrap()
}

#[test]
fn a_corporation_over_two_re_keys_and_past_a_bad_parallel_cross_certificate() {
    let bridge = bridge();
    // Only JPKI's first key is trusted; it reaches the second, that the bridge's second, that the bridge's first.
    let found = seek(
        &bridge.corporation,
        &bridge.between(),
        &[&bridge.jpki_1_root],
        &jpki_inputs(),
    )
    .unwrap();
    assert_eq!(found.authorities, 4);
    assert_eq!(found.policies, [JPKI_POLICY]);
    // The cross-certificate without mapping is valid for longer and so was tried first; it leaves no policy.
    let refused = found
        .explanation
        .attempts
        .iter()
        .filter(|attempt| attempt.complete)
        .find_map(|attempt| attempt.refusal());
    assert_eq!(refused, Some(&PathReason::NoAcceptablePolicy));
    insta::assert_snapshot!("corporation", found.explanation);
}

#[test]
fn a_verifier_within_its_names_and_under_the_right_policy() {
    let bridge = bridge();
    let found = seek(
        &bridge.responder,
        &bridge.between(),
        &[&bridge.jpki_2_root],
        &jpki_inputs(),
    )
    .unwrap();
    assert_eq!(
        (found.authorities, found.policies.as_slice()),
        (2, &[JPKI_POLICY][..])
    );
    insta::assert_snapshot!("verifier", found.explanation);
}

#[test]
fn a_verifier_outside_its_names() {
    let bridge = bridge();
    let (reason, explanation) = seek(
        &bridge.stray,
        &bridge.between(),
        &[&bridge.jpki_2_root],
        &jpki_inputs(),
    )
    .unwrap_err();
    assert_eq!(reason, PathReason::NameNotPermitted { form: 4 });
    insta::assert_snapshot!("stray", explanation);
}

#[test]
fn a_lower_policy_of_the_bridge_is_not_jpkis() {
    let bridge = bridge();
    let between: Vec<_> = bridge
        .between()
        .into_iter()
        .filter(|der| *der != bridge.bridge_to_verifier)
        .collect();
    let (reason, explanation) = seek(
        &bridge.responder,
        &between,
        &[&bridge.jpki_2_root],
        &jpki_inputs(),
    )
    .unwrap_err();
    assert_eq!(reason, PathReason::NoAcceptablePolicy);
    insta::assert_snapshot!("lower_policy", explanation);
}

#[test]
fn the_registrys_policy_is_not_jpkis_where_no_mapping_is_allowed() {
    let bridge = bridge();
    let without_mapping = PathInputs {
        inhibit_policy_mapping: true,
        ..jpki_inputs()
    };
    let refusal = seek(
        &bridge.corporation,
        &bridge.between(),
        &[&bridge.jpki_1_root],
        &without_mapping,
    );
    assert_eq!(refusal.unwrap_err().0, PathReason::NoAcceptablePolicy);
    // In the trusted authority's terms a mapped policy has the trusted authority's name, never the registry's.
    let by_the_registrys_name = PathInputs {
        policies: vec![REGISTRY_POLICY, VERIFIER_POLICY],
        ..jpki_inputs()
    };
    let refusal = seek(
        &bridge.corporation,
        &bridge.between(),
        &[&bridge.jpki_1_root],
        &by_the_registrys_name,
    );
    assert_eq!(refusal.unwrap_err().0, PathReason::NoAcceptablePolicy);
}

#[test]
fn the_bridges_demand_for_explicit_policies_holds_though_nobody_asked() {
    let bridge = bridge();
    let corporation =
        gpki::Party::new("No Policies", "", "corporation", sim::keys::KeyAlgorithm::P256).unwrap();
    let without_policy = Draft::holder(9, now())
        .sign(&bridge.registry, &corporation)
        .unwrap();
    let refusal = seek(
        &without_policy,
        &bridge.between(),
        &[&bridge.jpki_1_root],
        &inputs(),
    );
    assert_eq!(refusal.unwrap_err().0, PathReason::NoAcceptablePolicy);
}

#[test]
fn status_of_every_authority_in_between() {
    let bridge = bridge();
    let between = bridge.between();
    let good = bridge.lists(now(), &[]).unwrap();
    let found = seek_with_lists(&bridge.corporation, &between, &[&bridge.jpki_1_root], &good).unwrap();
    let asked = found.explanation.attempts.last().unwrap().steps.iter();
    assert_eq!(asked.filter(|step| step.rule == Rule::Status).count(), 5);

    let revoked = [ListEntry {
        serial: BRIDGE_TO_REGISTRY_SERIAL,
        at: now().plus_seconds(-5),
        reason: Some(sim::crl::RevocationReason::CessationOfOperation),
        issuer: None,
    }];
    let lists = bridge.lists(now(), &revoked).unwrap();
    // Without demand for policies the parallel cross-certificate would do, so it is taken away.
    let only: Vec<_> = between
        .iter()
        .filter(|der| **der != bridge.bridge_to_registry_unmapped)
        .cloned()
        .collect();
    let (reason, explanation) =
        seek_with_lists(&bridge.corporation, &only, &[&bridge.jpki_1_root], &lists).unwrap_err();
    let expected = PathReason::Revoked {
        reason: RevocationReason::CessationOfOperation,
        at: now().plus_seconds(-5),
    };
    assert_eq!(reason, expected);
    insta::assert_snapshot!("revoked_cross_certificate", explanation);

    let (reason, _) =
        seek_with_lists(&bridge.corporation, &only, &[&bridge.jpki_1_root], &good[1..]).unwrap_err();
    assert_eq!(reason, PathReason::StatusUnknown(StatusGap::NoList));
}
