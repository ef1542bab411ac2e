use domain::{Aal, Fal, Ial, Recency, RevocationCertainty};

use super::*;
use crate::{Callable, Comparison, acceptable_contexts, known_contexts};

const RECENCIES: [Recency; 4] = [
    Recency::Anytime,
    Recency::Within(300),
    Recency::Within(5),
    Recency::InThisSignIn,
];
const CERTAINTIES: [RevocationCertainty; 2] = [RevocationCertainty::Crl, RevocationCertainty::Ocsp];

/// Every point of the lattice, with four recencies.
fn space() -> Vec<Assurance> {
    let mut points = Vec::new();
    for ial in Ial::ALL {
        for aal in Aal::ALL {
            for fal in Fal::ALL {
                for (phishing_resistant, hardware_bound) in
                    [(false, false), (false, true), (true, false), (true, true)]
                {
                    for recency in RECENCIES {
                        for certainty in CERTAINTIES {
                            points.push(Assurance {
                                ial: *ial,
                                aal: *aal,
                                fal: *fal,
                                phishing_resistant,
                                hardware_bound,
                                recency,
                                certainty,
                            });
                        }
                    }
                }
            }
        }
    }
    points
}

fn demands(service: Assurance, request: Assurance, floor: Assurance) -> Demands<'static> {
    Demands {
        service,
        request,
        floor,
        contexts: &[],
        usual_context: "aal3",
    }
}

fn by_card(assurance: Assurance) -> Vouched {
    Vouched {
        method: AuthenticationMethod::CardTls,
        assurance,
    }
}

/// One value of one component, the others being those of `rest`: a line through the space.
type Line = (&'static str, Vec<fn(Assurance) -> Assurance>);

fn lines() -> Vec<Line> {
    macro_rules! line {
        ($name:ident: $($value:expr),+) => {
            (stringify!($name), vec![$(|rest| Assurance { $name: $value, ..rest }),+])
        };
    }
    vec![
        line!(ial: Ial::Zero, Ial::One, Ial::Two, Ial::Three),
        line!(aal: Aal::Zero, Aal::One, Aal::Two, Aal::Three),
        line!(fal: Fal::One, Fal::Two, Fal::Three),
        line!(phishing_resistant: false, true),
        line!(hardware_bound: false, true),
        line!(recency: Recency::Anytime, Recency::Within(300), Recency::Within(5), Recency::InThisSignIn),
        line!(certainty: RevocationCertainty::Crl, RevocationCertainty::Ocsp),
    ]
}

/// Along each component, every value of all six parties against the law in numbers: the greatest demand against the least of what
/// vouches and its ceilings. The other components are met, so that the verdict is this component's.
#[test]
fn along_each_component_all_six_parties_meet_by_the_law() {
    let mut rows = 0_u32;
    for (name, values) in lines() {
        let of = values.len();
        for row in 0..of.pow(6) {
            let party = |n: u32| row / of.pow(n) % of;
            let demand = |n| values[party(n)](Assurance::LEAST);
            let supply = |n| values[party(n)](Assurance::GREATEST);
            let asked = party(0).max(party(1)).max(party(2));
            let given = party(3).min(party(4)).min(party(5));
            let verdict = decide(
                &demands(demand(0), demand(1), demand(2)),
                &by_card(supply(3)),
                &Ceilings {
                    source: supply(4),
                    partner: supply(5),
                },
            );
            match verdict {
                Ok(met) => {
                    assert!(given >= asked, "{name} {row}");
                    assert_eq!(
                        met.assurance,
                        values[given](Assurance::GREATEST),
                        "never more is stated"
                    );
                }
                Err(missing) => {
                    assert!(given < asked, "{name} {row}");
                    assert_eq!(missing.to_string(), name, "and nothing else is missing");
                }
            }
            rows += 1;
        }
    }
    assert_eq!(rows, 4_u32.pow(6) * 3 + 3_u32.pow(6) + 2_u32.pow(6) * 3);
}

/// Over every pair of points: met exactly where each component is, whoever demands and whoever caps.
#[test]
fn over_every_pair_of_points_it_does_not_matter_who_demands_and_who_caps() {
    let space = space();
    let (least, greatest) = (Assurance::LEAST, Assurance::GREATEST);
    for demanded in &space {
        for given in &space {
            let enough = given.satisfies(*demanded);
            let by_whom = [
                demands(*demanded, least, least),
                demands(least, *demanded, least),
                demands(least, least, *demanded),
            ];
            let capped = [
                (*given, greatest, greatest),
                (greatest, *given, greatest),
                (greatest, greatest, *given),
            ];
            for (demands, (assurance, source, partner)) in by_whom.iter().zip(capped) {
                let verdict = decide(demands, &by_card(assurance), &Ceilings { source, partner });
                assert!(verdict.is_ok() == enough, "{demanded:?} {given:?}");
                if let Err(missing) = verdict {
                    assert!(!missing.is_none());
                }
            }
        }
    }
}

/// Every method, proofing and ceiling against every context, alone and in pairs.
#[test]
fn a_context_is_returned_only_where_it_is_true_of_the_method() {
    let mut returned = 0;
    for first in known_contexts() {
        for second in known_contexts() {
            let contexts = acceptable_contexts(&[first.name, second.name], Comparison::Exact);
            for method in AuthenticationMethod::ALL {
                for ial in Ial::ALL {
                    for ceiling in Aal::ALL {
                        let asked = Demands {
                            contexts: &contexts,
                            ..demands(Assurance::LEAST, Assurance::LEAST, Assurance::LEAST)
                        };
                        let vouched = Vouched {
                            method,
                            assurance: brought(method, *ial, Fal::Two),
                        };
                        let ceilings = Ceilings {
                            source: Assurance {
                                aal: *ceiling,
                                ..Assurance::GREATEST
                            },
                            ..Ceilings::NONE
                        };
                        let Ok(met) = decide(&asked, &vouched, &ceilings) else {
                            continue;
                        };
                        let Some(context) = contexts.iter().find(|context| context.name == met.context)
                        else {
                            assert!(contexts.is_empty(), "one of those that are accepted");
                            continue;
                        };
                        assert!(context.may_call(method) && met.assurance.satisfies(context.demand));
                        assert!(context.callable != Callable::ByNone);
                        assert!(met.assurance.aal <= *ceiling);
                        returned += 1;
                    }
                }
            }
        }
    }
    assert!(returned > 0);
}

/// With several contexts the nearest is what the person is led to: another use of the card before a new registration.
#[test]
fn the_nearest_of_several_contexts_is_what_is_missing() {
    let contexts = acceptable_contexts(&["urn:jp:go:gap:assurance:ial3:aal2", "aal3"], Comparison::Exact);
    let asked = Demands {
        contexts: &contexts,
        ..demands(Assurance::LEAST, Assurance::LEAST, Assurance::LEAST)
    };
    let device = AuthenticationMethod::CardChallenge;
    let missing = |ial| {
        decide(
            &asked,
            &Vouched {
                method: device,
                assurance: brought(device, ial, Fal::Two),
            },
            &Ceilings::NONE,
        )
    };
    assert_eq!(missing(Ial::Zero).unwrap_err().to_string(), "aal");
    assert_eq!(
        missing(Ial::Three).unwrap().context,
        "urn:jp:go:gap:assurance:ial3:aal2"
    );
}

/// PIN-less use meets no demand above AAL0 and vouches for nobody's proofing; a card in a device none above its ceiling.
#[test]
fn each_method_brings_what_it_is() {
    let pinless = brought(AuthenticationMethod::CardPinless, Ial::Three, Fal::Two);
    assert_eq!((pinless.ial, pinless.aal), (Ial::Zero, Aal::Zero));
    assert!(!pinless.phishing_resistant && !pinless.hardware_bound);
    let device = brought(AuthenticationMethod::CardChallenge, Ial::Three, Fal::Two);
    assert_eq!((device.ial, device.aal), (Ial::Three, Aal::Two));
    assert!(!device.phishing_resistant && device.hardware_bound);
    let card = brought(AuthenticationMethod::CardTls, Ial::Three, Fal::Two);
    assert_eq!((card.ial, card.aal), (Ial::Three, Aal::Three));
    assert!(card.phishing_resistant && card.hardware_bound);
}
