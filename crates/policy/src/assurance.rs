//! What is demanded and what is reached.

use domain::{Aal, AssuranceLevel, AuthenticationMethod, Ial};

/// What a method reaches for an account whose identity was proofed to `ial`.
///
/// The card with its PIN is a tamper-resistant hardware key and a second factor: AAL3 (the usual classification;
/// デジタル認証アプリ names the value `aal3`).
pub fn reach(method: AuthenticationMethod, ial: Ial) -> AssuranceLevel {
    let aal = match method {
        AuthenticationMethod::CardTls => Aal::Three,
        // Two factors, but whoever relays the challenge gets the signature.
        AuthenticationMethod::CardChallenge => Aal::Two,
        AuthenticationMethod::CardPinless => Aal::Zero,
    };
    AssuranceLevel { ial, aal }
}

/// What a method reaches where the operator set a ceiling to it: never more than [`reach`].
pub fn reach_below(ceiling: Aal, method: AuthenticationMethod, ial: Ial) -> AssuranceLevel {
    let reached = reach(method, ial);
    AssuranceLevel {
        aal: reached.aal.min(ceiling),
        ..reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Over the whole lattice: what services, requests and persons may demand, and every ceiling.
    #[test]
    fn pinless_use_satisfies_no_demand_above_aal0_and_a_device_none_above_its_ceiling() {
        for ial in Ial::ALL {
            let held_up = reach(AuthenticationMethod::CardPinless, *ial);
            assert!(
                !held_up.satisfies(AssuranceLevel::LOWEST),
                "the default demand is not met"
            );
            for demanded_ial in Ial::ALL {
                for aal in Aal::ALL {
                    let demanded = AssuranceLevel {
                        ial: *demanded_ial,
                        aal: *aal,
                    };
                    assert_eq!(
                        held_up.satisfies(demanded),
                        *aal == Aal::Zero && demanded_ial <= ial
                    );
                    for ceiling in Aal::ALL {
                        let device = reach_below(*ceiling, AuthenticationMethod::CardChallenge, *ial);
                        let most = (*ceiling).min(Aal::Two);
                        assert_eq!(device.satisfies(demanded), *aal <= most && demanded_ial <= ial);
                    }
                }
            }
        }
    }
}
