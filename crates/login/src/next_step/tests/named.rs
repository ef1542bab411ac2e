//! The rows that have a name: what a person does, or what happens to them meanwhile.

use super::*;

const ORDINARY: Row = Row {
    answered: false,
    expired: false,
    svc: Svc::Active,
    ses: Ses::Live,
    closed: false,
    generation_current: true,
    lvl: Lvl::Enough,
    fresh: Fresh::NotAsked,
    agreed: Agreed::OnRecord,
    passive: false,
    data: Data::Usable,
    status: Status::NotAskedFor,
};

/// An answer of the responder counts for this session, at this state of the lists, for a minute; any other one is asked for.
#[test]
fn an_answer_counts_for_what_was_asked_only() {
    for status in STATUS {
        let row = Row { status, ..ORDINARY };
        let good = matches!(status, Status::NotAskedFor | Status::Seen);
        assert_eq!(
            observed(row),
            if good { "issue" } else { "ask status" },
            "{status:?}"
        );
        assert_eq!(observed(row), expected(row));
        // What costs money is not asked before the person agreed, nor from lists that are too old.
        for (agreed, data, step) in [
            (Agreed::Nothing, Data::Usable, "consent"),
            (Agreed::OnRecord, Data::TooOld, "refuse crl_stale"),
            (Agreed::OnRecord, Data::Missing, "refuse crl_missing"),
        ] {
            let row = Row { agreed, data, ..row };
            assert_eq!(observed(row), step, "{status:?}");
        }
    }
}

#[test]
fn single_sign_on_needs_no_card() {
    assert_eq!(observed(ORDINARY), "issue");
}

/// Two tabs: the other tab's card use does not satisfy this tab's `ForceAuthn`, but does satisfy its plain request.
#[test]
fn two_tabs() {
    assert_eq!(
        observed(Row {
            ses: Ses::None,
            ..ORDINARY
        }),
        "card NoSession"
    );
    assert_eq!(observed(ORDINARY), "issue");
    assert_eq!(
        observed(Row {
            fresh: Fresh::Forced,
            ..ORDINARY
        }),
        "card NotFresh"
    );
    assert_eq!(
        observed(Row {
            fresh: Fresh::ForcedAndDone,
            ..ORDINARY
        }),
        "issue"
    );
}

/// The back button: an answered transaction is never answered again, whatever else holds.
#[test]
fn the_back_button() {
    assert_eq!(
        observed(Row {
            answered: true,
            ..ORDINARY
        }),
        "refuse transaction_answered"
    );
}

/// The service is suspended after the person agreed and before the reply is issued.
#[test]
fn a_suspension_between_consent_and_issue() {
    assert_eq!(
        observed(Row {
            agreed: Agreed::Nothing,
            ..ORDINARY
        }),
        "consent"
    );
    assert_eq!(
        observed(Row {
            agreed: Agreed::Now,
            svc: Svc::Suspended,
            ..ORDINARY
        }),
        "refuse service_suspended"
    );
}

/// A permit names the rows that were looked at, so that the issuing batch loses when one of them changed since.
#[test]
fn a_permit_names_the_rows_it_rests_on() {
    let service = service(ServiceState::Active, AssuranceLevel::LOWEST);
    let session = session(3);
    let account = account(AccountState::Active);
    let consent = full_consent();
    let standing = Standing {
        service: Some(&service),
        session: Some(&session),
        account: Some(&account),
        consent: Some(&consent),
        generation: RevocationGeneration(5),
        revocation_data: RevocationData::Usable,
        ways: &[Way::CARD],
        floor: Assurance::LEAST,
        proofed: Ial::Zero,
        items: &[],
    };
    let Step::Issue(permit) = next_step(&transaction(), &standing, NOW) else {
        panic!("issue")
    };
    assert_eq!((permit.service_version(), permit.session_version()), (3, 8));
    assert_eq!(permit.released(), service.released_attributes);
    assert_eq!(permit.account(), &session.account);
}

/// A service that shows somebody's ID token as a hint is answered about that person and about nobody else.
#[test]
fn a_hint_names_the_only_person_who_will_do() {
    let service = service(ServiceState::Active, AssuranceLevel::LOWEST);
    let session = session(3);
    let account = account(AccountState::Active);
    let consent = full_consent();
    let standing = Standing {
        service: Some(&service),
        session: Some(&session),
        account: Some(&account),
        consent: Some(&consent),
        generation: RevocationGeneration(5),
        revocation_data: RevocationData::Usable,
        ways: &[Way::CARD],
        floor: Assurance::LEAST,
        proofed: Ial::Zero,
        items: &[],
    };
    let mut asked = transaction();
    asked.ask.expected = Expected::Person(session.account.clone());
    assert!(matches!(next_step(&asked, &standing, NOW), Step::Issue(_)));
    for other in [
        Expected::Person(AccountId::generate(&Constant(50))),
        Expected::Unknown,
    ] {
        asked.ask.expected = other;
        asked.ask.interaction = Interaction::Forbidden;
        assert_eq!(
            next_step(&asked, &standing, NOW),
            Step::Refuse(Refusal::LoginRequired)
        );
        asked.ask.interaction = Interaction::Allowed;
        assert_eq!(
            next_step(&asked, &standing, NOW),
            Step::Authenticate(AuthenticateWhy::NoSession)
        );
        let again = Transaction {
            authenticated: Some(session.id.clone()),
            ..asked.clone()
        };
        assert_eq!(
            next_step(&again, &standing, NOW),
            Step::Refuse(Refusal::OtherPerson)
        );
    }
}

/// A service that wants a proofed identity, or 基本4情報 that are not held, sends the person to register first; what a request
/// does not ask for is neither needed nor released.
#[test]
fn a_proofed_identity_and_items_come_from_the_register() {
    let account = account(AccountState::Active);
    let session = session(3);
    let mut service = service(ServiceState::Active, AssuranceLevel::LOWEST);
    service.released_attributes = vec![
        ReleasedAttribute::Pseudonym,
        ReleasedAttribute::Name,
        ReleasedAttribute::Address,
    ];
    let mut asked = transaction();
    let step = |asked: &Transaction, service: &Service, proofed, items: &[ReleasedAttribute]| {
        let standing = Standing {
            service: Some(service),
            session: Some(&session),
            account: Some(&account),
            consent: None,
            generation: RevocationGeneration(5),
            revocation_data: RevocationData::Usable,
            ways: &[Way::CARD],
            floor: Assurance::LEAST,
            proofed,
            items,
        };
        next_step(asked, &standing, NOW)
    };
    let both = [ReleasedAttribute::Name, ReleasedAttribute::Address];
    let required = Step::Refuse(Refusal::EnrolmentRequired);
    assert_eq!(step(&asked, &service, Ial::Three, &[]), required);
    assert_eq!(step(&asked, &service, Ial::Three, &both[..1]), required);
    assert_eq!(
        step(&asked, &service, Ial::Three, &both),
        Step::Consent(service.released_attributes.clone())
    );
    asked.ask.withheld = vec![ReleasedAttribute::Address];
    assert_eq!(
        step(&asked, &service, Ial::Three, &both[..1]),
        Step::Consent(vec![ReleasedAttribute::Pseudonym, ReleasedAttribute::Name])
    );
    asked.agreed = Some(Agreement {
        session: session.id.clone(),
        attributes: vec![ReleasedAttribute::Pseudonym, ReleasedAttribute::Name],
    });
    let Step::Issue(permit) = step(&asked, &service, Ial::Three, &both) else {
        panic!("issue")
    };
    assert_eq!(
        permit.released(),
        &[ReleasedAttribute::Pseudonym, ReleasedAttribute::Name]
    );
    assert_eq!(permit.level().ial, Ial::Three);
    service.required_level = AssuranceLevel {
        ial: Ial::Three,
        aal: Aal::Three,
    };
    assert_eq!(step(&asked, &service, Ial::Two, &both), required);
    assert!(matches!(
        step(&asked, &service, Ial::Three, &both),
        Step::Issue(_)
    ));
}

/// The person's own floor holds at every service, and no service lowers it; a floor that nothing reaches is said to be one.
#[test]
fn a_persons_floor_holds_wherever_they_sign_in() {
    let service = service(ServiceState::Active, AssuranceLevel::LOWEST);
    let account = account(AccountState::Active);
    let consent = full_consent();
    let mut session = session(3);
    session.method = AuthenticationMethod::CardChallenge;
    session.level.aal = Aal::Two;
    let device = Way {
        method: AuthenticationMethod::CardChallenge,
        ceiling: Assurance::GREATEST,
    };
    let step = |session: &Session, floor, ways: &[Way]| {
        let standing = Standing {
            service: Some(&service),
            session: Some(session),
            account: Some(&account),
            consent: Some(&consent),
            generation: RevocationGeneration(5),
            revocation_data: RevocationData::Usable,
            ways,
            floor,
            proofed: Ial::Zero,
            items: &[],
        };
        next_step(&transaction(), &standing, NOW)
    };
    let resistant = Assurance {
        phishing_resistant: true,
        ..Assurance::LEAST
    };
    let both = [Way::CARD, device];
    assert!(matches!(step(&session, Assurance::LEAST, &both), Step::Issue(_)));
    assert_eq!(
        step(&session, resistant, &both),
        Step::Authenticate(AuthenticateWhy::HigherLevel)
    );
    assert_eq!(
        step(&session, resistant, &[device]),
        Step::Refuse(Refusal::LevelUnreachable)
    );
    session.method = AuthenticationMethod::CardTls;
    session.level.aal = Aal::Three;
    assert!(matches!(step(&session, resistant, &both), Step::Issue(_)));
    let recent = Assurance {
        recency: domain::Recency::Within(99),
        ..Assurance::LEAST
    };
    assert_eq!(
        step(&session, recent, &both),
        Step::Authenticate(AuthenticateWhy::NotFresh)
    );
    let bound_to_a_key = Assurance {
        fal: Fal::Three,
        ..Assurance::LEAST
    };
    assert_eq!(
        step(&session, bound_to_a_key, &both),
        Step::Refuse(Refusal::LevelUnreachable)
    );
}

const PROOFED: &str = "urn:jp:go:gap:assurance:ial3:aal2";

/// Contexts are alternatives: the first that is true is returned, and where none is the person is led to the nearest.
#[test]
fn one_of_the_contexts_that_a_request_names_is_reached_and_returned() {
    let mut service = service(ServiceState::Active, AssuranceLevel::LOWEST);
    let account = account(AccountState::Active);
    let consent = full_consent();
    let by_card = session(3);
    let mut by_device = session(3);
    by_device.method = AuthenticationMethod::CardChallenge;
    by_device.level.aal = Aal::Two;
    let step = |service: &Service, contexts: &[&str], session: &Session, proofed| {
        let mut asked = transaction();
        asked.ask.contexts = contexts.iter().map(|name| (*name).to_owned()).collect();
        let standing = Standing {
            service: Some(service),
            session: Some(session),
            account: Some(&account),
            consent: Some(&consent),
            generation: RevocationGeneration(5),
            revocation_data: RevocationData::Usable,
            ways: &[Way::CARD],
            floor: Assurance::LEAST,
            proofed,
            items: &[],
        };
        match next_step(&asked, &standing, NOW) {
            Step::Issue(permit) => permit.context().to_owned(),
            Step::Authenticate(why) => format!("card {why:?}"),
            Step::Refuse(refusal) => format!("refuse {}", refusal.code()),
            other => format!("{other:?}"),
        }
    };
    for (contexts, session, proofed, expected) in [
        (&["phrh"][..], &by_card, Ial::Zero, "phrh"),
        (&["phrh"], &by_device, Ial::Zero, "card HigherLevel"),
        (&["phrh", "aal2"], &by_device, Ial::Zero, "aal2"),
        (&[PROOFED], &by_card, Ial::Zero, "refuse enrolment_required"),
        (&[PROOFED, "aal3"], &by_card, Ial::Zero, "aal3"),
        (&[PROOFED, "aal3"], &by_card, Ial::Three, PROOFED),
        (&[PROOFED, "aal3"], &by_device, Ial::Zero, "card HigherLevel"),
        (&["aal0"], &by_card, Ial::Zero, "refuse level_unreachable"),
    ] {
        assert_eq!(
            step(&service, contexts, session, proofed),
            expected,
            "{contexts:?} {:?} {proofed}",
            session.method
        );
    }
    service.required_properties.max_age_seconds = Some(99);
    assert_eq!(step(&service, &["aal3"], &by_card, Ial::Zero), "card NotFresh");
    service.required_properties.max_age_seconds = Some(100);
    assert_eq!(step(&service, &["aal3"], &by_card, Ial::Zero), "aal3");
    service.required_properties.fal = Some(Fal::Three);
    assert_eq!(
        step(&service, &["aal3"], &by_card, Ial::Zero),
        "refuse level_unreachable"
    );
}
