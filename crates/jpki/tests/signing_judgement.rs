//! The 署名用 certificate: profile, time, status, and the 基本4情報 inside.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's own helpers"
)]

mod support;

use domain::Timestamp;
use jpki::signing::{
    Examined, Moment, Opinion, SigningProfile, SigningReason, SigningStatus, StatusGap, examine,
    judgement_rule_names, profile_rule_names,
};
use jpki::{ItemsDefect, Mode, Verdict};
use pki::RevocationReason;
use sim::CardRequest;
use sim::authority::{CaKind, Hierarchy};
use sim::fault::Fault;
use sim::items::FourItems;
use sim::keys::KeyAlgorithm;
use sim::person::{Medium, PersonRequest};
use support::{World, now, world};

fn certificate(world: &mut World, request: &CardRequest, items: Option<FourItems>) -> Vec<u8> {
    let person = world
        .simulation
        .new_person(
            &PersonRequest {
                items,
                municipality: None,
            },
            now(),
        )
        .unwrap();
    world
        .simulation
        .issue_to(
            &person.id,
            Medium::Card,
            &[CaKind::DigitalSignature],
            request,
            now(),
        )
        .unwrap()
        .signing
        .unwrap()
        .certificate
        .0
}

fn look(world: &World, der: &[u8]) -> Result<Examined, SigningReason> {
    let profile = SigningProfile::new(world.config.mode);
    let examination = examine(der, &world.config, &profile);
    let names: Vec<_> = examination.trace.iter().map(|step| step.rule).collect();
    assert_eq!(names, profile_rule_names().collect::<Vec<_>>());
    let failed = examination
        .trace
        .iter()
        .filter(|step| step.verdict == Verdict::Failed)
        .count();
    assert_eq!(failed, usize::from(examination.verdict.is_err()));
    examination.verdict
}

#[test]
fn every_generation_and_key_passes_and_items_are_read() {
    let mut world = world(Mode::Test, Hierarchy::Test);
    for generation in [2, 3] {
        for algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::P384] {
            let request = CardRequest {
                generation,
                algorithm,
                ..CardRequest::default()
            };
            let items = FourItems {
                name_substitution: "00010".into(),
                birth_date: "400000000".into(),
                ..FourItems::plain("公的　花子", "東京都清瀬市中里五丁目８４２番地", "419900217", "2")
            };
            let der = certificate(&mut world, &request, Some(items.clone()));
            let examined = look(&world, &der).unwrap();
            assert_eq!(examined.issuer_label(), format!("generation {generation}"));
            let read = examined.four_items().unwrap();
            assert_eq!(read.name.as_str(), items.name);
            assert_eq!(read.name.flags(), items.name_substitution);
            assert_eq!(read.address.as_str(), items.address);
            assert_eq!(read.birth_date.as_str(), "400000000");
            assert!(!read.birth_date.is_whole());
            assert_eq!(read.sex.digit(), "2");
            assert!(!format!("{examined:?}{read:?}").contains('花'));
        }
    }
}

#[test]
fn every_fault_of_the_profile_is_refused() {
    let mut world = world(Mode::Test, Hierarchy::Test);
    for fault in Fault::ALL {
        let request = CardRequest::with_fault(fault);
        let der = certificate(&mut world, &request, None);
        let seen = look(&world, &der).map(|_| ());
        let fits = match fault {
            // Dates are judged apart; a 署名用 certificate has no extended key usage, and its own policy is the right one.
            Fault::Expired | Fault::NotYetValid => seen.is_ok(),
            Fault::WrongPolicy | Fault::NoPolicy => seen == Err(SigningReason::UnknownPolicy),
            Fault::NoKeyUsage | Fault::WrongKeyUsage => seen == Err(SigningReason::NotForSigning),
            Fault::AuthorityKeyUsage | Fault::AuthorityCertificate => seen == Err(SigningReason::Authority),
            Fault::MangledExtension | Fault::DuplicateExtension => {
                matches!(seen, Err(SigningReason::Unreadable(_)))
            }
            Fault::UnknownCriticalExtension => {
                matches!(seen, Err(SigningReason::UnknownCriticalExtension(_)))
            }
            Fault::WeakKey => matches!(seen, Err(SigningReason::WeakKey { .. })),
            Fault::ForeignAuthority | Fault::ProductionNamed | Fault::ForgedSignature => {
                seen == Err(SigningReason::UnknownCa)
            }
            _ => true,
        };
        assert!(fits, "{fault:?}: {seen:?}");
    }
    let other = world.card(&CardRequest::default());
    assert_eq!(
        look(&world, &other.certificate.0).map(|_| ()),
        Err(SigningReason::AuthenticationCertificate)
    );
    let production = World {
        config: jpki::JpkiConfig::new(Mode::Production, world.config.authorities.clone()),
        ..world
    };
    let mut production = production;
    let der = certificate(&mut production, &CardRequest::default(), None);
    assert_eq!(
        look(&production, &der).map(|_| ()),
        Err(SigningReason::TestCaInProduction)
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table, read from top to bottom")]
fn time_and_status_decide() {
    use Opinion::{Indeterminate, Invalid, Valid};
    let mut world = world(Mode::Test, Hierarchy::Test);
    let der = certificate(&mut world, &CardRequest::default(), None);
    let examined = look(&world, &der).unwrap();
    let begin = examined.certificate().not_before();
    let end = examined.certificate().not_after();
    let day = 86_400;
    let revoked = |reason, at| SigningStatus::Revoked { reason, at };
    let at = begin.plus_seconds(10 * day);
    let change = revoked(RevocationReason::AffiliationChanged, at);
    let hold = revoked(RevocationReason::CertificateHold, at);
    let stolen = revoked(RevocationReason::KeyCompromise, at);
    let good = SigningStatus::Good;
    let unknown = SigningStatus::Unknown(StatusGap::Stale);
    let after = |days: i64| begin.plus_seconds(days * day);
    for (name, presented, claimed, proven, status, opinion, code) in [
        ("good", after(1), Some(after(1)), None, good, Valid, None),
        ("no claim", after(1), None, None, good, Valid, None),
        ("first second", begin, None, None, good, Valid, None),
        ("last second", end, None, None, good, Valid, None),
        (
            "too early",
            begin.plus_seconds(-1),
            None,
            None,
            good,
            Invalid,
            Some("certificate_not_yet_valid"),
        ),
        (
            "future",
            after(1),
            Some(after(2)),
            None,
            good,
            Invalid,
            Some("signed_in_future"),
        ),
        (
            "before issue",
            after(1),
            Some(after(-1)),
            None,
            good,
            Invalid,
            Some("signed_before_validity"),
        ),
        (
            "ended, no claim",
            end.plus_seconds(1),
            None,
            None,
            good,
            Invalid,
            Some("certificate_expired"),
        ),
        (
            "ended, claims earlier",
            end.plus_seconds(1),
            Some(after(1)),
            None,
            good,
            Indeterminate,
            Some("certificate_expired"),
        ),
        (
            "ended, seen before",
            end.plus_seconds(1),
            Some(after(1)),
            Some(after(1)),
            good,
            Valid,
            None,
        ),
        (
            "revoked",
            after(11),
            Some(after(11)),
            None,
            change,
            Invalid,
            Some("certificate_revoked"),
        ),
        (
            "revoked at that moment",
            after(11),
            Some(at),
            None,
            change,
            Invalid,
            Some("certificate_revoked"),
        ),
        (
            "revoked since, it says",
            after(11),
            Some(after(9)),
            None,
            change,
            Indeterminate,
            Some("certificate_revoked"),
        ),
        (
            "revoked since, seen before",
            after(11),
            Some(after(9)),
            Some(after(9)),
            change,
            Valid,
            None,
        ),
        // A date of revocation that is still to come, or a clock of ours that is behind, excuses nothing: only proof does.
        (
            "revoked as of tomorrow",
            after(9),
            None,
            None,
            change,
            Invalid,
            Some("certificate_revoked"),
        ),
        (
            "revoked as of tomorrow, claims yesterday",
            after(9),
            Some(after(8)),
            None,
            change,
            Indeterminate,
            Some("certificate_revoked"),
        ),
        (
            "revoked as of tomorrow, seen yesterday",
            after(9),
            Some(after(8)),
            Some(after(8)),
            change,
            Valid,
            None,
        ),
        (
            "hold is final",
            after(11),
            None,
            None,
            hold,
            Invalid,
            Some("certificate_revoked"),
        ),
        (
            "a known key is worth nothing",
            after(11),
            Some(after(9)),
            Some(after(9)),
            stolen,
            Invalid,
            Some("certificate_revoked"),
        ),
        (
            "unknown",
            after(1),
            None,
            None,
            unknown,
            Indeterminate,
            Some("status_unknown"),
        ),
        (
            "revoked and ended",
            end.plus_seconds(1),
            None,
            None,
            change,
            Invalid,
            Some("certificate_revoked"),
        ),
    ] {
        let moment = Moment {
            proven,
            ..Moment::now(presented).claiming(claimed)
        };
        let judged = examined.judge(&moment, &status);
        assert_eq!(judged.opinion, opinion, "{name}");
        assert_eq!(judged.reason.as_ref().map(SigningReason::code), code, "{name}");
        let names: Vec<_> = judged.trace.iter().map(|step| step.rule).collect();
        assert_eq!(names, judgement_rule_names().collect::<Vec<_>>());
    }
    let _: Timestamp = at;
}

#[test]
fn an_authentication_certificate_has_no_items() {
    let mut world = world(Mode::Test, Hierarchy::Test);
    let other = world.card(&CardRequest::default());
    let read = pki::Certificate::parse(&other.certificate.0).unwrap();
    assert_eq!(jpki::FourItems::of(&read), Err(ItemsDefect::Unreadable));
}
