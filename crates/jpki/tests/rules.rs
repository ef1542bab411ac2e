//! Every rule of the table: what it accepts, what it refuses, and which reason wins.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's own helpers"
)]

mod support;

use std::fmt::Write as _;

use domain::Timestamp;
use jpki::authority::recognise;
use jpki::{
    CaKind, Evaluation, Mode, PinnedCa, ProfileDefect, Reason, Remembered, Verdict, check, evaluate, recheck,
};
use pki::Oid;
use sim::CardRequest;
use sim::authority::{CaKind as Simulated, Hierarchy};
use sim::crl::RevocationReason;
use sim::fault::Fault;
use sim::keys::KeyAlgorithm;
use support::{World, now, pinned, world};

/// The rule that failed, and that all before it passed and all after it did not run.
fn failed_rule(evaluation: &Evaluation) -> &'static str {
    let names: Vec<_> = evaluation.trace.iter().map(|step| step.rule).collect();
    assert_eq!(names, check::rule_names().collect::<Vec<_>>());
    let place = evaluation
        .trace
        .iter()
        .position(|step| step.verdict == Verdict::Failed)
        .unwrap();
    assert!(
        evaluation.trace[..place]
            .iter()
            .all(|step| step.verdict == Verdict::Passed)
    );
    assert!(
        evaluation.trace[place + 1..]
            .iter()
            .all(|step| step.verdict == Verdict::NotRun)
    );
    evaluation.trace[place].rule
}

fn judge(world: &mut World, request: &CardRequest) -> Evaluation {
    let card = world.card(request);
    let index = world.index(card.hierarchy, now());
    evaluate(
        &card.certificate.0,
        &world.config,
        Some(&index),
        now().plus_seconds(1),
    )
}

#[test]
fn good_cards_of_every_generation_and_key_pass() {
    let mut world = world(Mode::Test, Hierarchy::Test);
    for generation in [2, 3] {
        for algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::P384] {
            let request = CardRequest {
                generation,
                algorithm,
                ..CardRequest::default()
            };
            let card = world.card(&request);
            let index = world.index(Hierarchy::Test, now());
            let evaluation = evaluate(&card.certificate.0, &world.config, Some(&index), now());
            assert!(
                evaluation
                    .trace
                    .iter()
                    .all(|step| step.verdict == Verdict::Passed)
            );
            let holder = evaluation.verdict.unwrap();
            assert_eq!(holder.ca_kind(), CaKind::UserAuthentication);
            assert_eq!(
                holder.issuer_key_hash(),
                card.issuer_key_hash,
                "the generation that signed"
            );
            assert_eq!(holder.serial().expose_bytes(), &card.serial.to_be_bytes()[4..]);
            assert_eq!(holder.not_after(), card.not_after);
            assert_eq!(holder.checked_generation(), index.generation());
            let chain = evaluation
                .trace
                .iter()
                .find(|step| step.rule == "a_pinned_ca_signed_it")
                .unwrap();
            assert!(
                chain
                    .detail
                    .as_ref()
                    .unwrap()
                    .starts_with(&format!("generation {generation}, key "))
            );
        }
    }
}

#[test]
fn every_fault_meets_its_rule() {
    let malformed = Reason::MalformedProfile;
    let oid = |text: &str| Oid::new(text).unwrap();
    let unreadable = |reason| Reason::MalformedProfile(ProfileDefect::Unreadable(reason));
    for fault in Fault::ALL {
        let (rule, reason) = match fault {
            Fault::Expired => ("validity_has_not_ended", Reason::Expired),
            Fault::NotYetValid => ("validity_has_begun", Reason::NotYetValid),
            Fault::WrongPolicy | Fault::NoPolicy => ("policy_is_known", Reason::UnknownPolicy),
            Fault::SigningPolicy | Fault::SigningCertificate => {
                ("certificate_is_not_for_signing", Reason::SigningCertificate)
            }
            Fault::NoKeyUsage | Fault::WrongKeyUsage => (
                "key_usage_has_digital_signature",
                malformed(ProfileDefect::NotForSignatures),
            ),
            Fault::NoExtendedKeyUsage | Fault::WrongExtendedKeyUsage => (
                "purpose_has_client_auth",
                malformed(ProfileDefect::NotForClientAuthentication),
            ),
            Fault::MangledExtension => (
                "certificate_is_readable",
                unreadable(pki::Reason::MalformedExtension {
                    oid: oid("2.5.29.15"),
                }),
            ),
            Fault::DuplicateExtension => (
                "certificate_is_readable",
                unreadable(pki::Reason::DuplicateExtension {
                    oid: oid("2.5.29.14"),
                }),
            ),
            Fault::UnknownCriticalExtension => (
                "critical_extensions_are_known",
                malformed(ProfileDefect::UnknownCriticalExtension(oid(
                    "1.3.6.1.4.1.99999.1",
                ))),
            ),
            Fault::AuthorityCertificate | Fault::AuthorityKeyUsage => {
                ("it_is_no_authority", malformed(ProfileDefect::Authority))
            }
            Fault::WeakKey => ("key_is_strong", Reason::WeakKey { bits: 1024 }),
            Fault::ForeignAuthority | Fault::ProductionNamed | Fault::ForgedSignature => {
                ("a_pinned_ca_signed_it", Reason::UnknownCa)
            }
        };
        let mut world = world(Mode::Test, Hierarchy::Test);
        let card = world.card(&CardRequest::with_fault(fault));
        let index = world.index(Hierarchy::Test, now());
        let evaluation = evaluate(&card.certificate.0, &world.config, Some(&index), now());
        assert_eq!(failed_rule(&evaluation), rule, "{fault:?}");
        assert_eq!(evaluation.verdict.unwrap_err(), reason, "{fault:?}");
    }
}

#[test]
fn production_refuses_the_test_hierarchy_pinned_or_not() {
    let mut production = world(Mode::Production, Hierarchy::ProductionNamed);
    let named = CardRequest {
        hierarchy: Hierarchy::ProductionNamed,
        ..CardRequest::default()
    };
    assert!(
        judge(&mut production, &named).verdict.is_ok(),
        "the look-alike set passes in production mode"
    );

    let card = production.card(&CardRequest::default());
    let index = production.index(Hierarchy::ProductionNamed, now());
    let evaluation = evaluate(&card.certificate.0, &production.config, Some(&index), now());
    assert_eq!(failed_rule(&evaluation), "issuer_is_no_test_ca_in_production");
    assert_eq!(evaluation.verdict.unwrap_err(), Reason::TestCaInProduction);

    let both = pinned(&production.simulation, Hierarchy::Test);
    production.config.authorities.extend(both);
    let evaluation = evaluate(&card.certificate.0, &production.config, Some(&index), now());
    assert_eq!(
        evaluation.verdict.unwrap_err(),
        Reason::TestCaInProduction,
        "even when pinned"
    );
}

#[test]
fn production_knows_no_test_policy() {
    let mut world = world(Mode::Test, Hierarchy::Test);
    world.config.authentication_policies = vec![jpki::policy::AUTHENTICATION];
    let evaluation = judge(&mut world, &CardRequest::default());
    assert_eq!(evaluation.verdict.unwrap_err(), Reason::UnknownPolicy);
}

#[test]
fn a_signing_certificate_is_recognised_even_where_its_authority_is_not_pinned() {
    let mut world = world(Mode::Test, Hierarchy::Test);
    world
        .config
        .authorities
        .retain(|ca| ca.kind() == CaKind::UserAuthentication);
    world.config.signing_policies.clear();
    let evaluation = judge(&mut world, &CardRequest::with_fault(Fault::SigningCertificate));
    assert_eq!(evaluation.verdict.unwrap_err(), Reason::SigningCertificate);
}

#[test]
fn an_unpinned_generation_is_unknown() {
    let mut world = world(Mode::Test, Hierarchy::Test);
    let card = world.card(&CardRequest {
        generation: 2,
        ..CardRequest::default()
    });
    let index = world.index(Hierarchy::Test, now());
    world.config.authorities.retain(|ca| ca.label() != "generation 2");
    let evaluation = evaluate(&card.certificate.0, &world.config, Some(&index), now());
    assert_eq!(
        evaluation.verdict.unwrap_err(),
        Reason::UnknownCa,
        "the same name is not enough"
    );
}

#[test]
fn validity_holds_to_the_second_on_both_ends() {
    let mut world = world(Mode::Test, Hierarchy::Test);
    let card = world.card(&CardRequest::default());
    for (at, reason) in [
        (card.not_before.plus_millis(-1), Some(Reason::NotYetValid)),
        (card.not_before, None),
        (card.not_after.plus_millis(999), None),
        (card.not_after.plus_seconds(1), Some(Reason::Expired)),
    ] {
        let index = world.index(Hierarchy::Test, at);
        let evaluation = evaluate(&card.certificate.0, &world.config, Some(&index), at);
        assert_eq!(evaluation.verdict.err(), reason, "{at}");
    }
}

#[test]
fn purpose_is_configuration_but_a_wrong_one_is_refused_anyway() {
    let mut world = world(Mode::Test, Hierarchy::Test);
    world.config.require_client_auth = false;
    assert!(
        judge(&mut world, &CardRequest::with_fault(Fault::NoExtendedKeyUsage))
            .verdict
            .is_ok()
    );
    let wrong = judge(&mut world, &CardRequest::with_fault(Fault::WrongExtendedKeyUsage));
    assert_eq!(failed_rule(&wrong), "purpose_has_client_auth");
}

#[test]
fn every_revocation_reason_is_final_and_told() {
    let mut world = world(Mode::Test, Hierarchy::Test);
    let good = world.card(&CardRequest {
        algorithm: KeyAlgorithm::P384,
        ..CardRequest::default()
    });
    for given in RevocationReason::ALL {
        let card = world.card(&CardRequest {
            algorithm: KeyAlgorithm::P384,
            ..CardRequest::default()
        });
        world.simulation.revoke(&card.id, given, now()).unwrap();
        let index = world.index(Hierarchy::Test, now());
        let evaluation = evaluate(&card.certificate.0, &world.config, Some(&index), now());
        assert_eq!(failed_rule(&evaluation), "it_is_not_revoked");
        let reason = pki::RevocationReason::from_code(given.code()).unwrap();
        assert_eq!(
            evaluation.verdict.unwrap_err(),
            Reason::Revoked { reason, at: now() }
        );
        assert!(
            evaluate(&good.certificate.0, &world.config, Some(&index), now())
                .verdict
                .is_ok()
        );
    }
}

#[test]
fn missing_and_stale_lists_refuse_and_a_revocation_outlives_its_list() {
    let mut world = world(Mode::Test, Hierarchy::Test);
    let request = CardRequest {
        algorithm: KeyAlgorithm::P384,
        ..CardRequest::default()
    };
    let good = world.card(&request);
    let revoked = world.card(&request);
    world
        .simulation
        .revoke(&revoked.id, RevocationReason::Superseded, now())
        .unwrap();
    let index = world.index(Hierarchy::Test, now());

    let missing = evaluate(&good.certificate.0, &world.config, None, now());
    assert_eq!(failed_rule(&missing), "a_revocation_list_covers_it");
    assert_eq!(missing.verdict.unwrap_err(), Reason::CrlMissing);

    let ends = now().plus_seconds(86_400);
    let tolerated = evaluate(
        &good.certificate.0,
        &world.config,
        Some(&index),
        ends.plus_seconds(3600),
    );
    let last = tolerated.trace.last().unwrap();
    assert_eq!(
        last.detail.as_deref(),
        Some("stale by 3600 s, within the tolerance")
    );
    assert!(tolerated.verdict.is_ok());

    let later = ends.plus_seconds(3601);
    let stale = evaluate(&good.certificate.0, &world.config, Some(&index), later);
    assert_eq!(failed_rule(&stale), "the_revocation_list_is_fresh");
    assert_eq!(stale.verdict.unwrap_err(), Reason::CrlStale);
    let told = evaluate(&revoked.certificate.0, &world.config, Some(&index), later)
        .verdict
        .unwrap_err();
    assert!(matches!(
        told,
        Reason::Revoked {
            reason: pki::RevocationReason::Superseded,
            ..
        }
    ));
}

#[test]
fn a_session_is_asked_about_again() {
    let mut world = world(Mode::Test, Hierarchy::Test);
    let card = world.card(&CardRequest {
        algorithm: KeyAlgorithm::P384,
        ..CardRequest::default()
    });
    let before = world.index(Hierarchy::Test, now());
    let holder = evaluate(&card.certificate.0, &world.config, Some(&before), now())
        .verdict
        .unwrap();
    let certificate = Remembered {
        serial: holder.serial(),
        issuer_key_hash: holder.issuer_key_hash(),
        not_after: holder.not_after(),
        distribution_points: Some(holder.distribution_points()),
    };
    let freshness = world.config.freshness;
    let ask = |index, at| recheck(&certificate, &world.config, index, &freshness, at);
    assert_eq!(ask(Some(&before), now()), Ok(before.generation()));
    assert_eq!(ask(None, now()), Err(Reason::CrlMissing));
    assert_eq!(
        ask(Some(&before), now().plus_seconds(200_000)),
        Err(Reason::CrlStale)
    );
    assert_eq!(
        ask(Some(&before), card.not_after.plus_seconds(1)),
        Err(Reason::Expired)
    );
    // A service that accepts less than the platform, and an authority that is pinned no more.
    let day = 86_400;
    let late = now().plus_seconds(day + 60);
    assert_eq!(ask(Some(&before), late), Ok(before.generation()));
    let strict = freshness.for_service(Some(59));
    let asked = recheck(&certificate, &world.config, Some(&before), &strict, late);
    assert_eq!(asked, Err(Reason::CrlStale));
    let mut without = world.config.clone();
    without
        .authorities
        .retain(|ca| ca.anchor().key_hash() != holder.issuer_key_hash());
    let asked = recheck(&certificate, &without, Some(&before), &freshness, now());
    assert_eq!(asked, Err(Reason::UnknownCa));
    world
        .simulation
        .revoke(&card.id, RevocationReason::KeyCompromise, now())
        .unwrap();
    let after = world.index(Hierarchy::Test, now());
    let told = recheck(&certificate, &world.config, Some(&after), &freshness, now());
    assert!(matches!(
        told,
        Err(Reason::Revoked {
            reason: pki::RevocationReason::KeyCompromise,
            ..
        })
    ));
}

#[test]
fn an_authority_certificate_does_not_sign_in() {
    let world = &mut world(Mode::Test, Hierarchy::Test);
    let index = world.index(Hierarchy::Test, now());
    let ca = world
        .simulation
        .authority(Hierarchy::Test, sim::authority::CaKind::UserAuthentication, 3)
        .unwrap();
    let evaluation = evaluate(&ca.certificate, &world.config, Some(&index), now());
    assert_eq!(failed_rule(&evaluation), "it_is_no_authority");
}

#[test]
fn nothing_that_names_the_holder_is_printed() {
    for fault in std::iter::once(None).chain(Fault::ALL.map(Some)) {
        let mut world = world(Mode::Test, Hierarchy::Test);
        let card = world.card(&CardRequest {
            fault,
            ..CardRequest::default()
        });
        let before = world.index(Hierarchy::Test, now().plus_seconds(-1));
        let good = evaluate(&card.certificate.0, &world.config, Some(&before), now());
        assert_eq!(good.verdict.is_ok(), fault.is_none());
        world
            .simulation
            .revoke(&card.id, RevocationReason::Superseded, now())
            .unwrap();
        for index in [
            None,
            Some(before),
            Some(world.index(Hierarchy::Test, now().plus_seconds(-1))),
        ] {
            let evaluation = evaluate(&card.certificate.0, &world.config, index.as_ref(), now());
            let mut said = format!("{evaluation:?}");
            if let Ok(certificate) = pki::Certificate::parse(&card.certificate.0) {
                write!(said, "{certificate:?} {:?}", certificate.extensions()).unwrap();
            }
            let hex = format!("{:x}", card.serial);
            let bytes = format!("{:?}", &card.serial.to_be_bytes()[4..]);
            for secret in [
                &card.common_name,
                &card.serial.to_string(),
                &hex,
                &bytes,
                &card.not_after.to_string(),
            ] {
                // The dates of list and certificate must not be told apart by accident in this test.
                assert!(
                    !said.to_lowercase().contains(&secret.to_lowercase()),
                    "{fault:?}: {secret} in {said}"
                );
            }
        }
    }
}

#[test]
fn an_authority_is_not_pinned_for_the_other_purpose() {
    let world = world(Mode::Test, Hierarchy::Test);
    let signing = world
        .simulation
        .authority(Hierarchy::Test, sim::authority::CaKind::DigitalSignature, 3)
        .unwrap();
    let refused = PinnedCa::from_der(CaKind::UserAuthentication, "by mistake", &signing.certificate);
    assert_eq!(
        refused.unwrap_err(),
        jpki::ConfigReason::OtherPurpose {
            label: "by mistake".into(),
            named: CaKind::DigitalSignature
        }
    );
    let hints = world.config.hint_names();
    assert_eq!(hints.len(), 1, "three generations, one name");
    assert_eq!(hints[0].attributes().unwrap().len(), 4);
}

#[test]
fn names_are_recognised_as_sequences() {
    let name = |hierarchy, kind| pki::Name::from_der(&sim::authority::ca_name(hierarchy, kind)).unwrap();
    let auth = name(Hierarchy::Test, Simulated::UserAuthentication);
    assert_eq!(
        recognise(&auth),
        Some((CaKind::UserAuthentication, jpki::Hierarchy::Test))
    );
    let sign = name(Hierarchy::ProductionNamed, Simulated::DigitalSignature);
    assert_eq!(
        recognise(&sign),
        Some((CaKind::DigitalSignature, jpki::Hierarchy::Production))
    );
    assert_eq!(
        recognise(&name(Hierarchy::Foreign, Simulated::UserAuthentication)),
        None
    );
    // The two OU RDNs the other way round are another name.
    let der = auth.as_der();
    let mut rdns = Vec::new();
    let mut rest = &der[3..];
    while !rest.is_empty() {
        let (rdn, more) = rest.split_at(2 + usize::from(rest[1]));
        rdns.push(rdn);
        rest = more;
    }
    assert_eq!(rdns.len(), 4);
    let swapped = [&der[..3], rdns[0], rdns[1], rdns[3], rdns[2]].concat();
    let swapped = pki::Name::from_der(&swapped).unwrap();
    assert_ne!(swapped, auth);
    assert_eq!(recognise(&swapped), None);
}

#[test]
fn times_are_read_from_the_certificate() {
    let mut world = world(Mode::Test, Hierarchy::Test);
    let end = Timestamp::parse_rfc3339("2051-01-01T00:00:00Z").unwrap();
    let card = world.card(&CardRequest {
        not_after: Some(end),
        ..CardRequest::default()
    });
    assert_eq!(
        pki::Certificate::parse(&card.certificate.0).unwrap().not_after(),
        end
    );
}
