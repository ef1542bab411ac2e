//! What is demanded and what is reached.

use domain::{Aal, AssuranceLevel, AuthenticationMethod, Ial};

/// What a sign-in must reach: the join of what the service's record demands, what this request asks for and the
/// person's own floor. Nobody lowers what another demands.
pub fn demand(
    service: AssuranceLevel,
    request: Option<AssuranceLevel>,
    person: Option<AssuranceLevel>,
) -> AssuranceLevel {
    [request, person]
        .into_iter()
        .flatten()
        .fold(service, AssuranceLevel::join)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_lowers_what_another_demands() {
        let levels: Vec<_> = Ial::ALL
            .iter()
            .flat_map(|ial| Aal::ALL.iter().map(|aal| AssuranceLevel { ial: *ial, aal: *aal }))
            .collect();
        for service in &levels {
            for request in &levels {
                for person in &levels {
                    let demanded = demand(*service, Some(*request), Some(*person));
                    assert!(demanded.satisfies(*service));
                    assert!(demanded.satisfies(*request));
                    assert!(demanded.satisfies(*person));
                }
                assert!(demand(*service, Some(*request), None).satisfies(demand(*service, None, None)));
            }
        }
    }
}
