//! Whether a sign-in of before still meets what the person demands: everything that is answered later on it asks here.

use domain::{Aal, Assurance, AuthenticationMethod, Fal, Ial, Recency, RevocationCertainty};
use policy::{Ceilings, Demands, Shortfall, Vouched};

use crate::Way;

/// A sign-in of before, on which something more is to be answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Past {
    /// How the person signed in.
    pub method: AuthenticationMethod,
    /// What was recorded of it then.
    pub aal: Aal,
    /// How the person is proofed today.
    pub proofed: Ial,
    /// How the reply is bound and protected.
    pub fal: Fal,
    /// How recently the card was used, seen from what is answered.
    pub recency: Recency,
    /// How it was found out that the certificate is not revoked.
    pub certainty: RevocationCertainty,
}

impl Past {
    /// What it vouches for: never more than it recorded, nor more than the method brings a person who is proofed so today.
    pub fn vouched(&self) -> Vouched {
        Vouched {
            method: self.method,
            assurance: policy::brought(self.method, self.proofed, self.fal).meet(Assurance {
                aal: self.aal,
                recency: self.recency,
                certainty: self.certainty,
                ..Assurance::GREATEST
            }),
        }
    }

    /// What may be stated of it under the person's floor of today, below the ceilings of today.
    ///
    /// # Errors
    /// What is missing to the floor.
    pub fn under(&self, floor: Assurance, ways: &[Way]) -> Result<Assurance, Shortfall> {
        let demands = Demands {
            service: Assurance::LEAST,
            request: Assurance::LEAST,
            floor,
            contexts: &[],
            usual_context: "",
        };
        policy::decide(&demands, &self.vouched(), &ceilings(self.method, ways)).map(|met| met.assurance)
    }
}

/// The ceilings on a method. A way that was closed since is judged by what its session recorded.
pub(crate) fn ceilings(method: AuthenticationMethod, ways: &[Way]) -> Ceilings {
    ways.iter()
        .find(|way| way.method == method)
        .map_or(Ceilings::NONE, Way::ceilings)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: Past = Past {
        method: AuthenticationMethod::CardTls,
        aal: Aal::Three,
        proofed: Ial::Three,
        fal: Fal::Two,
        recency: Recency::Within(60),
        certainty: RevocationCertainty::Crl,
    };

    #[test]
    fn every_component_of_a_floor_is_looked_at() {
        let least = Assurance::LEAST;
        let floors = [
            (
                Assurance {
                    ial: Ial::Three,
                    ..least
                },
                true,
            ),
            (
                Assurance {
                    aal: Aal::Three,
                    ..least
                },
                true,
            ),
            (
                Assurance {
                    fal: Fal::Two,
                    ..least
                },
                true,
            ),
            (
                Assurance {
                    fal: Fal::Three,
                    ..least
                },
                false,
            ),
            (
                Assurance {
                    phishing_resistant: true,
                    ..least
                },
                true,
            ),
            (
                Assurance {
                    hardware_bound: true,
                    ..least
                },
                true,
            ),
            (
                Assurance {
                    recency: Recency::Within(60),
                    ..least
                },
                true,
            ),
            (
                Assurance {
                    recency: Recency::Within(59),
                    ..least
                },
                false,
            ),
            (
                Assurance {
                    recency: Recency::InThisSignIn,
                    ..least
                },
                false,
            ),
            (
                Assurance {
                    certainty: RevocationCertainty::Ocsp,
                    ..least
                },
                false,
            ),
        ];
        for (floor, met) in floors {
            assert_eq!(CARD.under(floor, &[Way::CARD]).is_ok(), met, "{floor:?}");
        }
        let device = Past {
            method: AuthenticationMethod::CardChallenge,
            ..CARD
        };
        for floor in [
            Assurance {
                aal: Aal::Three,
                ..least
            },
            Assurance {
                phishing_resistant: true,
                ..least
            },
        ] {
            assert!(device.under(floor, &[]).is_err(), "{floor:?}");
        }
    }

    /// What is stated is true today: the enrolment of today, the ceiling of today, and no more than was recorded.
    #[test]
    fn nothing_is_stated_that_is_no_longer_so() {
        let stated = |past: Past, ways: &[Way]| past.under(Assurance::LEAST, ways).map(Assurance::level);
        let level = |ial, aal| Ok(domain::AssuranceLevel { ial, aal });
        assert_eq!(stated(CARD, &[]), level(Ial::Three, Aal::Three));
        let withdrawn = Past {
            proofed: Ial::Zero,
            ..CARD
        };
        assert_eq!(stated(withdrawn, &[]), level(Ial::Zero, Aal::Three));
        let recorded = Past {
            aal: Aal::One,
            ..CARD
        };
        assert_eq!(stated(recorded, &[]), level(Ial::Three, Aal::One));
        let lowered = Way {
            method: AuthenticationMethod::CardTls,
            ceiling: Assurance {
                aal: Aal::Two,
                ..Assurance::GREATEST
            },
        };
        assert_eq!(stated(CARD, &[lowered]), level(Ial::Three, Aal::Two));
    }
}
