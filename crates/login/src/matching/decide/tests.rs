use domain::{CertificateDigest, Entropy, SealedSerial, Timestamp};

use super::super::walk::Reached;
use super::*;

struct Constant(u8);

impl Entropy for Constant {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

fn account(digit: u8) -> AccountId {
    AccountId::generate(&Constant(digit))
}

fn credential(state: CredentialState) -> Credential {
    Credential {
        id: CredentialId::generate(&Constant(7)),
        account: account(1),
        kind: CardKind::UserAuthenticationCard,
        digest: CertificateDigest {
            key_version: 1,
            value: "d".to_owned(),
        },
        serial: SealedSerial {
            key_version: 1,
            sealed: "s".to_owned(),
        },
        issuer_key_hash: "h".to_owned(),
        state,
        not_after: Timestamp::from_seconds(9),
        created_at: Timestamp::from_seconds(1),
    }
}

fn holding(digit: u8, open: bool, state: CredentialState) -> Holding {
    Holding {
        account: account(digit),
        openness: if open { Openness::Open } else { Openness::Closed },
        credential: Some((CredentialId::generate(&Constant(digit)), state)),
    }
}

fn reached(digit: u8, route: Route) -> Reached {
    Reached {
        holding: holding(digit, true, CredentialState::Active),
        route,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "facts hold it as an option")]
fn walked(end: WalkEnd, reached: Vec<Reached>) -> Option<Walked> {
    Some(Walked {
        end,
        reached,
        told: Vec::new(),
        carrier: CardKind::UserAuthenticationCard,
    })
}

fn facts(walked: Option<Walked>) -> Facts {
    Facts {
        walked,
        settled: true,
        ..Facts::default()
    }
}

const CARRIER: CardKind = CardKind::UserAuthenticationCard;

#[test]
fn what_is_held_is_asked_of_nobody() {
    for (state, expected) in [
        (
            CredentialState::Active,
            Match::Known(credential(CredentialState::Active)),
        ),
        (CredentialState::Superseded, Match::Superseded),
    ] {
        for ruling in [None, Some(Ruling::Open), Some(Ruling::Refused)] {
            let facts = Facts {
                held: Some(credential(state)),
                ruling,
                ..Facts::default()
            };
            assert_eq!(match_account(&facts), expected);
        }
    }
}

#[test]
fn only_a_settled_and_complete_nobody_makes_a_new_account() {
    let new = Match::NewPerson { carrier: CARRIER };
    for (walk, settled, expected) in [
        (None, true, Match::LinksUnavailable),
        (walked(WalkEnd::Complete, vec![]), true, new.clone()),
        (walked(WalkEnd::Complete, vec![]), false, Match::NotSettled),
        (
            walked(WalkEnd::Unavailable, vec![]),
            true,
            Match::LinksUnavailable,
        ),
        (walked(WalkEnd::NotKnownYet, vec![]), true, Match::NotSettled),
    ] {
        let facts = Facts {
            settled,
            ..facts(walk)
        };
        assert_eq!(match_account(&facts), expected, "{facts:?}");
    }
}

#[test]
fn a_ruling_of_nobody_holds_only_for_whom_it_looked_at() {
    let new = Match::NewPerson { carrier: CARRIER };
    let again = |digits: &[u8]| Match::Undecided {
        why: Conflict::SeveralPersons,
        accounts: digits.iter().map(|digit| account(*digit)).collect(),
    };
    let met = |digit| vec![reached(digit, Route::Replaced)];
    for (walk, expected) in [
        (None, Match::LinksUnavailable),
        (walked(WalkEnd::Unavailable, vec![]), Match::LinksUnavailable),
        (walked(WalkEnd::Complete, vec![]), new.clone()),
        (walked(WalkEnd::Broken, vec![]), new.clone()),
        (walked(WalkEnd::Complete, met(1)), new),
        (walked(WalkEnd::Complete, met(2)), again(&[2])),
    ] {
        let facts = Facts {
            ruling: Some(Ruling::NobodyOf(vec![account(1)])),
            ..facts(walk)
        };
        assert_eq!(match_account(&facts), expected, "{facts:?}");
    }
}

#[test]
fn one_known_person_is_that_person_and_only_what_was_replaced_is_superseded() {
    let bind = |replaces: Vec<CredentialId>| Match::Bind {
        account: account(1),
        carrier: CARRIER,
        replaces,
    };
    let id = CredentialId::generate(&Constant(1));
    for (met, expected) in [
        (vec![reached(1, Route::Replaced)], bind(vec![id.clone()])),
        (vec![reached(1, Route::Beside)], bind(vec![])),
        (
            vec![reached(1, Route::Beside), reached(1, Route::Replaced)],
            bind(vec![id.clone()]),
        ),
        (
            vec![Reached {
                holding: holding(1, true, CredentialState::Superseded),
                route: Route::Replaced,
            }],
            bind(vec![]),
        ),
        (vec![reached(1, Route::ReplacedBy)], Match::Superseded),
        (
            vec![reached(1, Route::Replaced), reached(1, Route::ReplacedBy)],
            Match::Superseded,
        ),
    ] {
        for settled in [true, false] {
            let facts = Facts {
                settled,
                ..facts(walked(WalkEnd::Complete, met.clone()))
            };
            assert_eq!(match_account(&facts), expected, "{facts:?}");
        }
    }
}

#[test]
fn what_is_not_certain_waits_for_a_person() {
    let undecided = |why, digits: &[u8]| Match::Undecided {
        why,
        accounts: digits.iter().map(|digit| account(*digit)).collect(),
    };
    let closed = Reached {
        holding: holding(1, false, CredentialState::Active),
        route: Route::Replaced,
    };
    for (walk, expected) in [
        (
            walked(
                WalkEnd::Complete,
                vec![reached(1, Route::Replaced), reached(2, Route::Beside)],
            ),
            undecided(Conflict::SeveralPersons, &[1, 2]),
        ),
        (
            walked(WalkEnd::Complete, vec![closed]),
            undecided(Conflict::ClosedAccount, &[1]),
        ),
        (
            walked(WalkEnd::Cyclic, vec![reached(1, Route::Replaced)]),
            undecided(Conflict::ContradictoryLinks, &[1]),
        ),
        (
            walked(WalkEnd::Broken, vec![]),
            undecided(Conflict::BrokenChain, &[]),
        ),
        (
            walked(WalkEnd::TooLong, vec![]),
            undecided(Conflict::EndlessChain, &[]),
        ),
    ] {
        assert_eq!(match_account(&facts(walk)), expected);
    }
}

#[test]
fn what_was_told_before_only_contradicts() {
    let with_told = |met: Vec<Reached>, digit, settled| {
        let mut walk = walked(WalkEnd::Complete, met);
        if let Some(walk) = &mut walk {
            walk.told.push(Holding {
                credential: None,
                ..holding(digit, true, CredentialState::Active)
            });
        }
        Facts {
            settled,
            ..facts(walk)
        }
    };
    assert_eq!(
        match_account(&with_told(vec![], 1, true)),
        Match::Undecided {
            why: Conflict::LinkWithdrawn,
            accounts: vec![account(1)]
        }
    );
    assert_eq!(match_account(&with_told(vec![], 1, false)), Match::NotSettled);
    assert!(matches!(
        match_account(&with_told(vec![reached(1, Route::Beside)], 1, true)),
        Match::Bind { .. }
    ));
    assert!(matches!(
        match_account(&with_told(vec![reached(1, Route::Beside)], 2, true)),
        Match::Undecided {
            why: Conflict::SeveralPersons,
            ..
        }
    ));
}

#[test]
fn a_ruling_comes_before_the_links() {
    for (ruling, expected) in [
        (Ruling::Open, Match::AwaitsRuling),
        (Ruling::Refused, Match::Refused),
        (
            Ruling::Person(account(3)),
            Match::Bind {
                account: account(3),
                carrier: CARRIER,
                replaces: vec![],
            },
        ),
    ] {
        let facts = Facts {
            ruling: Some(ruling),
            ..facts(walked(WalkEnd::Complete, vec![reached(1, Route::Replaced)]))
        };
        assert_eq!(match_account(&facts), expected);
    }
}
