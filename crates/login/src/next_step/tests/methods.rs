//! What each method's session may vouch for, over every level that services and requests can demand.

use super::*;

fn levels() -> Vec<AssuranceLevel> {
    Ial::ALL
        .iter()
        .flat_map(|ial| Aal::ALL.iter().map(|aal| AssuranceLevel { ial: *ial, aal: *aal }))
        .collect()
}

/// What the dispatcher says about a session of a method, in a transaction that names it as its presence or not.
fn step(
    method: AuthenticationMethod,
    service_level: AssuranceLevel,
    asked: AssuranceLevel,
    named: bool,
) -> Step {
    let mut session = session(3);
    session.method = method;
    session.level = policy::reach(method, Ial::Three);
    let service = service(ServiceState::Active, service_level);
    let account = account(AccountState::Active);
    let consent = full_consent();
    let mut transaction = transaction();
    transaction.ask.level = Assurance::of_level(asked);
    transaction.presence = named.then(|| session.id.clone());
    let standing = Standing {
        service: Some(&service),
        session: Some(&session),
        account: Some(&account),
        consent: Some(&consent),
        generation: RevocationGeneration(5),
        revocation_data: RevocationData::Usable,
        ways: &[Way::CARD],
        floor: Assurance::LEAST,
        proofed: Ial::Three,
        items: &[],
    };
    next_step(&transaction, &standing, NOW)
}

#[test]
fn a_card_without_pin_vouches_for_aal0_in_its_own_transaction_and_for_nothing_else() {
    let method = AuthenticationMethod::CardPinless;
    let mut issued = 0;
    for service in levels() {
        for asked in levels() {
            let high = service.aal > Aal::Zero || asked.aal > Aal::Zero;
            let own = step(method, service, asked, true);
            if high {
                assert_eq!(
                    own,
                    Step::Authenticate(AuthenticateWhy::HigherLevel),
                    "{service:?} {asked:?}"
                );
            } else if service.join(asked).ial > Ial::Zero {
                // The account is proofed; whoever holds its card up is not thereby that person.
                assert_eq!(
                    own,
                    Step::Refuse(Refusal::EnrolmentRequired),
                    "{service:?} {asked:?}"
                );
            } else {
                let Step::Issue(permit) = own else {
                    panic!("{service:?} {asked:?}: {own:?}")
                };
                assert_eq!(permit.context(), "aal0");
                assert_eq!((permit.level().ial, permit.level().aal), (Ial::Zero, Aal::Zero));
                issued += 1;
            }
            // Wherever else such a session turns up, nobody is signed in.
            let elsewhere = step(method, service, asked, false);
            assert_eq!(elsewhere, Step::Authenticate(AuthenticateWhy::NoSession));
        }
    }
    assert_eq!(issued, 1, "nothing but AAL0 of nobody in particular");
    // What services demand where nobody says otherwise is above it.
    assert!(AssuranceLevel::LOWEST.aal > Aal::Zero);
}

#[test]
fn a_card_in_a_device_vouches_up_to_aal2_and_is_called_no_more() {
    for service in levels() {
        for asked in levels() {
            let demanded = service.join(asked);
            match step(AuthenticationMethod::CardChallenge, service, asked, false) {
                Step::Issue(permit) => {
                    assert!(demanded.aal <= Aal::Two, "{demanded:?}");
                    // The request's own name was chosen for the card in the browser.
                    assert_eq!((permit.context(), permit.level().aal), ("aal2", Aal::Two));
                }
                other => {
                    assert_eq!(
                        other,
                        Step::Authenticate(AuthenticateWhy::HigherLevel),
                        "{demanded:?}"
                    );
                    assert_eq!(demanded.aal, Aal::Three);
                }
            }
        }
    }
}
