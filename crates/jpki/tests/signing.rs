//! The 署名用 certificate: what passes, what is refused, by which rule.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's own helpers"
)]

mod support;

use domain::{RevocationGeneration, Timestamp};
use jpki::signing::{
    SigningEvaluation, SigningProfile, SigningReason, StatusGap, evaluate_signing, signing_rule_names,
};
use jpki::{CaKind, JpkiConfig, Mode, Verdict};
use revocation::{NationalIndex, Terms};
use sim::authority::{CaKind as Simulated, Hierarchy};
use sim::crl::RevocationReason;
use sim::fault::Fault;
use sim::items::FourItems;
use sim::person::{Medium, PersonRequest};
use sim::record::CardRecord;
use sim::{CardRequest, Simulation};
use support::{now, world};

struct Signing {
    simulation: Simulation,
    config: JpkiConfig,
    profile: SigningProfile,
}

impl Signing {
    fn new(mode: Mode, hierarchy: Hierarchy) -> Self {
        let world = world(mode, hierarchy);
        Self {
            simulation: world.simulation,
            config: world.config,
            profile: SigningProfile::new(mode),
        }
    }

    fn issue(&mut self, items: Option<FourItems>, request: &CardRequest) -> (CardRecord, CardRecord) {
        let person = PersonRequest {
            items,
            ..PersonRequest::default()
        };
        let person = self.simulation.new_person(&person, now()).unwrap();
        let issued = self
            .simulation
            .issue_to(&person.id, Medium::Card, &Simulated::ALL, request, now())
            .unwrap();
        (issued.authentication.unwrap(), issued.signing.unwrap())
    }

    fn index(&mut self, hierarchy: Hierarchy) -> NationalIndex {
        let list = self
            .simulation
            .publish_crl(
                hierarchy,
                Simulated::DigitalSignature,
                now(),
                now().plus_seconds(86_400),
            )
            .unwrap();
        let first = RevocationGeneration::default();
        let anchors = self.config.anchors(CaKind::DigitalSignature).cloned().collect();
        NationalIndex::in_memory(&[&list], anchors, &Terms::default(), first, now()).unwrap()
    }

    fn judge(&mut self, card: &CardRecord, at: Timestamp) -> SigningEvaluation {
        let index = self.index(card.hierarchy);
        evaluate_signing(&card.certificate.0, &self.config, &self.profile, Some(&index), at)
    }
}

/// The rule that failed: all before it passed, and none after it ran.
fn failed_rule(evaluation: &SigningEvaluation) -> &'static str {
    let names: Vec<_> = evaluation.trace.iter().map(|step| step.rule).collect();
    assert_eq!(names, signing_rule_names().collect::<Vec<_>>());
    let is = |verdict| move |step: &jpki::Step| step.verdict == verdict;
    let place = evaluation.trace.iter().position(is(Verdict::Failed)).unwrap();
    assert!(evaluation.trace[..place].iter().all(is(Verdict::Passed)));
    assert!(evaluation.trace[place + 1..].iter().all(is(Verdict::NotRun)));
    evaluation.trace[place].rule
}

#[test]
fn a_good_one_gives_the_items_and_prints_none_of_them() {
    let mut signing = Signing::new(Mode::Test, Hierarchy::Test);
    let items = FourItems {
        name_substitution: "10000".into(),
        birth_date: "400000000".into(),
        ..FourItems::plain("渡邉　花子", "東京都清瀬市中里五丁目８４２番地", "419900217", "2")
    };
    let (_, card) = signing.issue(Some(items.clone()), &CardRequest::default());
    let evaluation = signing.judge(&card, now());
    let signatory = evaluation.verdict.clone().unwrap();
    let read = signatory.items().texts();
    assert_eq!(
        (
            read.name,
            read.name_substitution,
            read.address,
            read.birth_date,
            read.sex
        ),
        (
            items.name.as_str(),
            "10000",
            items.address.as_str(),
            "400000000",
            "2"
        )
    );
    let printed = format!("{evaluation:?}{signatory:?}");
    for secret in ["渡邉", "清瀬", "400000000"] {
        assert!(!printed.contains(secret), "{printed}");
    }
    assert!(!printed.contains(&card.serial.to_string()), "{printed}");
}

#[test]
fn every_refusal_has_its_rule() {
    let mut signing = Signing::new(Mode::Test, Hierarchy::Test);
    let (authentication, good) = signing.issue(None, &CardRequest::default());
    let seen = signing.judge(&authentication, now());
    assert_eq!(failed_rule(&seen), "certificate_is_for_signing_documents");
    assert_eq!(
        seen.verdict.unwrap_err(),
        SigningReason::AuthenticationCertificate
    );

    let late = Timestamp::parse_rfc3339("2036-11-21T09:00:00+09:00").unwrap();
    let seen = signing.judge(&good, late);
    assert_eq!(failed_rule(&seen), "signed_before_validity_ended");
    let seen = signing.judge(&good, now().plus_seconds(-86_400 * 365));
    assert_eq!(failed_rule(&seen), "signed_after_validity_began");

    let none = evaluate_signing(
        &good.certificate.0,
        &signing.config,
        &signing.profile,
        None,
        now(),
    );
    assert_eq!(failed_rule(&none), "status_is_known");
    assert_eq!(
        none.verdict.unwrap_err(),
        SigningReason::StatusUnknown(StatusGap::NoList)
    );

    let index = signing.index(Hierarchy::Test);
    let stale = evaluate_signing(
        &good.certificate.0,
        &signing.config,
        &signing.profile,
        Some(&index),
        now().plus_seconds(3 * 86_400),
    );
    assert_eq!(failed_rule(&stale), "status_is_known");
    assert_eq!(
        stale.verdict.unwrap_err(),
        SigningReason::StatusUnknown(StatusGap::Stale)
    );

    signing
        .simulation
        .revoke(&good.id, RevocationReason::AffiliationChanged, now())
        .unwrap();
    let seen = signing.judge(&good, now());
    assert_eq!(failed_rule(&seen), "signing_certificate_is_not_revoked");
    assert!(matches!(
        seen.verdict.unwrap_err(),
        SigningReason::Revoked {
            reason: pki::RevocationReason::AffiliationChanged,
            ..
        }
    ));

    for (fault, rule) in [
        (Fault::ForgedSignature, "a_pinned_signing_ca_signed_it"),
        (
            Fault::WrongKeyUsage,
            "key_usage_has_digital_signature_and_non_repudiation",
        ),
        (Fault::NoPolicy, "signing_policy_is_known"),
        (Fault::WrongPolicy, "signing_policy_is_known"),
        (
            Fault::UnknownCriticalExtension,
            "signing_certificate_has_no_unknown_critical_extension",
        ),
        (Fault::AuthorityCertificate, "signing_certificate_is_no_authority"),
    ] {
        let request = CardRequest {
            fault: Some(fault),
            ..CardRequest::default()
        };
        let (_, card) = signing.issue(None, &request);
        assert_eq!(failed_rule(&signing.judge(&card, now())), rule, "{fault:?}");
    }
}

#[test]
fn a_test_certificate_is_none_in_production() {
    let mut signing = Signing::new(Mode::Production, Hierarchy::Test);
    let (_, card) = signing.issue(None, &CardRequest::default());
    let seen = signing.judge(&card, now());
    assert_eq!(failed_rule(&seen), "signing_ca_is_no_test_ca_in_production");
    // A certificate without alternative names has no items.
    let der = &signing
        .simulation
        .authority(Hierarchy::Test, Simulated::DigitalSignature, 3)
        .unwrap()
        .certificate;
    let certificate = pki::Certificate::parse(der).unwrap();
    assert!(jpki::FourItems::of(&certificate).is_err());
}
